//! What was sent to endpoints: an invocation is one call with all its attempts. It is in the
//! file before anything is sent, so that after a restart it is known what may be under way
//! elsewhere.

use super::command::{FollowUp, NewInvocation, Record};
use super::json::{from_json, to_json};
use super::view_cache::ViewCache;
use crate::fold;
use regatta_protocol::request::TaskRequest;
use regatta_protocol::{BatchId, Millis, Status, TaskId, TaskView};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

/// What people call the pseudo-task that holds what a place says of a batch as a whole.
const BATCH_CHANNEL_NAME: &str = "Whole batch";

/// An invocation as it is in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invocation {
    pub(crate) id: String,
    pub(crate) batch: BatchId,
    /// Whether it may have left this computer.
    pub(crate) may_have_left: bool,
    /// The place's name for it, when it can be asked to tell its events again.
    pub(crate) run: Option<String>,
    pub(crate) follow_up: Option<FollowUp>,
}

/// One attempt of an invocation.
#[derive(Debug, Clone)]
pub(crate) struct InvokedAttempt {
    pub(crate) task: TaskId,
    pub(crate) attempt: u32,
    pub(crate) request: TaskRequest,
    /// The last number of the place's log that is in ours.
    pub(crate) remote_seq: u64,
    /// Whether it is the task's present attempt, and isn't over.
    pub(crate) is_open: bool,
}

/// Writes a note.
pub(super) fn write_record(
    tx: &Transaction<'_>,
    views: &mut ViewCache,
    record: &Record,
) -> rusqlite::Result<()> {
    match record {
        Record::Planned(new) => insert_invocation(tx, new),
        Record::Sent { id } => {
            tx.execute("UPDATE invocations SET sent = 1 WHERE id = ?1", [id]).map(drop)
        }
        Record::Run { id, run } => {
            let sql = "UPDATE invocations SET run = ?2 WHERE id = ?1";
            tx.execute(sql, params![id, run]).map(drop)
        }
        Record::Allowed { batch, key } => {
            let sql = "INSERT OR IGNORE INTO allowed (batch, key)
                       SELECT key, ?2 FROM batches WHERE id = ?1";
            tx.execute(sql, params![batch.as_str(), key]).map(drop)
        }
        Record::PersistedQueue { body } => {
            let sql = "INSERT OR REPLACE INTO held (one, body) VALUES (1, ?1)";
            tx.execute(sql, [body]).map(drop)
        }
        Record::Thread { task, thread } => {
            views.load_task(tx, task)?;
            views.task_and_batch_mut(task).0.thread = Some(thread.clone());
            Ok(())
        }
    }
}

fn insert_invocation(tx: &Transaction<'_>, new: &NewInvocation) -> rusqlite::Result<()> {
    let (thread, message) = new.follow_up.as_ref().map(|f| (&f.thread, &f.message)).unzip();
    tx.execute(
        "INSERT INTO invocations (id, batch, sent, thread, message)
         SELECT ?1, key, 0, ?3, ?4 FROM batches WHERE id = ?2",
        params![new.id, new.batch.as_str(), thread, message],
    )?;
    let key = tx.last_insert_rowid();
    // One that was planned before and then wasn't asked for is planned anew.
    let mut insert = tx.prepare_cached(
        "INSERT OR REPLACE INTO invoked (task, attempt, invocation)
         SELECT key, ?2, ?3 FROM tasks WHERE id = ?1",
    )?;
    for (task, attempt) in &new.attempts {
        insert.execute(params![task.as_str(), attempt, key])?;
    }
    Ok(())
}

/// Makes the pseudo-task of a batch, unless there is one.
pub(super) fn ensure_batch_channel(
    tx: &Transaction<'_>,
    views: &mut ViewCache,
    (batch, fresh, at): (&BatchId, &TaskId, Millis),
) -> rusqlite::Result<()> {
    if find_batch_channel(tx, batch)?.is_some() {
        return Ok(());
    }
    let (key, position) = views.batch_row(tx, batch)?;
    // It never works or ends: what happens to it is text.
    let view = TaskView {
        is_batch_channel: true,
        status: Status::Finished,
        ..fold::new_view(fresh.clone(), batch.clone(), BATCH_CHANNEL_NAME, position, at)
    };
    tx.execute(
        "INSERT INTO tasks (id, batch, position, status, revision, whole, view)
         VALUES (?1, ?2, ?3, '', 0, 1, ?4)",
        params![fresh.as_str(), key, position, to_json(&view)],
    )?;
    views.insert_task(tx.last_insert_rowid(), view);
    Ok(())
}

/// The id of a batch's pseudo-task, if there is one.
pub(super) fn find_batch_channel(
    conn: &Connection,
    batch: &BatchId,
) -> rusqlite::Result<Option<TaskId>> {
    let id: Option<String> = conn
        .query_row(
            "SELECT t.id FROM tasks t JOIN batches b ON b.key = t.batch
             WHERE b.id = ?1 AND t.whole = 1",
            [batch.as_str()],
            |row| row.get(0),
        )
        .optional()?;
    Ok(id.and_then(|id| TaskId::parse(&id)))
}

/// The last number of the place's log that is in the pseudo-task of a batch.
pub(crate) fn batch_channel_seq(conn: &Connection, batch: &BatchId) -> rusqlite::Result<u64> {
    conn.query_row(
        "SELECT ifnull(max(t.wire), 0) FROM tasks t JOIN batches b ON b.key = t.batch
         WHERE b.id = ?1 AND t.whole = 1",
        [batch.as_str()],
        |row| row.get(0),
    )
}

/// The invocation that an attempt belongs to, if it was planned.
pub(crate) fn find(
    conn: &Connection,
    task: &TaskId,
    attempt: u32,
) -> rusqlite::Result<Option<Invocation>> {
    conn.query_row(
        "SELECT i.id, b.id, i.sent, i.run, i.thread, i.message FROM invoked v
         JOIN tasks t ON t.key = v.task JOIN invocations i ON i.key = v.invocation
         JOIN batches b ON b.key = i.batch WHERE t.id = ?1 AND v.attempt = ?2",
        params![task.as_str(), attempt],
        |row| {
            let batch: String = row.get(1)?;
            let (thread, message): (Option<String>, Option<String>) = (row.get(4)?, row.get(5)?);
            Ok(Invocation {
                id: row.get(0)?,
                batch: BatchId::parse(&batch).ok_or(rusqlite::Error::InvalidQuery)?,
                may_have_left: row.get(2)?,
                run: row.get(3)?,
                follow_up: thread
                    .zip(message)
                    .map(|(thread, message)| FollowUp { thread, message }),
            })
        },
    )
    .optional()
}

/// The attempts of an invocation, in the order of their batch.
pub(crate) fn read_attempts(conn: &Connection, id: &str) -> rusqlite::Result<Vec<InvokedAttempt>> {
    let mut query = conn.prepare_cached(
        "SELECT p.name, p.prompt, p.time_limit_s, p.extra, t.id, v.attempt, t.wire, t.view
         FROM invoked v
         JOIN invocations i ON i.key = v.invocation JOIN tasks t ON t.key = v.task
         JOIN prompts p ON p.task = t.key WHERE i.id = ?1 ORDER BY t.position",
    )?;
    query.query_map([id], read_attempt)?.collect()
}

fn read_attempt(row: &Row<'_>) -> rusqlite::Result<InvokedAttempt> {
    let view: TaskView = from_json(&row.get::<_, String>(7)?)?;
    let attempt: u32 = row.get(5)?;
    Ok(InvokedAttempt {
        request: super::task_row::read_stored(row)?.task,
        task: view.id,
        attempt,
        remote_seq: row.get(6)?,
        is_open: view.attempt == attempt && !view.status.is_over(),
    })
}
