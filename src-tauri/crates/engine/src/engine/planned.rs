//! Work elsewhere: what is on record before it is sent, how it goes on with a follow-up, and
//! how it stands after a restart.

use super::{Engine, new_id, now};
use crate::EngineError;
use crate::log::Log;
use crate::queue::{Queue, Waiting};
use crate::runner::{GoOn, can_go_on, ended_after_sending, ended_before_sending};
use crate::store::invocations::{self, FollowUp, NewInvocation, Note};
use crate::store::{TaskFacts, read};
use regatta_protocol::event::Outcome;
use regatta_protocol::{BatchRequest, Status, TaskId, TaskView};

/// How an open task stands after a restart.
pub(super) enum Stands {
    /// It worked on this computer.
    Here,
    /// It goes on at its endpoint.
    GoesOn(Waiting),
    /// It is over for us.
    Ended(Outcome),
}

/// Finds out how an open task stands.
pub(super) async fn stands(log: &Log, task: &TaskView) -> Result<Stands, EngineError> {
    let (id, attempt) = (task.id.clone(), task.attempt);
    let read = move |conn: &_| Ok((read::facts(conn, &id)?, invocations::of(conn, &id, attempt)?));
    let (facts, invocation) = log.readers.with(read).await?;
    if facts.request.endpoint.is_none() {
        return Ok(Stands::Here);
    }
    let ended = |status, notice| {
        let (notice, totals) = (Some(notice), task.totals);
        Stands::Ended(Outcome { notice, totals, ..Outcome::without_work(status) })
    };
    Ok(match invocation.filter(|invocation| invocation.sent) {
        None => ended(Status::Interrupted, ended_before_sending()),
        Some(sent) if sent.run.is_none() => ended(Status::Unknown, ended_after_sending()),
        Some(_) => Stands::GoesOn(Waiting {
            task: task.id.clone(),
            batch: task.batch.clone(),
            attempt,
            cap: None,
            go_on: None,
            agent: facts.pick.agent.clone(),
            resumes: 0,
        }),
    })
}

impl Engine {
    /// The queue of the place where the tasks of a request run.
    pub(super) fn queue_for(&self, request: &BatchRequest) -> &Queue {
        match request.endpoint {
            Some(_) => &self.0.cloud,
            None => &self.0.queue,
        }
    }

    /// The queue of the place where a task runs.
    pub(super) async fn queue_of(&self, task: &TaskId) -> Result<&Queue, EngineError> {
        Ok(self.queue_for(&self.facts(task).await?.request))
    }

    /// Puts on record that attempts of one batch will be sent together, if its tasks run
    /// elsewhere.
    pub(super) async fn plan(
        &self,
        request: &BatchRequest,
        waiting: &[Waiting],
        follow_up: Option<FollowUp>,
    ) -> Result<(), EngineError> {
        let Some(first) = waiting.first().filter(|_| request.endpoint.is_some()) else {
            return Ok(());
        };
        let attempts = waiting.iter().map(|w| (w.task.clone(), w.attempt)).collect();
        let (id, batch) = (new_id(), first.batch.clone());
        let new = NewInvocation { id, batch, attempts, follow_up };
        self.0.log.keep(Note::Planned(new))?.wait().await
    }

    /// Says something next to a task that is over: its conversation goes on in a new attempt,
    /// here in the copy that it left. Without a message, a task on this computer goes on with
    /// what it was asked.
    ///
    /// # Errors
    /// There is no such task, it isn't over, or there is nothing to go on from.
    pub async fn continue_with(&self, task: &TaskId, message: &str) -> Result<(), EngineError> {
        let message = message.trim();
        let facts = self.facts(task).await?;
        if message.is_empty() && facts.request.endpoint.is_some() {
            return Err(EngineError::WrongState("This message is empty."));
        }
        if !facts.view.status.is_over() {
            return Err(EngineError::WrongState("This task isn't over yet."));
        }
        if facts.request.endpoint.is_none() {
            let go_on = GoOn { message: message.to_owned(), ..GoOn::default() };
            return self.go_on_here(facts, go_on).await;
        }
        let unnamed = "The service didn't say how this task's conversation can go on.";
        let thread = facts.thread.clone().ok_or(EngineError::WrongState(unnamed))?;
        let follow_up = FollowUp { thread, message: message.to_owned() };
        let (waiting, events) = super::tasks::next_attempt(&facts, Some(GoOn::default()), now());
        self.plan(&facts.request, std::slice::from_ref(&waiting), Some(follow_up)).await?;
        self.add(&facts.request, vec![waiting], events).await
    }

    /// Has a task of this computer go on in a new attempt.
    pub(super) async fn go_on_here(
        &self,
        facts: TaskFacts,
        go_on: GoOn,
    ) -> Result<(), EngineError> {
        self.room_on_disk()?;
        let anything = facts.save_commit.is_some() || can_go_on(facts.view.session.as_ref());
        if go_on.message.is_empty() && !anything {
            return Err(EngineError::WrongState("This task has no save point."));
        }
        let (waiting, events) = super::tasks::next_attempt(&facts, Some(go_on), now());
        self.add(&facts.request, vec![waiting], events).await
    }
}
