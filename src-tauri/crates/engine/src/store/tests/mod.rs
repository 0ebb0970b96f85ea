#![expect(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod damage;
mod idempotency;
mod older;
mod pages;
mod writing;

use super::open::open;
use super::writer::{BatchStart, Entry, Message, NewBatch, NewTask};
use super::{Created, Opened, StoreTrouble};
use regatta_protocol::event::LineKind;
use regatta_protocol::request::BatchRequest;
use regatta_protocol::worker::Author;
use regatta_protocol::{BatchId, Event, Millis, Status, TaskId};
use std::path::Path;
use tokio::sync::oneshot;

const NOW: Millis = 1_800_000_000_000;

fn opened(dir: &Path) -> Opened {
    open(dir, NOW).unwrap()
}

fn task(n: usize) -> TaskId {
    TaskId::parse(&format!("task-{n}")).unwrap()
}

fn batch(id: &str) -> BatchId {
    BatchId::parse(id).unwrap()
}

/// A batch `b` of tasks `task-0`, `task-1`, …
fn new_batch(tasks: usize) -> NewBatch {
    let author = Author { name: "A".into(), email: "a@example.invalid".into() };
    let new_task = |n: usize| NewTask {
        id: task(n),
        name: format!("Task {n}"),
        prompt: format!("do {n}"),
        time_limit_s: None,
        extra: Default::default(),
    };
    NewBatch {
        id: batch("b"),
        at: NOW,
        idempotency_key: None,
        request: BatchRequest { name: "Footer".into(), ..BatchRequest::default() },
        title: "Footer".into(),
        start_from: "main".into(),
        start: BatchStart {
            project: "/home/x/shop".into(),
            cache: "c".into(),
            commit: "0".repeat(40),
            author,
            share: false,
        },
        max_parallel: 3,
        tasks: (0..tasks).map(new_task).collect(),
    }
}

impl Opened {
    fn send(&self, message: Message) {
        self.messages.send(message).expect("the writer is there");
    }

    async fn create(&self, batch: NewBatch) -> Result<Created, StoreTrouble> {
        let (done, answer) = oneshot::channel();
        self.send(Message::Create { batch: Box::new(batch), done });
        answer.await.unwrap()
    }

    /// Hands in events without waiting.
    fn hand_in(&self, entries: Vec<Entry>) -> oneshot::Receiver<()> {
        let (done, answer) = oneshot::channel();
        self.send(Message::Append { entries, wire: None, room: None, done: Some(done) });
        answer
    }

    async fn append(&self, entries: Vec<Entry>) {
        self.hand_in(entries).await.unwrap();
    }

    fn limit_pages(&self, pages: u32) {
        self.send(Message::Pragma("max_page_count", pages));
    }

    async fn close(self) {
        let (done, answer) = oneshot::channel();
        self.send(Message::Close { done });
        answer.await.unwrap();
    }
}

fn entry(n: usize, event: Event) -> Entry {
    Entry { task: task(n), attempt: 1, at: NOW, event }
}

fn lines(n: usize, text: &str) -> Entry {
    entry(n, Event::Output { kind: LineKind::Out, text: text.into(), first_line: 0 })
}

fn status(n: usize, status: Status) -> Entry {
    entry(n, Event::Status { status, notice: None })
}
