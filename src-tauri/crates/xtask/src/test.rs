//! `cargo xtask test`: the same set-up, then every check and every test. One that fails
//! doesn't keep the others from running.

use crate::step::Step;
use crate::system::{self, Consent, Requirement};
use crate::{XtaskResult, agents, node, paths};
use std::env;
use std::io::{self, IsTerminal};

/// Sets up, then checks and tests everything; `with_agents`: also with real coding agents, which
/// are installed where they aren't. Those that are there are tested in any case.
pub(crate) fn test(said_yes: bool, with_agents: bool) -> XtaskResult {
    let nobody_there = env::var_os("CI").is_some() || !io::stdin().is_terminal();
    let consent = if said_yes || nobody_there { Consent::Given } else { Consent::Ask };
    let needs: Vec<&Requirement> =
        system::WINDOW.iter().chain(system::test_requirements()).chain([&system::GIT]).collect();
    let watching = with_agents.then_some(&system::STRACE);
    let needs: Vec<&Requirement> = needs.into_iter().chain(watching).collect();
    system::ensure_installed(&needs, consent)?;
    node::install_packages()?;
    if with_agents {
        agents::install_missing()?;
    }
    agents::report_missing();
    // The shell holds the built pages: without them it doesn't compile.
    node::build_ui()?;
    let build = paths::cargo(&["build", "--workspace", "--all-targets"]);
    Step::new("Build", build, "Mend what the compiler says.").run()?;

    let failed: Vec<String> = steps().into_iter().filter_map(|step| step.run().err()).collect();
    if failed.is_empty() {
        println!("\nEvery check and every test passed.");
        return Ok(());
    }
    Err(failed.join("\n"))
}

fn steps() -> Vec<Step> {
    let rust = |name, args: &[&str], help| Step::new(name, paths::cargo(args), help);
    let ui = |name, script, help| Step::new(name, node::npm(&["run", script]), help);
    let lint = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    let tests = ["test", "--workspace", "--all-targets", "--no-fail-fast"];
    vec![
        rust("Rust format", &["fmt", "--all", "--check"], "Run cargo fmt --all."),
        rust("Rust lints", &lint, "Mend what clippy says."),
        ui("UI lints", "lint", "Mend what ESLint says; for the format, run npm run format in ui/."),
        ui("UI types", "check", "Mend what svelte-check says."),
        ui("UI tests", "test", "Run npm test in ui/ for the one that fails.")
            .highlighting(is_test_summary),
        rust("Rust tests", &tests, "Run cargo test -p CRATE NAME for the one that fails.")
            .highlighting(is_test_summary),
        page_tests_step(),
    ]
}

fn page_tests_step() -> Step {
    let mut command = node::npm(&["run", "pages"]);
    if let Some(browser) = system::BROWSERS.iter().find_map(|name| paths::find_on_path(name)) {
        command.env("CHROMIUM", browser);
    }
    Step::new("Page tests", command, "Run npm run pages in ui/ and look at tests/pages/shots.")
        .highlighting(is_test_summary)
}

/// The lines with which test runners close, and those of tests that failed.
fn is_test_summary(line: &str) -> bool {
    let line = line.trim();
    let cargo = line.starts_with("test result:") || line.ends_with("... FAILED");
    let vitest = line.starts_with("Tests ") || line.starts_with("FAIL ");
    let node = ["# tests ", "# pass ", "# fail ", "ℹ tests ", "ℹ pass ", "ℹ fail ", "✖ "];
    cargo || vitest || node.iter().any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::is_test_summary;

    #[test]
    fn each_runners_closing_lines_are_shown() {
        for line in [
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
            "test store::keeps ... FAILED",
            "      Tests  12 passed (12)",
            "# pass 8",
            "ℹ fail 0",
            "✖ tabs by keyboard (12ms)",
        ] {
            assert!(is_test_summary(line), "{line}");
        }
        assert!(!is_test_summary("test store::keeps ... ok"));
        assert!(!is_test_summary("   Compiling regatta-git v0.1.0"));
    }
}
