//! What goes over the network: the Cloud Coding API as it is documented, and what our own
//! server adds to it. Both ends use these types, so they can't come to differ.
//!
//! An event of the stream is an SSE event. `updates` is a step of the agent, `custom` text
//! that a task printed ([`OutputEvent`]) or one of our typed facts ([`FactEvent`]), `end` the last
//! word ([`End`]). On our server every event's `id` is the number of the entry of the batch's
//! log that it shows.

use crate::event::{
    ChangeTotals, Event, FileDiffStat, LineKind, Outcome, PlanEntry, Question, SavePoint, Step,
    Usage,
};
use crate::reading::{bounded_objects, null_as_default};
use crate::request::MAX_TASKS;
use crate::secret::Secret;
use crate::status::Status;
use crate::user_message::{ErrorCode, UserMessage};
use crate::{BatchId, Millis};
use serde::{Deserialize, Serialize};

/// The path of the call that starts a batch.
pub const INVOKE_PATH: &str = "/invoke/stdout";
/// The header that carries the key.
pub const KEY_HEADER: &str = "x-api-key";
/// The header with which the same request joins the batch that it started before.
pub const IDEMPOTENCY_HEADER: &str = "idempotency-key";
/// The header of an answer that names the batch, for a client that wants to resume. Ours.
pub const RUN_HEADER: &str = "x-regatta-run";
/// How often our server shows that it is there when nothing happens, in seconds.
pub const HEARTBEAT_S: u64 = 5;
/// The largest body that our server takes, in bytes.
pub const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// The most messages of one request.
pub const MAX_MESSAGES: usize = 1_000;

/// The body of the call, as our server takes it. What it doesn't know is left out; `null` for a
/// field means that it isn't given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct InvokeRequest {
    /// The repository: an https address, or a folder that the server allows.
    #[serde(deserialize_with = "null_as_default")]
    pub repo_url: String,
    /// The token for the repository's host. In memory only.
    #[cfg_attr(feature = "schema", schema(value_type = String, default = ""))]
    #[serde(deserialize_with = "null_as_default")]
    pub github_token: Secret,
    /// A single task.
    #[serde(deserialize_with = "bounded_objects::<_, _, MAX_MESSAGES>")]
    pub messages: Vec<ChatMessage>,
    /// Tasks to run at the same time.
    #[serde(deserialize_with = "bounded_objects::<_, _, MAX_TASKS>")]
    pub parallel_tasks: Vec<InvokeTask>,
    /// The branch to start from. Empty means `main`, or else the repository's default branch.
    #[serde(deserialize_with = "null_as_default")]
    pub branch: String,
    /// Whether the smaller, quicker model is wanted, by tasks for which no model is named.
    #[serde(deserialize_with = "null_as_default")]
    pub haiku: bool,
    /// An earlier task whose work goes on.
    pub thread_id: Option<String>,
    /// Ours: the batch's title.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// Ours: the name of the agent, one of `GET /v1/agents`.
    pub agent: Option<String>,
    /// Ours: the model, as that agent calls it (`GET /v1/agents` lists what is known).
    pub model: Option<String>,
    /// Ours: how many tasks may work at the same time.
    pub max_parallel: Option<u32>,
}

/// One task of the body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct InvokeTask {
    /// Unique inside the batch. It is never a path or a ref.
    #[serde(deserialize_with = "null_as_default")]
    pub task_name: String,
    /// What the agent is asked to do.
    #[serde(deserialize_with = "null_as_default")]
    pub prompt: String,
    /// Ours: the time it may take, in seconds. `None` means no limit.
    pub time_limit_s: Option<u64>,
    /// Ours: the name of the agent, where it isn't the batch's.
    pub agent: Option<String>,
    /// Ours: the model, as its agent calls it. `None` means the batch's, if it has the batch's
    /// agent.
    pub model: Option<String>,
}

/// One message of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ChatMessage {
    /// `human` for what a person says.
    #[serde(rename = "type")]
    #[serde(deserialize_with = "null_as_default")]
    pub kind: String,
    /// What is said.
    #[serde(deserialize_with = "null_as_default")]
    pub content: String,
}

/// Text that a task printed: the data of a `custom` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OutputEvent {
    /// The task.
    pub task_name: String,
    /// The text with its newlines.
    pub stdout: String,
    /// Ours: where it comes from; left out for a program's standard output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<LineKind>,
    /// Ours: when it was printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
}

/// Something that happened to a task: the data of a `custom` event of ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FactEvent {
    /// The task.
    pub task_name: String,
    /// When it happened.
    pub at: Millis,
    /// What happened, under a key of its own.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What happened; on the wire a key and a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Where the task stands now.
    Status(StatusFact),
    /// A step in plain words began or changed.
    Activity(Step),
    /// The agent's plan, whole.
    Plan(Vec<PlanEntry>),
    /// The state of the copy was saved.
    SavePoint(SavePoint),
    /// What the task has changed so far.
    Changes(ChangesFact),
    /// What the agent says it used.
    Usage(Usage),
    /// The agent asks a person.
    Question(Question),
    /// A question was answered.
    Answered(AnsweredFact),
    /// How the attempt ended.
    Outcome(Outcome),
    /// The result was shared as a branch of the repository.
    #[serde(rename = "branch")]
    Published(PublishedFact),
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StatusFact {
    /// The status.
    pub status: Status,
    /// Why, where the status alone doesn't tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<UserMessage>,
}

/// What a task has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ChangesFact {
    /// Sums over all files.
    pub totals: ChangeTotals,
    /// The first files.
    pub files: Vec<FileDiffStat>,
}

/// An answered question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AnsweredFact {
    /// The question.
    pub question: String,
    /// The chosen option; `None` means withdrawn.
    pub option: Option<String>,
}

/// A branch that holds a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PublishedFact {
    /// The branch's name.
    pub branch: String,
    /// The commit it points to.
    pub commit: String,
}

/// The data of an `updates` event of ours: an attempt at a task begins. The first event of
/// every stream is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Update {
    /// The batch.
    pub run_id: BatchId,
    /// The task.
    pub task_name: String,
    /// The thread with which the task's work can go on later.
    pub thread_id: String,
    /// The attempt, from 1.
    pub attempt: u32,
    /// Whether it goes on from what was saved.
    pub continues: bool,
    /// Always empty; there because the documented event has it.
    pub messages: Vec<ChatMessage>,
    /// Always empty; there because the documented event has it.
    pub stream_events: Vec<ChatMessage>,
}

/// The data of the `end` event of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct End {
    /// `finished` when every task finished, else the first of `failed`, `interrupted`,
    /// `stopped` and `unknown` that one of them is.
    pub status: Status,
    /// The number of this event: there is no higher one.
    pub last_seq: u64,
    /// How each task ended.
    #[serde(default)]
    pub tasks: Vec<EndedTask>,
}

/// How one task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EndedTask {
    /// The task.
    pub task_name: String,
    /// Its end.
    pub status: Status,
    /// The branch that holds its result, once there is one.
    pub branch: Option<String>,
    /// The commit that is its result.
    pub commit: Option<String>,
    /// The thread with which its work can go on.
    pub thread_id: String,
}

/// The body of every answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// The error.
    pub error: WireError,
}

/// An error of our server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WireError {
    /// One of a closed list.
    pub code: ErrorCode,
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// Names the request in the server's log, where the error is the server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl From<&UserMessage> for ErrorBody {
    fn from(notice: &UserMessage) -> Self {
        let error = WireError {
            code: notice.code,
            message: notice.message.clone(),
            hint: notice.hint.clone(),
            request_id: None,
        };
        Self { error }
    }
}

impl Fact {
    /// The fact that an entry of a log is, if it is one: text, attempts and ends have events
    /// of their own.
    #[must_use]
    pub fn from_event(event: &Event) -> Option<Self> {
        Some(match event.clone() {
            Event::Status { status, notice } => Self::Status(StatusFact { status, notice }),
            Event::Step(step) => Self::Activity(step),
            Event::Plan { entries } => Self::Plan(entries),
            Event::SavePoint(point) => Self::SavePoint(point),
            Event::Changes { totals, files } => Self::Changes(ChangesFact { totals, files }),
            Event::Usage(usage) => Self::Usage(usage),
            Event::Question(question) => Self::Question(question),
            Event::Answered { question, option } => {
                Self::Answered(AnsweredFact { question, option })
            }
            Event::Outcome(outcome) => Self::Outcome(outcome),
            Event::Published { branch, commit } => {
                Self::Published(PublishedFact { branch, commit })
            }
            Event::Output { .. }
            | Event::Attempt { .. }
            | Event::Session(_)
            | Event::Message { .. }
            | Event::End
            | Event::Unknown => return None,
        })
    }

    /// The entry of a log that it is.
    #[must_use]
    pub fn into_event(self) -> Event {
        match self {
            Self::Status(StatusFact { status, notice }) => Event::Status { status, notice },
            Self::Activity(step) => Event::Step(step),
            Self::Plan(entries) => Event::Plan { entries },
            Self::SavePoint(point) => Event::SavePoint(point),
            Self::Changes(ChangesFact { totals, files }) => Event::Changes { totals, files },
            Self::Usage(usage) => Event::Usage(usage),
            Self::Question(question) => Event::Question(question),
            Self::Answered(AnsweredFact { question, option }) => {
                Event::Answered { question, option }
            }
            Self::Outcome(outcome) => Event::Outcome(outcome),
            Self::Published(PublishedFact { branch, commit }) => {
                Event::Published { branch, commit }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_fact_is_a_key_beside_the_tasks_name() {
        let event = Event::Status { status: Status::Working, notice: None };
        let fact = Fact::from_event(&event).expect("a fact");
        let told = FactEvent { task_name: "a".into(), at: 7, fact };
        let value = serde_json::to_value(&told).expect("JSON");
        let expected = json!({ "task_name": "a", "at": 7, "status": { "status": "working" } });
        assert_eq!(value, expected);
        let read: FactEvent = serde_json::from_value(value).expect("a fact");
        assert_eq!(read.fact.into_event(), event);
    }

    #[test]
    fn the_documented_body_is_read_and_its_token_is_not_shown() {
        let body = r#"{"repo_url":"https://github.com/o/r","github_token":"hush","later":1,
            "messages":[{"type":"human","content":"go"}],
            "parallel_tasks":[{"prompt":"write tests","task_name":"testing"}]}"#;
        let read: InvokeRequest = serde_json::from_str(body).expect("a body");
        assert_eq!(read.parallel_tasks[0].task_name, "testing");
        assert_eq!(read.github_token.expose(), "hush");
        assert!(!format!("{read:?}").contains("hush"));
    }
}
