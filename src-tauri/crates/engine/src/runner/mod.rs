//! The places where tasks run, behind one contract.
//!
//! This computer ([`LocalRunner`]), and endpoints that speak the Cloud Coding API
//! ([`CloudRunner`]). Both pass the same tests (`conformance.rs`).

mod cloud;
#[cfg(test)]
mod conformance;
mod continuation;
mod event_batcher;
mod local;
mod worker_output;

pub(crate) use cloud::{CloudDeps, CloudRunner, ended_after_sending, ended_before_sending};
pub(crate) use continuation::{Continuation, can_continue, open_question_hint};
pub(crate) use event_batcher::{EventBatcher, MAX_EVENTS_AT_ONCE};
pub(crate) use local::LocalRunner;
#[cfg(test)]
pub(crate) use local::{WorkerTaskSource, recover_crashed};

use crate::EngineError;
use crate::store::TaskFacts;
use regatta_protocol::event::{ChangeTotals, Outcome};
use regatta_protocol::worker::{WorkerControl, WorkerLine};
use regatta_protocol::{Capability, ErrorCode, Event, Millis, Status, TaskId, UserMessage};
use std::fmt;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// One attempt at a task; its name is safe in a path and a ref.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AttemptId {
    pub(crate) task: TaskId,
    pub(crate) number: u32,
}

impl AttemptId {
    /// Reads what [`fmt::Display`] wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (task, number) = text.rsplit_once('-')?;
        Some(Self { task: TaskId::parse(task)?, number: number.parse().ok()? })
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.task, self.number)
    }
}

/// What happens in an attempt, in order, each once. It ends when the place has nothing more to
/// tell, after the outcome if there is one.
pub(crate) type EventReceiver = mpsc::Receiver<RunnerEvent>;

/// Something that happened in an attempt.
#[derive(Debug)]
pub(crate) struct RunnerEvent {
    pub(crate) at: Millis,
    pub(crate) event: Event,
    /// Its number in the place's own log, where that can be read again from there on.
    pub(crate) remote_seq: Option<u64>,
    /// The room that it takes in the place's memory until it is in the log.
    pub(crate) memory_permit: Option<OwnedSemaphorePermit>,
}

impl From<WorkerLine> for RunnerEvent {
    fn from(line: WorkerLine) -> Self {
        Self { at: line.at, event: line.event, remote_seq: None, memory_permit: None }
    }
}

/// What is known of an attempt while it goes on.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Whether its agent was said to be at work.
    pub(crate) has_worked: bool,
    pub(crate) save_points: u32,
    pub(crate) totals: ChangeTotals,
    pub(crate) stop_requested: bool,
    /// The questions that wait for an answer.
    pub(crate) open_questions: Vec<String>,
    pub(crate) outcome: Option<Outcome>,
}

impl Progress {
    /// Takes an event into account.
    pub(crate) fn apply(&mut self, event: &Event) {
        match event {
            Event::Status { status: Status::Working, .. } => self.has_worked = true,
            Event::SavePoint(point) => self.save_points = point.number,
            Event::Changes { totals, .. } => self.totals = *totals,
            Event::Question(question) => self.open_questions.push(question.id.clone()),
            Event::Answered { question, .. } => self.open_questions.retain(|open| open != question),
            _ => {}
        }
    }
}

/// How an attempt stands, by the place's own word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AttemptState {
    /// The place doesn't know it.
    Unknown,
    /// It is at work.
    Working,
    /// It isn't any more; how its process ended, for the details.
    Ended(String),
}

/// A place where tasks run: the same verbs for all places.
pub(crate) trait Runner: Send + Sync + 'static {
    /// Everything that an attempt needs.
    type Task: Send + Sync;

    /// What can be done there.
    fn capabilities(&self) -> &'static [Capability];

    /// Whether that can be done there.
    fn can(&self, capability: Capability) -> bool {
        self.capabilities().contains(&capability)
    }

    /// Gathers what an attempt needs from what is known of its task; `go_on`: it goes on with
    /// the work of the one before.
    fn prepare(
        &self,
        id: &AttemptId,
        facts: TaskFacts,
        continuation: Option<Continuation>,
    ) -> impl Future<Output = Result<Self::Task, EngineError>> + Send;

    /// Begins an attempt. Once it returned `Ok`, doing it again changes nothing.
    fn submit(
        &self,
        id: &AttemptId,
        task: &Self::Task,
    ) -> impl Future<Output = Result<(), UserMessage>> + Send;

    /// What happens in it from the beginning. One reader at a time.
    fn events(
        &self,
        id: &AttemptId,
    ) -> impl Future<Output = Result<EventReceiver, UserMessage>> + Send;

    /// Returns the place's own word of the attempt's state; never "working" once its events ended.
    fn status(&self, id: &AttemptId) -> impl Future<Output = AttemptState> + Send;

    /// Tells it an answer, or to stop, to hold, to go on. An attempt that ended hears
    /// nothing, and that is no error.
    fn send(&self, id: &AttemptId, control: WorkerControl) -> impl Future<Output = ()> + Send;

    /// The attempts that the place knows, those of an earlier start of the program too.
    fn list(&self) -> impl Future<Output = Vec<AttemptId>> + Send;

    /// What is to be said of an attempt whose events ended without an outcome, and what could
    /// be saved of it. Afterwards nothing of it works here, and the place has forgotten it.
    /// `None` if it goes on elsewhere, and the next start goes on with it.
    fn finalise(
        &self,
        id: &AttemptId,
        task: &Self::Task,
        progress: &Progress,
    ) -> impl Future<Output = Option<(Vec<Event>, Outcome)>> + Send;

    /// Ends what is left of an attempt, waits for it, and lets the place forget it.
    fn release(&self, id: &AttemptId) -> impl Future<Output = ()> + Send;

    /// Stops listening to everything: the events of all attempts end. For a place that goes on
    /// without us.
    fn detach(&self) -> impl Future<Output = ()> + Send;
}

/// The outcome of an attempt that failed before it did anything.
pub(crate) fn failed_outcome(notice: UserMessage) -> Outcome {
    Outcome { notice: Some(notice), ..Outcome::without_work(Status::Failed) }
}

fn events_unavailable(id: &AttemptId) -> UserMessage {
    let what = "What this attempt does is already being read, or it isn't known here.";
    UserMessage::new(ErrorCode::Internal, what, "", "").with_details(id.to_string())
}
