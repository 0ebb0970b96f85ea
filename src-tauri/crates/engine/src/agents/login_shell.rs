//! The login shell's search path: an app that was started from a desktop doesn't see it, and it
//! is where a person's programs are. The shell may take a while, so it is asked when its answer
//! is needed, once, and what it said is kept for the next start.

use super::environment::Environment;
use regatta_trace::LogDropped;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::ChildStdout;
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// How long the login shell may take.
const SHELL_TIMEOUT: Duration = Duration::from_secs(5);
/// What stands round the answer: a shell's greeting isn't taken for it.
const DELIMITER: &str = "__regatta_path__";
/// The most, in bytes, that a shell may say until then.
const MAX_OUTPUT_BYTES: u64 = 1024 * 1024;
/// The file in the data folder with the answer.
const CACHE_FILE: &str = "login-path";

/// The login shell's search path, as far as it is known.
#[derive(Debug)]
pub(super) struct LoginPath {
    shell: Option<PathBuf>,
    file: PathBuf,
    cached: Mutex<Option<String>>,
    queried: OnceCell<()>,
}

impl LoginPath {
    /// What was kept in the data folder. Asks nobody.
    pub(super) fn load(data: &Path, env: &Environment) -> Self {
        let file = data.join(CACHE_FILE);
        let shell = env.login_shell().map(Path::to_owned);
        let known = match &shell {
            None => Some(String::new()),
            Some(_) => std::fs::read_to_string(&file).log_dropped("reading the kept PATH"),
        };
        Self { shell, file, cached: Mutex::new(known), queried: OnceCell::new() }
    }

    /// The search path; `None` if the shell was never asked.
    pub(super) fn cached_path(&self) -> Option<String> {
        self.lock_cached().clone()
    }

    /// Asks the shell, once for as long as the program runs.
    pub(super) async fn query_once(&self, env: &Environment) {
        self.queried.get_or_init(|| self.query(env)).await;
    }

    /// Asks the shell, whether it was asked before or not.
    pub(super) async fn query(&self, env: &Environment) {
        let Some(shell) = &self.shell else { return };
        let said = query_search_path(shell, env).await;
        // One that doesn't answer now may have before.
        let said = said.or_else(|| self.cached_path()).unwrap_or_default();
        // What can't be written is asked again after a restart.
        std::fs::write(&self.file, &said).log_dropped("keeping the PATH");
        *self.lock_cached() = Some(said);
        self.queried.set(()).log_dropped("noting that the shell was asked"); // It is set, or being set by whoever asks.
    }

    fn lock_cached(&self) -> MutexGuard<'_, Option<String>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the shell says; `None` if it can't be asked, or took too long and was ended.
async fn query_search_path(shell: &Path, env: &Environment) -> Option<String> {
    let mut command = regatta_process::session_command(shell)?;
    command.arg("-lic").arg(format!("printf '{DELIMITER}%s{DELIMITER}' \"$PATH\""));
    command.env_clear().envs(env.variables()).env("TERM", "dumb").kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().log_dropped("starting the login shell")?;
    let output = child.stdout.take()?;
    let said = timeout(SHELL_TIMEOUT, read_answer(output)).await;
    let said = said.log_dropped("waiting for the login shell").flatten();
    regatta_process::end_session(&mut child).await;
    said
}

/// Reads until the answer is there: what the shell started may hold its output open for ever.
async fn read_answer(output: ChildStdout) -> Option<String> {
    let mut output = output.take(MAX_OUTPUT_BYTES);
    let mut said = Vec::new();
    while output.read_buf(&mut said).await.log_dropped("reading the login shell")? > 0 {
        if let Some(path) = parse_answer(&String::from_utf8_lossy(&said)) {
            return Some(path.to_owned());
        }
    }
    None
}

fn parse_answer(said: &str) -> Option<&str> {
    Some(said.split_once(DELIMITER)?.1.split_once(DELIMITER)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A shell that counts how often it is asked, greets, and leaves something behind that
    /// holds its output.
    fn write_shell(dir: &Path) -> PathBuf {
        let shell = dir.join("shell");
        let text = "#!/bin/sh\necho asked >>\"$0.log\"\necho \"Welcome, $USER\"\n\
                    PATH=/opt/tools/bin:/usr/bin:/bin\nsleep 300 &\n\
                    eval \"$2\"\necho bye\nwait\n";
        std::fs::write(&shell, text).expect("a file");
        std::fs::set_permissions(&shell, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        shell
    }

    fn query_count(shell: &Path) -> usize {
        std::fs::read_to_string(shell.with_extension("log")).unwrap_or_default().lines().count()
    }

    #[tokio::test]
    async fn a_shell_is_asked_once_when_needed_and_its_answer_is_kept() {
        let dir = tempfile::tempdir().expect("a folder");
        let shell = write_shell(dir.path());
        let env = Environment::default().with_login_shell(Some(shell.clone()));
        let path = LoginPath::load(dir.path(), &env);
        assert_eq!((path.cached_path(), query_count(&shell)), (None, 0));
        path.query_once(&env).await;
        path.query_once(&env).await;
        assert_eq!(path.cached_path().as_deref(), Some("/opt/tools/bin:/usr/bin:/bin"));
        assert_eq!(query_count(&shell), 1);

        let path = LoginPath::load(dir.path(), &env);
        assert_eq!(path.cached_path().as_deref(), Some("/opt/tools/bin:/usr/bin:/bin"));
        std::fs::write(&shell, "#!/bin/sh\nexit 1\n").expect("a file");
        path.query(&env).await;
        let kept = path.cached_path();
        assert_eq!(kept.as_deref(), Some("/opt/tools/bin:/usr/bin:/bin"), "it is broken now");
    }

    #[tokio::test]
    async fn a_shell_that_is_not_there_has_no_path() {
        let dir = tempfile::tempdir().expect("a folder");
        let env = Environment::default().with_login_shell(Some("/nowhere/shell".into()));
        let path = LoginPath::load(dir.path(), &env);
        path.query_once(&env).await;
        assert_eq!(path.cached_path().as_deref(), Some(""));
        let none = LoginPath::load(dir.path(), &Environment::default());
        assert_eq!(none.cached_path().as_deref(), Some(""), "there is none to ask");
    }
}
