//! Answers against the OpenAPI document: what isn't described there is a fault.

use crate::http_client::HttpResponse;
use serde_json::Value;

/// The document.
pub(crate) struct OpenApiDocument(pub(crate) Value);

/// One route as the document has it.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) method: String,
    pub(crate) path: String,
}

impl OpenApiDocument {
    /// Every route that is described.
    pub(crate) fn routes(&self) -> Vec<Route> {
        let paths = self.0["paths"].as_object().expect("paths");
        let methods = |(path, item): (&String, &Value)| {
            let item = item.as_object().expect("a path").keys().cloned().collect::<Vec<_>>();
            let path = path.clone();
            item.into_iter().map(move |m| Route { method: m.to_uppercase(), path: path.clone() })
        };
        paths.iter().flat_map(methods).collect()
    }

    /// What is wrong with an answer, seen from the document; `None` means nothing.
    pub(crate) fn find_mismatch(&self, route: &Route, answer: &HttpResponse) -> Option<String> {
        let described = &self.0["paths"][&route.path][route.method.to_lowercase()]["responses"];
        let described = &described[answer.status.to_string()];
        if described.is_null() {
            return Some(format!(
                "{} {}: {} isn't described",
                route.method, route.path, answer.status
            ));
        }
        let kind = answer.header("content-type").split(';').next().unwrap_or_default();
        let content = &described["content"][kind];
        if content.is_null() {
            return Some(format!("{} {}: {kind} isn't described", route.method, route.path));
        }
        if kind != "application/json" {
            return None;
        }
        let fault = self.schema_mismatch(&content["schema"], &answer.json(), "$");
        fault.map(|fault| format!("{} {}: {fault}", route.method, route.path))
    }

    /// Where a value doesn't fit a named schema.
    pub(crate) fn named_schema_mismatch(&self, name: &str, value: &Value) -> Option<String> {
        self.schema_mismatch(&self.0["components"]["schemas"][name], value, name)
    }

    fn schema_mismatch(&self, schema: &Value, value: &Value, at: &str) -> Option<String> {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().expect("a name");
            let known = &self.0["components"]["schemas"][name];
            assert!(!known.is_null(), "the document has no schema {name}");
            return self.schema_mismatch(known, value, at);
        }
        if let Some(all) = schema["allOf"].as_array() {
            return all.iter().find_map(|part| self.schema_mismatch(part, value, at));
        }
        if let Some(any) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            let fits = any.iter().any(|part| self.schema_mismatch(part, value, at).is_none());
            return (!fits).then(|| format!("{at}: {value} is none of {any:?}"));
        }
        if let Some(allowed) = schema["enum"].as_array()
            && !allowed.contains(value)
        {
            return Some(format!("{at}: {value} is not one of {allowed:?}"));
        }
        self.type_mismatch(schema, value, at).or_else(|| self.content_mismatch(schema, value, at))
    }

    fn type_mismatch(&self, schema: &Value, value: &Value, at: &str) -> Option<String> {
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            _ => return None,
        };
        let is = |kind: &str| match kind {
            "null" => value.is_null(),
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("the document has a type {other}"),
        };
        (!types.iter().any(|kind| is(kind))).then(|| format!("{at}: {value} is no {types:?}"))
    }

    fn content_mismatch(&self, schema: &Value, value: &Value, at: &str) -> Option<String> {
        if let Value::Array(items) = value {
            let wrong =
                |item: &Value| self.schema_mismatch(&schema["items"], item, &format!("{at}[]"));
            return items.iter().find_map(wrong);
        }
        let Value::Object(fields) = value else { return None };
        let required = schema["required"].as_array().into_iter().flatten();
        let missing = required.filter_map(Value::as_str).find(|name| !fields.contains_key(*name));
        if let Some(name) = missing {
            return Some(format!("{at}: {name} is missing"));
        }
        let known = schema["properties"].as_object()?;
        fields.iter().find_map(|(name, field)| {
            self.schema_mismatch(known.get(name)?, field, &format!("{at}.{name}"))
        })
    }
}
