//! `src-tauri/crates/protocol/fixtures/` holds every message as it is stored and sent.
//!
//! A file is `<type>.json` or `<type>.<case>.json`; the words of an enum without fields are
//! a list in `words.<type>.json`. What is written there must stay readable for good: stored
//! logs look like it.

use crate::repository;
use regatta_protocol::{
    AgentChoice, BatchRequest, BatchView, Event, LogEvent, TaskView, UserMessage, agent, app,
    endpoint, event, place, request, status, user_message, view, wire, worker,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use ts_rs::{Config, TS};

#[test]
fn every_message_is_read_and_written_as_it_was() {
    let fixtures = read_fixtures();
    assert!(fixtures.len() > 60, "only {} fixtures", fixtures.len());
    for (name, value) in &fixtures {
        let again =
            round_trip_fixture(name, value).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(&again, value, "{name}");
    }
}

#[test]
fn every_kind_of_event_and_agent_has_a_fixture() {
    let fixtures = read_fixtures();
    let of = |kind: &str| -> BTreeSet<String> {
        let names = fixtures.keys().filter_map(|name| name.strip_prefix(kind));
        names.map(str::to_owned).collect()
    };
    let events = tags(&Event::inline(&ts_config()), "\"event\": \"");
    assert_eq!(of("event."), events);
    let agents = tags(&AgentChoice::inline(&ts_config()), "\"kind\": \"");
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
    let mut fixtures = read_fixtures();
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
    let fixtures = read_fixtures();
    for (name, words) in enums {
        let listed = &fixtures[&format!("words.{}", to_snake_case(name))];
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

fn round_trip_fixture(name: &str, value: &Value) -> Result<Value, String> {
    if let Some(words) = name.strip_prefix("words.") {
        return round_trip_enum(words, value);
    }
    match name.split('.').next().unwrap_or_default() {
        "event" => round_trip::<Event>(value),
        "log_event" => round_trip::<LogEvent>(value),
        "batch_request" => round_trip::<BatchRequest>(value),
        "agent_choice" => round_trip::<AgentChoice>(value),
        "request_problem" => round_trip::<request::RequestProblem>(value),
        "user_message" => round_trip::<UserMessage>(value),
        "task_view" => round_trip::<TaskView>(value),
        "batch_view" => round_trip::<BatchView>(value),
        "batch_detail" => round_trip::<view::BatchDetail>(value),
        "agents_view" => round_trip::<agent::AgentsView>(value),
        "place" => round_trip::<place::Place>(value),
        "place_view" => round_trip::<view::PlaceView>(value),
        "line_page" => round_trip::<view::LinePage>(value),
        "matches" => round_trip::<view::Matches>(value),
        "changes" => round_trip::<view::Changes>(value),
        "file_patch" => round_trip::<view::FilePatch>(value),
        "project_view" => round_trip::<app::ProjectView>(value),
        "draft" => round_trip::<app::Draft>(value),
        "recipe" => round_trip::<app::Recipe>(value),
        "settings" => round_trip::<app::Settings>(value),
        "home_view" => round_trip::<app::HomeView>(value),
        "endpoint" => round_trip::<endpoint::Endpoint>(value),
        "credentials_view" => round_trip::<endpoint::CredentialsView>(value),
        "connection_test" => round_trip::<endpoint::ConnectionTest>(value),
        "repository_page" => round_trip::<endpoint::RepositoryPage>(value),
        "remote_branch" => round_trip::<endpoint::RemoteBranch>(value),
        "output_event" => round_trip::<wire::OutputEvent>(value),
        "fact_event" => round_trip::<wire::FactEvent>(value),
        "update" => round_trip::<wire::Update>(value),
        "end" => round_trip::<wire::End>(value),
        "error_body" => round_trip::<wire::ErrorBody>(value),
        "publish_result" => round_trip::<app::PublishResult>(value),
        "worker_task" => round_trip::<worker::WorkerTask>(value),
        "worker_trace" => round_trip::<worker::WorkerTrace>(value),
        "worker_control" => round_trip::<worker::WorkerControl>(value),
        "worker_line" => round_trip::<worker::WorkerLine>(value),
        other => Err(format!("no type is called {other}")),
    }
}

fn round_trip_enum(words: &str, value: &Value) -> Result<Value, String> {
    match words {
        "status" => round_trip::<Vec<status::Status>>(value),
        "error_code" => round_trip::<Vec<user_message::ErrorCode>>(value),
        "line_kind" => round_trip::<Vec<event::LineKind>>(value),
        "step_kind" => round_trip::<Vec<event::StepKind>>(value),
        "step_state" => round_trip::<Vec<event::StepState>>(value),
        "plan_state" => round_trip::<Vec<event::PlanState>>(value),
        "save_reason" => round_trip::<Vec<event::SaveReason>>(value),
        "question_option_kind" => round_trip::<Vec<event::QuestionOptionKind>>(value),
        "capability" => round_trip::<Vec<place::Capability>>(value),
        "change_kind" => round_trip::<Vec<view::ChangeKind>>(value),
        "patch_line_kind" => round_trip::<Vec<view::PatchLineKind>>(value),
        "project_state" => round_trip::<Vec<app::ProjectState>>(value),
        "secret_state" => round_trip::<Vec<endpoint::SecretState>>(value),
        "known_agent" => round_trip::<Vec<agent::KnownAgent>>(value),
        "safety" => round_trip::<Vec<agent::Safety>>(value),
        "agent_state" => round_trip::<Vec<agent::AgentState>>(value),
        "resume_support" => round_trip::<Vec<agent::ResumeSupport>>(value),
        "question_kind" => round_trip::<Vec<event::QuestionKind>>(value),
        "risk" => round_trip::<Vec<event::Risk>>(value),
        "theme" => round_trip::<Vec<app::Theme>>(value),
        other => Err(format!("no enum is called {other}")),
    }
}

/// The value after a trip through the type.
fn round_trip<T: Serialize + DeserializeOwned>(value: &Value) -> Result<Value, String> {
    let read: T = serde_json::from_value(value.clone()).map_err(|e| e.to_string())?;
    serde_json::to_value(read).map_err(|e| e.to_string())
}

/// Every fixture by its name without `.json`.
fn read_fixtures() -> BTreeMap<String, Value> {
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

fn to_snake_case(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn ts_config() -> Config {
    Config::new().with_large_int("number")
}
