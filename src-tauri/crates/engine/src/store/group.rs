//! One group of messages becomes one transaction.

use super::asked;
use super::chunk::{chunks, parts};
use super::idempotency::{self, Created};
use super::invocations;
use super::json::{json, word};
use super::steps;
use super::views::{OpenBatch, Views};
use super::writer::{Entry, Message, NewBatch, NewTask, StoreTrouble, answer};
use crate::fold;
use regatta_protocol::event::LineKind;
use regatta_protocol::view::{BatchView, Counts};
use regatta_protocol::{BatchId, Event, LogEvent, Millis, Status, TaskView};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

/// The longest name of an agent that a view shows, in characters.
const MAX_AGENT_CHARS: usize = 60;

/// What a transaction changed.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) revision: u64,
    /// The batches that changed: last sequence number, and whether they are over.
    pub(super) batches: Vec<(BatchId, u64, bool)>,
    /// What became of new batches, in order.
    pub(super) created: Vec<Created>,
}

/// Writes the group, or nothing of it.
pub(super) fn write(
    conn: &mut Connection,
    views: &mut Views,
    group: &[Message],
) -> rusqlite::Result<Written> {
    if group.is_empty() {
        return Ok(Written::default());
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut created = Vec::new();
    for message in group {
        match message {
            Message::Append { entries, wire, .. } => {
                entries.iter().try_for_each(|entry| append(&tx, views, entry))?;
                if let Some((task, wire)) = wire {
                    views.load_task(&tx, task)?;
                    views.pair(task).0.wire = *wire;
                }
            }
            Message::Create { batch, .. } => created.push(create(&tx, views, batch)?),
            Message::UseProject { path, fresh_cache, .. } => {
                tx.execute(
                    "INSERT INTO projects (path, cache) VALUES (?1, ?2)
                     ON CONFLICT (path) DO NOTHING",
                    params![path, fresh_cache],
                )?;
            }
            Message::Note { note, .. } => invocations::write(&tx, views, note)?,
            Message::Whole { batch, fresh, at, .. } => {
                invocations::whole(&tx, views, (batch, fresh, *at))?;
            }
            _ => {} // Nothing of these is for the file.
        }
    }
    let written = Written { created, ..views.save(&tx)? };
    tx.commit()?;
    views.committed(written.revision);
    Ok(written)
}

/// Tells everyone who waits for the group that it is on disk.
pub(super) fn answer_all(group: Vec<Message>, created: Vec<Created>, conn: &Connection) {
    let mut created = created.into_iter();
    for message in group {
        match message {
            Message::Append { done, room, .. } => {
                drop(room); // Its text isn't in memory any more.
                if let Some(done) = done {
                    answer(done, ());
                }
            }
            Message::Create { done, .. } => {
                answer(done, Ok(created.next().expect("BUG: one for each")));
            }
            Message::UseProject { path, done, .. } => answer(done, cache_of(conn, &path)),
            Message::Note { done, .. } => answer(done, ()),
            Message::Whole { batch, fresh, done, .. } => {
                let found = invocations::whole_of(conn, &batch);
                answer(done, found.ok().flatten().unwrap_or(fresh));
            }
            _ => {} // Nobody waits.
        }
    }
}

fn cache_of(conn: &Connection, path: &str) -> Result<String, StoreTrouble> {
    conn.query_row("SELECT cache FROM projects WHERE path = ?1", [path], |row| row.get(0))
        .map_err(|error| StoreTrouble(super::open::trouble(conn, &error)))
}

/// Refuses what a person waits for; keeps what happened and must not be lost.
pub(super) fn refuse_requests(group: &mut Vec<Message>, trouble: &StoreTrouble) {
    for message in std::mem::take(group) {
        match message {
            Message::Create { done, .. } => answer(done, Err(trouble.clone())),
            Message::UseProject { done, .. } => answer(done, Err(trouble.clone())),
            kept => group.push(kept),
        }
    }
}

fn create(tx: &Transaction<'_>, views: &mut Views, batch: &NewBatch) -> rusqlite::Result<Created> {
    if let Some(before) = idempotency::look(tx, batch)? {
        return Ok(before);
    }
    let at = free_moment(tx, batch.at)?;
    let view = batch_view(batch, at);
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
            json(&batch.request),
            json(&batch.start),
            batch.title,
            batch.title.to_lowercase(),
            search_text(batch, &view)
        ],
    )?;
    idempotency::note(tx, key, batch)?;
    views.open_batch(key, view);
    for (position, task) in batch.tasks.iter().enumerate() {
        create_task(tx, views, (batch, key, at), (position as u32, task))?;
    }
    Ok(Created::New)
}

fn create_task(
    tx: &Transaction<'_>,
    views: &mut Views,
    (batch, batch_key, at): (&NewBatch, i64, Millis),
    (position, task): (u32, &NewTask),
) -> rusqlite::Result<()> {
    let begun = fold::begin(task.id.clone(), batch.id.clone(), &task.name, position, at);
    // Who does the work elsewhere is that place's business.
    let agent = match batch.request.endpoint {
        Some(_) => String::new(),
        None => asked::pick(&batch.request, &task.extra).agent.label(),
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
    .execute(params![key, task.name, task.prompt, task.time_limit_s, json(&task.extra)])?;
    views.open_task(key, view);
    for event in [
        Event::Attempt { number: 1, continues: false, message: String::new() },
        Event::Status { status: Status::Waiting, notice: None },
    ] {
        append(tx, views, &Entry { task: task.id.clone(), attempt: 1, at, event })?;
    }
    Ok(())
}

/// The first moment from `at` on at which no batch was created, so that history has one
/// order and can be read in pages.
fn free_moment(tx: &Transaction<'_>, at: Millis) -> rusqlite::Result<Millis> {
    let newest: Option<Millis> =
        tx.query_row("SELECT max(created_at) FROM batches", [], |row| row.get(0))?;
    Ok(newest.map_or(at, |newest| at.max(newest + 1)))
}

fn batch_view(batch: &NewBatch, at: Millis) -> BatchView {
    let project = &batch.start.project;
    BatchView {
        id: batch.id.clone(),
        name: fold::shown(&batch.title),
        project_path: project.clone(),
        project_name: crate::project::name_of(project),
        endpoint: batch.request.endpoint.clone(),
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
    let names = batch.tasks.iter().map(|task| fold::shown(&task.name));
    let mut text: Vec<String> = vec![view.name.clone(), view.project_path.clone()];
    text.extend(names);
    text.join("\n").to_lowercase()
}

fn append(tx: &Transaction<'_>, views: &mut Views, entry: &Entry) -> rusqlite::Result<()> {
    let key = views.load_task(tx, &entry.task)?;
    match &entry.event {
        Event::Output { kind, text, .. } => {
            for chunk in chunks(text) {
                let first_line = views.task(&entry.task).view.lines;
                let at = (key, first_line, entry.at);
                insert_chunk(tx, at, (*kind, chunk.lines, chunk.text))?;
                let text = chunk.text.to_owned();
                log(tx, views, entry, Event::Output { kind: *kind, text, first_line })?;
            }
            Ok(())
        }
        Event::Step(step) => {
            let view = &views.task(&entry.task).view;
            let step = steps::place(tx, key, (entry, view), step)?;
            log(tx, views, entry, Event::Step(step))
        }
        Event::Outcome(outcome) => {
            let outcome = views.task(&entry.task).with_result(outcome);
            log(tx, views, entry, Event::Outcome(outcome))
        }
        other => log(tx, views, entry, other.clone()),
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
    for (part, text) in parts(text).into_iter().enumerate() {
        insert.execute(params![task, first_line, part as u32, lines, word(kind), at, text])?;
    }
    Ok(())
}

/// Gives the event its number, writes it, and takes it into the views. When the batch is
/// over with it, that is written as well.
fn log(
    tx: &Transaction<'_>,
    views: &mut Views,
    entry: &Entry,
    event: Event,
) -> rusqlite::Result<()> {
    let (task, batch) = views.pair(&entry.task);
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
    task.note(&event.event);
    if batch.count(before, task.view.status, event.at) {
        let seq = batch.view.last_seq + 1;
        let end = LogEvent { seq, at: entry.at, task: None, attempt: 0, event: Event::End };
        insert_event(tx, batch, None, &end)?;
    }
    Ok(())
}

fn insert_event(
    tx: &Transaction<'_>,
    batch: &mut OpenBatch,
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
        body(&event.event)
    ])?;
    Ok(())
}

/// The event as it is stored: the text of an output is in the chunks only.
fn body(event: &Event) -> String {
    match event {
        Event::Output { kind, first_line, .. } => {
            let text = String::new();
            json(&Event::Output { kind: *kind, text, first_line: *first_line })
        }
        other => json(other),
    }
}
