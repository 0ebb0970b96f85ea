//! The UI's tool chain: Node, its packages, the built pages.

use crate::step::{Step, report_skipped, run_if_stale};
use crate::{XtaskResult, paths};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The oldest Node that the UI's tools run on.
const MIN_NODE_VERSION: (u32, u32) = (20, 19);

/// The UI's packages, installed anew only when the list of their versions changed.
pub(crate) fn install_packages() -> XtaskResult {
    const NAME: &str = "UI packages";
    check_version()?;
    let list = ui_dir().join("package-lock.json");
    let wanted = fs::read(&list).map_err(|problem| format!("{}: {problem}", list.display()))?;
    // In the folder of the packages: whoever removes that, removes the mark.
    let mark = ui_dir().join("node_modules/.installed-by-xtask");
    let done = run_if_stale(&mark, &wanted, || {
        Step::new(NAME, npm(&["ci"]), "Check the network, then run this again.").run()
    })?;
    if !done {
        report_skipped(NAME, "as they should be");
    }
    Ok(())
}

/// The built pages, built anew only when something that they are made of is newer.
pub(crate) fn build_ui() -> XtaskResult {
    const NAME: &str = "UI";
    let built = ui_dir().join("dist/index.html");
    let made = fs::metadata(&built).and_then(|entry| entry.modified());
    if made.is_ok_and(|made| latest_change(&ui_dir()).is_none_or(|source| source < made)) {
        report_skipped(NAME, "built already");
        return Ok(());
    }
    Step::new(NAME, npm(&["run", "build"]), "Mend what Vite says.").run()
}

/// npm in the UI's folder.
pub(crate) fn npm(args: &[&str]) -> Command {
    let mut command = paths::command_in_repository(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.args(args).current_dir(ui_dir()).env("NO_COLOR", "1");
    command
}

fn ui_dir() -> PathBuf {
    paths::repository().join("ui")
}

fn check_version() -> XtaskResult {
    const GET: &str = "Get Node 20.19 or later from nodejs.org or your system's packages.";
    let said = paths::command_in_repository("node").arg("--version").output();
    let said = said.map_err(|_| format!("Node isn't there. {GET}"))?;
    let said = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    match parse_version(&said) {
        Some(found) if found >= MIN_NODE_VERSION => Ok(()),
        _ => Err(format!("Node is too old ({said}). {GET}")),
    }
}

/// `v20.19.2` as (20, 19).
fn parse_version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.strip_prefix('v')?.split('.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?.parse().ok()?;
    Some((major, minor))
}

/// When anything below `folder` last changed; a folder changes when a file in it goes.
fn latest_change(folder: &Path) -> Option<SystemTime> {
    let own = fs::metadata(folder).and_then(|entry| entry.modified()).ok();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let below = entries.filter_map(|entry| {
        let name = entry.file_name();
        if name == "node_modules" || name == "dist" || name == "dist-pages" {
            return None;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => latest_change(&entry.path()),
            _ => entry.metadata().and_then(|entry| entry.modified()).ok(),
        }
    });
    below.chain(own).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(parse_version("v20.19.2"), Some((20, 19)));
        assert!(parse_version("v20.9.0") < Some(MIN_NODE_VERSION));
        assert!(parse_version("v100.0.0") > Some(MIN_NODE_VERSION));
        assert_eq!(parse_version("20"), None);
    }

    #[test]
    fn a_changed_file_makes_its_folder_newer() {
        let source = paths::repository().join("src-tauri/crates/xtask/src");
        let this = fs::metadata(source.join("node.rs")).and_then(|entry| entry.modified());
        assert!(latest_change(&source) >= this.ok());
    }
}
