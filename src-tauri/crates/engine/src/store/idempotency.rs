//! The same request once: a key that came before joins the batch that came with it. Source:
//! <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>.

use super::command::{CreateResult, NewBatch};
use super::read;
use regatta_protocol::request::BatchRequest;
use regatta_protocol::{BatchId, Capability, Millis};
use rusqlite::{Connection, OptionalExtension, params};

/// How long a key is known: a day.
const KEY_LIFETIME_MS: Millis = 24 * 60 * 60 * 1000;

/// A request and the key that it came with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyedRequest<'a> {
    pub(crate) key: &'a str,
    pub(crate) request: &'a BatchRequest,
    /// Whether an empty start is kept as it came. Without that, what it meant was written in
    /// its place.
    pub(crate) names_start: bool,
}

/// What a key means now, if it came before.
pub(crate) fn find_key(
    conn: &Connection,
    keyed: KeyedRequest<'_>,
    now: Millis,
) -> rusqlite::Result<Option<CreateResult>> {
    let id: Option<String> = conn
        .query_row(
            "SELECT b.id FROM idempotency i JOIN batches b ON b.key = i.batch
             WHERE i.key = ?1 AND i.at > ?2",
            params![keyed.key, now - KEY_LIFETIME_MS],
            |row| row.get(0),
        )
        .optional()?;
    let Some(id) = id.as_deref().and_then(BatchId::parse) else { return Ok(None) };
    let before = read::request(conn, &id)?;
    let mut request = normalise(keyed.request);
    if !keyed.names_start && request.start_from.is_empty() {
        request.start_from.clone_from(&before.start_from);
    }
    Ok(Some(match request == before {
        true => CreateResult::Joined(id),
        false => CreateResult::KeyReused,
    }))
}

/// Looks whether a new batch's key came before.
pub(super) fn find_batch_key(
    conn: &Connection,
    batch: &NewBatch,
) -> rusqlite::Result<Option<CreateResult>> {
    let Some(key) = &batch.idempotency_key else { return Ok(None) };
    let names_start = batch.place.can(Capability::LocalFolder);
    find_key(conn, KeyedRequest { key, request: &batch.full_request(), names_start }, batch.at)
}

/// Notes a new batch's key, and forgets those that are too old.
pub(super) fn record_key(conn: &Connection, row: i64, batch: &NewBatch) -> rusqlite::Result<()> {
    let Some(key) = &batch.idempotency_key else { return Ok(()) };
    conn.execute("DELETE FROM idempotency WHERE at <= ?1", [batch.at - KEY_LIFETIME_MS])?;
    conn.execute(
        "INSERT INTO idempotency (key, batch, at) VALUES (?1, ?2, ?3)",
        params![key, row, batch.at],
    )?;
    Ok(())
}

/// A request as it is read back from the file.
fn normalise(request: &BatchRequest) -> BatchRequest {
    let mut request = request.clone();
    for task in &mut request.parallel_tasks {
        task.task_name = task.task_name.trim().to_owned();
    }
    request
}
