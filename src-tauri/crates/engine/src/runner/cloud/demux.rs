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
    Event(TargetedEvent),
    /// The name of a conversation; `None` means that of all tasks.
    Thread { task: Option<usize>, thread: String },
    /// The terminal word; ours says how each task ended.
    Ended(Option<Box<wire::End>>),
    /// The place says that a task failed; `None` means all of them.
    Failed { task: Option<usize>, message: String },
}

/// Something that happened, and whose it is.
#[derive(Debug, PartialEq)]
pub(super) struct TargetedEvent {
    pub(super) target: Target,
    pub(super) at: Millis,
    pub(super) event: Event,
    /// Everything up to this number of the place's log is in the log with it.
    pub(super) remote_seq: Option<u64>,
}

/// When something was said, and its number in the place's log if it has one.
#[derive(Debug, Clone, Copy)]
struct Stamp {
    at: Millis,
    remote_seq: Option<u64>,
}

/// The tasks of a call, and what is unfinished of each.
#[derive(Debug)]
pub(super) struct Demux {
    /// What came out and wasn't taken yet.
    demuxed: Vec<DemuxEvent>,
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
        Self {
            demuxed: Vec::new(),
            names,
            tasks: line_buffers,
            batch_channel: line_buffer(whole_taken),
            step_count: 0,
        }
    }

    /// What an item says.
    pub(super) fn push(&mut self, item: DecodedEvent, now: Millis) -> Vec<DemuxEvent> {
        let stamp = Stamp { at: now, remote_seq: item.id };
        for part in item.parts {
            self.push_part(part, stamp);
        }
        let mut demuxed = take(&mut self.demuxed);
        keep_last_remote_seq(&mut demuxed);
        demuxed
    }

    /// The text of an unfinished line, which nothing will finish any more; `None` if there is
    /// none.
    pub(super) fn flush(&mut self, target: Target) -> Option<TargetedEvent> {
        let (event, Stamp { at, remote_seq }) = self.buffer_mut(target).flush()?;
        Some(TargetedEvent { target, at, event, remote_seq })
    }

    fn push_part(&mut self, part: EventPart, stamp: Stamp) {
        match part {
            EventPart::Output { task, text, kind, at } => {
                let stamp = Stamp { at: at.unwrap_or(stamp.at), ..stamp };
                self.push_text(self.target_of(task.as_deref()), kind, &text, stamp);
            }
            EventPart::Fact { task, at, event } => {
                let event = messages::localise_interruption(event);
                self.push_event(self.target_of(Some(&task)), event, Stamp { at, ..stamp });
            }
            EventPart::Step { task, step, text } => {
                self.push_step(self.target_of(task.as_deref()), step, &text, stamp);
            }
            EventPart::Raw { task, text } => {
                let event = Event::Output { kind: LineKind::Raw, text, first_line: 0 };
                self.push_event(self.target_of(task.as_deref()), event, stamp);
            }
            EventPart::Run { thread_id: Some(thread), task, .. } => {
                let task = self.task_index(task.as_deref());
                self.demuxed.push(DemuxEvent::Thread { task, thread });
            }
            EventPart::Failed { task, message } => {
                let task = self.task_index(task.as_deref());
                self.demuxed.push(DemuxEvent::Failed { task, message });
            }
            EventPart::Ended { end } => self.demuxed.push(DemuxEvent::Ended(end.map(Box::new))),
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
    fn push_text(&mut self, target: Target, kind: LineKind, text: &str, stamp: Stamp) {
        if self.is_known(target, stamp) {
            return;
        }
        if self.buffer_mut(target).kind.is_some_and(|other| other != kind) {
            self.flush_buffer(target);
        }
        let line_buffer = self.buffer_mut(target);
        let remote_seq = stamp.remote_seq.or(line_buffer.remote_seq);
        (line_buffer.kind, line_buffer.at, line_buffer.remote_seq) =
            (Some(kind), stamp.at, remote_seq);
        // The number of a piece covers all of it: its last line must be whole, too.
        let whole = match stamp.remote_seq {
            Some(_) if !text.ends_with('\n') => None,
            _ => text.rfind('\n'),
        };
        let (lines, rest) = text.split_at(whole.map_or(0, |end| end + 1));
        if !lines.is_empty() {
            line_buffer.text.push_str(lines);
            self.flush_buffer(target);
        }
        if !rest.is_empty() {
            let line_buffer = self.buffer_mut(target);
            (line_buffer.kind, line_buffer.at, line_buffer.remote_seq) =
                (Some(kind), stamp.at, stamp.remote_seq);
            line_buffer.text.push_str(rest);
            if line_buffer.text.len() > MAX_UNFINISHED_BYTES {
                self.flush_buffer(target);
            }
        }
    }

    /// Takes what isn't text. With a number of its own it ends an unfinished line first, so
    /// that the number never passes text that isn't in the log.
    fn push_event(&mut self, target: Target, event: Event, stamp: Stamp) {
        if self.is_known(target, stamp) {
            return;
        }
        let Stamp { at, remote_seq } = stamp;
        if remote_seq.is_some() || matches!(event, Event::Output { .. } | Event::Outcome(_)) {
            self.flush_buffer(target);
        }
        self.demuxed.push(DemuxEvent::Event(TargetedEvent { target, at, event, remote_seq }));
    }

    fn push_step(&mut self, target: Target, mut step: Step, text: &str, stamp: Stamp) {
        if self.is_known(target, stamp) {
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
        self.push_event(target, Event::Step(step), stamp);
        let text = text.trim_end_matches('\n');
        if !text.is_empty() {
            let event = Event::Output { kind, text: text.to_owned(), first_line: 0 };
            self.push_event(target, event, stamp);
        }
    }

    fn flush_buffer(&mut self, target: Target) {
        let flushed = self.flush(target);
        self.demuxed.extend(flushed.map(DemuxEvent::Event));
    }

    /// Whether it was taken before.
    fn is_known(&mut self, target: Target, stamp: Stamp) -> bool {
        stamp.remote_seq.is_some_and(|seq| seq <= self.buffer_mut(target).last_seq)
    }
}

/// One number can stand for several events: it is taken when the last of them is.
fn keep_last_remote_seq(said: &mut [DemuxEvent]) {
    let mut later = Vec::new();
    for one in said.iter_mut().rev() {
        if let DemuxEvent::Event(TargetedEvent { target, remote_seq, .. }) = one {
            if later.contains(target) {
                *remote_seq = None;
            }
            later.push(*target);
        }
    }
}

impl LineBuffer {
    /// Everything that is there, as lines.
    fn flush(&mut self) -> Option<(Event, Stamp)> {
        let kind = self.kind.take()?;
        let mut text = take(&mut self.text);
        if text.ends_with('\n') {
            text.pop();
        } else if text.is_empty() {
            return None;
        }
        let stamp = Stamp { at: self.at, remote_seq: self.remote_seq.take() };
        Some((Event::Output { kind, text, first_line: 0 }, stamp))
    }
}

#[cfg(test)]
mod tests;
