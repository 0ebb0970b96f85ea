//! Agents whose tasks are held: their service asks for patience, or for a person to sign in.
//! No I/O and no time in here.

use super::QueuedAttempt;
use super::ready_list::ReadyList;
use crate::runner::Continuation;
use regatta_protocol::event::Outcome;
use regatta_protocol::request::AgentChoice;
use regatta_protocol::view::AgentPause;
use regatta_protocol::{ErrorCode, Millis, Status, UserMessage};
use serde::{Deserialize, Serialize};

/// How often a task goes on by itself after a usage limit.
const MAX_RESUMES: u32 = 5;
/// The first pause where nobody says how long; each is twice the one before.
const FIRST_PAUSE: Millis = 60 * 1000;

/// What is to be done about a pause that ends by itself.
const RESUMES_BY_ITSELF: &str = "Nothing is to be done: it goes on by itself.";

/// All that is held, to go on after the next start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PersistedQueue {
    /// The agents.
    pub(super) holds: Vec<AgentPause>,
    /// Their tasks that wait, in the order in which they came.
    pub(crate) tasks: Vec<QueuedAttempt>,
}

/// An attempt that ended so that the task is held.
#[derive(Debug)]
pub(super) struct SuspendedAttempt {
    /// The attempt that goes on later.
    pub(super) next: QueuedAttempt,
    pub(super) notice: UserMessage,
    /// When; `None` means when a person says so.
    pub(super) until: Option<Millis>,
    /// Whether the reason may be a mistake.
    pub(super) is_doubtful: bool,
}

impl SuspendedAttempt {
    /// What holds the task of an attempt that ended like this, if that is to be.
    pub(super) fn from_outcome(
        waiting: &QueuedAttempt,
        outcome: &Outcome,
        now: Millis,
    ) -> Option<Self> {
        let notice = outcome.notice.clone().filter(|_| outcome.status == Status::Failed)?;
        let mut next = QueuedAttempt {
            attempt: waiting.attempt + 1,
            continuation: Some(Continuation::default()),
            ..waiting.clone()
        };
        let until = match notice.code {
            ErrorCode::SignInNeeded => None,
            ErrorCode::UsageLimit if waiting.resume_count < MAX_RESUMES => {
                next.resume_count += 1;
                let pause = FIRST_PAUSE << waiting.resume_count;
                Some(outcome.retry_at.filter(|at| *at > now).unwrap_or(now + pause))
            }
            _ => return None,
        };
        let notice = match until {
            Some(_) => notice.with_hint(RESUMES_BY_ITSELF),
            None => notice,
        };
        Some(Self { next, notice, until, is_doubtful: outcome.is_doubtful })
    }
}

/// All agents that are held.
#[derive(Debug, Default)]
pub(super) struct AgentPauses(pub(super) Vec<AgentPause>);

impl AgentPauses {
    /// Holds an agent's tasks, until the latest time that was told. One task's doubt holds that
    /// task only, until a second of the agent's tasks says the same.
    pub(super) fn add(&mut self, held: &SuspendedAttempt) {
        let QueuedAttempt { agent, task, .. } = &held.next;
        let is_alone = |hold: &AgentPause| hold.agent != *agent || hold.task.as_ref() == Some(task);
        let is_first_doubt = held.is_doubtful && self.0.iter().all(is_alone);
        let mut added = AgentPause {
            agent: agent.clone(),
            task: is_first_doubt.then(|| task.clone()),
            notice: held.notice.clone(),
            until: held.until,
            tasks: 0,
        };
        for before in self.0.extract_if(.., |hold| hold.agent == *agent) {
            added = merge(before, added);
        }
        self.0.push(added);
    }

    /// Lifts the pauses that end at `now` or before.
    pub(super) fn expire(&mut self, now: Millis) {
        self.0.retain(|hold| hold.until.is_none_or(|until| until > now));
    }

    /// What waits for a person is held as long as something waits.
    pub(super) fn drop_idle(&mut self, line: &ReadyList) {
        self.0.retain(|hold| {
            hold.until.is_some() || line.waiting_count_where(|task| holds(hold, task)) > 0
        });
    }

    /// A person says that an agent's tasks go on.
    pub(super) fn release(&mut self, agent: &AgentChoice) {
        self.0.retain(|hold| hold.agent != *agent);
    }

    /// Whether a task is held.
    pub(super) fn is_paused(&self, waiting: &QueuedAttempt) -> bool {
        self.0.iter().any(|hold| holds(hold, waiting))
    }

    /// As they are kept, with their tasks.
    pub(super) fn to_persisted(&self, line: &ReadyList) -> PersistedQueue {
        let tasks = line.waiting_where(|waiting| self.is_paused(waiting));
        PersistedQueue { holds: self.0.clone(), tasks }
    }

    /// All of them, each with how many tasks wait for it.
    pub(super) fn to_views(&self, line: &ReadyList) -> Vec<AgentPause> {
        let view = |hold: &AgentPause| AgentPause {
            tasks: line.waiting_count_where(|waiting| holds(hold, waiting)),
            ..hold.clone()
        };
        self.0.iter().map(view).collect()
    }
}

/// Whether `hold` is about a task.
fn holds(hold: &AgentPause, waiting: &QueuedAttempt) -> bool {
    hold.agent == waiting.agent && hold.task.as_ref().is_none_or(|only| *only == waiting.task)
}

/// One pause of an agent for two: the later word, until the later time.
fn merge(before: AgentPause, added: AgentPause) -> AgentPause {
    match (before.until, added.until) {
        // A person who has to sign in is waited for in any case.
        (None, _) => AgentPause { task: added.task, ..before },
        (_, None) => added,
        (Some(old), Some(new)) => AgentPause { until: Some(old.max(new)), ..added },
    }
}
