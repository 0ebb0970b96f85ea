//! When which change is told to the window. Pure: changes and the time go in, what to tell
//! next comes out.
//!
//! A window gets at most 20 events a second, however many tasks print. Changes to the same
//! thing are merged: the newest view holds all before it. A change of status goes first; among
//! the rest, whoever was told of longest ago is next, so that no chatty task hides another.

use regatta_protocol::view::{Counts, PlaceView, QueuePlace};
use regatta_protocol::{BatchId, BatchView, Millis, Status, TaskId, TaskView};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The least time between two events: 20 a second.
pub const SPACING: Duration = Duration::from_millis(50);
/// The least time between two events of a batch whose counts stay as they are: with each line
/// of each task its last number changes, and nobody looks at that often.
const QUIET_BATCH: Duration = Duration::from_secs(1);

/// One event for the window.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// A task as it stands.
    Task(Box<TaskView>),
    /// A batch as it stands.
    Batch(Box<BatchView>),
    /// How busy this computer is.
    Place(PlaceView),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Task(TaskId),
    Batch(BatchId),
    Place,
}

/// The part of a view whose change goes first.
#[derive(Debug, Clone, PartialEq)]
enum Mark {
    Task { status: Status, attempt: u32, questions: Vec<String> },
    Batch { counts: Counts, queue: Vec<QueuePlace>, ended_at: Option<Millis> },
    Place(PlaceView),
}

struct Waiting {
    told: Told,
    urgent: bool,
}

struct Last {
    at: Instant,
    mark: Mark,
}

/// The changes that wait to be told.
#[derive(Default)]
pub struct Pace {
    waiting: HashMap<Key, Waiting>,
    last: HashMap<Key, Last>,
    free_at: Option<Instant>,
}

impl Pace {
    /// Takes a change; it replaces an older one to the same thing that still waits.
    pub fn put(&mut self, told: Told) {
        let key = told.key();
        let last = self.last.get(&key);
        let news = last.is_none_or(|last| last.mark != told.mark());
        let before = self.waiting.get(&key);
        // The engine hands the place over with every change; only its own changes count.
        if matches!(told, Told::Place(_)) && !news && before.is_none() {
            return;
        }
        let urgent = news || before.is_some_and(|w| w.urgent);
        self.waiting.insert(key, Waiting { told, urgent });
    }

    /// What to tell at `now`, if anything may be told yet.
    pub fn next(&mut self, now: Instant) -> Option<Told> {
        if self.free_at.is_some_and(|at| now < at) {
            return None;
        }
        let ready = self.waiting.iter().filter(|(key, w)| self.held_until(key, w) <= Some(now));
        let (key, _) =
            ready.min_by_key(|(key, w)| (!w.urgent, self.last.get(key).map(|l| l.at)))?;
        let key = key.clone();
        let told = self.waiting.remove(&key)?.told;
        self.free_at = Some(now + SPACING);
        if told.is_over() {
            self.last.remove(&key);
        } else {
            self.last.insert(key, Last { at: now, mark: told.mark() });
        }
        Some(told)
    }

    /// When [`Pace::next`] will have something; none: nothing waits.
    #[must_use]
    pub fn due(&self, now: Instant) -> Option<Instant> {
        let held = self.waiting.iter().map(|(key, w)| self.held_until(key, w).unwrap_or(now));
        held.min().map(|at| at.max(self.free_at.unwrap_or(now)))
    }

    fn held_until(&self, key: &Key, waiting: &Waiting) -> Option<Instant> {
        let quiet = matches!(key, Key::Batch(_)) && !waiting.urgent;
        self.last.get(key).filter(|_| quiet).map(|last| last.at + QUIET_BATCH)
    }
}

impl Told {
    /// The event's name.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Task(view) => format!("task:{}", view.id),
            Self::Batch(view) => format!("batch:{}", view.id),
            Self::Place(_) => "place".to_owned(),
        }
    }

    fn key(&self) -> Key {
        match self {
            Self::Task(view) => Key::Task(view.id.clone()),
            Self::Batch(view) => Key::Batch(view.id.clone()),
            Self::Place(_) => Key::Place,
        }
    }

    fn mark(&self) -> Mark {
        match self {
            Self::Task(view) => Mark::Task {
                status: view.status,
                attempt: view.attempt,
                questions: view.questions.iter().map(|q| q.id.clone()).collect(),
            },
            Self::Batch(view) => Mark::Batch {
                counts: view.counts,
                queue: view.queue.clone(),
                ended_at: view.ended_at,
            },
            Self::Place(view) => Mark::Place(view.clone()),
        }
    }

    /// Whether little more will be told of it, so that nothing need be remembered.
    fn is_over(&self) -> bool {
        match self {
            Self::Task(view) => view.status.is_over(),
            Self::Batch(view) => view.ended_at.is_some(),
            Self::Place(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn task(id: &str, lines: u64) -> Told {
        Told::Task(Box::new(TaskView { lines, ..sample::task(id, Status::Working) }))
    }

    fn needs_you(id: &str) -> Told {
        Told::Task(Box::new(sample::task(id, Status::NeedsYou)))
    }

    fn batch(last_seq: u64) -> Told {
        let counts = Counts { working: 2, ..Counts::default() };
        Told::Batch(Box::new(BatchView { last_seq, ..sample::batch("b", counts) }))
    }

    fn place(busy: u32) -> Told {
        Told::Place(PlaceView { busy, limit: 3, waiting: 0, paused: None, holds: Vec::new() })
    }

    /// Plays `step` each millisecond for `millis` and returns what was told, with its time.
    fn play(millis: u64, mut step: impl FnMut(u64, &mut Pace)) -> Vec<(u64, Told)> {
        let start = Instant::now();
        let mut pace = Pace::default();
        let mut told = Vec::new();
        for at in 0..millis {
            step(at, &mut pace);
            let now = start + Duration::from_millis(at);
            while let Some(message) = pace.next(now) {
                told.push((at, message));
            }
        }
        told
    }

    #[test]
    fn a_first_change_is_told_at_once_and_only_its_newest_state_later() {
        let told = play(200, |at, pace| {
            if at < 120 {
                pace.put(task("a", at));
            }
        });
        let lines: Vec<_> = told.iter().map(|(at, t)| (*at, t.clone())).collect();
        let expected =
            [(0, task("a", 0)), (50, task("a", 50)), (100, task("a", 100)), (150, task("a", 119))];
        assert_eq!(lines, expected);
    }

    #[test]
    fn never_more_than_twenty_a_second_however_much_changes() {
        let told = play(5_000, |at, pace| {
            for n in 0..40 {
                pace.put(task(&format!("t{n}"), at));
            }
            pace.put(batch(at));
            pace.put(place(u32::try_from(at % 7).expect("small")));
        });
        for (first, _) in &told {
            let within = told.iter().filter(|(at, _)| (*first..first + 1_000).contains(at));
            assert!(within.count() <= 20);
        }
        assert_eq!(told.len(), 100, "and no turn is wasted");
    }

    #[test]
    fn a_status_change_goes_before_what_waits_already() {
        let told = play(2_000, |at, pace| {
            for n in 0..10 {
                pace.put(task(&format!("t{n}"), at));
            }
            if at == 1_001 {
                pace.put(needs_you("late"));
            }
        });
        let at = told.iter().find(|(_, t)| *t == needs_you("late")).map(|(at, _)| *at);
        assert_eq!(at, Some(1_050));
    }

    #[test]
    fn every_task_gets_its_turn() {
        let told = play(3_000, |at, pace| {
            for n in 0..6 {
                pace.put(task(&format!("t{n}"), at));
            }
        });
        for n in 0..6 {
            let name = format!("task:t{n}");
            let turns = told.iter().filter(|(_, t)| t.name() == name).count();
            assert_eq!(turns, 10, "{name}");
        }
    }

    #[test]
    fn a_batch_whose_counts_stay_is_told_once_a_second() {
        let told = play(3_000, |at, pace| {
            pace.put(task("a", at));
            pace.put(batch(at));
        });
        let batches = told.iter().filter(|(_, t)| matches!(t, Told::Batch(_))).count();
        assert_eq!(batches, 3);
    }

    #[test]
    fn a_place_that_stays_as_it_is_is_not_told_again() {
        let told = play(1_000, |_, pace| pace.put(place(2)));
        assert_eq!(told.len(), 1);
    }

    #[test]
    fn due_is_when_next_has_something() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.due(start), None);
        pace.put(batch(1));
        assert_eq!(pace.due(start), Some(start));
        assert_eq!(pace.next(start), Some(batch(1)));
        pace.put(batch(2));
        assert_eq!(pace.due(start), Some(start + QUIET_BATCH));
        pace.put(task("a", 1));
        assert_eq!(pace.due(start), Some(start + SPACING));
        assert_eq!(pace.next(start + SPACING), Some(task("a", 1)));
        assert_eq!(pace.next(start + QUIET_BATCH), Some(batch(2)));
    }

    #[test]
    fn an_event_is_named_after_what_it_tells_of() {
        assert_eq!(task("a", 1).name(), "task:a");
        assert_eq!(batch(1).name(), "batch:b");
        assert_eq!(place(0).name(), "place");
    }
}
