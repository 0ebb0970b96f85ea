//! One group of messages becomes one transaction.

use super::chunk::{split_chunks, split_parts};
use super::command::{
    CreateResult, Entry, NewBatch, NewTask, StoreCommand, StoreError, send_reply,
};
use super::idempotency;
use super::invocations;
use super::json::{enum_text, to_json};
use super::steps;
use super::task_row;
use super::view_cache::{CachedBatch, CommittedChanges, ViewCache};
use crate::fold;
use regatta_protocol::event::LineKind;
use regatta_protocol::view::{BatchView, Counts};
use regatta_protocol::{Capability, Event, LogEvent, Millis, Place, Status, TaskView};
use regatta_trace::LogDropped;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

/// The longest name of an agent that a view shows, in characters.
const MAX_AGENT_CHARS: usize = 60;

/// Writes the group, or nothing of it.
pub(super) fn commit_group(
    conn: &mut Connection,
    views: &mut ViewCache,
    group: &[StoreCommand],
) -> rusqlite::Result<CommittedChanges> {
    if group.is_empty() {
        return Ok(CommittedChanges::default());
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut created = Vec::new();
    for message in group {
        match message {
            StoreCommand::Append { entries, remote_seq: wire, .. } => {
                entries.iter().try_for_each(|entry| append_event(&tx, views, entry))?;
                if let Some((task, wire)) = wire {
                    views.load_task(&tx, task)?;
                    views.task_and_batch_mut(task).0.remote_seq = *wire;
                }
            }
            StoreCommand::CreateBatch { batch, .. } => {
                created.push(insert_batch(&tx, views, batch)?)
            }
            StoreCommand::UseProject { project: path, fresh_cache, .. } => {
                tx.execute(
                    "INSERT INTO projects (path, cache) VALUES (?1, ?2)
                     ON CONFLICT (path) DO NOTHING",
                    params![path, fresh_cache],
                )?;
            }
            StoreCommand::Record { record: note, .. } => {
                invocations::write_record(&tx, views, note)?
            }
            StoreCommand::EnsureBatchChannel { batch, fresh, at, .. } => {
                invocations::ensure_batch_channel(&tx, views, (batch, fresh, *at))?;
            }
            _ => {} // Nothing of these is for the file.
        }
    }
    let written = CommittedChanges { created, ..views.write_dirty(&tx)? };
    tx.commit()?;
    views.mark_committed(written.revision);
    Ok(written)
}

/// Tells everyone who waits for the group that it is on disk.
pub(super) fn reply_all(group: Vec<StoreCommand>, created: Vec<CreateResult>, conn: &Connection) {
    let mut created = created.into_iter();
    for message in group {
        match message {
            StoreCommand::Append { done, memory_permit: room, .. } => {
                drop(room); // Its text isn't in memory any more.
                if let Some(done) = done {
                    send_reply(done, ());
                }
            }
            StoreCommand::CreateBatch { done, .. } => {
                send_reply(done, Ok(created.next().expect("BUG: one for each")));
            }
            StoreCommand::UseProject { project: path, done, .. } => {
                send_reply(done, read_cache_name(conn, &path))
            }
            StoreCommand::Record { done, .. } => send_reply(done, ()),
            StoreCommand::EnsureBatchChannel { batch, fresh, done, .. } => {
                let found = invocations::find_batch_channel(conn, &batch);
                let found = found.log_dropped("looking for the batch's channel").flatten();
                send_reply(done, found.unwrap_or(fresh));
            }
            _ => {} // Nobody waits.
        }
    }
}

fn read_cache_name(conn: &Connection, path: &str) -> Result<String, StoreError> {
    conn.query_row("SELECT cache FROM projects WHERE path = ?1", [path], |row| row.get(0))
        .map_err(|error| StoreError(super::damage::store_error_notice(conn, &error)))
}

/// Refuses what a person waits for; keeps what happened and must not be lost.
pub(super) fn refuse_requests(group: &mut Vec<StoreCommand>, trouble: &StoreError) {
    for message in std::mem::take(group) {
        match message {
            StoreCommand::CreateBatch { done, .. } => send_reply(done, Err(trouble.clone())),
            StoreCommand::UseProject { done, .. } => send_reply(done, Err(trouble.clone())),
            kept => group.push(kept),
        }
    }
}

fn insert_batch(
    tx: &Transaction<'_>,
    views: &mut ViewCache,
    batch: &NewBatch,
) -> rusqlite::Result<CreateResult> {
    if let Some(before) = idempotency::find_batch_key(tx, batch)? {
        return Ok(before);
    }
    let at = unique_created_at(tx, batch.at)?;
    let view = new_batch_view(batch, at);
    tx.execute(
        "INSERT INTO batches (id, created_at, over, last_seq, revision, view)
         VALUES (?1, ?2, 0, 0, 0, '')",
        params![batch.id.as_str(), at],
    )?;
    let key = tx.last_insert_rowid();
    tx.execute(
        "INSERT INTO requests (batch, request, start, title, folded, search)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            key,
            to_json(&batch.request),
            to_json(&batch.start),
            batch.title,
            batch.title.to_lowercase(),
            search_text(batch, &view)
        ],
    )?;
    idempotency::record_key(tx, key, batch)?;
    views.insert_batch(key, view);
    for (position, task) in batch.tasks.iter().enumerate() {
        insert_task(tx, views, (batch, key, at), (position as u32, task))?;
    }
    Ok(CreateResult::New)
}

fn insert_task(
    tx: &Transaction<'_>,
    views: &mut ViewCache,
    (batch, batch_key, at): (&NewBatch, i64, Millis),
    (position, task): (u32, &NewTask),
) -> rusqlite::Result<()> {
    let begun = fold::new_view(task.id.clone(), batch.id.clone(), &task.name, position, at);
    let agent = match batch.place.can(Capability::Agents) {
        true => task_row::select_agent(&batch.request, &task.extra).agent.label(),
        false => String::new(),
    };
    let agent = agent.chars().take(MAX_AGENT_CHARS).collect();
    let view = TaskView { agent, row: task.extra.row.unwrap_or(position), ..begun };
    tx.prepare_cached(
        "INSERT INTO tasks (id, batch, position, status, revision, view)
         VALUES (?1, ?2, ?3, '', 0, '')",
    )?
    .execute(params![task.id.as_str(), batch_key, position])?;
    let key = tx.last_insert_rowid();
    tx.prepare_cached(
        "INSERT INTO prompts (task, name, prompt, time_limit_s, extra)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![key, task.name, task.prompt, task.time_limit_s, to_json(&task.extra)])?;
    views.insert_task(key, view);
    for event in [
        Event::Attempt { number: 1, continues: false, message: String::new() },
        Event::Status { status: Status::Waiting, notice: None },
    ] {
        append_event(tx, views, &Entry { task: task.id.clone(), attempt: 1, at, event })?;
    }
    Ok(())
}

/// The first moment from `at` on at which no batch was created, so that history has one
/// order and can be read in pages.
fn unique_created_at(tx: &Transaction<'_>, at: Millis) -> rusqlite::Result<Millis> {
    let newest: Option<Millis> =
        tx.query_row("SELECT max(created_at) FROM batches", [], |row| row.get(0))?;
    Ok(newest.map_or(at, |newest| at.max(newest + 1)))
}

fn new_batch_view(batch: &NewBatch, at: Millis) -> BatchView {
    let project = &batch.start.project;
    BatchView {
        id: batch.id.clone(),
        name: fold::truncated(&batch.title),
        project: project.clone(),
        project_name: crate::project::folder_name(project),
        endpoint: batch.request.endpoint.clone(),
        place: Place::default(),
        start_from: batch.start_from.clone(),
        start_commit: batch.start.commit.clone(),
        agent: batch.request.agent.clone(),
        max_parallel: batch.max_parallel,
        created_at: at,
        ended_at: None,
        revision: 0,
        last_seq: 0,
        counts: Counts { waiting: batch.tasks.len() as u32, ..Counts::default() },
        queue: Vec::new(),
    }
}

fn search_text(batch: &NewBatch, view: &BatchView) -> String {
    let names = batch.tasks.iter().map(|task| fold::truncated(&task.name));
    let mut text: Vec<String> = vec![view.name.clone(), view.project.clone()];
    text.extend(names);
    text.join("\n").to_lowercase()
}

fn append_event(
    tx: &Transaction<'_>,
    views: &mut ViewCache,
    entry: &Entry,
) -> rusqlite::Result<()> {
    let key = views.load_task(tx, &entry.task)?;
    match &entry.event {
        Event::Output { kind, text, .. } => {
            for chunk in split_chunks(text) {
                let first_line = views.task(&entry.task).view.lines;
                let at = (key, first_line, entry.at);
                insert_chunk(tx, at, (*kind, chunk.lines, chunk.text))?;
                let text = chunk.text.to_owned();
                log_event(tx, views, entry, Event::Output { kind: *kind, text, first_line })?;
            }
            Ok(())
        }
        Event::Step(step) => {
            let view = &views.task(&entry.task).view;
            let step = steps::upsert(tx, key, (entry, view), step)?;
            log_event(tx, views, entry, Event::Step(step))
        }
        Event::Outcome(outcome) => {
            let outcome = views.task(&entry.task).with_carried_result(outcome);
            log_event(tx, views, entry, Event::Outcome(outcome))
        }
        other => log_event(tx, views, entry, other.clone()),
    }
}

fn insert_chunk(
    tx: &Transaction<'_>,
    (task, first_line, at): (i64, u64, Millis),
    (kind, lines, text): (LineKind, u64, &str),
) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO chunks (task, first_line, part, lines, kind, at, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (part, text) in split_parts(text).into_iter().enumerate() {
        insert.execute(params![task, first_line, part as u32, lines, enum_text(kind), at, text])?;
    }
    Ok(())
}

/// Gives the event its number, writes it, and takes it into the views. When the batch is
/// over with it, that is written as well.
fn log_event(
    tx: &Transaction<'_>,
    views: &mut ViewCache,
    entry: &Entry,
    event: Event,
) -> rusqlite::Result<()> {
    let (task, batch) = views.task_and_batch_mut(&entry.task);
    let event = LogEvent {
        seq: batch.view.last_seq + 1,
        at: entry.at,
        task: Some(entry.task.clone()),
        attempt: entry.attempt,
        event,
    };
    insert_event(tx, batch, Some(task.key), &event)?;
    let before = task.view.status;
    fold::fold(&mut task.view, &event);
    task.apply_event(&event.event);
    if batch.count_status_change(before, task.view.status, event.at) {
        let seq = batch.view.last_seq + 1;
        let end = LogEvent { seq, at: entry.at, task: None, attempt: 0, event: Event::End };
        insert_event(tx, batch, None, &end)?;
    }
    Ok(())
}

fn insert_event(
    tx: &Transaction<'_>,
    batch: &mut CachedBatch,
    task: Option<i64>,
    event: &LogEvent,
) -> rusqlite::Result<()> {
    batch.view.last_seq = event.seq;
    tx.prepare_cached(
        "INSERT INTO events (batch, seq, task, attempt, at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        batch.key,
        event.seq,
        task,
        event.attempt,
        event.at,
        event_body(&event.event)
    ])?;
    Ok(())
}

/// The event as it is stored: the text of an output is in the chunks only.
fn event_body(event: &Event) -> String {
    match event {
        Event::Output { kind, first_line, .. } => {
            let text = String::new();
            to_json(&Event::Output { kind: *kind, text, first_line: *first_line })
        }
        other => to_json(other),
    }
}
