//! `regatta serve` as other programs meet it.

mod agent_keys;
mod agents_and_models;
mod canary;
mod client_and_server;
mod documented_call;
#[path = "../../../src-tauri/crates/server/tests/it/http_client.rs"]
mod http_client;
mod idle_streams;
mod secret_search;
mod server_errors;
mod shutdown;
mod startup;

use http_client::{HttpClient, SseEvent, StreamingResponse, TIMEOUT};
use nix::sys::signal::Signal;
use regatta_tests::TestEnv;
use serde_json::{Value, json};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A server on the yard's project and data folder. Killed when dropped, if it still runs.
struct TestServer {
    child: Child,
    url: String,
    client: HttpClient,
}

impl TestServer {
    /// Starts it with a key that it makes itself.
    fn start(env: &TestEnv, more: &[&str]) -> Self {
        Self::spawn(env, serve_command(env, more))
    }

    /// Starts what is ready to be started.
    fn spawn(env: &TestEnv, mut command: Command) -> Self {
        let said = env.root().join("said.txt");
        command.stdout(File::create(&said).unwrap());
        command.stderr(File::create(env.root().join("told.txt")).unwrap());
        let child = command.spawn().unwrap();
        let read = || std::fs::read_to_string(&said).unwrap_or_default();
        let there = || read().contains("API key") && read().ends_with('\n');
        assert!(regatta_tests::wait_until(TIMEOUT, there), "it starts: {}", read());
        let text = read();
        let mut lines = text.lines();
        let url = lines.next().unwrap().strip_prefix("Regatta listens on ").unwrap().to_owned();
        let key = lines.next().unwrap().rsplit_once(": ").unwrap().1.to_owned();
        assert_eq!((key.len(), lines.next()), (64, None), "and nothing else is said there");
        let address = url.rsplit_once('/').unwrap().1.parse().unwrap();
        Self { child, url, client: HttpClient { address, key } }
    }

    /// The polite signal; its exit code.
    fn terminate(&mut self) -> Option<i32> {
        self.end_with_signal(Signal::SIGTERM)
    }

    fn end_with_signal(&mut self, signal: Signal) -> Option<i32> {
        self.signal(signal);
        self.child.wait().unwrap().code()
    }

    fn signal(&self, signal: Signal) {
        let id = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(id, signal).unwrap();
    }

    /// The signal that nobody hears.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts a batch; its stream.
    async fn invoke(&self, body: &Value) -> StreamingResponse {
        let mut headers = self.client.headers();
        headers.push(("content-type", "application/json".into()));
        let body = body.to_string();
        let pieces =
            self.client.open_stream("POST", "/invoke/stdout", &headers, body.as_bytes()).await;
        assert_eq!(pieces.head.status, 200);
        pieces
    }

    /// A batch's events after one.
    async fn events(&self, run: &str, after: u64) -> StreamingResponse {
        let mut headers = self.client.headers();
        headers.push(("last-event-id", after.to_string()));
        let path = format!("/v1/runs/{run}/events");
        self.client.open_stream("GET", &path, &headers, b"").await
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// `regatta serve` on a free port.
fn serve_command(env: &TestEnv, more: &[&str]) -> Command {
    let mut command = env.regatta(&["serve"]);
    if !more.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.arg("--data-dir").arg(env.data_dir()).arg("--allow-root").arg(env.root());
    command.args(more).stderr(Stdio::null());
    command
}

/// A request on the yard's project.
fn request_body(env: &TestEnv, tasks: &[(&str, &str)]) -> Value {
    let task = |(name, prompt): &(&str, &str)| json!({"task_name": name, "prompt": prompt});
    let tasks: Vec<Value> = tasks.iter().map(task).collect();
    json!({"repo_url": env.project(), "github_token": "", "parallel_tasks": tasks})
}

/// Everything that a stream still holds.
async fn read_rest(pieces: &mut StreamingResponse) -> Vec<SseEvent> {
    let mut events = Vec::new();
    while let Some(event) = pieces.next_event().await {
        events.push(event);
    }
    events
}

/// Reads until an event is the one, which is the last of what is given back.
async fn read_until(
    pieces: &mut StreamingResponse,
    is_it: impl Fn(&SseEvent) -> bool,
) -> Vec<SseEvent> {
    let mut events = Vec::new();
    loop {
        events.push(pieces.next_event().await.expect("the stream goes on"));
        if events.last().is_some_and(&is_it) {
            return events;
        }
    }
}

/// The text that a task printed, without what we say about it.
fn printed_text(events: &[SseEvent], task: &str) -> String {
    let of_task = events.iter().filter(|event| event.data["task_name"] == task);
    let out = of_task.filter(|event| event.data["kind"].is_null());
    out.filter_map(|event| event.data["stdout"].as_str()).collect()
}

/// A file of the yard with this text.
fn write_file(env: &TestEnv, name: &str, text: &str) -> PathBuf {
    let path = env.root().join(name);
    std::fs::write(&path, text).unwrap();
    path
}
