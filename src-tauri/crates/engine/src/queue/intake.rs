//! An attempt's events on their way into the log. While the last ones are being written,
//! those that come are gathered, and lines that follow each other become one entry: so a
//! chatty attempt costs the store little, and a slow store never makes anyone hold much.

use crate::EngineError;
use crate::log::{Log, Written};
use crate::runner::{AttemptId, Happened};
use crate::store::Entry;
use regatta_protocol::Event;
use std::mem::take;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// The most events that are taken at once.
pub(super) const AT_ONCE: usize = 64;
/// With this much gathered, the log's own room is what has to be waited for.
const ENOUGH_BYTES: usize = 16 * 1024;
/// Text is joined up to this size, which fits in one row.
const JOINED_BYTES: usize = 48 * 1024;

/// Gathers one attempt's events.
#[derive(Debug)]
pub(crate) struct Intake<'a> {
    log: &'a Log,
    id: &'a AttemptId,
    entries: Vec<Entry>,
    weight: usize,
    wire: Option<u64>,
    rooms: Vec<OwnedSemaphorePermit>,
    writing: Option<Written>,
}

impl<'a> Intake<'a> {
    pub(crate) fn new(log: &'a Log, id: &'a AttemptId) -> Self {
        let (entries, rooms) = (Vec::new(), Vec::new());
        Self { log, id, entries, weight: 0, wire: None, rooms, writing: None }
    }

    /// Adds what happened.
    pub(crate) fn add(&mut self, happened: Happened) {
        let Happened { at, event, wire, room, .. } = happened;
        self.wire = wire.or(self.wire);
        self.rooms.extend(room);
        if let Some(event) = self.joined(event) {
            let (task, attempt) = (self.id.task.clone(), self.id.number);
            let entry = Entry { task, attempt, at, event };
            self.weight += entry.weight();
            self.entries.push(entry);
        }
    }

    /// Joins lines to those before them; gives back what can't be joined.
    fn joined(&mut self, event: Event) -> Option<Event> {
        let Event::Output { kind: new_kind, text: more, .. } = &event else { return Some(event) };
        let last = self.entries.last_mut().map(|entry| &mut entry.event);
        if let Some(Event::Output { kind, text, .. }) = last
            && kind == new_kind
            && text.len() + more.len() < JOINED_BYTES
        {
            text.push('\n');
            text.push_str(more);
            self.weight += more.len() + 1;
            return None;
        }
        Some(event)
    }

    /// Whether what was gathered goes on its way now.
    pub(super) fn may_hand_in(&self) -> bool {
        !self.entries.is_empty() && (self.writing.is_none() || self.weight >= ENOUGH_BYTES)
    }

    /// Hands in everything that was gathered, once there is room for it.
    pub(super) async fn hand_in(&mut self) -> Result<(), EngineError> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let wire = self.wire.take().map(|wire| (self.id.task.clone(), wire));
        let written = self.log.append_from(take(&mut self.entries), wire).await?;
        self.writing = Some(written);
        self.rooms.clear();
        self.weight = 0;
        Ok(())
    }

    /// Takes and hands in everything that comes, to its end.
    pub(crate) async fn take_all(
        &mut self,
        events: &mut mpsc::Receiver<Happened>,
    ) -> Result<(), EngineError> {
        let mut came = Vec::new();
        loop {
            if self.may_hand_in() {
                self.hand_in().await?;
            }
            tokio::select! {
                count = events.recv_many(&mut came, AT_ONCE) => {
                    if count == 0 {
                        return self.hand_in().await;
                    }
                    came.drain(..).for_each(|happened| self.add(happened));
                }
                written = self.written() => written?,
            }
        }
    }

    /// Waits until what was handed in last is on disk; never ends when there is nothing.
    /// Whoever stops waiting for it loses nothing.
    pub(super) async fn written(&mut self) -> Result<(), EngineError> {
        match &mut self.writing {
            Some(writing) => writing.done().await?,
            None => std::future::pending().await,
        }
        self.writing = None;
        Ok(())
    }
}
