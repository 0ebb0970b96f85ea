//! What the engine and a worker say to each other: one JSON value a line.
//!
//! The engine writes one [`WorkerTask`] to the worker's standard input, then
//! [`WorkerControl`]s; the worker writes [`WorkerLine`]s to its standard output, and between
//! them [`WorkerTrace`]s. When its
//! standard input ends, the worker ends the agent and itself.

use crate::Millis;
use crate::agent::{AgentCapabilities, AgentOptions, EnvVar, KnownAgent, Safety};
use crate::event::{AgentSession, Event};
use crate::user_message::UserMessage;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

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
    /// How often the copy is saved while the agent works, in seconds. `None` means 5 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "save_every_s")]
    pub save_interval_s: Option<u64>,
    /// Whether the copy of an earlier attempt is gone on with, if it is still there as it was
    /// left; else it is made from `copy_commit`.
    #[serde(default)]
    pub reuse_copy: bool,
    /// The agent's whole environment. Its values may be keys.
    #[serde(default)]
    pub env: Vec<EnvVar>,
    /// What is set in the conversation; the mode is the safety level's where nobody chose one.
    #[serde(default)]
    pub options: AgentOptions,
    /// What the agent wants to hear in `_meta` of a new conversation, as JSON; empty means nothing.
    #[serde(default)]
    pub session_meta: String,
    /// Which agent it is, where that is known: its own forms of an error are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_agent: Option<KnownAgent>,
    /// How much it may do without asking.
    #[serde(default)]
    pub safety: Safety,
    /// What it may reach; `None` means whatever this computer's user may.
    #[serde(default)]
    pub sandbox: Option<Sandbox>,
    /// The conversation that goes on.
    #[serde(default)]
    pub session: Option<AgentSession>,
    /// What an earlier attempt said at its end, for an agent that begins a new conversation.
    #[serde(default)]
    #[serde(rename = "earlier")]
    pub previous_summary: String,
    /// What was allowed for the whole batch: keys of questions.
    #[serde(default)]
    #[serde(rename = "allowed")]
    pub allowed_for_batch: Vec<String>,
    /// What was allowed once before this attempt began: keys of questions.
    #[serde(default)]
    pub allowed_once: Vec<String>,
    /// What it may cost by the agent's figures, in US cents.
    #[serde(default)]
    pub cost_limit_cents: Option<u32>,
    /// Whether the mode among its options is one in which it decides by itself what it asks, so
    /// that the safety level doesn't hold.
    #[serde(default)]
    #[serde(rename = "decides_itself")]
    pub is_autonomous: bool,
}

/// What an agent may reach. Everything else is there to be read only, but for what is hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// The program `bwrap`.
    pub program: PathBuf,
    /// Files and folders besides the copy that it may write: its own state. Those that aren't
    /// there are left out.
    pub writable: Vec<PathBuf>,
    /// Files and folders that it finds empty.
    pub hidden: Vec<PathBuf>,
    /// Folders inside hidden ones that it may read all the same.
    pub readable: Vec<PathBuf>,
}

impl Sandbox {
    /// The arguments for its own view of what isn't files, and for no more rights than its user
    /// has. Whoever tries whether a sandbox works tries them as well.
    pub const NAMESPACE_ARGS: [&str; 7] = [
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        "--cap-drop",
        "ALL",
        // It ends with us, and has no terminal to type into.
        "--die-with-parent",
        "--new-session",
    ];
}

/// What `regatta worker --probe` reads: an agent to be asked, without a prompt and so without
/// cost, what it is and what it offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeTask {
    /// How it is started.
    pub agent: AgentProgram,
    /// Its whole environment.
    pub env: Vec<EnvVar>,
    /// An empty folder, beside which a folder for temporary files is made.
    pub folder: PathBuf,
    /// What it may reach, as in a task of its own.
    #[serde(default)]
    pub sandbox: Option<Sandbox>,
}

/// What it answers: one line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeReport {
    /// Its version by its own word; empty if it gave none.
    pub version: String,
    /// Whether somebody is signed in; `None` if it doesn't tell.
    pub signed_in: Option<bool>,
    /// What it offers.
    #[serde(rename = "offers")]
    pub capabilities: AgentCapabilities,
    /// Whether it can go on with a conversation (`session/resume`).
    #[serde(rename = "resumes")]
    pub can_resume: bool,
    /// Whether it can load one (`session/load`).
    #[serde(rename = "loads")]
    pub can_load: bool,
    /// Why it could not be asked.
    pub problem: Option<UserMessage>,
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

impl AgentProgram {
    /// The program.
    #[must_use]
    pub fn program(&self) -> &Path {
        let (Self::Acp { program, .. } | Self::Command { program, .. }) = self;
        program
    }
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
    /// Something is allowed for the whole batch: open questions of this key are answered, later
    /// ones aren't asked.
    Allow {
        /// The questions' key.
        #[serde(rename = "key")]
        permission_key: String,
    },
    /// A person says something to the agent.
    Message {
        /// What is said.
        text: String,
        /// Whether the agent is interrupted for it; else it hears it when its turn has ended.
        interrupt: bool,
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

/// A line for the engine's log among a worker's lines. It is no event: it has no number, and is
/// neither kept nor shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerTrace {
    /// How important it is.
    #[serde(rename = "trace")]
    pub level: TraceLevel,
    /// The line, without a time.
    pub text: String,
}

/// How important a line of a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceLevel {
    /// Something that had to be done could not be done.
    Error,
    /// Something went wrong that is coped with.
    Warn,
    /// A step of what goes on.
    Info,
    /// What helps to find a fault.
    Debug,
    /// Everything.
    Trace,
}
