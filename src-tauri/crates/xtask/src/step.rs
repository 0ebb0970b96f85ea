//! A piece of work that shows as one line with its time.

use crate::{XtaskResult, paths};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, PipeReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How many last lines a failing step shows.
const TAIL_LINES: usize = 80;
/// How many lines about failed tests are shown; the log has them all.
const MAX_FAILURE_LINES: usize = 400;
/// How long output is waited for once its program has ended: a process that it left behind
/// may hold the pipe open for good.
const OUTPUT_GRACE: Duration = Duration::from_secs(2);

/// A program that runs with its output in a file.
pub(crate) struct Step {
    name: &'static str,
    command: Command,
    help: &'static str,
    is_highlight: fn(&str) -> bool,
}

impl Step {
    /// A step called `name`; `help` says what to do when it fails.
    pub(crate) fn new(name: &'static str, command: Command, help: &'static str) -> Self {
        Self { name, command, help, is_highlight: |_| false }
    }

    /// Lines to show at once, such as a test runner's counts.
    pub(crate) fn highlighting(mut self, telling: fn(&str) -> bool) -> Self {
        self.is_highlight = telling;
        self
    }

    /// Does it. On failure shows its last lines and says where the rest is.
    pub(crate) fn run(self) -> XtaskResult {
        print!("{} … ", self.name);
        io::stdout().flush().map_err(|problem| problem.to_string())?;
        let has_highlights = Arc::new(AtomicBool::new(false));
        let shown = Arc::clone(&has_highlights);
        let report = self.run_showing(move |line| {
            if !shown.swap(true, Ordering::Relaxed) {
                println!();
            }
            println!("{line}");
        });
        if has_highlights.load(Ordering::Relaxed) {
            print!("{}: ", report.name);
        }
        report.finish()
    }

    /// Does it; `show` gets the lines to show at once.
    fn run_showing(self, show: impl Fn(&str) + Send + 'static) -> Report {
        let (name, help) = (self.name, self.help);
        let began = Instant::now();
        let log = match log_path(name) {
            Ok(log) => log,
            Err(problem) => return Report::not_started(name, format!("{problem}.")),
        };
        match self.run_logged(&log, show) {
            Ok(is_success) => {
                let ending = format_duration(began.elapsed());
                let failure = (!is_success).then(|| Failure {
                    excerpt: log_excerpt(&log),
                    sentence: {
                        let log = log.strip_prefix(paths::repository()).unwrap_or(&log).display();
                        format!("{name} failed. {help} Its whole output: {log}")
                    },
                });
                Report { name, ending, failure }
            }
            Err(problem) => Report::not_started(name, format!("{problem}. {help}")),
        }
    }

    fn run_logged(mut self, log: &Path, show: impl Fn(&str) + Send + 'static) -> io::Result<bool> {
        let file = File::create(log)?;
        let (reader, writer) = io::pipe()?;
        self.command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let mut child = self.command.spawn()?;
        // It holds the pipe's writing end; without it, only the child does.
        drop(self.command);
        let is_highlight = self.is_highlight;
        let reading = thread::spawn(move || copy_output(reader, file, is_highlight, show));
        let status = child.wait()?;
        let until = Instant::now() + OUTPUT_GRACE;
        while !reading.is_finished() && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
        }
        Ok(status.success())
    }
}

/// How a step ended.
struct Report {
    name: &'static str,
    /// The time it took, or why it took none.
    ending: String,
    failure: Option<Failure>,
}

struct Failure {
    /// The part of the log that says why.
    excerpt: String,
    sentence: String,
}

impl Report {
    fn not_started(name: &'static str, why: String) -> Self {
        let sentence = format!("{name} can't be started: {why}");
        let failure = Some(Failure { excerpt: String::new(), sentence });
        Self { name, ending: "not started".to_owned(), failure }
    }

    /// Ends the step's line, and shows why it failed.
    fn finish(self) -> XtaskResult {
        let Some(Failure { excerpt, sentence }) = self.failure else {
            println!("{}", self.ending);
            return Ok(());
        };
        println!("failed, {}", self.ending);
        eprintln!("{excerpt}");
        Err(sentence)
    }
}

/// Steps that run one after another beside what else is done. Each shows as one line with its
/// time when they are waited for, so that lines don't mix.
pub(crate) struct BackgroundSteps(JoinHandle<Vec<(Vec<String>, Report)>>);

impl BackgroundSteps {
    /// Begins with the first.
    pub(crate) fn start(steps: Vec<Step>) -> Self {
        let run = |step: Step| {
            let lines = Arc::new(Mutex::new(Vec::new()));
            let kept = Arc::clone(&lines);
            let report = step.run_showing(move |line| {
                kept.lock().expect("BUG: nobody panics with it").push(line.to_owned());
            });
            let lines = lines.lock().expect("BUG: nobody panics with it").clone();
            (lines, report)
        };
        Self(thread::spawn(move || steps.into_iter().map(run).collect()))
    }

    /// Waits until all are done, and shows them; what to do about those that failed.
    pub(crate) fn finish(self) -> Vec<String> {
        let reports = self.0.join().expect("BUG: a step panicked");
        let show = |(lines, report): (Vec<String>, Report)| {
            lines.iter().for_each(|line| println!("{line}"));
            print!("{} … ", report.name);
            report.finish().err()
        };
        reports.into_iter().filter_map(show).collect()
    }
}

/// Says that there is nothing to do.
pub(crate) fn report_skipped(name: &str, why: &str) {
    println!("{name}: {why}");
}

/// Does a step when the file `mark` doesn't hold `current` yet, and has it hold that. Says
/// whether there was something to do.
pub(crate) fn run_if_stale(
    mark: &Path,
    current: &[u8],
    step: impl FnOnce() -> XtaskResult,
) -> Result<bool, String> {
    if fs::read(mark).is_ok_and(|kept| kept == current) {
        return Ok(false);
    }
    step()?;
    fs::write(mark, current).map_err(|problem| format!("{}: {problem}", mark.display()))?;
    Ok(true)
}

/// Every line into the file, the telling ones shown as well.
fn copy_output(
    reader: PipeReader,
    mut file: File,
    is_highlight: fn(&str) -> bool,
    show: impl Fn(&str),
) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        // A full disk must not stop the program by a full pipe: read on.
        file.write_all(&line).unwrap_or_default();
        let text = String::from_utf8_lossy(&line);
        if is_highlight(text.trim_end()) {
            show(text.trim());
        }
        line.clear();
    }
}

fn log_path(name: &str) -> io::Result<PathBuf> {
    let notes = paths::state_dir();
    fs::create_dir_all(&notes)?;
    Ok(notes.join(name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-") + ".log"))
}

fn log_excerpt(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    failure_excerpt(&String::from_utf8_lossy(&text))
}

/// What the runners of Rust's tests say of the tests that failed, wherever that stands; else the
/// last lines.
fn failure_excerpt(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    // nextest says it all again behind its summary; a test's own output is indented less.
    if let Some(summary) = lines.iter().rposition(|line| line.starts_with("     Summary [")) {
        return lines[summary..]
            .iter()
            .take(MAX_FAILURE_LINES)
            .copied()
            .collect::<Vec<_>>()
            .join("\n");
    }
    let mut inside = false;
    let told = lines.iter().copied().filter(|line| {
        inside |= *line == "failures:";
        let is_told = inside;
        inside &= !line.starts_with("test result:");
        is_told
    });
    let told: Vec<&str> = told.collect();
    if !told.is_empty() {
        return told.join("\n");
    }
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

fn format_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(format_duration(Duration::from_millis(80)), "0.1 s");
        assert_eq!(format_duration(Duration::from_millis(59_900)), "59 s");
        assert_eq!(format_duration(Duration::from_secs(125)), "2 min 5 s");
    }

    #[test]
    fn failed_tests_are_shown_wherever_they_stand_and_else_the_end() {
        let log = "running 1 test\n\nfailures:\n\n---- a ----\nno\n\nfailures:\n    a\n\n\
                   test result: FAILED. 0 passed\n\nrunning 0 tests\ntest result: ok.\n";
        let told = failure_excerpt(log);
        assert!(told.starts_with("failures:\n\n---- a ----\nno"), "{told}");
        assert!(told.ends_with("test result: FAILED. 0 passed"), "{told}");
        let long: String = (0..200).map(|n| format!("{n}\n")).collect();
        assert!(
            failure_excerpt(&long).starts_with("120\n")
                && failure_excerpt(&long).ends_with("\n199")
        );
    }

    #[test]
    fn what_nextest_says_behind_its_summary_is_shown() {
        let log = "        FAIL [   0.1s] (1/2) crate a\n  stdout ───\n\n    failures:\n\n        PASS [   0.1s] \
                   (2/2) crate b\n────────────\n     Summary [   0.2s] 2 tests run: 1 passed, 1 failed\n        \
                   FAIL [   0.1s] (1/2) crate a\n  stderr ───\n\n    no\n";
        let told = failure_excerpt(log);
        assert!(told.starts_with("     Summary [   0.2s] 2 tests run"), "{told}");
        assert!(told.ends_with("FAIL [   0.1s] (1/2) crate a\n  stderr ───\n\n    no"), "{told}");
    }

    #[test]
    fn background_steps_run_in_turn_and_tell_which_failed() {
        let shell = |name, line: &str| {
            let mut command = paths::command_in_repository("sh");
            command.args(["-c", line]);
            Step::new(name, command, "Do this.").highlighting(|line| line.starts_with("told"))
        };
        let background = BackgroundSteps::start(vec![
            shell("Beside one", "echo told; exit 1"),
            shell("Beside two", "echo not shown"),
            shell("Beside three", "exit 2"),
        ]);
        let failed = background.finish();
        assert_eq!(failed.len(), 2, "{failed:?}");
        assert!(failed[0].starts_with("Beside one failed. Do this."), "{failed:?}");
        assert!(failed[1].starts_with("Beside three failed. Do this."), "{failed:?}");
        assert!(paths::state_dir().join("beside-two.log").is_file());
    }

    #[test]
    fn a_failing_step_says_what_to_do_and_where_its_output_is() {
        let mut command = paths::command_in_repository("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let step = Step::new("A step", command, "Do this.");
        let sentence = step.run().expect_err("it fails");
        assert!(sentence.starts_with("A step failed. Do this. Its whole output: "), "{sentence}");
        let kept = fs::read_to_string(paths::state_dir().join("a-step.log")).expect("the log");
        assert_eq!(kept, "out\nerr\n");
    }

    #[test]
    fn a_program_that_is_missing_is_named_as_such() {
        let step = Step::new(
            "Missing",
            paths::command_in_repository("no-such-program-here"),
            "Install it.",
        );
        let sentence = step.run().expect_err("it isn't there");
        assert!(sentence.contains("can't be started") && sentence.ends_with("Install it."));
    }

    #[test]
    fn what_a_step_leaves_running_does_not_hold_it_up() {
        let mut command = paths::command_in_repository("sh");
        command.args(["-c", "sleep 30 & echo $!"]);
        let began = Instant::now();
        Step::new("Leaves one", command, "").run().expect("it ends");
        assert!(began.elapsed() < Duration::from_secs(20));
        let pid = fs::read_to_string(paths::state_dir().join("leaves-one.log")).expect("the log");
        let mut kill = paths::command_in_repository("kill");
        assert!(kill.arg(pid.trim()).status().expect("kill").success());
    }

    #[test]
    fn a_marked_step_is_not_done_again_until_its_input_changes() {
        let mark = &std::env::temp_dir().join(format!("regatta-mark-{}", std::process::id()));
        let failing = || Err("no".to_owned());
        assert_eq!(run_if_stale(mark, b"1", failing), Err("no".to_owned()));
        assert_eq!(run_if_stale(mark, b"1", || Ok(())), Ok(true));
        assert_eq!(run_if_stale(mark, b"1", failing), Ok(false));
        assert_eq!(run_if_stale(mark, b"2", || Ok(())), Ok(true));
        fs::remove_file(mark).expect("the mark is there");
    }
}
