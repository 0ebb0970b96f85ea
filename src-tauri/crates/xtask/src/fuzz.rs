//! `cargo xtask fuzz`: random inputs for what reads foreign bytes, a minute each.

use crate::step::{Step, report_skipped};
use crate::system::{self, Consent, Requirement};
use crate::{XtaskResult, paths};
use std::fs;
use std::path::PathBuf;

/// Each target and what its step is called.
const TARGETS: [(&str, &str); 2] = [("bytes", "Random bytes"), ("envelopes", "Random envelopes")];
const SECONDS_PER_TARGET: u32 = 60;

/// Builds the targets and runs each. One that finds something doesn't keep the others from
/// running.
pub(crate) fn fuzz(said_yes: bool) -> XtaskResult {
    let consent = if said_yes { Consent::Given } else { Consent::Ask };
    let needs: [&Requirement; 1] = [&system::CPP];
    system::ensure_installed(&needs, consent)?;
    install_cargo_fuzz(consent)?;
    let help = "Mend what the compiler says.";
    Step::new("Fuzz targets", cargo_fuzz(&["build"]), help).run()?;
    let failed: Vec<String> =
        TARGETS.iter().filter_map(|target| run_target(*target).err()).collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

fn run_target((target, name): (&'static str, &'static str)) -> XtaskResult {
    // What is found goes below the folder of builds; what is kept is read only.
    let found = fuzz_dir().join("corpus").join(target);
    fs::create_dir_all(&found).map_err(|problem| format!("{}: {problem}", found.display()))?;
    let mut command = cargo_fuzz(&["run"]);
    command.arg(target).arg(&found).arg(client_crate().join("fuzz/corpus").join(target));
    command.args(["--", &format!("-max_total_time={SECONDS_PER_TARGET}"), "-max_len=4096"]);
    Step::new(name, command, "Make the input a test, and mend it.")
        .highlighting(is_fuzz_result)
        .run()
}

/// cargo-fuzz, installed when it is missing.
fn install_cargo_fuzz(consent: Consent) -> XtaskResult {
    const NAME: &str = "cargo-fuzz";
    if paths::cargo_has("fuzz") {
        report_skipped(NAME, "there");
        return Ok(());
    }
    if consent == Consent::Ask && !system::ask_yes_no("Install cargo-fuzz now?")? {
        return Err("Install it: cargo install cargo-fuzz --locked".to_owned());
    }
    let install = paths::cargo(&["install", NAME, "--locked"]);
    Step::new(NAME, install, "Check the network, then run this again.").run()
}

/// A call of cargo-fuzz. Without sanitizers, which only an unstable compiler has: our code
/// has nothing unsafe that they would watch.
fn cargo_fuzz(args: &[&str]) -> std::process::Command {
    let mut command = paths::cargo(&["fuzz"]);
    command.args(args).args(["--sanitizer", "none", "--target-dir"]).arg(fuzz_dir());
    command.current_dir(client_crate());
    command
}

fn client_crate() -> PathBuf {
    paths::repository().join("src-tauri/crates/client")
}

fn fuzz_dir() -> PathBuf {
    paths::target_dir().join("fuzz")
}

fn is_fuzz_result(line: &str) -> bool {
    let starts = ["Done ", "Test unit written to", "SUMMARY:", "thread '"];
    starts.iter().any(|start| line.trim().starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_is_there_with_inputs_to_begin_with() {
        for (target, _) in TARGETS {
            let fuzz = client_crate().join("fuzz");
            assert!(fuzz.join("targets").join(format!("{target}.rs")).is_file(), "{target}");
            let kept = fs::read_dir(fuzz.join("corpus").join(target)).expect("kept inputs");
            assert!(kept.count() > 0, "{target}");
        }
    }
}
