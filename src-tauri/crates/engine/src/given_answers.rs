//! Which answer each question was given first, so that a second one that says something else is
//! refused and not lost between the two.

use regatta_protocol::TaskId;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many answers are known; older ones are of questions that are closed for long.
const MAX_ANSWERS: usize = 1_000;

/// The answers that were given lately.
#[derive(Debug, Default)]
pub(crate) struct GivenAnswers(Mutex<VecDeque<GivenAnswer>>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GivenAnswer {
    pub(crate) task: TaskId,
    /// The attempt: each numbers its questions from the start.
    pub(crate) attempt: u32,
    pub(crate) question: String,
    pub(crate) option: String,
    /// What people call the option.
    pub(crate) label: String,
}

impl GivenAnswers {
    /// Takes an answer if it is the question's first, or the one that was given before if not.
    pub(crate) fn claim(&self, answer: &GivenAnswer) -> Option<GivenAnswer> {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = given.iter().find(|given| is_same_question(given, answer)).cloned();
        if before.is_none() {
            given.push_back(answer.clone());
            let surplus = given.len().saturating_sub(MAX_ANSWERS);
            given.drain(..surplus);
        }
        before
    }

    /// The answer that a question was given, if it is known.
    pub(crate) fn find(&self, task: &TaskId, attempt: u32, question: &str) -> Option<GivenAnswer> {
        let given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |given: &&GivenAnswer| {
            given.task == *task && given.attempt == attempt && given.question == question
        };
        given.iter().find(is_it).cloned()
    }

    /// An answer didn't get there: the question is as open as before.
    pub(crate) fn release(&self, answer: &GivenAnswer) {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        given.retain(|given| !is_same_question(given, answer));
    }
}

fn is_same_question(one: &GivenAnswer, other: &GivenAnswer) -> bool {
    one.task == other.task && one.attempt == other.attempt && one.question == other.question
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(task: &str, attempt: u32, question: &str, option: &str) -> GivenAnswer {
        GivenAnswer {
            task: TaskId::parse(task).expect("an id"),
            attempt,
            question: question.into(),
            option: option.into(),
            label: option.to_uppercase(),
        }
    }

    #[test]
    fn the_first_answer_is_taken_and_known() {
        let given = GivenAnswers::default();
        let yes = answer("a", 1, "q1", "yes");
        assert_eq!(given.claim(&yes), None);
        assert_eq!(given.claim(&answer("a", 1, "q1", "no")), Some(yes.clone()));
        assert_eq!(given.find(&yes.task, 1, "q1"), Some(yes.clone()));
        // Another question, another attempt, another task.
        for other in
            [answer("a", 1, "q2", "no"), answer("a", 2, "q1", "no"), answer("b", 1, "q1", "no")]
        {
            assert_eq!(given.claim(&other), None, "{other:?}");
        }
        given.release(&yes);
        assert_eq!(given.claim(&answer("a", 1, "q1", "no")), None);
    }

    #[test]
    fn only_the_last_ones_are_kept() {
        let given = GivenAnswers::default();
        for number in 0..=MAX_ANSWERS {
            assert_eq!(given.claim(&answer("a", 1, &number.to_string(), "yes")), None);
        }
        let task = TaskId::parse("a").expect("an id");
        assert_eq!(given.find(&task, 1, "0"), None);
        assert!(given.find(&task, 1, "1").is_some());
    }
}
