#![expect(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod damage;
mod idempotency;
mod migrations;
mod transcript;
pub(crate) mod version_4;
mod writing;

use super::command::{BatchStart, Entry, NewBatch, NewTask, StoreCommand};
use super::open::open;
use super::{CreateResult, OpenStore, StoreError};
use crate::places::sample_place;
use regatta_protocol::event::LineKind;
use regatta_protocol::request::BatchRequest;
use regatta_protocol::worker::Author;
use regatta_protocol::{BatchId, Capability, Event, Millis, Status, TaskId};
use std::path::Path;
use tokio::sync::oneshot;

const NOW: Millis = 1_800_000_000_000;

fn open_store(dir: &Path) -> OpenStore {
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
        place: sample_place(&[Capability::LocalFolder, Capability::Agents]),
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
            publish: false,
        },
        max_parallel: 3,
        tasks: (0..tasks).map(new_task).collect(),
    }
}

impl OpenStore {
    fn send(&self, message: StoreCommand) {
        self.commands.send(message).expect("the writer is there");
    }

    async fn create(&self, batch: NewBatch) -> Result<CreateResult, StoreError> {
        let (done, answer) = oneshot::channel();
        self.send(StoreCommand::CreateBatch { batch: Box::new(batch), done });
        answer.await.unwrap()
    }

    /// Hands in events without waiting.
    fn send_append(&self, entries: Vec<Entry>) -> oneshot::Receiver<()> {
        let (done, answer) = oneshot::channel();
        self.send(StoreCommand::Append {
            entries,
            remote_seq: None,
            memory_permit: None,
            done: Some(done),
        });
        answer
    }

    async fn append(&self, entries: Vec<Entry>) {
        self.send_append(entries).await.unwrap();
    }

    fn limit_pages(&self, pages: u32) {
        self.send(StoreCommand::Pragma("max_page_count", pages));
    }

    async fn close(self) {
        let (done, answer) = oneshot::channel();
        self.send(StoreCommand::Close { done });
        answer.await.unwrap();
    }
}

fn entry(n: usize, event: Event) -> Entry {
    Entry { task: task(n), attempt: 1, at: NOW, event }
}

fn output(n: usize, text: &str) -> Entry {
    entry(n, Event::Output { kind: LineKind::Stdout, text: text.into(), first_line: 0 })
}

fn status(n: usize, status: Status) -> Entry {
    entry(n, Event::Status { status, notice: None })
}
