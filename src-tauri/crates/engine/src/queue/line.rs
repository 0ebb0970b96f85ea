//! Who waits and who works, and who is next. No I/O and no time in here.

use super::hold::Holds;
use crate::runner::GoOn;
use regatta_protocol::request::AgentChoice;
use regatta_protocol::view::QueuePlace;
use regatta_protocol::{BatchId, TaskId};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// A task that waits for a free place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) task: TaskId,
    pub(crate) batch: BatchId,
    pub(crate) attempt: u32,
    /// How many tasks of its batch may work at the same time; none: as many as fit.
    pub(crate) cap: Option<u32>,
    /// Who does it.
    pub(crate) agent: AgentChoice,
    /// How often it went on by itself after a usage limit.
    pub(crate) resumes: u32,
    /// It goes on with the work of the attempt before.
    pub(crate) go_on: Option<GoOn>,
}

/// The tasks that wait and those that work.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// In the order in which they came; with the wish to be next, later wishes first.
    waiting: Vec<(Waiting, u64)>,
    working: HashMap<TaskId, BatchId>,
    /// Those at work that wait for a person.
    asking: HashSet<TaskId>,
    wishes: u64,
}

impl Line {
    /// Puts a task at the end. False when it is in the line or at work already.
    pub(super) fn add(&mut self, task: Waiting) -> bool {
        let is_new = !self.knows(&task.task);
        if is_new {
            self.waiting.push((task, 0));
        }
        is_new
    }

    /// Whether the task waits or works.
    pub(super) fn knows(&self, task: &TaskId) -> bool {
        self.working.contains_key(task) || self.waits(task)
    }

    pub(super) fn waits(&self, task: &TaskId) -> bool {
        self.waiting.iter().any(|(waiting, _)| waiting.task == *task)
    }

    /// Takes a waiting task out of the line.
    pub(super) fn remove(&mut self, task: &TaskId) -> Option<Waiting> {
        let at = self.waiting.iter().position(|(waiting, _)| waiting.task == *task)?;
        Some(self.waiting.remove(at).0)
    }

    /// Takes everything out of the line.
    pub(super) fn remove_all(&mut self) -> Vec<Waiting> {
        self.waiting.drain(..).map(|(task, _)| task).collect()
    }

    /// Makes a waiting task the next one. False when it doesn't wait.
    pub(super) fn run_next(&mut self, task: &TaskId) -> bool {
        self.wishes += 1;
        let wish = self.wishes;
        let found = self.waiting.iter_mut().find(|(waiting, _)| waiting.task == *task);
        found.map(|(_, wished)| *wished = wish).is_some()
    }

    /// How many wait for an agent.
    pub(super) fn waiting_for(&self, agent: &AgentChoice) -> u32 {
        self.waiting.iter().filter(|(waiting, _)| waiting.agent == *agent).count() as u32
    }

    /// The tasks that wait for certain agents, in the order in which they came.
    pub(super) fn of(&self, wanted: impl Fn(&AgentChoice) -> bool) -> Vec<Waiting> {
        let waiting = self.waiting.iter().map(|(waiting, _)| waiting);
        waiting.filter(|waiting| wanted(&waiting.agent)).cloned().collect()
    }

    /// The next task that may start when `limit` may work at the same time; it counts as
    /// working from now on.
    pub(super) fn start_next(&mut self, limit: u32, holds: &Holds) -> Option<Waiting> {
        if self.busy(limit) >= limit {
            return None;
        }
        let has_room =
            |task: &&Waiting| task.cap.is_none_or(|cap| self.busy_of(&task.batch, cap) < cap);
        let may = |task: &&Waiting| has_room(task) && !holds.hold(&task.agent);
        let next = self.order().into_iter().find(may)?.task.clone();
        let task = self.remove(&next)?;
        self.begin(&task);
        Some(task)
    }

    /// A task that doesn't wait any more counts as working from now on.
    pub(super) fn begin(&mut self, task: &Waiting) {
        self.working.insert(task.task.clone(), task.batch.clone());
    }

    /// A task doesn't work any more.
    pub(super) fn ended(&mut self, task: &TaskId) {
        self.working.remove(task);
        self.asking.remove(task);
    }

    /// A task at work waits for a person, or doesn't any more.
    pub(super) fn asks(&mut self, task: &TaskId, asks: bool) {
        if asks && self.working.contains_key(task) {
            self.asking.insert(task.clone());
        } else {
            self.asking.remove(task);
        }
    }

    /// The tasks of a batch that work.
    pub(super) fn working_of(&self, batch: &BatchId) -> impl Iterator<Item = &TaskId> {
        self.working.iter().filter(move |(_, of)| *of == batch).map(|(task, _)| task)
    }

    /// How many take a place when `limit` may work at the same time. One that waits for a person
    /// leaves its place to another, but not to any number: each still has its program.
    pub(super) fn busy(&self, limit: u32) -> u32 {
        self.working.len() as u32 - limit.min(self.asking.len() as u32)
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> u32 {
        self.waiting.len() as u32
    }

    /// Each batch's waiting tasks with their place in the line, from 1.
    pub(super) fn places(&self) -> HashMap<BatchId, Vec<QueuePlace>> {
        let mut places: HashMap<BatchId, Vec<QueuePlace>> = HashMap::new();
        for (place, waiting) in (1..).zip(self.order()) {
            let place = QueuePlace { task: waiting.task.clone(), place };
            places.entry(waiting.batch.clone()).or_default().push(place);
        }
        places
    }

    /// The waiting tasks in the order in which they will start: those that are wished for,
    /// and then a turn for each batch, so that a small batch doesn't wait for all of a
    /// large one. Tasks that work count as turns that were had.
    fn order(&self) -> Vec<&Waiting> {
        let mut turns: HashMap<&BatchId, u32> = HashMap::new();
        let mut order: Vec<(std::cmp::Reverse<u64>, u32, &Waiting)> = Vec::new();
        for (waiting, wish) in &self.waiting {
            let turn = turns.entry(&waiting.batch).or_insert_with(|| self.working(&waiting.batch));
            order.push((std::cmp::Reverse(*wish), *turn, waiting));
            *turn += u32::from(*wish == 0);
        }
        order.sort_by_key(|(wish, turn, _)| (*wish, *turn)); // Stable: else as they came.
        order.into_iter().map(|(_, _, waiting)| waiting).collect()
    }

    /// As [`Line::busy`], of one batch.
    fn busy_of(&self, batch: &BatchId, cap: u32) -> u32 {
        let asking = self.asking.iter().filter(|task| self.working.get(*task) == Some(batch));
        self.working(batch) - cap.min(asking.count() as u32)
    }

    fn working(&self, batch: &BatchId) -> u32 {
        self.working.values().filter(|b| *b == batch).count() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn waiting(name: &str, batch: &str, cap: Option<u32>) -> Waiting {
        Waiting {
            task: TaskId::parse(name).expect("an id"),
            batch: BatchId::parse(batch).expect("an id"),
            attempt: 1,
            cap,
            go_on: None,
            agent: AgentChoice::Practice,
            resumes: 0,
        }
    }

    fn line(tasks: &[(&str, &str, Option<u32>)]) -> Line {
        let mut line = Line::default();
        for (name, batch, cap) in tasks {
            assert!(line.add(waiting(name, batch, *cap)));
        }
        line
    }

    fn started(line: &mut Line, limit: u32) -> Vec<String> {
        std::iter::from_fn(|| line.start_next(limit, &Holds::default()))
            .map(|w| w.task.to_string())
            .collect()
    }

    #[test]
    fn tasks_start_in_order_up_to_the_limit() {
        let mut line = line(&[("a1", "a", None), ("a2", "a", None), ("a3", "a", None)]);
        assert_eq!(started(&mut line, 2), ["a1", "a2"]);
        line.ended(&TaskId::parse("a1").expect("an id"));
        assert_eq!(started(&mut line, 2), ["a3"]);
    }

    #[test]
    fn a_batch_keeps_to_its_own_cap_and_others_go_past_it() {
        let mut line = line(&[("a1", "a", Some(1)), ("a2", "a", Some(1)), ("b1", "b", None)]);
        assert_eq!(started(&mut line, 9), ["a1", "b1"]);
        line.ended(&TaskId::parse("a1").expect("an id"));
        assert_eq!(started(&mut line, 9), ["a2"]);
    }

    #[test]
    fn one_that_asks_leaves_its_place_to_another_as_often_as_there_are_places() {
        let names = ["a1", "a2", "a3", "a4", "b1"];
        let of = |name: &'static str| (name, &name[..1], (&name[..1] == "a").then_some(1));
        let mut line = line(&names.map(of));
        let id = |name| TaskId::parse(name).expect("an id");
        assert_eq!(started(&mut line, 1), ["a1"]);
        line.asks(&id("a1"), true);
        assert_eq!(line.busy(1), 0);
        assert_eq!(started(&mut line, 1), ["b1"], "the other batch has its turn");
        line.ended(&id("b1"));
        assert_eq!(started(&mut line, 1), ["a2"]);
        line.asks(&id("a2"), true);
        assert_eq!(started(&mut line, 1), [""; 0], "two programs are enough");
        line.asks(&id("a1"), false);
        assert_eq!(started(&mut line, 1), [""; 0]);
        line.ended(&id("a1"));
        assert_eq!(started(&mut line, 1), ["a3"]);
        line.ended(&id("a2"));
        line.asks(&id("a2"), true);
        assert_eq!(line.busy(1), 1, "one that is over asks nothing");
    }

    #[test]
    fn batches_take_turns() {
        let all = [("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("b2", "b"), ("c1", "c")];
        let mut line = line(&all.map(|(task, batch)| (task, batch, None)));
        assert_eq!(started(&mut line, 6), ["a1", "b1", "c1", "a2", "b2", "a3"]);
    }

    #[test]
    fn the_last_wish_is_next_and_places_say_so() {
        let mut line = line(&[("a1", "a", None), ("a2", "a", None), ("b1", "b", None)]);
        let id = |name| TaskId::parse(name).expect("an id");
        assert!(line.run_next(&id("a2")) && line.run_next(&id("b1")));
        assert!(!line.run_next(&id("x")));
        let places = line.places();
        let of = |batch: &str| -> Vec<(String, u32)> {
            let batch = BatchId::parse(batch).expect("an id");
            places[&batch].iter().map(|p| (p.task.to_string(), p.place)).collect()
        };
        assert_eq!(of("b"), [("b1".to_owned(), 1)]);
        assert_eq!(of("a"), [("a2".to_owned(), 2), ("a1".to_owned(), 3)]);
        assert_eq!(started(&mut line, 1), ["b1"]);
        assert!(!line.add(waiting("b1", "b", None)), "it works");
        assert!(!line.add(waiting("a1", "a", None)), "it waits");
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
            let mut line = Line::default();
            for (n, (batch, _)) in tasks.iter().enumerate() {
                line.add(waiting(&format!("t{n}"), batches[*batch], caps[*batch]));
            }
            let mut working: Vec<Waiting> = Vec::new();
            let mut done = 0;
            loop {
                while let Some(task) = line.start_next(limit, &Holds::default()) {
                    working.push(task);
                }
                prop_assert!(working.len() <= limit as usize);
                prop_assert_eq!(line.busy(limit) as usize, working.len());
                for (batch, cap) in batches.iter().zip(&caps) {
                    let busy = working.iter().filter(|w| w.batch.as_str() == *batch).count();
                    prop_assert!(cap.is_none_or(|cap| busy <= cap as usize));
                }
                let Some(task) = working.pop() else { break };
                line.ended(&task.task);
                done += 1;
            }
            prop_assert_eq!((done, line.waiting()), (tasks.len(), 0));
        }
    }
}
