//! When which change is told to the window. Pure: changes and the time go in, what to tell
//! next comes out.
//!
//! A window gets at most 20 events a second, however many tasks print. Changes to the same
//! thing are merged: the newest view holds all before it. A change of status goes first; among
//! the rest, whoever was told of longest ago is next, so that no chatty task hides another.

use regatta_protocol::view::{Counts, PlaceView, QueuePosition};
use regatta_protocol::{BatchId, BatchView, Millis, Status, TaskId, TaskView};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The least time between two events: 20 a second.
pub const MIN_EVENT_INTERVAL: Duration = Duration::from_millis(50);
/// The least time between two events of a batch whose counts stay as they are: with each line
/// of each task its last number changes, and nobody looks at that often.
const QUIET_BATCH_INTERVAL: Duration = Duration::from_secs(1);

/// One event for the window.
#[derive(Debug, Clone, PartialEq)]
pub enum ViewUpdate {
    /// A task as it stands.
    Task(Box<TaskView>),
    /// A batch as it stands.
    Batch(Box<BatchView>),
    /// How busy this computer is.
    Place(PlaceView),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum ViewKey {
    Task(TaskId),
    Batch(BatchId),
    Place,
}

/// The part of a view whose change goes first.
#[derive(Debug, Clone, PartialEq)]
enum UrgentState {
    Task { status: Status, attempt: u32, questions: Vec<String> },
    Batch { counts: Counts, queue: Vec<QueuePosition>, ended_at: Option<Millis> },
    Place(PlaceView),
}

struct PendingUpdate {
    update: ViewUpdate,
    is_urgent: bool,
}

struct SentState {
    sent_at: Instant,
    urgent_state: UrgentState,
}

/// The changes that wait to be told.
#[derive(Default)]
pub struct EventThrottle {
    pending: HashMap<ViewKey, PendingUpdate>,
    last_sent: HashMap<ViewKey, SentState>,
    next_send_at: Option<Instant>,
}

impl EventThrottle {
    /// Takes a change; it replaces an older one to the same thing that still waits.
    pub fn push(&mut self, update: ViewUpdate) {
        let key = update.view_key();
        let last = self.last_sent.get(&key);
        let news = last.is_none_or(|last| last.urgent_state != update.urgent_state());
        let before = self.pending.get(&key);
        // The engine hands the place over with every change; only its own changes count.
        if matches!(update, ViewUpdate::Place(_)) && !news && before.is_none() {
            return;
        }
        let urgent = news || before.is_some_and(|w| w.is_urgent);
        self.pending.insert(key, PendingUpdate { update, is_urgent: urgent });
    }

    /// What to tell at `now`, if anything may be told yet.
    pub fn next_ready(&mut self, now: Instant) -> Option<ViewUpdate> {
        if self.next_send_at.is_some_and(|at| now < at) {
            return None;
        }
        let ready = self.pending.iter().filter(|(key, w)| self.held_until(key, w) <= Some(now));
        let (key, _) = ready
            .min_by_key(|(key, w)| (!w.is_urgent, self.last_sent.get(key).map(|l| l.sent_at)))?;
        let key = key.clone();
        let update = self.pending.remove(&key)?.update;
        self.next_send_at = Some(now + MIN_EVENT_INTERVAL);
        if update.is_final() {
            self.last_sent.remove(&key);
        } else {
            self.last_sent
                .insert(key, SentState { sent_at: now, urgent_state: update.urgent_state() });
        }
        Some(update)
    }

    /// When [`EventThrottle::next_ready`] will have something; `None` if nothing waits.
    #[must_use]
    pub fn next_ready_at(&self, now: Instant) -> Option<Instant> {
        let held = self.pending.iter().map(|(key, w)| self.held_until(key, w).unwrap_or(now));
        held.min().map(|at| at.max(self.next_send_at.unwrap_or(now)))
    }

    fn held_until(&self, key: &ViewKey, waiting: &PendingUpdate) -> Option<Instant> {
        let quiet = matches!(key, ViewKey::Batch(_)) && !waiting.is_urgent;
        self.last_sent.get(key).filter(|_| quiet).map(|last| last.sent_at + QUIET_BATCH_INTERVAL)
    }
}

impl ViewUpdate {
    /// The event's name.
    #[must_use]
    pub fn event_name(&self) -> String {
        match self {
            Self::Task(view) => format!("task:{}", view.id),
            Self::Batch(view) => format!("batch:{}", view.id),
            Self::Place(_) => "place".to_owned(),
        }
    }

    fn view_key(&self) -> ViewKey {
        match self {
            Self::Task(view) => ViewKey::Task(view.id.clone()),
            Self::Batch(view) => ViewKey::Batch(view.id.clone()),
            Self::Place(_) => ViewKey::Place,
        }
    }

    fn urgent_state(&self) -> UrgentState {
        match self {
            Self::Task(view) => UrgentState::Task {
                status: view.status,
                attempt: view.attempt,
                questions: view.questions.iter().map(|q| q.id.clone()).collect(),
            },
            Self::Batch(view) => UrgentState::Batch {
                counts: view.counts,
                queue: view.queue.clone(),
                ended_at: view.ended_at,
            },
            Self::Place(view) => UrgentState::Place(view.clone()),
        }
    }

    /// Whether little more will be told of it, so that nothing need be remembered.
    fn is_final(&self) -> bool {
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
    use crate::test_views;

    fn task(id: &str, lines: u64) -> ViewUpdate {
        ViewUpdate::Task(Box::new(TaskView { lines, ..test_views::task(id, Status::Working) }))
    }

    fn needs_you(id: &str) -> ViewUpdate {
        ViewUpdate::Task(Box::new(test_views::task(id, Status::NeedsYou)))
    }

    fn batch(last_seq: u64) -> ViewUpdate {
        let counts = Counts { working: 2, ..Counts::default() };
        ViewUpdate::Batch(Box::new(BatchView { last_seq, ..test_views::batch("b", counts) }))
    }

    fn place(busy: u32) -> ViewUpdate {
        ViewUpdate::Place(PlaceView {
            busy,
            limit: 3,
            waiting: 0,
            pause_reason: None,
            agent_pauses: Vec::new(),
        })
    }

    /// Plays `step` each millisecond for `millis` and returns what was told, with its time.
    fn run_throttle(
        millis: u64,
        mut step: impl FnMut(u64, &mut EventThrottle),
    ) -> Vec<(u64, ViewUpdate)> {
        let start = Instant::now();
        let mut throttle = EventThrottle::default();
        let mut updates = Vec::new();
        for at in 0..millis {
            step(at, &mut throttle);
            let now = start + Duration::from_millis(at);
            while let Some(message) = throttle.next_ready(now) {
                updates.push((at, message));
            }
        }
        updates
    }

    #[test]
    fn a_first_change_is_told_at_once_and_only_its_newest_state_later() {
        let updates = run_throttle(200, |at, throttle| {
            if at < 120 {
                throttle.push(task("a", at));
            }
        });
        let lines: Vec<_> = updates.iter().map(|(at, t)| (*at, t.clone())).collect();
        let expected =
            [(0, task("a", 0)), (50, task("a", 50)), (100, task("a", 100)), (150, task("a", 119))];
        assert_eq!(lines, expected);
    }

    #[test]
    fn never_more_than_twenty_a_second_however_much_changes() {
        let updates = run_throttle(5_000, |at, throttle| {
            for n in 0..40 {
                throttle.push(task(&format!("t{n}"), at));
            }
            throttle.push(batch(at));
            throttle.push(place(u32::try_from(at % 7).expect("small")));
        });
        for (first, _) in &updates {
            let within = updates.iter().filter(|(at, _)| (*first..first + 1_000).contains(at));
            assert!(within.count() <= 20);
        }
        assert_eq!(updates.len(), 100, "and no turn is wasted");
    }

    #[test]
    fn a_status_change_goes_before_what_waits_already() {
        let updates = run_throttle(2_000, |at, throttle| {
            for n in 0..10 {
                throttle.push(task(&format!("t{n}"), at));
            }
            if at == 1_001 {
                throttle.push(needs_you("late"));
            }
        });
        let at = updates.iter().find(|(_, t)| *t == needs_you("late")).map(|(at, _)| *at);
        assert_eq!(at, Some(1_050));
    }

    #[test]
    fn every_task_gets_its_turn() {
        let updates = run_throttle(3_000, |at, throttle| {
            for n in 0..6 {
                throttle.push(task(&format!("t{n}"), at));
            }
        });
        for n in 0..6 {
            let name = format!("task:t{n}");
            let turns = updates.iter().filter(|(_, t)| t.event_name() == name).count();
            assert_eq!(turns, 10, "{name}");
        }
    }

    #[test]
    fn a_batch_whose_counts_stay_is_told_once_a_second() {
        let updates = run_throttle(3_000, |at, throttle| {
            throttle.push(task("a", at));
            throttle.push(batch(at));
        });
        let batches = updates.iter().filter(|(_, t)| matches!(t, ViewUpdate::Batch(_))).count();
        assert_eq!(batches, 3);
    }

    #[test]
    fn a_place_that_stays_as_it_is_is_not_told_again() {
        let updates = run_throttle(1_000, |_, throttle| throttle.push(place(2)));
        assert_eq!(updates.len(), 1);
    }

    #[test]
    fn due_is_when_next_has_something() {
        let start = Instant::now();
        let mut throttle = EventThrottle::default();
        assert_eq!(throttle.next_ready_at(start), None);
        throttle.push(batch(1));
        assert_eq!(throttle.next_ready_at(start), Some(start));
        assert_eq!(throttle.next_ready(start), Some(batch(1)));
        throttle.push(batch(2));
        assert_eq!(throttle.next_ready_at(start), Some(start + QUIET_BATCH_INTERVAL));
        throttle.push(task("a", 1));
        assert_eq!(throttle.next_ready_at(start), Some(start + MIN_EVENT_INTERVAL));
        assert_eq!(throttle.next_ready(start + MIN_EVENT_INTERVAL), Some(task("a", 1)));
        assert_eq!(throttle.next_ready(start + QUIET_BATCH_INTERVAL), Some(batch(2)));
    }

    #[test]
    fn an_event_is_named_after_what_it_tells_of() {
        assert_eq!(task("a", 1).event_name(), "task:a");
        assert_eq!(batch(1).event_name(), "batch:b");
        assert_eq!(place(0).event_name(), "place");
    }
}
