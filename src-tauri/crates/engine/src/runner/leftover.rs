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
const GRACE: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(50);

/// What tells a worker from a later process with the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pid: i32,
    /// When it started, in the system's ticks since the boot.
    started: u64,
    boot: String,
}

impl Mark {
    /// The mark of a process that runs. None where the system doesn't tell.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let pid = i32::try_from(pid).ok()?;
        Some(Self { pid, started: Process::read(pid)?.started, boot: boot()? })
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
    pub(super) async fn end(&self) {
        if boot().as_deref() != Some(self.boot.as_str()) {
            return; // The computer was started again since.
        }
        let deadline = tokio::time::Instant::now() + GRACE;
        while !self.alive().is_empty() {
            if tokio::time::Instant::now() >= deadline {
                self.kill();
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Kills the worker, if it runs, and everything it started.
    pub(super) fn kill(&self) {
        for pid in self.alive() {
            // It may have ended just now; whether all are gone is looked at again.
            kill(Pid::from_raw(pid), Signal::SIGKILL).ok();
        }
    }

    /// The worker, the processes of its session, and everything that descends from these.
    ///
    /// A worker opens a session of its own, named by its number. While a process of that
    /// session lives the system doesn't use the number again, so such a process is ours
    /// when it isn't older than the worker.
    fn alive(&self) -> Vec<i32> {
        let all = Process::all();
        let mut ours: HashSet<i32> =
            all.iter().filter(|process| self.owns(process)).map(|process| process.pid).collect();
        loop {
            let more: Vec<i32> = all
                .iter()
                .filter(|p| ours.contains(&p.parent) && !ours.contains(&p.pid))
                .map(|p| p.pid)
                .collect();
            if more.is_empty() {
                return ours.into_iter().collect();
            }
            ours.extend(more);
        }
    }

    fn owns(&self, process: &Process) -> bool {
        let is_worker = process.pid == self.pid && process.started == self.started;
        let in_session = process.session == self.pid && process.started >= self.started;
        is_worker || in_session
    }
}

/// One process that runs.
#[derive(Debug)]
struct Process {
    pid: i32,
    parent: i32,
    session: i32,
    started: u64,
}

impl Process {
    fn all() -> Vec<Self> {
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
        Some(Self { pid, parent, session, started: fields.get(19)?.parse().ok()? })
    }
}

fn boot() -> Option<String> {
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
        let process = Process::parse(42, stat).expect("a process");
        assert_eq!((process.parent, process.session, process.started), (7, 9, 12345));
        assert!(Process::parse(42, "42 (x) Z 7 42 9").is_none());
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
        let mark = Mark::of(ours.id()).expect("a mark");
        while mark.alive().len() < 3 {
            tokio::time::sleep(POLL).await;
        }
        let later = Mark { started: mark.started + 1, ..mark.clone() };
        assert!(!later.alive().contains(&mark.pid), "another process with the same number");
        mark.kill();
        ours.wait().expect("it was killed");
        mark.end().await;
        assert_eq!(mark.alive(), [0i32; 0]);
        assert!(other.try_wait().expect("a process").is_none());
        other.kill().expect("still there");
        other.wait().expect("killed");
    }
}
