//! Who waits and who works, and who is next. No I/O and no time in here.

use super::pause::AgentPauses;
use crate::runner::Continuation;
use regatta_protocol::request::AgentChoice;
use regatta_protocol::view::QueuePosition;
use regatta_protocol::{BatchId, TaskId};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// A task that waits for a free place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueuedAttempt {
    pub(crate) task: TaskId,
    pub(crate) batch: BatchId,
    pub(crate) attempt: u32,
    /// How many tasks of its batch may work at the same time; `None` means as many as fit.
    #[serde(rename = "cap")]
    pub(crate) max_parallel: Option<u32>,
    /// Who does it.
    pub(crate) agent: AgentChoice,
    /// How often it went on by itself after a usage limit.
    #[serde(rename = "resumes")]
    pub(crate) resume_count: u32,
    /// It goes on with the work of the attempt before.
    #[serde(rename = "go_on")]
    pub(crate) continuation: Option<Continuation>,
}

/// The tasks that wait and those that work.
#[derive(Debug, Default)]
pub(super) struct ReadyList {
    /// In the order in which they came; with the wish to be next, later wishes first.
    waiting: Vec<(QueuedAttempt, u64)>,
    running: HashMap<TaskId, BatchId>,
    /// Those at work that wait for a person.
    asking: HashSet<TaskId>,
    last_priority: u64,
}

impl ReadyList {
    /// Puts a task at the end. False when it is in the line or at work already.
    pub(super) fn add(&mut self, task: QueuedAttempt) -> bool {
        let is_new = !self.contains(&task.task);
        if is_new {
            self.waiting.push((task, 0));
        }
        is_new
    }

    /// Whether the task waits or works.
    pub(super) fn contains(&self, task: &TaskId) -> bool {
        self.running.contains_key(task) || self.is_waiting(task)
    }

    pub(super) fn is_waiting(&self, task: &TaskId) -> bool {
        self.waiting.iter().any(|(waiting, _)| waiting.task == *task)
    }

    /// Takes a waiting task out of the line.
    pub(super) fn remove(&mut self, task: &TaskId) -> Option<QueuedAttempt> {
        let at = self.waiting.iter().position(|(waiting, _)| waiting.task == *task)?;
        Some(self.waiting.remove(at).0)
    }

    /// Takes everything out of the line.
    pub(super) fn drain_waiting(&mut self) -> Vec<QueuedAttempt> {
        self.waiting.drain(..).map(|(task, _)| task).collect()
    }

    /// Makes a waiting task the next one. False when it doesn't wait.
    pub(super) fn move_to_front(&mut self, task: &TaskId) -> bool {
        self.last_priority += 1;
        let priority = self.last_priority;
        let found = self.waiting.iter_mut().find(|(waiting, _)| waiting.task == *task);
        found.map(|(_, wished)| *wished = priority).is_some()
    }

    /// How many of the waiting tasks are `wanted`.
    pub(super) fn waiting_count_where(&self, wanted: impl Fn(&QueuedAttempt) -> bool) -> u32 {
        self.waiting.iter().filter(|(waiting, _)| wanted(waiting)).count() as u32
    }

    /// The waiting tasks that are `wanted`, in the order in which they came.
    pub(super) fn waiting_where(
        &self,
        wanted: impl Fn(&QueuedAttempt) -> bool,
    ) -> Vec<QueuedAttempt> {
        let waiting = self.waiting.iter().map(|(waiting, _)| waiting);
        waiting.filter(|waiting| wanted(waiting)).cloned().collect()
    }

    /// The next task that may start when `limit` may work at the same time; it counts as
    /// working from now on.
    pub(super) fn start_next(&mut self, limit: u32, holds: &AgentPauses) -> Option<QueuedAttempt> {
        if self.busy_count(limit) >= limit {
            return None;
        }
        let has_room = |task: &&QueuedAttempt| {
            task.max_parallel.is_none_or(|cap| self.busy_count_of_batch(&task.batch, cap) < cap)
        };
        let may = |task: &&QueuedAttempt| has_room(task) && !holds.is_paused(task);
        let next = self.start_order().into_iter().find(may)?.task.clone();
        let task = self.remove(&next)?;
        self.mark_running(&task);
        Some(task)
    }

    /// A task that doesn't wait any more counts as working from now on.
    pub(super) fn mark_running(&mut self, task: &QueuedAttempt) {
        self.running.insert(task.task.clone(), task.batch.clone());
    }

    /// A task doesn't work any more.
    pub(super) fn remove_running(&mut self, task: &TaskId) {
        self.running.remove(task);
        self.asking.remove(task);
    }

    /// A task at work waits for a person, or doesn't any more.
    pub(super) fn set_asking(&mut self, task: &TaskId, asks: bool) {
        if asks && self.running.contains_key(task) {
            self.asking.insert(task.clone());
        } else {
            self.asking.remove(task);
        }
    }

    /// The tasks of a batch that work.
    pub(super) fn running_of_batch(&self, batch: &BatchId) -> impl Iterator<Item = &TaskId> {
        self.running.iter().filter(move |(_, of)| *of == batch).map(|(task, _)| task)
    }

    /// How many take a place when `limit` may work at the same time. One that waits for a person
    /// leaves its place to another, but not to any number: each still has its program.
    pub(super) fn busy_count(&self, limit: u32) -> u32 {
        self.running.len() as u32 - limit.min(self.asking.len() as u32)
    }

    /// How many wait.
    pub(super) fn waiting_count(&self) -> u32 {
        self.waiting.len() as u32
    }

    /// Each batch's waiting tasks with their place in the line, from 1.
    pub(super) fn positions(&self) -> HashMap<BatchId, Vec<QueuePosition>> {
        let mut places: HashMap<BatchId, Vec<QueuePosition>> = HashMap::new();
        for (place, waiting) in (1..).zip(self.start_order()) {
            let place = QueuePosition { task: waiting.task.clone(), position: place };
            places.entry(waiting.batch.clone()).or_default().push(place);
        }
        places
    }

    /// The waiting tasks in the order in which they will start: those that are wished for,
    /// and then a turn for each batch, so that a small batch doesn't wait for all of a
    /// large one. Tasks that work count as turns that were had.
    fn start_order(&self) -> Vec<&QueuedAttempt> {
        let mut turns: HashMap<&BatchId, u32> = HashMap::new();
        let mut order: Vec<(std::cmp::Reverse<u64>, u32, &QueuedAttempt)> = Vec::new();
        for (waiting, stop_intent) in &self.waiting {
            let turn = turns
                .entry(&waiting.batch)
                .or_insert_with(|| self.running_count_of_batch(&waiting.batch));
            order.push((std::cmp::Reverse(*stop_intent), *turn, waiting));
            *turn += u32::from(*stop_intent == 0);
        }
        order.sort_by_key(|(stop_intent, turn, _)| (*stop_intent, *turn)); // Stable: else as they came.
        order.into_iter().map(|(_, _, waiting)| waiting).collect()
    }

    /// As [`ReadyList::busy_count`], of one batch.
    fn busy_count_of_batch(&self, batch: &BatchId, cap: u32) -> u32 {
        let asking = self.asking.iter().filter(|task| self.running.get(*task) == Some(batch));
        self.running_count_of_batch(batch) - cap.min(asking.count() as u32)
    }

    fn running_count_of_batch(&self, batch: &BatchId) -> u32 {
        self.running.values().filter(|b| *b == batch).count() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn queued(name: &str, batch: &str, cap: Option<u32>) -> QueuedAttempt {
        QueuedAttempt {
            task: TaskId::parse(name).expect("an id"),
            batch: BatchId::parse(batch).expect("an id"),
            attempt: 1,
            max_parallel: cap,
            continuation: None,
            agent: AgentChoice::Practice,
            resume_count: 0,
        }
    }

    fn ready_list(tasks: &[(&str, &str, Option<u32>)]) -> ReadyList {
        let mut line = ReadyList::default();
        for (name, batch, cap) in tasks {
            assert!(line.add(queued(name, batch, *cap)));
        }
        line
    }

    fn start_all(line: &mut ReadyList, limit: u32) -> Vec<String> {
        std::iter::from_fn(|| line.start_next(limit, &AgentPauses::default()))
            .map(|w| w.task.to_string())
            .collect()
    }

    #[test]
    fn tasks_start_in_order_up_to_the_limit() {
        let mut line = ready_list(&[("a1", "a", None), ("a2", "a", None), ("a3", "a", None)]);
        assert_eq!(start_all(&mut line, 2), ["a1", "a2"]);
        line.remove_running(&TaskId::parse("a1").expect("an id"));
        assert_eq!(start_all(&mut line, 2), ["a3"]);
    }

    #[test]
    fn a_batch_keeps_to_its_own_cap_and_others_go_past_it() {
        let mut line = ready_list(&[("a1", "a", Some(1)), ("a2", "a", Some(1)), ("b1", "b", None)]);
        assert_eq!(start_all(&mut line, 9), ["a1", "b1"]);
        line.remove_running(&TaskId::parse("a1").expect("an id"));
        assert_eq!(start_all(&mut line, 9), ["a2"]);
    }

    #[test]
    fn one_that_asks_leaves_its_place_to_another_as_often_as_there_are_places() {
        let names = ["a1", "a2", "a3", "a4", "b1"];
        let of = |name: &'static str| (name, &name[..1], (&name[..1] == "a").then_some(1));
        let mut line = ready_list(&names.map(of));
        let id = |name| TaskId::parse(name).expect("an id");
        assert_eq!(start_all(&mut line, 1), ["a1"]);
        line.set_asking(&id("a1"), true);
        assert_eq!(line.busy_count(1), 0);
        assert_eq!(start_all(&mut line, 1), ["b1"], "the other batch has its turn");
        line.remove_running(&id("b1"));
        assert_eq!(start_all(&mut line, 1), ["a2"]);
        line.set_asking(&id("a2"), true);
        assert_eq!(start_all(&mut line, 1), [""; 0], "two programs are enough");
        line.set_asking(&id("a1"), false);
        assert_eq!(start_all(&mut line, 1), [""; 0]);
        line.remove_running(&id("a1"));
        assert_eq!(start_all(&mut line, 1), ["a3"]);
        line.remove_running(&id("a2"));
        line.set_asking(&id("a2"), true);
        assert_eq!(line.busy_count(1), 1, "one that is over asks nothing");
    }

    #[test]
    fn batches_take_turns() {
        let all = [("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("b2", "b"), ("c1", "c")];
        let mut line = ready_list(&all.map(|(task, batch)| (task, batch, None)));
        assert_eq!(start_all(&mut line, 6), ["a1", "b1", "c1", "a2", "b2", "a3"]);
    }

    #[test]
    fn the_last_wish_is_next_and_places_say_so() {
        let mut line = ready_list(&[("a1", "a", None), ("a2", "a", None), ("b1", "b", None)]);
        let id = |name| TaskId::parse(name).expect("an id");
        assert!(line.move_to_front(&id("a2")) && line.move_to_front(&id("b1")));
        assert!(!line.move_to_front(&id("x")));
        let places = line.positions();
        let of = |batch: &str| -> Vec<(String, u32)> {
            let batch = BatchId::parse(batch).expect("an id");
            places[&batch].iter().map(|p| (p.task.to_string(), p.position)).collect()
        };
        assert_eq!(of("b"), [("b1".to_owned(), 1)]);
        assert_eq!(of("a"), [("a2".to_owned(), 2), ("a1".to_owned(), 3)]);
        assert_eq!(start_all(&mut line, 1), ["b1"]);
        assert!(!line.add(queued("b1", "b", None)), "it works");
        assert!(!line.add(queued("a1", "a", None)), "it waits");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_limit_is_passed(
            tasks in prop::collection::vec((0usize..4, prop::option::of(1u32..3)), 0..30),
            limit in 1u32..6
        ) {
            let batches = ["a", "b", "c", "d"];
            let caps: Vec<Option<u32>> =
                (0..4).map(|b| tasks.iter().find(|t| t.0 == b).and_then(|t| t.1)).collect();
            let mut line = ReadyList::default();
            for (n, (batch, _)) in tasks.iter().enumerate() {
                line.add(queued(&format!("t{n}"), batches[*batch], caps[*batch]));
            }
            let mut working: Vec<QueuedAttempt> = Vec::new();
            let mut done = 0;
            loop {
                while let Some(task) = line.start_next(limit, &AgentPauses::default()) {
                    working.push(task);
                }
                prop_assert!(working.len() <= limit as usize);
                prop_assert_eq!(line.busy_count(limit) as usize, working.len());
                for (batch, cap) in batches.iter().zip(&caps) {
                    let busy = working.iter().filter(|w| w.batch.as_str() == *batch).count();
                    prop_assert!(cap.is_none_or(|cap| busy <= cap as usize));
                }
                let Some(task) = working.pop() else { break };
                line.remove_running(&task.task);
                done += 1;
            }
            prop_assert_eq!((done, line.waiting_count()), (tasks.len(), 0));
        }
    }
}
