//! What a person does about tasks: stop, try again, continue, answer, change the order.

use super::{Engine, now};
use crate::EngineError;
use crate::disk;
use crate::queue::{Message, Waiting};
use crate::store::{Entry, read};
use regatta_protocol::request::MAX_PARALLEL;
use regatta_protocol::{BatchId, ErrorCode, Event, Notice, Status, TaskId};

impl Engine {
    /// Stops a task, whether it waits or works. It becomes stopped a moment later.
    ///
    /// # Errors
    /// There is no such task, or it is over.
    pub async fn stop_task(&self, task: &TaskId) -> Result<(), EngineError> {
        if self.task(task).await?.status.is_over() {
            return Err(EngineError::WrongState("This task is over already."));
        }
        self.stop(vec![task.clone()]).await
    }

    /// Stops every task of a batch that isn't over.
    ///
    /// # Errors
    /// There is no such batch.
    pub async fn stop_batch(&self, batch: &BatchId) -> Result<(), EngineError> {
        let tasks = self.batch(batch).await?.tasks;
        self.stop(tasks.into_iter().map(|task| task.id).collect()).await
    }

    async fn stop(&self, tasks: Vec<TaskId>) -> Result<(), EngineError> {
        self.ask(|reply| Message::Stop { tasks, reply }).await
    }

    /// Tries tasks again, each afresh from where its batch started.
    ///
    /// # Errors
    /// There is no such task, one isn't over, or the disk is nearly full; then none is
    /// tried again.
    pub async fn retry(&self, tasks: &[TaskId]) -> Result<(), EngineError> {
        self.again(tasks, false).await
    }

    /// Has a task go on from its last save point, in a new attempt.
    ///
    /// # Errors
    /// As [`Engine::retry`], or there is no save point.
    pub async fn continue_task(&self, task: &TaskId) -> Result<(), EngineError> {
        self.again(std::slice::from_ref(task), true).await
    }

    async fn again(&self, tasks: &[TaskId], continues: bool) -> Result<(), EngineError> {
        if let Some(free) = disk::free(&self.0.dirs.0).filter(|free| *free < disk::LOW) {
            return Err(EngineError::Refused(disk::low_notice(free)));
        }
        let (mut waiting, mut events) = (Vec::new(), Vec::new());
        for task in tasks {
            let id = task.clone();
            let facts = self.0.log.readers.with(move |conn| read::facts(conn, &id)).await?;
            if !facts.view.status.is_over() {
                return Err(EngineError::WrongState("This task isn't over yet."));
            }
            if continues && facts.save_commit.is_none() {
                return Err(EngineError::WrongState("This task has no save point."));
            }
            let number = facts.view.attempt + 1;
            let waits = Event::Status { status: Status::Waiting, notice: None };
            for event in [Event::Attempt { number, continues }, waits] {
                events.push(Entry { task: task.clone(), attempt: number, at: now(), event });
            }
            waiting.push(Waiting {
                task: task.clone(),
                batch: facts.view.batch,
                attempt: number,
                cap: facts.request.max_parallel,
                continues,
            });
        }
        self.ask(|reply| Message::Add { tasks: waiting, events, reply }).await
    }

    /// Makes a waiting task the next one to start.
    ///
    /// # Errors
    /// It doesn't wait.
    pub async fn run_next(&self, task: &TaskId) -> Result<(), EngineError> {
        self.ask(|reply| Message::RunNext { task: task.clone(), reply }).await
    }

    /// Answers a task's open question with one of its options.
    ///
    /// # Errors
    /// The question isn't open (any more), or has no such option.
    pub async fn answer(
        &self,
        task: &TaskId,
        question: &str,
        option: &str,
    ) -> Result<(), EngineError> {
        let open = self.task(task).await?.question.filter(|open| open.id == question);
        let open = open.ok_or(EngineError::WrongState("This question isn't open any more."))?;
        if !open.options.iter().any(|offered| offered.id == option) {
            return Err(EngineError::NotFound("answer"));
        }
        let (task, question, option) = (task.clone(), question.to_owned(), option.to_owned());
        self.ask(|reply| Message::Answer { task, question, option, reply }).await
    }

    /// Changes how many tasks may work at the same time. What works goes on.
    ///
    /// # Errors
    /// The number is out of range.
    pub fn set_limit(&self, limit: u32) -> Result<(), EngineError> {
        if limit == 0 || limit > MAX_PARALLEL {
            return Err(EngineError::Refused(Notice::new(
                ErrorCode::BadRequest,
                "The number of tasks at the same time is out of range.",
                "Nothing was changed.",
                "Choose a number from 1 to 64.",
            )));
        }
        self.0.queue.tell(Message::SetLimit(limit))
    }

    async fn ask(
        &self,
        message: impl FnOnce(crate::queue::Reply) -> Message,
    ) -> Result<(), EngineError> {
        if let Some(written) = self.0.queue.ask(message).await? {
            self.0.log.settled(written).await;
        }
        Ok(())
    }
}
