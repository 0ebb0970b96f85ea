//! Hears an ACP agent's output: shows what is to be shown, hands the rest on.
//!
//! Updates are handled here and not by the protocol's crate: its queue has no bound, it
//! drops what it doesn't know, and it answers noise with errors. Here the agent waits until
//! there is room for what it says, what is unknown is noted, and noise is shown.

use super::calls::Calls;
use super::meter::Meter;
use super::raw_log::RawLog;
use super::voice::Voice;
use super::wire::{RawLine, RawLines, Sorted, sort};
use super::{Shown, plan};
use crate::agent::{Spoken, read_some};
use crate::lines::Lines;
use crate::output::Events;
use crate::process::Process;
use crate::sandbox::Refusals;
use crate::text::one_line;
use agent_client_protocol::v1::schema::{
    ContentBlock, ContentChunk, SessionNotification, SessionUpdate,
};
use regatta_protocol::event::{Event, LineKind, StepState};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::process::ChildStdout;
use tokio::sync::mpsc;

/// After this much silence a line that was begun is shown.
const QUIET: Duration = Duration::from_millis(200);
/// How long output is awaited after the program ended: what it left behind may hold the
/// pipe open for ever.
const AFTER_THE_END: Duration = Duration::from_secs(1);
/// The most kinds of unknown updates that are noted.
const MAX_UNKNOWN: usize = 20;

/// What hears an agent.
pub(super) struct Listener {
    pub(super) events: Events,
    pub(super) refusals: Refusals,
    /// Where messages go that the protocol's crate handles.
    pub(super) messages: mpsc::Sender<String>,
    pub(super) calls: Arc<Mutex<Calls>>,
    pub(super) raw: Arc<Mutex<RawLog>>,
    pub(super) voice: Voice,
    pub(super) unknown: HashSet<String>,
    /// Whether updates only tell again what an earlier attempt showed.
    pub(super) replayed: Arc<AtomicBool>,
    pub(super) meter: Meter,
}

impl Listener {
    /// Hears everything; what is told of it.
    pub(super) async fn hear(mut self, mut pipe: ChildStdout, process: Process) -> Spoken {
        let mut lines = RawLines::default();
        let mut bytes = Vec::new();
        loop {
            let over = async {
                tokio::select! {
                    _ = process.ended() => tokio::time::sleep(AFTER_THE_END).await,
                    () = process.closed_its_output() => {}
                }
            };
            let read = read_some(&mut pipe, over, &mut bytes);
            let more = if self.voice.is_open() {
                match tokio::time::timeout(QUIET, read).await {
                    Ok(more) => more,
                    Err(_) => {
                        let shown = self.voice.pause();
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
                self.line(line).await;
            }
        }
        if let Some(line) = lines.finish() {
            self.line(line).await;
        }
        self.end_of_turn(StepState::Failed).await;
        let tests = self.calls.lock().unwrap_or_else(PoisonError::into_inner).take_tests();
        Spoken { last_words: self.voice.last_words().to_owned(), tests }
    }

    async fn line(&mut self, line: RawLine) {
        let line = match line {
            RawLine::Whole(line) => line,
            RawLine::TooLong(shown) => {
                self.noise(&shown).await;
                self.events
                    .note("The agent printed a line that is too long; its rest is left out.");
                return;
            }
        };
        self.raw.lock().unwrap_or_else(PoisonError::into_inner).add(&line);
        match sort(&line) {
            Sorted::Update(_) if self.replayed.load(Ordering::Acquire) => {}
            Sorted::Update(params) => self.update(params).await,
            Sorted::Noise => self.noise(&line).await,
            Sorted::Call => self.hand_on(line).await,
            Sorted::Answer(end) => {
                if let Some(end) = end {
                    if let Some(tokens) = end.tokens {
                        self.show(vec![Shown::Usage(self.meter.usage(tokens))]).await;
                    }
                    let done = end.reason == "end_turn";
                    let state = if done { StepState::Done } else { StepState::Failed };
                    self.end_of_turn(state).await;
                }
                self.hand_on(line).await;
            }
        }
    }

    async fn hand_on(&mut self, line: String) {
        let shown = self.voice.end();
        self.show(shown).await;
        // An error: the conversation is over, and nobody waits for the message.
        drop(self.messages.send(line).await);
    }

    async fn end_of_turn(&mut self, state: StepState) {
        let mut shown = self.voice.end();
        shown.extend(self.calls.lock().unwrap_or_else(PoisonError::into_inner).settle(state));
        self.show(shown).await;
    }

    async fn noise(&mut self, text: &str) {
        let mut shown = self.voice.end();
        let mut lines = Lines::new();
        let mut texts = lines.push(text.as_bytes());
        texts.extend(lines.finish());
        shown.extend(texts.into_iter().map(|text| Shown::Lines(LineKind::Out, text)));
        self.show(shown).await;
    }

    async fn update(&mut self, params: &str) {
        let Ok(update) = serde_json::from_str::<SessionNotification>(params) else {
            return self.unknown(params);
        };
        let shown = self.shown(update.update);
        self.show(shown).await;
    }

    fn shown(&mut self, update: SessionUpdate) -> Vec<Shown> {
        let update = match update {
            SessionUpdate::AgentMessageChunk(chunk) => return self.spoken(LineKind::Said, &chunk),
            SessionUpdate::AgentThoughtChunk(chunk) => {
                return self.spoken(LineKind::Thought, &chunk);
            }
            SessionUpdate::ToolCall(call) => call.into(),
            SessionUpdate::ToolCallUpdate(update) => update,
            SessionUpdate::Plan(plan) => return vec![Shown::Plan(plan::entries(&plan))],
            SessionUpdate::UsageUpdate(update) => {
                return vec![Shown::Usage(self.meter.update(&update))];
            }
            // Of no use to a person who watches: commands, modes, settings, their own words.
            _ => return Vec::new(),
        };
        let mut shown = self.voice.end();
        shown.extend(self.calls.lock().unwrap_or_else(PoisonError::into_inner).update(&update));
        shown
    }

    fn spoken(&mut self, kind: LineKind, chunk: &ContentChunk) -> Vec<Shown> {
        let message = chunk.message_id.as_ref().map(|id| &*id.0);
        let text = match &chunk.content {
            ContentBlock::Text(text) => text.text.as_str(),
            ContentBlock::ResourceLink(link) => link.uri.as_str(),
            _ => return Vec::new(),
        };
        self.voice.speak(kind, message, text)
    }

    fn unknown(&mut self, params: &str) {
        let kind = serde_json::from_str::<serde_json::Value>(params).ok().and_then(|params| {
            Some(one_line(params.get("update")?.get("sessionUpdate")?.as_str()?, 60))
        });
        let kind = kind.unwrap_or_else(|| "without a kind".to_owned());
        if self.unknown.len() < MAX_UNKNOWN && self.unknown.insert(kind.clone()) {
            self.events.note(format!(
                "The agent sent an update that Regatta doesn't understand ({kind}). It is kept \
                 in the task's raw record."
            ));
        }
    }

    async fn show(&self, shown: Vec<Shown>) {
        for shown in shown {
            match shown {
                Shown::Lines(kind, text) => self.lines(kind, text).await,
                Shown::Step(step) => self.events.send_in_turn(Event::Step(*step)).await,
                Shown::Plan(entries) => self.events.send_in_turn(Event::Plan { entries }).await,
                Shown::Usage(usage) => self.events.send_in_turn(Event::Usage(usage)).await,
            }
        }
    }
}

impl Listener {
    /// Sends lines; what a sandbox refused is told with them.
    async fn lines(&self, kind: LineKind, text: String) {
        match kind {
            LineKind::Out | LineKind::Err => {
                self.refusals.pass_on(&self.events, kind, text).await;
            }
            _ => self.events.lines(kind, text).await,
        }
    }
}
