//! Reading a request's body: JSON, of bounded size, in bounded time.

use crate::refusal::Refusal;
use crate::state::State;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use futures::StreamExt;
use regatta_protocol::wire::MAX_BODY_BYTES;
use regatta_protocol::{ErrorCode, Notice};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// How much of a body that is too large is still taken in, so that the caller gets to read
/// why it was refused.
const DRAIN: usize = 4 * MAX_BODY_BYTES;

/// A body of JSON.
#[derive(Debug)]
pub(crate) struct Read<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<State>> for Read<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &Arc<State>) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            let what = "The request's body isn't said to be JSON.";
            let next = "Send it with Content-Type: application/json.";
            let notice = Notice::new(ErrorCode::BadRequest, what, "Nothing was started.", next);
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, notice));
        }
        let read = tokio::time::timeout(state.limits.patience, read(request.into_body())).await;
        let bytes = read.map_err(|_| slow())??;
        serde_json::from_slice(&bytes).map(Self).map_err(|problem| {
            let said = said(&problem);
            Refusal::bad(format!("The request's body can't be read: {said}."), "Correct it.")
        })
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Refusal> {
    let (mut bytes, mut seen) = (Vec::new(), 0_usize);
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece =
            piece.map_err(|_| Refusal::bad("The request's body broke off.", "Send it again."))?;
        seen += piece.len();
        if seen > DRAIN {
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
    Err(Notice::new(ErrorCode::TooLarge, what, "Nothing was started.", next).into())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

fn slow() -> Refusal {
    let what = "The request's body took too long to come.";
    let notice = Notice::new(ErrorCode::BadRequest, what, "Nothing was started.", "Send it again.");
    Refusal::new(StatusCode::REQUEST_TIMEOUT, notice)
}

/// The parser's own words, without our types' names.
fn said(problem: &serde_json::Error) -> String {
    let said = problem.to_string();
    let said = said.replace("struct InvokeTask", "a task in { }");
    let said = said.replace("struct Invoke", "a request in { }");
    said.replace("struct Message", "a message in { }").replace("struct Reply", "an answer in { }")
}
