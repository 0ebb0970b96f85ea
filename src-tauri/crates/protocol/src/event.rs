//! What happened. Everything that a person sees of a batch is a fold over these.

pub use crate::outcome::{Outcome, TestRun, Usage};
pub use crate::question::{Question, QuestionKind, QuestionOption, QuestionOptionKind, Risk};

use crate::status::Status;
use crate::user_message::UserMessage;
use crate::{Millis, TaskId};
use serde::{Deserialize, Serialize};

/// The most files that an event or a view names; the full list is read on demand.
pub const MAX_FILES_NAMED: usize = 20;
/// The most characters of a step's title.
const MAX_TITLE_CHARS: usize = 4_000;

/// One entry of a batch's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LogEvent {
    /// Dense per batch, from 1: a gap is a loss, and provable.
    pub seq: u64,
    /// When it was written.
    pub at: Millis,
    /// The task it belongs to; `None` means the batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub task: Option<TaskId>,
    /// The attempt it belongs to, from 1; 0 for the batch.
    pub attempt: u32,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Something that happened to a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The task now stands at `status`.
    Status {
        /// The new status.
        status: Status,
        /// Why, where the status alone doesn't tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        notice: Option<UserMessage>,
    },
    /// One or more whole lines of the transcript, joined by `\n`, without the last one.
    Output {
        /// Where the lines come from; all lines of one event come from the same.
        kind: LineKind,
        /// The lines.
        text: String,
        /// The number of the first line in the task's transcript, from 0. The store
        /// gives it; a worker leaves it 0.
        #[serde(default)]
        first_line: u64,
    },
    /// A step in plain words began or changed; the same id is the same step.
    Step(Step),
    /// The agent's plan, whole.
    Plan {
        /// Its entries in order, at most 50.
        entries: Vec<PlanEntry>,
    },
    /// The copy's state was saved as a commit.
    SavePoint(SavePoint),
    /// What the task has changed so far, as git counts it.
    Changes {
        /// Sums over all files.
        totals: ChangeTotals,
        /// The first files, at most [`MAX_FILES_NAMED`].
        files: Vec<FileDiffStat>,
    },
    /// What the agent says it used.
    Usage(Usage),
    /// The agent asks a person.
    Question(Question),
    /// A question was answered (or withdrawn by the agent's end).
    Answered {
        /// The question.
        question: String,
        /// The option that was chosen; `None` means withdrawn.
        option: Option<String>,
    },
    /// The agent's conversation has a name, with which it may go on later.
    Session(AgentSession),
    /// A person said something to the agent while it worked.
    Message {
        /// What was said.
        text: String,
    },
    /// How the attempt ended. The last event of an attempt but for its `Status`.
    Outcome(Outcome),
    /// A new attempt was asked for.
    Attempt {
        /// Its number, from 1.
        number: u32,
        /// Whether it goes on from the last save point (else it starts afresh).
        continues: bool,
        /// What the person said for it; empty means nothing.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        #[cfg_attr(feature = "ts", ts(optional, as = "Option<String>"))]
        message: String,
    },
    /// The result was brought into the project: by the person, or by the place itself.
    #[serde(rename = "added")]
    Published {
        /// The new branch's name.
        branch: String,
        /// The commit it points to.
        commit: String,
    },
    /// Every task of the batch is over. Belongs to the batch; a new attempt may follow.
    End,
    /// Written by a newer version; kept, not understood.
    #[serde(other)]
    Unknown,
}

/// Where a line of the transcript comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// The heading of a step.
    Step,
    /// What the agent says to the person.
    #[serde(rename = "said")]
    AgentMessage,
    /// What the agent thinks aloud.
    Thought,
    /// A program's standard output.
    #[serde(rename = "out")]
    Stdout,
    /// A program's standard error.
    #[serde(rename = "err")]
    Stderr,
    /// Said by us.
    Note,
    /// Received from a place and not understood, as it came. Shown under "Details".
    Raw,
}

/// One thing the agent does, in plain words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Step {
    /// Unique in the attempt.
    pub id: String,
    /// What kind of thing.
    pub kind: StepKind,
    /// One line: "Read 3 files". Text from an agent, at most 4,000 characters.
    pub title: String,
    /// A second line, such as the command that runs.
    #[serde(default)]
    pub detail: String,
    /// The files it touches, at most [`MAX_FILES_NAMED`].
    #[serde(default)]
    pub files: Vec<FileDiffStat>,
    /// How far it is.
    pub state: StepState,
    /// The transcript's line at which it began. The store gives it.
    #[serde(default)]
    pub line: u64,
    /// When it began. The store gives it.
    #[serde(default)]
    pub started_at: Millis,
    /// When it last changed. The store gives it.
    #[serde(default)]
    pub changed_at: Millis,
    /// The attempt it belongs to. The store gives it.
    #[serde(default)]
    pub attempt: u32,
}

/// What kind of thing a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// We made the separate copy.
    Copy,
    /// The agent was started.
    Start,
    /// The agent says something to the person.
    #[serde(rename = "said")]
    AgentMessage,
    /// The person says something to the agent.
    Message,
    /// It thinks aloud.
    Thought,
    /// It reads.
    Read,
    /// It searches.
    Search,
    /// It changes files.
    Edit,
    /// It removes files.
    Remove,
    /// It runs a command.
    Run,
    /// It fetches something from elsewhere.
    Fetch,
    /// It asks a person.
    Ask,
    /// We saved the copy's state.
    Save,
    /// Anything else.
    Other,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Under way.
    Working,
    /// Done.
    Done,
    /// It did not work out.
    Failed,
}

/// One entry of an agent's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PlanEntry {
    /// What is to be done, at most 200 characters.
    pub text: String,
    /// How far it is.
    pub state: PlanState,
}

/// How far a plan's entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// Not begun.
    Open,
    /// Under way.
    Working,
    /// Done.
    Done,
}

/// A commit that holds the copy's state, on a private ref of the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SavePoint {
    /// Counted from 1 in the attempt.
    pub number: u32,
    /// The commit.
    pub commit: String,
    /// Why it was made.
    pub reason: SaveReason,
}

/// Why a save point was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SaveReason {
    /// The agent ended a turn.
    TurnEnded,
    /// Five minutes passed.
    Timer,
    /// The attempt ended; this is its result.
    Result,
    /// The attempt was cut off; this is what was there.
    #[serde(rename = "rescued")]
    Recovered,
}

/// Sums over the changed files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ChangeTotals {
    /// Changed files.
    pub files: u32,
    /// Added lines.
    pub added: u64,
    /// Removed lines.
    pub removed: u64,
}

/// One file and its counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FileDiffStat {
    /// Its path in the project, with `/`.
    pub path: String,
    /// Added lines.
    pub added: u64,
    /// Removed lines.
    pub removed: u64,
}

/// The name of an agent's conversation, and how it can go on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct AgentSession {
    /// The agent's name for it, at most 200 characters.
    pub id: String,
    /// Whether the agent can go on with it (`session/resume`).
    #[serde(rename = "resumes")]
    pub can_resume: bool,
    /// Whether it can load it, telling everything again (`session/load`).
    #[serde(rename = "loads")]
    pub can_load: bool,
}

impl Step {
    /// A step with its title and nothing more. The store fills in what it knows better.
    pub fn new(id: impl Into<String>, kind: StepKind, title: &str, state: StepState) -> Self {
        Self {
            id: id.into(),
            kind,
            title: title.to_owned(),
            detail: String::new(),
            files: Vec::new(),
            state,
            line: 0,
            started_at: 0,
            changed_at: 0,
            attempt: 0,
        }
    }
}

impl Event {
    /// What a person said to the agent: a step, and a line of the transcript.
    pub fn message_to_agent(id: impl Into<String>, text: &str) -> [Self; 2] {
        let text = format!("You: {text}");
        let title: String = text.chars().take(MAX_TITLE_CHARS).collect();
        [
            Self::Step(Step::new(id, StepKind::Message, &title, StepState::Done)),
            Self::Output { kind: LineKind::AgentMessage, text, first_line: 0 },
        ]
    }
}
