//! What runs below this process, as the system tells it.

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::io;

/// One process below us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) id: Pid,
    pub(super) parent: Pid,
    state: char,
}

impl Member {
    /// Whether it has ended and only waits to be taken in (or its first thread has).
    pub(super) const fn is_dead(self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }

    /// Whether it is held.
    pub(super) const fn is_held(self) -> bool {
        matches!(self.state, 'T')
    }
}

/// Makes orphans below this process its children instead of the system's.
pub(super) fn take_in_orphans() -> io::Result<()> {
    Ok(nix::sys::prctl::set_child_subreaper(true)?)
}

/// Everything below this process, the dead too.
pub(super) fn below_us() -> Vec<Member> {
    let mut by_parent: HashMap<Pid, Vec<Member>> = HashMap::new();
    for member in everything() {
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
pub(super) fn take_in_the_dead(agent: Pid) {
    let us = nix::unistd::getpid();
    for member in below_us() {
        if member.parent == us && member.is_dead() && member.id != agent {
            // An error: it was taken in meanwhile.
            waitpid(member.id, Some(WaitPidFlag::WNOHANG)).ok();
        }
    }
}

/// The same one by one, without a look at the whole system.
pub(super) fn take_in_next_dead(agent: Pid) {
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
fn everything() -> impl Iterator<Item = Member> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    // A process gives itself its name, which need not be text.
    ids.filter_map(|id| {
        member(&String::from_utf8_lossy(&std::fs::read(format!("/proc/{id}/stat")).ok()?))
    })
}

/// Reads `id (name) state parent …`; the name may hold anything.
fn member(stat: &str) -> Option<Member> {
    let (begin, end) = (stat.find('(')?, stat.rfind(')')?);
    let id = stat[..begin].trim().parse().ok()?;
    let mut fields = stat[end + 1..].split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let [id, parent] = [id, parent].map(Pid::from_raw);
    Some(Member { id, parent, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let found = member("12 (a) Z 1) (b) S 3 4 5 0 -1").expect("it is read");
        assert_eq!((found.id, found.parent), (pid(12), pid(3)));
        assert!(!found.is_dead() && !found.is_held());
        assert!(member("13 (x) Z 1 1 1").expect("it is read").is_dead());
        assert!(member("13 (x) T 1 1 1").expect("it is read").is_held());
        assert_eq!(member("nonsense"), None);
    }

    #[test]
    fn this_process_is_seen() {
        let us = nix::unistd::getpid();
        assert!(everything().any(|member| member.id == us));
    }

    fn pid(id: i32) -> Pid {
        Pid::from_raw(id)
    }
}
