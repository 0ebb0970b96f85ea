//! The table of routes, from which the router and the OpenAPI document are made alike.

use crate::error::{method_not_allowed, route_not_found};
use crate::state::AppState;
use crate::{agents, auth, diff, health, invoke, query, request_log, runs, tasks};
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use axum::{Json, Router, middleware};
use regatta_protocol::wire::{End, ErrorBody, FactEvent, OutputEvent, Update};
use std::sync::Arc;
use utoipa::openapi::path::{HttpMethod, Parameter, ParameterIn};
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, OpenApi as Api, Ref, RefOr, Response, ResponseBuilder, Schema,
};
use utoipa::{Modify, OpenApi};

macro_rules! routes {
    ($($module:ident::$handler:ident = $path:ident,)*) => {
        /// The document of the API.
        #[derive(OpenApi)]
        #[openapi(
            info(
                title = "Regatta",
                description = "The Cloud Coding API and what Regatta adds to it. Each event of a \
                    stream is a server-sent event whose id is its number, from 1 and without a \
                    gap: `updates` (Update), `custom` (OutputEvent or FactEvent) and `end` (End).",
                license(name = "MIT"),
            ),
            paths($($module::$handler,)* document),
            components(schemas(ErrorBody, Update, OutputEvent, FactEvent, End)),
            modifiers(&CommonResponses),
            security(("key" = []), ("bearer" = [])),
        )]
        struct ApiDoc;

        fn route_table() -> Router<Arc<AppState>> {
            Router::new()$(.merge(route($module::$path, $module::$handler)))*
                .merge(route(__path_document, document))
        }
    };
}

routes! {
    invoke::invoke = __path_invoke,
    runs::list = __path_list,
    runs::read = __path_read,
    runs::events = __path_events,
    runs::cancel = __path_cancel,
    tasks::cancel = __path_cancel,
    tasks::retry = __path_retry,
    tasks::reply = __path_reply,
    diff::read = __path_read,
    agents::list = __path_list,
    health::health = __path_health,
}

/// The server's routes, behind the gate.
pub(crate) fn router(state: Arc<AppState>) -> Router {
    route_table()
        .fallback(route_not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(Arc::clone(&state), auth::authorize))
        .layer(middleware::from_fn(request_log::log_request))
        .with_state(state)
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", responses(
    (status = 200, description = "The document", body = Object),
))]
async fn document() -> Json<Api> {
    Json(ApiDoc::openapi())
}

/// The route that a handler's description names.
fn route<P, H, T>(_: P, handler: H) -> Router<Arc<AppState>>
where
    P: utoipa::Path,
    H: Handler<T, Arc<AppState>>,
    T: 'static,
{
    let filters = P::methods().into_iter().map(|method| match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Post => MethodFilter::POST,
        _ => unreachable!("BUG: no route of ours takes another method"),
    });
    let filter = filters.reduce(MethodFilter::or).expect("BUG: a route without a method");
    let known = query_parameters::<P>();
    let check =
        middleware::from_fn(move |request, next| query::refuse_unknown(known, request, next));
    Router::new().route(&P::path(), on(filter, handler).layer(check))
}

/// The parameters that a route takes in the query. The document is made once for each route.
fn query_parameters<P: utoipa::Path>() -> &'static [String] {
    let parameters = P::operation().parameters.unwrap_or_default();
    let names = parameters.into_iter().filter_map(|parameter| match parameter {
        RefOr::T(one) if one.parameter_in == ParameterIn::Query => Some(one.name),
        _ => None,
    });
    // As long as the server: routes are made once.
    Vec::leak(names.collect())
}

/// What all routes have in common.
struct CommonResponses;

impl Modify for CommonResponses {
    fn modify(&self, api: &mut Api) {
        let components = api.components.get_or_insert_with(Default::default);
        let key = ApiKeyValue::with_description("x-api-key", "The server's key");
        components.add_security_scheme("key", SecurityScheme::ApiKey(ApiKey::Header(key)));
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("bearer", bearer);
        for (path, item) in &mut api.paths.paths {
            let operations = [&mut item.get, &mut item.post].into_iter().flatten();
            for operation in operations {
                operation.parameters.iter_mut().flatten().for_each(remove_null_type);
                let answers = &mut operation.responses.responses;
                let mut add = |status: &str, what: &str| {
                    answers
                        .entry(status.to_owned())
                        .or_insert_with(|| RefOr::T(error_response(what)));
                };
                add("400", "The request can't be read");
                add("403", "Called by another name, or from a page of another place");
                add("405", "The path doesn't take this method");
                add("500", "Something here failed; it is not about the request");
                if path != auth::PUBLIC_PATH {
                    add("401", "No key came along, or a wrong one");
                }
            }
        }
    }
}

/// A parameter that may be left out is left out; nothing of a URL or a header is null.
fn remove_null_type(parameter: &mut RefOr<Parameter>) {
    if let RefOr::T(parameter) = parameter
        && let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema
        && let SchemaType::Array(kinds) = &schema.schema_type
        && let [kind] = *kinds.iter().filter(|kind| **kind != Type::Null).collect::<Vec<_>>()
    {
        schema.schema_type = SchemaType::Type(kind.clone());
    }
}

fn error_response(what: &str) -> Response {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build();
    ResponseBuilder::new().description(what).content("application/json", body).build()
}
