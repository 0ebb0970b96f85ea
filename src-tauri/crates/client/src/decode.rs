//! What an event says, in whichever of the shapes it comes:
//!
//! 1. `event: custom` and the payload as its data;
//! 2. no type, and `{"event":"custom","data":{…}}` as the documentation prints it;
//! 3. both at once;
//! 4. the older stream: `{"auth":…}`, `{"setup":…}`, `{"executor":[…]}`, `{"push":…}`;
//! 5. what isn't JSON;
//! 6. types and fields that aren't known;
//! 7. a payload without a task's name;
//! 8. `updates` whose messages carry a task's name or none.
//!
//! Nothing is left out: what isn't understood is [`Received::Raw`].

mod fields;
mod updates;

use crate::RunId;
use crate::frame::Event;
use crate::received::{Item, Received};
use fields::{Fields, Payload};
use regatta_protocol::event::LineKind;
use regatta_protocol::wire::{End, Fact};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The keys of [`Fact`].
const FACTS: [&str; 10] = [
    "status",
    "activity",
    "plan",
    "save_point",
    "changes",
    "usage",
    "question",
    "answered",
    "outcome",
    "branch",
];

/// What an event says. Its data is read once.
#[must_use]
pub fn decode(event: Event) -> Item {
    let id = number(&event.id);
    let kind = if event.event == "message" { "" } else { event.event.as_str() };
    let received = match serde_json::from_str(&event.data) {
        Ok(Payload::Fields(fields)) => payload(kind, fields, &event.data),
        _ => plain(kind, &event.data),
    };
    Item { id, received }
}

/// The run's name, if the item says it.
pub(crate) fn run_of(item: &Item) -> Option<RunId> {
    item.received.iter().find_map(|received| match received {
        Received::Run { run_id: Some(run), .. } => RunId::parse(run),
        _ => None,
    })
}

/// Digits only: `+7` and `007 ` are somebody else's ids.
fn number(id: &str) -> Option<u64> {
    id.bytes().all(|byte| byte.is_ascii_digit()).then(|| id.parse().ok())?
}

/// An object under a type of event, or under none.
fn payload(kind: &str, mut fields: Fields<'_>, whole: &str) -> Vec<Received> {
    if fields.is_envelope() {
        return envelope(kind, fields, whole);
    }
    // A type may carry where in a graph of graphs it came from: `updates|agent:1`.
    match kind.split('|').next().unwrap_or_default() {
        "custom" => custom(fields, whole),
        "updates" => updates::updates(fields),
        "metadata" => metadata(fields),
        "error" => vec![failed(fields)],
        "end" => ended(fields, whole),
        "" if fields.stdout.is_some() => custom(fields, whole),
        "" if fields.rest.contains_key("messages") => updates::updates(fields),
        "" if updates::is_older(&fields) => updates::older(fields),
        _ => vec![raw(fields.task_name.take().map(Into::into), kind, whole)],
    }
}

/// Type and payload in one object. The type that stands inside counts.
fn envelope(kind: &str, mut fields: Fields<'_>, whole: &str) -> Vec<Received> {
    let (event, data) = (fields.event.take(), fields.data.take());
    let inner = event.as_deref().unwrap_or(kind);
    let mut received = match data.map(|data| *data) {
        Some(Payload::Fields(mut inside)) if !inside.is_envelope() => {
            if inside.task_name.is_none() {
                inside.task_name = fields.task_name.take();
            }
            payload(inner, inside, whole)
        }
        Some(Payload::Text(text)) => plain(inner, &text),
        _ => return vec![raw(fields.task(), kind, whole)],
    };
    let more = fields.into_map();
    push_rest(&mut received, None, more);
    received
}

/// Data that is no object.
fn plain(kind: &str, data: &str) -> Vec<Received> {
    match kind {
        "end" => {
            let rest = (!matches!(data.trim(), "" | "null")).then(|| raw(None, "", data));
            rest.into_iter().chain([Received::Ended { end: None }]).collect()
        }
        "error" => vec![Received::Failed { task: None, message: data.to_owned() }],
        _ => vec![raw(None, kind, data)],
    }
}

fn custom(mut fields: Fields<'_>, whole: &str) -> Vec<Received> {
    if let Some(text) = fields.stdout.take() {
        return printed(fields, text.into_owned());
    }
    let task = fields.task();
    let at = fields.rest.get("at").and_then(Value::as_i64);
    let mut received = Vec::new();
    if let (Some(task), Some(at)) = (&task, at) {
        let facts = FACTS.iter().filter_map(|key| take_fact(&mut fields.rest, key));
        received.extend(facts.map(|fact| {
            let event = fact.into_event();
            Received::Fact { task: task.clone(), at, event }
        }));
    }
    if received.is_empty() {
        // A name alone says nothing.
        let is_nothing = fields.rest.is_empty() && fields.data.is_none();
        return if is_nothing { received } else { vec![raw(task, "", whole)] };
    }
    fields.rest.remove("at");
    fields.task_name = None;
    push_rest(&mut received, task, fields.into_map());
    received
}

fn printed(mut fields: Fields<'_>, text: String) -> Vec<Received> {
    let at = take(&mut fields.rest, "at");
    let kind = take(&mut fields.rest, "kind").unwrap_or(LineKind::Out);
    let task = fields.task_name.take().map(String::from);
    let rest = fields.into_map();
    // Most have no more to say, and this is the way that most events go.
    let more = (!rest.is_empty())
        .then(|| Received::Raw { task: task.clone(), text: Value::Object(rest).to_string() });
    std::iter::once(Received::Printed { task, text, kind, at }).chain(more).collect()
}

fn metadata(mut fields: Fields<'_>) -> Vec<Received> {
    let run = Received::Run {
        run_id: fields.take_text("run_id"),
        thread_id: fields.take_text("thread_id"),
        task: fields.task_name.take().map(Into::into),
    };
    let mut received = vec![run];
    push_rest(&mut received, None, fields.into_map());
    received
}

fn failed(fields: Fields<'_>) -> Received {
    let task = fields.task();
    let map = fields.into_map();
    let text = |key| map.get(key).and_then(Value::as_str).filter(|text: &&str| !text.is_empty());
    let message = match (text("error"), text("message")) {
        (Some(error), Some(message)) => format!("{error}: {message}"),
        (Some(text), None) | (None, Some(text)) => text.to_owned(),
        (None, None) => Value::Object(map).to_string(),
    };
    Received::Failed { task, message }
}

fn ended(fields: Fields<'_>, whole: &str) -> Vec<Received> {
    let map = fields.into_map();
    let is_empty = map.is_empty();
    match serde_json::from_value::<End>(Value::Object(map)) {
        Ok(end) => vec![Received::Ended { end: Some(end) }],
        Err(_) if is_empty => vec![Received::Ended { end: None }],
        Err(_) => vec![raw(None, "", whole), Received::Ended { end: None }],
    }
}

fn raw(task: Option<String>, kind: &str, text: &str) -> Received {
    let text = if kind.is_empty() { text.to_owned() } else { format!("{kind}: {text}") };
    Received::Raw { task, text }
}

/// What is left of an object, if there is anything.
fn push_rest(received: &mut Vec<Received>, task: Option<String>, rest: Map<String, Value>) {
    if !rest.is_empty() {
        received.push(Received::Raw { task, text: Value::Object(rest).to_string() });
    }
}

/// Takes a value out when it is what it should be.
fn take<T: DeserializeOwned>(map: &mut Map<String, Value>, key: &str) -> Option<T> {
    let value = T::deserialize(map.get(key)?).ok()?;
    map.remove(key);
    Some(value)
}

fn take_fact(map: &mut Map<String, Value>, key: &str) -> Option<Fact> {
    let (name, value) = map.remove_entry(key)?;
    let object = Value::Object(Map::from_iter([(name, value)]));
    serde_json::from_value(object.clone())
        .inspect_err(|_| {
            if let Value::Object(object) = object {
                map.extend(object);
            }
        })
        .ok()
}
