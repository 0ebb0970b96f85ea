//! `ui/src/bindings/protocol.ts` is what ts-rs makes of our types, and is current.
//!
//! `REGATTA_WRITE_BINDINGS=1 cargo test -p regatta-tests --test contract` writes it.

use crate::repository;
use regatta_protocol::{
    agent, app, endpoint, event, id, place, request, status, user_message, view,
};
use std::fs;
use std::path::{Path, PathBuf};
use ts_rs::{Config, TS};

const HEADER: &str = "\
// Made by `REGATTA_WRITE_BINDINGS=1 cargo test -p regatta-tests --test contract`.
// Do not edit: change src-tauri/crates/protocol instead.
";

macro_rules! declarations {
    ($config:expr, $($name:ty),+ $(,)?) => { vec![$(declaration::<$name>($config)),+] };
}

#[test]
fn the_windows_types_are_ours() {
    let path = repository().join("ui/src/bindings/protocol.ts");
    let current = bindings();
    if std::env::var_os("REGATTA_WRITE_BINDINGS").is_some() {
        fs::create_dir_all(path.parent().expect("the bindings' folder")).expect("make the folder");
        fs::write(&path, &current).expect("write the bindings");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == current, "{} is stale.\n{HEADER}", path.display());
}

/// A type that derives `TS` and isn't listed here would be missing in the window.
#[test]
fn every_type_is_listed() {
    let current = bindings();
    let source = repository().join("src-tauri/crates/protocol/src");
    let mut seen = 0;
    for file in files_below(&source) {
        let text = fs::read_to_string(file).expect("a source file");
        for after in text.split("derive(ts_rs::TS))]").skip(1) {
            let name = declared_name(after);
            seen += 1;
            if name == "$name" {
                continue;
            }
            assert!(current.contains(&format!("export type {name} =")), "{name} isn't listed");
        }
    }
    assert!(seen > 30, "only {seen} types found in the source");
}

#[test]
fn large_numbers_are_plain_numbers() {
    assert!(!bindings().contains("bigint"));
    assert!(bindings().contains("last_seq: number"));
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the protocol's source");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn declared_name(after: &str) -> &str {
    let start = ["pub struct ", "pub enum "].into_iter().filter_map(|word| {
        let at = after.find(word)?;
        Some(at + word.len())
    });
    let rest = &after[start.min().expect("a type after its derive")..];
    rest.split([' ', '(', '{', '<', ';']).next().unwrap_or_default()
}

fn declaration<T: TS>(config: &Config) -> String {
    format!("{}export {}\n", T::docs().unwrap_or_default(), T::decl(config))
}

#[expect(clippy::too_many_lines, reason = "a list of types")]
fn bindings() -> String {
    let config = &Config::new().with_large_int("number");
    let all = declarations!(
        config,
        id::BatchId,
        id::TaskId,
        id::EndpointId,
        id::PlaceId,
        place::Capability,
        place::Place,
        status::Status,
        user_message::ErrorCode,
        user_message::UserMessage,
        request::BatchRequest,
        request::TaskRequest,
        request::AgentChoice,
        request::RequestProblem,
        agent::KnownAgent,
        agent::AgentOptions,
        agent::AgentSelection,
        agent::Safety,
        agent::EnvVar,
        agent::AgentsView,
        agent::AgentView,
        agent::AgentState,
        agent::SetupHint,
        agent::AgentCapabilities,
        agent::OptionValue,
        agent::ResumeSupport,
        agent::EffectiveSafety,
        event::LogEvent,
        event::Event,
        event::LineKind,
        event::Step,
        event::StepKind,
        event::StepState,
        event::PlanEntry,
        event::PlanState,
        event::SavePoint,
        event::SaveReason,
        event::ChangeTotals,
        event::FileDiffStat,
        event::Usage,
        event::Question,
        event::QuestionKind,
        event::Risk,
        event::AgentSession,
        event::TestRun,
        event::QuestionOption,
        event::QuestionOptionKind,
        event::Outcome,
        view::TaskView,
        view::CurrentStep,
        view::Counts,
        view::BatchView,
        view::QueuePosition,
        view::BatchDetail,
        view::PlaceView,
        view::AgentPause,
        view::TranscriptLine,
        view::LinePage,
        view::Matches,
        view::Changes,
        view::FileChange,
        view::ChangeKind,
        view::FilePatch,
        view::PatchLine,
        view::PatchLineKind,
        app::ProjectView,
        app::ProjectState,
        app::Draft,
        app::Recipe,
        app::Settings,
        app::Theme,
        app::HomeView,
        app::ProjectRef,
        app::PublishResult,
        endpoint::Endpoint,
        endpoint::EndpointView,
        endpoint::TokenView,
        endpoint::SecretState,
        endpoint::CredentialsView,
        endpoint::ConnectionTest,
        endpoint::Repository,
        endpoint::RepositoryPage,
        endpoint::RemoteBranch,
    );
    format!("{HEADER}\n{}\n{}", limit_constants(), all.join("\n"))
}

/// The limits that the window says before the engine would.
fn limit_constants() -> String {
    let limits = [
        ("MAX_TASKS", request::MAX_TASKS),
        ("MAX_PROMPT_CHARS", request::MAX_PROMPT_CHARS),
        ("MAX_NAME_CHARS", request::MAX_NAME_CHARS),
        ("MAX_PARALLEL", request::MAX_PARALLEL as usize),
        ("MAX_PAGE_LINES", view::MAX_PAGE_LINES as usize),
    ];
    limits.map(|(name, value)| format!("export const {name} = {value};\n")).concat()
}
