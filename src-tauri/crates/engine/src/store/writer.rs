//! The one thread that writes. It takes what came in since the last commit as a group,
//! writes it in one transaction together with the views it changes, and only then tells
//! anyone. What can't be written now (the disk is full) is kept and tried again. Source of the
//! journal's promises: <https://sqlite.org/wal.html>.

use super::command::{CreateResult, StoreCommand, StoreError, send_reply};
use super::transaction;
use super::view_cache::{CommittedChanges, ViewCache};
use regatta_protocol::view::{PlaceView, QueuePosition};
use regatta_protocol::{BatchId, UserMessage};
use rusqlite::Connection;
use std::collections::HashMap;
use std::fs::File;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// The least time between two commits under load. When nothing came for longer than this,
/// the next message is committed at once.
const COMMIT_INTERVAL: Duration = Duration::from_millis(10);
/// A group is closed when it holds this much text, however young it is.
const GROUP_BYTES: usize = 4 * 1024 * 1024;
/// How long to wait before writing again what couldn't be written.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

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
                    let notice = super::damage::store_error_notice(&self.conn, &error);
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

    /// Makes known what was written; gives back what became of new batches.
    fn publish(&mut self, written: CommittedChanges) -> Vec<CreateResult> {
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
                .send_replace(Some(super::damage::store_error_notice(&self.conn, &error)));
        }
        drop(self.conn);
        super::lock::release_lock(&self.lock);
    }
}

/// Adds what has come in, and what comes in until `until`, as long as the group is small.
fn collect_group(messages: &Receiver<StoreCommand>, group: &mut Vec<StoreCommand>, until: Instant) {
    let mut bytes: usize = group.iter().map(StoreCommand::weight).sum();
    while bytes < GROUP_BYTES {
        let left = until.saturating_duration_since(Instant::now());
        let next = if left.is_zero() {
            messages.try_recv().ok()
        } else {
            messages.recv_timeout(left).ok()
        };
        match next {
            Some(message) => {
                bytes += message.weight();
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
