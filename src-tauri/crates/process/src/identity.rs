//! Processes that a worker left behind, found by what the system says of them. Only what
//! is provably a worker of ours, or was started by one, is ever ended.

use crate::system::{self, boot_id};
use regatta_trace::LogDropped;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// How long leftovers get to end by themselves. A worker whose engine is gone ends its
/// agent first, which takes up to 8 seconds, and saves the copy.
const EXIT_TIMEOUT: Duration = Duration::from_secs(15);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// What tells a worker from a later process with the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    pid: i32,
    /// When it started, in the system's ticks since the boot.
    #[serde(rename = "started")]
    start_ticks: u64,
    #[serde(rename = "boot")]
    boot_id: String,
}

impl ProcessIdentity {
    /// Returns the identity of a process that runs; `None` if the system doesn't tell.
    #[must_use]
    pub fn for_pid(pid: u32) -> Option<Self> {
        let pid = i32::try_from(pid).ok()?;
        Some(Self { pid, start_ticks: system::start_ticks(pid)?, boot_id: boot_id()? })
    }

    /// Keeps it in a file.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        fs::write(path, serde_json::to_vec(self)?)
    }

    /// Returns what was kept in a file; `None` if there is none.
    #[must_use]
    pub fn load(path: &Path) -> Option<Self> {
        let kept = fs::read(path).log_dropped("reading who worked on a task")?;
        serde_json::from_slice(&kept).log_dropped("reading who worked on a task")
    }

    /// Waits until the worker and everything it started are gone; what isn't after a
    /// while is killed.
    pub async fn wait_for_exit(&self) {
        if boot_id().as_deref() != Some(self.boot_id.as_str()) {
            return; // The computer was started again since.
        }
        let deadline = tokio::time::Instant::now() + EXIT_TIMEOUT;
        while !self.live_pids().is_empty() {
            if tokio::time::Instant::now() >= deadline {
                self.kill_all();
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Kills the worker, if it runs, and everything it started.
    pub fn kill_all(&self) {
        for pid in self.live_pids() {
            system::kill(pid);
        }
    }

    /// The worker, the processes of its session, and everything that descends from these.
    fn live_pids(&self) -> Vec<i32> {
        system::find_family(self.pid, self.start_ticks)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests look from outside")]

    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Command, Stdio};

    #[tokio::test]
    async fn a_session_is_ended_and_nobody_else() {
        let dir = tempfile::tempdir().expect("a folder");
        let script = dir.path().join("family.sh");
        fs::write(&script, "#!/bin/sh\nsleep 300 &\nsleep 300 &\nwait\n").expect("a file");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a mode");
        let start = |program: &[&OsStr]| {
            let mut command = Command::new("setsid");
            command.args(program).stdin(Stdio::null()).spawn().expect("setsid")
        };
        let mut ours = start(&[script.as_ref()]);
        let mut other = start(&["sleep".as_ref(), "300".as_ref()]);
        let mark = ProcessIdentity::for_pid(ours.id()).expect("a mark");
        while mark.live_pids().len() < 3 {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        let later = ProcessIdentity { start_ticks: mark.start_ticks + 1, ..mark.clone() };
        assert!(!later.live_pids().contains(&mark.pid), "another process with the same number");
        mark.kill_all();
        ours.wait().expect("it was killed");
        mark.wait_for_exit().await;
        assert_eq!(mark.live_pids(), [0i32; 0]);
        assert!(other.try_wait().expect("a process").is_none());
        other.kill().expect("still there");
        other.wait().expect("killed");
    }
}
