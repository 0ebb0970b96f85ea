//! A program and its processes: starting it, holding and releasing it, and ending it with
//! everything it started, wherever that went.
//!
//! The worker takes in orphans ([`become_session_leader`]), so whatever the program started is
//! below the worker until it ends, even when it left its group and its session. Git calls of ours
//! are below the worker too, and nothing tells them apart for certain: whoever uses this sees to
//! it that none is under way, except where it says otherwise.
//!
//! [`become_session_leader`]: crate::become_session_leader

use crate::system::{ProcessTree, exit_signal};
use std::fmt;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::time::Instant;

/// How long processes have after they were told to terminate.
const TERMINATE_GRACE: Duration = Duration::from_secs(3);
/// How long killed processes may take to be gone: only the system can hold them up.
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramExit {
    /// It said so itself.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
}

impl ProgramExit {
    fn from_status(status: ExitStatus) -> Self {
        match (status.code(), exit_signal(status)) {
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

/// The standard streams of a program.
#[derive(Debug)]
pub struct StdioPipes {
    /// `None` if it reads from nowhere.
    pub stdin: Option<ChildStdin>,
    /// Its standard output.
    pub stdout: ChildStdout,
    /// Its standard error.
    pub stderr: ChildStderr,
}

/// A program that was started, with everything it starts.
#[derive(Debug, Clone)]
pub struct Process {
    tree: ProcessTree,
    exit: watch::Receiver<Option<ProgramExit>>,
    cleaned_up: watch::Sender<bool>,
}

impl Process {
    /// Starts `command`, whose standard input it leaves as it is. `is_sandbox`: the program is a
    /// sandbox, and what is to be ended is inside.
    ///
    /// # Errors
    /// The program can't be started.
    pub fn start(mut command: Command, is_sandbox: bool) -> io::Result<(Self, StdioPipes)> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let (mut child, tree) = ProcessTree::spawn(&mut command, is_sandbox)?;
        let pipes = StdioPipes {
            stdin: child.stdin.take(),
            stdout: child.stdout.take().expect("BUG: standard output is piped"),
            stderr: child.stderr.take().expect("BUG: standard error is piped"),
        };
        let (tell, exit) = watch::channel(None);
        tokio::spawn(async move {
            // An error can't come: nobody else awaits this child.
            let ended = child.wait().await.map_or(ProgramExit::Signal(0), ProgramExit::from_status);
            let ended = if is_sandbox { ended.inner_exit() } else { ended };
            tell.send_replace(Some(ended));
        });
        Ok((Self { tree, exit, cleaned_up: watch::Sender::new(false) }, pipes))
    }

    /// Waits until the program itself has ended; what it started may live on.
    pub async fn wait_for_exit(&self) -> ProgramExit {
        let mut ended = self.exit.clone();
        let ended = ended.wait_for(Option::is_some).await.map(|ended| *ended);
        // An error: the one that awaits the child is gone, as the runtime shuts down.
        ended.ok().flatten().unwrap_or(ProgramExit::Signal(0))
    }

    /// Waits until everything inside a sandbox has closed its output. Without a sandbox the end
    /// of the output says it.
    pub async fn wait_for_output_close(&self) {
        self.tree.wait_for_output_close().await;
    }

    /// Returns how the program itself ended; `None` if it hasn't.
    #[must_use]
    pub fn try_exit(&self) -> Option<ProgramExit> {
        *self.exit.borrow()
    }

    /// Waits until [`Process::kill_tree`] has done its work; output that comes later is nobody's.
    pub async fn wait_for_cleanup(&self) {
        // An error can't come: this process holds the sender itself.
        drop(self.cleaned_up.subscribe().wait_for(|gone| *gone).await);
    }

    /// Holds everything that runs.
    pub fn suspend(&self) {
        self.tree.suspend();
    }

    /// Lets everything go on. Git calls of ours may be under way.
    pub fn resume(&self) {
        self.tree.resume();
    }

    /// Asks the program and its group to end, as Ctrl-C in a terminal does. Git calls of
    /// ours may be under way.
    pub fn interrupt(&self) {
        self.tree.interrupt();
    }

    /// Ends everything: what is there after `patience` is told to terminate, and what is
    /// there 3 seconds later is killed. Returns how the program ended; `None` if that took more
    /// patience.
    pub async fn terminate(&self, patience: GracePeriod) -> Option<ProgramExit> {
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
        if !self.tree.is_empty() {
            self.tree.terminate();
            if tokio::time::timeout(TERMINATE_GRACE, self.wait_until_empty()).await.is_err() {
                self.tree.kill();
            }
        }
        by_itself
    }

    /// Kills whatever is left, again and again until nothing is, and takes in the dead. Returns
    /// `false` if something can't be killed.
    pub async fn kill_tree(&self) -> bool {
        let until = Instant::now() + KILL_TIMEOUT;
        let mut pause = Duration::from_millis(1);
        let clean = loop {
            // The program itself has its own awaiter, which may need a moment.
            if self.tree.sweep(|| self.try_exit().is_some()) {
                break true;
            }
            if Instant::now() > until {
                break false;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        };
        self.cleaned_up.send_replace(true);
        clean
    }

    /// Takes in the program's orphans that died meanwhile.
    pub fn reap_children(&self) {
        self.tree.reap_exited();
    }

    async fn wait_until_empty(&self) {
        let mut pause = Duration::from_millis(5);
        while !self.tree.is_empty() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }
}

/// How long the end is awaited before anything is told to terminate.
#[derive(Debug, Clone, Copy)]
pub enum GracePeriod {
    /// Until the program itself has ended, or this moment.
    ForProgram(Instant),
    /// Until nothing is left, or this moment.
    ForTree(Instant),
}
