//! What runs below this process, as the system tells it.

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::io;

/// One process below us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProcessInfo {
    pub(super) id: Pid,
    pub(super) parent: Pid,
    state: char,
}

impl ProcessInfo {
    /// Whether it has ended and only waits to be taken in (or its first thread has).
    pub(super) const fn is_dead(self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }

    /// Whether it is held.
    pub(super) const fn is_stopped(self) -> bool {
        matches!(self.state, 'T')
    }
}

/// Makes orphans below this process its children instead of the system's.
pub(super) fn become_subreaper() -> io::Result<()> {
    Ok(nix::sys::prctl::set_child_subreaper(true)?)
}

/// Everything below this process, the dead too.
pub(super) fn descendants() -> Vec<ProcessInfo> {
    let mut by_parent: HashMap<Pid, Vec<ProcessInfo>> = HashMap::new();
    for member in all_processes() {
        by_parent.entry(member.parent).or_default().push(member);
    }
    let mut below = Vec::new();
    let mut parents = vec![nix::unistd::getpid()];
    while let Some(parent) = parents.pop() {
        for member in by_parent.remove(&parent).unwrap_or_default() {
            parents.push(member.id);
            below.push(member);
        }
    }
    below
}

/// Takes in all dead children but `agent`, which has its own awaiter.
pub(super) fn reap_children(agent: Pid) {
    let us = nix::unistd::getpid();
    for member in descendants() {
        if member.parent == us && member.is_dead() && member.id != agent {
            // An error: it was taken in meanwhile.
            waitpid(member.id, Some(WaitPidFlag::WNOHANG)).ok();
        }
    }
}

/// The same one by one, without a look at the whole system.
pub(super) fn reap_exited(agent: Pid) {
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    // The look shows one dead child and leaves it there. The agent may hide others; they
    // are seen when it was taken in.
    while let Ok(WaitStatus::Exited(id, _) | WaitStatus::Signaled(id, ..)) = waitid(Id::All, look) {
        if id == agent || waitpid(id, Some(WaitPidFlag::WNOHANG)) == Err(Errno::ECHILD) {
            return;
        }
    }
}

/// All processes of the system that can be seen.
fn all_processes() -> impl Iterator<Item = ProcessInfo> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    // A process gives itself its name, which need not be text.
    ids.filter_map(|id| {
        parse_stat(&String::from_utf8_lossy(&std::fs::read(format!("/proc/{id}/stat")).ok()?))
    })
}

/// Reads `id (name) state parent …`; the name may hold anything.
fn parse_stat(stat: &str) -> Option<ProcessInfo> {
    let (begin, end) = (stat.find('(')?, stat.rfind(')')?);
    let id = stat[..begin].trim().parse().ok()?;
    let mut fields = stat[end + 1..].split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let [id, parent] = [id, parent].map(Pid::from_raw);
    Some(ProcessInfo { id, parent, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let found = parse_stat("12 (a) Z 1) (b) S 3 4 5 0 -1").expect("it is read");
        assert_eq!((found.id, found.parent), (pid(12), pid(3)));
        assert!(!found.is_dead() && !found.is_stopped());
        assert!(parse_stat("13 (x) Z 1 1 1").expect("it is read").is_dead());
        assert!(parse_stat("13 (x) T 1 1 1").expect("it is read").is_stopped());
        assert_eq!(parse_stat("nonsense"), None);
    }

    #[test]
    fn this_process_is_seen() {
        let us = nix::unistd::getpid();
        assert!(all_processes().any(|member| member.id == us));
    }

    fn pid(id: i32) -> Pid {
        Pid::from_raw(id)
    }
}
