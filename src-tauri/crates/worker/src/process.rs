//! The agent's processes: starting the program, holding and releasing it, and ending it
//! with everything it started, wherever that went.
//!
//! The worker takes in orphans (it is a child subreaper), so whatever the agent started is
//! below the worker until it ends, even when it left its group and its session. Our own
//! git calls are below the worker too, and nothing tells them apart for certain: whoever
//! uses this sees to it that none is under way, except where it says otherwise.

mod pipe_holders;
mod sandbox_exec;
mod tree;

use crate::sandbox::{self, RequiredPaths};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use regatta_protocol::agent::EnvVar;
use regatta_protocol::worker::Sandbox;
pub(crate) use sandbox_exec::sandbox_exec;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::time::Instant;

/// How long processes have after they were told to terminate.
const TERMINATE_GRACE: Duration = Duration::from_secs(3);
/// How long killed processes may take to be gone: only the system can hold them up.
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

/// What an agent gets of our environment when nobody says what it gets.
const DEFAULT_ENV_NAMES: [&str; 3] = ["PATH", "HOME", "LANG"];

/// Makes this process the head of its own session, and the one that takes in orphans.
pub(crate) fn become_session_leader() -> io::Result<()> {
    // An error: it leads a process group already, which is nearly as good.
    nix::unistd::setsid().ok();
    tree::become_subreaper()
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProgramExit {
    /// It said so itself.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
}

impl ProgramExit {
    fn from_status(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }

    /// What a sandbox's end says of the program inside.
    const fn inner_exit(self) -> Self {
        match self {
            Self::Code(code @ 129..=192) => Self::Signal(code - 128),
            other => other,
        }
    }
}

impl fmt::Display for ProgramExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// A program to start in the copy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProgramSpec<'a> {
    pub(crate) program: &'a Path,
    pub(crate) args: &'a [String],
    pub(crate) working_dir: &'a Path,
    /// Its whole environment, but for the folder for temporary files.
    pub(crate) env: &'a [EnvVar],
    /// The folder for temporary files. It is made.
    pub(crate) temp_dir: &'a Path,
    /// The sandbox, and what it must be able to read there besides.
    pub(crate) sandbox: Option<(&'a Sandbox, &'a Path)>,
}

impl ProgramSpec<'_> {
    /// How it is started: in its sandbox, with nothing of our environment.
    fn to_command(self) -> io::Result<Command> {
        fs::create_dir_all(self.temp_dir)?;
        let mut command = match self.sandbox {
            None => Command::new(self.program),
            Some((sandbox, cache)) => {
                // The sandbox would tell that in words of its own.
                fs::metadata(self.program)?;
                let ours = std::env::current_exe()?;
                let found = [self.program, cache, &ours];
                let needs =
                    RequiredPaths { copy: self.working_dir, temp: self.temp_dir, readable: &found };
                let mut command = Command::new(&sandbox.program);
                command.args(sandbox::bwrap_args(sandbox, &needs)?);
                command.args([ours.as_os_str(), sandbox_exec::SUBCOMMAND.as_ref(), "--".as_ref()]);
                command.arg(self.program);
                command
            }
        };
        command.args(self.args).current_dir(self.working_dir).env_clear();
        if self.env.is_empty() {
            let known =
                DEFAULT_ENV_NAMES.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
            command.envs(known);
        }
        command.envs(self.env.iter().map(|var| (&var.name, &var.value)));
        let temp =
            if self.sandbox.is_some() { Path::new(sandbox::TEMP_DIR) } else { self.temp_dir };
        command.env("TMPDIR", temp);
        Ok(command)
    }
}

/// The standard streams of a program.
#[derive(Debug)]
pub(crate) struct StdioPipes {
    /// `None` if it reads from nowhere.
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

/// A program that was started, with everything it starts.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pid: Pid,
    /// Whether the program is a sandbox, and what is to be ended is inside.
    is_sandboxed: bool,
    /// The name of its standard output.
    stdout_link: PathBuf,
    exit: watch::Receiver<Option<ProgramExit>>,
    cleaned_up: watch::Sender<bool>,
}

impl Process {
    /// Starts `program`; with an input that can be written, or one from nowhere.
    pub(crate) fn start(program: ProgramSpec<'_>, input: bool) -> io::Result<(Self, StdioPipes)> {
        let mut command = program.to_command()?;
        command
            .stdin(if input { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let sandboxed = program.sandbox.is_some();
        let mut child = command.spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let id = Pid::from_raw(id.expect("BUG: a child that wasn't awaited has an id"));
        let pipes = StdioPipes {
            stdin: child.stdin.take(),
            stdout: child.stdout.take().expect("BUG: standard output is piped"),
            stderr: child.stderr.take().expect("BUG: standard error is piped"),
        };
        let output = pipe_holders::pipe_name(&pipes.stdout);
        let (tell, ended) = watch::channel(None);
        tokio::spawn(async move {
            // An error can't come: nobody else awaits this child.
            let ended = child.wait().await.map_or(ProgramExit::Signal(0), ProgramExit::from_status);
            let ended = if sandboxed { ended.inner_exit() } else { ended };
            tell.send_replace(Some(ended));
        });
        Ok((
            Self {
                pid: id,
                is_sandboxed: sandboxed,
                stdout_link: output,
                exit: ended,
                cleaned_up: watch::Sender::new(false),
            },
            pipes,
        ))
    }

    /// Waits until the program itself has ended; what it started may live on.
    pub(crate) async fn wait_for_exit(&self) -> ProgramExit {
        let mut ended = self.exit.clone();
        let ended = ended.wait_for(Option::is_some).await.map(|ended| *ended);
        // An error: the one that awaits the child is gone, as the runtime shuts down.
        ended.ok().flatten().unwrap_or(ProgramExit::Signal(0))
    }

    /// Waits until everything inside a sandbox has closed its output. Without a sandbox the end
    /// of the output says it.
    pub(crate) async fn wait_for_output_close(&self) {
        if !self.is_sandboxed {
            return std::future::pending().await;
        }
        pipe_holders::wait_until_closed(&self.stdout_link, self.pid).await;
    }

    /// How the program itself ended, if it has.
    pub(crate) fn try_exit(&self) -> Option<ProgramExit> {
        *self.exit.borrow()
    }

    /// Waits until [`Process::terminate`] has done its work; output that comes later is nobody's.
    pub(crate) async fn wait_for_cleanup(&self) {
        // An error can't come: this process holds the sender itself.
        drop(self.cleaned_up.subscribe().wait_for(|gone| *gone).await);
    }

    /// Holds everything that runs.
    pub(crate) fn suspend(&self) {
        // Something new may have been started between the look and the signal.
        for _ in 0..100 {
            let running = self.members().into_iter().filter(|member| !member.is_stopped());
            if signal_all(running, Signal::SIGSTOP) == 0 {
                return;
            }
        }
    }

    /// Lets everything go on. Git calls of ours may be under way.
    pub(crate) fn resume(&self) {
        signal_all(self.members().into_iter(), Signal::SIGCONT);
    }

    /// Asks the program and its group to end, as Ctrl-C in a terminal does. Git calls of
    /// ours may be under way.
    pub(crate) fn interrupt(&self) {
        // A sandbox would end at once, and everything inside with it: what it began is its own
        // group.
        let inside = || tree::descendants().into_iter().find(|member| member.parent == self.pid);
        let group = if self.is_sandboxed { inside().map(|first| first.id) } else { None };
        // An error: they have ended.
        nix::sys::signal::killpg(group.unwrap_or(self.pid), Signal::SIGINT).ok();
    }

    /// Ends everything: what is there after `patience` is told to terminate, and what is
    /// there 3 seconds later is killed. Gives how the program ended, if it was patience
    /// enough.
    pub(crate) async fn terminate(&self, patience: GracePeriod) -> Option<ProgramExit> {
        self.resume();
        let waiting = async {
            match patience {
                GracePeriod::ForProgram(_) => drop(self.wait_for_exit().await),
                GracePeriod::ForTree(_) => self.wait_until_empty().await,
            }
        };
        let (GracePeriod::ForProgram(until) | GracePeriod::ForTree(until)) = patience;
        // An error: patience is over.
        drop(tokio::time::timeout_at(until, waiting).await);
        let by_itself = self.try_exit();
        if !self.members().is_empty() {
            // The sandbox ends with the program, and when it is told to, so does everything.
            let told =
                self.members().into_iter().filter(|m| !self.is_sandboxed || m.id != self.pid);
            signal_all(told, Signal::SIGTERM);
            if tokio::time::timeout(TERMINATE_GRACE, self.wait_until_empty()).await.is_err() {
                signal_all(self.members().into_iter(), Signal::SIGKILL);
            }
        }
        by_itself
    }

    /// Kills whatever is left, again and again until nothing is, and takes in the dead.
    /// False: something can't be killed.
    pub(crate) async fn kill_tree(&self) -> bool {
        let until = Instant::now() + KILL_TIMEOUT;
        let mut pause = Duration::from_millis(1);
        let clean = loop {
            tree::reap_children(self.pid);
            let mut left = tree::descendants();
            // The program itself has its own awaiter, which may need a moment.
            left.retain(|member| member.id != self.pid || self.try_exit().is_none());
            if left.is_empty() {
                break true;
            }
            // The dead too: other threads of theirs may live.
            signal_all(left.into_iter(), Signal::SIGKILL);
            if Instant::now() > until {
                break false;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        };
        self.cleaned_up.send_replace(true);
        clean
    }

    /// Takes in the agent's orphans that died meanwhile.
    pub(crate) fn reap_children(&self) {
        tree::reap_exited(self.pid);
    }

    async fn wait_until_empty(&self) {
        let mut pause = Duration::from_millis(5);
        while !self.members().is_empty() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    /// Everything of the agent's that lives.
    fn members(&self) -> Vec<tree::ProcessInfo> {
        let mut members = tree::descendants();
        members.retain(|member| !member.is_dead());
        members
    }
}

/// How long the end is awaited before anything is told to terminate.
#[derive(Debug, Clone, Copy)]
pub(crate) enum GracePeriod {
    /// Until the program itself has ended, or this moment.
    ForProgram(Instant),
    /// Until nothing is left, or this moment.
    ForTree(Instant),
}

/// Signals each one; how many heard it. Who did not has ended meanwhile.
fn signal_all(members: impl Iterator<Item = tree::ProcessInfo>, signal: Signal) -> usize {
    members.filter(|member| nix::sys::signal::kill(member.id, signal).is_ok()).count()
}
