//! Reading a transcript: any page of it is one look-up in an index.

use super::chunk::truncate_line;
use super::json::from_json;
use regatta_protocol::event::LineKind;
use regatta_protocol::view::{LinePage, MAX_PAGE_LINES, TranscriptLine};
use regatta_protocol::{Millis, TaskId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::io::Write;

/// The lines of one row.
pub(super) struct ChunkRow {
    pub(super) first: u64,
    pub(super) part: u32,
    kind: LineKind,
    at: Millis,
    pub(super) text: String,
}

const COLUMNS: &str = "first_line, part, kind, at, text";

impl ChunkRow {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let kind: String = row.get(2)?;
        Ok(Self {
            first: row.get(0)?,
            part: row.get(1)?,
            kind: from_json(&format!("\"{kind}\""))?,
            at: row.get(3)?,
            text: row.get(4)?,
        })
    }
}

/// Up to `max` lines of a task's transcript from line `from` on, and how many there are.
pub(crate) fn read_page(
    conn: &Connection,
    task: &TaskId,
    from: u64,
    max: u32,
) -> rusqlite::Result<LinePage> {
    let tx = conn.unchecked_transaction()?; // One moment for all that is read.
    let key = task_key(&tx, task)?;
    let end = from.saturating_add(max.min(MAX_PAGE_LINES).into());
    let mut page = LinePage { lines: Vec::new(), total: count_total(&tx, key)? };
    let first: Option<u64> = tx
        .prepare_cached(
            "SELECT first_line FROM chunks WHERE task = ?1 AND first_line <= ?2
             ORDER BY first_line DESC LIMIT 1",
        )?
        .query_row(params![key, to_sql_line(from)], |row| row.get(0))
        .optional()?;
    // A long line's first part is more than a page shows of it.
    let mut query = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM chunks WHERE task = ?1 AND first_line >= ?2 AND first_line < ?3
         AND part = 0 ORDER BY first_line"
    ))?;
    let rows =
        query.query_map(params![key, first.unwrap_or(0), to_sql_line(end)], ChunkRow::from_row)?;
    for chunk in rows {
        push_lines(&chunk?, from..end, &mut page.lines);
    }
    Ok(page)
}

fn push_lines(chunk: &ChunkRow, wanted: std::ops::Range<u64>, lines: &mut Vec<TranscriptLine>) {
    for (number, text) in (chunk.first..).zip(chunk.text.split('\n')) {
        if number >= wanted.end {
            return;
        }
        if number >= wanted.start {
            let (text, cut) = truncate_line(text);
            let (kind, at) = (chunk.kind, chunk.at);
            lines.push(TranscriptLine {
                number,
                kind,
                at,
                text: text.to_owned(),
                is_truncated: cut,
            });
        }
    }
}

/// Hands every row of a transcript to `see`, in order, until it says no.
pub(super) fn for_each_chunk(
    conn: &Connection,
    task: &TaskId,
    mut see: impl FnMut(ChunkRow) -> rusqlite::Result<bool>,
) -> rusqlite::Result<()> {
    let key = task_key(conn, task)?;
    let mut query = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM chunks WHERE task = ?1 ORDER BY first_line, part"
    ))?;
    for chunk in query.query_map([key], ChunkRow::from_row)? {
        if !see(chunk?)? {
            break;
        }
    }
    Ok(())
}

/// Writes the whole transcript as text, each line with its `\n`. Returns its bytes, or
/// what the file's side had against it.
pub(crate) fn write_transcript(
    conn: &Connection,
    task: &TaskId,
    to: &mut impl Write,
) -> rusqlite::Result<std::io::Result<u64>> {
    let mut written = Ok(0);
    for_each_chunk(conn, task, |chunk| {
        let before = if chunk.first > 0 && chunk.part == 0 { "\n" } else { "" };
        written = written.as_ref().ok().map_or(Ok(0), |bytes| {
            to.write_all(before.as_bytes())?;
            to.write_all(chunk.text.as_bytes())?;
            Ok(bytes + (before.len() + chunk.text.len()) as u64)
        });
        Ok(written.is_ok())
    })?;
    Ok(written.and_then(|bytes| match bytes {
        0 => Ok(0),
        _ => to.write_all(b"\n").map(|()| bytes + 1),
    }))
}

/// The text of the chunk that begins at a line, all its parts together.
pub(super) fn chunk_text(
    conn: &Connection,
    task: i64,
    first_line: u64,
) -> rusqlite::Result<String> {
    let mut query = conn.prepare_cached(
        "SELECT text FROM chunks WHERE task = ?1 AND first_line = ?2 ORDER BY part",
    )?;
    let parts = query.query_map(params![task, first_line], |row| row.get::<_, String>(0))?;
    parts.collect()
}

fn count_total(conn: &Connection, key: i64) -> rusqlite::Result<u64> {
    let total: Option<u64> = conn
        .prepare_cached(
            "SELECT first_line + lines FROM chunks WHERE task = ?1
             ORDER BY first_line DESC, part DESC LIMIT 1",
        )?
        .query_row([key], |row| row.get(0))
        .optional()?;
    Ok(total.unwrap_or(0))
}

pub(super) fn task_key(conn: &Connection, task: &TaskId) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT key FROM tasks WHERE id = ?1")?
        .query_row([task.as_str()], |row| row.get(0))
}

/// A line number as SQLite can hold it; no transcript reaches further.
fn to_sql_line(line: u64) -> i64 {
    i64::try_from(line).unwrap_or(i64::MAX)
}
