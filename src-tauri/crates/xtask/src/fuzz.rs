//! `cargo xtask fuzz`: random inputs for what reads foreign bytes, a minute each.

use crate::step::{Step, skip};
use crate::system::{self, Consent, Need};
use crate::{Outcome, place};
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

/// Each target and what its step is called.
const TARGETS: [(&str, &str); 2] = [("bytes", "Random bytes"), ("envelopes", "Random envelopes")];
const SECONDS: u32 = 60;

/// Builds the targets and runs each. One that finds something doesn't keep the others from
/// running.
pub(crate) fn fuzz(said_yes: bool) -> Outcome {
    let consent = if said_yes { Consent::Given } else { Consent::Ask };
    let needs: [&Need; 1] = [&system::CPP];
    system::provide(&needs, consent)?;
    tool(consent)?;
    let help = "Mend what the compiler says.";
    Step::new("Fuzz targets", cargo_fuzz(&["build"]), help).run()?;
    let failed: Vec<String> = TARGETS.iter().filter_map(|target| run(*target).err()).collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

fn run((target, name): (&'static str, &'static str)) -> Outcome {
    // What is found goes below the folder of builds; what is kept is read only.
    let found = folder().join("corpus").join(target);
    fs::create_dir_all(&found).map_err(|problem| format!("{}: {problem}", found.display()))?;
    let mut command = cargo_fuzz(&["run"]);
    command.arg(target).arg(&found).arg(crate_folder().join("fuzz/corpus").join(target));
    command.args(["--", &format!("-max_total_time={SECONDS}"), "-max_len=4096"]);
    Step::new(name, command, "Make the input a test, and mend it.").telling(is_news).run()
}

/// cargo-fuzz, installed when it is missing.
fn tool(consent: Consent) -> Outcome {
    const NAME: &str = "cargo-fuzz";
    let mut asked = place::cargo(&["fuzz", "--version"]);
    asked.stdout(Stdio::null()).stderr(Stdio::null());
    if asked.status().is_ok_and(|status| status.success()) {
        skip(NAME, "there");
        return Ok(());
    }
    if consent == Consent::Ask && !system::yes("Install cargo-fuzz now?")? {
        return Err("Install it: cargo install cargo-fuzz --locked".to_owned());
    }
    let install = place::cargo(&["install", NAME, "--locked"]);
    Step::new(NAME, install, "Check the network, then run this again.").run()
}

/// A call of cargo-fuzz. Without sanitizers, which only an unstable compiler has: our code
/// has nothing unsafe that they would watch.
fn cargo_fuzz(args: &[&str]) -> std::process::Command {
    let mut command = place::cargo(&["fuzz"]);
    command.args(args).args(["--sanitizer", "none", "--target-dir"]).arg(folder());
    command.current_dir(crate_folder());
    command
}

fn crate_folder() -> PathBuf {
    place::repository().join("src-tauri/crates/client")
}

fn folder() -> PathBuf {
    place::target().join("fuzz")
}

fn is_news(line: &str) -> bool {
    let starts = ["Done ", "Test unit written to", "SUMMARY:", "thread '"];
    starts.iter().any(|start| line.trim().starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_is_there_with_inputs_to_begin_with() {
        for (target, _) in TARGETS {
            let fuzz = crate_folder().join("fuzz");
            assert!(fuzz.join("targets").join(format!("{target}.rs")).is_file(), "{target}");
            let kept = fs::read_dir(fuzz.join("corpus").join(target)).expect("kept inputs");
            assert!(kept.count() > 0, "{target}");
        }
    }
}
