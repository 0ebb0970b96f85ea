//! The places where tasks run, behind one contract.
//!
//! Now there is one: this computer ([`Local`]). A place that is reached over the network
//! gets a file of its own beside `local.rs`, and passes the same tests (`conformance.rs`).

#[cfg(test)]
mod conformance;
mod leftover;
mod lines;
mod local;

pub(crate) use local::Local;

use regatta_protocol::worker::{WorkerControl, WorkerLine, WorkerTask};
use regatta_protocol::{Notice, TaskId};
use std::fmt;
use tokio::sync::mpsc;

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

/// What happens in an attempt, in order, each once, numbered from 1 without a gap. It ends
/// when the place has nothing more to tell, after the outcome if there is one.
pub(crate) type Events = mpsc::Receiver<WorkerLine>;

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

/// A place where tasks run: six verbs, the same for all places.
pub(crate) trait Runner: Send + Sync + 'static {
    /// Begins an attempt. Once it returned `Ok`, doing it again changes nothing.
    fn submit(
        &self,
        id: &AttemptId,
        task: &WorkerTask,
    ) -> impl Future<Output = Result<(), Notice>> + Send;

    /// What happens in it from the beginning. One reader at a time.
    fn events(&self, id: &AttemptId) -> impl Future<Output = Result<Events, Notice>> + Send;

    /// How it stands. Once its events have ended it isn't working any more.
    fn status(&self, id: &AttemptId) -> impl Future<Output = AttemptState> + Send;

    /// Tells it an answer, or to stop, to hold, to go on. An attempt that ended hears
    /// nothing, and that is no error.
    fn tell(&self, id: &AttemptId, control: WorkerControl) -> impl Future<Output = ()> + Send;

    /// The attempts that the place knows, those of an earlier start of the program too.
    fn list(&self) -> impl Future<Output = Vec<AttemptId>> + Send;

    /// Ends what is left of an attempt, waits for it, and lets the place forget it.
    fn forget(&self, id: &AttemptId) -> impl Future<Output = ()> + Send;
}
