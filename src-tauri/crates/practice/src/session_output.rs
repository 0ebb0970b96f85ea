//! What the practice agent shows and asks while it works: ACP messages of one session.

use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::v1::schema::{
    ContentChunk, Cost, PermissionOption, PermissionOptionKind, Plan, PlanEntry, PlanEntryPriority,
    PlanEntryStatus, RequestPermissionOutcome, RequestPermissionRequest, SessionId,
    SessionNotification, SessionUpdate, ToolCall, ToolCallId, ToolCallStatus, ToolCallUpdate,
    ToolCallUpdateFields, UsageUpdate,
};
use agent_client_protocol::{Client, Error};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Semaphore;

/// How many messages may be under way to the client; more wait, so that a slow client
/// slows the agent down instead of filling its memory.
const MAX_IN_FLIGHT: usize = 64;

/// The places of messages on their way to the client: taken before one is sent, given
/// back when it was written.
#[derive(Clone)]
pub(crate) struct Backpressure(Arc<Semaphore>);

impl Backpressure {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_IN_FLIGHT)))
    }

    /// Waits for a place and takes it.
    pub(crate) async fn acquire(&self) {
        self.0.acquire().await.expect("BUG: the room is never closed").forget();
    }

    /// A message was written.
    pub(crate) fn release(&self) {
        self.0.add_permits(1);
    }

    /// Waits until everything that was sent is written.
    pub(crate) async fn wait_until_drained(&self) {
        let all = u32::try_from(MAX_IN_FLIGHT).expect("BUG: a small number");
        let permits = self.0.acquire_many(all).await;
        drop(permits.expect("BUG: the room is never closed"));
    }
}

/// How a question was answered.
pub(crate) enum QuestionAnswer {
    /// By the option with this number.
    Option(usize),
    /// Not at all: the turn was cancelled.
    Cancelled,
}

/// One session's way to the client.
pub(crate) struct SessionOutput {
    pub(crate) connection: ConnectionTo<Client>,
    pub(crate) session: SessionId,
    pub(crate) backpressure: Backpressure,
    /// Whether the client takes a command's output in pieces.
    pub(crate) accepts_output_deltas: bool,
    pub(crate) call_count: Arc<AtomicU64>,
    /// What is chosen of what the agent offers, in words.
    pub(crate) settings: String,
}

impl SessionOutput {
    /// Says `text` to the person, as lines of its own.
    pub(crate) async fn send_message(&self, text: &str) -> Result<(), Error> {
        let chunk = ContentChunk::new(format!("{text}\n").into());
        self.send_update(SessionUpdate::AgentMessageChunk(chunk)).await
    }

    /// Says what the agent used, with the cost in US cents.
    pub(crate) async fn send_usage(&self, cents: u32) -> Result<(), Error> {
        let cost = Cost::new(f64::from(cents) / 100.0, "USD");
        let update = UsageUpdate::new(1_000, 200_000).cost(cost);
        self.send_update(SessionUpdate::UsageUpdate(update)).await
    }

    /// Thinks aloud.
    pub(crate) async fn send_thought(&self, text: &str) -> Result<(), Error> {
        let chunk = ContentChunk::new(format!("{text}\n").into());
        self.send_update(SessionUpdate::AgentThoughtChunk(chunk)).await
    }

    /// Shows the plan, of which the first `done` entries are done; the next is under way.
    pub(crate) async fn send_plan(&self, entries: &[String], done: usize) -> Result<(), Error> {
        let entry = |(n, text): (usize, &String)| {
            let status = match n.cmp(&done) {
                std::cmp::Ordering::Less => PlanEntryStatus::Completed,
                std::cmp::Ordering::Equal => PlanEntryStatus::InProgress,
                std::cmp::Ordering::Greater => PlanEntryStatus::Pending,
            };
            PlanEntry::new(text.clone(), PlanEntryPriority::Medium, status)
        };
        let entries = entries.iter().enumerate().map(entry).collect();
        self.send_update(SessionUpdate::Plan(Plan::new(entries))).await
    }

    /// An id for a tool call that none had before.
    pub(crate) fn next_call_id(&self) -> ToolCallId {
        ToolCallId::new(format!("call-{}", self.call_count.fetch_add(1, Ordering::Relaxed) + 1))
    }

    /// A tool call begins.
    pub(crate) async fn begin_call(&self, call: ToolCall) -> Result<(), Error> {
        self.send_update(SessionUpdate::ToolCall(call.status(ToolCallStatus::InProgress))).await
    }

    /// A tool call ended, well or not.
    pub(crate) async fn end_call(
        &self,
        call: &ToolCallId,
        well: bool,
        fields: ToolCallUpdateFields,
    ) -> Result<(), Error> {
        let status = if well { ToolCallStatus::Completed } else { ToolCallStatus::Failed };
        let update = ToolCallUpdate::new(call.clone(), fields.status(status));
        self.send_update(SessionUpdate::ToolCallUpdate(update)).await
    }

    /// What a command printed since the last piece. A client that doesn't take pieces
    /// gets it as a message, because a tool call's content can only be replaced whole.
    pub(crate) async fn send_output(&self, call: &ToolCallId, piece: &str) -> Result<(), Error> {
        if !self.accepts_output_deltas {
            let chunk = ContentChunk::new(piece.into());
            return self.send_update(SessionUpdate::AgentMessageChunk(chunk)).await;
        }
        let meta = json!({ "terminal_output_delta": { "terminal_id": call, "data": piece } });
        let serde_json::Value::Object(meta) = meta else { unreachable!("BUG: an object") };
        let update = ToolCallUpdate::new(call.clone(), ToolCallUpdateFields::new()).meta(meta);
        self.send_update(SessionUpdate::ToolCallUpdate(update)).await
    }

    /// Asks the person.
    pub(crate) async fn ask_permission(
        &self,
        call: &ToolCallId,
        question: &str,
        options: &[String],
    ) -> Result<QuestionAnswer, Error> {
        let offered = options.iter().enumerate().map(|(n, label)| {
            PermissionOption::new(n.to_string(), label.clone(), to_option_kind(label))
        });
        let about = ToolCallUpdate::new(
            call.clone(),
            ToolCallUpdateFields::new().title(question.to_owned()),
        );
        let request = RequestPermissionRequest::new(self.session.clone(), about, offered.collect());
        self.backpressure.acquire().await;
        let response = self.connection.send_request(request).block_task().await?;
        let RequestPermissionOutcome::Selected(chosen) = response.outcome else {
            return Ok(QuestionAnswer::Cancelled);
        };
        let number = chosen.option_id.0.parse().ok().filter(|n| *n < options.len());
        number.map(QuestionAnswer::Option).ok_or_else(|| {
            Error::invalid_params().data(json!("The answer is none of the options."))
        })
    }

    async fn send_update(&self, update: SessionUpdate) -> Result<(), Error> {
        self.backpressure.acquire().await;
        self.connection.send_notification(SessionNotification::new(self.session.clone(), update))
    }
}

/// A label that begins with a word of refusal means no; any other means yes.
fn to_option_kind(label: &str) -> PermissionOptionKind {
    let first = label.split_whitespace().next().unwrap_or_default();
    let word = first.trim_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    match word.as_str() {
        "no" | "not" | "never" | "don't" | "reject" | "refuse" | "deny" | "cancel" | "skip" => {
            PermissionOptionKind::RejectOnce
        }
        _ => PermissionOptionKind::AllowOnce,
    }
}
