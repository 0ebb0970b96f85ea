//! What a person does about tasks: stop, try again, continue, answer, change the order.

use super::{Engine, now};
use crate::EngineError;
use crate::disk;
use crate::runner::Continuation;
use crate::scheduler::{QueuedAttempt, Scheduler, SchedulerCommand};
use crate::store::{Entry, TaskFacts};
use regatta_protocol::request::{AgentChoice, MAX_PARALLEL};
use regatta_protocol::worker::WorkerControl;
use regatta_protocol::{
    BatchId, BatchRequest, ErrorCode, Event, Millis, Status, TaskId, UserMessage,
};

impl Engine {
    /// Stops a task, whether it waits or works. It becomes stopped a moment later.
    ///
    /// # Errors
    /// There is no such task, or it is over.
    pub async fn stop_task(&self, task: &TaskId) -> Result<(), EngineError> {
        let facts = self.task_facts(task).await?;
        if facts.view.status.is_over() {
            return Err(EngineError::WrongState("This task is over already."));
        }
        self.stop_tasks(&facts.request, vec![task.clone()]).await
    }

    /// Stops every task of a batch that isn't over.
    ///
    /// # Errors
    /// There is no such batch.
    pub async fn stop_batch(&self, batch: &BatchId) -> Result<(), EngineError> {
        let tasks = self.batch(batch).await?.tasks;
        let request = self.batch_request(batch).await?;
        self.stop_tasks(&request, tasks.into_iter().map(|task| task.id).collect()).await
    }

    async fn stop_tasks(
        &self,
        request: &BatchRequest,
        tasks: Vec<TaskId>,
    ) -> Result<(), EngineError> {
        self.ask_scheduler(self.scheduler_for(request), |reply| SchedulerCommand::Stop {
            tasks,
            reply,
        })
        .await
    }

    /// Tries tasks again, each afresh from where its batch started.
    ///
    /// # Errors
    /// There is no such task, one isn't over, or the disk is nearly full; then none is
    /// tried again.
    pub async fn retry(&self, tasks: &[TaskId]) -> Result<(), EngineError> {
        self.start_new_attempts(tasks).await
    }

    /// Has a task go on from its last save point, in a new attempt.
    ///
    /// # Errors
    /// As [`Engine::retry`], or there is no save point.
    pub async fn continue_task(&self, task: &TaskId) -> Result<(), EngineError> {
        if self.task_facts(task).await?.request.endpoint.is_some() {
            return Err(EngineError::WrongState("This task goes on with a message to it."));
        }
        self.continue_with(task, "").await
    }

    /// Refuses when the disk is nearly full.
    pub(super) fn require_disk_space(&self) -> Result<(), EngineError> {
        match disk::free_bytes(&self.0.dirs.0).filter(|free| *free < disk::LOW_BYTES) {
            Some(free) => Err(EngineError::Refused(disk::low_notice(free))),
            None => Ok(()),
        }
    }

    async fn start_new_attempts(&self, tasks: &[TaskId]) -> Result<(), EngineError> {
        self.require_disk_space()?;
        // Each batch by itself: elsewhere, its tasks are sent together.
        let mut batches: Vec<(BatchRequest, Vec<QueuedAttempt>, Vec<Entry>)> = Vec::new();
        for task in tasks {
            let facts = self.task_facts(task).await?;
            if !facts.view.status.is_over() {
                return Err(EngineError::WrongState("This task isn't over yet."));
            }
            let (waiting, events) = next_attempt(&facts, None, now());
            let same = |known: &&mut (_, Vec<QueuedAttempt>, _)| known.1[0].batch == waiting.batch;
            match batches.iter_mut().find(same) {
                Some(known) => {
                    known.1.push(waiting);
                    known.2.extend(events);
                }
                None => batches.push((facts.request, vec![waiting], events)),
            }
        }
        for (request, waiting, events) in batches {
            self.record_invocation(&request, &waiting, None).await?;
            self.enqueue(&request, waiting, events).await?;
        }
        Ok(())
    }

    /// Puts tasks of one batch in the line of their place.
    pub(super) async fn enqueue(
        &self,
        request: &BatchRequest,
        tasks: Vec<QueuedAttempt>,
        events: Vec<Entry>,
    ) -> Result<(), EngineError> {
        self.ask_scheduler(self.scheduler_for(request), |reply| SchedulerCommand::Add {
            tasks,
            events,
            reply,
        })
        .await
    }

    /// Makes a waiting task the next one to start.
    ///
    /// # Errors
    /// It doesn't wait.
    pub async fn run_next(&self, task: &TaskId) -> Result<(), EngineError> {
        let queue = self.scheduler_for_task(task).await?;
        self.ask_scheduler(queue, |reply| SchedulerCommand::RunNext { task: task.clone(), reply })
            .await
    }

    /// Says something to a working task's agent: after its turn, or at once when it is
    /// interrupted for it.
    ///
    /// # Errors
    /// It doesn't work, its agent hears no messages, or it works at an endpoint.
    pub async fn send_message(
        &self,
        task: &TaskId,
        text: &str,
        interrupt: bool,
    ) -> Result<(), EngineError> {
        let text = text.trim().to_owned();
        if text.is_empty() {
            return Err(EngineError::WrongState("This message is empty."));
        }
        let facts = self.task_facts(task).await?;
        if facts.request.endpoint.is_some() {
            return Err(EngineError::WrongState("This task hears a message once it is over."));
        }
        if facts.view.session.is_none() {
            return Err(EngineError::WrongState("This task's agent can't hear messages now."));
        }
        let (task, control) = (task.clone(), WorkerControl::Message { text, interrupt });
        self.ask_scheduler(&self.0.local_scheduler, |reply| SchedulerCommand::Send {
            task,
            control,
            reply,
        })
        .await
    }

    /// Has an agent's tasks go on that are held, such as once a person signed in again.
    ///
    /// # Errors
    /// The engine is closed.
    pub fn resume_agent(&self, agent: AgentChoice) -> Result<(), EngineError> {
        self.0.local_scheduler.send(SchedulerCommand::ResumeAgent(agent))
    }

    /// Changes how many tasks may work at the same time. What works goes on.
    ///
    /// # Errors
    /// The number is out of range.
    pub fn set_limit(&self, limit: u32) -> Result<(), EngineError> {
        if limit == 0 || limit > MAX_PARALLEL {
            return Err(EngineError::Refused(UserMessage::new(
                ErrorCode::BadRequest,
                "The number of tasks at the same time is out of range.",
                "Nothing was changed.",
                "Choose a number from 1 to 64.",
            )));
        }
        self.0.local_scheduler.send(SchedulerCommand::SetLimit(limit))
    }

    pub(super) async fn ask_scheduler(
        &self,
        queue: &Scheduler,
        message: impl FnOnce(crate::scheduler::CommandReply) -> SchedulerCommand,
    ) -> Result<(), EngineError> {
        if let Some(written) = queue.request(message).await? {
            self.0.log.wait_committed_or_error(written).await;
        }
        Ok(())
    }
}

/// A task's next attempt in the line, and what is written of it.
pub(super) fn next_attempt(
    facts: &TaskFacts,
    continuation: Option<Continuation>,
    now: Millis,
) -> (QueuedAttempt, Vec<Entry>) {
    let (task, number) = (facts.view.id.clone(), facts.view.attempt + 1);
    let (attempt, continues) = (number, continuation.is_some());
    let message = continuation.as_ref().map_or_else(String::new, |go_on| go_on.message.clone());
    // Elsewhere the message is written where it was sent.
    let said = (!message.is_empty()).then(|| Event::message_to_agent("you", &message));
    let mut events = vec![Event::Attempt { number, continues, message }];
    events.extend(said.into_iter().flatten());
    events.push(Event::Status { status: Status::Waiting, notice: None });
    let entry = |event| Entry { task: task.clone(), attempt, at: now, event };
    let entries = events.into_iter().map(entry).collect();
    // Elsewhere the place keeps to it.
    let cap = facts.request.max_parallel.filter(|_| facts.request.endpoint.is_none());
    let batch = facts.view.batch.clone();
    (
        QueuedAttempt {
            task,
            batch,
            attempt,
            max_parallel: cap,
            continuation,
            agent: facts.agent_selection.agent.clone(),
            resume_count: 0,
        },
        entries,
    )
}
