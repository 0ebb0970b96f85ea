//! The views of what is under way, in the writer's memory; all others rest in the file.

use super::command::CreateResult;
use super::json::{enum_text, from_json, to_json};
use regatta_protocol::event::{ChangeTotals, Outcome};
use regatta_protocol::{BatchId, BatchView, Event, Millis, Status, TaskId, TaskView};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Views that are in memory because something happens to them.
#[derive(Debug, Default)]
pub(super) struct ViewCache {
    tasks: HashMap<TaskId, CachedTask>,
    batches: HashMap<BatchId, CachedBatch>,
    revision: u64,
}

/// A task whose view is in memory.
#[derive(Debug)]
pub(super) struct CachedTask {
    pub(super) key: i64,
    pub(super) view: TaskView,
    /// The last save point's commit.
    save_commit: Option<String>,
    /// The last number of the place's log that is in ours.
    pub(super) remote_seq: u64,
    /// The place's name for its conversation.
    pub(super) thread: Option<String>,
    /// The attempt that made the copy in which the present one works.
    copy_attempt: u32,
    /// What the agent said last at an end.
    last_message: String,
    /// The commit and counts that a continuing attempt starts from.
    carried_result: Option<CarriedResult>,
    is_dirty: bool,
}

/// What an attempt left.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CarriedResult {
    pub(crate) commit: String,
    /// `None` if an older file doesn't tell.
    pub(crate) totals: Option<ChangeTotals>,
}

/// A batch whose view is in memory.
#[derive(Debug)]
pub(super) struct CachedBatch {
    pub(super) key: i64,
    pub(super) view: BatchView,
    is_dirty: bool,
}

/// What a transaction changed.
#[derive(Debug, Default)]
pub(super) struct CommittedChanges {
    pub(super) revision: u64,
    /// The batches that changed: last sequence number, and whether they are over.
    pub(super) batches: Vec<(BatchId, u64, bool)>,
    /// What became of new batches, in order.
    pub(super) created: Vec<CreateResult>,
}

impl ViewCache {
    /// Nothing in memory; revisions go on after `revision`.
    pub(super) fn starting_at(revision: u64) -> Self {
        Self { revision, ..Self::default() }
    }

    /// A revision for something that isn't in the file.
    pub(super) fn next_revision(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }

    pub(super) fn insert_batch(&mut self, key: i64, view: BatchView) {
        self.batches.insert(view.id.clone(), CachedBatch { key, view, is_dirty: true });
    }

    pub(super) fn insert_task(&mut self, key: i64, view: TaskView) {
        let task = CachedTask {
            key,
            save_commit: None,
            remote_seq: 0,
            thread: None,
            copy_attempt: 1,
            last_message: String::new(),
            carried_result: None,
            is_dirty: true,
            view,
        };
        self.tasks.insert(task.view.id.clone(), task);
    }

    /// Makes sure that the task and its batch are in memory; returns the task's key.
    pub(super) fn load_task(&mut self, conn: &Connection, id: &TaskId) -> rusqlite::Result<i64> {
        if let Some(task) = self.tasks.get(id) {
            return Ok(task.key);
        }
        let task = conn
            .prepare_cached(
                "SELECT key, view, save_commit, wire, thread, copy_attempt, earlier, result
                 FROM tasks WHERE id = ?1",
            )?
            .query_row([id.as_str()], |row| {
                Ok(CachedTask {
                    key: row.get(0)?,
                    view: from_json(&row.get::<_, String>(1)?)?,
                    save_commit: row.get(2)?,
                    remote_seq: row.get(3)?,
                    thread: row.get(4)?,
                    copy_attempt: row.get(5)?,
                    last_message: row.get(6)?,
                    carried_result: row
                        .get::<_, Option<String>>(7)?
                        .map(|left| from_json(&left))
                        .transpose()?,
                    is_dirty: false,
                })
            })?;
        self.load_batch(conn, &task.view.batch)?;
        let key = task.key;
        self.tasks.insert(id.clone(), task);
        Ok(key)
    }

    fn load_batch(&mut self, conn: &Connection, id: &BatchId) -> rusqlite::Result<()> {
        if self.batches.contains_key(id) {
            return Ok(());
        }
        let (key, view): (i64, String) = conn
            .prepare_cached("SELECT key, view FROM batches WHERE id = ?1")?
            .query_row([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let view = from_json(&view)?;
        self.batches.insert(id.clone(), CachedBatch { key, view, is_dirty: false });
        Ok(())
    }

    /// A batch's key, and the position behind its tasks. It is in memory then.
    pub(super) fn batch_row(
        &mut self,
        conn: &Connection,
        id: &BatchId,
    ) -> rusqlite::Result<(i64, u32)> {
        self.load_batch(conn, id)?;
        let batch = self.batches.get(id).expect("BUG: it was loaded");
        Ok((batch.key, batch.view.counts.total()))
    }

    /// A task that is in memory.
    pub(super) fn task(&self, id: &TaskId) -> &CachedTask {
        self.tasks.get(id).expect("BUG: the task was loaded")
    }

    /// A task that is in memory and its batch, to be changed.
    pub(super) fn task_and_batch_mut(
        &mut self,
        id: &TaskId,
    ) -> (&mut CachedTask, &mut CachedBatch) {
        let task = self.tasks.get_mut(id).expect("BUG: the task was loaded");
        let batch = self.batches.get_mut(&task.view.batch).expect("BUG: loaded with its task");
        task.is_dirty = true;
        batch.is_dirty = true;
        (task, batch)
    }

    /// Writes every changed view, all with the next revision.
    pub(super) fn write_dirty(&mut self, conn: &Connection) -> rusqlite::Result<CommittedChanges> {
        let revision = self.revision + 1;
        let mut update = conn.prepare_cached(
            "UPDATE tasks SET status = ?2, revision = ?3, save_commit = ?4, wire = ?5, thread = ?6,
             copy_attempt = ?7, earlier = ?8, asks = ?9, result = ?10, view = ?11 WHERE key = ?1",
        )?;
        for task in self.tasks.values_mut().filter(|task| task.is_dirty) {
            task.view.revision = revision;
            let view = to_json(&task.view);
            let status = enum_text(task.view.status);
            let (commit, wire, thread) = (&task.save_commit, task.remote_seq, &task.thread);
            let (copy, earlier, asks) =
                (task.copy_attempt, &task.last_message, task.has_open_question());
            let result = task.carried_result.as_ref().map(to_json);
            update.execute(params![
                task.key, status, revision, commit, wire, thread, copy, earlier, asks, result, view
            ])?;
        }
        let mut batches = Vec::new();
        let mut update = conn.prepare_cached(
            "UPDATE batches SET over = ?2, last_seq = ?3, revision = ?4, view = ?5 WHERE key = ?1",
        )?;
        for batch in self.batches.values_mut().filter(|batch| batch.is_dirty) {
            batch.view.revision = revision;
            let (over, seq) = (batch.view.ended_at.is_some(), batch.view.last_seq);
            update.execute(params![batch.key, over, seq, revision, to_json(&batch.view)])?;
            batches.push((batch.view.id.clone(), seq, over));
        }
        Ok(CommittedChanges { revision, batches, created: Vec::new() })
    }

    /// The changes are on disk: what is over leaves the memory.
    pub(super) fn mark_committed(&mut self, revision: u64) {
        self.revision = revision;
        self.batches.retain(|_, batch| batch.view.ended_at.is_none());
        self.batches.values_mut().for_each(|batch| batch.is_dirty = false);
        self.tasks.retain(|_, task| self.batches.contains_key(&task.view.batch));
        self.tasks.values_mut().for_each(|task| task.is_dirty = false);
    }

    /// How many tasks and batches are in memory.
    #[cfg(test)]
    pub(super) fn cached_count(&self) -> usize {
        self.tasks.len() + self.batches.len()
    }

    /// Nothing of what changed is on disk: it is read again when it is needed.
    pub(super) fn clear(&mut self) {
        self.tasks.clear();
        self.batches.clear();
    }
}

impl CachedTask {
    /// Whether a question of it is open.
    fn has_open_question(&self) -> bool {
        match self.view.status {
            Status::NeedsYou => true,
            // Its agent can still be answered, as it can go on.
            Status::Interrupted => !self.view.questions.is_empty(),
            _ => false,
        }
    }

    /// Keeps what isn't in the view but in the task's row.
    pub(super) fn apply_event(&mut self, event: &Event) {
        match event {
            Event::SavePoint(point) => self.save_commit = Some(point.commit.clone()),
            Event::Attempt { number, continues, .. } => {
                self.remote_seq = 0; // Another invocation counts anew.
                if !continues {
                    self.save_commit = None;
                    self.thread = None;
                    self.copy_attempt = *number;
                    self.last_message.clear();
                    self.carried_result = None;
                }
            }
            Event::Outcome(outcome) => {
                if !outcome.last_message.is_empty() {
                    self.last_message.clone_from(&outcome.last_message);
                }
                let left = |commit| CarriedResult { commit, totals: Some(outcome.totals) };
                self.carried_result = outcome.commit.clone().map(left);
            }
            _ => {}
        }
    }

    /// The outcome of an attempt that never worked is what the one before left.
    pub(super) fn with_carried_result(&self, outcome: &Outcome) -> Outcome {
        let worked = self.view.started_at.is_some() || outcome.commit.is_some();
        match self.carried_result.as_ref().filter(|_| !worked) {
            Some(CarriedResult { commit, totals }) => Outcome {
                commit: Some(commit.clone()),
                totals: totals.unwrap_or_default(),
                ..outcome.clone()
            },
            None => outcome.clone(),
        }
    }
}

impl CachedBatch {
    /// Takes a task's step from one status to the next into the counts. Says whether the
    /// batch is over with it and wasn't before.
    pub(super) fn count_status_change(&mut self, before: Status, now: Status, at: Millis) -> bool {
        if before == now {
            return false;
        }
        let counts = &mut self.view.counts;
        *counts.count_mut(before) -= 1;
        *counts.count_mut(now) += 1;
        let over = counts.waiting + counts.active() == 0;
        let was_over = self.view.ended_at.is_some();
        self.view.ended_at = over.then_some(at);
        over && !was_over
    }
}
