//! Reading a request's body: JSON, of bounded size, in bounded time.

use crate::error::ApiError;
use crate::state::AppState;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use futures::StreamExt;
use regatta_protocol::reading::Object;
use regatta_protocol::wire::MAX_BODY_BYTES;
use regatta_protocol::{ErrorCode, UserMessage};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// How much of a body that is too large is still taken in, so that the caller gets to read
/// why it was refused.
const MAX_DRAINED_BYTES: usize = 4 * MAX_BODY_BYTES;

/// A body of JSON.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<AppState>> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &Arc<AppState>) -> Result<Self, ApiError> {
        if let Some(encoding) = request.headers().get(header::CONTENT_ENCODING)
            && encoding != "identity"
        {
            let what = "The request's body is compressed, which isn't taken.";
            let next = "Send it without Content-Encoding.";
            let notice =
                UserMessage::new(ErrorCode::BadRequest, what, "Nothing was started.", next);
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, notice));
        }
        if !is_json(request.headers()) {
            let what = "The request's body isn't said to be JSON.";
            let next = "Send it with Content-Type: application/json.";
            let notice =
                UserMessage::new(ErrorCode::BadRequest, what, "Nothing was started.", next);
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, notice));
        }
        let read =
            tokio::time::timeout(state.limits.read_timeout, read_bytes(request.into_body())).await;
        let bytes = read.map_err(|_| body_timeout())??;
        let read = serde_json::from_slice::<Object<T>>(&bytes);
        read.map(|Object(body)| Self(body)).map_err(|problem| {
            let said = describe_json_error(&problem);
            ApiError::bad_request(
                format!("The request's body can't be read: {said}."),
                "Correct it.",
            )
        })
    }
}

async fn read_bytes(body: Body) -> Result<Vec<u8>, ApiError> {
    let (mut bytes, mut seen) = (Vec::new(), 0_usize);
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| {
            ApiError::bad_request("The request's body broke off.", "Send it again.")
        })?;
        seen += piece.len();
        if seen > MAX_DRAINED_BYTES {
            break;
        }
        if seen <= MAX_BODY_BYTES {
            bytes.extend_from_slice(&piece);
        }
    }
    if seen <= MAX_BODY_BYTES {
        return Ok(bytes);
    }
    let what = "The request's body is larger than 4 MiB.";
    let next = "Shorten it, or split the batch into two.";
    Err(UserMessage::new(ErrorCode::PayloadTooLarge, what, "Nothing was started.", next).into())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

fn body_timeout() -> ApiError {
    let what = "The request's body took too long to come.";
    let notice =
        UserMessage::new(ErrorCode::BadRequest, what, "Nothing was started.", "Send it again.");
    ApiError::new(StatusCode::REQUEST_TIMEOUT, notice)
}

/// The parser's own words, without our types' names.
fn describe_json_error(problem: &serde_json::Error) -> String {
    let said = problem.to_string();
    let said = said.replace("struct InvokeTask", "a task in { }");
    let said = said.replace("struct InvokeRequest", "a request in { }");
    said.replace("struct ChatMessage", "a message in { }")
        .replace("struct Reply", "an answer in { }")
}
