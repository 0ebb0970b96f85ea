//! Gemini.

use super::{ConversationItem, ModelAction, ToolDefinition, WireFormat};
use axum::http::StatusCode;
use serde_json::{Value, json};

pub(super) const WIRE: WireFormat = WireFormat { items, tools, answer, refusal };

fn items(request: &Value) -> Vec<ConversationItem> {
    let contents = request["contents"].as_array().into_iter().flatten();
    let said = contents.filter(|content| content["role"] != "model");
    let parts = said.flat_map(|content| content["parts"].as_array().into_iter().flatten());
    parts
        .filter_map(|part| match part.get("functionResponse") {
            Some(_) => Some(ConversationItem::ToolResult),
            None => part["text"].as_str().map(|text| ConversationItem::UserText(text.to_owned())),
        })
        .collect()
}

fn tools(request: &Value) -> Vec<ToolDefinition> {
    let groups = request["tools"].as_array().into_iter().flatten();
    let tools = groups.flat_map(|group| {
        group["functionDeclarations"].as_array().into_iter().flatten().filter_map(|tool| {
            let schema = tool.get("parametersJsonSchema").unwrap_or(&tool["parameters"]);
            let name = tool["name"].as_str()?.to_owned();
            Some(ToolDefinition { name, schema: schema.clone(), is_freeform: false })
        })
    });
    tools.collect()
}

fn answer(next: &ModelAction, step: usize, _: bool) -> Vec<(String, Value)> {
    let part = match next {
        ModelAction::ToolCall { name, fields } => json!({ "functionCall":
            { "id": format!("call_{step}"), "name": name, "args": fields } }),
        ModelAction::Say(text) => json!({ "text": text }),
        other => unreachable!("{other:?} has no message of this kind"),
    };
    let usage = json!({ "promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15 });
    let whole = json!({
        "candidates": [{ "index": 0, "finishReason": "STOP",
            "content": { "role": "model", "parts": [part] } }],
        "usageMetadata": usage, "modelVersion": "scripted",
    });
    vec![(String::new(), whole)]
}

fn refusal(status: StatusCode, words: &str) -> Value {
    let kind = match status {
        StatusCode::UNAUTHORIZED => "UNAUTHENTICATED",
        _ => "RESOURCE_EXHAUSTED",
    };
    // Of a limit it is said which: one of the day ends what one of the minute has tried again.
    let details = json!([{ "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{ "quotaId": "GenerateRequestsPerDayPerProjectPerModel" }] }]);
    json!({ "error": { "code": status.as_u16(), "message": words, "status": kind,
        "details": if kind == "UNAUTHENTICATED" { json!([]) } else { details } } })
}
