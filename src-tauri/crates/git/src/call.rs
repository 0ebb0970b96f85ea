//! One call of the git program: fed, drained, and with a limit on its time and on what is
//! read of it.

#![expect(clippy::disallowed_methods, reason = "the door to git")]

use crate::error::GitError;
use crate::fsck;
use crate::paths_and_ids::absolute;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tracing::{debug, warn};

/// How long a call may take when nothing else is said.
const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(300);
/// How much of a call's output is read when nothing else is said.
const DEFAULT_OUTPUT_LIMIT: usize = 512 * 1024 * 1024;
/// How many slips of a history are put on record.
const MAX_SLIPS: usize = 20;
/// How much of what a call complains about is kept.
const STDERR_LIMIT: usize = 64 * 1024;

/// Where a call works.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CallScope<'a> {
    /// On no repository.
    NoRepository,
    /// On the repository that this folder is in.
    Folder(&'a Path),
    /// On exactly this repository: git looks for no other.
    Repository(&'a Path),
}

/// One call of the git program, under preparation.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) command: Command,
    project: Option<PathBuf>,
    required_dirs: Vec<PathBuf>,
    name: String,
    settings: Vec<(OsString, OsString)>,
    stdin: Vec<u8>,
    time_limit: Duration,
    output_limit: usize,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct CallOutput {
    /// Its exit code; `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it wrote.
    pub(crate) stdout: Vec<u8>,
    /// What it complained about.
    pub(crate) stderr: String,
    /// Whether it had more to write than was read.
    pub(crate) is_truncated: bool,
    call: String,
    project: Option<PathBuf>,
}

impl Call {
    /// A call of `program` on `place`, without arguments.
    pub(crate) fn new(program: &Path, scope: CallScope<'_>) -> Self {
        let mut call = Self {
            command: Command::new(program),
            project: None,
            required_dirs: Vec::new(),
            name: "git".into(),
            settings: Vec::new(),
            stdin: Vec::new(),
            time_limit: DEFAULT_TIME_LIMIT,
            output_limit: DEFAULT_OUTPUT_LIMIT,
        };
        match scope {
            // The folder that we were started in may be gone by now.
            CallScope::NoRepository => {
                call.command.current_dir(std::path::MAIN_SEPARATOR_STR);
            }
            CallScope::Folder(folder) => {
                call.command.current_dir(folder);
                call.project = Some(folder.to_owned());
                call.required_dirs.push(folder.to_owned());
            }
            CallScope::Repository(folder) => {
                call.command.current_dir(folder).env("GIT_DIR", absolute(folder));
                call.required_dirs.push(folder.to_owned());
            }
        }
        call
    }

    /// Sets a setting, before the command is added.
    pub(crate) fn setting(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let mut setting = OsString::from(format!("{name}="));
        setting.push(value);
        self.command.arg("-c").arg(setting);
        self
    }

    /// Lets what it writes into a repository survive a power cut, once it has ended.
    pub(crate) fn durable(self) -> Self {
        self.setting("core.fsync", "objects,pack-metadata,reference")
            .setting("core.fsyncMethod", "batch")
    }

    /// Refuses objects that are dangerous, and takes those with slips that aren't.
    pub(crate) fn checked(mut self, origin: fsck::Origin) -> Self {
        self.command.args(["-c", "fetch.fsckObjects=true"]);
        for setting in fsck::settings(origin) {
            self.command.args(["-c", &setting]);
        }
        self
    }

    /// Adds the command and its arguments.
    pub(crate) fn args<I, S>(mut self, args: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        for arg in args {
            if self.name == "git" {
                self.name = format!("git {}", arg.as_ref().to_string_lossy());
            }
            self.command.arg(arg);
        }
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Overrides settings of the repository, whatever their names hold. Ours still win.
    pub(crate) fn override_settings(mut self, settings: &[(OsString, OsString)]) -> Self {
        self.settings.extend_from_slice(settings);
        self
    }

    /// Sets the folder whose files it works with, and runs it there.
    pub(crate) fn work_tree(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder).env("GIT_WORK_TREE", absolute(folder));
        self.required_dirs.push(folder.to_owned());
        self
    }

    /// Sets what it reads.
    pub(crate) fn stdin(mut self, bytes: Vec<u8>) -> Self {
        self.stdin = bytes;
        self
    }

    /// Sets how long it may take.
    pub(crate) const fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Sets how many bytes of its output are read; it is ended when it has more.
    pub(crate) const fn output_limit(mut self, bytes: usize) -> Self {
        self.output_limit = bytes;
        self
    }

    /// Runs it; its output, when it ended well.
    pub(crate) async fn run(self) -> Result<Vec<u8>, GitError> {
        let ended = self.output().await?;
        if ended.code == Some(0) && !ended.is_truncated {
            Ok(ended.stdout)
        } else {
            Err(ended.to_error())
        }
    }

    /// Runs it; its output as text without the last line's end, when it ended well.
    pub(crate) async fn run_text(self) -> Result<String, GitError> {
        let text = self.run().await?;
        let text = text.strip_suffix(b"\n").unwrap_or(&text);
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    /// Runs it; `None` when it ended with exit code 1, which git uses for "no".
    pub(crate) async fn run_optional(self) -> Result<Option<Vec<u8>>, GitError> {
        let ended = self.output().await?;
        match ended.code {
            Some(0) if !ended.is_truncated => Ok(Some(ended.stdout)),
            Some(1) => Ok(None),
            _ => Err(ended.to_error()),
        }
    }

    /// Runs it to its end, however that is.
    pub(crate) async fn output(mut self) -> Result<CallOutput, GitError> {
        if let Some(gone) = self.required_dirs.into_iter().find(|folder| !folder.is_dir()) {
            return Err(GitError::NotAFolder(gone));
        }
        self.command.env("GIT_CONFIG_COUNT", self.settings.len().to_string());
        for (n, (key, value)) in self.settings.iter().enumerate() {
            self.command.env(format!("GIT_CONFIG_KEY_{n}"), key);
            self.command.env(format!("GIT_CONFIG_VALUE_{n}"), value);
        }
        self.command
            .stdin(if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let child = self.command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => GitError::NotInstalled,
            _ => GitError::io(format!("starting {}", self.name), &error),
        })?;
        let started = Instant::now();
        let drained = tokio::time::timeout(
            self.time_limit,
            feed_and_drain(child, &self.stdin, self.output_limit),
        )
        .await;
        let (call, ms) = (&self.name, started.elapsed().as_millis());
        match drained {
            Ok(Ok(mut ended)) => {
                debug!(call, code = ended.code, ms, "called git");
                log_slips(&ended.stderr);
                (ended.call, ended.project) = (self.name, self.project);
                Ok(ended)
            }
            Ok(Err(error)) => Err(GitError::io(self.name, &error)),
            Err(_) => {
                debug!(call, ms, "git took too long");
                Err(GitError::TimedOut { call: self.name })
            }
        }
    }
}

impl CallOutput {
    /// What went wrong.
    pub(crate) fn to_error(&self) -> GitError {
        if self.is_truncated {
            return GitError::Failed { call: self.call.clone(), details: "too much output".into() };
        }
        GitError::from_exit(&self.call, self.project.as_deref(), self.code, &self.stderr)
    }
}

/// Puts on record what git found in objects that it took all the same.
fn log_slips(said: &str) {
    for line in said.lines().filter(|line| line.starts_with("warning: object ")).take(MAX_SLIPS) {
        warn!(line, "git found a slip in a history");
    }
}

/// Feeds and drains `child` until it ended.
async fn feed_and_drain(mut child: Child, stdin: &[u8], max: usize) -> io::Result<CallOutput> {
    let stdin_pipe = child.stdin.take();
    let mut stdout = child.stdout.take().expect("BUG: stdout is piped");
    let mut stderr = child.stderr.take().expect("BUG: stderr is piped");
    let feeding = async {
        let Some(mut pipe) = stdin_pipe else { return Ok(()) };
        match pipe.write_all(stdin).await {
            // It may end before it read all; its exit code tells how that is meant.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    };
    let reading = async move {
        // The pipe is closed when this is done, so that a longer writer ends.
        read_up_to(&mut stdout, max).await
    };
    let complaining = async {
        let kept = read_up_to(&mut stderr, STDERR_LIMIT).await?;
        tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await?;
        Ok::<_, io::Error>(kept.0)
    };
    let (fed, read, complained) = tokio::join!(feeding, reading, complaining);
    let status = child.wait().await?;
    fed?;
    let (stdout, is_truncated) = read?;
    let stderr = String::from_utf8_lossy(&complained?).into_owned();
    Ok(CallOutput {
        code: status.code(),
        stdout,
        stderr,
        is_truncated,
        call: String::new(),
        project: None,
    })
}

/// Reads at most `max` bytes; whether there was more.
async fn read_up_to(
    from: &mut (impl AsyncRead + Unpin),
    max: usize,
) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    from.take(max as u64 + 1).read_to_end(&mut bytes).await?;
    let is_truncated = bytes.len() > max;
    bytes.truncate(max);
    Ok((bytes, is_truncated))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Git;
    use std::time::Instant;

    #[tokio::test]
    async fn a_long_output_is_cut_and_its_writer_ends() {
        let git = Git::find().await.expect("git");
        let help = || git.call(CallScope::NoRepository).args(["help", "-a"]);
        let whole = help().run().await.expect("help");
        let ended = help().output_limit(10).output().await.expect("an end");
        assert!(ended.is_truncated);
        assert_eq!(ended.stdout, whole[..10]);
        assert!(matches!(help().output_limit(10).run().await, Err(GitError::Failed { .. })));
        let exact = help().output_limit(whole.len()).output().await.expect("an end");
        assert!(!exact.is_truncated);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_call_that_never_ends_is_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
        assert!(made.success());
        let git = Git::find().await.expect("git");
        let started = Instant::now();
        let error = git
            .call(CallScope::NoRepository)
            .args(["hash-object".as_ref(), pipe.as_os_str()])
            .time_limit(Duration::from_millis(200))
            .run()
            .await
            .expect_err("nothing is ever written to the pipe");
        assert_eq!(error, GitError::TimedOut { call: "git hash-object".into() });
        assert!(started.elapsed() < Duration::from_secs(60));
    }

    #[tokio::test]
    async fn much_may_go_in_and_much_be_complained_about_at_once() {
        let git = Git::find().await.expect("git");
        let lines = "no such object\n".repeat(200_000);
        let folder = tempfile::tempdir().expect("a folder");
        let scope = CallScope::Folder(folder.path());
        git.call(scope).args(["init", "-q"]).run().await.expect("a repository");
        let check = git.call(scope).args(["cat-file", "--batch-check"]);
        let said = check.stdin(lines.into_bytes()).run().await.expect("answers");
        assert_eq!(said.iter().filter(|b| **b == b'\n').count(), 200_000);
        // One that reads nothing of it ends as it likes.
        let version = git.call(scope).args(["version"]).stdin(vec![b'x'; 10_000_000]);
        assert!(version.run_text().await.expect("a version").starts_with("git version"));
    }

    #[tokio::test]
    async fn a_folder_that_is_gone_is_named() {
        let git = Git::find().await.expect("git");
        let gone = Path::new("/nowhere/at/all");
        for scope in [CallScope::Folder(gone), CallScope::Repository(gone)] {
            let error = git.call(scope).args(["version"]).run().await.expect_err("no folder");
            assert_eq!(error, GitError::NotAFolder(gone.to_owned()));
        }
    }
}
