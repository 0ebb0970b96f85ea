//! Names that may not come back, and that no crate has two types of one name. Only what a file
//! defines is looked at: prose, texts and local variables may use any word.

use crate::definitions::{self, Definition};
use crate::{SourceFile, assert_none, read_sources};
use std::collections::BTreeMap;

/// Names of types that each meant something else in another file, or that no one could guess;
/// and what to write instead.
const TYPES: [(&str, &str); 97] = [
    ("Added", "PublishResult, or what was added"),
    ("AgentPick", "AgentSelection"),
    ("Announcer", "Notifier"),
    ("Answers", "AskpassServer"),
    ("Around", "AttemptContext"),
    ("Asked", "StoredTask, PendingQuestion, ReceivedCall"),
    ("Asker", "PermissionAsker"),
    ("Asking", "PendingQuestions"),
    ("Bare", "UnknownEvent, or what it is"),
    ("Beginning", "SessionOpener"),
    ("Begun", "OpenSession"),
    ("BranchLook", "RemoteBranch"),
    ("Broken", "StreamError"),
    ("Carrier", "AttemptDriver"),
    ("Cut", "InterruptedAttempt"),
    ("Deeds", "Actions"),
    ("Desk", "AttemptLoop"),
    ("Dock", "ServerEnv"),
    ("Doers", "SelectedAgents"),
    ("Drive", "CallDriver"),
    ("Ear", "OutputReader"),
    ("Equipment", "LaunchSpec"),
    ("Gathered", "LineBatcher"),
    ("GoOn", "Continuation"),
    ("GoesOn", "ResumeSupport"),
    ("Greeted", "AgentInfo"),
    ("Ground", "StartPoint"),
    ("Happened", "RunnerEvent"),
    ("Harbour", "RealAgentsEnv"),
    ("Headline", "Notification"),
    ("Heard", "LoopEvent, SessionEvent"),
    ("Hearing", "StreamState"),
    ("Held", "SuspendedAttempt"),
    ("HereChoices", "LocalChoices"),
    ("HereFacts", "LocalFacts"),
    ("Holds", "AgentPauses"),
    ("InForce", "EffectiveSafety"),
    ("Intake", "EventBatcher"),
    ("Invoked", "CallTask"),
    ("Keeping", "what is kept, or where"),
    ("Kept", "ProbeRecord, PersistedQueue"),
    ("Lane", "AttemptStream"),
    ("LastRow", "AddTaskRow"),
    ("Left", "CarriedResult, CopyState, LeftoverWork"),
    ("Link", "Connection, ControlChannel"),
    ("Manners", "StopBehaviour"),
    ("Mark", "ProcessIdentity, UrgentState"),
    ("Means", "CloudDeps"),
    ("Meter", "UsageMeter"),
    ("Missing", "SetupHint"),
    ("Named", "NamedTask, RepositoryLocation, TaskPath"),
    ("News", "Notifications"),
    ("Notice", "UserMessage"),
    ("Offer", "OptionValue"),
    ("Offers", "AgentCapabilities"),
    ("Order", "RunCommand"),
    ("Ours", "BuiltinStep"),
    ("Outlet", "OutputWriter"),
    ("Pace", "EventThrottle, SaveThrottle"),
    ("Patience", "GracePeriod"),
    ("PlaceMeans", "PlaceNote"),
    ("Printed", "OutputEvent, ToolOutput"),
    ("Pulse", "HeartbeatMonitor"),
    ("QuietFile", "TelemetryOffFile"),
    ("Ran", "RunOutput"),
    ("Received", "EventPart"),
    ("Refusal", "ApiError, CommandError"),
    ("Rescued", "RecoveredWork"),
    ("Room", "TestEnv, Backpressure"),
    ("RunsOn", "PlaceChoice"),
    ("Said", "ProbeCache, CliOutput, DemuxEvent"),
    ("Saver", "SavePointWriter"),
    ("Saving", "SavePointScheduler"),
    ("Sheet", "BatchForm"),
    ("Shore", "EndpointFixture"),
    ("Signs", "TurnInputs"),
    ("Slot", "SecretId"),
    ("Sorted", "Routed"),
    ("Spoken", "AgentSummary"),
    ("Standing", "StatusTracker, EndSummary"),
    ("Stands", "RecoveryState"),
    ("Story", "SessionRecord"),
    ("Talk", "Session"),
    ("Tested", "ConnectionTest"),
    ("ThereChoices", "EndpointChoices"),
    ("ThereFacts", "EndpointFacts"),
    ("Ties", "AttemptChannels"),
    ("Told", "FactEvent, AttemptCommand, ViewUpdate"),
    ("Trouble", "AgentErrorKind, RemoteErrorKind, KeyStoreError"),
    ("Verb", "Command"),
    ("Voice", "MessageBuffer"),
    ("Waiting", "QueuedAttempt"),
    ("Wanted", "LaunchRequest, BatchQuery"),
    ("Wish", "StopIntent, ToolRequest"),
    ("Working", "RunningAttempt"),
    ("Written", "PendingWrite, CommittedChanges"),
    ("Yard", "TestEnv"),
];

/// Names of functions that don't say what they do.
const FUNCTIONS: [(&str, &str); 49] = [
    ("again", "resume_session, retry_attempt"),
    ("anew", "new_session"),
    ("bring", "publish"),
    ("broken", "panicked_entries, or what it returns"),
    ("carry", "run, forward"),
    ("conclude", "finish"),
    ("converse", "run_turns"),
    ("cut", "truncate"),
    ("deaf", "cancel_timed_out"),
    ("destroys", "is_destructive"),
    ("equip", "launch_spec"),
    ("failed", "failed_outcome, assert_failed, has_failed"),
    ("fares", "what it does"),
    ("give", "serve, emit"),
    ("give_back", "release, return_…"),
    ("go_on", "continuation, resume_session"),
    ("greet", "initialize"),
    ("ground_here", "resolve_local"),
    ("ground_there", "resolve_remote"),
    ("hand_on", "forward"),
    ("hear", "next_event"),
    ("hear_out", "drain"),
    ("heard", "received, what was received"),
    ("in_turn", "serial_queue"),
    ("keep", "store, insert, retain"),
    ("leaves", "reaches_outside"),
    ("look", "validate, inspect, find"),
    ("look_up", "find_remote_branch"),
    ("meant", "classify_end"),
    ("meet", "track"),
    ("mend", "repair"),
    ("of", "from_…, for_…, or what it computes"),
    ("per_frame", "once_per_frame"),
    ("plausible", "normalise"),
    ("quieten", "turn_telemetry_off"),
    ("said", "non_empty, or what was said"),
    ("shown", "label, format_…, truncate_…"),
    ("speak", "push"),
    ("stand_alone", "become_session_leader"),
    ("stands", "find_recovery_state, wait_for_status"),
    ("stirred", "wait_for_activity"),
    ("surroundings", "env_and_sandbox"),
    ("take", "handle, push, acquire, take_…"),
    ("take_in_orphans", "become_subreaper"),
    ("take_in_the_dead", "reap_children"),
    ("tell", "send, report, publish"),
    ("told", "update, describe"),
    ("too_dear", "cost_limit_reached"),
    ("wind_down", "shut_down"),
];

/// Names of files and modules that don't say what is in them.
const FILES: [(&str, &str); 32] = [
    ("asked", "task_row"),
    ("desk", "attempt_loop"),
    ("deeds", "actions"),
    ("dock", "server_env"),
    ("go_on", "continuation"),
    ("ground", "start_point"),
    ("hands", "worker"),
    ("harbour", "real_agents_env"),
    ("intake", "event_batcher"),
    ("leftover", "orphans"),
    ("look", "validate"),
    ("look_up", "remote_branch"),
    ("made", "the file of what is made"),
    ("manners", "stop_behaviour"),
    ("mend", "repair"),
    ("meter", "usage"),
    ("named", "agent_name"),
    ("news", "notifications"),
    ("pace", "throttle"),
    ("planned", "recovery, continuation"),
    ("pulse", "heartbeat"),
    ("reach", "remote_call"),
    ("reads", "queries"),
    ("refusal", "error"),
    ("saves", "save_points"),
    ("stand", "agents_command"),
    ("standing", "status, end_summary"),
    ("talk", "session"),
    ("trouble", "agent_error"),
    ("voice", "message_buffer"),
    ("words", "what the words are for: messages, tool_titles"),
    ("yard", "test_env"),
];

const TYPE_KEYWORDS: [&str; 8] =
    ["struct", "enum", "union", "trait", "type", "class", "interface", "const"];
const FUNCTION_KEYWORDS: [&str; 3] = ["fn", "function", "const"];

/// The files whose definitions are looked at. The house rules hold the names that they look for.
fn code_files() -> Vec<SourceFile> {
    let is_code = |source: &SourceFile| {
        source.has_extension(&[".rs", ".ts", ".svelte", ".mjs"])
            && !source.is_under(&["tests/tidy/"])
    };
    read_sources().into_iter().filter(is_code).collect()
}

fn definitions_of(source: &SourceFile) -> Vec<Definition> {
    match source.has_extension(&[".rs"]) {
        true => definitions::in_rust(&source.text),
        false => definitions::in_script(&source.text),
    }
}

/// What to write in place of a definition's name, if that may not come back.
fn better_name(definition: &Definition) -> Option<&'static str> {
    let Definition { keyword, name, .. } = definition;
    let snake = to_snake_case(name);
    let find = |list: &[(&'static str, &'static str)], name: &str| {
        list.iter().find(|(old, _)| *old == name).map(|(_, better)| *better)
    };
    let of_type = TYPE_KEYWORDS.contains(keyword).then(|| find(&TYPES, name)).flatten();
    let of_function = FUNCTION_KEYWORDS.contains(keyword).then(|| find(&FUNCTIONS, &snake));
    let of_module = (*keyword == "mod").then(|| find(&FILES, name));
    of_type.or(of_function.flatten()).or(of_module.flatten())
}

/// The name of a file without its endings, as a module would have it.
fn module_name(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or_default();
    to_snake_case(file.split('.').next().unwrap_or_default())
}

/// `perFrame`, `PerFrame` and `per-frame` as `per_frame`.
fn to_snake_case(name: &str) -> String {
    let mut snake = String::new();
    for sign in name.chars() {
        if sign.is_uppercase() && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.extend(sign.to_lowercase());
    }
    snake.replace('-', "_")
}

/// The crate that a Rust file is compiled into, as far as its path tells: a package's sources,
/// or one of its tests or examples. Files of different systems are never compiled together.
fn crate_of(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    let file = parts.pop().unwrap_or_default();
    if parts == ["tests"] {
        return "tests".to_owned();
    }
    let target =
        parts.iter().position(|part| ["tests", "examples", "src", "targets"].contains(part));
    let own = target.map_or(parts.len(), |at| if parts[at] == "src" { at + 1 } else { at + 2 });
    let mut name = parts[..own.min(parts.len())].join("/");
    if own > parts.len() {
        name = format!("{name}/{file}");
    }
    let systems = ["linux.rs", "macos.rs", "windows.rs", "unix.rs"];
    if systems.contains(&file) { format!("{name} {file}") } else { name }
}

/// Types that stand twice in one crate, each with its places.
fn doubles<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let mut places: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (path, text) in files {
        let types = ["struct", "enum", "union", "trait", "type"];
        let defined = definitions::in_rust(text).into_iter();
        for definition in defined.filter(|it| types.contains(&it.keyword)) {
            let place = format!("{path}:{}", definition.line);
            places.entry((crate_of(path), definition.name)).or_default().push(place);
        }
    }
    let twice = places.into_iter().filter(|(_, places)| places.len() > 1);
    twice.map(|((_, name), places)| format!("{name}: {}", places.join(", "))).collect()
}

#[test]
fn no_word_comes_back_that_does_not_say_what_it_names() {
    let mut found = Vec::new();
    for source in code_files() {
        let module = module_name(&source.path);
        if let Some((_, better)) = FILES.iter().find(|(old, _)| *old == module) {
            found.push(format!("{}: call the file {better}", source.path));
        }
        for definition in definitions_of(&source) {
            if let Some(better) = better_name(&definition) {
                let Definition { keyword, name, line } = definition;
                found.push(format!("{}:{line}: {keyword} {name}: write {better}", source.path));
            }
        }
    }
    assert_none("names that don't say what they name", &found);
}

#[test]
fn no_crate_has_two_types_of_one_name() {
    let sources = code_files();
    let rust = sources.iter().filter(|source| source.has_extension(&[".rs"]));
    let files = rust.map(|source| (source.path.as_str(), source.text.as_str()));
    assert_none("types of one name in one crate", &doubles(files));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, in_rust: bool) -> Vec<String> {
        let found = if in_rust { definitions::in_rust(text) } else { definitions::in_script(text) };
        let refused = found.into_iter().filter(|it| better_name(it).is_some());
        refused.map(|it| it.name).collect()
    }

    #[test]
    fn the_lists_are_in_order_and_name_each_word_once() {
        for list in [&TYPES[..], &FUNCTIONS[..], &FILES[..]] {
            let mut words: Vec<&str> = list.iter().map(|(old, _)| *old).collect();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), list.len());
        }
    }

    #[test]
    fn old_names_are_refused_where_something_is_defined() {
        let rust = "struct Desk;\npub(crate) enum Told {\ntype Wish = u8;\nfn look(&self) {\n\
                    pub(super) async fn take<T>(it: T) {\nmod standing;\nstruct Yard {}\n";
        let names = ["Desk", "Told", "Wish", "look", "take", "standing", "Yard"];
        assert_eq!(refused(rust, true), names);
        let script = "export class Sheet {\nfunction perFrame() {\nexport const told = () => 1;\n\
                      export const Deeds = {};\ninterface RunsOn {\n";
        assert_eq!(refused(script, false), ["Sheet", "perFrame", "told", "Deeds", "RunsOn"]);
        for path in ["src/desk.rs", "a/go_on.rs", "ui/src/lib/deeds.ts", "ui/news.svelte.ts"] {
            let module = module_name(path);
            assert!(FILES.iter().any(|(old, _)| *old == module), "{path}");
        }
    }

    #[test]
    fn what_only_looks_like_an_old_name_is_none() {
        let rust = "struct DeskLamp;\nstruct Desktop;\nenum Outcome {\ntype Wishes = u8;\n\
                    fn look_for_git() {\nfn take_lines() {\nfn outlook() {\nmod standings;\n\
                    let desk = Desk::new();\nuse crate::told::Told;\n/// struct Yard\n\
                    fn offer() {\nstruct of;\nfn Desk() {\nconst told: u8 = 1;\nimpl Told {\n\
                    told: Told,\ntrait Keeper {\nfn cut_here() {\n";
        // A constant is called like a function only where functions are constants.
        assert_eq!(refused(rust, true), ["told"]);
        let script = "const { told } = props;\nimport { Sheet } from './x';\nlet look = 1;\nconst told = 1;\n\
                      class Sheets {\nfunction retell() {\n  told(view);\nexport class Batch {\n";
        assert_eq!(refused(script, false), [""; 0]);
        for path in ["src/desktop.rs", "src/wording.rs", "ui/News.test/feed.ts", "standing/a.rs"] {
            let module = module_name(path);
            assert!(!FILES.iter().any(|(old, _)| *old == module), "{path}");
        }
    }

    #[test]
    fn two_types_of_one_name_are_seen_in_one_crate_only() {
        let twice = [
            ("src-tauri/crates/git/src/call.rs", "struct Call {}\n"),
            ("src-tauri/crates/git/src/remote/call.rs", "mod tests {\n    enum Call {}\n}\n"),
        ];
        assert_eq!(doubles(twice.into_iter()).len(), 1);
        let apart = [
            ("src-tauri/crates/git/src/call.rs", "struct Call {}\nstruct CallError {}\n"),
            ("src-tauri/crates/git/tests/git/main.rs", "struct Call {}\n"),
            ("src-tauri/crates/git/tests/other.rs", "struct Call {}\n"),
            ("src-tauri/crates/engine/src/call.rs", "struct Call {}\nfn call() {}\nfn call() {}\n"),
            ("src-tauri/src/call.rs", "impl A for B {\n    type Call = u8;\n}\nstruct Call;\n"),
            ("tests/journeys/main.rs", "struct Call {}\n"),
            ("tests/faults/main.rs", "// struct Call\nstruct Call {}\n"),
            ("tests/lib.rs", "struct Call {}\n"),
            ("tests/desktop/main.rs", "struct Call {}\n"),
            ("src-tauri/crates/process/src/linux.rs", "struct Group {}\n"),
            ("src-tauri/crates/process/src/macos.rs", "struct Group {}\n"),
        ];
        assert_eq!(doubles(apart.into_iter()), [""; 0]);
    }
}
