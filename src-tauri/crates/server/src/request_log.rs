//! An id for each request: in its lines of the log, in its answer's headers, and in the body of
//! an answer that says that something here failed.

use axum::Json;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use regatta_protocol::UserMessage;
use regatta_protocol::wire::ErrorBody;
use tracing::{Instrument, debug, error, error_span};
use uuid::Uuid;

/// The header that names the request.
const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request its id.
pub(crate) async fn log_request(request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().to_string();
    // The route and not the path, in which there are names that a person chose.
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let span = error_span!("request", id, method = %request.method(), route);
    let answered = async { log_response(next.run(request).await, &id) };
    answered.instrument(span).await
}

/// Writes how the request was answered; why, where the fault is ours.
fn log_response(mut response: Response, id: &str) -> Response {
    let why = response.extensions_mut().remove::<UserMessage>();
    let status = response.status().as_u16();
    if response.status().is_server_error() {
        let code = why.as_ref().map(|why| why.code);
        let message = why.as_ref().map_or("", |why| &why.message);
        let details = why.as_ref().and_then(|why| why.details.as_deref()).unwrap_or_default();
        error!(status, ?code, message, details, "answered with an error of ours");
        if let Some(why) = why {
            response = with_request_id(response, &why, id);
        }
    } else {
        debug!(status, code = ?why.map(|why| why.code), "answered");
    }
    let id = HeaderValue::from_str(id).expect("BUG: an id is plain");
    response.headers_mut().insert(REQUEST_ID_HEADER, id);
    response
}

/// The same answer with the id in its body.
fn with_request_id(response: Response, why: &UserMessage, id: &str) -> Response {
    let (mut parts, _) = response.into_parts();
    let mut body = ErrorBody::from(why);
    body.error.request_id = Some(id.to_owned());
    parts.headers.remove(header::CONTENT_LENGTH);
    (parts, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ApiError;
    use axum::body::to_bytes;
    use regatta_protocol::ErrorCode;
    use regatta_trace::{LevelFilter, log_to};
    use std::sync::mpsc;

    async fn answered(code: ErrorCode) -> (Response, String) {
        let (send, lines) = mpsc::channel();
        let guard = log_to(LevelFilter::INFO, move |_, line| send.send(line).expect("it is read"));
        let why = UserMessage::new(code, "It is broken.", "", "Mend it.").with_details("sector 7");
        let response = log_response(ApiError::from(why).into_response(), "r-1");
        drop(guard);
        (response, lines.iter().collect())
    }

    async fn text_of(response: Response) -> String {
        let bytes = to_bytes(response.into_body(), 10_000).await.expect("a body");
        String::from_utf8(bytes.to_vec()).expect("a text")
    }

    #[tokio::test]
    async fn an_error_of_ours_is_written_with_its_cause_and_answered_with_its_id() {
        let (response, log) = answered(ErrorCode::Internal).await;
        assert!(log.contains("It is broken.") && log.contains("sector 7"), "{log}");
        assert_eq!(response.status().as_u16(), 500);
        assert_eq!(response.headers()[REQUEST_ID_HEADER], "r-1");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(
            text_of(response).await,
            r#"{"error":{"code":"internal","message":"It is broken.","hint":"Mend it.","request_id":"r-1"}}"#
        );
    }

    #[tokio::test]
    async fn an_error_of_the_caller_is_no_line_of_the_log() {
        let (response, log) = answered(ErrorCode::NotFound).await;
        assert_eq!(log, "");
        assert_eq!(response.headers()[REQUEST_ID_HEADER], "r-1");
        assert!(!text_of(response).await.contains("request_id"));
    }
}
