//! What may not stand in a source file.

use crate::{SourceFile, assert_none, read_sources};

/// "About 400 lines", said as a number.
const MAX_LINES: usize = 420;

/// Where processes may be started: the doors, the practice agent (a foreign program to the
/// rest of us), and tests that look from outside.
const PROCESS_STARTERS: [&str; 13] = [
    "src-tauri/crates/client/examples/",
    "src-tauri/crates/process/",
    "src-tauri/crates/git/",
    "src-tauri/crates/worker/src/program",
    "src-tauri/crates/worker/tests/",
    "src-tauri/crates/practice/",
    "src-tauri/crates/engine/src/agents/",
    "src-tauri/crates/engine/src/runner/",
    "src-tauri/crates/engine/tests/",
    "src-tauri/crates/xtask/",
    "src-tauri/crates/cli/tests/",
    "src-tauri/src/commands/tests/key_store.rs",
    "tests/",
];

/// What asks the operating system about processes, or is different from one to another.
const SYSTEM_WORDS: [&str; 17] = [
    " nix::",
    "(nix::",
    "<nix::",
    "&nix::",
    "\"/proc",
    "\"setsid\"",
    "killpg",
    "waitid",
    "process_group(",
    "unix::process",
    "unix::net",
    "windows::process",
    "UnixListener",
    "UnixStream",
    "PermissionsExt",
    "DirBuilderExt",
    "unix::fs::",
];

/// Who asks it all the same: the door, the log's file (below the door, and its owner's alone), the
/// sandbox (what it shows and refuses), and the practice agent.
const SYSTEM_ASKERS: [&str; 5] = [
    "src-tauri/crates/trace/src/log_file.rs",
    "src-tauri/crates/process/",
    "src-tauri/crates/worker/src/sandbox",
    "src-tauri/crates/engine/src/agents/sandbox.rs",
    "src-tauri/crates/practice/",
];

const CODE_EXTENSIONS: [&str; 6] = [".rs", ".ts", ".svelte", ".mjs", ".js", ".css"];

/// This file holds the words that it looks for.
const TIDY_FOLDER: &str = "tests/tidy/";

fn code_files() -> impl Iterator<Item = SourceFile> {
    read_sources()
        .into_iter()
        .filter(|source| source.has_extension(&CODE_EXTENSIONS) && !source.is_under(&[TIDY_FOLDER]))
}

fn rust_files() -> impl Iterator<Item = SourceFile> {
    code_files().filter(|source| source.has_extension(&[".rs"]))
}

/// What is in the programs: tests and examples look from outside.
fn shipped_rust() -> impl Iterator<Item = SourceFile> {
    let inside = rust_files().filter(|source| {
        let outside = ["/tests/", "/examples/"].iter().any(|part| source.path.contains(part));
        !outside && !source.is_under(&["tests/"])
    });
    inside.map(|source| SourceFile {
        text: source.text.split("#[cfg(test)]").next().unwrap_or_default().to_owned(),
        ..source
    })
}

fn ui_files() -> impl Iterator<Item = SourceFile> {
    code_files().filter(|source| source.is_under(&["ui/src/"]))
}

/// Each line that holds one of `words`, with its place.
fn lines_with(sources: impl Iterator<Item = SourceFile>, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for (line, number) in source.text.lines().zip(1..) {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    found
}

#[test]
fn files_stay_short_enough_to_read() {
    let made = ["ui/src/bindings/"];
    let long = code_files().filter(|source| !source.is_under(&made)).filter_map(|source| {
        let lines = source.text.lines().count();
        (lines > MAX_LINES).then(|| format!("{}: {lines} lines", source.path))
    });
    assert_none("files that are too long", &long.collect::<Vec<_>>());
}

#[test]
fn a_lint_is_expected_with_a_reason_and_never_allowed() {
    let found = lines_with(rust_files(), &["[allow(", " allow("]);
    assert_none("allowed lints", &found);
    let silenced = lines_with(ui_files(), &["@ts-ignore", "@ts-nocheck", "eslint-disable "]);
    assert_none("silenced checks", &silenced);
}

#[test]
fn processes_start_at_their_doors_only() {
    let inside = rust_files().filter(|source| !source.is_under(&PROCESS_STARTERS));
    // Clippy refuses the call itself (.clippy.toml), but not that a file is let off from that.
    let found = lines_with(inside, &["disallowed_methods", "CommandExt"]);
    assert_none("processes started elsewhere", &found);
}

#[test]
fn only_one_room_asks_the_system_about_processes() {
    let inside = shipped_rust()
        .filter(|source| !source.is_under(&SYSTEM_ASKERS) && !source.has_extension(&["/tests.rs"]));
    assert_none("questions to the system", &lines_with(inside, &SYSTEM_WORDS));
}

/// Whether a line asks the system for something, and drops the error without a word.
fn drops_in_silence(line: &str) -> bool {
    let asks = ["fs::", ".canonicalize()", ".spawn()", ".metadata()", "statvfs("];
    let drops = [".ok()", ".unwrap_or_default()"];
    let holds = |words: &[&str]| words.iter().any(|word| line.contains(word));
    holds(&asks) && holds(&drops) && !holds(&[".log_dropped(", ".log_failed("])
}

#[test]
fn an_error_of_the_system_is_not_dropped_in_silence() {
    assert!(drops_in_silence("let text = fs::read(path).unwrap_or_default();"));
    assert!(!drops_in_silence("fs::read(path).log_dropped(\"reading\").unwrap_or_default();"));
    assert!(!drops_in_silence("let number = text.parse().ok();"));
    // A process that is gone is an answer; others' programs keep no log of ours.
    let silent = [
        "src-tauri/crates/process/src/linux.rs",
        "src-tauri/crates/practice/",
        "src-tauri/crates/xtask/",
    ];
    let mut found = Vec::new();
    for source in shipped_rust().filter(|source| !source.is_under(&silent)) {
        let lines = source.text.lines().zip(1..).filter(|(line, _)| drops_in_silence(line));
        found.extend(lines.map(|(line, number)| format!("{}:{number}: {line}", source.path)));
    }
    assert_none("errors dropped in silence", &found);
}

#[test]
fn no_shell_is_ever_given_a_string() {
    // The practice agent's `run COMMAND` is a person's own line: the one shell there is.
    let foreign = ["src-tauri/crates/practice/", "src-tauri/crates/xtask/"];
    let inside = shipped_rust().filter(|source| !source.is_under(&foreign));
    let words = ["new(\"sh\"", "new(\"bash\"", "new(\"cmd\"", "\"sh\", \"-c\"", "\"bash\", \"-c\""];
    assert_none("shells", &lines_with(inside, &words));
}

#[test]
fn nobody_changes_the_environment_of_the_process() {
    let found = lines_with(rust_files(), &["env::set_var", "env::remove_var", "set_current_dir"]);
    assert_none("changes of the environment", &found);
}

#[test]
fn text_never_becomes_markup() {
    let shipped = ui_files().filter(|source| !source.has_extension(&[".test.ts"]));
    let found = lines_with(shipped, &["{@html", "innerHTML", "outerHTML", "insertAdjacentHTML"]);
    assert_none("text as markup", &found);
}

#[test]
fn nothing_is_left_to_be_done_or_looked_at() {
    let words = ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!(", "debugger;", ".only("];
    assert_none("leftovers", &lines_with(code_files(), &words));
}

#[test]
fn nothing_names_a_machine_or_its_places() {
    // Put together here, so that this file names none of them either.
    let hosts = ["registry npmjs", "static crates", "index crates", "deb debian", "pypi org"]
        .map(|words| words.replace(' ', "."));
    let homes = ["root", "Users", "work"].map(|folder| format!("/{folder}/"));
    let all = || read_sources().into_iter().filter(|source| !source.is_under(&[TIDY_FOLDER]));
    let hosts = hosts.each_ref().map(String::as_str);
    assert_none("hosts of registries", &lines_with(all(), &hosts));
    let homes = [homes.each_ref().map(String::as_str).as_slice(), &["C:\\Users"]].concat();
    assert_none("places of a machine", &lines_with(all(), &homes));
}

#[test]
fn every_crate_takes_the_shared_lints() {
    let manifests =
        read_sources().into_iter().filter(|source| source.has_extension(&["/Cargo.toml"]));
    let loose = manifests.filter(|source| !source.text.contains("[lints]\nworkspace = true"));
    assert_none("crates without the lints", &loose.map(|source| source.path).collect::<Vec<_>>());
}
