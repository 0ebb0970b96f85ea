//! `cargo xtask run`: the open app, or without a display the practice batch in the terminal.

use crate::step::Step;
use crate::system::{self, Consent, Requirement};
use crate::{XtaskResult, node, paths};
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const BUILD_HELP: &str = "Mend what the compiler says.";

/// Three tasks that show what there is to see: reading, writing, a command, and time.
const PRACTICE_BATCH: &str = r##"{
  "name": "Practice",
  "parallel_tasks": [
    { "task_name": "Describe the project", "prompt": "Describe this project." },
    { "task_name": "Write a guide",
      "prompt": "plan Look at the boats; Write the guide; Check it\nrun ls boats\nwait 1\nwrite docs/guide.md: # How to sail\nappend docs/guide.md: Hoist, steer, arrive.\nwait 1\nrun cat docs/guide.md\nsay The guide is in docs/guide.md." },
    { "task_name": "Rename a boat",
      "prompt": "run cat boats/first.txt\nwait 1\nwrite boats/first.txt: Albatross\nwait 1\nsay The first boat is called Albatross now." }
  ]
}
"##;

/// Sets up, builds, and opens the app.
pub(crate) fn run(said_yes: bool) -> XtaskResult {
    let consent = if said_yes { Consent::Given } else { Consent::Ask };
    if !has_display() {
        println!("There is no display here, so the practice batch runs in this terminal instead.");
        return run_practice_batch(consent);
    }
    let needs: Vec<&Requirement> = system::WINDOW.iter().chain([&system::GIT]).collect();
    system::ensure_installed(&needs, consent)?;
    node::install_packages()?;
    node::build_ui()?;
    let build = paths::cargo(&["build", "-p", "regatta-cli", "-p", "regatta-desktop"]);
    Step::new("App", build, BUILD_HELP).run()?;
    println!("Opening Regatta. It ends when its window is closed.");
    let status =
        paths::command_in_repository(paths::built_program("debug", "regatta-desktop")).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("Regatta ended with {status}.")),
        Err(problem) => Err(format!("Regatta can't be opened: {problem}.")),
    }
}

fn has_display() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(windows, target_os = "macos")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

fn run_practice_batch(consent: Consent) -> XtaskResult {
    system::ensure_installed(&[&system::GIT], consent)?;
    let build = paths::cargo(&["build", "-p", "regatta-cli"]);
    Step::new("Program regatta", build, BUILD_HELP).run()?;
    let folder = env::temp_dir().join(format!("regatta-practice-{}", std::process::id()));
    let project = make_project(&folder).map_err(|problem| {
        format!("The practice project can't be made in {}: {problem}.", folder.display())
    })?;
    let data = folder.join("data");
    let regatta = |words: &[&str]| {
        let mut command = paths::command_in_repository(paths::built_program("debug", "regatta"));
        command.args(words).arg("--data-dir").arg(&data);
        command
    };
    let mut run = regatta(&["run"]);
    run.arg("--file").arg(folder.join("batch.json")).arg("--repo").arg(&project);
    for (what, mut command) in [
        ("run", run),
        ("add", regatta(&["add", "Practice"])),
        ("show", regatta(&["show", "Practice"])),
    ] {
        println!("\n> regatta {what}");
        let status = command.status().map_err(|problem| format!("regatta {what}: {problem}"))?;
        if !status.success() {
            return Err(format!("regatta {what} ended with {status}."));
        }
    }
    println!("\nThe practice project is {}; its files are as they were.", project.display());
    Ok(())
}

/// A small repository with one commit, and the batch beside it.
fn make_project(folder: &Path) -> io::Result<PathBuf> {
    let project = folder.join("project");
    fs::create_dir_all(project.join("boats"))?;
    fs::write(folder.join("batch.json"), PRACTICE_BATCH)?;
    fs::write(project.join("README.md"), "# Harbour\n\nA project to practise on.\n")?;
    fs::write(project.join("boats/first.txt"), "Heron\n")?;
    fs::write(project.join("boats/second.txt"), "Puffin\n")?;
    for words in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "--all"],
        &["commit", "--quiet", "--no-verify", "--message", "Begin"],
    ] {
        let mut git = paths::command_in_repository("git");
        git.current_dir(&project).args(["-c", "user.name=Practice"]);
        git.args(["-c", "user.email=practice@localhost", "-c", "commit.gpgsign=false"]);
        let status = git.args(words).status()?;
        if !status.success() {
            return Err(io::Error::other(format!("git {} ended with {status}", words[0])));
        }
    }
    Ok(project)
}
