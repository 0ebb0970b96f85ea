//! Building, linting and testing everything that is Rust.

use crate::step::{Step, report_skipped};
use crate::{XtaskResult, clippy, junit, paths};
use std::fs;
use std::path::PathBuf;

const EVERYTHING: [&str; 2] = ["--workspace", "--all-targets"];
/// How many of the slowest tests are named.
const SLOWEST: usize = 20;

/// Builds and lints everything; tests start programs that have to be there.
pub(crate) fn build() -> XtaskResult {
    let mut build = paths::cargo(&["build"]);
    build.args(EVERYTHING);
    let Some(environment) = clippy::environment() else {
        Step::new("Build", build, "Mend what the compiler says.").run()?;
        let mut lint = paths::cargo(&["clippy"]);
        lint.args(EVERYTHING).args(["--", "-D", "warnings"]);
        return Step::new("Rust lints", lint, "Mend what clippy says.").run();
    };
    build.envs(environment);
    let help = "Mend what the compiler and clippy say; without that, nothing is tested.";
    Step::new("Build and lints", build, help).run()
}

/// Runs every test with cargo-nextest, or where that isn't there with cargo itself.
pub(crate) fn test() -> XtaskResult {
    if !paths::cargo_has("nextest") {
        let help = "Run cargo test -p CRATE NAME for the one that fails.";
        let tests = step(&["test", "--no-fail-fast"], help).highlighting(is_cargo_summary);
        let ran = tests.run();
        report_skipped(
            "Slowest tests",
            "only known with cargo-nextest (cargo install cargo-nextest --locked)",
        );
        return ran;
    }
    let report = junit_path();
    // That of an earlier run must not be taken for this one's.
    match fs::remove_file(&report) {
        Err(problem) if report.exists() => return Err(format!("{}: {problem}.", report.display())),
        _ => {}
    }
    let help = "Run cargo nextest run -p CRATE NAME for the one that fails.";
    let tests = step(&["nextest", "run", "--profile", "ci"], help).highlighting(is_nextest_summary);
    let ran = tests.run();
    print_slowest(&fs::read_to_string(&report).unwrap_or_default());
    ran
}

fn step(runner: &[&str], help: &'static str) -> Step {
    let mut command = paths::cargo(runner);
    command.args(EVERYTHING).envs(clippy::environment().into_iter().flatten());
    // A snapshot that differs or is missing fails, and nothing is written beside it.
    command.envs([("INSTA_UPDATE", "no"), ("INSTA_FORCE_PASS", "0")]);
    Step::new("Rust tests", command, help)
}

fn print_slowest(report: &str) {
    let slowest = junit::slowest(report, SLOWEST);
    if !slowest.is_empty() {
        println!("The {} slowest Rust tests:", slowest.len());
    }
    for test in slowest {
        println!("{:8.1} s  {}", test.seconds, test.name);
    }
}

/// Where the profile `ci` of `.config/nextest.toml` has its report.
fn junit_path() -> PathBuf {
    paths::repository().join("target/nextest/ci/junit.xml")
}

/// The lines with which `cargo test` closes, and those of tests that failed.
fn is_cargo_summary(line: &str) -> bool {
    line.starts_with("test result:") || line.ends_with("... FAILED")
}

/// The line with which nextest closes, and those of tests that failed: `FAIL [   0.006s] …`,
/// or a signal's name. What a test printed is indented no less, and looks otherwise.
fn is_nextest_summary(line: &str) -> bool {
    let Some((word, _)) = line.trim_start().split_once(" [") else { return false };
    let is_status = word.chars().all(|sign| sign.is_ascii_uppercase() || "+- ".contains(sign));
    word == "Summary"
        || (is_status && !word.is_empty() && !["PASS", "SLOW", "LEAK"].contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_lines_of_cargo_test_are_shown() {
        for line in [
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
            "test store::keeps ... FAILED",
        ] {
            assert!(is_cargo_summary(line), "{line}");
        }
        for line in ["test store::keeps ... ok", "   Compiling regatta-git v0.1.0"] {
            assert!(!is_cargo_summary(line), "{line}");
        }
    }

    #[test]
    fn the_closing_lines_of_nextest_are_shown() {
        for line in [
            "     Summary [   0.118s] 3 tests run: 2 passed, 1 failed, 1 skipped",
            "        FAIL [   0.006s] (2/3) regatta-git store::keeps",
            "     TIMEOUT [  60.001s] (3/3) regatta-git store::keeps",
            "     SIGABRT [   0.007s] (3/3) regatta-git store::keeps",
        ] {
            assert!(is_nextest_summary(line), "{line}");
        }
        for line in [
            "        PASS [   0.006s] (1/3) regatta-git tells_a_failure",
            "        SLOW [> 60.000s] regatta-git store::keeps",
            "    test result: FAILED. 0 passed; 1 failed; 0 ignored",
            "    test store::keeps ... FAILED",
            "    Starting 23 tests across 1 binary [profile ci]",
            "    [1, 2]",
        ] {
            assert!(!is_nextest_summary(line), "{line}");
        }
    }
}
