//! The same request once: a key that came before joins the batch that came with it.

use super::read;
use super::writer::NewBatch;
use regatta_protocol::request::BatchRequest;
use regatta_protocol::{BatchId, Millis};
use rusqlite::{Connection, OptionalExtension, params};

/// How long a key is known: a day.
const KNOWN_FOR: Millis = 24 * 60 * 60 * 1000;

/// What became of a new batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Created {
    /// It is in the file.
    New,
    /// The same request with the same key was this batch.
    Joined(BatchId),
    /// Its key came with another request before.
    KeyReused,
}

/// What a key means now, if it came before.
pub(crate) fn known(
    conn: &Connection,
    (key, request): (&str, &BatchRequest),
    now: Millis,
) -> rusqlite::Result<Option<Created>> {
    let id: Option<String> = conn
        .query_row(
            "SELECT b.id FROM idempotency i JOIN batches b ON b.key = i.batch
             WHERE i.key = ?1 AND i.at > ?2",
            params![key, now - KNOWN_FOR],
            |row| row.get(0),
        )
        .optional()?;
    let Some(id) = id.as_deref().and_then(BatchId::parse) else { return Ok(None) };
    let before = read::request(conn, &id)?;
    let mut request = trimmed(request);
    if request.endpoint.is_some() && request.branch.is_empty() {
        // What that meant was written in its place.
        request.branch.clone_from(&before.branch);
    }
    Ok(Some(match request == before {
        true => Created::Joined(id),
        false => Created::KeyReused,
    }))
}

/// Looks whether a new batch's key came before.
pub(super) fn look(conn: &Connection, batch: &NewBatch) -> rusqlite::Result<Option<Created>> {
    let Some(key) = &batch.idempotency_key else { return Ok(None) };
    known(conn, (key, &batch.whole_request()), batch.at)
}

/// Notes a new batch's key, and forgets those that are too old.
pub(super) fn note(conn: &Connection, row: i64, batch: &NewBatch) -> rusqlite::Result<()> {
    let Some(key) = &batch.idempotency_key else { return Ok(()) };
    conn.execute("DELETE FROM idempotency WHERE at <= ?1", [batch.at - KNOWN_FOR])?;
    conn.execute(
        "INSERT INTO idempotency (key, batch, at) VALUES (?1, ?2, ?3)",
        params![key, row, batch.at],
    )?;
    Ok(())
}

/// A request as it is read back from the file.
fn trimmed(request: &BatchRequest) -> BatchRequest {
    let mut request = request.clone();
    for task in &mut request.parallel_tasks {
        task.task_name = task.task_name.trim().to_owned();
    }
    request
}
