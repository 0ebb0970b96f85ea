//! The one thread that writes. It takes what came in since the last commit as a group,
//! writes it in one transaction together with the views it changes, and only then tells
//! anyone. What can't be written now (the disk is full) is kept and tried again. Source of the
//! journal's promises: <https://sqlite.org/wal.html>.

use super::idempotency::CreateResult;
use super::invocations::Record;
use super::task_row::{StoredTask, TaskExtra};
use super::transaction;
use super::view_cache::ViewCache;
use regatta_protocol::request::{AgentChoice, BatchRequest, TaskRequest};
use regatta_protocol::view::{PlaceView, QueuePosition};
use regatta_protocol::worker::Author;
use regatta_protocol::{BatchId, Event, Millis, Place, TaskId, UserMessage};
use regatta_trace::LogDropped;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

/// The least time between two commits under load. When nothing came for longer than this,
/// the next message is committed at once.
const COMMIT_INTERVAL: Duration = Duration::from_millis(10);
/// A group is closed when it holds this much text, however young it is.
const GROUP_BYTES: usize = 4 * 1024 * 1024;
/// How long to wait before writing again what couldn't be written.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// Something that happened to a task, to be written.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) task: TaskId,
    pub(crate) attempt: u32,
    pub(crate) at: Millis,
    pub(crate) event: Event,
}

/// A batch to be written, with its tasks.
#[derive(Debug)]
pub(crate) struct NewBatch {
    pub(crate) id: BatchId,
    pub(crate) at: Millis,
    /// The same key within a day joins the batch that came with it first.
    pub(crate) idempotency_key: Option<String>,
    /// Its tasks are in `tasks`; here the list is empty.
    pub(crate) request: BatchRequest,
    /// Where its tasks run. Not written: what can be done there may change with the program.
    pub(crate) place: Place,
    pub(crate) title: String,
    /// What people call the commit that it starts from.
    pub(crate) start_from: String,
    pub(crate) start: BatchStart,
    pub(crate) max_parallel: u32,
    pub(crate) tasks: Vec<NewTask>,
}

impl NewBatch {
    /// The request with its tasks.
    pub(super) fn full_request(&self) -> BatchRequest {
        let parallel_tasks = super::task_row::group_rows(self.tasks.iter().map(NewTask::to_stored));
        BatchRequest { parallel_tasks, ..self.request.clone() }
    }
}

/// A task of a new batch.
#[derive(Debug)]
pub(crate) struct NewTask {
    pub(crate) id: TaskId,
    pub(crate) name: String,
    pub(crate) prompt: String,
    pub(crate) time_limit_s: Option<u64>,
    pub(crate) extra: TaskExtra,
}

impl NewTask {
    /// Who does it.
    pub(crate) fn agent(&self, request: &BatchRequest) -> AgentChoice {
        super::task_row::select_agent(request, &self.extra).agent
    }

    fn to_stored(&self) -> StoredTask {
        let task = TaskRequest {
            task_name: self.name.clone(),
            prompt: self.prompt.clone(),
            time_limit_s: self.time_limit_s,
            turn_limit: self.extra.turn_limit,
            cost_limit_cents: self.extra.cost_limit_cents,
            ..TaskRequest::default()
        };
        StoredTask { task, extra: self.extra.clone() }
    }
}

/// What every attempt of a batch starts from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BatchStart {
    /// The project's folder.
    pub(crate) project: String,
    /// The name of the project's cache in the data folder.
    pub(crate) cache: String,
    /// The commit.
    pub(crate) commit: String,
    /// In whose name commits are made.
    pub(crate) author: Author,
    /// Whether results become branches of the repository by themselves.
    #[serde(default)]
    #[serde(rename = "share")]
    pub(crate) publish: bool,
}

/// Why something could not be written.
#[derive(Debug, Clone)]
pub(crate) struct StoreError(pub(crate) UserMessage);

/// What the writer is asked to do.
#[derive(Debug)]
pub(crate) enum StoreCommand {
    /// Writes events. Kept until it worked.
    Append {
        entries: Vec<Entry>,
        /// The task's last number of its place's log that is in ours with these.
        remote_seq: Option<(TaskId, u64)>,
        /// The room it takes in memory; given back once it is on disk.
        memory_permit: Option<OwnedSemaphorePermit>,
        done: Option<oneshot::Sender<()>>,
    },
    /// Writes a new batch, or says which it joins, or why not.
    CreateBatch { batch: Box<NewBatch>, done: oneshot::Sender<Result<CreateResult, StoreError>> },
    /// Notes that a project is used now; answers with the name of its cache.
    UseProject {
        project: String,
        fresh_cache: String,
        done: oneshot::Sender<Result<String, StoreError>>,
    },
    /// Keeps something of an invocation. Kept until it worked.
    Record { record: Record, done: oneshot::Sender<()> },
    /// Makes the pseudo-task of a batch, unless there is one. Kept until it worked; answers
    /// with its id.
    EnsureBatchChannel { batch: BatchId, fresh: TaskId, at: Millis, done: oneshot::Sender<TaskId> },
    /// Makes the place and the queue known. Never written.
    PublishPlace { place: PlaceView, queues: HashMap<BatchId, Vec<QueuePosition>> },
    /// Writes what there is and ends.
    Close { done: oneshot::Sender<()> },
    /// Changes a setting of the writer's connection.
    #[cfg(test)]
    Pragma(&'static str, u32),
}

/// What everyone may know without reading: what was committed last, and where things are.
#[derive(Debug, Clone)]
pub(crate) struct PublishedState {
    pub(crate) revision: u64,
    pub(crate) place: PlaceView,
    /// The batches that aren't over.
    pub(crate) active: HashMap<BatchId, ActiveBatch>,
}

/// A batch that isn't over.
#[derive(Debug, Clone, Default)]
pub(crate) struct ActiveBatch {
    pub(crate) last_seq: u64,
    pub(crate) queue: Vec<QueuePosition>,
    /// The revision at which the queue changed.
    pub(crate) queue_revision: u64,
}

/// The writer's side of everything it shares.
pub(super) struct Writer {
    pub(super) conn: Connection,
    pub(super) views: ViewCache,
    pub(super) published: watch::Sender<PublishedState>,
    pub(super) store_error: watch::Sender<Option<UserMessage>>,
    /// Held for as long as anything may be written.
    pub(super) lock: File,
}

impl Writer {
    /// Works until it is told to close, or until nobody can tell it anything any more.
    pub(super) fn run(mut self, messages: &Receiver<StoreCommand>) {
        let mut last_commit = Instant::now();
        while let Ok(first) = messages.recv() {
            let mut group = vec![first];
            collect_group(messages, &mut group, last_commit + COMMIT_INTERVAL);
            let closing = self.write(messages, group);
            last_commit = Instant::now();
            if let Some(done) = closing {
                self.close();
                send_reply(done, ());
                return;
            }
        }
        self.close();
    }

    /// Writes the group, however long that takes. Returns the wish to close, if that
    /// was part of it.
    fn write(
        &mut self,
        messages: &Receiver<StoreCommand>,
        mut group: Vec<StoreCommand>,
    ) -> Option<oneshot::Sender<()>> {
        loop {
            let closing = self.handle_unwritten(&mut group);
            match transaction::commit_group(&mut self.conn, &mut self.views, &group) {
                Ok(written) => {
                    let created = self.publish(written);
                    transaction::reply_all(group, created, &self.conn);
                    return closing;
                }
                Err(error) => {
                    self.views.clear();
                    let notice = super::open::store_error_notice(&self.conn, &error);
                    transaction::refuse_requests(&mut group, &StoreError(notice.clone()));
                    self.store_error.send_replace(Some(notice));
                }
            }
            // When it is closing, or nobody is left to wait, what is held is given up.
            if closing.is_some() || !wait_for_more(messages, &mut group) {
                return closing;
            }
        }
    }

    /// Takes out of the group what isn't for the file.
    fn handle_unwritten(&mut self, group: &mut Vec<StoreCommand>) -> Option<oneshot::Sender<()>> {
        let mut closing = None;
        for message in std::mem::take(group) {
            match message {
                StoreCommand::PublishPlace { place, queues } => self.publish_place(place, queues),
                StoreCommand::Close { done } => closing = Some(done),
                #[cfg(test)]
                StoreCommand::Pragma(name, value) => {
                    self.conn.pragma_update(None, name, value).expect("a pragma");
                }
                other => group.push(other),
            }
        }
        closing
    }

    /// Makes known what was written; returns what became of new batches.
    fn publish(&mut self, written: transaction::CommittedChanges) -> Vec<CreateResult> {
        if self.store_error.borrow().is_some() {
            self.store_error.send_replace(None);
        }
        if written.batches.is_empty() {
            return written.created;
        }
        self.published.send_modify(|known| {
            known.revision = written.revision;
            for (id, last_seq, over) in written.batches {
                if over {
                    known.active.remove(&id);
                } else {
                    known.active.entry(id).or_default().last_seq = last_seq;
                }
            }
        });
        written.created
    }

    fn publish_place(
        &mut self,
        place: PlaceView,
        mut queues: HashMap<BatchId, Vec<QueuePosition>>,
    ) {
        let revision = self.views.next_revision();
        self.published.send_modify(|known| {
            known.revision = revision;
            known.place = place;
            for (id, batch) in &mut known.active {
                let queue = queues.remove(id).unwrap_or_default();
                if batch.queue != queue {
                    batch.queue = queue;
                    batch.queue_revision = revision;
                }
            }
        });
    }

    fn close(self) {
        // Best effort: the next start reads a leftover write-ahead log just as well.
        if let Err(error) =
            self.conn.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))
        {
            self.store_error
                .send_replace(Some(super::open::store_error_notice(&self.conn, &error)));
        }
        drop(self.conn);
        super::open::release_lock(&self.lock);
    }
}

/// Adds what has come in, and what comes in until `until`, as long as the group is small.
fn collect_group(messages: &Receiver<StoreCommand>, group: &mut Vec<StoreCommand>, until: Instant) {
    let mut bytes: usize = group.iter().map(command_weight).sum();
    while bytes < GROUP_BYTES {
        let left = until.saturating_duration_since(Instant::now());
        let next = if left.is_zero() {
            messages.try_recv().ok()
        } else {
            messages.recv_timeout(left).ok()
        };
        match next {
            Some(message) => {
                bytes += command_weight(&message);
                group.push(message);
            }
            None => return,
        }
    }
}

/// Waits before the next try. Messages go on being taken: the place has to be told about.
/// Says no when nobody can send any more.
fn wait_for_more(messages: &Receiver<StoreCommand>, group: &mut Vec<StoreCommand>) -> bool {
    match messages.recv_timeout(RETRY_INTERVAL) {
        Ok(message) => {
            group.push(message);
            collect_group(messages, group, Instant::now());
            true
        }
        Err(RecvTimeoutError::Timeout) => true,
        Err(RecvTimeoutError::Disconnected) => false,
    }
}

fn command_weight(message: &StoreCommand) -> usize {
    match message {
        StoreCommand::Append { entries, .. } => entries.iter().map(Entry::weight).sum(),
        _ => 0,
    }
}

impl Entry {
    /// About how much memory it takes.
    pub(crate) fn weight(&self) -> usize {
        let text = match &self.event {
            Event::Output { text, .. } => text.len(),
            _ => 0,
        };
        text + 512
    }
}

/// Sends an answer. Whoever asked may have gone, and then nobody misses it.
pub(super) fn send_reply<T>(to: oneshot::Sender<T>, value: T) {
    to.send(value).log_failed("answering from the store");
}
