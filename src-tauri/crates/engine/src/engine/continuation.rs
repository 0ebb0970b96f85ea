//! Work elsewhere: what is on record before it is sent, how it goes on with a follow-up, and
//! how it stands after a restart.

use super::{Engine, new_id, now};
use crate::EngineError;
use crate::log::Log;
use crate::runner::{Continuation, can_continue, ended_after_sending, ended_before_sending};
use crate::scheduler::{QueuedAttempt, Scheduler};
use crate::store::invocations::{self, FollowUp, NewInvocation, Record};
use crate::store::{TaskFacts, read};
use regatta_protocol::event::Outcome;
use regatta_protocol::{BatchRequest, Status, TaskId, TaskView};

/// How an open task stands after a restart.
pub(super) enum RecoveryState {
    /// It worked on this computer.
    Local,
    /// It goes on at its endpoint.
    ContinuesAtEndpoint(QueuedAttempt),
    /// It is over for us.
    Ended(Outcome),
}

/// Finds out how an open task stands.
pub(super) async fn find_recovery_state(
    log: &Log,
    task: &TaskView,
) -> Result<RecoveryState, EngineError> {
    let (id, attempt) = (task.id.clone(), task.attempt);
    let read =
        move |conn: &_| Ok((read::facts(conn, &id)?, invocations::find(conn, &id, attempt)?));
    let (facts, invocation) = log.readers.with(read).await?;
    if facts.request.endpoint.is_none() {
        return Ok(RecoveryState::Local);
    }
    let ended = |status, notice| {
        let (notice, totals) = (Some(notice), task.totals);
        RecoveryState::Ended(Outcome { notice, totals, ..Outcome::without_work(status) })
    };
    Ok(match invocation.filter(|invocation| invocation.may_have_left) {
        None => ended(Status::Interrupted, ended_before_sending()),
        Some(sent) if sent.run.is_none() => ended(Status::Unknown, ended_after_sending()),
        Some(_) => RecoveryState::ContinuesAtEndpoint(QueuedAttempt {
            task: task.id.clone(),
            batch: task.batch.clone(),
            attempt,
            max_parallel: None,
            continuation: None,
            agent: facts.agent_selection.agent.clone(),
            resume_count: 0,
        }),
    })
}

impl Engine {
    /// The queue of the place where the tasks of a request run.
    pub(super) fn scheduler_for(&self, request: &BatchRequest) -> &Scheduler {
        match request.endpoint {
            Some(_) => &self.0.cloud_scheduler,
            None => &self.0.local_scheduler,
        }
    }

    /// The queue of the place where a task runs.
    pub(super) async fn scheduler_for_task(
        &self,
        task: &TaskId,
    ) -> Result<&Scheduler, EngineError> {
        Ok(self.scheduler_for(&self.task_facts(task).await?.request))
    }

    /// Puts on record that attempts of one batch will be sent together, if its tasks run
    /// elsewhere.
    pub(super) async fn record_invocation(
        &self,
        request: &BatchRequest,
        waiting: &[QueuedAttempt],
        follow_up: Option<FollowUp>,
    ) -> Result<(), EngineError> {
        let Some(first) = waiting.first().filter(|_| request.endpoint.is_some()) else {
            return Ok(());
        };
        let attempts = waiting.iter().map(|w| (w.task.clone(), w.attempt)).collect();
        let (id, batch) = (new_id(), first.batch.clone());
        let new = NewInvocation { id, batch, attempts, follow_up };
        self.0.log.write_record(Record::Planned(new))?.wait().await
    }

    /// Says something next to a task that is over: its conversation goes on in a new attempt,
    /// here in the copy that it left. Without a message, a task on this computer goes on with
    /// what it was asked.
    ///
    /// # Errors
    /// There is no such task, it isn't over, or there is nothing to go on from.
    pub async fn continue_with(&self, task: &TaskId, message: &str) -> Result<(), EngineError> {
        let message = message.trim();
        let facts = self.task_facts(task).await?;
        if message.is_empty() && facts.request.endpoint.is_some() {
            return Err(EngineError::WrongState("This message is empty."));
        }
        if !facts.view.status.is_over() {
            return Err(EngineError::WrongState("This task isn't over yet."));
        }
        if facts.request.endpoint.is_none() {
            let go_on = Continuation { message: message.to_owned(), ..Continuation::default() };
            return self.continue_locally(facts, go_on).await;
        }
        let unnamed = "The service didn't say how this task's conversation can go on.";
        let thread = facts.thread.clone().ok_or(EngineError::WrongState(unnamed))?;
        let follow_up = FollowUp { thread, message: message.to_owned() };
        let (waiting, events) =
            super::tasks::next_attempt(&facts, Some(Continuation::default()), now());
        self.record_invocation(&facts.request, std::slice::from_ref(&waiting), Some(follow_up))
            .await?;
        self.enqueue(&facts.request, vec![waiting], events).await
    }

    /// Has a task of this computer go on in a new attempt.
    pub(super) async fn continue_locally(
        &self,
        facts: TaskFacts,
        continuation: Continuation,
    ) -> Result<(), EngineError> {
        self.require_disk_space()?;
        let anything = facts.save_commit.is_some() || can_continue(facts.view.session.as_ref());
        if continuation.message.is_empty() && !anything {
            return Err(EngineError::WrongState("This task has no save point."));
        }
        let (waiting, events) = super::tasks::next_attempt(&facts, Some(continuation), now());
        self.enqueue(&facts.request, vec![waiting], events).await
    }
}
