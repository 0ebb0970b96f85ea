//! The practice agent as its clients meet it: a program that reads and writes JSON lines.

#![expect(clippy::disallowed_methods, reason = "tests look from outside")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(20);

/// A running agent in an empty project.
struct TestClient {
    project: tempfile::TempDir,
    agent: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    received: Vec<Value>,
}

impl TestClient {
    fn new() -> Self {
        let mut agent = Command::new(agent_program())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the agent starts");
        let output = BufReader::new(agent.stdout.take().expect("piped"));
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).expect("each line is JSON");
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let project = tempfile::tempdir().expect("a folder");
        let input = agent.stdin.take();
        let mut client = Self { project, agent, input, lines, received: Vec::new() };
        let able = json!({ "_meta": { "terminal_output_delta": true } });
        client.request(
            1,
            "initialize",
            json!({ "protocolVersion": 1, "clientCapabilities": able }),
        );
        assert_eq!(client.read_response(1)["result"]["protocolVersion"], 1);
        let cwd = client.project.path().to_owned();
        client.request(2, "session/new", json!({ "cwd": cwd, "mcpServers": [] }));
        assert_eq!(client.read_response(2)["result"]["sessionId"], "practice-1");
        client
    }

    fn send(&mut self, message: &Value) {
        let input = self.input.as_mut().expect("the input is open");
        writeln!(input, "{message}").expect("the agent reads");
    }

    fn request(&mut self, id: u32, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
    }

    fn send_prompt(&mut self, text: &str) {
        let block = json!({ "type": "text", "text": text });
        self.request(3, "session/prompt", json!({ "sessionId": "practice-1", "prompt": [block] }));
    }

    /// Reads until a message that `wanted` says yes to.
    fn read_until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + LONG;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).expect("the agent goes on");
            self.received.push(line.clone());
            if wanted(&line) {
                return line;
            }
        }
    }

    fn read_response(&mut self, id: u32) -> Value {
        self.read_until(|line| line["id"] == id && line.get("method").is_none())
    }

    fn read_update(&mut self, kind: &str) -> Value {
        self.read_until(|line| line["params"]["update"]["sessionUpdate"] == kind)
    }

    /// Plays `prompt` to its end; the stop reason.
    fn run_prompt(&mut self, prompt: &str) -> Value {
        self.send_prompt(prompt);
        self.read_response(3)["result"]["stopReason"].clone()
    }

    fn updates(&self) -> impl Iterator<Item = &Value> {
        self.received
            .iter()
            .map(|line| &line["params"]["update"])
            .filter(|update| !update.is_null())
    }

    /// All text of one kind of update.
    fn message_text(&self, kind: &str) -> String {
        let chunks = self.updates().filter(|update| update["sessionUpdate"] == kind);
        chunks.filter_map(|update| update["content"]["text"].as_str()).collect()
    }

    /// Everything that commands printed.
    fn printed_text(&self) -> String {
        self.updates()
            .filter_map(|update| update["_meta"]["terminal_output_delta"]["data"].as_str())
            .collect()
    }

    fn read_project_file(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.project.path().join(path)).ok()
    }

    fn cancel(&mut self) {
        let params = json!({ "sessionId": "practice-1" });
        self.send(&json!({ "jsonrpc": "2.0", "method": "session/cancel", "params": params }));
    }

    fn wait_for_exit(&mut self, limit: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            if let Some(status) = self.agent.try_wait().expect("the agent is ours") {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }
}

impl Drop for TestClient {
    fn drop(&mut self) {
        // It may have ended long ago, which is as good.
        drop(self.agent.kill());
        drop(self.agent.wait());
    }
}

/// The example beside this test in the target folder.
fn agent_program() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let built = test.parent().and_then(Path::parent).expect("the target folder");
    built.join("examples/practice-agent")
}

#[test]
fn files_are_written_added_to_and_removed() {
    let mut client = TestClient::new();
    std::fs::write(client.project.path().join("old.txt"), "x").expect("a file");
    let ended =
        client.run_prompt("write a/b.txt: one\\ntwo\nappend a/b.txt: three\nremove old.txt");
    assert_eq!(ended, "end_turn");
    assert_eq!(client.read_project_file("a/b.txt").as_deref(), Some("one\ntwo\nthree\n"));
    assert_eq!(client.read_project_file("old.txt"), None);
    let kinds: Vec<_> = client.updates().filter_map(|update| update["kind"].as_str()).collect();
    assert_eq!(kinds, ["edit", "edit", "delete"]);
    let diff = client.updates().filter(|u| u["status"] == "completed").nth(1).expect("a diff");
    assert_eq!(diff["content"][0]["oldText"], "one\ntwo\n");
}

#[test]
fn a_command_runs_in_the_project_and_its_output_is_shown() {
    let mut client = TestClient::new();
    let ended = client.run_prompt("run echo out; echo err >&2; echo made > made.txt\nrun exit 3");
    assert_eq!(ended, "end_turn");
    assert_eq!(client.read_project_file("made.txt").as_deref(), Some("made\n"));
    let mut printed: Vec<_> = client.printed_text().lines().map(str::to_owned).collect();
    printed.sort();
    assert_eq!(printed, ["err", "out"]);
    assert!(client.updates().any(|update| update["status"] == "failed"), "exit 3 is no success");
}

#[test]
fn a_step_of_a_later_turn_has_an_id_of_its_own() {
    let mut client = TestClient::new();
    client.run_prompt("run true");
    client.run_prompt("run false");
    let calls = client.updates().filter(|update| update["sessionUpdate"] == "tool_call");
    let ids: Vec<&str> = calls.filter_map(|call| call["toolCallId"].as_str()).collect();
    assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
}

#[test]
fn many_lines_come_in_few_messages_and_in_order() {
    let mut client = TestClient::new();
    assert_eq!(client.run_prompt("print 12345 lines"), "end_turn");
    let expected: String = (1..=12345).map(|n| format!("line {n}\n")).collect();
    assert_eq!(client.printed_text(), expected);
    assert!(client.received.len() < 50, "{} messages", client.received.len());
}

#[test]
fn words_thoughts_and_plans_are_shown() {
    let mut client = TestClient::new();
    client.run_prompt("plan Look; Write\nthink Hm.\nsay Hello.");
    assert_eq!(client.message_text("agent_thought_chunk"), "Hm.\n");
    assert_eq!(client.message_text("agent_message_chunk"), "Hello.\n");
    let last = client.updates().filter(|u| u["sessionUpdate"] == "plan").last().expect("a plan");
    let states: Vec<_> = last["entries"].as_array().expect("entries").iter().collect();
    assert!(states.len() == 2 && states.iter().all(|entry| entry["status"] == "completed"));
}

#[test]
fn a_question_waits_for_its_answer() {
    let mut client = TestClient::new();
    client.send_prompt("ask Which? | Red | No, blue\nwrite done.txt: x");
    let question = client.read_until(|line| line["method"] == "session/request_permission");
    let params = &question["params"];
    assert_eq!(params["toolCall"]["title"], "Which?");
    assert_eq!(params["options"][1]["name"], "No, blue");
    assert_eq!(params["options"][0]["kind"], "allow_once");
    assert_eq!(params["options"][1]["kind"], "reject_once");
    assert_eq!(client.read_project_file("done.txt"), None, "it waits");
    let chosen = json!({ "outcome": { "outcome": "selected", "optionId": "1" } });
    client.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": chosen }));
    assert_eq!(client.read_response(3)["result"]["stopReason"], "end_turn");
    assert!(client.message_text("agent_message_chunk").contains("You chose: No, blue"));
}

#[test]
fn failures_are_told_as_failures() {
    let mut client = TestClient::new();
    client.send_prompt("fail out of paint");
    assert_eq!(client.read_response(3)["error"]["message"], "out of paint");
    client.send_prompt("write ../out.txt: x");
    assert!(
        client.read_response(3)["error"]["message"].as_str().expect("a text").contains("inside")
    );
    client.send_prompt("say a\nsay b\nsya c");
    assert!(
        client.read_response(3)["error"]["message"].as_str().expect("a text").contains("sya c")
    );
}

#[test]
fn an_exit_comes_after_everything_before_it_was_written() {
    let mut client = TestClient::new();
    client.send_prompt("print 5000 lines\nexit 7");
    let status = client.wait_for_exit(LONG).expect("it exits");
    assert_eq!(status.code(), Some(7));
    while let Ok(line) = client.lines.recv_timeout(LONG) {
        client.received.push(line);
    }
    assert!(client.printed_text().ends_with("line 5000\n"));
}

#[test]
fn a_wait_can_be_cancelled() {
    let mut client = TestClient::new();
    client.send_prompt("wait 600");
    client.read_update("tool_call");
    client.cancel();
    assert_eq!(client.read_response(3)["result"]["stopReason"], "cancelled");
    assert_eq!(client.run_prompt("say again"), "end_turn", "the session goes on");
}

#[test]
fn hanging_it_minds_no_cancel_but_the_end_of_its_input() {
    let mut client = TestClient::new();
    client.send_prompt("say before\nhang");
    client.read_update("agent_message_chunk");
    client.cancel();
    assert!(client.wait_for_exit(Duration::from_millis(300)).is_none());
    assert!(client.lines.try_recv().is_err(), "no answer");
    client.input = None;
    assert_eq!(client.wait_for_exit(LONG).and_then(|status| status.code()), Some(0));
}

#[cfg(unix)]
#[test]
fn told_to_ignore_stop_only_a_kill_ends_it() {
    use std::os::unix::process::ExitStatusExt;
    let mut client = TestClient::new();
    client.send_prompt("ignore stop\nsay deaf\nwait 600");
    client.read_update("tool_call");
    client.cancel();
    client.input = None;
    for signal in ["INT", "TERM", "HUP"] {
        let id = client.agent.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status().expect("kill runs");
        assert!(sent.success());
    }
    assert!(client.wait_for_exit(Duration::from_millis(500)).is_none());
    client.agent.kill().expect("it is there");
    assert_eq!(client.wait_for_exit(LONG).and_then(|status| status.signal()), Some(9));
}

#[test]
fn ordinary_words_make_it_describe_the_project() {
    let mut client = TestClient::new();
    let project = client.project.path();
    std::fs::write(project.join("README.md"), "# Shop\n\nSells boats.\n").expect("a file");
    std::fs::create_dir(project.join("src")).expect("a folder");
    std::fs::write(project.join("src/cart.ts"), "1\n2\n3\n").expect("a file");
    let begun = Instant::now();
    assert_eq!(client.run_prompt("Tell me about this."), "end_turn");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let text = client.read_project_file("PRACTICE.md").expect("PRACTICE.md");
    for part in ["Shop", "Sells boats.", "2 files", "| .ts | 1 | 3 |", "Tell me about this."] {
        assert!(text.contains(part), "{part} is in {text}");
    }
    let kinds: Vec<_> = client.updates().filter_map(|update| update["kind"].as_str()).collect();
    assert_eq!(kinds, ["search", "read", "edit"]);
}
