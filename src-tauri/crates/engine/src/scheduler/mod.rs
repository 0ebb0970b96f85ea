//! The queue: one task that owns what waits and what works in a place. Whoever wants something
//! of it sends a message; nobody shares a lock with it.

mod attempt;
mod pause;
mod ready_list;
mod stop;

use attempt::AttemptChannels;
pub(crate) use attempt::AttemptDriver;
pub(crate) use pause::PersistedQueue;
pub(crate) use ready_list::QueuedAttempt;
pub(crate) use stop::terminal_entries;

use crate::EngineError;
use crate::disk;
use crate::log::PendingWrite;
use crate::runner::Runner;
use crate::store::Entry;
use crate::store::Record;
use pause::{AgentPauses, SuspendedAttempt};
use ready_list::ReadyList;
use regatta_protocol::request::AgentChoice;
use regatta_protocol::view::{PlaceView, QueuePosition};
use regatta_protocol::worker::WorkerControl;
use regatta_protocol::{BatchId, Capability, Millis, TaskId, UserMessage};
use regatta_trace::LogDropped;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tracing::{Instrument, error, error_span};

/// An answer of the queue; where something is written, it tells when that is on disk.
pub(crate) type CommandReply = oneshot::Sender<Result<Option<PendingWrite>, EngineError>>;

/// Everything that the queue can be told.
#[derive(Debug)]
pub(crate) enum SchedulerCommand {
    /// Puts tasks in the line, and writes `events` if that was possible for all.
    Add { tasks: Vec<QueuedAttempt>, events: Vec<Entry>, reply: CommandReply },
    /// Stops tasks, whether they wait or work; those that are over are passed over.
    Stop { tasks: Vec<TaskId>, reply: CommandReply },
    /// Makes a waiting task the next one.
    RunNext { task: TaskId, reply: CommandReply },
    /// Tells every working task of a batch that something is allowed.
    Grant { batch: BatchId, key: String },
    /// Tells a working task something, such as an answer.
    Send { task: TaskId, control: WorkerControl, reply: CommandReply },
    /// Changes how many may work at the same time.
    SetLimit(u32),
    /// The current time, in milliseconds since 1970-01-01T00:00:00Z: pauses that ended are lifted.
    Tick(Millis),
    /// What an agent's tasks are held for is over, a person says.
    ResumeAgent(AgentChoice),
    /// The free space of the data folder's disk, in bytes.
    DiskFree(u64),
    /// Stops everything and ends.
    Close { done: oneshot::Sender<()> },
}

/// The way to the queue. When the last one is gone, the queue ends without stopping
/// anything: workers notice that by themselves.
#[derive(Debug, Clone)]
pub(crate) struct Scheduler(mpsc::UnboundedSender<SchedulerCommand>);

impl Scheduler {
    /// Starts a queue whose attempts `carrier` carries, with what was held when the one before
    /// ended.
    pub(crate) fn start<R: Runner>(
        driver: Arc<AttemptDriver<R>>,
        limit: u32,
        kept: PersistedQueue,
    ) -> Self {
        let (to, messages) = mpsc::unbounded_channel();
        let asking = mpsc::unbounded_channel();
        let mut ready_list = ReadyList::default();
        for task in &kept.tasks {
            ready_list.add(task.clone());
        }
        let state = SchedulerLoop {
            store_error: driver.log.store_error.clone(),
            driver,
            commands: messages,
            question_states: asking,
            ready_list,
            pauses: AgentPauses(kept.holds.clone()),
            persisted: kept,
            running: HashMap::new(),
            attempts: JoinSet::new(),
            limit,
            disk_pause: watch::Sender::new(None),
            deferred: Vec::new(),
            last_published: None,
        };
        tokio::spawn(state.run());
        Self(to)
    }

    /// Tells the queue something that it doesn't answer.
    pub(crate) fn send(&self, message: SchedulerCommand) -> Result<(), EngineError> {
        self.0.send(message).map_err(|_| EngineError::Closed)
    }

    /// Asks the queue for something and waits for the answer.
    pub(crate) async fn request(
        &self,
        message: impl FnOnce(CommandReply) -> SchedulerCommand,
    ) -> Result<Option<PendingWrite>, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.send(message(reply))?;
        answer.await.unwrap_or(Err(EngineError::Closed))
    }

    /// A way to the queue that doesn't keep it alive.
    pub(crate) fn downgrade(&self) -> mpsc::WeakUnboundedSender<SchedulerCommand> {
        self.0.downgrade()
    }
}

/// The way by which attempts say that they wait for a person, or don't any more.
type QuestionStateChannel =
    (mpsc::UnboundedSender<(TaskId, bool)>, mpsc::UnboundedReceiver<(TaskId, bool)>);

struct SchedulerLoop<R> {
    driver: Arc<AttemptDriver<R>>,
    commands: mpsc::UnboundedReceiver<SchedulerCommand>,
    question_states: QuestionStateChannel,
    ready_list: ReadyList,
    pauses: AgentPauses,
    running: HashMap<TaskId, RunningAttempt>,
    attempts: JoinSet<(TaskId, Option<SuspendedAttempt>)>,
    limit: u32,
    /// Why what works is held, if so.
    disk_pause: watch::Sender<Option<UserMessage>>,
    store_error: watch::Receiver<Option<UserMessage>>,
    /// Tasks to add whose attempt before has an end that can be seen, but isn't carried to
    /// its end yet.
    deferred: Vec<SchedulerCommand>,
    /// What is held, as it is in the file.
    persisted: PersistedQueue,
    /// What was made known last.
    last_published: Option<(PlaceView, HashMap<BatchId, Vec<QueuePosition>>)>,
}

/// What an attempt is told.
#[derive(Debug, PartialEq, Eq)]
enum AttemptCommand {
    /// To be passed on to whoever does the work.
    Control(WorkerControl),
    /// Regatta ends. What it asks isn't withdrawn by that.
    Close,
}

/// An attempt that is under way.
struct RunningAttempt {
    attempt: u32,
    commands: mpsc::UnboundedSender<AttemptCommand>,
    handle: AbortHandle,
    /// A person stopped it.
    is_stopped: bool,
}

impl RunningAttempt {
    /// Tells it something. One that has just ended hears nothing.
    fn send(&self, command: AttemptCommand) {
        self.commands.send(command).log_dropped("telling an attempt");
    }
}

impl<R: Runner> SchedulerLoop<R> {
    async fn run(mut self) {
        loop {
            self.pauses.drop_idle(&self.ready_list);
            self.start_ready();
            self.persist_queue();
            self.publish_place();
            tokio::select! {
                message = self.commands.recv() => match message {
                    Some(SchedulerCommand::Close { done }) => {
                        self.shut_down().await;
                        done.send(()).log_failed("saying that the queue is closed");
                        return;
                    }
                    Some(message) => self.handle(message),
                    None => return,
                },
                Some(ended) = self.attempts.join_next() => self.handle_join(ended),
                Some((task, asks)) = self.question_states.1.recv() => self.ready_list.set_asking(&task, asks),
                Ok(()) = self.store_error.changed() => {}
            }
        }
    }

    fn handle(&mut self, message: SchedulerCommand) {
        if let SchedulerCommand::Add { tasks, .. } = &message
            && tasks.iter().any(|task| self.running.contains_key(&task.task))
        {
            return self.deferred.push(message);
        }
        let (reply, answer) = match message {
            SchedulerCommand::Add { tasks, events, reply } => (reply, self.enqueue(tasks, events)),
            SchedulerCommand::Stop { tasks, reply } => (reply, self.stop(&tasks)),
            SchedulerCommand::RunNext { task, reply } => (reply, self.run_next(&task)),
            SchedulerCommand::Send { task, control, reply } => {
                (reply, self.send_control(&task, control))
            }
            SchedulerCommand::Grant { batch, key } => {
                return self.send_to_batch(&batch, &WorkerControl::Allow { permission_key: key });
            }
            SchedulerCommand::SetLimit(limit) => return self.limit = limit,
            SchedulerCommand::Tick(now) => return self.pauses.expire(now),
            SchedulerCommand::ResumeAgent(agent) => return self.pauses.release(&agent),
            SchedulerCommand::DiskFree(free) => return self.check_disk(free),
            SchedulerCommand::Close { .. } => unreachable!("BUG: taken by the loop"),
        };
        reply.send(answer).log_failed("answering"); // Whoever asked may have gone.
    }

    fn enqueue(
        &mut self,
        tasks: Vec<QueuedAttempt>,
        events: Vec<Entry>,
    ) -> Result<Option<PendingWrite>, EngineError> {
        if tasks.iter().any(|task| self.ready_list.contains(&task.task)) {
            return Err(EngineError::WrongState("This task is waiting or working already."));
        }
        let written = match events.is_empty() {
            true => None,
            false => Some(self.driver.log.append_now(events)?),
        };
        for task in tasks {
            self.ready_list.add(task);
        }
        Ok(written)
    }

    fn run_next(&mut self, task: &TaskId) -> Result<Option<PendingWrite>, EngineError> {
        match self.ready_list.move_to_front(task) {
            true => Ok(None),
            false => Err(EngineError::WrongState("This task isn't waiting any more.")),
        }
    }

    fn send_control(
        &self,
        task: &TaskId,
        control: WorkerControl,
    ) -> Result<Option<PendingWrite>, EngineError> {
        let working = self.running.get(task);
        match working
            .is_some_and(|working| working.commands.send(AttemptCommand::Control(control)).is_ok())
        {
            true => Ok(None),
            false => Err(EngineError::WrongState("This task isn't working any more.")),
        }
    }

    /// Starts tasks as long as one may start. A task counts as working before it does.
    fn start_ready(&mut self) {
        if self.pause_reason().is_some() {
            return;
        }
        while let Some(task) = self.ready_list.start_next(self.limit, &self.pauses) {
            self.spawn_attempt(task, false);
        }
    }

    /// Has a task that counts as working carried to its end; one that was `stopped` before it
    /// began straight to it.
    fn spawn_attempt(&mut self, task: QueuedAttempt, stopped: bool) {
        let (controls, heard) = mpsc::unbounded_channel();
        let (id, attempt) = (task.task.clone(), task.attempt);
        let driver = Arc::clone(&self.driver);
        let channels = AttemptChannels {
            controls: heard,
            disk_pause: self.disk_pause.subscribe(),
            question_states: self.question_states.0.clone(),
        };
        let span = error_span!("attempt", batch = %task.batch, task = %task.task, attempt);
        let attempt_run = async move {
            let id = task.task.clone();
            match stopped {
                false => (id, driver.run(task, channels).await),
                true => {
                    driver.end_suspended(&task).await;
                    (id, None)
                }
            }
        };
        let handle = self.attempts.spawn(attempt_run.instrument(span));
        self.running.insert(
            id,
            RunningAttempt { attempt, commands: controls, handle, is_stopped: stopped },
        );
    }

    fn handle_join(&mut self, ended: Result<(TaskId, Option<SuspendedAttempt>), JoinError>) {
        let (task, held) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                let by_handle =
                    |(_, working): &(&TaskId, &RunningAttempt)| working.handle.id() == error.id();
                let found = self.running.iter().find(by_handle);
                let (task, working) = found.expect("BUG: it was carried");
                let task = task.clone();
                error!(%task, attempt = working.attempt, "an attempt panicked");
                // A bug of ours ended it. If even that can't be said, the store is closed.
                self.driver
                    .log
                    .append_now(stop::panicked_entries(&task, working.attempt, self.driver.now))
                    .log_dropped("writing an end");
                (task, None)
            }
        };
        self.finish_attempt(&task, held);
        for message in std::mem::take(&mut self.deferred) {
            self.handle(message);
        }
    }

    /// An attempt is carried to its end; `held`: its task goes on later.
    fn finish_attempt(&mut self, task: &TaskId, held: Option<SuspendedAttempt>) {
        let stopped = self.running.remove(task).is_some_and(|working| working.is_stopped);
        // What it said before its end is not about the task's next attempt.
        while let Ok((task, asks)) = self.question_states.1.try_recv() {
            self.ready_list.set_asking(&task, asks);
        }
        self.ready_list.remove_running(task);
        match held {
            // It ended by itself before it heard that a person stopped it. If that can't be
            // said, the store is closed.
            Some(held) if stopped => {
                let events = self.end_queued(held.next);
                self.driver.log.append_now(events).log_dropped("writing an end");
            }
            Some(held) => {
                self.pauses.add(&held);
                self.ready_list.add(held.next);
            }
            None => {}
        }
    }

    /// Puts on record what is held, if that has changed.
    fn persist_queue(&mut self) {
        let held = self.pauses.to_persisted(&self.ready_list);
        if self.driver.runner.can(Capability::Queue) && self.persisted != held {
            let body = serde_json::to_string(&held).expect("BUG: what is held is always JSON");
            // A store that is closed keeps nothing more.
            let kept = self.driver.log.write_record(Record::PersistedQueue { body });
            kept.log_dropped("keeping what is held");
            self.persisted = held;
        }
    }

    /// Why nothing is started, if so.
    fn pause_reason(&self) -> Option<UserMessage> {
        self.store_error.borrow().clone().or_else(|| self.disk_pause.borrow().clone())
    }

    /// Holds what works when the disk is nearly full, and lets it go on when there is
    /// room again.
    fn check_disk(&mut self, free: u64) {
        let is_held = self.disk_pause.borrow().is_some();
        if !is_held && free < disk::FULL_BYTES {
            self.disk_pause.send_replace(Some(disk::full_notice(free)));
            self.send_to_all(&WorkerControl::Pause);
        } else if is_held && free >= disk::LOW_BYTES {
            self.disk_pause.send_replace(None);
            self.send_to_all(&WorkerControl::Resume);
        }
    }

    fn send_to_batch(&self, batch: &BatchId, control: &WorkerControl) {
        for task in self.ready_list.running_of_batch(batch) {
            if let Some(working) = self.running.get(task) {
                working.send(AttemptCommand::Control(control.clone()));
            }
        }
    }

    fn send_to_all(&self, control: &WorkerControl) {
        for working in self.running.values() {
            working.send(AttemptCommand::Control(control.clone()));
        }
    }

    fn publish_place(&mut self) {
        if !self.driver.runner.can(Capability::Queue) {
            return; // How busy it is, only the place knows.
        }
        let place = PlaceView {
            busy: self.ready_list.busy_count(self.limit),
            limit: self.limit,
            waiting: self.ready_list.waiting_count(),
            pause_reason: self.pause_reason(),
            agent_pauses: self.pauses.to_views(&self.ready_list),
        };
        let now = (place, self.ready_list.positions());
        if self.last_published.as_ref() != Some(&now) {
            let (place, places) = now.clone();
            // A store that is closed has nobody to tell.
            self.driver.log.update_place(place, places).log_dropped("publishing the place");
            self.last_published = Some(now);
        }
    }
}

#[cfg(test)]
mod tests;
