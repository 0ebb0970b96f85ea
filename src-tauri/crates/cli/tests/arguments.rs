//! What the program says to a command line that can't be run, before anything is made.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// An empty folder to run in; every run keeps its data in `data` there.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    fn say(&self, args: &[&str]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_regatta"))
            .args(args)
            .current_dir(self.path())
            .output()
            .unwrap();
        Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// `regatta run` on a project that isn't looked at before the tasks are in order.
    fn run(&self, args: &[&str]) -> Said {
        let start = ["run", "--repo", "project", "--data-dir", "data"];
        self.say(&[&start[..], args].concat())
    }

    fn refused(&self, said: &Said, words: &[&str]) {
        assert_eq!(said.code, Some(2), "{}{}", said.out, said.err);
        assert_eq!(said.out, "");
        for word in words {
            assert!(said.err.contains(word), "{word:?} is said: {}", said.err);
        }
        assert!(!self.data().exists(), "nothing is made");
    }
}

#[test]
fn help_names_what_people_use_and_hides_the_worker() {
    let said = Desk::new().say(&["--help"]);
    assert_eq!(said.code, Some(0));
    for verb in ["run", "show", "add", "practice-agent"] {
        assert!(said.out.contains(&format!("\n  {verb} ")), "{verb}: {}", said.out);
    }
    assert!(!said.out.contains("worker"), "{}", said.out);
}

#[test]
fn no_words_at_all_get_the_help_and_a_failure() {
    let said = Desk::new().say(&[]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("Usage: regatta"), "{}", said.err);
}

#[test]
fn tasks_come_from_a_file_or_from_the_command_line() {
    let desk = Desk::new();
    desk.refused(&desk.run(&[]), &["--file", "--task"]);
    desk.refused(&desk.run(&["--file", "b.json", "--task", "A=x"]), &["cannot be used with"]);
    desk.refused(&desk.run(&["--task", "no prompt"]), &["NAME=PROMPT"]);
}

#[test]
fn numbers_have_their_range() {
    let desk = Desk::new();
    for number in ["0", "65", "-1", "many"] {
        let said = desk.run(&["--task", "A=x", &format!("--max-parallel={number}")]);
        desk.refused(&said, &["--max-parallel"]);
    }
}

#[test]
fn agents_are_known_by_kind() {
    let desk = Desk::new();
    let said = desk.run(&["--task", "A=x", "--agent", "robot"]);
    desk.refused(&said, &["practice", "acp", "command"]);
    desk.refused(&desk.run(&["--task", "A=x", "--command", "x"]), &["--agent"]);
    desk.refused(&desk.run(&["--task", "A=x", "--agent", "acp"]), &["No program is named"]);
}

#[test]
fn each_bad_row_is_named_and_all_are_told_at_once() {
    let desk = Desk::new();
    let long = format!("C={}", "x".repeat(100_001));
    let said = desk.run(&["--task", "A=x", "--task", "=x", "--task", "A=", "--task", &long]);
    desk.refused(
        &said,
        &[
            "Task 2: This task has no name.",
            "Task 3: Task 1 already has this name.",
            "Task 3: This task doesn't say what to do.",
            "Task 4: This text has 100001 characters",
        ],
    );
}

#[test]
fn a_wrong_file_is_told_by_line_and_column_and_what_was_expected() {
    let desk = Desk::new();
    let text = "{\n  \"parallel_tasks\": [\n    {\"task_name\": \"A\", \"prompt\": 5}\n  ]\n}";
    std::fs::write(desk.path().join("batch.json"), text).unwrap();
    let said = desk.run(&["--file", "batch.json"]);
    desk.refused(&said, &["batch.json", "line 3, column 34", "expected a string"]);
    let said = desk.run(&["--file", "elsewhere.json"]);
    desk.refused(&said, &["elsewhere.json", "can't be read"]);
}

#[test]
fn a_file_without_a_project_needs_one_on_the_command_line() {
    let desk = Desk::new();
    std::fs::write(desk.path().join("batch.json"), "{}").unwrap();
    let said = desk.say(&["run", "--file", "batch.json", "--data-dir", "data"]);
    desk.refused(&said, &["No project is named.", "--repo DIR"]);
}

#[test]
fn a_folder_without_batches_is_named_and_not_made() {
    let desk = Desk::new();
    for verb in ["show", "add"] {
        let said = desk.say(&[verb, "any", "--data-dir", "data"]);
        desk.refused(&said, &["There are no batches in data."]);
    }
}

#[test]
fn what_is_said_about_a_hostile_word_drives_no_terminal() {
    let desk = Desk::new();
    let said = desk.run(&["--file", "\u{1b}]0;owned\u{7}\u{1b}[2J.json"]);
    desk.refused(&said, &[".json can't be read"]);
    assert!(!said.err.contains(['\u{1b}', '\u{7}']), "{:?}", said.err);
}
