//! What the words of an agent's error mean: its service wants a person to sign in, or wants
//! patience. Pure.

use crate::agent::TurnEnd;
use crate::text::one_line;
use regatta_protocol::{ErrorCode, Millis, UserMessage};
use serde_json::Value;

const SAVED: &str = "What it had changed is saved.";
/// How much of a message is read, in bytes; what matters comes first.
const MAX_READ: usize = 8_000;

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

/// Words that an error about a limit has, in lower case.
const LIMIT_PHRASES: [&str; 17] = [
    "rate limit",
    "rate_limit",
    "ratelimit",
    "too many requests",
    "usage limit",
    "usage_limit",
    "hit your limit",
    "session limit",
    "weekly limit",
    "quota",
    "resource_exhausted",
    "resource exhausted",
    "payment required",
    "billing_error",
    "credit balance",
    "status 429",
    "status 402",
];
/// Words that an error about signing in has, in lower case.
const SIGN_IN_PHRASES: [&str; 17] = [
    "unauthorized",
    "unauthenticated",
    "authentication_error",
    "authentication_failed",
    "authentication required",
    "authentication failed",
    "failed to authenticate",
    "invalid api key",
    "invalid x-api-key",
    "invalid_api_key",
    "incorrect api key",
    "api key not valid",
    "api_key_invalid",
    "/login",
    "not logged in",
    "token has expired",
    "not signed in",
];
/// How a message of an agent's begins that is nothing but an error.
const ERROR_PREFIXES: [&str; 12] = [
    "API Error:",
    "[API Error:",
    "Invalid API key",
    "Claude AI usage limit reached",
    "You've hit your",
    "Credit balance is too low",
    "Failed to authenticate",
    "Not logged in",
    "OAuth token has expired",
    // Codex shows what ended its turn as a message of its own, after those before it.
    "exceeded retry limit, last status:",
    "unexpected status ",
    "stream disconnected before completion:",
];

/// What an error with this message and these data means. `now`: for times that are told as
/// a wait.
pub(crate) fn classify(message: &str, data: &Value, now: Millis) -> AgentErrorKind {
    let shown = if data.is_null() { String::new() } else { data.to_string() };
    let cut = |text: &str| text[..crate::text::floor_char_boundary(text, MAX_READ)].to_lowercase();
    let text = format!("{} {}", cut(message), cut(&shown));
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let number = |wanted: &[&str]| {
        text.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| wanted.contains(&part))
    };
    if has(&LIMIT_PHRASES) || number(&["429", "402"]) {
        return AgentErrorKind::Limit(
            retry_at_in_data(data, now).or_else(|| retry_at_in_text(&text, now)),
        );
    }
    if has(&SIGN_IN_PHRASES) || number(&["401"]) {
        AgentErrorKind::SignIn
    } else {
        AgentErrorKind::Other
    }
}

/// What an agent's last message means, if it or its last paragraph is nothing but an error; none:
/// it isn't.
pub(crate) fn classify_message(words: &str, now: Millis) -> Option<AgentErrorKind> {
    let whole = words.trim();
    let last = whole.rsplit("\n\n").next().filter(|last| last.lines().count() == 1);
    let is_marked = |words: &&str| ERROR_PREFIXES.iter().any(|mark| words.starts_with(mark));
    let words = [Some(whole), last].into_iter().flatten().find(is_marked)?;
    Some(classify(words, &Value::Null, now))
}

/// What the last line of a program that failed means, if it is an error that is known.
pub(crate) fn classify_last_line(output: &str, now: Millis) -> Option<AgentErrorKind> {
    let line = output.lines().rev().find(|line| !line.trim().is_empty())?;
    let error = ERROR_PREFIXES.iter().any(|mark| line.contains(mark))
        || line.to_lowercase().contains("error");
    let trouble = error.then(|| classify(line, &Value::Null, now));
    trouble.filter(|trouble| *trouble != AgentErrorKind::Other)
}

impl AgentErrorKind {
    /// The end of a turn for this reason, with what the agent said.
    pub(crate) fn to_turn_end(self, said: &str) -> TurnEnd {
        let notice = match self {
            Self::SignIn => UserMessage::new(
                ErrorCode::SignInNeeded,
                "The agent isn't signed in, or its key was refused.",
                SAVED,
                "Sign in again with the agent's own program, then try again.",
            ),
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

/// When it can be used again, as an error's data tell it.
fn retry_at_in_data(data: &Value, now: Millis) -> Option<Millis> {
    match data {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let name = name.to_lowercase().replace(['_', '-'], "");
            let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
            match (name.as_str(), number) {
                ("retryafter" | "retryafterseconds", Some(seconds)) => {
                    Some(after_seconds(now, seconds))
                }
                ("retryafterms" | "retrydelayms", Some(millis)) => {
                    Some(after_seconds(now, millis / 1e3))
                }
                ("resetsat" | "resetat", Some(at)) => parse_epoch(at),
                _ => retry_at_in_data(value, now),
            }
        }),
        Value::Array(values) => values.iter().find_map(|value| retry_at_in_data(value, now)),
        // Some put the service's whole answer into a text.
        Value::String(text) if text.trim_start().starts_with('{') => {
            retry_at_in_data(&serde_json::from_str(text).ok()?, now)
        }
        _ => None,
    }
}

/// When it can be used again, as words in lower case say it: "try again in 1h 20m",
/// "retry after 30 seconds", "limit reached|1718000000".
fn retry_at_in_text(text: &str, now: Millis) -> Option<Millis> {
    const BEFORE: [&str; 9] = [
        "retry after",
        "retry-after",
        "retry_after",
        "retryafter",
        "retry in",
        "retrydelay",
        "try again in",
        "resets in",
        "reset after",
    ];
    let waits = BEFORE.iter().filter_map(|words| {
        let after = text.split_once(words)?.1;
        parse_seconds(after.trim_start_matches(|c: char| " :=\"'\\".contains(c)))
    });
    let at = || {
        parse_epoch(
            text.split_once('|')?.1.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?,
        )
    };
    waits.map(|seconds| after_seconds(now, seconds)).next().or_else(at)
}

/// "1h 20m", "31.4s", "30 seconds", "30".
fn parse_seconds(mut text: &str) -> Option<f64> {
    let mut sum = None;
    loop {
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let Ok(number) = text[..digits].trim_end_matches('.').parse::<f64>() else { return sum };
        let rest = text[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "ms" | "milliseconds" => 0.001,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hr" | "hour" | "hours" => 3_600.0,
            "d" | "day" | "days" => 86_400.0,
            _ => 1.0,
        };
        sum = Some(sum.unwrap_or(0.0) + number * unit);
        text = rest[letters..].trim_start_matches([' ', ',']);
    }
}

/// Not before now, and not after a month: whatever says so is mistaken.
fn after_seconds(now: Millis, seconds: f64) -> Millis {
    let seconds = seconds.clamp(0.0, 31.0 * 86_400.0).ceil();
    now + seconds as Millis * 1_000
}

/// A moment in seconds or milliseconds since 1970.
fn parse_epoch(at: f64) -> Option<Millis> {
    match at {
        1e9..1e11 => Some(at as Millis * 1_000),
        1e12..1e14 => Some(at as Millis),
        _ => None,
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
        let table = [
            ("API Error: 401 {\"type\":\"error\"}", json!(null), AgentErrorKind::SignIn),
            (
                "Internal error",
                json!({ "errorKind": "authentication_failed" }),
                AgentErrorKind::SignIn,
            ),
            ("Incorrect API key provided", json!(null), AgentErrorKind::SignIn),
            ("unexpected status 429 Too Many Requests", json!(null), AgentErrorKind::Limit(None)),
            ("x", json!({ "errorKind": "rate_limit", "retryAfter": 30 }), after(30)),
            ("quota", json!({ "error": [{ "retry-after": "2" }] }), after(2)),
            ("429", json!("{\"resetsAt\":1700000100}"), after(100)),
            ("429", json!({ "resets_at": 1_700_000_100_000_i64 }), after(100)),
            ("Rate limit reached. Please try again in 1h 20m.", json!(null), after(4_800)),
            ("429: Please retry in 31.4s", json!(null), after(32)),
            ("429 retry after 2 minutes", json!(null), after(120)),
            ("429 {\"retryDelay\":\"34s\"}", json!(null), after(34)),
            ("Claude AI usage limit reached|1700000100", json!(null), after(100)),
            ("the harbour is closed", json!(null), AgentErrorKind::Other),
            ("prompt is too long: 14290 tokens", json!(null), AgentErrorKind::Other),
        ];
        for (message, data, expected) in table {
            assert_eq!(classify(message, &data, NOW), expected, "{message}");
        }
    }

    #[test]
    fn only_a_message_that_is_an_error_is_one() {
        let table = [
            ("API Error: 401 Invalid authentication credentials", Some(AgentErrorKind::SignIn)),
            ("Invalid API key \u{b7} Please run /login", Some(AgentErrorKind::SignIn)),
            ("API Error: 500 oops", Some(AgentErrorKind::Other)),
            (
                "Warning: old.\n\nexceeded retry limit, last status: 429 Too Many Requests\n\n",
                Some(AgentErrorKind::Limit(None)),
            ),
            ("Done.\n\nThe API says:\nAPI Error: 500", None),
            ("I made the API answer 401 and 429. Rate limits are tested.", None),
            ("", None),
        ];
        for (words, expected) in table {
            assert_eq!(classify_message(words, NOW), expected, "{words}");
        }
        assert_eq!(classify_last_line("a\nError: 429\n\n", NOW), Some(AgentErrorKind::Limit(None)));
        assert_eq!(classify_last_line("Error: 429\nall is well\n", NOW), None);
        assert_eq!(classify_last_line("Error: no such file", NOW), None);
    }

    #[test]
    fn nonsense_is_no_time() {
        for data in [json!({ "retryAfter": "soon" }), json!({ "resetsAt": -3 }), json!([1, [2]])] {
            assert_eq!(classify("429", &data, NOW), AgentErrorKind::Limit(None), "{data}");
        }
        let huge = classify("429", &json!({ "retryAfter": 1e300 }), NOW);
        assert_eq!(huge, AgentErrorKind::Limit(Some(NOW + 31 * 86_400_000)));
    }
}
