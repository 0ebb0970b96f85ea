//! Carrying one attempt from its start to its end: everything that happens goes into the
//! log, in order, and its status comes from facts.

use super::pause::SuspendedAttempt;
use super::stop::terminal_entries;
use super::{AttemptCommand, QueuedAttempt};
use crate::EngineError;
use crate::log::Log;
use crate::remote_access::RemoteAccess;
use crate::runner::{
    AttemptId, Continuation, EventBatcher, EventReceiver, MAX_EVENTS_AT_ONCE, Progress, Runner,
    RunnerEvent, failed_outcome, open_question_hint,
};
use crate::store::{Entry, TaskFacts, read};
use regatta_protocol::event::Outcome;
use regatta_protocol::worker::WorkerControl;
use regatta_protocol::{Capability, ErrorCode, Event, Millis, Status, TaskId, UserMessage};
use regatta_trace::LogDropped;
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

/// The channels between the scheduler and a running attempt.
pub(super) struct AttemptChannels {
    pub(super) controls: mpsc::UnboundedReceiver<AttemptCommand>,
    /// The reason for which running attempts are suspended; `None` if they aren't.
    pub(super) disk_pause: watch::Receiver<Option<UserMessage>>,
    /// Hears whether the task waits for a person.
    pub(super) question_states: mpsc::UnboundedSender<(TaskId, bool)>,
}

/// An attempt that can be handed to its place.
struct PreparedAttempt<T> {
    task: T,
    /// Whether it was at work before: in a place that went on without us.
    has_worked: bool,
}

/// What is wanted of an attempt at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StopIntent {
    KeepRunning,
    /// A person stopped it.
    Stop,
    /// Regatta ends, and it with it.
    Close,
}

/// What is known of an attempt besides its events.
struct AttemptContext {
    /// Why what works is held, if so.
    disk_pause: watch::Receiver<Option<UserMessage>>,
    stop_intent: watch::Receiver<StopIntent>,
    task: TaskId,
    question_states: mpsc::UnboundedSender<(TaskId, bool)>,
    /// Whether results become branches in the place, by itself.
    place_publishes: bool,
}

/// What is needed to carry attempts.
#[derive(Debug)]
pub(crate) struct AttemptDriver<R> {
    pub(crate) log: Log,
    pub(crate) runner: R,
    pub(crate) access: RemoteAccess,
    pub(crate) now: fn() -> Millis,
}

impl<R: Runner> AttemptDriver<R> {
    /// Carries an attempt. When this returns, its end is on disk and nothing of it runs; what
    /// is given back: the task is held, and how it goes on later.
    pub(super) async fn run(
        &self,
        waiting: QueuedAttempt,
        channels: AttemptChannels,
    ) -> Option<SuspendedAttempt> {
        let id = AttemptId { task: waiting.task.clone(), number: waiting.attempt };
        info!("an attempt begins");
        let ended = match self.prepare(&id, waiting.continuation.clone()).await {
            Ok(prepared) => self.execute(&id, &prepared, channels).await,
            Err(error) => Ok(Some(failed_outcome(error.into()))),
        };
        log_end(&ended);
        // None: the store is closed, or the attempt goes on elsewhere.
        let Ok(Some(mut outcome)) = ended else { return None };
        let now = (self.now)();
        if self.runner.can(Capability::Queue)
            && let Some(held) = SuspendedAttempt::from_outcome(&waiting, &outcome, now)
        {
            let entries = suspension_entries(&id, now, outcome, &held);
            let written = self.log.append(entries).await.log_dropped("writing a pause")?;
            written.wait().await.log_dropped("writing a pause")?; // As above.
            return Some(held);
        }
        let shared = self.publish_result(&id, &mut outcome).await;
        let end = terminal_entries(&id.task, id.number, (self.now)(), outcome);
        self.write_end(shared.into_iter().chain(end).collect()).await;
        None
    }

    /// Ends a task that was stopped while it waited to go on. What it did before it was held is
    /// its result, which nobody has shared yet.
    pub(super) async fn end_suspended(&self, waiting: &QueuedAttempt) {
        let id = AttemptId { task: waiting.task.clone(), number: waiting.attempt };
        let mut outcome = Outcome::without_work(Status::Stopped);
        let mut shared = None;
        if let Some(facts) = self.read_facts(&id).await.log_dropped("reading a held task")
            && facts.view.status == Status::Paused
            && let Some(left) = facts.carried_result
        {
            (outcome.commit, outcome.totals) = (Some(left.commit), left.totals.unwrap_or_default());
            shared = self.publish_result(&id, &mut outcome).await;
        }
        let end = terminal_entries(&id.task, id.number, (self.now)(), outcome);
        self.write_end(shared.into_iter().chain(end).collect()).await;
    }

    /// Writes an end, and waits until it is on disk. A store that is closed keeps nothing more.
    async fn write_end(&self, end: Vec<Entry>) {
        if let Some(written) = self.log.append(end).await.log_dropped("writing an end") {
            written.wait().await.log_dropped("writing an end");
        }
    }

    /// Everything that the attempt needs.
    async fn prepare(
        &self,
        id: &AttemptId,
        continuation: Option<Continuation>,
    ) -> Result<PreparedAttempt<R::Task>, EngineError> {
        let facts = self.read_facts(id).await?;
        // Where work ends with us, only a task that is held is active before it begins.
        let has_worked = self.runner.can(Capability::Detach) && facts.view.status.is_active();
        let task = self.runner.prepare(id, facts, continuation).await?;
        Ok(PreparedAttempt { task, has_worked })
    }

    async fn read_facts(&self, id: &AttemptId) -> Result<TaskFacts, EngineError> {
        let task = id.task.clone();
        self.log.readers.with(move |conn| read::facts(conn, &task)).await
    }

    /// Has the attempt done and returns how it ended; `None` if it goes on elsewhere.
    async fn execute(
        &self,
        id: &AttemptId,
        PreparedAttempt { task, has_worked }: &PreparedAttempt<R::Task>,
        AttemptChannels { controls, disk_pause, question_states }: AttemptChannels,
    ) -> Result<Option<Outcome>, EngineError> {
        if let Err(notice) = self.runner.submit(id, task).await {
            return Ok(Some(failed_outcome(notice)));
        }
        let events = match self.runner.events(id).await {
            Ok(events) => events,
            Err(notice) => return Ok(Some(failed_outcome(notice))),
        };
        let stop_intent = watch::Sender::new(StopIntent::KeepRunning);
        let context = AttemptContext {
            disk_pause,
            stop_intent: stop_intent.subscribe(),
            task: id.task.clone(),
            question_states,
            place_publishes: !self.runner.can(Capability::Publish),
        };
        let mut progress = Progress { has_worked: *has_worked, ..Progress::default() };
        // Controls get through while events wait for room on the disk.
        tokio::select! {
            read = self.record_events(id, events, &context, &mut progress) => read?,
            () = self.forward_commands(id, controls, &stop_intent) => {}
        }
        let stop_intent = *stop_intent.borrow();
        progress.stop_requested = stop_intent != StopIntent::KeepRunning;
        let ended = match progress.outcome.take() {
            Some(outcome) => {
                self.runner.release(id).await;
                Some(outcome)
            }
            None => self.finish_without_outcome(id, task, &progress).await?,
        };
        let asks = stop_intent == StopIntent::Close && !progress.open_questions.is_empty();
        match ended {
            Some(outcome) if asks && outcome.status == Status::Stopped => {
                Ok(Some(self.interrupted_outcome(id, outcome).await?))
            }
            ended => Ok(ended),
        }
    }

    /// An attempt that still asks when Regatta ends isn't over for the person.
    async fn interrupted_outcome(
        &self,
        id: &AttemptId,
        outcome: Outcome,
    ) -> Result<Outcome, EngineError> {
        let session = self.read_facts(id).await?.view.session;
        let safe = match &outcome.commit {
            Some(_) => "What it had changed is saved.",
            None => "It had changed nothing.",
        };
        let notice = UserMessage::new(
            ErrorCode::Interrupted,
            "Regatta ended while this task asked something.",
            safe,
            open_question_hint(session.as_ref()),
        );
        Ok(Outcome { status: Status::Interrupted, notice: Some(notice), ..outcome })
    }

    /// Writes what happens until the outcome, or until the place has nothing more to tell.
    async fn record_events(
        &self,
        id: &AttemptId,
        mut events: EventReceiver,
        context: &AttemptContext,
        progress: &mut Progress,
    ) -> Result<(), EngineError> {
        let mut batcher = EventBatcher::new(&self.log, id);
        let mut came = Vec::new();
        loop {
            tokio::select! {
                count = events.recv_many(&mut came, MAX_EVENTS_AT_ONCE) => {
                    for happened in came.drain(..) {
                        Self::record_event(&mut batcher, happened, context, progress);
                    }
                    if count == 0 || progress.outcome.is_some() {
                        return batcher.flush().await;
                    }
                }
                written = batcher.wait_written() => written?,
            }
            if batcher.should_flush() {
                batcher.flush().await?;
            }
        }
    }

    fn record_event(
        batcher: &mut EventBatcher<'_>,
        mut happened: RunnerEvent,
        context: &AttemptContext,
        progress: &mut Progress,
    ) {
        if progress.outcome.is_some() {
            return; // It had the last word.
        }
        if let Event::Outcome(outcome) = happened.event {
            if !progress.has_worked && outcome.status == Status::Finished {
                // Only what works can finish, and it did work: it has an outcome.
                let working = Event::Status { status: Status::Working, notice: None };
                batcher.push(RunnerEvent { event: working, ..happened });
            }
            progress.outcome = Some(normalise(outcome));
            return;
        }
        let withdrawn = matches!(happened.event, Event::Answered { option: None, .. });
        if withdrawn && *context.stop_intent.borrow() == StopIntent::Close {
            return; // It can be answered after the next start.
        }
        let asked = !progress.open_questions.is_empty();
        progress.apply(&happened.event);
        let asks = !progress.open_questions.is_empty();
        if asks != asked {
            // The queue may have ended.
            let told = context.question_states.send((context.task.clone(), asks));
            told.log_dropped("telling the queue who asks");
        }
        if let Some(event) = filter_event(happened.event, context) {
            happened.event = event;
            batcher.push(happened);
        }
    }

    /// Passes on what the attempt is told. Never ends: the events' end is the end.
    async fn forward_commands(
        &self,
        id: &AttemptId,
        mut controls: mpsc::UnboundedReceiver<AttemptCommand>,
        stop_intent: &watch::Sender<StopIntent>,
    ) {
        while let Some(told) = controls.recv().await {
            let (control, wanted) = match told {
                AttemptCommand::Control(WorkerControl::Stop) => {
                    (WorkerControl::Stop, StopIntent::Stop)
                }
                AttemptCommand::Control(control) => (control, StopIntent::KeepRunning),
                AttemptCommand::Close => (WorkerControl::Stop, StopIntent::Close),
            };
            // What was wanted first counts.
            stop_intent.send_if_modified(|stop_intent| {
                let is_new =
                    *stop_intent == StopIntent::KeepRunning && wanted != StopIntent::KeepRunning;
                *stop_intent = if is_new { wanted } else { *stop_intent };
                is_new
            });
            self.runner.send(id, control).await;
        }
        std::future::pending().await
    }

    /// The events ended without a word on how the attempt did.
    async fn finish_without_outcome(
        &self,
        id: &AttemptId,
        task: &R::Task,
        progress: &Progress,
    ) -> Result<Option<Outcome>, EngineError> {
        let Some((events, outcome)) = self.runner.finalise(id, task, progress).await else {
            return Ok(None);
        };
        let mut batcher = EventBatcher::new(&self.log, id);
        for event in events {
            let at = (self.now)();
            batcher.push(RunnerEvent { at, event, remote_seq: None, memory_permit: None });
        }
        batcher.flush().await?;
        Ok(Some(outcome))
    }
}

fn log_end(ended: &Result<Option<Outcome>, EngineError>) {
    match ended {
        Ok(Some(outcome)) => {
            let code = outcome.notice.as_ref().map(|notice| notice.code);
            info!(status = ?outcome.status, ?code, "the attempt ended");
        }
        Ok(None) => info!("the attempt goes on without us"),
        Err(error) => warn!(%error, "the attempt's end can't be written"),
    }
}

/// What a place may say. How an attempt ends is told by its outcome, and what a person did
/// is told by us.
fn filter_event(event: Event, context: &AttemptContext) -> Option<Event> {
    match event {
        Event::Status { status, .. } if !status.is_active() => None,
        Event::Published { .. } if !context.place_publishes => None,
        Event::Attempt { .. } | Event::End | Event::Unknown => None,
        Event::Status { status: Status::Paused, notice } => {
            let notice = notice.or_else(|| context.disk_pause.borrow().clone());
            Some(Event::Status { status: Status::Paused, notice })
        }
        other => Some(other),
    }
}

/// What is written of an attempt whose task is held: its end, and that another will follow.
fn suspension_entries(
    id: &AttemptId,
    at: Millis,
    outcome: Outcome,
    held: &SuspendedAttempt,
) -> Vec<Entry> {
    let notice = Some(held.notice.clone());
    let number = held.next.attempt;
    let entry = |attempt, event| Entry { task: id.task.clone(), attempt, at, event };
    let again = Event::Attempt { number, continues: true, message: String::new() };
    vec![
        entry(id.number, Event::Outcome(outcome)),
        entry(id.number, Event::Status { status: Status::Paused, notice }),
        entry(number, again),
    ]
}

/// An outcome is an end, and who tells it knows which.
fn normalise(mut outcome: Outcome) -> Outcome {
    if !outcome.status.is_over() || outcome.status == Status::Unknown {
        outcome.status = Status::Failed;
    }
    outcome
}
