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
//! Nothing is left out: what isn't understood is [`EventPart::Raw`].

mod fields;
mod updates;

use crate::RunId;
use crate::event::{DecodedEvent, EventPart};
use crate::frame::Event;
use fields::{Fields, Payload};
use regatta_protocol::event::LineKind;
use regatta_protocol::json_text::replace_lone_surrogates;
use regatta_protocol::wire::{End, Fact};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The keys of [`Fact`].
const FACT_KEYS: [&str; 10] = [
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
pub fn decode(event: Event) -> DecodedEvent {
    let id = parse_event_id(&event.id);
    let kind = if event.event == "message" { "" } else { event.event.as_str() };
    let data = replace_lone_surrogates(&event.data);
    let received = match serde_json::from_str(&data) {
        Ok(Payload::Fields(fields)) => decode_object(kind, fields, &data),
        _ => decode_non_object(kind, &data),
    };
    DecodedEvent { id, parts: received }
}

/// The run's name, if the item says it.
pub(crate) fn find_run_id(item: &DecodedEvent) -> Option<RunId> {
    item.parts.iter().find_map(|received| match received {
        EventPart::Run { run_id: Some(run), .. } => RunId::parse(run),
        _ => None,
    })
}

/// Digits only: `+7` and `007 ` are somebody else's ids.
fn parse_event_id(id: &str) -> Option<u64> {
    id.bytes().all(|byte| byte.is_ascii_digit()).then(|| id.parse().ok())?
}

/// An object under a type of event, or under none.
fn decode_object(kind: &str, mut fields: Fields<'_>, whole: &str) -> Vec<EventPart> {
    if fields.is_envelope() {
        return decode_envelope(kind, fields, whole);
    }
    // A type may carry where in a graph of graphs it came from: `updates|agent:1`.
    match kind.split('|').next().unwrap_or_default() {
        "custom" => decode_custom(fields, whole),
        "updates" => updates::decode_updates(fields),
        "metadata" => decode_metadata(fields),
        "error" => vec![decode_error(fields)],
        "end" => decode_end(fields, whole),
        "" if fields.stdout.is_some() => decode_custom(fields, whole),
        "" if fields.rest.contains_key("messages") => updates::decode_updates(fields),
        "" if updates::is_older_stream(&fields) => updates::decode_older_stream(fields),
        _ => vec![raw_part(fields.task_name.take().map(Into::into), kind, whole)],
    }
}

/// Type and payload in one object. The type that stands inside counts.
fn decode_envelope(kind: &str, mut fields: Fields<'_>, whole: &str) -> Vec<EventPart> {
    let (event, data) = (fields.event.take(), fields.data.take());
    let inner = event.as_deref().unwrap_or(kind);
    let mut received = match data.map(|data| *data) {
        Some(Payload::Fields(mut inside)) if !inside.is_envelope() => {
            if inside.task_name.is_none() {
                inside.task_name = fields.task_name.take();
            }
            decode_object(inner, inside, whole)
        }
        Some(Payload::Text(text)) => decode_non_object(inner, &text),
        // An end without a word about it is an end.
        Some(Payload::Other(Value::Null)) if inner == "end" => decode_non_object(inner, ""),
        _ => return vec![raw_part(fields.task(), kind, whole)],
    };
    let more = fields.into_map();
    push_rest(&mut received, None, more);
    received
}

/// Data that is no object.
fn decode_non_object(kind: &str, data: &str) -> Vec<EventPart> {
    match kind {
        "end" => {
            let rest = (!matches!(data.trim(), "" | "null")).then(|| raw_part(None, "", data));
            rest.into_iter().chain([EventPart::Ended { end: None }]).collect()
        }
        "error" => vec![EventPart::Failed { task: None, message: data.to_owned() }],
        _ => vec![raw_part(None, kind, data)],
    }
}

fn decode_custom(mut fields: Fields<'_>, whole: &str) -> Vec<EventPart> {
    if let Some(text) = fields.stdout.take() {
        return decode_output(fields, text.into_owned());
    }
    let task = fields.task();
    let at = fields.rest.get("at").and_then(Value::as_i64);
    let mut received = Vec::new();
    if let (Some(task), Some(at)) = (&task, at) {
        let facts = FACT_KEYS.iter().filter_map(|key| take_fact(&mut fields.rest, key));
        received.extend(facts.map(|fact| {
            let event = fact.into_event();
            EventPart::Fact { task: task.clone(), at, event }
        }));
    }
    if received.is_empty() {
        // A name alone says nothing.
        let is_nothing = fields.rest.is_empty() && fields.data.is_none();
        return if is_nothing { received } else { vec![raw_part(task, "", whole)] };
    }
    fields.rest.remove("at");
    fields.task_name = None;
    push_rest(&mut received, task, fields.into_map());
    received
}

fn decode_output(mut fields: Fields<'_>, text: String) -> Vec<EventPart> {
    let at = take_value(&mut fields.rest, "at");
    let kind = take_value(&mut fields.rest, "kind").unwrap_or(LineKind::Stdout);
    let task = fields.task_name.take().map(String::from);
    let rest = fields.into_map();
    // Most have no more to say, and this is the way that most events go.
    let more = (!rest.is_empty())
        .then(|| EventPart::Raw { task: task.clone(), text: Value::Object(rest).to_string() });
    std::iter::once(EventPart::Output { task, text, kind, at }).chain(more).collect()
}

fn decode_metadata(mut fields: Fields<'_>) -> Vec<EventPart> {
    let run = EventPart::Run {
        run_id: fields.take_text("run_id"),
        thread_id: fields.take_text("thread_id"),
        task: fields.task_name.take().map(Into::into),
    };
    let mut received = vec![run];
    push_rest(&mut received, None, fields.into_map());
    received
}

fn decode_error(fields: Fields<'_>) -> EventPart {
    let task = fields.task();
    let map = fields.into_map();
    let text = |key| map.get(key).and_then(Value::as_str).filter(|text: &&str| !text.is_empty());
    let message = match (text("error"), text("message")) {
        (Some(error), Some(message)) => format!("{error}: {message}"),
        (Some(text), None) | (None, Some(text)) => text.to_owned(),
        (None, None) => Value::Object(map).to_string(),
    };
    EventPart::Failed { task, message }
}

fn decode_end(fields: Fields<'_>, whole: &str) -> Vec<EventPart> {
    let map = fields.into_map();
    let is_empty = map.is_empty();
    match serde_json::from_value::<End>(Value::Object(map)) {
        Ok(end) => vec![EventPart::Ended { end: Some(end) }],
        Err(_) if is_empty => vec![EventPart::Ended { end: None }],
        Err(_) => vec![raw_part(None, "", whole), EventPart::Ended { end: None }],
    }
}

fn raw_part(task: Option<String>, kind: &str, text: &str) -> EventPart {
    let text = if kind.is_empty() { text.to_owned() } else { format!("{kind}: {text}") };
    EventPart::Raw { task, text }
}

/// What is left of an object, if there is anything.
fn push_rest(received: &mut Vec<EventPart>, task: Option<String>, rest: Map<String, Value>) {
    if !rest.is_empty() {
        received.push(EventPart::Raw { task, text: Value::Object(rest).to_string() });
    }
}

/// Takes a value out when it is what it should be.
fn take_value<T: DeserializeOwned>(map: &mut Map<String, Value>, key: &str) -> Option<T> {
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
