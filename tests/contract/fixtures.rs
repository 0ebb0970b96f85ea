//! `src-tauri/crates/protocol/fixtures/` holds every message as it is stored and sent.
//!
//! A file is `<type>.json` or `<type>.<case>.json`; the words of an enum without fields are
//! a list in `words.<type>.json`. What is written there must stay readable for good: stored
//! logs look like it.

use crate::repository;
use regatta_protocol::{
    AgentChoice, BatchRequest, BatchView, Event, LogEvent, Notice, TaskView, agent, app, endpoint,
    event, notice, request, status, view, wire, worker,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use ts_rs::{Config, TS};

#[test]
fn every_message_is_read_and_written_as_it_was() {
    let fixtures = fixtures();
    assert!(fixtures.len() > 60, "only {} fixtures", fixtures.len());
    for (name, value) in &fixtures {
        let again =
            read_and_write(name, value).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(&again, value, "{name}");
    }
}

#[test]
fn every_kind_of_event_and_agent_has_a_fixture() {
    let fixtures = fixtures();
    let of = |kind: &str| -> BTreeSet<String> {
        let names = fixtures.keys().filter_map(|name| name.strip_prefix(kind));
        names.map(str::to_owned).collect()
    };
    let events = tags(&Event::inline(&config()), "\"event\": \"");
    assert_eq!(of("event."), events);
    let agents = tags(&AgentChoice::inline(&config()), "\"kind\": \"");
    assert_eq!(of("agent_choice."), agents);
}

#[test]
fn every_control_has_a_fixture() {
    // No TypeScript of these: a new one fails to compile here and asks for its fixture.
    let file = |control: &worker::WorkerControl| match control {
        worker::WorkerControl::Answer { .. } => "worker_control.answer",
        worker::WorkerControl::Allow { .. } => "worker_control.allow",
        worker::WorkerControl::Message { .. } => "worker_control.message",
        worker::WorkerControl::Stop => "worker_control.stop",
        worker::WorkerControl::Pause => "worker_control.pause",
        worker::WorkerControl::Resume => "worker_control.resume",
    };
    let mut fixtures = fixtures();
    fixtures.retain(|name, _| name.starts_with("worker_control."));
    assert_eq!(fixtures.len(), 6);
    for (name, value) in fixtures {
        let control = serde_json::from_value(value).expect("a control");
        assert_eq!(file(&control), name);
    }
}

#[test]
fn every_word_of_an_enum_is_in_its_fixture() {
    let text: String =
        fs::read_to_string(repository().join("ui/src/bindings/protocol.ts")).expect("the bindings");
    let enums = text.lines().filter_map(|line| {
        let (name, words) = line.strip_prefix("export type ")?.split_once(" = \"")?;
        Some((name, words))
    });
    let fixtures = fixtures();
    for (name, words) in enums {
        let listed = &fixtures[&format!("words.{}", snake(name))];
        let listed = listed.as_array().expect("a list").iter().filter_map(Value::as_str);
        let declared = words.trim_end_matches("\";").split("\" | \"");
        assert_eq!(listed.collect::<Vec<_>>(), declared.collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn an_event_of_a_newer_version_is_kept_without_being_understood() {
    let newer = r#"{"seq":9,"at":1,"attempt":1,"event":"teleported","to":"moon"}"#;
    let event: LogEvent = serde_json::from_str(newer).expect("a newer event");
    assert_eq!(event.event, Event::Unknown);
    assert_eq!(event.seq, 9);
}

fn read_and_write(name: &str, value: &Value) -> Result<Value, String> {
    if let Some(words) = name.strip_prefix("words.") {
        return read_and_write_words(words, value);
    }
    match name.split('.').next().unwrap_or_default() {
        "event" => again::<Event>(value),
        "log_event" => again::<LogEvent>(value),
        "batch_request" => again::<BatchRequest>(value),
        "agent_choice" => again::<AgentChoice>(value),
        "request_problem" => again::<request::RequestProblem>(value),
        "notice" => again::<Notice>(value),
        "task_view" => again::<TaskView>(value),
        "batch_view" => again::<BatchView>(value),
        "batch_detail" => again::<view::BatchDetail>(value),
        "agents_view" => again::<agent::AgentsView>(value),
        "place_view" => again::<view::PlaceView>(value),
        "line_page" => again::<view::LinePage>(value),
        "matches" => again::<view::Matches>(value),
        "changes" => again::<view::Changes>(value),
        "file_patch" => again::<view::FilePatch>(value),
        "project_view" => again::<app::ProjectView>(value),
        "draft" => again::<app::Draft>(value),
        "template" => again::<app::Template>(value),
        "settings" => again::<app::Settings>(value),
        "home_view" => again::<app::HomeView>(value),
        "endpoint" => again::<endpoint::Endpoint>(value),
        "credentials_view" => again::<endpoint::CredentialsView>(value),
        "tested" => again::<endpoint::Tested>(value),
        "repository_page" => again::<endpoint::RepositoryPage>(value),
        "branch_look" => again::<endpoint::BranchLook>(value),
        "printed" => again::<wire::Printed>(value),
        "told" => again::<wire::Told>(value),
        "update" => again::<wire::Update>(value),
        "end" => again::<wire::End>(value),
        "error_body" => again::<wire::ErrorBody>(value),
        "added_result" => again::<app::AddedResult>(value),
        "worker_task" => again::<worker::WorkerTask>(value),
        "worker_control" => again::<worker::WorkerControl>(value),
        "worker_line" => again::<worker::WorkerLine>(value),
        other => Err(format!("no type is called {other}")),
    }
}

fn read_and_write_words(words: &str, value: &Value) -> Result<Value, String> {
    match words {
        "status" => again::<Vec<status::Status>>(value),
        "error_code" => again::<Vec<notice::ErrorCode>>(value),
        "line_kind" => again::<Vec<event::LineKind>>(value),
        "step_kind" => again::<Vec<event::StepKind>>(value),
        "step_state" => again::<Vec<event::StepState>>(value),
        "plan_state" => again::<Vec<event::PlanState>>(value),
        "save_reason" => again::<Vec<event::SaveReason>>(value),
        "option_kind" => again::<Vec<event::OptionKind>>(value),
        "change_kind" => again::<Vec<view::ChangeKind>>(value),
        "patch_line_kind" => again::<Vec<view::PatchLineKind>>(value),
        "project_state" => again::<Vec<app::ProjectState>>(value),
        "secret_state" => again::<Vec<endpoint::SecretState>>(value),
        "known_agent" => again::<Vec<agent::KnownAgent>>(value),
        "safety" => again::<Vec<agent::Safety>>(value),
        "agent_state" => again::<Vec<agent::AgentState>>(value),
        "goes_on" => again::<Vec<agent::GoesOn>>(value),
        "question_kind" => again::<Vec<event::QuestionKind>>(value),
        "risk" => again::<Vec<event::Risk>>(value),
        "theme" => again::<Vec<app::Theme>>(value),
        other => Err(format!("no enum is called {other}")),
    }
}

/// The value after a trip through the type.
fn again<T: Serialize + DeserializeOwned>(value: &Value) -> Result<Value, String> {
    let read: T = serde_json::from_value(value.clone()).map_err(|e| e.to_string())?;
    serde_json::to_value(read).map_err(|e| e.to_string())
}

/// Every fixture by its name without `.json`.
fn fixtures() -> BTreeMap<String, Value> {
    let folder = repository().join("src-tauri/crates/protocol/fixtures");
    let files = fs::read_dir(folder).expect("the fixtures");
    let paths = files.map(|file| file.expect("an entry").path());
    let read = paths.map(|path| {
        let name = path.file_stem().and_then(|n| n.to_str()).expect("a plain name").to_owned();
        let text = fs::read_to_string(&path).expect("a fixture");
        let value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        (name, value)
    });
    read.collect()
}

/// Every word that follows `before` in a TypeScript declaration.
fn tags(declaration: &str, before: &str) -> BTreeSet<String> {
    let parts = declaration.split(before).skip(1);
    parts.filter_map(|part| part.split('"').next()).map(str::to_owned).collect()
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn config() -> Config {
    Config::new().with_large_int("number")
}
