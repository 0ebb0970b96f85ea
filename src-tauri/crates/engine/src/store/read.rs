//! Reading on connections of their own, never in the writer's way.

use super::command::BatchStart;
use super::json::from_json;
use super::lines::chunk_text;
use super::task_row::{self, StoredTask};
use super::view_cache::CarriedResult;
use crate::EngineError;
use regatta_protocol::agent::AgentSelection;
use regatta_protocol::request::{BatchRequest, TaskRequest};
use regatta_protocol::view::BatchDetail;
use regatta_protocol::{BatchId, BatchView, Event, LogEvent, Millis, TaskId, TaskView};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, params};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// How many may read at the same time.
const READERS: usize = 4;
/// About how much text one page of events holds.
const PAGE_BYTES: usize = 1024 * 1024;

/// Connections that only read.
#[derive(Debug)]
pub(crate) struct ReaderPool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl ReaderPool {
    pub(super) fn new(path: &Path) -> Arc<Self> {
        let room = Arc::new(Semaphore::new(READERS));
        Arc::new(Self { path: path.to_owned(), idle: Mutex::default(), permits: room })
    }

    /// Runs `read` on a connection, on a thread where it may take its time.
    pub(crate) async fn with<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, EngineError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.expect("BUG: never closed");
        let readers = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            // It is held as long as the thread, also when nobody waits for that any more.
            let _permit = permit;
            let conn = readers.connection()?;
            let found = read(&conn);
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
            found
        });
        done.await.expect("BUG: a read panicked").map_err(EngineError::from)
    }

    fn connection(&self) -> rusqlite::Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| open_reader(&self.path), Ok)
    }
}

fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(conn)
}

/// Batches that aren't over, the newest first.
pub(crate) fn running_batches(conn: &Connection) -> rusqlite::Result<Vec<BatchView>> {
    query_views(conn, "SELECT view FROM batches WHERE over = 0 ORDER BY created_at DESC", [])
}

/// Batches that are over, the newest first: those created before a moment, if one is given,
/// whose name, project or tasks' names hold the words.
pub(crate) fn history(
    conn: &Connection,
    words: &str,
    before: Option<Millis>,
    max: u32,
) -> rusqlite::Result<Vec<BatchView>> {
    query_views(
        conn,
        "SELECT b.view FROM batches b JOIN requests r ON r.batch = b.key
         WHERE b.over = 1 AND b.created_at < ?1 AND instr(r.search, ?2) > 0
         ORDER BY b.created_at DESC LIMIT ?3",
        params![before.unwrap_or(Millis::MAX), words.trim().to_lowercase(), max],
    )
}

/// A batch and its tasks in order, as they were at one moment.
pub(crate) fn detail(conn: &Connection, id: &BatchId) -> rusqlite::Result<Option<BatchDetail>> {
    let tx = conn.unchecked_transaction()?;
    let Some(batch) = batch(&tx, id).optional()? else { return Ok(None) };
    Ok(Some(BatchDetail { batch, tasks: tasks(&tx, id)?, batch_channel: batch_channel(&tx, id)? }))
}

/// One batch.
pub(super) fn batch(conn: &Connection, id: &BatchId) -> rusqlite::Result<BatchView> {
    query_view(conn, "SELECT view FROM batches WHERE id = ?1", [id.as_str()])
}

/// A batch's tasks in order.
fn tasks(conn: &Connection, id: &BatchId) -> rusqlite::Result<Vec<TaskView>> {
    query_views(
        conn,
        "SELECT t.view FROM tasks t JOIN batches b ON b.key = t.batch
         WHERE b.id = ?1 AND t.whole = 0 ORDER BY t.position",
        [id.as_str()],
    )
}

/// What a batch's place says of it as a whole, once there is something.
fn batch_channel(conn: &Connection, id: &BatchId) -> rusqlite::Result<Option<TaskView>> {
    query_view(
        conn,
        "SELECT t.view FROM tasks t JOIN batches b ON b.key = t.batch
         WHERE b.id = ?1 AND t.whole = 1",
        [id.as_str()],
    )
    .optional()
}

/// One task.
pub(crate) fn task(conn: &Connection, id: &TaskId) -> rusqlite::Result<TaskView> {
    query_view(conn, "SELECT view FROM tasks WHERE id = ?1", [id.as_str()])
}

/// Every task that waits or works, the oldest first.
pub(crate) fn open_tasks(conn: &Connection) -> rusqlite::Result<Vec<TaskView>> {
    query_views(
        conn,
        "SELECT view FROM tasks
         WHERE status IN ('waiting', 'working', 'needs_you', 'paused') ORDER BY key",
        [],
    )
}

/// What was held when the queue last said so; empty means nothing ever was.
pub(crate) fn persisted_queue(conn: &Connection) -> rusqlite::Result<String> {
    let body = conn.query_row("SELECT body FROM held", [], |row| row.get(0)).optional()?;
    Ok(body.unwrap_or_default())
}

/// Every task with an open question.
pub(crate) fn tasks_with_questions(conn: &Connection) -> rusqlite::Result<Vec<TaskView>> {
    query_views(conn, "SELECT view FROM tasks WHERE asks = 1 ORDER BY key", [])
}

/// What changed after a revision: tasks and batches. The batches in `moved` are told in any
/// case.
pub(crate) fn changed_since(
    conn: &Connection,
    since: u64,
    moved: &[BatchId],
) -> rusqlite::Result<(Vec<TaskView>, Vec<BatchView>)> {
    let tx = conn.unchecked_transaction()?;
    let tasks =
        query_views(&tx, "SELECT view FROM tasks WHERE revision > ?1 ORDER BY key", [since])?;
    let mut batches: Vec<BatchView> =
        query_views(&tx, "SELECT view FROM batches WHERE revision > ?1 ORDER BY key", [since])?;
    for id in moved {
        if !batches.iter().any(|batch| batch.id == *id) {
            batches.push(batch(&tx, id)?);
        }
    }
    Ok((tasks, batches))
}

/// The highest revision in the file.
pub(crate) fn revision(conn: &Connection) -> rusqlite::Result<u64> {
    conn.query_row(
        "SELECT max(ifnull((SELECT max(revision) FROM tasks), 0),
                    ifnull((SELECT max(revision) FROM batches), 0))",
        [],
        |row| row.get(0),
    )
}

/// The batch that `text` names: by its id, by the beginning of an id that no other has, or
/// the newest of that name.
pub(crate) fn resolve_batch(conn: &Connection, text: &str) -> rusqlite::Result<Option<BatchId>> {
    let text = text.trim().to_lowercase();
    let mut by_id = conn.prepare("SELECT id FROM batches WHERE substr(id, 1, ?1) = ?2 LIMIT 2")?;
    let ids: Vec<String> = by_id
        .query_map(params![text.chars().count(), text], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if let ([id], false) = (ids.as_slice(), text.is_empty()) {
        return Ok(BatchId::parse(id));
    }
    let named: Option<String> = conn
        .query_row(
            "SELECT b.id FROM batches b JOIN requests r ON r.batch = b.key
             WHERE r.folded = ?1 ORDER BY b.created_at DESC LIMIT 1",
            [text],
            |row| row.get(0),
        )
        .optional()?;
    Ok(named.and_then(|id| BatchId::parse(&id)))
}

/// The request that a batch was started with.
pub(crate) fn request(conn: &Connection, id: &BatchId) -> rusqlite::Result<BatchRequest> {
    let (key, request): (i64, String) = conn.query_row(
        "SELECT r.batch, r.request FROM requests r JOIN batches b ON b.key = r.batch
         WHERE b.id = ?1",
        [id.as_str()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut request: BatchRequest = from_json(&request)?;
    let mut tasks = conn.prepare(
        "SELECT p.name, p.prompt, p.time_limit_s, p.extra FROM prompts p JOIN tasks t ON t.key = p.task
         WHERE t.batch = ?1 ORDER BY t.position",
    )?;
    let tasks: Vec<StoredTask> =
        tasks.query_map([key], task_row::read_stored)?.collect::<rusqlite::Result<_>>()?;
    request.parallel_tasks = task_row::group_rows(tasks);
    Ok(request)
}

/// What a task's next attempt is made from.
#[derive(Debug)]
pub(crate) struct TaskFacts {
    pub(crate) view: TaskView,
    /// What was asked of this task alone.
    pub(crate) task_request: TaskRequest,
    /// Who does it.
    pub(crate) agent_selection: AgentSelection,
    pub(crate) request: BatchRequest,
    /// The batch's whole title.
    pub(crate) batch_title: String,
    pub(crate) start: BatchStart,
    /// The last save point's commit.
    pub(crate) save_commit: Option<String>,
    /// The commit and counts that a continuing attempt starts from.
    pub(crate) carried_result: Option<CarriedResult>,
    /// The place's name for its conversation.
    pub(crate) thread: Option<String>,
    /// The attempt that made the copy in which the present one works.
    pub(crate) copy_attempt: u32,
    /// What the agent said last at an end.
    pub(crate) last_message: String,
    /// What was allowed for its batch: keys of questions.
    pub(crate) allowed_keys: Vec<String>,
}

/// Everything that is known of a task. The request's list of tasks is left empty.
pub(crate) fn facts(conn: &Connection, id: &TaskId) -> rusqlite::Result<TaskFacts> {
    let mut allowed = conn.prepare_cached(
        "SELECT a.key FROM allowed a JOIN tasks t ON t.batch = a.batch WHERE t.id = ?1",
    )?;
    let allowed = allowed.query_map([id.as_str()], |row| row.get(0))?;
    let allowed: Vec<String> = allowed.collect::<rusqlite::Result<_>>()?;
    conn.prepare_cached(
        "SELECT p.name, p.prompt, p.time_limit_s, p.extra, t.view, r.request, r.title, r.start,
                t.save_commit, t.thread, t.copy_attempt, t.earlier, t.result
         FROM tasks t JOIN prompts p ON p.task = t.key JOIN requests r ON r.batch = t.batch
         WHERE t.id = ?1",
    )?
    .query_row([id.as_str()], |row| {
        let asked = task_row::read_stored(row)?;
        let request: BatchRequest = from_json(&row.get::<_, String>(5)?)?;
        Ok(TaskFacts {
            agent_selection: task_row::select_agent(&request, &asked.extra),
            task_request: asked.task,
            request,
            view: from_json(&row.get::<_, String>(4)?)?,
            batch_title: row.get(6)?,
            start: from_json(&row.get::<_, String>(7)?)?,
            save_commit: row.get(8)?,
            thread: row.get(9)?,
            copy_attempt: row.get(10)?,
            last_message: row.get(11)?,
            carried_result: row
                .get::<_, Option<String>>(12)?
                .map(|left| from_json(&left))
                .transpose()?,
            allowed_keys: allowed,
        })
    })
}

/// Up to `max` events of a batch after `after`; fewer when they hold much text, but at
/// least one where there is one.
pub(crate) fn events(
    conn: &Connection,
    id: &BatchId,
    after: u64,
    max: u32,
) -> rusqlite::Result<Vec<LogEvent>> {
    let tx = conn.unchecked_transaction()?;
    let mut query = tx.prepare_cached(
        "SELECT e.seq, e.at, e.attempt, e.task, e.body, t.id
         FROM batches b JOIN events e ON e.batch = b.key LEFT JOIN tasks t ON t.key = e.task
         WHERE b.id = ?1 AND e.seq > ?2 ORDER BY e.seq LIMIT ?3",
    )?;
    let mut rows = query.query(params![id.as_str(), after, max])?;
    let mut found = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let body: String = row.get(4)?;
        let mut event: Event = from_json(&body)?;
        if let Event::Output { text, first_line, .. } = &mut event {
            *text = chunk_text(&tx, row.get(3)?, *first_line)?;
            bytes += text.len();
        }
        bytes += body.len();
        let task: Option<String> = row.get(5)?;
        found.push(LogEvent {
            seq: row.get(0)?,
            at: row.get(1)?,
            attempt: row.get(2)?,
            task: task.as_deref().and_then(TaskId::parse),
            event,
        });
        if bytes >= PAGE_BYTES {
            break;
        }
    }
    Ok(found)
}

fn query_view<T: DeserializeOwned>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
) -> rusqlite::Result<T> {
    let view: String = conn.prepare_cached(sql)?.query_row(params, |row| row.get(0))?;
    from_json(&view)
}

pub(super) fn query_views<T: DeserializeOwned>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
) -> rusqlite::Result<Vec<T>> {
    let mut query = conn.prepare_cached(sql)?;
    let rows = query.query_map(params, |row| row.get::<_, String>(0))?;
    rows.map(|view| from_json(&view?)).collect()
}
