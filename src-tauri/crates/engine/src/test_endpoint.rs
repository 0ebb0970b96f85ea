//! For tests: an endpoint on this computer where the test says what is answered. It speaks as
//! our server does, and as others do.

use regatta_protocol::Event;
use regatta_protocol::wire::{Fact, FactEvent, IDEMPOTENCY_HEADER, KEY_HEADER, RUN_HEADER};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// The name of every run of it.
pub(crate) const RUN_ID: &str = "run-1";

/// An endpoint that answers what the test says.
#[derive(Debug)]
pub(crate) struct TestEndpoint {
    pub(crate) address: String,
    calls: mpsc::UnboundedReceiver<ReceivedCall>,
    accept_task: tokio::task::JoinHandle<()>,
}

/// A call that wants an answer.
#[derive(Debug)]
pub(crate) struct ReceivedCall {
    /// Such as `POST /invoke/stdout`.
    pub(crate) request_line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Value,
    stream: TcpStream,
    seq: u64,
}

impl Drop for TestEndpoint {
    fn drop(&mut self) {
        self.accept_task.abort();
    }
}

impl TestEndpoint {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (to, asked) = mpsc::unbounded_channel();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let to = to.clone();
                tokio::spawn(async move {
                    if let Some(asked) = ReceivedCall::read(stream).await {
                        to.send(asked).ok(); // The test may be over.
                    }
                });
            }
        });
        Self { address, calls: asked, accept_task: accepting }
    }

    /// The next call.
    pub(crate) async fn next_call(&mut self) -> ReceivedCall {
        let next = tokio::time::timeout(Duration::from_secs(20), self.calls.recv());
        next.await.expect("nobody calls").expect("the endpoint is there")
    }

    /// Whether nobody called but for those that were taken.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.calls.try_recv().is_err()
    }

    /// The next call, which starts work and is taken as our server takes it.
    pub(crate) async fn accept_next(&mut self) -> ReceivedCall {
        let mut asked = self.next_call().await;
        assert_eq!(asked.request_line, "POST /invoke/stdout");
        asked.start_stream(true).await;
        asked
    }
}

impl ReceivedCall {
    async fn read(stream: TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).await.ok()?;
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let first = lines.first()?.rsplit_once(' ')?.0.to_owned();
        let headers: Vec<(String, String)> = lines[1..]
            .iter()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(0, |(_, value)| value.parse().expect("a length"));
        let mut body = vec![0; length];
        reader.read_exact(&mut body).await.ok()?;
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Some(Self { request_line: first, headers, body, stream: reader.into_inner(), seq: 0 })
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The key, and the call's own key.
    pub(crate) fn key_headers(&self) -> (&str, &str) {
        (self.header(KEY_HEADER), self.header(IDEMPOTENCY_HEADER))
    }

    /// The names of the tasks in it.
    pub(crate) fn task_names(&self) -> Vec<&str> {
        let tasks = self.body["parallel_tasks"].as_array().into_iter().flatten();
        tasks.filter_map(|task| task["task_name"].as_str()).collect()
    }

    /// Answers with a status and a body of JSON, and is done.
    pub(crate) async fn respond(mut self, status: &str, body: Value) {
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.send_raw(&head).await;
    }

    /// Begins a stream of events; `ours`: as our server does.
    pub(crate) async fn start_stream(&mut self, ours: bool) {
        let run = if ours { format!("{RUN_HEADER}: {RUN_ID}\r\n") } else { String::new() };
        self.send_raw(&format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n{run}\r\n"
        ))
        .await;
    }

    /// Sends bytes as they are.
    pub(crate) async fn send_raw(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.ok(); // Nobody may be listening any more.
    }

    /// Goes on after the event of this number.
    pub(crate) fn set_seq(&mut self, seq: u64) {
        self.seq = seq;
    }

    /// Sends an event with the next number.
    pub(crate) async fn send_event(&mut self, kind: &str, data: &Value) {
        self.seq += 1;
        let seq = self.seq;
        self.send_raw(&format!("id: {seq}\nevent: {kind}\ndata: {data}\n\n")).await;
    }

    /// Says that an attempt at a task began.
    pub(crate) async fn send_attempt_started(&mut self, task: &str) {
        let update = json!({ "run_id": RUN_ID, "task_name": task, "thread_id": format!("thread-{task}"),
            "attempt": 1, "continues": false, "messages": [], "stream_events": [] });
        self.send_event("updates", &update).await;
    }

    /// Sends text that a task printed.
    pub(crate) async fn send_output(&mut self, task: &str, text: &str) {
        let text = format!("{text}\n");
        self.send_event("custom", &json!({ "task_name": task, "stdout": text, "at": 7 })).await;
    }

    /// Tells what happened to a task.
    pub(crate) async fn send_fact(&mut self, task: &str, event: &Event) {
        let fact = Fact::from_event(event).expect("a fact");
        let told = FactEvent { task_name: task.to_owned(), at: 7, fact };
        self.send_event("custom", &serde_json::to_value(told).expect("JSON")).await;
    }

    /// Tells that the batch ended, and is done.
    pub(crate) async fn send_end(mut self) {
        let end = json!({ "status": "finished", "last_seq": self.seq + 1, "tasks": [] });
        self.send_event("end", &end).await;
    }
}
