//! What a person is shown: folds over the log, replaced whole when their revision is newer.

use crate::endpoint::Endpoint;
use crate::event::{
    AgentSession, ChangeTotals, FileDiffStat, LineKind, Outcome, PlanEntry, Question, StepKind,
    Usage,
};
use crate::place::Place;
use crate::request::AgentChoice;
use crate::status::Status;
use crate::user_message::UserMessage;
use crate::{BatchId, Millis, TaskId};
use serde::{Deserialize, Serialize};

/// The most bytes a [`TaskView`] takes as JSON.
pub const MAX_TASK_VIEW_BYTES: usize = 8 * 1024;

/// One task as it stands. Under 8 KB as JSON, however much the task printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TaskView {
    /// The task.
    pub id: TaskId,
    /// Its batch.
    pub batch: BatchId,
    /// Whether it is no task but holds what a place says of the batch as a whole. Then it
    /// isn't counted.
    #[serde(default)]
    #[serde(rename = "whole_batch")]
    pub is_batch_channel: bool,
    /// Its name, cut to 200 characters.
    pub name: String,
    /// Its place in the batch, from 0.
    pub position: u32,
    /// Grows with every change, over all tasks; a view with a higher one replaces this.
    pub revision: u64,
    /// Where it stands.
    pub status: Status,
    /// Why it is paused, failed or interrupted.
    pub notice: Option<UserMessage>,
    /// The attempt, from 1.
    pub attempt: u32,
    /// What it does now, in plain words.
    pub step: Option<CurrentStep>,
    /// How many steps it has taken, over all attempts.
    pub steps: u32,
    /// The last line of its transcript, cut to 200 characters.
    pub last_line: String,
    /// The lines of its transcript.
    pub lines: u64,
    /// The agent's plan, at most 20 entries.
    pub plan: Vec<PlanEntry>,
    /// What it changed so far.
    pub totals: ChangeTotals,
    /// The first files it changed.
    pub files: Vec<FileDiffStat>,
    /// How many save points the attempt has.
    pub save_points: u32,
    /// When it was created.
    pub created_at: Millis,
    /// When this attempt's agent began.
    pub started_at: Option<Millis>,
    /// When this attempt ended.
    pub ended_at: Option<Millis>,
    /// The last sign of life.
    pub last_event_at: Millis,
    /// The last save point.
    pub saved_at: Option<Millis>,
    /// What the agent says it used.
    pub usage: Option<Usage>,
    /// What it asks, the first ones, at most [`MAX_QUESTIONS_SHOWN`]. An interrupted task whose
    /// conversation can go on keeps them: they can still be answered.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// How the attempt ended.
    pub outcome: Option<Outcome>,
    /// The branch of the project that holds the result, once it was added.
    pub branch: Option<String>,
    /// Whether "Continue from here" is possible: there is a save point or a copy.
    pub can_continue: bool,
    /// Who does it, as people call it, cut to 60 characters.
    #[serde(default)]
    pub agent: String,
    /// The row of the request that it came from, from 0: tasks of the same row are the same
    /// work by several agents.
    #[serde(default)]
    pub row: u32,
    /// The agent's conversation, once it has one: then it hears messages while it works, and
    /// may go on with it later.
    #[serde(default)]
    pub session: Option<AgentSession>,
}

/// The most questions of one task that are shown at once; more wait for their turn.
pub const MAX_QUESTIONS_SHOWN: usize = 5;

/// What a task does now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CurrentStep {
    /// What kind of thing.
    pub kind: StepKind,
    /// One line, cut to 200 characters.
    pub title: String,
}

/// How many tasks stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
#[expect(missing_docs, reason = "one field a status, of the same name")]
pub struct Counts {
    pub waiting: u32,
    pub working: u32,
    pub needs_you: u32,
    pub paused: u32,
    pub finished: u32,
    pub failed: u32,
    pub stopped: u32,
    pub interrupted: u32,
    pub unknown: u32,
}

impl Counts {
    /// The count of `status`, to read or change.
    pub const fn count_mut(&mut self, status: Status) -> &mut u32 {
        match status {
            Status::Waiting => &mut self.waiting,
            Status::Working => &mut self.working,
            Status::NeedsYou => &mut self.needs_you,
            Status::Paused => &mut self.paused,
            Status::Finished => &mut self.finished,
            Status::Failed => &mut self.failed,
            Status::Stopped => &mut self.stopped,
            Status::Interrupted => &mut self.interrupted,
            Status::Unknown => &mut self.unknown,
        }
    }

    /// All tasks.
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.waiting + self.active() + self.ended()
    }

    /// Tasks whose agent is at work, or held in mid-work.
    #[must_use]
    pub const fn active(&self) -> u32 {
        self.working + self.needs_you + self.paused
    }

    /// Tasks that ended.
    #[must_use]
    pub const fn ended(&self) -> u32 {
        self.finished + self.failed + self.stopped + self.interrupted + self.unknown
    }
}

/// One batch as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct BatchView {
    /// The batch.
    pub id: BatchId,
    /// Its title, cut to 200 characters.
    pub name: String,
    /// The project's folder, or the address of the repository.
    #[serde(rename = "project_path")]
    pub project: String,
    /// The project's name: the last part of that.
    pub project_name: String,
    /// Where its tasks run; `None` means on this computer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub endpoint: Option<Endpoint>,
    /// Where its tasks run, and what can be done there. The store doesn't keep it, as what can
    /// be done may change with the program: the engine fills it in, for views of older versions
    /// too.
    #[serde(default, skip_serializing_if = "Place::is_unknown")]
    #[cfg_attr(feature = "ts", ts(optional = false))]
    pub place: Place,
    /// What people call the commit it started from: the branch that was asked for, or what
    /// was checked out.
    pub start_from: String,
    /// The commit it started from; empty where only the place knows it.
    pub start_commit: String,
    /// Who does the work.
    pub agent: AgentChoice,
    /// How many of its tasks may work at the same time.
    pub max_parallel: u32,
    /// When it was started.
    pub created_at: Millis,
    /// When its last task ended; none while one waits or works.
    pub ended_at: Option<Millis>,
    /// Grows with every change, over all batches and tasks.
    pub revision: u64,
    /// The highest sequence number of its log.
    pub last_seq: u64,
    /// How many tasks stand where.
    pub counts: Counts,
    /// Its waiting tasks in the order in which they will start, with their place in the
    /// computer's queue, from 1.
    pub queue: Vec<QueuePosition>,
}

/// A waiting task's place in the computer's queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct QueuePosition {
    /// The task.
    pub task: TaskId,
    /// 1: next.
    #[serde(rename = "place")]
    pub position: u32,
}

/// A batch with its tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct BatchDetail {
    /// The batch.
    pub batch: BatchView,
    /// Its tasks in order.
    pub tasks: Vec<TaskView>,
    /// What its place says of the batch as a whole, once there is something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    #[serde(rename = "whole")]
    pub batch_channel: Option<TaskView>,
}

/// Where tasks run, as it stands. Now there is one: this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PlaceView {
    /// Tasks whose agent is at work.
    pub busy: u32,
    /// How many may be.
    pub limit: u32,
    /// Tasks that wait.
    pub waiting: u32,
    /// Why nothing is started now, if so.
    #[serde(rename = "paused")]
    pub pause_reason: Option<UserMessage>,
    /// Agents whose tasks are held: a usage limit, an expired sign-in.
    #[serde(default)]
    #[serde(rename = "holds")]
    pub agent_pauses: Vec<AgentPause>,
}

/// Why an agent's tasks are held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AgentPause {
    /// The agent.
    pub agent: AgentChoice,
    /// The only one of its tasks that is held; `None` means all. So it is where the reason was
    /// read from the agent's words, until a second task says the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub task: Option<TaskId>,
    /// Why, and what to do.
    pub notice: UserMessage,
    /// When its tasks go on by themselves; `None` means when a person says so.
    pub until: Option<Millis>,
    /// How many of its tasks wait for that.
    pub tasks: u32,
}

/// One line of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TranscriptLine {
    /// Its number, from 0.
    pub number: u64,
    /// Where it comes from.
    pub kind: LineKind,
    /// When it was written.
    pub at: Millis,
    /// Its text, cut to [`MAX_LINE_SHOWN`] bytes.
    pub text: String,
    /// Whether it was cut here; the saved file has it whole.
    #[serde(default)]
    #[serde(rename = "cut")]
    pub is_truncated: bool,
}

/// How much of one line a page carries, in bytes.
pub const MAX_LINE_SHOWN: usize = 4_096;
/// The most lines of one page.
pub const MAX_PAGE_LINES: u32 = 1_000;

/// A part of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LinePage {
    /// The lines, in order and without a gap.
    pub lines: Vec<TranscriptLine>,
    /// How many lines there are in all.
    pub total: u64,
}

/// Where a text was found in a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Matches {
    /// The numbers of the lines that hold it, in order, at most 10,000.
    pub lines: Vec<u64>,
    /// Whether there are more.
    #[serde(rename = "more")]
    pub has_more: bool,
}

/// What a task did to the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Changes {
    /// Sums over all files.
    pub totals: ChangeTotals,
    /// The files, at most 2,000.
    pub files: Vec<FileChange>,
    /// Whether there are more files than are listed.
    #[serde(rename = "more")]
    pub has_more: bool,
}

/// What happened to one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FileChange {
    /// Its path now (before, when it was removed).
    pub path: String,
    /// Its path before, when it moved.
    pub old_path: Option<String>,
    /// What happened.
    pub kind: ChangeKind,
    /// Whether it isn't text (then there are no counts).
    #[serde(rename = "binary")]
    pub is_binary: bool,
    /// Added lines.
    pub added: u64,
    /// Removed lines.
    pub removed: u64,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content or mode changed.
    Modified,
    /// It is gone.
    Removed,
    /// It has another path.
    Moved,
}

/// The text of one file's change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FilePatch {
    /// Its lines, at most 5,000.
    pub lines: Vec<PatchLine>,
    /// Whether it was cut.
    #[serde(rename = "more")]
    pub has_more: bool,
}

/// One line of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PatchLine {
    /// What kind of line.
    pub kind: PatchLineKind,
    /// Its number before, from 1.
    pub old: Option<u32>,
    /// Its number now, from 1.
    pub new: Option<u32>,
    /// Its text, cut to [`MAX_LINE_SHOWN`] bytes.
    pub text: String,
}

/// What kind of line of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PatchLineKind {
    /// The same before and now.
    Same,
    /// New.
    Added,
    /// Gone.
    Removed,
    /// Lines in between are left out.
    Gap,
}
