//! When an agent can be used again, by what its error says. Pure.

use regatta_protocol::Millis;
use serde_json::Value;

/// When it can be used again, as an error's data tell it.
pub(super) fn in_data(data: &Value, now: Millis) -> Option<Millis> {
    match data {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let name = super::normalised(name);
            let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
            match (name.as_str(), number) {
                ("retryafter" | "retryafterseconds", Some(seconds)) => {
                    Some(after_seconds(now, seconds))
                }
                ("retryafterms" | "retrydelayms", Some(millis)) => {
                    Some(after_seconds(now, millis / 1e3))
                }
                ("resetsat" | "resetat", Some(at)) => parse_epoch(at),
                _ => in_data(value, now),
            }
        }),
        Value::Array(values) => values.iter().find_map(|value| in_data(value, now)),
        // Some put the service's whole answer into a text.
        Value::String(text) if text.trim_start().starts_with('{') => {
            in_data(&serde_json::from_str(text).ok()?, now)
        }
        _ => None,
    }
}

/// When it can be used again, as words in lower case say it: "try again in 1h 20m",
/// "retry after 30 seconds", "limit reached|1718000000".
pub(super) fn in_text(text: &str, now: Millis) -> Option<Millis> {
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
