//! How a task that is over goes on, and what is on record before attempts are sent together.

use super::tasks::next_attempt;
use super::{Engine, now};
use crate::EngineError;
use crate::ids::new_id;
use crate::runner::{Continuation, can_continue};
use crate::scheduler::QueuedAttempt;
use crate::store::{FollowUp, NewInvocation, Record, TaskFacts};
use regatta_protocol::{BatchRequest, Capability, Place, TaskId};

impl Engine {
    /// The place where the tasks of a request run.
    pub(super) fn place_of(&self, request: &BatchRequest) -> Place {
        self.0.places.place_of(request.endpoint.as_ref())
    }

    /// Puts on record that attempts of one batch will be sent together, in a place where they
    /// are.
    pub(super) async fn record_invocation(
        &self,
        place: &Place,
        waiting: &[QueuedAttempt],
        follow_up: Option<FollowUp>,
    ) -> Result<(), EngineError> {
        let Some(first) = waiting.first().filter(|_| place.can(Capability::BatchCall)) else {
            return Ok(());
        };
        let attempts = waiting.iter().map(|w| (w.task.clone(), w.attempt)).collect();
        let (id, batch) = (new_id(), first.batch.clone());
        let new = NewInvocation { id, batch, attempts, follow_up };
        self.0.log.write_record(Record::Planned(new))?.wait().await
    }

    /// Says something next to a task that is over: its conversation goes on in a new attempt,
    /// in the copy that it left. Without a message, it goes on with what it was asked, in a
    /// place that can.
    ///
    /// # Errors
    /// There is no such task, it isn't over, or there is nothing to go on from.
    pub async fn continue_with(&self, task: &TaskId, message: &str) -> Result<(), EngineError> {
        let message = message.trim();
        let facts = self.task_facts(task).await?;
        let place = self.place_of(&facts.request);
        let from_copy = place.can(Capability::Continue);
        if message.is_empty() && !from_copy {
            return Err(EngineError::WrongState("This message is empty."));
        }
        if !facts.view.status.is_over() {
            return Err(EngineError::WrongState("This task isn't over yet."));
        }
        if from_copy {
            let go_on = Continuation { message: message.to_owned(), ..Continuation::default() };
            return self.continue_from_copy(facts, go_on).await;
        }
        let unnamed = "The service didn't say how this task's conversation can go on.";
        let thread = facts.thread.clone().ok_or(EngineError::WrongState(unnamed))?;
        let follow_up = FollowUp { thread, message: message.to_owned() };
        let (waiting, events) = next_attempt(&facts, &place, Some(Continuation::default()), now());
        self.record_invocation(&place, std::slice::from_ref(&waiting), Some(follow_up)).await?;
        self.enqueue(&place, vec![waiting], events).await
    }

    /// Has a task go on in a new attempt, in the copy that it left.
    pub(super) async fn continue_from_copy(
        &self,
        facts: TaskFacts,
        continuation: Continuation,
    ) -> Result<(), EngineError> {
        self.require_disk_space()?;
        let anything = facts.save_commit.is_some() || can_continue(facts.view.session.as_ref());
        if continuation.message.is_empty() && !anything {
            return Err(EngineError::WrongState("This task has no save point."));
        }
        let place = self.place_of(&facts.request);
        let (waiting, events) = next_attempt(&facts, &place, Some(continuation), now());
        self.enqueue(&place, vec![waiting], events).await
    }
}
