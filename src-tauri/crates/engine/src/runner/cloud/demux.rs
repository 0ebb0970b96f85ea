//! Splits what a place says by task, and joins pieces of text to whole lines. Pure: items
//! go in, events come out.

use super::messages;
use regatta_client::{DecodedEvent, EventPart};
use regatta_protocol::event::{LineKind, Step, StepKind};
use regatta_protocol::{Event, Millis, wire};
use std::collections::HashMap;
use std::mem::take;

/// A line that is longer than this is handed on in pieces.
const MAX_UNFINISHED_BYTES: usize = 4 * 1024 * 1024;

/// Whose something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The task in this place of the call.
    Task(usize),
    /// The batch as a whole.
    Batch,
}

/// What a place says, by task.
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one")]
#[derive(Debug, PartialEq)]
pub(super) enum DemuxEvent {
    /// Something happened.
    Event {
        target: Target,
        at: Millis,
        event: Event,
        /// Everything up to this number of the place's log is in the log with it.
        remote_seq: Option<u64>,
    },
    /// The name of a conversation; `None` means that of all tasks.
    Thread { task: Option<usize>, thread: String },
    /// The terminal word; ours says how each task ended.
    Ended(Option<Box<wire::End>>),
    /// The place says that a task failed; `None` means all of them.
    Failed { task: Option<usize>, message: String },
}

/// The tasks of a call, and what is unfinished of each.
#[derive(Debug)]
pub(super) struct Demux {
    names: HashMap<String, usize>,
    tasks: Vec<LineBuffer>,
    batch_channel: LineBuffer,
    step_count: u32,
}

/// Where the text of one task is.
#[derive(Debug, Default)]
struct LineBuffer {
    /// The last number of the place's log that was taken before.
    last_seq: u64,
    /// Text that isn't whole lines yet.
    text: String,
    kind: Option<LineKind>,
    at: Millis,
    remote_seq: Option<u64>,
}

impl Demux {
    /// For tasks with these names; of each the number up to which it was taken before.
    pub(super) fn new(tasks: Vec<(String, u64)>, whole_taken: u64) -> Self {
        let line_buffer = |taken| LineBuffer { last_seq: taken, ..LineBuffer::default() };
        let line_buffers = tasks.iter().map(|(_, taken)| line_buffer(*taken)).collect();
        let names = tasks.into_iter().enumerate().map(|(n, (name, _))| (name, n)).collect();
        Self { names, tasks: line_buffers, batch_channel: line_buffer(whole_taken), step_count: 0 }
    }

    /// What an item says.
    pub(super) fn push(&mut self, item: DecodedEvent, now: Millis, said: &mut Vec<DemuxEvent>) {
        let before = said.len();
        for received in item.parts {
            self.push_received(received, (item.id, now), said);
        }
        keep_last_remote_seq(&mut said[before..]);
    }

    /// The text of an unfinished line, which nothing will finish any more.
    pub(super) fn flush(&mut self, to: Target, said: &mut Vec<DemuxEvent>) {
        let Some((at, event, wire)) = self.buffer_mut(to).flush() else { return };
        said.push(DemuxEvent::Event { target: to, at, event, remote_seq: wire });
    }

    fn push_received(
        &mut self,
        received: EventPart,
        (id, now): (Option<u64>, Millis),
        said: &mut Vec<DemuxEvent>,
    ) {
        match received {
            EventPart::Output { task, text, kind, at } => {
                let to = self.target_of(task.as_deref());
                self.push_text((to, kind), &text, (at.unwrap_or(now), id), said);
            }
            EventPart::Fact { task, at, event } => {
                let to = self.target_of(Some(&task));
                self.push_event(to, at, (messages::localise_interruption(event), id), said);
            }
            EventPart::Step { task, step, text } => {
                let to = self.target_of(task.as_deref());
                self.push_step(to, (step, text), (now, id), said);
            }
            EventPart::Raw { task, text } => {
                let to = self.target_of(task.as_deref());
                let event = Event::Output { kind: LineKind::Raw, text, first_line: 0 };
                self.push_event(to, now, (event, id), said);
            }
            EventPart::Run { thread_id: Some(thread), task, .. } => {
                said.push(DemuxEvent::Thread { task: self.task_index(task.as_deref()), thread });
            }
            EventPart::Failed { task, message } => {
                said.push(DemuxEvent::Failed { task: self.task_index(task.as_deref()), message });
            }
            EventPart::Ended { end } => said.push(DemuxEvent::Ended(end.map(Box::new))),
            // Our own log says when an attempt began.
            EventPart::Run { .. } | EventPart::Attempt { .. } => {}
        }
    }

    /// The task of that name; the only one where nothing else says whose it is.
    fn task_index(&self, name: Option<&str>) -> Option<usize> {
        let named = name.and_then(|name| self.names.get(name).copied());
        named.or((self.tasks.len() == 1).then_some(0))
    }

    fn target_of(&self, name: Option<&str>) -> Target {
        self.task_index(name).map_or(Target::Batch, Target::Task)
    }

    fn buffer_mut(&mut self, to: Target) -> &mut LineBuffer {
        match to {
            Target::Task(n) => &mut self.tasks[n],
            Target::Batch => &mut self.batch_channel,
        }
    }

    /// Takes printed text, which may begin and end in the middle of a line.
    fn push_text(
        &mut self,
        (to, kind): (Target, LineKind),
        text: &str,
        (at, id): (Millis, Option<u64>),
        said: &mut Vec<DemuxEvent>,
    ) {
        let line_buffer = self.buffer_mut(to);
        if id.is_some_and(|id| id <= line_buffer.last_seq) {
            return;
        }
        if line_buffer.kind.is_some_and(|other| other != kind) {
            self.flush(to, said);
        }
        let line_buffer = self.buffer_mut(to);
        (line_buffer.kind, line_buffer.at, line_buffer.remote_seq) =
            (Some(kind), at, id.or(line_buffer.remote_seq));
        // The number of a piece covers all of it: its last line must be whole, too.
        let whole = match id {
            Some(_) if !text.ends_with('\n') => None,
            _ => text.rfind('\n'),
        };
        let rest = whole.map_or(text, |end| {
            line_buffer.text.push_str(&text[..=end]);
            said.extend(line_buffer.flush().map(|(at, event, wire)| DemuxEvent::Event {
                target: to,
                at,
                event,
                remote_seq: wire,
            }));
            &text[end + 1..]
        });
        if !rest.is_empty() {
            (line_buffer.kind, line_buffer.at, line_buffer.remote_seq) = (Some(kind), at, id);
            line_buffer.text.push_str(rest);
            if line_buffer.text.len() > MAX_UNFINISHED_BYTES {
                self.flush(to, said);
            }
        }
    }

    /// Takes what isn't text. With a number of its own it ends an unfinished line first, so
    /// that the number never passes text that isn't in the log.
    fn push_event(
        &mut self,
        to: Target,
        at: Millis,
        (event, id): (Event, Option<u64>),
        said: &mut Vec<DemuxEvent>,
    ) {
        if id.is_some_and(|id| id <= self.buffer_mut(to).last_seq) {
            return;
        }
        if id.is_some() || matches!(event, Event::Output { .. } | Event::Outcome(_)) {
            self.flush(to, said);
        }
        said.push(DemuxEvent::Event { target: to, at, event, remote_seq: id });
    }

    fn push_step(
        &mut self,
        to: Target,
        (mut step, text): (Step, String),
        (now, id): (Millis, Option<u64>),
        said: &mut Vec<DemuxEvent>,
    ) {
        if id.is_some_and(|id| id <= self.buffer_mut(to).last_seq) {
            return;
        }
        self.step_count += 1;
        if step.id.is_empty() {
            step.id = format!("step-{}", self.step_count);
        }
        let kind = match step.kind {
            StepKind::AgentMessage => LineKind::AgentMessage,
            StepKind::Thought => LineKind::Thought,
            _ => LineKind::Stdout,
        };
        let text = text.trim_end_matches('\n');
        self.push_event(to, now, (Event::Step(step), id), said);
        if !text.is_empty() {
            let event = Event::Output { kind, text: text.to_owned(), first_line: 0 };
            self.push_event(to, now, (event, id), said);
        }
    }
}

/// One number can stand for several events: it is taken when the last of them is.
fn keep_last_remote_seq(said: &mut [DemuxEvent]) {
    let mut later = Vec::new();
    for one in said.iter_mut().rev() {
        if let DemuxEvent::Event { target: to, remote_seq: wire, .. } = one {
            if later.contains(to) {
                *wire = None;
            }
            later.push(*to);
        }
    }
}

impl LineBuffer {
    /// Everything that is there, as lines.
    fn flush(&mut self) -> Option<(Millis, Event, Option<u64>)> {
        let kind = self.kind.take()?;
        let mut text = take(&mut self.text);
        if text.ends_with('\n') {
            text.pop();
        } else if text.is_empty() {
            return None;
        }
        Some((self.at, Event::Output { kind, text, first_line: 0 }, self.remote_seq.take()))
    }
}

#[cfg(test)]
mod tests;
