//! Keys that an agent was given. It knows them, and may print them; they are neither written down
//! nor shown. Pure.

use regatta_protocol::agent::EnvVar;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Words in the names of variables whose values are keys.
const SECRET_NAME_PARTS: [&str; 4] = ["KEY", "TOKEN", "SECRET", "PASSWORD"];
/// The shortest value that is taken for a key, in bytes: a shorter one stands in other words.
const MIN_SECRET_BYTES: usize = 8;

/// The keys, each with what stands in its place.
#[derive(Clone, Default)]
pub(crate) struct Redactor(Arc<[(String, String)]>);

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

impl Redactor {
    /// Those of an agent's environment.
    pub(crate) fn from_env(env: &[EnvVar]) -> Self {
        let is_key = |var: &&EnvVar| {
            let name = var.name.to_uppercase();
            var.value.len() >= MIN_SECRET_BYTES
                && SECRET_NAME_PARTS.iter().any(|word| name.contains(word))
        };
        let keys = env.iter().filter(is_key).flat_map(|var| {
            let place = format!("[{} is not shown]", var.name);
            let in_json = serde_json::to_string(&var.value).expect("BUG: a text is always JSON");
            let in_json = in_json[1..in_json.len() - 1].to_owned();
            [(var.value.clone(), place.clone()), (in_json, place)]
        });
        let mut keys: Vec<_> = keys.collect();
        // One that begins with another is found as a whole.
        keys.sort_by_key(|(key, _)| std::cmp::Reverse(key.len()));
        keys.dedup();
        Self(keys.into())
    }

    /// What is told, as JSON, without them in any text of it. A word without which it couldn't be
    /// read stays: that is one of ours, and so no key.
    pub(crate) fn to_redacted_json<T: Serialize + DeserializeOwned>(
        &self,
        told: &T,
    ) -> serde_json::Result<String> {
        let line = serde_json::to_string(told)?;
        if !self.0.iter().any(|(key, _)| line.contains(key)) {
            return Ok(line);
        }
        let mut value = serde_json::from_str(&line)?;
        self.redact_strings(&mut value);
        let can_be_read = T::deserialize(&value).is_ok();
        Ok(if can_be_read { value.to_string() } else { line })
    }

    fn redact_strings(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(hidden) = self.redact(text) {
                    *text = hidden;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.redact_strings(value)),
            Value::Object(values) => {
                values.values_mut().for_each(|value| self.redact_strings(value));
            }
            _ => {}
        }
    }

    /// The text without them: plain text, or text inside JSON.
    pub(crate) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for (key, place) in self.0.iter() {
            if text.contains(key) {
                text = Cow::Owned(text.replace(key, place));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(vars: &[(&str, &str)]) -> Redactor {
        let var =
            |(name, value): &(&str, &str)| EnvVar { name: (*name).into(), value: (*value).into() };
        Redactor::from_env(&vars.iter().map(var).collect::<Vec<_>>())
    }

    #[test]
    fn a_key_is_nowhere_and_what_is_no_key_stays() {
        let keys = redactor(&[
            ("ANTHROPIC_API_KEY", "sk-ant-12345"),
            ("API_TOKEN", "sk-ant-12345-longer"),
            ("PIN_KEY", "1234"),
            ("HOME", "/home/ada"),
        ]);
        let said = "x sk-ant-12345, sk-ant-12345-longer sk-ant-12345 1234 /home/ada";
        let hidden = "x [ANTHROPIC_API_KEY is not shown], [API_TOKEN is not shown] \
                      [ANTHROPIC_API_KEY is not shown] 1234 /home/ada";
        assert_eq!(keys.redact(said), hidden);
        assert!(matches!(keys.redact("nothing of it"), Cow::Borrowed(_)));
        assert!(!format!("{keys:?}").contains("sk-ant"));
    }

    #[test]
    fn words_and_numbers_of_ours_stay() {
        use regatta_protocol::worker::WorkerLine;
        use regatta_protocol::{Event, Status};
        let keys =
            redactor(&[("A_TOKEN", "finished"), ("MAX_TOKENS", "12345678"), ("KEY", "hush-hush")]);
        let status = Event::Status { status: Status::Finished, notice: None };
        let line = WorkerLine { seq: 1, at: 12_345_678, event: status };
        let told = keys.to_redacted_json(&line).expect("JSON");
        assert_eq!(serde_json::from_str::<WorkerLine>(&told).expect("a line"), line);
        let text = "hush-hush 12345678".to_owned();
        let kind = regatta_protocol::event::LineKind::Stdout;
        let event = Event::Output { kind, text, first_line: 12_345_678 };
        let told = keys.to_redacted_json(&WorkerLine { event, ..line }).expect("JSON");
        let WorkerLine { at, event, .. } = serde_json::from_str(&told).expect("a line");
        let text = "[KEY is not shown] [MAX_TOKENS is not shown]".to_owned();
        assert_eq!((at, event), (12_345_678, Event::Output { kind, text, first_line: 12_345_678 }));
    }

    #[test]
    fn one_with_signs_that_json_writes_in_its_own_way_is_found_in_json() {
        let keys = redactor(&[("DB_PASSWORD", "a\"b\\c/d\u{e9}")]);
        let line = serde_json::json!({ "text": "it is a\"b\\c/d\u{e9}." }).to_string();
        assert_eq!(keys.redact(&line), r#"{"text":"it is [DB_PASSWORD is not shown]."}"#);
    }
}
