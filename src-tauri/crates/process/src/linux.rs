//! Linux: what runs is read from `/proc` ([proc(5)]), and orphans come to us, as this process is
//! a child subreaper ([`PR_SET_CHILD_SUBREAPER`]).
//!
//! [proc(5)]: https://man7.org/linux/man-pages/man5/proc.5.html
//! [`PR_SET_CHILD_SUBREAPER`]: https://man7.org/linux/man-pages/man2/pr_set_child_subreaper.2const.html

pub use crate::unix::{
    QuestionSocket, Signals, TerminationSignals, ask, create_private_dir, end_session, exec,
    free_disk_bytes, is_program, is_readable_by_others, raise_open_file_limit, session_command,
    set_executable, set_own_group,
};
pub(crate) use crate::unix::{exit_signal, kill};
use nix::errno::Errno;
use nix::sys::signal::{self, Signal};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use regatta_trace::LogDropped;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::{Child, Command};

/// How soon after it fell silent a program is looked at, and how often at the most and least.
const MIN_POLL_INTERVAL: Duration = Duration::from_millis(500);
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(10);

/// Whether this process was started with a signal ignored, or has it so.
pub(crate) fn ignores(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal as u32 - 1)) != 0
}

/// Makes this process the head of its own session, and the one that takes in orphans.
///
/// # Errors
/// The system doesn't let it take in orphans.
pub fn become_session_leader() -> io::Result<()> {
    // An error: it leads a process group already, which is nearly as good.
    nix::unistd::setsid().log_dropped("opening a session");
    Ok(nix::sys::prctl::set_child_subreaper(true)?)
}

/// A program and everything it started. As orphans come to us, that is everything below this
/// process, wherever it went.
#[derive(Debug, Clone)]
pub(crate) struct ProcessTree {
    program: Pid,
    /// Whether the program is a sandbox, and what is to be ended is inside.
    is_sandbox: bool,
    /// The name of its standard output.
    stdout_link: PathBuf,
}

impl ProcessTree {
    /// Starts a program in a group of its own.
    pub(crate) fn spawn(command: &mut Command, is_sandbox: bool) -> io::Result<(Child, Self)> {
        let child = command.process_group(0).spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let program = Pid::from_raw(id.expect("BUG: a child that wasn't awaited has an id"));
        // Without a name nothing is found to have it open, and nothing is closed for that.
        let stdout_link = child.stdout.as_ref().map(pipe_name).unwrap_or_default();
        Ok((child, Self { program, is_sandbox, stdout_link }))
    }

    /// Whether nothing of it lives.
    pub(crate) fn is_empty(&self) -> bool {
        live_descendants().is_empty()
    }

    /// Holds everything that runs.
    pub(crate) fn suspend(&self) {
        // Something new may have been started between the look and the signal.
        for _ in 0..100 {
            let running = live_descendants().into_iter().filter(|member| !member.is_stopped());
            if signal_all(running, Signal::SIGSTOP) == 0 {
                return;
            }
        }
    }

    /// Lets everything go on.
    pub(crate) fn resume(&self) {
        signal_all(live_descendants().into_iter(), Signal::SIGCONT);
    }

    /// Asks the program and its group to end, as Ctrl-C in a terminal does.
    pub(crate) fn interrupt(&self) {
        // A sandbox would end at once, and everything inside with it: what it began is its own
        // group.
        let inside = || descendants().into_iter().find(|member| member.parent == self.program);
        let group = if self.is_sandbox { inside().map(|first| first.id) } else { None };
        // An error: they have ended.
        let told = signal::killpg(group.unwrap_or(self.program), Signal::SIGINT);
        told.log_dropped("interrupting a program");
    }

    /// Tells everything to end.
    pub(crate) fn terminate(&self) {
        // The sandbox ends with the program, and when it is told to, so does everything.
        let told = live_descendants().into_iter();
        let told = told.filter(|member| !self.is_sandbox || member.id != self.program);
        signal_all(told, Signal::SIGTERM);
    }

    /// Kills everything once.
    pub(crate) fn kill(&self) {
        signal_all(live_descendants().into_iter(), Signal::SIGKILL);
    }

    /// Takes in the dead and kills the rest; `true` if there was no rest. The program itself has
    /// its own awaiter: it counts until `has_exited` says that this has it.
    pub(crate) fn sweep(&self, has_exited: impl Fn() -> bool) -> bool {
        reap_children(self.program);
        let mut left = descendants();
        left.retain(|member| member.id != self.program || !has_exited());
        let is_clean = left.is_empty();
        // The dead too: other threads of theirs may live.
        signal_all(left.into_iter(), Signal::SIGKILL);
        is_clean
    }

    /// Takes in orphans that died, one by one, without a look at the whole system.
    pub(crate) fn reap_exited(&self) {
        let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        // The look shows one dead child and leaves it there. The program may hide others; they
        // are seen when it was taken in.
        while let Ok(WaitStatus::Exited(id, _) | WaitStatus::Signaled(id, ..)) =
            waitid(Id::All, look)
        {
            let is_gone = || waitpid(id, Some(WaitPidFlag::WNOHANG)) == Err(Errno::ECHILD);
            if id == self.program || is_gone() {
                return;
            }
        }
    }

    /// Waits until no process inside a sandbox has its output open, as seen in two looks in a row.
    /// The sandbox's own two processes have it as long as they live, so that the pipe itself doesn't
    /// tell. Without a sandbox the end of the output says it, and this never ends.
    pub(crate) async fn wait_for_output_close(&self) {
        if !self.is_sandbox {
            return std::future::pending().await;
        }
        let mut pause = MIN_POLL_INTERVAL;
        let mut before = false;
        loop {
            tokio::time::sleep(if before { MIN_POLL_INTERVAL } else { pause }).await;
            let closed = !self.stdout_link.as_os_str().is_empty() && self.is_output_closed();
            if closed && before {
                return;
            }
            before = closed;
            pause = (pause * 2).min(MAX_POLL_INTERVAL);
        }
    }

    fn is_output_closed(&self) -> bool {
        let sandbox = self.program;
        let below = descendants();
        let first =
            |id: Pid| below.iter().any(|member| member.id == id && member.parent == sandbox);
        let mut inside = vec![sandbox];
        // Parents come before their children.
        for member in &below {
            if inside.contains(&member.parent) {
                inside.push(member.id);
            }
        }
        inside.retain(|id| *id != sandbox && !first(*id));
        // Where nothing is inside, it isn't up yet, or its end is under way.
        !inside.is_empty() && !inside.iter().any(|id| may_have_open(&self.stdout_link, *id))
    }
}

/// When a process that runs started, in the system's ticks since the boot.
pub(crate) fn start_ticks(pid: i32) -> Option<u64> {
    read_stat(pid).filter(|process| !process.is_dead()).map(|process| process.start_ticks)
}

/// What tells this run of the system from those before.
pub(crate) fn boot_id() -> Option<String> {
    Some(fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned())
}

/// What lives of a session leader that started at `start_ticks`: itself, the processes of its
/// session, and everything that descends from these.
///
/// Its session is named by its number. While a process of that session lives the system doesn't
/// use the number again, so such a process is of that leader when it isn't older.
pub(crate) fn find_family(leader: i32, start_ticks: u64) -> Vec<i32> {
    let leader = Pid::from_raw(leader);
    let is_ours = |process: &&ProcessInfo| {
        let is_leader = process.id == leader && process.start_ticks == start_ticks;
        let in_session = process.session == leader && process.start_ticks >= start_ticks;
        is_leader || in_session
    };
    let all: Vec<ProcessInfo> = all_processes().filter(|process| !process.is_dead()).collect();
    let mut ours: HashSet<Pid> = all.iter().filter(is_ours).map(|process| process.id).collect();
    loop {
        let more: Vec<Pid> = all
            .iter()
            .filter(|process| ours.contains(&process.parent) && !ours.contains(&process.id))
            .map(|process| process.id)
            .collect();
        if more.is_empty() {
            return ours.into_iter().map(Pid::as_raw).collect();
        }
        ours.extend(more);
    }
}

/// How much memory a process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryUse {
    /// What it has now, in KiB.
    pub resident_kib: u64,
    /// The most that it ever had, in KiB.
    pub peak_kib: u64,
}

/// Returns the memory of a process that runs; `None` if it doesn't.
#[must_use]
pub fn memory_use(pid: u32) -> Option<MemoryUse> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let figure = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    };
    Some(MemoryUse { resident_kib: figure("VmRSS:")?, peak_kib: figure("VmHWM:")? })
}

/// One process of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ProcessInfo {
    id: Pid,
    parent: Pid,
    session: Pid,
    state: char,
    start_ticks: u64,
}

impl ProcessInfo {
    /// Whether it has ended and only waits to be taken in (or its first thread has).
    const fn is_dead(self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }

    /// Whether it is held.
    const fn is_stopped(self) -> bool {
        matches!(self.state, 'T')
    }
}

/// Everything below this process, the dead too.
fn descendants() -> Vec<ProcessInfo> {
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

/// Everything below this process that lives.
fn live_descendants() -> Vec<ProcessInfo> {
    let mut members = descendants();
    members.retain(|member| !member.is_dead());
    members
}

/// Signals each one; how many heard it. Who did not has ended meanwhile.
fn signal_all(members: impl Iterator<Item = ProcessInfo>, signal: Signal) -> usize {
    members.filter(|member| signal::kill(member.id, signal).is_ok()).count()
}

/// Takes in all dead children but `program`, which has its own awaiter.
fn reap_children(program: Pid) {
    let us = nix::unistd::getpid();
    for member in descendants() {
        if member.parent == us && member.is_dead() && member.id != program {
            // An error: it was taken in meanwhile.
            waitpid(member.id, Some(WaitPidFlag::WNOHANG)).log_dropped("reaping a process");
        }
    }
}

/// All processes of the system that can be seen.
fn all_processes() -> impl Iterator<Item = ProcessInfo> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| read_stat(entry.file_name().to_str()?.parse().ok()?))
}

fn read_stat(pid: i32) -> Option<ProcessInfo> {
    // A process gives itself its name, which need not be text.
    parse_stat(&String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/stat")).ok()?))
}

/// Reads `id (name) state parent group session …`; the name may hold anything, brackets too.
fn parse_stat(stat: &str) -> Option<ProcessInfo> {
    let (begin, end) = (stat.find('(')?, stat.rfind(')')?);
    let id = stat[..begin].trim().parse().ok()?;
    let fields: Vec<&str> = stat[end + 1..].split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse().ok();
    let [id, parent, session] = [id, number(1)?, number(3)?].map(Pid::from_raw);
    let state = fields.first()?.chars().next()?;
    Some(ProcessInfo { id, parent, session, state, start_ticks: fields.get(19)?.parse().ok()? })
}

/// The name of a pipe, which both of its ends have.
fn pipe_name(end: &impl AsFd) -> PathBuf {
    let link = format!("/proc/self/fd/{}", end.as_fd().as_raw_fd());
    fs::read_link(link).unwrap_or_default()
}

/// One that can't be looked into may have anything open.
fn may_have_open(pipe: &Path, id: Pid) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{id}/fd")) else { return true };
    files.flatten().any(|file| fs::read_link(file.path()).is_ok_and(|link| link == pipe))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat =
            |begin: &str| parse_stat(&format!("{begin} 1 4 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 9"));
        let found = stat("12 (a) Z 1) (b) S 3 4").expect("it is read");
        assert_eq!((found.id, found.parent), (pid(12), pid(3)));
        assert!(!found.is_dead() && !found.is_stopped());
        assert!(stat("13 (x) Z 1 1").expect("it is read").is_dead());
        assert!(stat("13 (x) T 1 1").expect("it is read").is_stopped());
        assert_eq!(parse_stat("nonsense"), None);
    }

    #[test]
    fn a_name_with_brackets_does_not_confuse() {
        let stat = "42 (a) R 1 (b)) S 7 42 9 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 12345 1 1";
        let process = parse_stat(stat).expect("a process");
        let found = (process.parent, process.session, process.start_ticks);
        assert_eq!(found, (pid(7), pid(9), 12345));
        let stat = "42 (x) Z 7 42 9 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 12345 1 1";
        assert!(parse_stat(stat).expect("a process").is_dead());
    }

    #[test]
    fn this_process_is_seen() {
        let us = nix::unistd::getpid();
        assert!(all_processes().any(|member| member.id == us));
    }

    #[test]
    fn the_memory_of_this_process_is_told_and_of_none_that_is_gone() {
        let memory = memory_use(std::process::id()).expect("it runs");
        assert!(0 < memory.resident_kib && memory.resident_kib <= memory.peak_kib, "{memory:?}");
        assert_eq!(memory_use(0), None);
    }

    fn pid(id: i32) -> Pid {
        Pid::from_raw(id)
    }
}
