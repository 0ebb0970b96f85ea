//! Lines of an ACP agent's output, sorted before anything else sees them. Pure.

use crate::text::one_line;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// The longest line that is taken for a message, in bytes.
const MAX_MESSAGE: usize = 16 * 1024 * 1024;
/// How much is told of an error that has no words.
const MAX_ERROR_CHARS: usize = 300;
/// The number of an error that has none: JSON-RPC's "internal error".
const INTERNAL_ERROR: i32 = -32603;
/// How much is shown of a line that is too long for a message.
const MAX_SHOWN: usize = 1024 * 1024;

/// One line as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RawLine {
    /// The whole line.
    Whole(String),
    /// The beginning of a line that was too long; the rest is left out.
    TooLong(String),
}

/// Splits the output into lines that may be messages.
#[derive(Debug, Default)]
pub(super) struct RawLineSplitter {
    partial: Vec<u8>,
    /// Whether the rest of the line is left out.
    is_skipping: bool,
}

impl RawLineSplitter {
    /// Takes the next bytes; the lines that are whole now.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Vec<RawLine> {
        let mut lines = Vec::new();
        while let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            self.add(&bytes[..end], &mut lines);
            bytes = &bytes[end + 1..];
            lines.extend(self.finish());
        }
        self.add(bytes, &mut lines);
        lines
    }

    /// The line that was begun, as nothing more will come.
    pub(super) fn finish(&mut self) -> Option<RawLine> {
        let line = std::mem::take(&mut self.partial);
        let skipped = std::mem::take(&mut self.is_skipping);
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches('\r');
        (!skipped && !line.trim().is_empty()).then(|| RawLine::Whole(line.to_owned()))
    }

    fn add(&mut self, bytes: &[u8], lines: &mut Vec<RawLine>) {
        if self.is_skipping {
            return;
        }
        self.partial.extend_from_slice(bytes);
        if self.partial.len() > MAX_MESSAGE {
            let shown = String::from_utf8_lossy(&self.partial[..MAX_SHOWN]).into_owned();
            lines.push(RawLine::TooLong(shown));
            self.partial = Vec::new();
            self.is_skipping = true;
        }
    }
}

/// What a line is.
#[derive(Debug)]
pub(super) enum Routed<'a> {
    /// `session/update` with its parameters: ours to show.
    Update(&'a str),
    /// A request or another notification: for the protocol's crate.
    Forward,
    /// An answer to a request of ours, and how a turn ended, if it says that.
    Response(Option<PromptEnd>),
    /// No message at all: shown as what the program printed.
    Noise,
}

/// How a turn ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PromptEnd {
    pub(super) stop_reason: String,
    /// The tokens that it used, where the agent tells them.
    pub(super) tokens: Option<u64>,
}

/// An answer that is not quite one by [JSON-RPC](https://www.jsonrpc.org/specification#response_object),
/// as one that is: an error that is a text, or has no number or no message, and an answer with
/// neither result nor error, are errors. The protocol's crate would drop them, and the turn would
/// never end. `None` if nothing is to be repaired.
pub(super) fn repair_response(line: &str) -> Option<String> {
    let mut response: Map<String, Value> = serde_json::from_str(line).ok()?;
    let id = response.get("id").filter(|_| !response.contains_key("method"))?.clone();
    let error = match response.remove("error") {
        Some(Value::Null) | None if response.contains_key("result") => return None,
        error => error.unwrap_or_default(),
    };
    let is_whole = error["code"].as_i64().is_some_and(|code| i32::try_from(code).is_ok())
        && error["message"].is_string();
    let error = if is_whole { error } else { to_error_object(&error) };
    (!is_whole).then(|| json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string())
}

/// An error object with the words of one in another form.
fn to_error_object(error: &Value) -> Value {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let words = text(error).or_else(|| text(&error["message"])).or_else(|| text(&error["error"]));
    let words = words.unwrap_or_else(|| match error {
        Value::Null => "It answered with nothing.".to_owned(),
        other => one_line(&other.to_string(), MAX_ERROR_CHARS),
    });
    json!({ "code": INTERNAL_ERROR, "message": words, "data": error })
}

/// Sorts one line.
pub(super) fn route(line: &str) -> Routed<'_> {
    let Ok(message) = serde_json::from_str::<JsonRpcMessage<'_>>(line) else {
        return Routed::Noise;
    };
    match (message.method.as_deref(), message.id) {
        (Some("session/update"), None) => {
            message.params.map_or(Routed::Noise, |params| Routed::Update(params.get()))
        }
        (Some(_), _) => Routed::Forward,
        (None, Some(_)) => {
            let result = message.result.map(RawValue::get).unwrap_or_default();
            let result: Option<PromptResult> = serde_json::from_str(result).ok();
            Routed::Response(result.and_then(PromptResult::into_prompt_end))
        }
        (None, None) => Routed::Noise,
    }
}

#[derive(Deserialize)]
struct JsonRpcMessage<'a> {
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    id: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PromptResult {
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Value,
    #[serde(default, rename = "_meta")]
    meta: Value,
}

impl PromptResult {
    fn into_prompt_end(self) -> Option<PromptEnd> {
        let count = &self.meta["quota"]["token_count"];
        let sum = |count: &Value| {
            Some(count["input_tokens"].as_u64()? + count["output_tokens"].as_u64()?)
        };
        let tokens = self.usage["totalTokens"].as_u64().or_else(|| sum(count));
        Some(PromptEnd { stop_reason: self.stop_reason?, tokens })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_and_bounded() {
        let mut raw = RawLineSplitter::default();
        let whole = |text: &str| RawLine::Whole(text.to_owned());
        assert_eq!(raw.push(b"{\"a\""), []);
        assert_eq!(raw.push(b":1}\r\n\n{}\n{"), [whole("{\"a\":1}"), whole("{}")]);
        assert_eq!(raw.finish(), Some(whole("{")));
        assert_eq!(raw.finish(), None);
        assert_eq!(raw.push(b"a\xFF\n"), [whole("a\u{fffd}")]);
    }

    #[test]
    fn a_line_without_an_end_is_given_up() {
        let mut raw = RawLineSplitter::default();
        let part = vec![b'x'; 1024 * 1024];
        let mut given = Vec::new();
        for _ in 0..100 {
            given.extend(raw.push(&part));
            assert!(raw.partial.capacity() <= 2 * MAX_MESSAGE + part.len());
        }
        assert!(matches!(&given[..], [RawLine::TooLong(text)] if text.len() == MAX_SHOWN));
        assert_eq!(raw.push(b"xx\nnext\n"), [RawLine::Whole("next".into())]);
    }

    #[test]
    fn answers_that_are_errors_in_another_form_are_errors() {
        for (error, words) in [
            (r#""it broke""#, "it broke"),
            (r#"{"code":"ECONNRESET","message":"it broke"}"#, "it broke"),
            (r#"{"code":-32603.5,"message":"it broke"}"#, "it broke"),
            (r#"{"code":99999999999,"message":"it broke"}"#, "it broke"),
            (r#"{"message":"it broke"}"#, "it broke"),
            (r#"{"error":"it broke"}"#, "it broke"),
            (r#"{"code":-32603}"#, r#"{"code":-32603}"#),
            ("17", "17"),
            ("null", "It answered with nothing."),
        ] {
            let line = format!(r#"{{"jsonrpc":"2.0","id":"a","error":{error}}}"#);
            let repaired = repair_response(&line).expect("it is repaired");
            let repaired: Value = serde_json::from_str(&repaired).expect("JSON");
            assert_eq!(
                (&repaired["id"], &repaired["error"]["code"]),
                (&json!("a"), &json!(-32603))
            );
            assert_eq!(repaired["error"]["message"], words, "{error}");
        }
        let nothing = repair_response(r#"{"jsonrpc":"2.0","id":3}"#).expect("it is repaired");
        assert!(nothing.contains(r#""id":3"#) && nothing.contains("answered with nothing"));
    }

    #[test]
    fn other_lines_are_not_repaired() {
        for line in [
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"it broke"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{"stopReason":"end_turn"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"x","error":"no"}"#,
            r#"{"jsonrpc":"2.0","error":"no"}"#,
            r#"["error"]"#,
            "error",
        ] {
            assert_eq!(repair_response(line), None, "{line}");
        }
    }

    #[test]
    fn lines_are_sorted() {
        let update = r#"{"jsonrpc":"2.0","method":"session/update","params":{"a":1}}"#;
        assert!(matches!(route(update), Routed::Update(r#"{"a":1}"#)));
        for call in [
            r#"{"jsonrpc":"2.0","id":"x","method":"session/request_permission","params":{}}"#,
            r#"{"jsonrpc":"2.0","method":"_agent/custom"}"#,
        ] {
            assert!(matches!(route(call), Routed::Forward), "{call}");
        }
        let answer = r#"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn"}}"#;
        assert!(
            matches!(route(answer), Routed::Response(Some(end)) if end.stop_reason == "end_turn")
        );
        let answer = r#"{"id":3,"result":{"stopReason":"x","_meta":{"quota":{"token_count":{"input_tokens":3,"output_tokens":4}}}}}"#;
        assert!(matches!(route(answer), Routed::Response(Some(end)) if end.tokens == Some(7)));
        let other = r#"{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":"m"}}"#;
        assert!(matches!(route(other), Routed::Response(None)));
        for noise in ["Welcome!", "{\"level\":\"info\"}", "[1]", "17", "{\"method\":", "null"] {
            assert!(matches!(route(noise), Routed::Noise), "{noise}");
        }
    }
}
