//! What an agent's error means: its service wants a person to sign in, or wants patience. Pure.
//!
//! Only what the agent itself gives as its error counts: the numbers and the named fields of an
//! error that answers a request of ours, how the text of that error begins, and of a closing
//! message the forms in which that agent is known to show its error. Words somewhere in a text
//! are never enough: "3 of 429 tests failed" is no limit, nor is "disk quota exceeded".

mod retry_at;

use crate::agent::TurnEnd;
use crate::text::one_line;
use regatta_protocol::{Cause, ErrorCode, KnownAgent, Millis, UserMessage};
use serde_json::Value;

const SAVED: &str = "What it had changed is saved.";
/// How much of a message is read, in bytes; what matters comes first.
const MAX_READ: usize = 8_000;
/// How deep fields of an error's data are looked for.
const MAX_DEPTH: u32 = 6;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentErrorKind {
    /// Nobody is signed in, or the key is refused.
    SignIn,
    /// The service wants patience or payment; until when, if it said so.
    Limit(Option<Millis>),
    /// Something else.
    Other,
}

/// Fields of an error's data that hold a status of HTTP, in lower case and without `_` and `-`.
const STATUS_FIELDS: [&str; 5] = ["status", "statuscode", "httpstatus", "httpstatuscode", "code"];
/// Fields of an error's data that say which error it is, written as above.
const KIND_FIELDS: [&str; 8] =
    ["type", "kind", "errorkind", "errortype", "code", "errorcode", "status", "reason"];
/// What such a field holds when a limit is reached.
const LIMIT_KINDS: [&str; 13] = [
    "rate_limit",
    "rate_limited",
    "rate_limit_error",
    "rate_limit_exceeded",
    "usage_limit",
    "usage_limit_reached",
    "usage_limit_exceeded",
    "too_many_requests",
    "insufficient_quota",
    "quota_exceeded",
    "resource_exhausted",
    "billing_error",
    "payment_required",
];
/// What such a field holds when nobody is signed in.
const SIGN_IN_KINDS: [&str; 9] = [
    "authentication_error",
    "authentication_failed",
    "auth_required",
    "unauthenticated",
    "unauthorized",
    "invalid_api_key",
    "api_key_invalid",
    "invalid_grant",
    "token_expired",
];
/// Fields of an error's data whose text is that of the error, written as above.
const TEXT_FIELDS: [&str; 5] = ["message", "error", "detail", "details", "cause"];
/// What follows a status of HTTP where it is one, in lower case.
const STATUS_REASONS: [&str; 9] = [
    "too many",
    "unauthorized",
    "payment",
    "invalid",
    "authentication",
    "retry",
    "rate limit",
    "resource",
    "status code",
];
/// What may stand before the text of a service's error, in lower case.
const WRAPPERS: [&str; 11] = [
    "[",
    "api error:",
    "error:",
    "internal error:",
    "request failed:",
    "exceeded retry limit, last status:",
    "unexpected status",
    "status code",
    "status",
    "http",
    "got",
];
/// How the text of an error about a limit begins, in lower case.
const LIMIT_BEGINNINGS: [&str; 17] = [
    "rate limit",
    "rate_limit",
    "too many requests",
    "claude ai usage limit reached",
    "usage limit",
    "session limit",
    "weekly limit",
    "you've hit your",
    "you\u{2019}ve hit your",
    "you have hit your",
    "you've reached your",
    "you exceeded your current quota",
    "quota exceeded",
    "insufficient quota",
    "credit balance is too low",
    "resource_exhausted",
    "payment required",
];
/// How the text of an error about signing in begins, in lower case.
const SIGN_IN_BEGINNINGS: [&str; 13] = [
    "invalid api key",
    "invalid x-api-key",
    "incorrect api key",
    "api key not valid",
    "authentication required",
    "authentication failed",
    "failed to authenticate",
    "not logged in",
    "not signed in",
    "please run /login",
    "oauth token has expired",
    "unauthorized",
    "unauthenticated",
];

/// What an answer that is an error means. `now`: for times that are told as a wait.
pub(crate) fn classify(code: i64, message: &str, data: &Value, now: Millis) -> AgentErrorKind {
    let text = read_part(message);
    let kind = kind_of_status(code)
        .or_else(|| kind_in_data(data, MAX_DEPTH))
        .or_else(|| kind_of_text(&text))
        .unwrap_or(AgentErrorKind::Other);
    match kind {
        AgentErrorKind::Limit(_) => AgentErrorKind::Limit(
            retry_at::in_data(data, now).or_else(|| retry_at::in_text(&text, now)),
        ),
        other => other,
    }
}

/// What an agent's last message means, if it or its last paragraph is its error in a form in
/// which that agent is known to show it; `None` if it isn't. That is less sure than an answer: an
/// agent may write about errors, too.
pub(crate) fn classify_message(
    agent: KnownAgent,
    words: &str,
    now: Millis,
) -> Option<AgentErrorKind> {
    let whole = words.trim();
    let last = whole.rsplit("\n\n").next().filter(|last| last.lines().count() == 1);
    let is_error =
        |words: &&str| error_beginnings(agent).iter().any(|begin| words.starts_with(begin));
    let words = [Some(whole), last].into_iter().flatten().find(is_error)?;
    Some(classify(0, words, &Value::Null, now))
}

/// How a message begins that is nothing but the agent's error. From recordings of each with a
/// scripted model; those that aren't named answer with an error.
const fn error_beginnings(agent: KnownAgent) -> &'static [&'static str] {
    match agent {
        KnownAgent::ClaudeCode => &[
            "API Error:",
            "Invalid API key",
            "Claude AI usage limit reached",
            "You've hit your",
            "Credit balance is too low",
            "Failed to authenticate",
            "Not logged in",
            "OAuth token has expired",
        ],
        // What ended its turn comes as a message of its own, after those before it.
        KnownAgent::Codex => &[
            "You've hit your usage limit",
            "exceeded retry limit, last status:",
            "unexpected status ",
            "stream disconnected before completion:",
        ],
        KnownAgent::Gemini | KnownAgent::Qwen => &["[API Error:"],
        KnownAgent::Opencode | KnownAgent::Copilot | KnownAgent::Aider => &[],
    }
}

/// The part of a text that is read, in lower case.
fn read_part(text: &str) -> String {
    text[..crate::text::floor_char_boundary(text, MAX_READ)].to_lowercase()
}

/// What a status of HTTP says.
const fn kind_of_status(status: i64) -> Option<AgentErrorKind> {
    match status {
        401 => Some(AgentErrorKind::SignIn),
        402 | 429 => Some(AgentErrorKind::Limit(None)),
        _ => None,
    }
}

/// What the named fields of an error's data say.
fn kind_in_data(data: &Value, depth: u32) -> Option<AgentErrorKind> {
    let depth = depth.checked_sub(1)?;
    match data {
        Value::Object(fields) => {
            let here = fields.iter().find_map(|(name, value)| kind_of_field(name, value));
            let is_text = |name: &str| TEXT_FIELDS.contains(&normalised(name).as_str());
            here.or_else(|| {
                let mut inner =
                    fields.iter().filter(|(name, value)| !value.is_string() || is_text(name));
                inner.find_map(|(_, value)| kind_in_data(value, depth))
            })
        }
        Value::Array(values) => values.iter().find_map(|value| kind_in_data(value, depth)),
        // Some put the service's whole answer into a text.
        Value::String(text) => match serde_json::from_str(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => kind_in_data(&inner, depth),
            _ => kind_of_text(&read_part(text)),
        },
        _ => None,
    }
}

fn normalised(name: &str) -> String {
    name.to_lowercase().replace(['_', '-'], "")
}

fn kind_of_field(name: &str, value: &Value) -> Option<AgentErrorKind> {
    let name = normalised(name);
    let is_one_of = |names: &[&str]| names.contains(&name.as_str());
    let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
    if let Some(status) = number.filter(|_| is_one_of(&STATUS_FIELDS)) {
        return kind_of_status(status);
    }
    let word = value.as_str().filter(|_| is_one_of(&KIND_FIELDS))?.to_lowercase();
    if LIMIT_KINDS.contains(&word.as_str()) {
        return Some(AgentErrorKind::Limit(None));
    }
    SIGN_IN_KINDS.contains(&word.as_str()).then_some(AgentErrorKind::SignIn)
}

/// What a text in lower case says by its beginning, behind what is written before it.
fn kind_of_text(text: &str) -> Option<AgentErrorKind> {
    let mut rest = text.trim_start();
    loop {
        let begins = |beginnings: &[&str]| beginnings.iter().any(|begin| rest.starts_with(begin));
        if begins(&LIMIT_BEGINNINGS) {
            return Some(AgentErrorKind::Limit(None));
        }
        if begins(&SIGN_IN_BEGINNINGS) {
            return Some(AgentErrorKind::SignIn);
        }
        if let Some(kind) = kind_of_leading_status(rest) {
            return Some(kind);
        }
        rest = WRAPPERS.iter().find_map(|before| rest.strip_prefix(before))?.trim_start();
    }
}

/// What a text says that begins with a status of HTTP: alone, before punctuation or with its reason.
/// "401 of them" isn't one.
fn kind_of_leading_status(text: &str) -> Option<AgentErrorKind> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (status, rest) = text.split_at(end);
    let rest = rest.trim_start();
    let is_reason = !rest.starts_with(char::is_alphabetic)
        || STATUS_REASONS.iter().any(|reason| rest.starts_with(reason));
    kind_of_status(status.parse().ok().filter(|_| is_reason)?)
}

impl AgentErrorKind {
    /// The end of a turn for this reason, with what the agent said.
    pub(crate) fn to_turn_end(self, said: &str) -> TurnEnd {
        let notice = match self {
            Self::SignIn => UserMessage::from_cause(Cause::AgentSignedOut, SAVED),
            Self::Limit(_) => UserMessage::new(
                ErrorCode::UsageLimit,
                "The agent's usage limit is reached.",
                SAVED,
                "Continue when it can be used again.",
            ),
            Self::Other => {
                let said = one_line(said, 300);
                let said = said.trim_end_matches('.');
                UserMessage::new(
                    ErrorCode::AgentFailed,
                    format!("The agent says that it failed: \u{201c}{said}\u{201d}."),
                    SAVED,
                    "Read what it said, then try again or continue from here.",
                )
            }
        };
        let notice = notice.with_details(one_line(said, 2_000));
        match self {
            Self::Limit(retry_at) => TurnEnd::Limited(notice, retry_at),
            _ => TurnEnd::Failed(notice),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Millis = 1_700_000_000_000;

    #[test]
    fn errors_are_told_apart() {
        let after = |seconds: i64| AgentErrorKind::Limit(Some(NOW + seconds * 1_000));
        let (limit, sign_in) = (AgentErrorKind::Limit(None), AgentErrorKind::SignIn);
        let table = [
            ("API Error: 401 {\"type\":\"error\"}", json!(null), sign_in),
            ("Internal error", json!({ "errorKind": "authentication_failed" }), sign_in),
            ("Internal error", json!({ "error": { "type": "authentication_error" } }), sign_in),
            ("Internal error", json!({ "statusCode": "401" }), sign_in),
            ("Internal error", json!("{\"error\":{\"status\":\"UNAUTHENTICATED\"}}"), sign_in),
            ("Incorrect API key provided", json!(null), sign_in),
            ("Failed to authenticate. API Error: 401", json!(null), sign_in),
            ("unexpected status 429 Too Many Requests", json!(null), limit),
            ("exceeded retry limit, last status: 429 Too Many Requests", json!(null), limit),
            ("Internal error", json!({ "status": 429 }), limit),
            ("Internal error", json!({ "error": { "message": "429 Too Many Requests" } }), limit),
            ("Internal error", json!({ "details": "HTTP 401: {}" }), sign_in),
            ("Internal error", json!("Rate limit reached for this model"), limit),
            ("Internal error", json!({ "error": { "code": 402 } }), limit),
            ("x", json!({ "errorKind": "rate_limit", "retryAfter": 30 }), after(30)),
            ("429", json!({ "error": [{ "retry-after": "2" }] }), after(2)),
            ("429", json!("{\"resetsAt\":1700000100}"), after(100)),
            ("429", json!({ "resets_at": 1_700_000_100_000_i64 }), after(100)),
            ("Rate limit reached. Please try again in 1h 20m.", json!(null), after(4_800)),
            ("429: Please retry in 31.4s", json!(null), after(32)),
            ("429 retry after 2 minutes", json!(null), after(120)),
            ("429 {\"retryDelay\":\"34s\"}", json!(null), after(34)),
            ("Claude AI usage limit reached|1700000100", json!(null), after(100)),
        ];
        for (message, data, expected) in table {
            assert_eq!(classify(-32603, message, &data, NOW), expected, "{message} {data}");
        }
        assert_eq!(classify(429, "no", &json!(null), NOW), limit);
        assert_eq!(classify(401, "no", &json!(null), NOW), sign_in);
    }

    #[test]
    fn words_and_numbers_that_only_occur_are_no_limit_and_no_sign_in() {
        let table = [
            ("error: 3 of 429 tests failed", json!(null)),
            ("disk quota exceeded", json!(null)),
            ("write /a: Disk quota exceeded (os error 122)", json!(null)),
            ("the endpoint /login answers Unauthorized", json!(null)),
            ("test of the rate limit failed", json!(null)),
            ("exit status 1", json!(null)),
            ("error at line 401", json!(null)),
            ("status of 429 files", json!(null)),
            ("4290 things", json!(null)),
            ("401 of them failed", json!(null)),
            ("429 tests failed", json!(null)),
            ("Internal error", json!({ "line": 429, "message": "401 of them, by quota" })),
            ("Internal error", json!({ "type": "billing", "text": "rate_limit" })),
            ("Internal error", json!({ "status": 500, "code": -1 })),
            ("Internal error", json!("the model wrote about rate limits")),
            ("the harbour is closed", json!(null)),
            ("prompt is too long: 14290 tokens", json!(null)),
        ];
        for (message, data) in table {
            let kind = classify(-32603, message, &data, NOW);
            assert_eq!(kind, AgentErrorKind::Other, "{message} {data}");
        }
    }

    #[test]
    fn only_a_message_in_the_agents_own_form_is_an_error() {
        use KnownAgent::{ClaudeCode, Codex, Gemini, Opencode};
        let (limit, sign_in) = (AgentErrorKind::Limit(None), AgentErrorKind::SignIn);
        let table = [
            (ClaudeCode, "API Error: 401 Invalid authentication credentials", Some(sign_in)),
            (ClaudeCode, "Invalid API key \u{b7} Please run /login", Some(sign_in)),
            (ClaudeCode, "API Error: 500 oops", Some(AgentErrorKind::Other)),
            (ClaudeCode, "You've hit your limit", Some(limit)),
            (
                Codex,
                "Warning: old.\n\nexceeded retry limit, last status: 429 Too Many Requests\n\n",
                Some(limit),
            ),
            (Gemini, "[API Error: 429 too many]", Some(limit)),
            (Codex, "API Error: 401 Invalid authentication credentials", None),
            (Opencode, "Claude AI usage limit reached", None),
            (ClaudeCode, "Done.\n\nThe API says:\nAPI Error: 500", None),
            (ClaudeCode, "I made the API answer 401 and 429. Rate limits are tested.", None),
            (ClaudeCode, "", None),
        ];
        for (agent, words, expected) in table {
            assert_eq!(classify_message(agent, words, NOW), expected, "{agent:?} {words}");
        }
    }

    #[test]
    fn nonsense_is_no_time() {
        for data in [json!({ "retryAfter": "soon" }), json!({ "resetsAt": -3 }), json!([1, [2]])] {
            assert_eq!(classify(429, "", &data, NOW), AgentErrorKind::Limit(None), "{data}");
        }
        let huge = classify(429, "", &json!({ "retryAfter": 1e300 }), NOW);
        assert_eq!(huge, AgentErrorKind::Limit(Some(NOW + 31 * 86_400_000)));
    }
}
