//! `cargo xtask test`: the same set-up, then every check and every test. One that fails
//! doesn't keep the others from running.

use crate::step::{BackgroundSteps, Step};
use crate::system::{self, Consent, Requirement};
use crate::{XtaskResult, agents, deny, node, paths, rust_tests};
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
    // What the build leaves of the machine, when it links or waits, is enough for these.
    let checks = BackgroundSteps::start(checks());
    let built = rust_tests::build();
    let mut failed = checks.finish();
    let tested = built.and_then(|()| rust_tests::test());
    failed.extend(tested.err());
    failed.extend(page_tests_step().run().err());
    if failed.is_empty() {
        println!("\nEvery check and every test passed.");
        return Ok(());
    }
    Err(failed.join("\n"))
}

/// Everything that needs nothing of Rust to be built.
fn checks() -> Vec<Step> {
    let ui = |name, script, help| Step::new(name, node::npm(&["run", script]), help);
    let format = paths::cargo(&["fmt", "--all", "--check"]);
    let mut steps = vec![
        Step::new("Rust format", format, "Run cargo fmt --all."),
        ui("UI lints", "lint", "Mend what ESLint says; for the format, run npm run format in ui/."),
        ui("UI types", "check", "Mend what svelte-check says."),
        ui("UI tests", "test", "Run npm test in ui/ for the one that fails.")
            .highlighting(is_summary),
    ];
    steps.extend(deny::steps());
    steps
}

fn page_tests_step() -> Step {
    let mut command = node::npm(&["run", "pages"]);
    if let Some(browser) = system::BROWSERS.iter().find_map(|name| paths::find_on_path(name)) {
        command.env("CHROMIUM", browser);
    }
    Step::new("Page tests", command, "Run npm run pages in ui/ and look at tests/pages/shots.")
        .highlighting(is_summary)
}

/// The lines with which the UI's test runners close, and those of tests that failed.
fn is_summary(line: &str) -> bool {
    let line = line.trim();
    let vitest = line.starts_with("Tests ") || line.starts_with("FAIL ");
    let node = ["# tests ", "# pass ", "# fail ", "ℹ tests ", "ℹ pass ", "ℹ fail ", "✖ "];
    vitest || node.iter().any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::is_summary;

    #[test]
    fn each_runners_closing_lines_are_shown() {
        for line in
            ["      Tests  12 passed (12)", "# pass 8", "ℹ fail 0", "✖ tabs by keyboard (12ms)"]
        {
            assert!(is_summary(line), "{line}");
        }
        assert!(!is_summary(" ✓ src/lib/patch.test.ts (12 tests) 30ms"));
        assert!(!is_summary("✔ tabs by keyboard (12ms)"));
    }
}
