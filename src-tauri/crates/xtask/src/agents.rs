//! The real coding agents that tests run: installed by npm into a folder that is kept, in the
//! versions of one table.

#[path = "../../../../tests/agents/cache.rs"]
mod cache;

use crate::step::{Step, report_skipped, run_if_stale};
use crate::{XtaskResult, node};
use cache::{MARKER_FILE, VERSIONS, agent_dir, is_installed};
use std::fs;

const NAME: &str = "Agents";

/// Installs those that aren't there in these versions.
pub(crate) fn install_missing() -> XtaskResult {
    for line in VERSIONS.lines() {
        let (agent, packages) = line.split_once(' ').expect("BUG: a name, then packages");
        let folder = agent_dir(agent).ok_or("Neither XDG_CACHE_HOME nor HOME is set.")?;
        fs::create_dir_all(&folder)
            .map_err(|problem| format!("{}: {problem}", folder.display()))?;
        run_if_stale(&folder.join(MARKER_FILE), line.as_bytes(), || {
            println!("{packages}");
            let mut npm = node::npm(&["install", "--no-audit", "--no-fund", "--prefix"]);
            npm.arg(&folder).args(packages.split(' '));
            Step::new(NAME, npm, "Check the network, then run this again.").run()
        })?;
    }
    Ok(())
}

/// Names those that aren't there, and so aren't tested.
pub(crate) fn report_missing() {
    let missing: Vec<&str> = VERSIONS
        .lines()
        .filter(|line| !is_installed(line))
        .filter_map(|line| line.split(' ').next())
        .collect();
    if missing.is_empty() {
        report_skipped(NAME, "all there");
    } else {
        let them = missing.join(", ");
        let why = format!("not there, so not tested: {them} (cargo xtask test --agents)");
        report_skipped(NAME, &why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_pinned() {
        let packages = VERSIONS.lines().flat_map(|line| line.split(' ').skip(1));
        for package in packages {
            let version = package.rsplit_once('@').map(|(_, version)| version);
            assert!(
                version.is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit())),
                "{package}"
            );
        }
        assert_eq!(VERSIONS.lines().count(), 4);
    }

    #[test]
    fn one_that_is_not_there_is_not_taken_for_one_that_is() {
        assert!(!is_installed("no-such-agent package@1.0.0"));
    }
}
