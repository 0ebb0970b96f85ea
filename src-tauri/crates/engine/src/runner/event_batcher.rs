//! An attempt's events on their way into the log. While the last ones are being written,
//! those that come are gathered, and lines that follow each other become one entry: so a
//! chatty attempt costs the store little, and a slow store never makes anyone hold much.

use super::{AttemptId, RunnerEvent};
use crate::EngineError;
use crate::log::{Log, PendingWrite};
use crate::store::Entry;
use regatta_protocol::Event;
use std::mem::take;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// The most events that are taken at once.
pub(crate) const MAX_EVENTS_AT_ONCE: usize = 64;
/// With this much gathered, the log's own room is what has to be waited for.
const FLUSH_BYTES: usize = 16 * 1024;
/// Text is joined up to this size, which fits in one row.
const MAX_JOINED_BYTES: usize = 48 * 1024;

/// Gathers one attempt's events.
#[derive(Debug)]
pub(crate) struct EventBatcher<'a> {
    log: &'a Log,
    id: &'a AttemptId,
    entries: Vec<Entry>,
    weight: usize,
    remote_seq: Option<u64>,
    memory_permits: Vec<OwnedSemaphorePermit>,
    pending_write: Option<PendingWrite>,
}

impl<'a> EventBatcher<'a> {
    pub(crate) fn new(log: &'a Log, id: &'a AttemptId) -> Self {
        let (entries, memory_permits) = (Vec::new(), Vec::new());
        Self { log, id, entries, weight: 0, remote_seq: None, memory_permits, pending_write: None }
    }

    /// Adds what happened.
    pub(crate) fn push(&mut self, happened: RunnerEvent) {
        let RunnerEvent { at, event, remote_seq: wire, memory_permit: room, .. } = happened;
        self.remote_seq = wire.or(self.remote_seq);
        self.memory_permits.extend(room);
        if let Some(event) = self.join_output(event) {
            let (task, attempt) = (self.id.task.clone(), self.id.number);
            let entry = Entry { task, attempt, at, event };
            self.weight += entry.weight();
            self.entries.push(entry);
        }
    }

    /// Joins lines to those before them; returns what can't be joined.
    fn join_output(&mut self, event: Event) -> Option<Event> {
        let Event::Output { kind: new_kind, text: more, .. } = &event else { return Some(event) };
        let last = self.entries.last_mut().map(|entry| &mut entry.event);
        if let Some(Event::Output { kind, text, .. }) = last
            && kind == new_kind
            && text.len() + more.len() < MAX_JOINED_BYTES
        {
            text.push('\n');
            text.push_str(more);
            self.weight += more.len() + 1;
            return None;
        }
        Some(event)
    }

    /// Whether what was gathered goes on its way now.
    pub(crate) fn should_flush(&self) -> bool {
        !self.entries.is_empty() && (self.pending_write.is_none() || self.weight >= FLUSH_BYTES)
    }

    /// Hands in everything that was gathered, once there is room for it.
    pub(crate) async fn flush(&mut self) -> Result<(), EngineError> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let wire = self.remote_seq.take().map(|wire| (self.id.task.clone(), wire));
        let written = self.log.append_with_remote_seq(take(&mut self.entries), wire).await?;
        self.pending_write = Some(written);
        self.memory_permits.clear();
        self.weight = 0;
        Ok(())
    }

    /// Takes and hands in everything that comes, to its end.
    pub(crate) async fn forward_all(
        &mut self,
        events: &mut mpsc::Receiver<RunnerEvent>,
    ) -> Result<(), EngineError> {
        let mut came = Vec::new();
        loop {
            if self.should_flush() {
                self.flush().await?;
            }
            tokio::select! {
                count = events.recv_many(&mut came, MAX_EVENTS_AT_ONCE) => {
                    if count == 0 {
                        return self.flush().await;
                    }
                    came.drain(..).for_each(|happened| self.push(happened));
                }
                written = self.wait_written() => written?,
            }
        }
    }

    /// Waits until what was handed in last is on disk; never ends when there is nothing.
    /// Whoever stops waiting for it loses nothing.
    pub(crate) async fn wait_written(&mut self) -> Result<(), EngineError> {
        match &mut self.pending_write {
            Some(writing) => writing.wait_by_ref().await?,
            None => std::future::pending().await,
        }
        self.pending_write = None;
        Ok(())
    }
}
