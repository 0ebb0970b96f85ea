//! What a stream says, whatever its dialect.

use regatta_protocol::event::{LineKind, Step};
use regatta_protocol::{Event, Millis, wire};

/// What one event of a stream says.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedEvent {
    /// The event's id, when it is a number: its place in the run's log.
    pub id: Option<u64>,
    /// What it says, in order. Empty only for an event that holds nothing.
    pub parts: Vec<EventPart>,
}

/// One thing that an event says. A `task` of none is the run's own, or that of its only task.
#[derive(Debug, Clone, PartialEq)]
pub enum EventPart {
    /// The run's or a task's names became known.
    Run {
        /// The run.
        run_id: Option<String>,
        /// The thread with which the work can go on.
        thread_id: Option<String>,
        /// The task whose thread it is.
        task: Option<String>,
    },
    /// An attempt at a task began. Ours.
    Attempt {
        /// The task.
        task: String,
        /// Its number, from 1.
        number: u32,
        /// Whether it goes on from what was saved.
        continues: bool,
    },
    /// Text that a task printed, as it came: it may end in the middle of a line.
    Output {
        /// The task.
        task: Option<String>,
        /// The text with its newlines.
        text: String,
        /// Where it comes from.
        kind: LineKind,
        /// When it was printed, where the server says so.
        at: Option<Millis>,
    },
    /// A typed fact. Ours.
    Fact {
        /// The task.
        task: String,
        /// When it happened.
        at: Millis,
        /// What happened.
        event: Event,
    },
    /// A step of the agent and what was said in it.
    Step {
        /// The task.
        task: Option<String>,
        /// The step; its id is that of the message or call, or empty.
        step: Step,
        /// What was said, whole.
        text: String,
    },
    /// The terminal word.
    Ended {
        /// How it all ended, where the server says so. Ours.
        end: Option<wire::End>,
    },
    /// The service says that the run failed. A terminal word, too.
    Failed {
        /// The task.
        task: Option<String>,
        /// What it says.
        message: String,
    },
    /// What isn't understood, as it came.
    Raw {
        /// The task.
        task: Option<String>,
        /// The text.
        text: String,
    },
}

impl EventPart {
    /// Whether the service says with it that no more is to come.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Failed { task: None, .. })
    }
}
