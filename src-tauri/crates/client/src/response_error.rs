//! What an answer that isn't the wanted one means, in sentences. Source: RFC 9110, section 15
//! (status codes) and 10.2.3 (`Retry-After`).

use crate::error::{CallError, error_chain};
use regatta_protocol::cause::{Cause, quote};
use regatta_protocol::wire::ErrorBody;
use regatta_protocol::{ErrorCode, UserMessage};
use regatta_trace::LogDropped;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use std::error::Error;
use std::io;
use tracing::debug;

/// The most of an answer's body that is shown, in bytes.
const MAX_SHOWN_BYTES: usize = 4_000;

/// What was asked for, as far as the sentences depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// New work: once sent, it may be under way.
    StartWork,
    /// Anything that may be asked again.
    Other,
}

impl CallKind {
    /// Whether work is safe when the endpoint said no.
    fn impact_if_refused(self) -> &'static str {
        match self {
            Self::StartWork => "Nothing was started.",
            Self::Other => "",
        }
    }

    /// Whether work is safe when nobody knows what the endpoint did.
    fn impact_if_unknown(self) -> &'static str {
        match self {
            Self::StartWork => {
                "The tasks may have been started all the same; nothing was sent again."
            }
            Self::Other => "",
        }
    }

    fn retry_hint(self) -> &'static str {
        match self {
            Self::StartWork => "Look whether their branches are there before you start them again.",
            Self::Other => "Try again later.",
        }
    }
}

/// Why no answer came.
pub(crate) fn from_send_error(problem: &reqwest::Error, asked: CallKind) -> CallError {
    let details = error_chain(problem);
    if problem.is_builder() || problem.is_connect() {
        let notice = UserMessage::from_cause(unreachable(problem), asked.impact_if_refused());
        return CallError::NotSent(notice.with_details(details));
    }
    let what = "The connection was lost before the endpoint answered.";
    let notice = UserMessage::new(
        ErrorCode::ConnectionLost,
        what,
        asked.impact_if_unknown(),
        asked.retry_hint(),
    );
    CallError::Lost(notice.with_details(details))
}

fn unreachable(problem: &reqwest::Error) -> Cause {
    let host = problem.url().and_then(|url| url.host_str()).unwrap_or("the endpoint").to_owned();
    if problem.is_dns() {
        Cause::EndpointHostUnknown { host }
    } else if is_tls(problem) {
        Cause::EndpointUnproven { host }
    } else if problem.is_timeout() {
        Cause::EndpointSilent { host }
    } else {
        Cause::EndpointUnreachable { host }
    }
}

/// Whether it is about who the endpoint is, and not about reaching it.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    // An error of the system doesn't name the one in it as its cause.
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.is::<rustls::Error>()
        || inner.is_some_and(|inner| is_tls(inner))
        || error.source().is_some_and(is_tls)
}

/// An answer with a status that isn't success.
pub(crate) async fn from_error_status(answer: Response, asked: CallKind) -> CallError {
    let status = answer.status();
    debug!(status = status.as_u16(), "the answer is an error");
    let wait = describe_retry_after(answer.headers());
    let body = read_body_prefix(answer).await;
    CallError::Refused(message_for_status(status, wait.as_deref(), &body, asked), status.as_u16())
}

/// An answer that says success and isn't what was asked for.
pub(crate) async fn from_unexpected_content(answer: Response, asked: CallKind) -> CallError {
    let status = answer.status().as_u16();
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or("nothing named").to_owned();
    let cause = match kind.contains("html") {
        true => Cause::EndpointIsWebPage,
        false => Cause::EndpointIsAnotherApi,
    };
    let details = format!("{kind}\n{}", read_body_prefix(answer).await);
    let notice = UserMessage::from_cause(cause, asked.impact_if_unknown());
    CallError::Refused(notice.with_details(details), status)
}

fn message_for_status(
    status: StatusCode,
    wait: Option<&str>,
    body: &str,
    asked: CallKind,
) -> UserMessage {
    let ours: Option<ErrorBody> = serde_json::from_str(body).ok();
    let words = error_words(body, ours.as_ref());
    let said = quote(&words);
    let no = asked.impact_if_refused();
    // Our server says by its code what is refused: it isn't always the key.
    let is_about = |code| ours.as_ref().is_some_and(|ours| ours.error.code == code);
    let notice = match status.as_u16() {
        401 | 403 if !is_about(ErrorCode::Forbidden) => {
            UserMessage::from_cause(Cause::EndpointKeyRefused, no)
        }
        402 => {
            let what = format!("The endpoint asks for payment{said}");
            UserMessage::new(ErrorCode::UsageLimit, what, no, "Look at your account there.")
        }
        429 => {
            let what = format!("The endpoint asks for patience{said}");
            let next = match wait {
                Some(when) => format!("Try again {when}."),
                None => "Try again later.".to_owned(),
            };
            UserMessage::new(ErrorCode::UsageLimit, what, no, next)
        }
        409 => {
            let what = format!("The endpoint says that this contradicts what it has{said}");
            UserMessage::new(ErrorCode::IdempotencyKeyReused, what, no, "Start it as a new batch.")
        }
        413 => {
            let what = "The endpoint doesn't take requests of this size.";
            UserMessage::new(
                ErrorCode::PayloadTooLarge,
                what,
                no,
                "Shorten the prompts, or split the batch.",
            )
        }
        404 if ours.is_none() => UserMessage::from_cause(Cause::EndpointCallUnknown, no),
        300..=399 => UserMessage::from_cause(Cause::EndpointRedirects, no),
        500..=599 => {
            let what = format!("The endpoint failed ({}){said}", status.as_u16());
            let next = match (wait, asked) {
                (None, asked) => asked.retry_hint().to_owned(),
                (Some(when), CallKind::Other) => format!("Try again {when}."),
                (Some(when), CallKind::StartWork) => {
                    format!("Look whether their branches are there; if not, try again {when}.")
                }
            };
            UserMessage::new(ErrorCode::EndpointFailed, what, asked.impact_if_unknown(), next)
        }
        status => {
            let hint = ours.map(|body| body.error.hint).unwrap_or_default();
            UserMessage::from_cause(Cause::EndpointRefused { status, said: words, hint }, no)
        }
    };
    notice.with_details(format!("{status}\n{body}").trim_end())
}

/// What the body says to a person; empty when it says nothing.
fn error_words(body: &str, ours: Option<&ErrorBody>) -> String {
    if let Some(ours) = ours {
        return ours.error.message.clone();
    }
    let value: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let places = ["/error/message", "/message", "/detail", "/error"];
    let said = places.iter().find_map(|place| value.pointer(place)?.as_str());
    let plain = || Some(body.trim()).filter(|text| !text.starts_with(['<', '{', '[']));
    said.or_else(plain).unwrap_or_default().trim().to_owned()
}

/// When to try again: `in 30 s`, or `after` a date.
fn describe_retry_after(headers: &HeaderMap) -> Option<String> {
    let said = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match said.parse::<u64>() {
        Ok(seconds @ 0..=119) => Some(format!("in {seconds} s")),
        Ok(seconds @ 120..=7199) => Some(format!("in {} minutes", seconds.div_ceil(60))),
        Ok(seconds) => Some(format!("in {} hours", seconds.div_ceil(3600))),
        Err(_) => said.ends_with("GMT").then(|| format!("after {said}")),
    }
}

/// The beginning of an answer's body; what can't be read of it is left out.
pub(crate) async fn read_body_prefix(mut answer: Response) -> String {
    let mut body = Vec::new();
    while body.len() < MAX_SHOWN_BYTES
        && let Some(piece) = answer.chunk().await.log_failed("reading an answer's body").flatten()
    {
        body.extend_from_slice(&piece);
    }
    body.truncate(MAX_SHOWN_BYTES);
    String::from_utf8_lossy(&body).into_owned()
}
