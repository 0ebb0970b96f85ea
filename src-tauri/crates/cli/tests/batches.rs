//! Whole batches of the practice agent, as a person sees them in the terminal.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests look from outside")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A project with one commit, and room for Regatta's data.
struct ProjectEnv(TempDir);

impl ProjectEnv {
    fn new() -> Self {
        let env = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(env.project()).unwrap();
        env.git(&["init", "--quiet", "--initial-branch=main"]);
        std::fs::write(env.project().join("README.md"), "# Harbour\n").unwrap();
        env.git(&["add", "--all"]);
        env.git(&["commit", "--quiet", "--message", "Begin"]);
        env
    }

    fn project(&self) -> PathBuf {
        self.0.path().join("project")
    }

    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@localhost"])
            .args(args)
            .current_dir(self.project())
            .output()
            .unwrap();
        assert!(output.status.success(), "git {args:?}: {}", to_text(&output.stderr));
        to_text(&output.stdout)
    }

    fn regatta(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_regatta"));
        command.args(args).arg("--data-dir").arg(self.0.path().join("data"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run_command(&self, tasks: &[&str]) -> Command {
        let mut command = self.regatta(&["run"]);
        command.arg("--repo").arg(self.project());
        for task in tasks {
            command.args(["--task", task]);
        }
        command
    }
}

fn to_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Its standard output, once it ended with that code.
fn stdout_of_exit(output: &Output, code: i32) -> String {
    let out = to_text(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{out}{}", to_text(&output.stderr));
    out
}

/// The line of the table that begins with that name.
fn table_row<'a>(out: &'a str, name: &str) -> Vec<&'a str> {
    let row = out.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn lines_then_a_table_then_branches() {
    let env = ProjectEnv::new();
    let tasks = ["Guide=write guide.md: How to sail\nsay Done.", "Idle=say Nothing to do."];
    let ran = stdout_of_exit(&env.run_command(&tasks).output().unwrap(), 0);
    assert!(ran.contains("[Guide] Done.\n") && ran.contains("[Idle] Nothing to do.\n"), "{ran}");
    assert_eq!(
        table_row(&ran, "Guide"),
        ["Guide", "Finished", "guide.md (+1 -0)", "not added yet"]
    );
    assert_eq!(table_row(&ran, "Idle"), ["Idle", "Finished", "nothing", "-"]);
    assert!(ran.contains("regatta add "), "it says how to add: {ran}");

    let added = stdout_of_exit(&env.regatta(&["add", "Guide"]).output().unwrap(), 0);
    assert!(added.contains("[Guide] regatta/guide/guide\n"), "{added}");
    assert!(added.contains("[Idle] It has no result to add.\n"), "{added}");
    assert_eq!(env.git(&["show", "regatta/guide/guide:guide.md"]), "How to sail\n");

    let shown = stdout_of_exit(&env.regatta(&["show", "Guide"]).output().unwrap(), 0);
    assert_eq!(
        table_row(&shown, "Guide  "),
        ["Guide", "Finished", "guide.md (+1 -0)", "regatta/guide/guide"]
    );
    let shown =
        stdout_of_exit(&env.regatta(&["show", "Guide", "--task", "Guide"]).output().unwrap(), 0);
    assert!(shown.contains("  +1 -0 guide.md\n") && shown.contains("\nDone.\n"), "{shown}");
    let again = stdout_of_exit(&env.regatta(&["add", "Guide"]).output().unwrap(), 0);
    assert!(again.contains("[Guide] regatta/guide/guide\n"), "{again}");
}

/// What was printed, without what is another each time or on another computer.
fn redact(text: &str, env: &ProjectEnv) -> String {
    let root = env.0.path().to_str().unwrap();
    let is_id = |word: &str| {
        word.len() == 36 && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    };
    let is_same = |line: &&str| !line.contains("works without a sandbox");
    let text: String = text.split_inclusive('\n').filter(is_same).collect();
    let text = text.replace(root, "ROOT");
    let words = text.split_inclusive(|sign: char| !(sign.is_alphanumeric() || sign == '-'));
    words
        .map(|word| {
            let id = word.trim_end_matches(|sign: char| !sign.is_alphanumeric());
            if is_id(id) { word.replace(id, "ID") } else { word.to_owned() }
        })
        .collect()
}

#[test]
fn what_a_batch_prints_from_its_start_to_its_branch() {
    let env = ProjectEnv::new();
    let prompt = "write guide.md: How to sail\nrun printf '\\033[31mred\\033[0m\\n'\nsay Done.";
    let mut all = String::new();
    let mut keep = |what: &str, mut command: Command| {
        let output = command.output().unwrap();
        let (out, err) = (to_text(&output.stdout), to_text(&output.stderr));
        all += &format!("$ regatta {what}\n{err}{out}({:?})\n\n", output.status.code());
    };
    keep("run", env.run_command(&[&format!("Guide={prompt}")]));
    keep("show", env.regatta(&["show", "Guide"]));
    keep("show --task", env.regatta(&["show", "Guide", "--task", "Guide"]));
    keep("add", env.regatta(&["add", "Guide"]));
    keep("show, again", env.regatta(&["show", "Guide"]));
    keep("show --task, unknown", env.regatta(&["show", "Guide", "--task", "Idle"]));
    keep("add, unknown", env.regatta(&["add", "Other"]));
    keep("run, failing", env.run_command(&["Bad=fail the harbour is closed"]));
    let mut missing = env.run_command(&["A=x"]);
    missing.args(["--start-from", "nowhere"]);
    keep("run, no such branch", missing);
    insta::assert_snapshot!(redact(&all, &env));
}

#[test]
fn what_is_in_no_commit_is_said_to_stay_out() {
    let env = ProjectEnv::new();
    let said =
        |env: &ProjectEnv| to_text(&env.run_command(&["A=say Hi."]).output().unwrap().stderr);
    assert!(!said(&env).contains("uncommitted"), "{}", said(&env));
    std::fs::write(env.project().join("draft.md"), "an idea\n").unwrap();
    let said = said(&env);
    assert!(said.contains("uncommitted changes") && said.contains("without them"), "{said}");
}

#[test]
fn one_failure_makes_the_exit_code_1() {
    let env = ProjectEnv::new();
    let ran =
        env.run_command(&["Good=say Yes.", "Bad=fail the harbour is closed"]).output().unwrap();
    let ran = stdout_of_exit(&ran, 1);
    assert_eq!(table_row(&ran, "Bad")[1], "Failed");
    assert!(ran.lines().any(|line| line.starts_with("[Bad] Failed: ")), "{ran}");
}

#[test]
fn unknown_batches_and_tasks_are_said() {
    let env = ProjectEnv::new();
    stdout_of_exit(&env.run_command(&["A=say Yes."]).output().unwrap(), 0);
    for words in [&["show", "B"][..], &["add", "B"], &["show", "A", "--task", "B"]] {
        let output = env.regatta(words).output().unwrap();
        assert_eq!(stdout_of_exit(&output, 2), "");
        assert!(!output.stderr.is_empty(), "{words:?}");
    }
}

#[test]
fn a_question_is_answered_by_a_typed_number() {
    let env = ProjectEnv::new();
    let mut running = env
        .run_command(&["Asks=ask Which colour? | Red | Blue\nwrite a.txt: a"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "[Asks]   2: Blue"), "the question is shown");
    running.stdin.take().unwrap().write_all(b"what?\n2\n").unwrap();
    let rest: Vec<String> = lines.collect();
    let ended = running.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("Blue")), "{rest:?}");
    assert!(to_text(&ended.stderr).contains("Type a number from 1 to 2."));
}

#[test]
fn a_question_that_nobody_can_answer_stops_its_task_and_no_other() {
    let env = ProjectEnv::new();
    let tasks = ["Asks=ask Sure? | Yes | No", "Other=wait 1\nwrite a.txt: a"];
    let ran = env.run_command(&tasks).output().unwrap();
    assert!(
        to_text(&ran.stderr).contains("[Asks] Nobody is here to answer"),
        "{}",
        to_text(&ran.stderr)
    );
    let ran = stdout_of_exit(&ran, 1);
    assert_eq!(table_row(&ran, "Asks")[1], "Stopped");
    assert_eq!(table_row(&ran, "Other")[1], "Finished");
}

#[test]
fn a_reader_that_goes_away_stops_nothing() {
    let env = ProjectEnv::new();
    let mut running =
        env.run_command(&["A=print 2000 lines\nwait 1\nprint 2000 lines\nwrite a.txt: a"]);
    let mut running = running.spawn().unwrap();
    let mut first = [0; 10];
    running.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let ended = running.wait_with_output().unwrap();
    let output = to_text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{output}");
    assert!(output.contains("the batch goes on") && !output.contains("panicked"), "{output}");
    let mut shown = env.regatta(&["show", "A", "--json"]).spawn().unwrap();
    drop(shown.stdout.take());
    let ended = shown.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), to_text(&ended.stderr)), (Some(0), String::new()));
}

#[test]
fn an_interrupt_ends_it_even_when_its_output_is_never_read() {
    let env = ProjectEnv::new();
    let mut running = env.run_command(&["A=print 200000 lines\nwait 600"]).spawn().unwrap();
    // Never read: what is in the store by now is far more than the pipe holds.
    let out = running.stdout.take().unwrap();
    let size = |name: &str| {
        std::fs::metadata(env.0.path().join("data").join(name)).map_or(0, |file| file.len())
    };
    let end = Instant::now() + Duration::from_secs(60);
    while size("regatta.db") + size("regatta.db-wal") < 1_000_000 && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    let id = running.id().to_string();
    assert!(Command::new("kill").args(["-s", "INT", &id]).status().unwrap().success());
    let ended = running.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(to_text(&ended.stderr).contains("regatta show"), "{}", to_text(&ended.stderr));
    let shown = env.regatta(&["show", "A"]).output().unwrap();
    assert_eq!(table_row(&to_text(&shown.stdout), "A  ")[1], "Stopped");
    drop(out);
}
