//! The steps of a task: what the agent did, in plain words.

use super::command::Entry;
use super::json::{from_json, to_json};
use regatta_protocol::event::Step;
use regatta_protocol::{TaskId, TaskView};
use rusqlite::{Connection, OptionalExtension, params};

/// Completes a step from a worker with what the store knows (its line, its times, its
/// attempt) and keeps it as the newest word on it.
pub(super) fn upsert(
    conn: &Connection,
    task: i64,
    (entry, view): (&Entry, &TaskView),
    step: &Step,
) -> rusqlite::Result<Step> {
    let known: Option<String> = conn
        .prepare_cached("SELECT body FROM steps WHERE task = ?1 AND attempt = ?2 AND id = ?3")?
        .query_row(params![task, entry.attempt, step.id], |row| row.get(0))
        .optional()?;
    let mut placed = Step { attempt: entry.attempt, ..step.clone() };
    if let Some(known) = known {
        let known: Step = from_json(&known)?;
        placed.line = known.line;
        placed.started_at = known.started_at;
        // Never the same as the start: by that a new step is told from an old one.
        placed.changed_at = entry.at.max(known.started_at + 1);
        conn.prepare_cached(
            "UPDATE steps SET body = ?4 WHERE task = ?1 AND attempt = ?2 AND id = ?3",
        )?
        .execute(params![task, entry.attempt, step.id, to_json(&placed)])?;
    } else {
        placed.line = view.lines;
        placed.started_at = entry.at;
        placed.changed_at = entry.at;
        conn.prepare_cached(
            "INSERT INTO steps (task, attempt, id, number, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![task, entry.attempt, step.id, view.steps, to_json(&placed)])?;
    }
    Ok(placed)
}

/// Up to `max` steps of a task from the `from`th on, over all attempts.
pub(crate) fn read(
    conn: &Connection,
    task: &TaskId,
    from: u32,
    max: u32,
) -> rusqlite::Result<Vec<Step>> {
    let mut query = conn.prepare_cached(
        "SELECT s.body FROM steps s JOIN tasks t ON t.key = s.task
         WHERE t.id = ?1 AND s.number >= ?2 ORDER BY s.number LIMIT ?3",
    )?;
    let rows = query.query_map(params![task.as_str(), from, max], |row| row.get::<_, String>(0))?;
    rows.map(|body| from_json(&body?)).collect()
}
