//! Processes that a worker left behind, found by what the system says of them. Only what
//! is provably a worker of ours, or was started by one, is ever ended.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// How long leftovers get to end by themselves. A worker whose engine is gone ends its
/// agent first, which takes up to 8 seconds, and saves the copy.
const EXIT_TIMEOUT: Duration = Duration::from_secs(15);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// What tells a worker from a later process with the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProcessIdentity {
    pid: i32,
    /// When it started, in the system's ticks since the boot.
    #[serde(rename = "started")]
    start_ticks: u64,
    #[serde(rename = "boot")]
    boot_id: String,
}

impl ProcessIdentity {
    /// The mark of a process that runs. None where the system doesn't tell.
    pub(super) fn for_pid(pid: u32) -> Option<Self> {
        let pid = i32::try_from(pid).ok()?;
        Some(Self {
            pid,
            start_ticks: ProcessStat::read(pid)?.start_ticks,
            boot_id: read_boot_id()?,
        })
    }

    /// Keeps the mark in a file.
    pub(super) fn save(&self, path: &Path) -> std::io::Result<()> {
        fs::write(path, serde_json::to_vec(self)?)
    }

    /// The mark that was kept in a file.
    pub(super) fn load(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Waits until the worker and everything it started are gone; what isn't after a
    /// while is killed.
    pub(super) async fn wait_for_exit(&self) {
        if read_boot_id().as_deref() != Some(self.boot_id.as_str()) {
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
    pub(super) fn kill_all(&self) {
        for pid in self.live_pids() {
            // It may have ended just now; whether all are gone is looked at again.
            kill(Pid::from_raw(pid), Signal::SIGKILL).ok();
        }
    }

    /// The worker, the processes of its session, and everything that descends from these.
    ///
    /// A worker opens a session of its own, named by its number. While a process of that
    /// session lives the system doesn't use the number again, so such a process is ours
    /// when it isn't older than the worker.
    fn live_pids(&self) -> Vec<i32> {
        let all = ProcessStat::list_all();
        let mut ours: HashSet<i32> =
            all.iter().filter(|process| self.is_ours(process)).map(|process| process.pid).collect();
        loop {
            let more: Vec<i32> = all
                .iter()
                .filter(|p| ours.contains(&p.parent_pid) && !ours.contains(&p.pid))
                .map(|p| p.pid)
                .collect();
            if more.is_empty() {
                return ours.into_iter().collect();
            }
            ours.extend(more);
        }
    }

    fn is_ours(&self, process: &ProcessStat) -> bool {
        let is_worker = process.pid == self.pid && process.start_ticks == self.start_ticks;
        let in_session = process.session_id == self.pid && process.start_ticks >= self.start_ticks;
        is_worker || in_session
    }
}

/// One process that runs.
#[derive(Debug)]
struct ProcessStat {
    pid: i32,
    parent_pid: i32,
    session_id: i32,
    start_ticks: u64,
}

impl ProcessStat {
    fn list_all() -> Vec<Self> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|e| Self::read(e.file_name().to_str()?.parse().ok()?)).collect()
    }

    /// None when it is gone, or has ended and only waits to be noticed.
    fn read(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(pid, &stat)
    }

    fn parse(pid: i32, stat: &str) -> Option<Self> {
        // The name stands in brackets and may hold anything, brackets too.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        if matches!(*fields.first()?, "Z" | "X") {
            return None;
        }
        let number = |at: usize| fields.get(at)?.parse().ok();
        let (parent, session) = (number(1)?, number(3)?);
        Some(Self {
            pid,
            parent_pid: parent,
            session_id: session,
            start_ticks: fields.get(19)?.parse().ok()?,
        })
    }
}

fn read_boot_id() -> Option<String> {
    Some(fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Command, Stdio};

    #[test]
    fn a_name_with_brackets_does_not_confuse() {
        let stat = "42 (a) R 1 (b)) S 7 42 9 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 12345 1 1";
        let process = ProcessStat::parse(42, stat).expect("a process");
        assert_eq!((process.parent_pid, process.session_id, process.start_ticks), (7, 9, 12345));
        assert!(ProcessStat::parse(42, "42 (x) Z 7 42 9").is_none());
    }

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
