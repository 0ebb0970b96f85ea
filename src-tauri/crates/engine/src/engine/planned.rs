//! Work elsewhere: what is on record before it is sent, how it goes on with a follow-up, and
//! how it stands after a restart.

use super::{Engine, new_id, now};
use crate::EngineError;
use crate::log::Log;
use crate::queue::{Queue, Waiting};
use crate::runner::{ended_after_sending, ended_before_sending};
use crate::store::invocations::{self, FollowUp, NewInvocation, Note};
use crate::store::read;
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
            continues: false,
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

    /// Says something next to a finished task at an endpoint: its conversation goes on there,
    /// in a new attempt.
    ///
    /// # Errors
    /// There is no such task, it isn't over, it ran on this computer, or the service didn't
    /// name its conversation.
    pub async fn continue_with(&self, task: &TaskId, message: &str) -> Result<(), EngineError> {
        let message = message.trim();
        if message.is_empty() {
            return Err(EngineError::WrongState("This message is empty."));
        }
        let facts = self.facts(task).await?;
        if !facts.view.status.is_over() {
            return Err(EngineError::WrongState("This task isn't over yet."));
        }
        if facts.request.endpoint.is_none() {
            return Err(EngineError::WrongState("This task didn't run at an endpoint."));
        }
        let unnamed = "The service didn't say how this task's conversation can go on.";
        let thread = facts.thread.clone().ok_or(EngineError::WrongState(unnamed))?;
        let follow_up = FollowUp { thread, message: message.to_owned() };
        let (waiting, events) = super::tasks::next_attempt(&facts, true, now());
        self.plan(&facts.request, std::slice::from_ref(&waiting), Some(follow_up)).await?;
        self.add(&facts.request, vec![waiting], events.into()).await
    }
}
