//! Batches page by page.

use super::read::query_views;
use regatta_protocol::{BatchId, BatchView};
use rusqlite::{Connection, params};

/// Up to `max` batches, the newest first: those that were started before a batch, if one is
/// given.
pub(crate) fn list_batches(
    conn: &Connection,
    before: Option<&BatchId>,
    max: u32,
) -> rusqlite::Result<Vec<BatchView>> {
    let before = match before {
        Some(id) => {
            conn.query_row("SELECT key FROM batches WHERE id = ?1", [id.as_str()], |row| {
                row.get::<_, i64>(0)
            })?
        }
        None => i64::MAX,
    };
    let sql = "SELECT view FROM batches WHERE key < ?1 ORDER BY key DESC LIMIT ?2";
    query_views(conn, sql, params![before, max])
}
