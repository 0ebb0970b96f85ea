//! Whether anything inside a sandbox still has the program's output open. The sandbox's own two
//! processes have it as long as they live, so that the pipe itself doesn't tell.

use super::tree;
use nix::unistd::Pid;
use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How soon after it fell silent a program is looked at, and how often at the most and least.
const MIN_POLL_INTERVAL: Duration = Duration::from_millis(500);
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(10);

/// The name of a pipe, which both of its ends have.
pub(super) fn pipe_name(end: &impl AsFd) -> PathBuf {
    let link = format!("/proc/self/fd/{}", end.as_fd().as_raw_fd());
    // Without a name nothing is found to have it open, and nothing is closed for that.
    fs::read_link(link).unwrap_or_default()
}

/// Waits until no process inside `sandbox` has `pipe` open, as seen in two looks in a row.
pub(super) async fn wait_until_closed(pipe: &Path, sandbox: Pid) {
    let mut pause = MIN_POLL_INTERVAL;
    let mut before = false;
    loop {
        tokio::time::sleep(if before { MIN_POLL_INTERVAL } else { pause }).await;
        let closed = !pipe.as_os_str().is_empty() && is_closed(pipe, sandbox);
        if closed && before {
            return;
        }
        before = closed;
        pause = (pause * 2).min(MAX_POLL_INTERVAL);
    }
}

fn is_closed(pipe: &Path, sandbox: Pid) -> bool {
    let below = tree::descendants();
    let first = |id: Pid| below.iter().any(|member| member.id == id && member.parent == sandbox);
    let mut inside = vec![sandbox];
    // Parents come before their children.
    for member in &below {
        if inside.contains(&member.parent) {
            inside.push(member.id);
        }
    }
    inside.retain(|id| *id != sandbox && !first(*id));
    // Where nothing is inside, it isn't up yet, or its end is under way.
    !inside.is_empty() && !inside.iter().any(|id| may_have_open(pipe, *id))
}

/// One that can't be looked into may have anything open.
fn may_have_open(pipe: &Path, id: Pid) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{id}/fd")) else { return true };
    files.flatten().any(|file| fs::read_link(file.path()).is_ok_and(|link| link == pipe))
}
