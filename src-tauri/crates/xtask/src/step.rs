//! A piece of work that shows as one line with its time.

use crate::{XtaskResult, paths};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, PipeReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How many last lines a failing step shows.
const TAIL_LINES: usize = 80;
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
        let (name, help) = (self.name, self.help);
        let log = log_path(name).map_err(|problem| format!("{name}: {problem}."))?;
        print!("{name} … ");
        io::stdout().flush().map_err(|problem| problem.to_string())?;
        let began = Instant::now();
        let ended = self.run_logged(&log);
        let time = format_duration(began.elapsed());
        match ended {
            Ok(StepExit { is_success: well, has_highlights: told }) => {
                let again = if told { format!("{name}: ") } else { String::new() };
                println!("{again}{}{time}", if well { "" } else { "failed after " });
                if well {
                    return Ok(());
                }
                eprintln!("{}", log_excerpt(&log));
                let log = log.strip_prefix(paths::repository()).unwrap_or(&log).display();
                Err(format!("{name} failed. {help} Its whole output: {log}"))
            }
            Err(problem) => {
                println!("not started");
                Err(format!("{name} can't be started: {problem}. {help}"))
            }
        }
    }

    fn run_logged(mut self, log: &Path) -> io::Result<StepExit> {
        let file = File::create(log)?;
        let (reader, writer) = io::pipe()?;
        self.command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let mut child = self.command.spawn()?;
        // It holds the pipe's writing end; without it, only the child does.
        drop(self.command);
        let told = Arc::new(AtomicBool::new(false));
        let reading = {
            let told = Arc::clone(&told);
            thread::spawn(move || copy_output(reader, file, self.is_highlight, &told))
        };
        let status = child.wait()?;
        let until = Instant::now() + OUTPUT_GRACE;
        while !reading.is_finished() && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
        }
        Ok(StepExit { is_success: status.success(), has_highlights: told.load(Ordering::Relaxed) })
    }
}

struct StepExit {
    is_success: bool,
    has_highlights: bool,
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

/// Every line into the file, the telling ones on the screen as well.
fn copy_output(reader: PipeReader, mut file: File, telling: fn(&str) -> bool, told: &AtomicBool) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        // A full disk must not stop the program by a full pipe: read on.
        file.write_all(&line).unwrap_or_default();
        let text = String::from_utf8_lossy(&line);
        if telling(text.trim_end()) {
            if !told.swap(true, Ordering::Relaxed) {
                println!();
            }
            println!("{}", text.trim());
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

/// What cargo's test runners say of the tests that failed, wherever that stands; else the
/// last lines.
fn failure_excerpt(text: &str) -> String {
    let mut inside = false;
    let told = text.lines().filter(|line| {
        inside |= *line == "failures:";
        let is_told = inside;
        inside &= !line.starts_with("test result:");
        is_told
    });
    let told: Vec<&str> = told.collect();
    if !told.is_empty() {
        return told.join("\n");
    }
    let lines: Vec<&str> = text.lines().collect();
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
