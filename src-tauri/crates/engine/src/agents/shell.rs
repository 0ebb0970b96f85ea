//! The login shell's search path: an app that was started from a desktop doesn't see it, and it
//! is where a person's programs are. The shell may take a while, so it is asked when its answer
//! is needed, once, and what it said is kept for the next start.

use super::environment::Environment;
use super::find;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStdout, Command};
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// How long the login shell may take.
const LIMIT: Duration = Duration::from_secs(5);
/// What stands round the answer: a shell's greeting isn't taken for it.
const MARK: &str = "__regatta_path__";
/// The most, in bytes, that a shell may say until then.
const MOST: u64 = 1024 * 1024;
/// The file in the data folder with the answer.
const KEPT: &str = "login-path";

/// The login shell's search path, as far as it is known.
#[derive(Debug)]
pub(super) struct LoginPath {
    shell: Option<PathBuf>,
    file: PathBuf,
    known: Mutex<Option<String>>,
    asked: OnceCell<()>,
}

impl LoginPath {
    /// What was kept in the data folder. Asks nobody.
    pub(super) fn load(data: &Path, env: &Environment) -> Self {
        let file = data.join(KEPT);
        let shell = env.login_shell().map(Path::to_owned);
        let known = match &shell {
            None => Some(String::new()),
            Some(_) => std::fs::read_to_string(&file).ok(),
        };
        Self { shell, file, known: Mutex::new(known), asked: OnceCell::new() }
    }

    /// The search path; none: the shell was never asked.
    pub(super) fn known(&self) -> Option<String> {
        self.state().clone()
    }

    /// Asks the shell, once for as long as the program runs.
    pub(super) async fn ask(&self, env: &Environment) {
        self.asked.get_or_init(|| self.ask_again(env)).await;
    }

    /// Asks the shell, whether it was asked before or not.
    pub(super) async fn ask_again(&self, env: &Environment) {
        let Some(shell) = &self.shell else { return };
        let said = search_path(shell, env).await;
        // One that doesn't answer now may have before.
        let said = said.or_else(|| self.known()).unwrap_or_default();
        // What can't be written is asked again after a restart.
        std::fs::write(&self.file, &said).ok();
        *self.state() = Some(said);
        self.asked.set(()).ok(); // It is set, or being set by whoever asks.
    }

    fn state(&self) -> MutexGuard<'_, Option<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the shell says; none: it can't be asked, or took too long and was ended.
async fn search_path(shell: &Path, env: &Environment) -> Option<String> {
    // In a session of its own: else an interactive shell reaches for the terminal from which
    // the app was started, and stops until it gets it.
    let mut command = Command::new(find::system_program("setsid")?);
    command.arg(shell).arg("-lic").arg(format!("printf '{MARK}%s{MARK}' \"$PATH\""));
    command.env_clear().envs(env.all()).env("TERM", "dumb").kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let group = child.id().and_then(|id| i32::try_from(id).ok());
    let output = child.stdout.take()?;
    let said = timeout(LIMIT, answer(output)).await.ok().flatten();
    if let Some(group) = group {
        // With what it started. An error says that all of it has ended.
        let group = nix::unistd::Pid::from_raw(group);
        nix::sys::signal::killpg(group, nix::sys::signal::SIGKILL).ok();
    }
    child.kill().await.ok(); // As above.
    said
}

/// Reads until the answer is there: what the shell started may hold its output open for ever.
async fn answer(output: ChildStdout) -> Option<String> {
    let mut output = output.take(MOST);
    let mut said = Vec::new();
    while output.read_buf(&mut said).await.ok()? > 0 {
        if let Some(path) = marked(&String::from_utf8_lossy(&said)) {
            return Some(path.to_owned());
        }
    }
    None
}

fn marked(said: &str) -> Option<&str> {
    Some(said.split_once(MARK)?.1.split_once(MARK)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A shell that counts how often it is asked, greets, and leaves something behind that
    /// holds its output.
    fn shell(dir: &Path) -> PathBuf {
        let shell = dir.join("shell");
        let text = "#!/bin/sh\necho asked >>\"$0.log\"\necho \"Welcome, $USER\"\n\
                    PATH=/opt/tools/bin:/usr/bin:/bin\nsleep 300 &\n\
                    eval \"$2\"\necho bye\nwait\n";
        std::fs::write(&shell, text).expect("a file");
        std::fs::set_permissions(&shell, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        shell
    }

    fn asked(shell: &Path) -> usize {
        std::fs::read_to_string(shell.with_extension("log")).unwrap_or_default().lines().count()
    }

    #[tokio::test]
    async fn a_shell_is_asked_once_when_needed_and_its_answer_is_kept() {
        let dir = tempfile::tempdir().expect("a folder");
        let shell = shell(dir.path());
        let env = Environment::default().with_login_shell(Some(shell.clone()));
        let path = LoginPath::load(dir.path(), &env);
        assert_eq!((path.known(), asked(&shell)), (None, 0));
        path.ask(&env).await;
        path.ask(&env).await;
        assert_eq!(path.known().as_deref(), Some("/opt/tools/bin:/usr/bin:/bin"));
        assert_eq!(asked(&shell), 1);

        let path = LoginPath::load(dir.path(), &env);
        assert_eq!(path.known().as_deref(), Some("/opt/tools/bin:/usr/bin:/bin"));
        std::fs::write(&shell, "#!/bin/sh\nexit 1\n").expect("a file");
        path.ask_again(&env).await;
        let kept = path.known();
        assert_eq!(kept.as_deref(), Some("/opt/tools/bin:/usr/bin:/bin"), "it is broken now");
    }

    #[tokio::test]
    async fn a_shell_that_is_not_there_has_no_path() {
        let dir = tempfile::tempdir().expect("a folder");
        let env = Environment::default().with_login_shell(Some("/nowhere/shell".into()));
        let path = LoginPath::load(dir.path(), &env);
        path.ask(&env).await;
        assert_eq!(path.known().as_deref(), Some(""));
        let none = LoginPath::load(dir.path(), &Environment::default());
        assert_eq!(none.known().as_deref(), Some(""), "there is none to ask");
    }
}
