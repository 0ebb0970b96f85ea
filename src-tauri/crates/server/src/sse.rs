//! An entry of the log as a server-sent event. Pure: an entry in, text out. Source:
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

use crate::task_names::TaskNames;
use regatta_protocol::event::LineKind;
use regatta_protocol::wire::{Fact, FactEvent, OutputEvent, Update};
use regatta_protocol::{BatchId, Edge, Event, LogEvent};
use serde::Serialize;
use utoipa::ToSchema;

/// What shows that the server is there when nothing happens.
pub(crate) const HEARTBEAT_COMMENT: &str = ": still here\n\n";

/// One event of a stream, by the fields of a server-sent event.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it only describes what is written here")]
pub(crate) struct SentEvent {
    /// Its number, from 1 and without a gap.
    id: String,
    /// `updates`, `custom` or `end`.
    event: String,
    /// JSON in one line: Update for `updates`, OutputEvent or FactEvent for `custom`, End for
    /// `end`.
    data: String,
}

/// An entry that belongs to a task and isn't understood by this program.
#[derive(Debug, Serialize)]
struct UnknownEvent<'a> {
    task_name: &'a str,
}

/// The event that an entry is; the end of a batch is [`encode_end`].
pub(crate) fn encode_entry(batch: &BatchId, entry: &LogEvent, names: &TaskNames) -> String {
    let task_name = entry.task.as_ref().map_or("", |task| names.name(task));
    match &entry.event {
        Event::Attempt { number, continues, .. } => {
            let thread_id = entry.task.as_ref().map_or("", |task| task.as_str()).to_owned();
            let update = Update {
                run_id: batch.clone(),
                task_name: task_name.to_owned(),
                thread_id,
                attempt: *number,
                continues: *continues,
                messages: Vec::new(),
                stream_events: Vec::new(),
            };
            encode_event("updates", entry.seq, &update)
        }
        Event::Output { kind, text, .. } => {
            let printed = OutputEvent {
                task_name: task_name.to_owned(),
                stdout: format!("{text}\n"),
                kind: Some(*kind).filter(|kind| *kind != LineKind::Stdout),
                at: Some(entry.at),
            };
            encode_event("custom", entry.seq, &printed)
        }
        other => match Fact::from_event(&Edge::Api.adapt_event(other.clone())) {
            Some(fact) => {
                let told = FactEvent { task_name: task_name.to_owned(), at: entry.at, fact };
                encode_event("custom", entry.seq, &told)
            }
            None => encode_event("custom", entry.seq, &UnknownEvent { task_name }),
        },
    }
}

/// The last word.
pub(crate) fn encode_end(end: &regatta_protocol::wire::End) -> String {
    encode_event("end", end.last_seq, end)
}

/// One event. JSON has no line break in it, so that the data is one line.
fn encode_event(kind: &str, id: u64, data: &impl Serialize) -> String {
    let data = serde_json::to_string(data).expect("BUG: our types are JSON");
    format!("id: {id}\nevent: {kind}\ndata: {data}\n\n")
}
