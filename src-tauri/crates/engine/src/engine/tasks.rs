//! What a person does about tasks: stop, try again, continue, answer, change the order.

use super::{Engine, now};
use crate::EngineError;
use crate::disk;
use crate::runner::Continuation;
use crate::scheduler::{CommandReply, QueuedAttempt, SchedulerCommand};
use crate::store::{Entry, TaskFacts};
use regatta_protocol::request::{AgentChoice, MAX_PARALLEL};
use regatta_protocol::worker::WorkerControl;
use regatta_protocol::{
    BatchId, Capability, ErrorCode, Event, Millis, Place, Status, TaskId, UserMessage,
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
        self.stop_tasks(&self.place_of(&facts.request), vec![task.clone()]).await
    }

    /// Stops every task of a batch that isn't over.
    ///
    /// # Errors
    /// There is no such batch.
    pub async fn stop_batch(&self, batch: &BatchId) -> Result<(), EngineError> {
        let tasks = self.batch(batch).await?.tasks;
        let request = self.batch_request(batch).await?;
        let tasks = tasks.into_iter().map(|task| task.id).collect();
        self.stop_tasks(&self.place_of(&request), tasks).await
    }

    async fn stop_tasks(&self, place: &Place, tasks: Vec<TaskId>) -> Result<(), EngineError> {
        self.ask_scheduler(place, |reply| SchedulerCommand::Stop { tasks, reply }).await
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
        let place = self.place_of(&self.task_facts(task).await?.request);
        if !place.can(Capability::Continue) {
            return Err(EngineError::WrongState("This task goes on with a message to it."));
        }
        self.continue_with(task, "").await
    }

    /// Refuses when the disk is nearly full.
    pub(super) fn require_disk_space(&self) -> Result<(), EngineError> {
        let free = regatta_process::free_disk_bytes(&self.0.access.dirs.0);
        match free.filter(|free| *free < disk::LOW_BYTES) {
            Some(free) => Err(EngineError::Refused(disk::low_notice(free))),
            None => Ok(()),
        }
    }

    async fn start_new_attempts(&self, tasks: &[TaskId]) -> Result<(), EngineError> {
        self.require_disk_space()?;
        // Each batch by itself: where they are sent, its tasks are sent together.
        let mut batches: Vec<(Place, Vec<QueuedAttempt>, Vec<Entry>)> = Vec::new();
        for task in tasks {
            let facts = self.task_facts(task).await?;
            if !facts.view.status.is_over() {
                return Err(EngineError::WrongState("This task isn't over yet."));
            }
            let place = self.place_of(&facts.request);
            let (waiting, events) = next_attempt(&facts, &place, None, now());
            let same = |known: &&mut (_, Vec<QueuedAttempt>, _)| known.1[0].batch == waiting.batch;
            match batches.iter_mut().find(same) {
                Some(known) => {
                    known.1.push(waiting);
                    known.2.extend(events);
                }
                None => batches.push((place, vec![waiting], events)),
            }
        }
        for (place, waiting, events) in batches {
            self.record_invocation(&place, &waiting, None).await?;
            self.enqueue(&place, waiting, events).await?;
        }
        Ok(())
    }

    /// Puts tasks of one batch in the line of their place.
    pub(super) async fn enqueue(
        &self,
        place: &Place,
        tasks: Vec<QueuedAttempt>,
        events: Vec<Entry>,
    ) -> Result<(), EngineError> {
        self.ask_scheduler(place, |reply| SchedulerCommand::Add { tasks, events, reply }).await
    }

    /// Makes a waiting task the next one to start.
    ///
    /// # Errors
    /// It doesn't wait.
    pub async fn run_next(&self, task: &TaskId) -> Result<(), EngineError> {
        let place = self.place_of(&self.task_facts(task).await?.request);
        self.ask_scheduler(&place, |reply| SchedulerCommand::RunNext { task: task.clone(), reply })
            .await
    }

    /// Says something to a working task's agent: after its turn, or at once when it is
    /// interrupted for it.
    ///
    /// # Errors
    /// It doesn't work, its agent hears no messages, or its place passes none on.
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
        let place = self.place_of(&facts.request);
        if !place.can(Capability::Message) {
            return Err(EngineError::WrongState("This task hears a message once it is over."));
        }
        if facts.view.session.is_none() {
            return Err(EngineError::WrongState("This task's agent can't hear messages now."));
        }
        let (task, control) = (task.clone(), WorkerControl::Message { text, interrupt });
        self.ask_scheduler(&place, |reply| SchedulerCommand::Send { task, control, reply }).await
    }

    /// Has an agent's tasks go on that are held, such as once a person signed in again.
    ///
    /// # Errors
    /// The engine is closed.
    pub fn resume_agent(&self, agent: AgentChoice) -> Result<(), EngineError> {
        let mut queues = self.0.places.schedulers_with(Capability::Queue);
        queues.try_for_each(|queue| queue.send(SchedulerCommand::ResumeAgent(agent.clone())))
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
        let mut queues = self.0.places.schedulers_with(Capability::Queue);
        queues.try_for_each(|queue| queue.send(SchedulerCommand::SetLimit(limit)))
    }

    pub(super) async fn ask_scheduler(
        &self,
        place: &Place,
        message: impl FnOnce(CommandReply) -> SchedulerCommand,
    ) -> Result<(), EngineError> {
        if let Some(written) = self.0.places.scheduler(place).request(message).await? {
            self.0.log.wait_committed_or_error(written).await;
        }
        Ok(())
    }
}

/// A task's next attempt in the line, and what is written of it.
pub(super) fn next_attempt(
    facts: &TaskFacts,
    place: &Place,
    continuation: Option<Continuation>,
    now: Millis,
) -> (QueuedAttempt, Vec<Entry>) {
    let (task, number) = (facts.view.id.clone(), facts.view.attempt + 1);
    let (attempt, continues) = (number, continuation.is_some());
    let message = continuation.as_ref().map_or_else(String::new, |go_on| go_on.message.clone());
    // Where a follow-up is sent, the message is written by who sends it.
    let said = (!message.is_empty()).then(|| Event::message_to_agent("you", &message));
    let mut events = vec![Event::Attempt { number, continues, message }];
    events.extend(said.into_iter().flatten());
    events.push(Event::Status { status: Status::Waiting, notice: None });
    let entry = |event| Entry { task: task.clone(), attempt, at: now, event };
    let entries = events.into_iter().map(entry).collect();
    // Without a queue of ours the place keeps to it.
    let cap = facts.request.max_parallel.filter(|_| place.can(Capability::Queue));
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
