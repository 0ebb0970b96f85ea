//! The log of every batch: one way in, and followers who read what is on disk.
//!
//! A follower waits for word of a commit and then reads from the store. Nothing is queued
//! for it: a slow one costs nothing and loses nothing.

use crate::EngineError;
use crate::store::{
    CreateResult, Entry, NewBatch, OpenStore, PublishedState, ReaderPool, Record, StoreCommand,
    StoreError, read,
};
use regatta_protocol::view::{PlaceView, QueuePosition};
use regatta_protocol::{BatchId, LogEvent, Millis, TaskId, UserMessage};
use regatta_trace::LogDropped;
use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot, watch};

/// How much text may wait to be written, in units of [`UNIT_BYTES`] bytes. When it is used up,
/// whoever reads a worker's pipe waits, and with it the worker.
const BUDGET_UNITS: u32 = 8 * 1024;
const UNIT_BYTES: usize = 1024;
/// How long a follower waits before it reads again what couldn't be read.
const READ_RETRY_DELAY: Duration = Duration::from_millis(500);
/// The most events a follower gets at once.
const PAGE_EVENTS: u32 = 500;

/// The way into the store, and what is known of it.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    messages: mpsc::Sender<StoreCommand>,
    write_budget: Arc<Semaphore>,
    pub(crate) readers: Arc<ReaderPool>,
    pub(crate) published: watch::Receiver<PublishedState>,
    pub(crate) store_error: watch::Receiver<Option<UserMessage>>,
}

impl Log {
    /// The log of an open store.
    pub(crate) fn new(store: &OpenStore) -> Self {
        Self {
            messages: store.commands.clone(),
            write_budget: Arc::new(Semaphore::new(BUDGET_UNITS as usize)),
            readers: Arc::clone(&store.readers),
            published: store.published.clone(),
            store_error: store.store_error.clone(),
        }
    }

    /// Hands events in, once there is room for them. They are written in this order and
    /// never lost; what is given back tells when they are on disk.
    pub(crate) async fn append(&self, entries: Vec<Entry>) -> Result<PendingWrite, EngineError> {
        self.append_with_remote_seq(entries, None).await
    }

    /// As [`Log::append`]; notes in the same transaction how far the log of a task's place
    /// is in ours with them.
    pub(crate) async fn append_with_remote_seq(
        &self,
        entries: Vec<Entry>,
        remote_seq: Option<(TaskId, u64)>,
    ) -> Result<PendingWrite, EngineError> {
        let weight: usize = entries.iter().map(Entry::weight).sum();
        let units =
            u32::try_from(weight.div_ceil(UNIT_BYTES)).unwrap_or(BUDGET_UNITS).min(BUDGET_UNITS);
        let room = Arc::clone(&self.write_budget).acquire_many_owned(units).await;
        let room = Some(room.expect("BUG: the room is never closed"));
        let (done, written) = oneshot::channel();
        self.send(StoreCommand::Append {
            entries,
            remote_seq,
            memory_permit: room,
            done: Some(done),
        })?;
        Ok(PendingWrite(written))
    }

    /// Hands in a few small events at once, without waiting for room.
    pub(crate) fn append_now(&self, entries: Vec<Entry>) -> Result<PendingWrite, EngineError> {
        let (done, written) = oneshot::channel();
        self.send(StoreCommand::Append {
            entries,
            remote_seq: None,
            memory_permit: None,
            done: Some(done),
        })?;
        Ok(PendingWrite(written))
    }

    /// Writes a new batch, unless its idempotency key was used before.
    pub(crate) async fn create(&self, batch: NewBatch) -> Result<CreateResult, EngineError> {
        let (done, answer) = oneshot::channel();
        self.send(StoreCommand::CreateBatch { batch: Box::new(batch), done })?;
        flatten_reply(answer.await)
    }

    /// Notes that a project is used; returns the name of its cache, which is
    /// `fresh_cache` when it wasn't used before.
    pub(crate) async fn use_project(
        &self,
        project: &str,
        fresh_cache: String,
    ) -> Result<String, EngineError> {
        let (done, answer) = oneshot::channel();
        self.send(StoreCommand::UseProject { project: project.to_owned(), fresh_cache, done })?;
        flatten_reply(answer.await)
    }

    /// Keeps something of an invocation.
    pub(crate) fn write_record(&self, note: Record) -> Result<PendingWrite, EngineError> {
        let (done, written) = oneshot::channel();
        self.send(StoreCommand::Record { record: note, done })?;
        Ok(PendingWrite(written))
    }

    /// The pseudo-task of a batch, which is made as `fresh` if there is none.
    pub(crate) async fn ensure_batch_channel(
        &self,
        batch: &BatchId,
        fresh: TaskId,
        at: Millis,
    ) -> Result<TaskId, EngineError> {
        let (done, id) = oneshot::channel();
        self.send(StoreCommand::EnsureBatchChannel { batch: batch.clone(), fresh, at, done })?;
        id.await.map_err(|_| EngineError::Closed)
    }

    /// Makes it known how busy the place is, and who waits in which order.
    pub(crate) fn update_place(
        &self,
        place: PlaceView,
        queues: HashMap<BatchId, Vec<QueuePosition>>,
    ) -> Result<(), EngineError> {
        self.send(StoreCommand::PublishPlace { place, queues })
    }

    /// Writes what there is and closes the store.
    pub(crate) async fn close(&self) {
        let (done, answer) = oneshot::channel();
        if self.send(StoreCommand::Close { done }).is_ok() {
            // An error says that it was closed already.
            answer.await.log_dropped("closing the store");
        }
    }

    /// Waits until what was handed in is on disk, or until the store is in trouble: it is
    /// kept then, and nobody is made to wait for a disk to become free.
    pub(crate) async fn wait_committed_or_error(&self, written: PendingWrite) {
        let mut trouble = self.store_error.clone();
        tokio::select! {
            _ = written.0 => {}
            _ = trouble.wait_for(Option::is_some) => {}
        }
    }

    /// Makes the store full at this many pages.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self, pages: u32) {
        self.send(StoreCommand::Pragma("max_page_count", pages)).expect("the writer is there");
    }

    fn send(&self, message: StoreCommand) -> Result<(), EngineError> {
        self.messages.send(message).map_err(|_| EngineError::Closed)
    }
}

/// Tells when something is on disk.
#[derive(Debug)]
pub(crate) struct PendingWrite(oneshot::Receiver<()>);

impl PendingWrite {
    /// Waits for it, however long it takes.
    pub(crate) async fn wait(mut self) -> Result<(), EngineError> {
        self.wait_by_ref().await
    }

    /// As [`PendingWrite::wait`]; whoever stops waiting may do it again.
    pub(crate) async fn wait_by_ref(&mut self) -> Result<(), EngineError> {
        (&mut self.0).await.map_err(|_| EngineError::Closed)
    }
}

fn flatten_reply<T>(
    answer: Result<Result<T, StoreError>, oneshot::error::RecvError>,
) -> Result<T, EngineError> {
    match answer {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(StoreError(notice))) => Err(EngineError::Store(notice)),
        Err(_) => Err(EngineError::Closed),
    }
}

/// Reads a batch's log as it grows.
#[derive(Debug)]
pub struct Follower {
    batch: BatchId,
    after: u64,
    readers: Arc<ReaderPool>,
    published: watch::Receiver<PublishedState>,
}

impl Follower {
    pub(crate) fn new(log: &Log, batch: BatchId, after: u64) -> Self {
        let (readers, published) = (Arc::clone(&log.readers), log.published.clone());
        Self { batch, after, readers, published }
    }

    /// The next events, in order and without a gap, as soon as there are any. None when the
    /// batch is over and everything was read, or when the engine was closed.
    pub async fn next(&mut self) -> Option<Vec<LogEvent>> {
        loop {
            let newest = {
                let known = self.published.borrow_and_update();
                known.active.get(&self.batch).map(|batch| batch.last_seq)
            };
            // A batch that isn't active may have more than was read all the same.
            if newest.is_none_or(|newest| newest > self.after) {
                let events = self.read().await;
                if let Some(last) = events.last() {
                    self.after = last.seq;
                    return Some(events);
                }
            }
            if newest.is_none() || self.published.changed().await.is_err() {
                return None;
            }
        }
    }

    async fn read(&self) -> Vec<LogEvent> {
        loop {
            let (batch, after) = (self.batch.clone(), self.after);
            let read = move |conn: &_| read::events(conn, &batch, after, PAGE_EVENTS);
            if let Some(events) = self.readers.with(read).await.log_dropped("reading events") {
                return events;
            }
            // What is on disk stays there: a read that failed is tried again.
            tokio::time::sleep(READ_RETRY_DELAY).await;
        }
    }
}
