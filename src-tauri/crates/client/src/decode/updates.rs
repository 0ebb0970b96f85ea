//! What an agent said and did: `updates`, and the older stream.

use super::fields::Fields;
use super::{push_rest, raw_part};
use crate::event::EventPart;
use regatta_protocol::event::{Step, StepKind, StepState};
use serde_json::{Map, Value};

/// The longest title of a step, in characters.
const TITLE_CHARS: usize = 200;
/// The longest second line of a step, in characters.
const DETAIL_CHARS: usize = 2_000;

/// The keys of the older stream, with what each is to a person.
const OLDER_KEYS: [(&str, StepKind, &str); 4] = [
    ("auth", StepKind::Start, "Checked the access"),
    ("setup", StepKind::Copy, "Set up"),
    ("executor", StepKind::Other, ""),
    ("push", StepKind::Save, "Pushed"),
];

pub(super) fn decode_updates(mut fields: Fields<'_>) -> Vec<EventPart> {
    let task = fields.task_name.take().map(String::from);
    let (run_id, thread_id) = (fields.take_text("run_id"), fields.take_text("thread_id"));
    let mut received = Vec::new();
    if run_id.is_some() || thread_id.is_some() {
        received.push(EventPart::Run { run_id, thread_id, task: task.clone() });
    }
    if let Some(task) = &task
        && let Some(number) = super::take_value(&mut fields.rest, "attempt")
    {
        let continues = super::take_value(&mut fields.rest, "continues").unwrap_or(false);
        received.push(EventPart::Attempt { task: task.clone(), number, continues });
    }
    let mut map = fields.into_map();
    push_messages(&mut received, task.as_deref(), &mut map);
    // A graph's own form: its parts by name, each with messages.
    for part in map.values_mut().filter_map(Value::as_object_mut) {
        push_messages(&mut received, task.as_deref(), part);
    }
    map.retain(|_, value| !is_empty_value(value));
    push_rest(&mut received, task, map);
    received
}

pub(super) fn is_older_stream(fields: &Fields<'_>) -> bool {
    OLDER_KEYS.iter().any(|(key, ..)| fields.rest.contains_key(*key))
}

pub(super) fn decode_older_stream(fields: Fields<'_>) -> Vec<EventPart> {
    let task = fields.task();
    let mut map = fields.into_map();
    map.remove("task_name");
    let mut received = Vec::new();
    for (key, kind, title) in OLDER_KEYS {
        let Some(value) = map.remove(key) else { continue };
        if kind == StepKind::Other {
            let one = |value| vec![value];
            let all = if let Value::Array(all) = value { all } else { one(value) };
            all.into_iter().for_each(|value| push_message(&mut received, task.as_deref(), value));
            continue;
        }
        let step = new_step(String::new(), kind, title);
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        received.push(EventPart::Step { task: task.clone(), step, text });
    }
    push_rest(&mut received, task, map);
    received
}

/// Takes the messages out of an object, and the list of events if it is empty.
fn push_messages(received: &mut Vec<EventPart>, task: Option<&str>, map: &mut Map<String, Value>) {
    match map.remove("messages") {
        Some(Value::Array(all)) => {
            all.into_iter().for_each(|value| push_message(received, task, value));
        }
        Some(one @ Value::Object(_)) => push_message(received, task, one),
        Some(other) => drop(map.insert("messages".to_owned(), other)),
        None => {}
    }
}

fn push_message(received: &mut Vec<EventPart>, task: Option<&str>, message: Value) {
    let Value::Object(mut message) = message else {
        let text = message.as_str().map_or_else(|| message.to_string(), str::to_owned);
        received.push(raw_part(task.map(str::to_owned), "", &text));
        return;
    };
    let text = |message: &mut Map<String, Value>, key: &str| match message.remove(key) {
        Some(Value::String(text)) => text,
        Some(other) => {
            message.insert(key.to_owned(), other);
            String::new()
        }
        None => String::new(),
    };
    let own = text(&mut message, "task_name");
    let task = if own.is_empty() { task.map(str::to_owned) } else { Some(own) };
    let id = text(&mut message, "id");
    let call = text(&mut message, "tool_call_id");
    let name = text(&mut message, "name");
    let said = take_content(&mut message);
    let calls = take_tool_calls(&mut message);
    let from = message.get("type").or(message.get("role")).and_then(Value::as_str);
    let from = from.unwrap_or_default().to_owned();
    message.retain(|key, value| !matches!(key.as_str(), "type" | "role") && !is_empty_value(value));
    if from == "tool" || from == "ToolMessage" {
        let title = if name.is_empty() { "Used a tool" } else { &name };
        let mut step = new_step(call, tool_kind(&name), title);
        if message.get("status").and_then(Value::as_str) == Some("error") {
            step.state = StepState::Failed;
        }
        message.remove("status");
        received.push(EventPart::Step { task: task.clone(), step, text: said });
    } else if !said.trim().is_empty() {
        let is_agent = matches!(from.as_str(), "ai" | "assistant" | "AIMessageChunk" | "");
        let kind = if is_agent { StepKind::AgentMessage } else { StepKind::Other };
        let mut step = new_step(id, kind, first_line(&said));
        step.detail = name;
        received.push(EventPart::Step { task: task.clone(), step, text: said });
    }
    for (id, name, input) in calls {
        let mut step = new_step(id, tool_kind(&name), &name);
        step.detail = truncate_chars(&input, DETAIL_CHARS);
        step.state = StepState::Working;
        received.push(EventPart::Step { task: task.clone(), step, text: String::new() });
    }
    push_rest(received, task, message);
}

/// Takes the text of a message out: a text, or parts with texts. Other parts stay.
fn take_content(message: &mut Map<String, Value>) -> String {
    match message.remove("content") {
        Some(Value::String(text)) => text,
        Some(Value::Array(mut parts)) => {
            let mut text = String::new();
            parts.retain(|part| {
                let is_text = part.get("type").is_none_or(|kind| kind == "text");
                let said = part.as_str().or_else(|| part.get("text")?.as_str());
                said.filter(|_| is_text).map(|said| text.push_str(said)).is_none()
            });
            message.insert("content".to_owned(), Value::Array(parts));
            text
        }
        Some(other) => {
            message.insert("content".to_owned(), other);
            String::new()
        }
        None => String::new(),
    }
}

/// Takes the calls of tools out of a message: id, name, input.
fn take_tool_calls(message: &mut Map<String, Value>) -> Vec<(String, String, String)> {
    let mut calls = Vec::new();
    let mut take = |call: &Value| {
        let name = call.get("name").and_then(Value::as_str)?;
        let id = call.get("id").and_then(Value::as_str).unwrap_or_default();
        let input = call.get("args").or(call.get("input")).map(Value::to_string);
        calls.push((id.to_owned(), name.to_owned(), input.unwrap_or_default()));
        Some(())
    };
    // The same calls may stand among the parts, too: then those are the ones that go.
    let mut is_listed = false;
    if let Some(Value::Array(list)) = message.get_mut("tool_calls") {
        is_listed = !list.is_empty();
        list.retain(|call| take(call).is_none());
    }
    if let Some(Value::Array(parts)) = message.get_mut("content") {
        parts.retain(|part| {
            let is_call = part.get("type").is_some_and(|kind| kind == "tool_use");
            !is_call || (!is_listed && take(part).is_none())
        });
    }
    calls
}

fn new_step(id: String, kind: StepKind, title: &str) -> Step {
    Step::new(id, kind, &truncate_chars(title, TITLE_CHARS), StepState::Done)
}

/// What a tool does, by its name.
fn tool_kind(name: &str) -> StepKind {
    let name = name.to_lowercase();
    let kinds = [
        (StepKind::Search, ["search", "grep", "glob", "find"]),
        (StepKind::Fetch, ["fetch", "http", "web", "download"]),
        (StepKind::Remove, ["remove", "delete", "rm", "unlink"]),
        (StepKind::Edit, ["edit", "write", "patch", "replace"]),
        (StepKind::Run, ["bash", "shell", "exec", "run"]),
        (StepKind::Read, ["read", "cat", "view", "list"]),
        (StepKind::Thought, ["think", "plan", "todo", "reflect"]),
    ];
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    let found = kinds.iter().find(|(_, begins)| {
        words.iter().any(|word| begins.iter().any(|begin| word.starts_with(begin)))
    });
    found.map_or(StepKind::Other, |(kind, _)| *kind)
}

fn first_line(text: &str) -> &str {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

fn truncate_chars(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Whether a field says nothing, so that leaving it out loses nothing.
fn is_empty_value(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(map) => map.values().all(is_empty_value),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
