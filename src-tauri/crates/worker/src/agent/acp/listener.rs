//! Hears an ACP agent's output: shows what is to be shown, hands the rest on.
//!
//! Updates are handled here and not by the protocol's crate: its queue has no bound, it
//! drops what it doesn't know, and it answers noise with errors. Here the agent waits until
//! there is room for what it says, what is unknown is noted, and noise is shown.

use super::message_buffer::MessageBuffer;
use super::raw_log::RawLog;
use super::tool_calls::ToolCalls;
use super::usage::UsageMeter;
use super::wire::{RawLine, RawLineSplitter, Routed, repair_response, route};
use super::{DisplayItem, plan};
use crate::agent::{AgentSummary, read_chunk};
use crate::line_splitter::LineSplitter;
use crate::output::EventSender;
use crate::sandbox::DenialReporter;
use crate::text::one_line;
use agent_client_protocol::v1::schema::{
    ContentBlock, ContentChunk, SessionNotification, SessionUpdate,
};
use regatta_process::Process;
use regatta_protocol::event::{Event, LineKind, StepState};
use regatta_protocol::json_text::replace_lone_surrogates;
use regatta_trace::LogDropped;
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::process::ChildStdout;
use tokio::sync::mpsc;

/// After this much silence a line that was begun is shown.
const FLUSH_DELAY: Duration = Duration::from_millis(200);
/// How long output is awaited after the program ended: what it left behind may hold the
/// pipe open for ever.
const OUTPUT_GRACE: Duration = Duration::from_secs(1);
/// The most kinds of unknown updates that are noted.
const MAX_UNKNOWN_KINDS: usize = 20;

/// What hears an agent.
pub(super) struct Listener {
    pub(super) events: EventSender,
    pub(super) denials: DenialReporter,
    /// Where messages go that the protocol's crate handles.
    pub(super) messages: mpsc::Sender<String>,
    pub(super) tool_calls: Arc<Mutex<ToolCalls>>,
    pub(super) raw_log: Arc<Mutex<RawLog>>,
    pub(super) message_buffer: MessageBuffer,
    pub(super) unknown_kinds: HashSet<String>,
    /// Whether updates only tell again what an earlier attempt showed.
    pub(super) is_replaying: Arc<AtomicBool>,
    pub(super) usage_meter: UsageMeter,
}

impl Listener {
    /// Hears everything; what is told of it.
    pub(super) async fn run(mut self, mut pipe: ChildStdout, process: Process) -> AgentSummary {
        let mut lines = RawLineSplitter::default();
        let mut bytes = Vec::new();
        loop {
            let over = async {
                tokio::select! {
                    _ = process.wait_for_exit() => tokio::time::sleep(OUTPUT_GRACE).await,
                    () = process.wait_for_output_close() => {}
                }
            };
            let read = read_chunk(&mut pipe, over, &mut bytes);
            let more = if self.message_buffer.has_partial_line() {
                match tokio::time::timeout(FLUSH_DELAY, read).await {
                    Ok(more) => more,
                    Err(_) => {
                        let shown = self.message_buffer.flush();
                        self.show(shown).await;
                        continue;
                    }
                }
            } else {
                read.await
            };
            if !more {
                break;
            }
            for line in lines.push(&bytes) {
                self.handle_line(line).await;
            }
        }
        if let Some(line) = lines.finish() {
            self.handle_line(line).await;
        }
        self.finish_turn(StepState::Failed).await;
        let tests = self.tool_calls.lock().unwrap_or_else(PoisonError::into_inner).take_tests();
        AgentSummary { last_message: self.message_buffer.last_message().to_owned(), tests }
    }

    async fn handle_line(&mut self, line: RawLine) {
        let line = match line {
            RawLine::Whole(line) => line,
            RawLine::TooLong(shown) => {
                self.show_noise(&shown).await;
                self.events
                    .send_note("The agent printed a line that is too long; its rest is left out.");
                return;
            }
        };
        self.raw_log.lock().unwrap_or_else(PoisonError::into_inner).add(&line);
        let line = match replace_lone_surrogates(&line) {
            Cow::Owned(repaired) => repaired,
            Cow::Borrowed(_) => line,
        };
        match route(&line) {
            Routed::Update(_) if self.is_replaying.load(Ordering::Acquire) => {}
            Routed::Update(params) => self.handle_update(params).await,
            Routed::Noise => self.show_noise(&line).await,
            Routed::Forward => self.forward(line).await,
            Routed::Response(end) => {
                if let Some(end) = end {
                    if let Some(tokens) = end.tokens {
                        self.show(vec![DisplayItem::Usage(self.usage_meter.usage(tokens))]).await;
                    }
                    let done = end.stop_reason == "end_turn";
                    let state = if done { StepState::Done } else { StepState::Failed };
                    self.finish_turn(state).await;
                }
                self.forward(repair_response(&line).unwrap_or(line)).await;
            }
        }
    }

    async fn forward(&mut self, line: String) {
        let shown = self.message_buffer.finish();
        self.show(shown).await;
        // An error: the conversation is over, and nobody waits for the message.
        self.messages.send(line).await.log_dropped("handing a message on");
    }

    async fn finish_turn(&mut self, state: StepState) {
        let mut shown = self.message_buffer.finish();
        shown.extend(
            self.tool_calls.lock().unwrap_or_else(PoisonError::into_inner).close_open_calls(state),
        );
        self.show(shown).await;
    }

    async fn show_noise(&mut self, text: &str) {
        let mut shown = self.message_buffer.finish();
        let mut lines = LineSplitter::new();
        let mut texts = lines.push(text.as_bytes());
        texts.extend(lines.finish());
        shown.extend(texts.into_iter().map(|text| DisplayItem::Lines(LineKind::Stdout, text)));
        self.show(shown).await;
    }

    async fn handle_update(&mut self, params: &str) {
        let update = serde_json::from_str::<SessionNotification>(params);
        let Some(update) = update.log_failed("reading an update") else {
            return self.note_unknown(params);
        };
        let shown = self.display_items(update.update);
        self.show(shown).await;
    }

    fn display_items(&mut self, update: SessionUpdate) -> Vec<DisplayItem> {
        let update = match update {
            SessionUpdate::AgentMessageChunk(chunk) => {
                return self.push_chunk(LineKind::AgentMessage, &chunk);
            }
            SessionUpdate::AgentThoughtChunk(chunk) => {
                return self.push_chunk(LineKind::Thought, &chunk);
            }
            SessionUpdate::ToolCall(call) => call.into(),
            SessionUpdate::ToolCallUpdate(update) => update,
            SessionUpdate::Plan(plan) => {
                return vec![DisplayItem::Plan(plan::to_plan_entries(&plan))];
            }
            SessionUpdate::UsageUpdate(update) => {
                return vec![DisplayItem::Usage(self.usage_meter.update(&update))];
            }
            // Of no use to a person who watches: commands, modes, settings, their own words.
            _ => return Vec::new(),
        };
        let mut shown = self.message_buffer.finish();
        shown
            .extend(self.tool_calls.lock().unwrap_or_else(PoisonError::into_inner).update(&update));
        shown
    }

    fn push_chunk(&mut self, kind: LineKind, chunk: &ContentChunk) -> Vec<DisplayItem> {
        let message = chunk.message_id.as_ref().map(|id| &*id.0);
        let text = match &chunk.content {
            ContentBlock::Text(text) => text.text.as_str(),
            ContentBlock::ResourceLink(link) => link.uri.as_str(),
            _ => return Vec::new(),
        };
        self.message_buffer.push(kind, message, text)
    }

    fn note_unknown(&mut self, params: &str) {
        let kind = serde_json::from_str::<serde_json::Value>(params).ok().and_then(|params| {
            Some(one_line(params.get("update")?.get("sessionUpdate")?.as_str()?, 60))
        });
        let kind = kind.unwrap_or_else(|| "without a kind".to_owned());
        if self.unknown_kinds.len() < MAX_UNKNOWN_KINDS && self.unknown_kinds.insert(kind.clone()) {
            self.events.send_note(format!(
                "The agent sent an update that Regatta doesn't understand ({kind}). It is kept \
                 in the task's raw record."
            ));
        }
    }

    async fn show(&self, shown: Vec<DisplayItem>) {
        for shown in shown {
            match shown {
                DisplayItem::Lines(kind, text) => self.send_lines(kind, text).await,
                DisplayItem::Step(step) => {
                    self.events.send_with_backpressure(Event::Step(*step)).await
                }
                DisplayItem::Plan(entries) => {
                    self.events.send_with_backpressure(Event::Plan { entries }).await
                }
                DisplayItem::Usage(usage) => {
                    self.events.send_with_backpressure(Event::Usage(usage)).await
                }
            }
        }
    }
}

impl Listener {
    /// Sends lines; what a sandbox refused is told with them.
    async fn send_lines(&self, kind: LineKind, text: String) {
        match kind {
            LineKind::Stdout | LineKind::Stderr => {
                self.denials.forward_lines(&self.events, kind, text).await;
            }
            _ => self.events.send_lines(kind, text).await,
        }
    }
}
