//! Runs the git program so that nothing but our own words decides what it does: no shell,
//! no prompt, no hook, no foreign configuration, no network, everything drained, a limit
//! on time and on what is read.

use crate::error::GitError;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// The oldest git that has all that is used here.
const OLDEST: (u32, u32) = (2, 39);
/// How long a call may take when nothing else is said.
const TIME_LIMIT: Duration = Duration::from_secs(300);
/// How much of a call's output is read when nothing else is said.
const OUTPUT_LIMIT: usize = 512 * 1024 * 1024;
/// How much of what a call complains about is kept.
const COMPLAINT_LIMIT: usize = 64 * 1024;

/// Said with every call. Command-line settings win over every file.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.pager=cat",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "fetch.fsckObjects=true",
    // Slips of old programs, found in many honest histories, dangerous to nobody.
    "fetch.fsck.badEmail=ignore",
    "fetch.fsck.badTimezone=ignore",
    "fetch.fsck.missingEmail=ignore",
    "fetch.fsck.missingNameBeforeEmail=ignore",
    "fetch.fsck.missingSpaceBeforeDate=ignore",
    "fetch.fsck.missingSpaceBeforeEmail=ignore",
    "fetch.fsck.zeroPaddedDate=ignore",
    "fetch.fsck.zeroPaddedFilemode=ignore",
    "init.defaultRefFormat=files",
    "protocol.version=2",
    "protocol.ext.allow=never",
    "advice.detachedHead=false",
];

/// The git program of this computer.
#[derive(Debug, Clone)]
pub struct Git {
    program: PathBuf,
}

impl Git {
    /// Finds the git program on the search path and checks that it is 2.39 or newer.
    ///
    /// # Errors
    /// [`GitError::Missing`], [`GitError::TooOld`].
    pub async fn find() -> Result<Self, GitError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let name = if cfg!(windows) { "git.exe" } else { "git" };
        let program = std::env::split_paths(&path)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
            .ok_or(GitError::Missing)?;
        let git = Self { program };
        let said = git.call(Place::Nowhere).args(["version"]).text().await?;
        match version(&said) {
            Some(found) if found >= OLDEST => Ok(git),
            _ => Err(GitError::TooOld { found: said }),
        }
    }

    /// A call on `place`, safe from the start; arguments are added to it.
    pub(crate) fn call(&self, place: Place<'_>) -> Call {
        let mut call = self.bare_call(place);
        call.command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        for setting in SETTINGS {
            call.command.args(["-c", setting]);
        }
        call
    }

    fn bare_call(&self, place: Place<'_>) -> Call {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"GIT_") {
                command.env_remove(name);
            }
        }
        command
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_ALLOW_PROTOCOL", "none");
        let mut project = None;
        let mut folders = Vec::new();
        match place {
            Place::Nowhere => {}
            Place::Folder(folder) => {
                command.current_dir(folder);
                project = Some(folder.to_owned());
                folders.push(folder.to_owned());
            }
            Place::Repository(folder) => {
                command.env("GIT_DIR", absolute(folder));
                folders.push(folder.to_owned());
            }
        }
        #[cfg(unix)]
        command.process_group(0); // Ctrl-C in a terminal is ours to answer, not git's.
        Call {
            command,
            project,
            folders,
            name: "git".into(),
            settings: Vec::new(),
            stdin: Vec::new(),
            time: TIME_LIMIT,
            max: OUTPUT_LIMIT,
        }
    }

    /// A call that reads the settings of the person, as their own calls would: only to ask
    /// for one.
    pub(crate) fn call_with_personal_settings(&self, place: Place<'_>) -> Call {
        let mut call = self.bare_call(place);
        for name in ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"] {
            if let Some(value) = std::env::var_os(name) {
                call.command.env(name, value);
            }
        }
        call
    }
}

/// Where a call works.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// On no repository.
    Nowhere,
    /// On the repository that this folder is in.
    Folder(&'a Path),
    /// On exactly this repository: git looks for no other.
    Repository(&'a Path),
}

/// One call of the git program, under preparation.
#[derive(Debug)]
pub(crate) struct Call {
    command: Command,
    project: Option<PathBuf>,
    folders: Vec<PathBuf>,
    name: String,
    settings: Vec<(OsString, OsString)>,
    stdin: Vec<u8>,
    time: Duration,
    max: usize,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; none: a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it wrote.
    pub(crate) stdout: Vec<u8>,
    /// What it complained about.
    pub(crate) stderr: String,
    /// Whether it had more to write than was read.
    pub(crate) cut: bool,
    call: String,
    project: Option<PathBuf>,
}

impl Call {
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
    pub(crate) fn settings(mut self, settings: &[(OsString, OsString)]) -> Self {
        self.settings.extend_from_slice(settings);
        self
    }

    /// Sets the folder whose files it works with, and runs it there.
    pub(crate) fn files(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder).env("GIT_WORK_TREE", absolute(folder));
        self.folders.push(folder.to_owned());
        self
    }

    /// Sets what it reads.
    pub(crate) fn stdin(mut self, bytes: Vec<u8>) -> Self {
        self.stdin = bytes;
        self
    }

    /// Sets how long it may take.
    pub(crate) const fn time_limit(mut self, limit: Duration) -> Self {
        self.time = limit;
        self
    }

    /// Sets how many bytes of its output are read; it is ended when it has more.
    pub(crate) const fn output_limit(mut self, bytes: usize) -> Self {
        self.max = bytes;
        self
    }

    /// Runs it; its output, when it ended well.
    pub(crate) async fn run(self) -> Result<Vec<u8>, GitError> {
        let ended = self.end().await?;
        if ended.code == Some(0) && !ended.cut { Ok(ended.stdout) } else { Err(ended.error()) }
    }

    /// Runs it; its output as text without the last line's end, when it ended well.
    pub(crate) async fn text(self) -> Result<String, GitError> {
        let text = self.run().await?;
        let text = text.strip_suffix(b"\n").unwrap_or(&text);
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    /// Runs it; `None` when it ended with exit code 1, which git uses for "no".
    pub(crate) async fn ask(self) -> Result<Option<Vec<u8>>, GitError> {
        let ended = self.end().await?;
        match ended.code {
            Some(0) if !ended.cut => Ok(Some(ended.stdout)),
            Some(1) => Ok(None),
            _ => Err(ended.error()),
        }
    }

    /// Runs it to its end, however that is.
    pub(crate) async fn end(mut self) -> Result<Ended, GitError> {
        if let Some(gone) = self.folders.into_iter().find(|folder| !folder.is_dir()) {
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
            io::ErrorKind::NotFound => GitError::Missing,
            _ => GitError::io(format!("starting {}", self.name), &error),
        })?;
        let drained = tokio::time::timeout(self.time, drain(child, &self.stdin, self.max)).await;
        match drained {
            Ok(Ok(mut ended)) => {
                (ended.call, ended.project) = (self.name, self.project);
                Ok(ended)
            }
            Ok(Err(error)) => Err(GitError::io(self.name, &error)),
            Err(_) => Err(GitError::TooSlow { call: self.name }),
        }
    }
}

impl Ended {
    /// What went wrong.
    pub(crate) fn error(&self) -> GitError {
        if self.cut {
            return GitError::Failed { call: self.call.clone(), details: "too much output".into() };
        }
        GitError::failed(&self.call, self.project.as_deref(), self.code, &self.stderr)
    }
}

/// Feeds and drains `child` until it ended.
async fn drain(mut child: Child, stdin: &[u8], max: usize) -> io::Result<Ended> {
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
        let kept = read_up_to(&mut stderr, COMPLAINT_LIMIT).await?;
        tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await?;
        Ok::<_, io::Error>(kept.0)
    };
    let (fed, read, complained) = tokio::join!(feeding, reading, complaining);
    let status = child.wait().await?;
    fed?;
    let (stdout, cut) = read?;
    let stderr = String::from_utf8_lossy(&complained?).into_owned();
    Ok(Ended { code: status.code(), stdout, stderr, cut, call: String::new(), project: None })
}

/// Reads at most `max` bytes; whether there was more.
async fn read_up_to(
    from: &mut (impl AsyncRead + Unpin),
    max: usize,
) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    from.take(max as u64 + 1).read_to_end(&mut bytes).await?;
    let cut = bytes.len() > max;
    bytes.truncate(max);
    Ok((bytes, cut))
}

/// The first two numbers of "git version 2.39.5 (Apple Git-154)".
fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.strip_prefix("git version ")?.split(['.', ' ']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// `path` seen from the root, so that it means the same in every folder.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()) // fails for "" only
}

/// A path from git's output.
#[cfg(unix)]
pub(crate) fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// A path from git's output, which is UTF-8 here.
#[cfg(not(unix))]
pub(crate) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// Whether `text` is a whole commit id, and so can stand as an argument.
pub(crate) fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Refuses what isn't a whole commit id.
pub(crate) fn check_id(text: &str) -> Result<(), GitError> {
    if is_id(text) { Ok(()) } else { Err(GitError::RevisionMissing { rev: text.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_git_writes_them() {
        assert_eq!(version("git version 2.39.5"), Some((2, 39)));
        assert_eq!(version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(version("git version 2.47.0.windows.1"), Some((2, 47)));
        assert_eq!(version("hub version 2"), None);
        assert_eq!(version(""), None);
    }

    #[test]
    fn only_whole_ids_are_ids() {
        assert!(is_id(&"a1".repeat(20)));
        assert!(is_id(&"0".repeat(64)));
        for bad in ["", "HEAD", "-x", &"g".repeat(40), &"a".repeat(39)] {
            assert!(!is_id(bad), "{bad:?}");
        }
    }
}
