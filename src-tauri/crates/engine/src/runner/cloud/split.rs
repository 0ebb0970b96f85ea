//! Splits what a place says by task, and joins pieces of text to whole lines. Pure: items
//! go in, events come out.

use super::words;
use regatta_client::{Item, Received};
use regatta_protocol::event::{LineKind, Step, StepKind};
use regatta_protocol::{Event, Millis, wire};
use std::collections::HashMap;
use std::mem::take;

/// A line that is longer than this is handed on in pieces.
const MAX_UNFINISHED: usize = 4 * 1024 * 1024;

/// Whose something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    /// The task in this place of the call.
    Task(usize),
    /// The batch as a whole.
    Whole,
}

/// What a place says, by task.
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one")]
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// Something happened.
    Event {
        to: To,
        at: Millis,
        event: Event,
        /// Everything up to this number of the place's log is in the log with it.
        wire: Option<u64>,
    },
    /// The name of a conversation; none: that of all tasks.
    Thread { task: Option<usize>, thread: String },
    /// The terminal word; ours says how each task ended.
    Ended(Option<Box<wire::End>>),
    /// The place says that a task failed; none: all of them.
    Failed { task: Option<usize>, message: String },
}

/// The tasks of a call, and what is unfinished of each.
#[derive(Debug)]
pub(super) struct Split {
    names: HashMap<String, usize>,
    tasks: Vec<Track>,
    whole: Track,
    steps: u32,
}

/// Where the text of one task is.
#[derive(Debug, Default)]
struct Track {
    /// The last number of the place's log that was taken before.
    taken: u64,
    /// Text that isn't whole lines yet.
    text: String,
    kind: Option<LineKind>,
    at: Millis,
    wire: Option<u64>,
}

impl Split {
    /// For tasks with these names; of each the number up to which it was taken before.
    pub(super) fn new(tasks: Vec<(String, u64)>, whole_taken: u64) -> Self {
        let track = |taken| Track { taken, ..Track::default() };
        let tracks = tasks.iter().map(|(_, taken)| track(*taken)).collect();
        let names = tasks.into_iter().enumerate().map(|(n, (name, _))| (name, n)).collect();
        Self { names, tasks: tracks, whole: track(whole_taken), steps: 0 }
    }

    /// What an item says.
    pub(super) fn take(&mut self, item: Item, now: Millis, said: &mut Vec<Said>) {
        let before = said.len();
        for received in item.received {
            self.take_one(received, (item.id, now), said);
        }
        only_the_last_has_the_number(&mut said[before..]);
    }

    /// The text of an unfinished line, which nothing will finish any more.
    pub(super) fn flush(&mut self, to: To, said: &mut Vec<Said>) {
        let Some((at, event, wire)) = self.track(to).flush() else { return };
        said.push(Said::Event { to, at, event, wire });
    }

    fn take_one(
        &mut self,
        received: Received,
        (id, now): (Option<u64>, Millis),
        said: &mut Vec<Said>,
    ) {
        match received {
            Received::Printed { task, text, kind, at } => {
                let to = self.whose(task.as_deref());
                self.print((to, kind), &text, (at.unwrap_or(now), id), said);
            }
            Received::Fact { task, at, event } => {
                let to = self.whose(Some(&task));
                self.tell(to, at, (words::seen_from_here(event), id), said);
            }
            Received::Step { task, step, text } => {
                let to = self.whose(task.as_deref());
                self.step(to, (step, text), (now, id), said);
            }
            Received::Raw { task, text } => {
                let to = self.whose(task.as_deref());
                let event = Event::Output { kind: LineKind::Raw, text, first_line: 0 };
                self.tell(to, now, (event, id), said);
            }
            Received::Run { thread_id: Some(thread), task, .. } => {
                said.push(Said::Thread { task: self.task(task.as_deref()), thread });
            }
            Received::Failed { task, message } => {
                said.push(Said::Failed { task: self.task(task.as_deref()), message });
            }
            Received::Ended { end } => said.push(Said::Ended(end.map(Box::new))),
            // Our own log says when an attempt began.
            Received::Run { .. } | Received::Attempt { .. } => {}
        }
    }

    /// The task of that name; the only one where nothing else says whose it is.
    fn task(&self, name: Option<&str>) -> Option<usize> {
        let named = name.and_then(|name| self.names.get(name).copied());
        named.or((self.tasks.len() == 1).then_some(0))
    }

    fn whose(&self, name: Option<&str>) -> To {
        self.task(name).map_or(To::Whole, To::Task)
    }

    fn track(&mut self, to: To) -> &mut Track {
        match to {
            To::Task(n) => &mut self.tasks[n],
            To::Whole => &mut self.whole,
        }
    }

    /// Takes printed text, which may begin and end in the middle of a line.
    fn print(
        &mut self,
        (to, kind): (To, LineKind),
        text: &str,
        (at, id): (Millis, Option<u64>),
        said: &mut Vec<Said>,
    ) {
        let track = self.track(to);
        if id.is_some_and(|id| id <= track.taken) {
            return;
        }
        if track.kind.is_some_and(|other| other != kind) {
            self.flush(to, said);
        }
        let track = self.track(to);
        (track.kind, track.at, track.wire) = (Some(kind), at, id.or(track.wire));
        // The number of a piece covers all of it: its last line must be whole, too.
        let whole = match id {
            Some(_) if !text.ends_with('\n') => None,
            _ => text.rfind('\n'),
        };
        let rest = whole.map_or(text, |end| {
            track.text.push_str(&text[..=end]);
            said.extend(track.flush().map(|(at, event, wire)| Said::Event { to, at, event, wire }));
            &text[end + 1..]
        });
        if !rest.is_empty() {
            (track.kind, track.at, track.wire) = (Some(kind), at, id);
            track.text.push_str(rest);
            if track.text.len() > MAX_UNFINISHED {
                self.flush(to, said);
            }
        }
    }

    /// Takes what isn't text. With a number of its own it ends an unfinished line first, so
    /// that the number never passes text that isn't in the log.
    fn tell(
        &mut self,
        to: To,
        at: Millis,
        (event, id): (Event, Option<u64>),
        said: &mut Vec<Said>,
    ) {
        if id.is_some_and(|id| id <= self.track(to).taken) {
            return;
        }
        if id.is_some() || matches!(event, Event::Output { .. } | Event::Outcome(_)) {
            self.flush(to, said);
        }
        said.push(Said::Event { to, at, event, wire: id });
    }

    fn step(
        &mut self,
        to: To,
        (mut step, text): (Step, String),
        (now, id): (Millis, Option<u64>),
        said: &mut Vec<Said>,
    ) {
        if id.is_some_and(|id| id <= self.track(to).taken) {
            return;
        }
        self.steps += 1;
        if step.id.is_empty() {
            step.id = format!("step-{}", self.steps);
        }
        let kind = match step.kind {
            StepKind::Said => LineKind::Said,
            StepKind::Thought => LineKind::Thought,
            _ => LineKind::Out,
        };
        let text = text.trim_end_matches('\n');
        self.tell(to, now, (Event::Step(step), id), said);
        if !text.is_empty() {
            let event = Event::Output { kind, text: text.to_owned(), first_line: 0 };
            self.tell(to, now, (event, id), said);
        }
    }
}

/// One number can stand for several events: it is taken when the last of them is.
fn only_the_last_has_the_number(said: &mut [Said]) {
    let mut later = Vec::new();
    for one in said.iter_mut().rev() {
        if let Said::Event { to, wire, .. } = one {
            if later.contains(to) {
                *wire = None;
            }
            later.push(*to);
        }
    }
}

impl Track {
    /// Everything that is there, as lines.
    fn flush(&mut self) -> Option<(Millis, Event, Option<u64>)> {
        let kind = self.kind.take()?;
        let mut text = take(&mut self.text);
        if text.ends_with('\n') {
            text.pop();
        } else if text.is_empty() {
            return None;
        }
        Some((self.at, Event::Output { kind, text, first_line: 0 }, self.wire.take()))
    }
}

#[cfg(test)]
mod tests;
