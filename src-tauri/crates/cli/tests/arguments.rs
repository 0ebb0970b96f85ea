//! What the program says to a command line that can't be run, before anything is made.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests look from outside")]

use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

struct CliOutput {
    exit_code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// An empty folder to run in; every run keeps its data in `data` there.
struct EmptyEnv(TempDir);

impl EmptyEnv {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn data_dir(&self) -> PathBuf {
        self.path().join("data")
    }

    fn regatta(&self, args: &[&str]) -> CliOutput {
        let output = Command::new(env!("CARGO_BIN_EXE_regatta"))
            .args(args)
            .current_dir(self.path())
            .output()
            .unwrap();
        CliOutput {
            exit_code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// `regatta run` on a project that isn't looked at before the tasks are in order.
    fn run_batch(&self, args: &[&str]) -> CliOutput {
        let start = ["run", "--repo", "project", "--data-dir", "data"];
        self.regatta(&[&start[..], args].concat())
    }

    fn assert_refused(&self, output: &CliOutput, words: &[&str]) {
        assert_eq!(output.exit_code, Some(2), "{}{}", output.stdout, output.stderr);
        assert_eq!(output.stdout, "");
        for word in words {
            assert!(output.stderr.contains(word), "{word:?} is said: {}", output.stderr);
        }
        assert!(!self.data_dir().exists(), "nothing is made");
    }
}

#[test]
fn help_names_what_people_use_and_hides_the_worker() {
    let output = EmptyEnv::new().regatta(&["--help"]);
    assert_eq!(output.exit_code, Some(0));
    for command in ["run", "show", "add", "practice-agent"] {
        assert!(output.stdout.contains(&format!("\n  {command} ")), "{command}: {}", output.stdout);
    }
    assert!(!output.stdout.contains("worker"), "{}", output.stdout);
}

#[test]
fn the_long_help_says_how_to_call_it_and_fits_a_terminal() {
    for (verb, says) in [
        ("run", "\"Spring clean\""),
        ("serve", "POST http://127.0.0.1:8787/invoke/stdout"),
        ("agents", "--check starts each one"),
        ("practice-agent", "ask QUESTION | OPTION | OPTION"),
    ] {
        let long = EmptyEnv::new().regatta(&[verb, "--help"]).stdout;
        let short = EmptyEnv::new().regatta(&[verb, "-h"]).stdout;
        assert!(long.contains(says) && !short.contains(says), "{verb}: {long}");
        let about = long.split("\nUsage: ").next().unwrap_or_default();
        assert!(about.lines().all(|line| line.chars().count() <= 100), "{verb}: {about}");
    }
}

#[test]
fn each_command_says_how_it_is_called() {
    for verb in ["run", "show", "serve", "add", "agents", "practice-agent"] {
        let output = EmptyEnv::new().regatta(&[verb, "--help"]);
        assert_eq!(output.exit_code, Some(0));
        insta::assert_snapshot!(format!("help_{verb}"), output.stdout);
    }
    insta::assert_snapshot!("help", EmptyEnv::new().regatta(&["--help"]).stdout);
}

#[test]
fn no_words_at_all_get_the_help_and_a_failure() {
    let output = EmptyEnv::new().regatta(&[]);
    assert_eq!(output.exit_code, Some(2));
    assert!(output.stderr.contains("Usage: regatta"), "{}", output.stderr);
}

#[test]
fn tasks_come_from_a_file_or_from_the_command_line() {
    let env = EmptyEnv::new();
    env.assert_refused(&env.run_batch(&[]), &["--file", "--task"]);
    env.assert_refused(
        &env.run_batch(&["--file", "b.json", "--task", "A=x"]),
        &["cannot be used with"],
    );
    env.assert_refused(&env.run_batch(&["--task", "no prompt"]), &["NAME=PROMPT"]);
}

#[test]
fn numbers_have_their_range() {
    let env = EmptyEnv::new();
    for number in ["0", "65", "-1", "many"] {
        let output = env.run_batch(&["--task", "A=x", &format!("--max-parallel={number}")]);
        env.assert_refused(&output, &["--max-parallel"]);
    }
}

#[test]
fn agents_are_known_by_kind() {
    let env = EmptyEnv::new();
    let output = env.run_batch(&["--task", "A=x", "--agent", "robot"]);
    env.assert_refused(&output, &["practice", "acp", "command"]);
    env.assert_refused(&env.run_batch(&["--task", "A=x", "--command", "x"]), &["--agent"]);
    env.assert_refused(
        &env.run_batch(&["--task", "A=x", "--agent", "acp"]),
        &["No program is named"],
    );
}

#[test]
fn each_bad_row_is_named_and_all_are_told_at_once() {
    let env = EmptyEnv::new();
    let long = format!("C={}", "x".repeat(100_001));
    let output = env.run_batch(&["--task", "A=x", "--task", "=x", "--task", "A=", "--task", &long]);
    env.assert_refused(
        &output,
        &[
            "Task 2: This task has no name.",
            "Task 3: Task 1 already has this name.",
            "Task 3: This task doesn't say what to do.",
            "Task 4: This text has 100001 characters",
        ],
    );
    insta::assert_snapshot!(output.stderr);
}

#[test]
fn a_wrong_file_is_told_by_line_and_column_and_what_was_expected() {
    let env = EmptyEnv::new();
    let text = "{\n  \"parallel_tasks\": [\n    {\"task_name\": \"A\", \"prompt\": 5}\n  ]\n}";
    std::fs::write(env.path().join("batch.json"), text).unwrap();
    let output = env.run_batch(&["--file", "batch.json"]);
    env.assert_refused(&output, &["batch.json", "line 3, column 34", "expected a string"]);
    let output = env.run_batch(&["--file", "elsewhere.json"]);
    env.assert_refused(&output, &["elsewhere.json", "can't be read"]);
    insta::assert_snapshot!(output.stderr);
}

#[test]
fn a_file_without_a_project_needs_one_on_the_command_line() {
    let env = EmptyEnv::new();
    std::fs::write(env.path().join("batch.json"), "{}").unwrap();
    let output = env.regatta(&["run", "--file", "batch.json", "--data-dir", "data"]);
    env.assert_refused(&output, &["No project is named.", "--repo DIR"]);
}

#[test]
fn a_key_is_for_the_endpoint_that_the_file_names() {
    let env = EmptyEnv::new();
    let write = |endpoint: &str| {
        let task = "\"parallel_tasks\": [{\"task_name\": \"A\", \"prompt\": \"x\"}]";
        std::fs::write(env.path().join("batch.json"), format!("{{{endpoint}{task}}}")).unwrap();
    };
    let run = |more: &[&str]| env.run_batch(&[&["--file", "batch.json"][..], more].concat());
    write("");
    let output = run(&["--endpoint-key-file", "key"]);
    env.assert_refused(&output, &["no endpoint", "the batch's file"]);
    write("\"endpoint\": {\"id\": \"e\", \"name\": \"E\", \"address\": \"http://127.0.0.1:9\"}, ");
    env.assert_refused(&run(&["--endpoint-key-file", "key"]), &["key can't be read"]);
    let output = env.run_batch(&["--task", "A=x", "--endpoint-key-file", "key"]);
    env.assert_refused(&output, &["no endpoint"]);
}

#[test]
fn a_folder_without_batches_is_named_and_not_made() {
    let env = EmptyEnv::new();
    for command in ["show", "add"] {
        let output = env.regatta(&[command, "any", "--data-dir", "data"]);
        env.assert_refused(&output, &["There are no batches in data."]);
    }
}

#[test]
fn what_is_said_about_a_hostile_word_drives_no_terminal() {
    let env = EmptyEnv::new();
    let output = env.run_batch(&["--file", "\u{1b}]0;owned\u{7}\u{1b}[2J.json"]);
    env.assert_refused(&output, &[".json can't be read"]);
    assert!(!output.stderr.contains(['\u{1b}', '\u{7}']), "{:?}", output.stderr);
}
