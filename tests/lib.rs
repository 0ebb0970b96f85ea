//! What the whole-program tests share: a project, a data folder, the program, and a look
//! at what is left running.

#![expect(clippy::disallowed_methods, reason = "tests look from outside")]

mod fault_proxy;
mod git_host;
mod model_server;
mod real_agents;

pub use fault_proxy::{Fault, FaultProxy};
pub use git_host::{GitHost, READ_TOKEN, TOKEN};
pub use model_server::{MODEL_KEY, ModelServer};
pub use real_agents::{agents_environment, is_agent_installed};

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A small project and an empty data folder, gone when dropped.
pub struct TestEnv {
    dir: TempDir,
}

impl Default for TestEnv {
    fn default() -> Self {
        Self::new()
    }
}

impl TestEnv {
    /// A project with one commit of three files on the branch `main`.
    ///
    /// # Panics
    /// When the folder can't be made or git fails.
    #[must_use]
    pub fn new() -> Self {
        let env = Self::without_history();
        env.git(&["init", "--quiet", "--initial-branch=main"]);
        env.write("README.md", "# Shop\n\nSells boats.\n");
        env.write("src/cart.txt", "one\ntwo\nthree\n");
        env.write("src/prices.txt", "10\n20\n");
        env.commit("Begin");
        env
    }

    /// A project folder without any history.
    ///
    /// # Panics
    /// When the folder can't be made.
    #[must_use]
    pub fn without_history() -> Self {
        let dir = TempDir::with_prefix("regatta-test-").expect("a temporary folder");
        fs::create_dir(dir.path().join("project")).expect("the project folder");
        Self { dir }
    }

    /// The folder that holds everything of this test; each process of ours names it.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    /// The project's folder.
    #[must_use]
    pub fn project(&self) -> PathBuf {
        self.root().join("project")
    }

    /// Regatta's data folder.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.root().join("data")
    }

    /// Writes a file of the project.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("its folder");
        fs::write(path, text).expect("the file");
    }

    /// Writes an executable script beside the project and returns its path.
    ///
    /// # Panics
    /// When it can't be written.
    #[must_use]
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.root().join(name);
        fs::write(&path, text).expect("the script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
        path
    }

    /// Runs git in the project and returns what it printed.
    ///
    /// # Panics
    /// When git fails.
    pub fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@localhost"])
            .args(args)
            .current_dir(self.project())
            .output()
            .expect("git starts");
        assert!(output.status.success(), "git {args:?}: {}", to_text(&output.stderr));
        to_text(&output.stdout).trim_end().to_owned()
    }

    /// Commits everything in the project.
    pub fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// The program `regatta` with these arguments, not started yet.
    pub fn regatta<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(regatta_program());
        command.args(args).current_dir(self.root()).stdin(Stdio::null());
        command
    }

    /// `regatta run` on the project: a batch called `journey` with `tasks` (name, prompt) and
    /// more arguments.
    ///
    /// # Panics
    /// When the program doesn't start.
    #[must_use]
    pub fn run_batch(&self, tasks: &[(&str, &str)], more: &[&str]) -> RunOutput {
        RunOutput::from_output(
            self.run_batch_command(tasks, more).output().expect("regatta starts"),
        )
    }

    /// The command that [`TestEnv::run_batch`] runs.
    ///
    /// # Panics
    /// When the batch can't be written to its file.
    #[must_use]
    pub fn run_batch_command(&self, tasks: &[(&str, &str)], more: &[&str]) -> Command {
        let tasks: Vec<Value> = tasks
            .iter()
            .map(|(name, prompt)| serde_json::json!({"task_name": name, "prompt": prompt}))
            .collect();
        let file = self.root().join("batch.json");
        let body = serde_json::json!({ "name": "journey", "parallel_tasks": tasks }).to_string();
        fs::write(&file, body).expect("the batch's file");
        let mut command = self.regatta(&["run", "--json", "--file"]);
        command.arg(file).arg("--repo").arg(self.project()).arg("--data-dir").arg(self.data_dir());
        command.args(more);
        command
    }

    /// `regatta <verb> BATCH --data-dir …` with more arguments.
    ///
    /// # Panics
    /// When the program doesn't start.
    #[must_use]
    pub fn run_on_batch(&self, verb: &str, batch: &str, more: &[&str]) -> RunOutput {
        let mut command = self.regatta(&[verb, batch, "--data-dir"]);
        command.arg(self.data_dir()).args(more);
        RunOutput::from_output(command.output().expect("regatta starts"))
    }

    /// Every file of the checked-out project with its bytes, and git's index.
    ///
    /// # Panics
    /// When something can't be read.
    #[must_use]
    pub fn checkout_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        collect_files(&self.project(), &mut found);
        let index = self.project().join(".git/index");
        found.push((index.clone(), fs::read(index).expect("the index")));
        found.sort();
        found
    }

    /// Fails when a process of this test is still there after `limit`.
    ///
    /// # Panics
    /// When one is.
    pub fn assert_nothing_runs(&self, limit: Duration) {
        let mut left = Vec::new();
        let gone = wait_until(limit, || {
            left = self.processes();
            left.is_empty()
        });
        assert!(gone, "still running: {left:?}");
    }

    /// The processes that name this test's folder, in their arguments or as where they are.
    #[must_use]
    pub fn processes(&self) -> Vec<(u32, String)> {
        let root = self.root().to_string_lossy().into_owned();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let id: u32 = entry.file_name().to_str()?.parse().ok()?;
                let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                let arguments = String::from_utf8_lossy(&arguments).replace('\0', " ");
                let place = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
                let ours = arguments.contains(&root) || place.starts_with(&root);
                (ours && !arguments.is_empty()).then_some((id, arguments))
            })
            .collect()
    }
}

/// What a run of `regatta` printed and how it ended.
#[derive(Debug)]
pub struct RunOutput {
    /// The exit code; `None` means a signal.
    pub exit_code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl RunOutput {
    /// From what the process left.
    #[must_use]
    pub fn from_output(output: Output) -> Self {
        Self {
            exit_code: output.status.code(),
            stdout: to_text(&output.stdout),
            stderr: to_text(&output.stderr),
        }
    }

    /// The events of `--json`.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The last status of the task of that name.
    #[must_use]
    pub fn status(&self, name: &str) -> String {
        last_event(&self.events(), name, "status")["status"].as_str().unwrap_or_default().to_owned()
    }

    /// The outcome of the task of that name.
    #[must_use]
    pub fn outcome(&self, name: &str) -> Value {
        last_event(&self.events(), name, "outcome")
    }

    /// The transcript of the task of that name, lines of `kind` only.
    #[must_use]
    pub fn transcript_lines(&self, name: &str, kind: &str) -> Vec<String> {
        let events = self.events();
        let outputs = events
            .iter()
            .filter(|e| e["task_name"] == name && e["event"] == "output" && e["kind"] == kind);
        outputs
            .flat_map(|e| e["text"].as_str().unwrap_or_default().split('\n'))
            .map(str::to_owned)
            .collect()
    }
}

fn last_event(events: &[Value], name: &str, kind: &str) -> Value {
    let found = events.iter().rev().find(|e| e["task_name"] == name && e["event"] == kind);
    found.cloned().unwrap_or(Value::Null)
}

/// The built program `regatta`, beside the tests' own folder.
///
/// # Panics
/// When it isn't built.
#[must_use]
pub fn regatta_program() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let built = test.parent().and_then(Path::parent).expect("the target folder").join("regatta");
    assert!(built.exists(), "{} is missing: cargo build -p regatta-cli", built.display());
    built
}

/// Asks `done` again and again until it says yes (true) or `limit` is over (false).
pub fn wait_until(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if done() {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn to_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn collect_files(dir: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(dir).expect("a folder").map(|e| e.expect("an entry")) {
        let path = entry.path();
        if entry.file_name() == ".git" {
            continue;
        }
        if entry.file_type().expect("its type").is_dir() {
            collect_files(&path, found);
        } else {
            found.push((path.clone(), fs::read(&path).expect("a file")));
        }
    }
}
