//! What Linux and macOS share: sessions and groups, signals, sockets with a file, mode bits.

#![expect(clippy::disallowed_methods, reason = "the door to processes")]

use crate::system::ignores;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use regatta_trace::LogDropped;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixStream as BlockingStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

/// Where the system's own programs are.
const SYSTEM_FOLDERS: [&str; 2] = ["/usr/bin", "/bin"];
/// The longest question, in bytes.
const MAX_QUESTION_BYTES: u64 = 4_096;
/// How long one question may take to arrive.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);

/// The system's signals that matter to one that drives a program.
#[derive(Debug)]
pub struct Signals {
    /// Those that want us to end.
    pub termination: TerminationSignals,
    /// The one that says that a child has ended.
    pub child: tokio::signal::unix::Signal,
}

/// The signals by which the system wants us to end.
#[derive(Debug)]
pub struct TerminationSignals(Vec<tokio::signal::unix::Signal>);

impl Signals {
    /// Listens from now on. What is started from now on takes these signals as usual, also where
    /// Regatta was started in the background of a script, which has Ctrl-C ignored.
    ///
    /// # Errors
    /// The system doesn't let us listen.
    pub fn listen() -> io::Result<Self> {
        let termination = TerminationSignals::listen()?;
        Ok(Self { termination, child: signal(SignalKind::child())? })
    }
}

impl TerminationSignals {
    /// Listens from now on: to the polite signal, to Ctrl-C, and to the end of the terminal,
    /// unless we were started so that this is to be outlived ([nohup(1)]).
    ///
    /// [nohup(1)]: https://man7.org/linux/man-pages/man1/nohup.1.html
    ///
    /// # Errors
    /// The system doesn't let us listen.
    pub fn listen() -> io::Result<Self> {
        let outlives_terminal = ignores(Signal::SIGHUP);
        let hang_up = (!outlives_terminal).then(SignalKind::hangup);
        let kinds = [SignalKind::terminate(), SignalKind::interrupt()].into_iter().chain(hang_up);
        kinds.map(signal).collect::<io::Result<_>>().map(Self)
    }

    /// Waits until one of them comes.
    pub async fn recv(&mut self) {
        let any = std::future::poll_fn(|cx| {
            let came = self.0.iter_mut().any(|signal| signal.poll_recv(cx).is_ready());
            if came { Poll::Ready(()) } else { Poll::Pending }
        });
        any.await;
    }
}

/// Whether users other than its owner may read a file, as far as its mode says.
#[must_use]
pub fn is_readable_by_others(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|facts| facts.permissions().mode() & 0o044 != 0)
}

/// Keeps Ctrl-C in our terminal from a program that is started: it is ours to answer.
pub fn set_own_group(command: &mut Command) {
    command.process_group(0);
}

/// Returns a call of `program` in a session of its own: else an interactive shell reaches for the
/// terminal from which we were started, and stops until it gets it. `None` if this system has no
/// program that makes one ([setsid(1)]).
///
/// [setsid(1)]: https://man7.org/linux/man-pages/man1/setsid.1.html
#[must_use]
pub fn session_command(program: &Path) -> Option<Command> {
    let mut places = SYSTEM_FOLDERS.iter().map(|folder| Path::new(folder).join("setsid"));
    let mut command = Command::new(places.find(|place| is_program(place))?);
    command.arg(program);
    Some(command)
}

/// Ends a program that [`session_command`] started, with what it started.
pub async fn end_session(child: &mut Child) {
    if let Some(group) = child.id().and_then(|id| i32::try_from(id).ok()) {
        // An error says that all of it has ended.
        let killed = signal::killpg(Pid::from_raw(group), Signal::SIGKILL);
        killed.log_dropped("ending a session");
    }
    child.kill().await.log_dropped("ending a program"); // As above.
}

/// Becomes `program`, with these arguments. It comes back only when that can't be started, and
/// says why.
pub fn exec(program: &OsStr, args: &[OsString]) -> io::Error {
    std::process::Command::new(program).args(args).exec()
}

/// Kills one process. It may have ended just now; whoever must know looks again.
pub(crate) fn kill(pid: i32) {
    signal::kill(Pid::from_raw(pid), Signal::SIGKILL).log_dropped("killing a process");
}

/// The signal that ended a program, if one did.
pub(crate) fn exit_signal(status: ExitStatus) -> Option<i32> {
    status.signal()
}

/// Where a program that we started asks us, by [`ask`]: a socket that only this user reaches if
/// its folder is a private one.
#[derive(Debug)]
pub struct QuestionSocket {
    listener: UnixListener,
    address: PathBuf,
}

impl QuestionSocket {
    /// Listens in a folder of this call's own, until the folder is removed.
    ///
    /// # Errors
    /// No socket can be made there.
    pub fn bind(folder: &Path) -> io::Result<Self> {
        let address = folder.join("ask");
        Ok(Self { listener: UnixListener::bind(&address)?, address })
    }

    /// Where to ask.
    #[must_use]
    pub fn address(&self) -> &Path {
        &self.address
    }

    /// Answers for as long as somebody waits for something else beside. Whoever asks what isn't
    /// answered, or badly, gets nothing.
    pub async fn serve<'a>(&self, answer_for: impl Fn(&str) -> Option<&'a str>) {
        loop {
            if let Ok((asker, _)) = self.listener.accept().await {
                // An error, or one that took too long: the next one may still ask.
                let answered = timeout(QUESTION_TIMEOUT, answer_one(asker, &answer_for)).await;
                answered.log_dropped("answering a program that we started");
            }
        }
    }
}

async fn answer_one<'a>(
    mut asker: UnixStream,
    answer_for: impl Fn(&str) -> Option<&'a str>,
) -> io::Result<()> {
    let mut question = String::new();
    (&mut asker).take(MAX_QUESTION_BYTES).read_to_string(&mut question).await?;
    if let Some(answer) = answer_for(&question) {
        asker.write_all(answer.as_bytes()).await?;
    }
    asker.shutdown().await
}

/// Asks the one that listens at `address`; no answer is an empty one.
///
/// # Errors
/// Nobody listens there, or the connection broke.
pub fn ask(address: &OsStr, question: &OsStr) -> io::Result<String> {
    let mut socket = BlockingStream::connect(address)?;
    socket.write_all(question.as_encoded_bytes())?;
    socket.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Returns whether this is a file that can be started.
#[must_use]
pub fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Lets everybody read a file, and also start it, or not; only this user may write it.
///
/// # Errors
/// It isn't ours, or isn't there.
pub fn set_executable(path: &Path, is_executable: bool) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(if is_executable { 0o755 } else { 0o644 }))
}

/// Makes a folder that nobody but this user can look into.
///
/// # Errors
/// It is there already, or can't be made.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Returns the bytes that are free for us where `path` is; `None` if the system doesn't say.
#[must_use]
pub fn free_disk_bytes(path: &Path) -> Option<u64> {
    let found = nix::sys::statvfs::statvfs(path).log_dropped("asking for free disk space")?;
    Some(to_u64(found.blocks_available()) * to_u64(found.fragment_size()))
}

/// The types of these numbers differ from system to system.
fn to_u64(number: impl Into<u64>) -> u64 {
    number.into()
}

/// Lets this process have so many files open, or as many as the system lets it.
///
/// # Errors
/// It stays at fewer, though the system would let it have more.
pub fn raise_open_file_limit(wanted: u64) -> io::Result<()> {
    // Where the system doesn't tell, nothing is known to be wrong.
    let Ok((now, most)) = getrlimit(Resource::RLIMIT_NOFILE) else { return Ok(()) };
    if now < wanted.min(most) {
        setrlimit(Resource::RLIMIT_NOFILE, wanted.min(most), most)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn free_room_is_told_where_there_is_a_folder() {
        assert!(super::free_disk_bytes(std::path::Path::new("/")).is_some());
        assert_eq!(super::free_disk_bytes(std::path::Path::new("/nowhere/at/all")), None);
    }
}
