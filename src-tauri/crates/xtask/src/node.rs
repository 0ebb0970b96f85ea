//! The UI's tool chain: Node, its packages, the built pages.

use crate::step::{Step, skip, unless_marked};
use crate::{Outcome, place};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The oldest Node that the UI's tools run on.
const OLDEST: (u32, u32) = (20, 19);

/// The UI's packages, installed anew only when the list of their versions changed.
pub(crate) fn packages() -> Outcome {
    const NAME: &str = "UI packages";
    check_version()?;
    let list = ui().join("package-lock.json");
    let wanted = fs::read(&list).map_err(|problem| format!("{}: {problem}", list.display()))?;
    // In the folder of the packages: whoever removes that, removes the mark.
    let mark = ui().join("node_modules/.installed-by-xtask");
    let done = unless_marked(&mark, &wanted, || {
        Step::new(NAME, npm(&["ci"]), "Check the network, then run this again.").run()
    })?;
    if !done {
        skip(NAME, "as they should be");
    }
    Ok(())
}

/// The built pages, built anew only when something that they are made of is newer.
pub(crate) fn build() -> Outcome {
    const NAME: &str = "UI";
    let built = ui().join("dist/index.html");
    let made = fs::metadata(&built).and_then(|entry| entry.modified());
    if made.is_ok_and(|made| newest(&ui()).is_none_or(|source| source < made)) {
        skip(NAME, "built already");
        return Ok(());
    }
    Step::new(NAME, npm(&["run", "build"]), "Mend what Vite says.").run()
}

/// npm in the UI's folder.
pub(crate) fn npm(args: &[&str]) -> Command {
    let mut command = place::program(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.args(args).current_dir(ui()).env("NO_COLOR", "1");
    command
}

fn ui() -> PathBuf {
    place::repository().join("ui")
}

fn check_version() -> Outcome {
    const GET: &str = "Get Node 20.19 or later from nodejs.org or your system's packages.";
    let said = place::program("node").arg("--version").output();
    let said = said.map_err(|_| format!("Node isn't there. {GET}"))?;
    let said = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    match version(&said) {
        Some(found) if found >= OLDEST => Ok(()),
        _ => Err(format!("Node is too old ({said}). {GET}")),
    }
}

/// `v20.19.2` as (20, 19).
fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.strip_prefix('v')?.split('.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?.parse().ok()?;
    Some((major, minor))
}

/// When anything below `folder` last changed; a folder changes when a file in it goes.
fn newest(folder: &Path) -> Option<SystemTime> {
    let own = fs::metadata(folder).and_then(|entry| entry.modified()).ok();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let below = entries.filter_map(|entry| {
        let name = entry.file_name();
        if name == "node_modules" || name == "dist" {
            return None;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => newest(&entry.path()),
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
        assert_eq!(version("v20.19.2"), Some((20, 19)));
        assert!(version("v20.9.0") < Some(OLDEST));
        assert!(version("v100.0.0") > Some(OLDEST));
        assert_eq!(version("20"), None);
    }

    #[test]
    fn a_changed_file_makes_its_folder_newer() {
        let source = place::repository().join("src-tauri/crates/xtask/src");
        let this = fs::metadata(source.join("node.rs")).and_then(|entry| entry.modified());
        assert!(newest(&source) >= this.ok());
    }
}
