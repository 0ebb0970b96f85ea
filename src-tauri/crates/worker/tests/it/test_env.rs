//! What the tests share: a project with its cache, and a worker at the end of two pipes.

use regatta_git::Git;
use regatta_protocol::event::{Event, LineKind, Outcome, Question, Step};
use regatta_protocol::worker::{AgentProgram, Author, WorkerControl, WorkerLine, WorkerTask};
use regatta_protocol::{ErrorCode, Status};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Long enough for anything that works.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A project of two files, its cache, and room for one attempt.
pub(crate) struct TestEnv {
    dir: TempDir,
    pub(crate) commit: String,
}

impl TestEnv {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("worker-test-").tempdir().expect("a folder");
        let project = dir.path().join("project");
        fs::create_dir_all(project.join("src")).expect("the project");
        fs::write(project.join("README.md"), "# Shop\n\nSells boats.\n").expect("a file");
        fs::write(project.join("src/cart.txt"), "one\ntwo\nthree\n").expect("a file");
        run_git(&project, &["init", "--quiet", "--initial-branch=main"]);
        run_git(&project, &["add", "."]);
        let ada = ["-c", "user.name=Ada", "-c", "user.email=ada@localhost"];
        run_git(&project, &[&ada[..], &["commit", "--quiet", "-m", "Begin"]].concat());
        let commit = run_git(&project, &["rev-parse", "HEAD"]);
        let test_env = Self { dir, commit };
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let git = Git::find().await.expect("git is here");
            git.update_cache(&project, &test_env.cache(), &test_env.commit).await.expect("a cache");
        });
        test_env
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.root().join("cache.git")
    }

    pub(crate) fn copy(&self) -> PathBuf {
        self.root().join("copy")
    }

    pub(crate) fn scratch(&self) -> PathBuf {
        self.root().join("scratch")
    }

    /// A task for the practice agent.
    pub(crate) fn practice_task(&self, prompt: &str) -> WorkerTask {
        let args = vec!["practice-agent".to_owned()];
        self.new_task(AgentProgram::Acp { program: worker_program(), args }, prompt)
    }

    /// A task for a shell script that speaks ACP, or pretends to.
    pub(crate) fn acp_task(&self, script: &str) -> WorkerTask {
        let program = self.write_script(script);
        self.new_task(AgentProgram::Acp { program, args: Vec::new() }, "please")
    }

    /// A task for a shell script as a command. The prompt is its first argument.
    pub(crate) fn command_task(&self, script: &str) -> WorkerTask {
        let (program, args) = (self.write_script(script), vec!["{prompt}".to_owned()]);
        self.new_task(AgentProgram::Command { program, args }, "please")
    }

    pub(crate) fn new_task(&self, agent: AgentProgram, prompt: &str) -> WorkerTask {
        WorkerTask {
            task_name: "Paint the boat".into(),
            prompt: prompt.into(),
            cache: self.cache(),
            start_commit: self.commit.clone(),
            copy_commit: self.commit.clone(),
            copy: self.copy(),
            scratch: self.scratch(),
            ref_prefix: "refs/regatta/task/1".into(),
            author: Author { name: "Ada".into(), email: "ada@localhost".into() },
            agent,
            time_limit_s: None,
            reuse_copy: false,
            env: Vec::new(),
            options: Default::default(),
            session_meta: String::new(),
            known_agent: None,
            safety: Default::default(),
            sandbox: None,
            session: None,
            previous_summary: String::new(),
            allowed_for_batch: Vec::new(),
            allowed_once: Vec::new(),
            cost_limit_cents: None,
            is_autonomous: false,
            save_interval_s: None,
        }
    }

    fn write_script(&self, script: &str) -> PathBuf {
        let file = self.root().join("agent.sh");
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("the script");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it may run");
        file
    }

    /// What git says of the cache.
    pub(crate) fn git_in_cache(&self, args: &[&str]) -> String {
        run_git(&self.cache(), args)
    }

    /// A file of the copy.
    pub(crate) fn read_copy_file(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.copy().join(path)).ok()
    }

    /// Starts a worker on `task`.
    pub(crate) fn start_task(&self, task: &WorkerTask) -> Worker {
        let mut worker = Worker::spawn(self.root());
        worker.send_line(&serde_json::to_string(task).expect("a task"));
        worker
    }

    /// Works on `task` to its end.
    pub(crate) fn run_task(&self, task: &WorkerTask) -> Worker {
        let mut worker = self.start_task(task);
        worker.finish();
        worker
    }

    /// The processes that run in the copy or name this yard, but for the worker.
    pub(crate) fn processes(&self) -> Vec<String> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let found = entries.filter_map(|entry| {
            let path = entry.path();
            let line = fs::read(path.join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            let place = fs::read_link(path.join("cwd")).unwrap_or_default();
            let ours = place.starts_with(self.copy()) || line.contains(self.root().to_str()?);
            (ours && !line.is_empty()).then_some(line)
        });
        found.collect()
    }
}

/// A running worker.
pub(crate) struct Worker {
    pub(crate) child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<WorkerLine>,
    pub(crate) received: Vec<WorkerLine>,
}

impl Worker {
    fn spawn(folder: &Path) -> Self {
        // As in the background of a script, where Ctrl-C is ignored.
        let mut child = Command::new("env")
            .arg("--ignore-signal=INT")
            .arg(worker_program())
            .arg("worker")
            .current_dir(folder)
            .env("GIT_DIR", "/nowhere")
            .env("REGATTA_SECRET", "x")
            .env("TAURI_THING", "x")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the worker starts");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        // Next to nothing waits here: a test that doesn't read is a reader that doesn't.
        let (send, lines) = sync_channel(1);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).expect("each line is an event");
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take();
        Self { child, input, lines, received: Vec::new() }
    }

    fn send_line(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its input is open");
        writeln!(input, "{line}").expect("the worker reads");
    }

    pub(crate) fn send(&mut self, control: &WorkerControl) {
        self.send_line(&serde_json::to_string(control).expect("a control"));
    }

    /// Says something to the agent.
    pub(crate) fn send_message(&mut self, text: &str, interrupt: bool) {
        self.send(&WorkerControl::Message { text: text.into(), interrupt });
    }

    pub(crate) fn answer(&mut self, question: &Question, option: &str) {
        let (question, option) = (question.id.clone(), option.to_owned());
        self.send(&WorkerControl::Answer { question, option });
    }

    /// Ends its input, as an engine does that dies.
    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }

    /// Closes its output, as an engine does that dies in mid-read.
    pub(crate) fn stop_reading(&mut self) {
        self.lines = sync_channel(1).1;
    }

    /// Reads on until an event that `wanted` says yes to.
    pub(crate) fn read_until(&mut self, what: &str, wanted: impl Fn(&Event) -> bool) -> Event {
        let end = Instant::now() + LONG;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    let event = line.event.clone();
                    self.received.push(line);
                    if wanted(&event) {
                        return event;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("no {what} in time: {:#?}", self.received),
                Err(RecvTimeoutError::Disconnected) => panic!("no {what}: {:#?}", self.received),
            }
        }
    }

    /// Reads on until a line of the transcript that is `line`.
    pub(crate) fn read_until_line(&mut self, line: &str) {
        self.read_until(line, |event| match event {
            Event::Output { text, .. } => text.split('\n').any(|l| l == line),
            _ => false,
        });
    }

    pub(crate) fn read_until_status(&mut self, status: Status) {
        self.read_until(
            status.label(),
            |e| matches!(e, Event::Status { status: s, .. } if *s == status),
        );
    }

    pub(crate) fn read_until_question(&mut self) -> Question {
        match self.read_until("question", |event| matches!(event, Event::Question(_))) {
            Event::Question(question) => question,
            other => panic!("no question: {other:?}"),
        }
    }

    /// Reads on to the end, where everything must be in order.
    pub(crate) fn finish(&mut self) {
        self.read_until("outcome", |event| matches!(event, Event::Outcome(_)));
        assert_eq!(self.wait_for_exit(LONG).and_then(|status| status.code()), Some(0));
        assert!(self.lines.recv().is_err(), "the outcome is last");
        let numbers: Vec<u64> = self.received.iter().map(|line| line.seq).collect();
        assert_eq!(numbers, (1..=self.received.len() as u64).collect::<Vec<_>>());
    }

    /// How it exits within `limit`.
    pub(crate) fn wait_for_exit(&mut self, limit: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }

    pub(crate) fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.received.iter().map(|line| &line.event)
    }

    pub(crate) fn outcome(&self) -> &Outcome {
        match self.events().last() {
            Some(Event::Outcome(outcome)) => outcome,
            other => panic!("no outcome: {other:?}"),
        }
    }

    /// The outcome is a failure of that kind, told in all three sentences.
    pub(crate) fn assert_failed(&self, code: ErrorCode) {
        let outcome = self.outcome();
        assert_eq!(outcome.status, Status::Failed, "{outcome:#?}");
        let notice = outcome.notice.as_ref().expect("a failure says why");
        assert_eq!(notice.code, code, "{notice:#?}");
        for part in [&notice.message, &notice.impact, &notice.hint] {
            assert!(!part.is_empty(), "{notice:#?}");
        }
    }

    /// The transcript's lines of one kind.
    pub(crate) fn lines(&self, kind: LineKind) -> Vec<&str> {
        let texts = self.events().filter_map(move |event| match event {
            Event::Output { kind: k, text, .. } if *k == kind => Some(text),
            _ => None,
        });
        texts.flat_map(|text| text.split('\n')).collect()
    }

    /// The steps as they stood at the end, in the order in which they began.
    pub(crate) fn steps(&self) -> Vec<&Step> {
        let mut steps: Vec<&Step> = Vec::new();
        for event in self.events() {
            let Event::Step(step) = event else { continue };
            match steps.iter_mut().find(|known| known.id == step.id) {
                Some(known) => *known = step,
                None => steps.push(step),
            }
        }
        steps
    }

    pub(crate) fn titles(&self) -> Vec<&str> {
        self.steps().iter().map(|step| step.title.as_str()).collect()
    }

    pub(crate) fn statuses(&self) -> Vec<Status> {
        let statuses = self.events().filter_map(|event| match event {
            Event::Status { status, .. } => Some(*status),
            _ => None,
        });
        statuses.collect()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Its input ends with it, and it ends everything; a test that failed doesn't wait.
        self.input = None;
        if self.wait_for_exit(Duration::from_secs(12)).is_none() {
            drop(self.child.kill());
        }
        drop(self.child.wait());
    }
}

/// The worker and the practice agent: the example beside this test in the target folder.
pub(crate) fn worker_program() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    test.parent().and_then(Path::parent).expect("the target folder").join("examples/worker")
}

/// What git says in `folder`.
fn run_git(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").current_dir(folder).args(args);
    let done = command.output().expect("git starts");
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim_end().to_owned()
}

/// Asks `done` again and again until it says yes, or fails after a while.
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !done() {
        assert!(Instant::now() < end, "never {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
