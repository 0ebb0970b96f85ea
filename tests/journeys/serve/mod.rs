//! `regatta serve` as other programs meet it.

mod agent_keys;
mod both_ends;
mod call;
#[path = "../../../src-tauri/crates/server/tests/it/caller.rs"]
mod caller;
mod canary;
mod ends;
mod idle;
mod search;
mod starts;
mod who;

use caller::{Caller, LONG, Pieces, Sent};
use nix::sys::signal::Signal;
use regatta_tests::Yard;
use serde_json::{Value, json};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A server on the yard's project and data folder. Killed when dropped, if it still runs.
struct Served {
    child: Child,
    url: String,
    caller: Caller,
}

impl Served {
    /// Starts it with a key that it makes itself.
    fn start(yard: &Yard, more: &[&str]) -> Self {
        Self::launch(yard, command(yard, more))
    }

    /// Starts what is ready to be started.
    fn launch(yard: &Yard, mut command: Command) -> Self {
        let said = yard.root().join("said.txt");
        command.stdout(File::create(&said).unwrap());
        command.stderr(File::create(yard.root().join("told.txt")).unwrap());
        let child = command.spawn().unwrap();
        let read = || std::fs::read_to_string(&said).unwrap_or_default();
        let there = || read().contains("API key") && read().ends_with('\n');
        assert!(regatta_tests::wait_until(LONG, there), "it starts: {}", read());
        let text = read();
        let mut lines = text.lines();
        let url = lines.next().unwrap().strip_prefix("Regatta listens on ").unwrap().to_owned();
        let key = lines.next().unwrap().rsplit_once(": ").unwrap().1.to_owned();
        assert_eq!((key.len(), lines.next()), (64, None), "and nothing else is said there");
        let address = url.rsplit_once('/').unwrap().1.parse().unwrap();
        Self { child, url, caller: Caller { address, key } }
    }

    /// The polite signal; its exit code.
    fn end(&mut self) -> Option<i32> {
        self.end_by(Signal::SIGTERM)
    }

    fn end_by(&mut self, signal: Signal) -> Option<i32> {
        let id = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(id, signal).unwrap();
        self.child.wait().unwrap().code()
    }

    /// The signal that nobody hears.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts a batch; its stream.
    async fn invoke(&self, body: &Value) -> Pieces {
        let mut headers = self.caller.headers();
        headers.push(("content-type", "application/json".into()));
        let body = body.to_string();
        let pieces = self.caller.open("POST", "/invoke/stdout", &headers, body.as_bytes()).await;
        assert_eq!(pieces.head.status, 200);
        pieces
    }

    /// A batch's events after one.
    async fn events(&self, run: &str, after: u64) -> Pieces {
        let mut headers = self.caller.headers();
        headers.push(("last-event-id", after.to_string()));
        let path = format!("/v1/runs/{run}/events");
        self.caller.open("GET", &path, &headers, b"").await
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// `regatta serve` on a free port.
fn command(yard: &Yard, more: &[&str]) -> Command {
    let mut command = yard.regatta(&["serve"]);
    if !more.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.arg("--data-dir").arg(yard.data()).arg("--allow-root").arg(yard.root());
    command.args(more).stderr(Stdio::null());
    command
}

/// A request on the yard's project.
fn body(yard: &Yard, tasks: &[(&str, &str)]) -> Value {
    let task = |(name, prompt): &(&str, &str)| json!({"task_name": name, "prompt": prompt});
    let tasks: Vec<Value> = tasks.iter().map(task).collect();
    json!({"repo_url": yard.project(), "github_token": "", "parallel_tasks": tasks})
}

/// Everything that a stream still holds.
async fn rest(pieces: &mut Pieces) -> Vec<Sent> {
    let mut events = Vec::new();
    while let Some(event) = pieces.event().await {
        events.push(event);
    }
    events
}

/// Reads until an event is the one, which is the last of what is given back.
async fn until(pieces: &mut Pieces, is_it: impl Fn(&Sent) -> bool) -> Vec<Sent> {
    let mut events = Vec::new();
    loop {
        events.push(pieces.event().await.expect("the stream goes on"));
        if events.last().is_some_and(&is_it) {
            return events;
        }
    }
}

/// The text that a task printed, without what we say about it.
fn printed(events: &[Sent], task: &str) -> String {
    let of_task = events.iter().filter(|event| event.data["task_name"] == task);
    let out = of_task.filter(|event| event.data["kind"].is_null());
    out.filter_map(|event| event.data["stdout"].as_str()).collect()
}

/// A file of the yard with this text.
fn file(yard: &Yard, name: &str, text: &str) -> PathBuf {
    let path = yard.root().join(name);
    std::fs::write(&path, text).unwrap();
    path
}
