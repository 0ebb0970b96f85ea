//! What the engine and a worker say to each other: one JSON value a line.
//!
//! The engine writes one [`WorkerTask`] to the worker's standard input, then
//! [`WorkerControl`]s; the worker writes [`WorkerLine`]s to its standard output. When its
//! standard input ends, the worker ends the agent and itself.

use crate::Millis;
use crate::event::Event;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One attempt, with everything a worker needs for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerTask {
    /// The task's name: for the commit's message and nothing else.
    pub task_name: String,
    /// What the agent is asked to do.
    pub prompt: String,
    /// The bare cache, whose objects the copy shares and into which save points go.
    pub cache: PathBuf,
    /// The commit the batch started from; changes are counted from it.
    pub start_commit: String,
    /// The commit whose files the copy begins with: `start_commit`, or a save point.
    pub copy_commit: String,
    /// Where the copy is made. Must not exist yet.
    pub copy: PathBuf,
    /// A folder of this attempt's own, outside the copy: index, raw protocol lines.
    pub scratch: PathBuf,
    /// Save points go to `<ref_prefix>/<number>`, the result to `<ref_prefix>/result`.
    pub ref_prefix: String,
    /// In whose name commits are made.
    pub author: Author,
    /// How the agent is started.
    pub agent: AgentProgram,
    /// The time the agent may take, in seconds. Time in which a person is asked, or the
    /// agent is held, doesn't count.
    #[serde(default)]
    pub time_limit_s: Option<u64>,
    /// How often the copy is saved while the agent works, in seconds. None: 5 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save_every_s: Option<u64>,
}

/// A name and an address for commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// How an agent is started. The program is an absolute path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AgentProgram {
    /// It speaks the Agent Client Protocol on its standard streams.
    Acp {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        args: Vec<String>,
    },
    /// It is run once; an argument `{prompt}` is replaced by the prompt.
    Command {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        args: Vec<String>,
    },
}

/// What the engine tells a worker while it works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "control", rename_all = "snake_case")]
pub enum WorkerControl {
    /// A person answered a question.
    Answer {
        /// The question.
        question: String,
        /// The chosen option's id.
        option: String,
    },
    /// A person stopped the task.
    Stop,
    /// Hold the agent (no disk space).
    Pause,
    /// Let it go on.
    Resume,
}

/// One line of a worker's standard output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerLine {
    /// Dense, from 1.
    pub seq: u64,
    /// When it happened.
    pub at: Millis,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}
