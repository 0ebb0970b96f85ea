//! What an agent says and thinks: pieces of text in, whole lines and steps out. Pure.

use super::DisplayItem;
use crate::line_splitter::LineSplitter;
use crate::text::clean_multiline;
use regatta_protocol::event::{LineKind, Step, StepKind, StepState};

/// How much of a message is kept, in characters.
const MAX_KEPT: usize = 4_000;

/// The agent's voice. A message lasts until something else comes.
#[derive(Debug)]
pub(super) struct MessageBuffer {
    /// What is spoken now: said or thought.
    kind: Option<LineKind>,
    /// The id that the agent gave the message, if it did.
    message_id: Option<String>,
    /// The message's beginning.
    text: String,
    lines: LineSplitter,
    /// How many messages there were.
    message_count: u64,
    /// The last message that was said.
    last_message: String,
}

impl MessageBuffer {
    pub(super) fn new() -> Self {
        Self {
            kind: None,
            message_id: None,
            text: String::new(),
            lines: LineSplitter::new(),
            message_count: 0,
            last_message: String::new(),
        }
    }

    /// The next piece of a message, said or thought.
    pub(super) fn push(
        &mut self,
        kind: LineKind,
        message: Option<&str>,
        piece: &str,
    ) -> Vec<DisplayItem> {
        let same = self.kind == Some(kind) && self.message_id.as_deref() == message;
        let mut shown = if same { Vec::new() } else { self.finish() };
        let piece = if same { piece } else { piece.trim_start_matches(['\n', '\r']) };
        if piece.is_empty() {
            return shown;
        }
        let room = (4 * MAX_KEPT).saturating_sub(self.text.len());
        self.text.push_str(&piece[..crate::text::floor_char_boundary(piece, room)]);
        if !same {
            self.kind = Some(kind);
            self.message_id = message.map(str::to_owned);
            self.message_count += 1;
            shown.extend(self.to_step(StepState::Working));
        }
        let lines = self.lines.push(piece.as_bytes());
        shown.extend(lines.into_iter().map(|text| DisplayItem::Lines(kind, text)));
        shown
    }

    /// Whether there is text that no line shows yet.
    pub(super) fn has_partial_line(&self) -> bool {
        self.lines.has_partial_line()
    }

    /// Nothing more came for a while: shows what there is.
    pub(super) fn flush(&mut self) -> Vec<DisplayItem> {
        let mut shown = self.flush_lines();
        shown.extend(self.to_step(StepState::Working));
        shown
    }

    /// The message is over.
    pub(super) fn finish(&mut self) -> Vec<DisplayItem> {
        let mut shown = self.flush_lines();
        shown.extend(self.to_step(StepState::Done));
        if self.kind == Some(LineKind::AgentMessage) && !self.text.trim().is_empty() {
            self.last_message = clean_multiline(&self.text, MAX_KEPT);
        }
        (self.kind, self.message_id) = (None, None);
        self.text.clear();
        shown
    }

    /// The last message that was said and is over.
    pub(super) fn last_message(&self) -> &str {
        &self.last_message
    }

    fn flush_lines(&mut self) -> Vec<DisplayItem> {
        let Some(kind) = self.kind else { return Vec::new() };
        self.lines.finish().into_iter().map(|text| DisplayItem::Lines(kind, text)).collect()
    }

    fn to_step(&self, state: StepState) -> Option<DisplayItem> {
        let kind = match self.kind? {
            LineKind::Thought => StepKind::Thought,
            _ => StepKind::AgentMessage,
        };
        let text = clean_multiline(&self.text, MAX_KEPT);
        Some(DisplayItem::Step(Box::new(Step::new(
            format!("s{}", self.message_count),
            kind,
            &text,
            state,
        ))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe_items(shown: &[DisplayItem]) -> Vec<String> {
        let brief = |shown: &DisplayItem| match shown {
            DisplayItem::Lines(kind, text) => format!("{kind:?}: {text}"),
            DisplayItem::Step(step) => format!("{} {:?} {:?}", step.id, step.state, step.title),
            other => format!("{other:?}"),
        };
        shown.iter().map(brief).collect()
    }

    #[test]
    fn pieces_become_lines_and_one_step() {
        let mut voice = MessageBuffer::new();
        let mut shown = voice.push(LineKind::AgentMessage, None, "\n\nThe for");
        shown.extend(voice.push(LineKind::AgentMessage, None, "m.\nSe"));
        shown.extend(voice.push(LineKind::AgentMessage, None, "cond"));
        assert!(voice.has_partial_line());
        shown.extend(voice.finish());
        let expected = [
            "s1 Working \"The for\"",
            "AgentMessage: The form.",
            "AgentMessage: Second",
            "s1 Done \"The form.\\nSecond\"",
        ];
        assert_eq!(describe_items(&shown), expected);
        assert_eq!(voice.last_message(), "The form.\nSecond");
        assert_eq!(describe_items(&voice.finish()), [""; 0]);
    }

    #[test]
    fn another_kind_or_message_begins_anew() {
        let mut voice = MessageBuffer::new();
        voice.push(LineKind::Thought, None, "Hm");
        let shown = voice.push(LineKind::AgentMessage, Some("m1"), "A");
        assert_eq!(describe_items(&shown), ["Thought: Hm", "s1 Done \"Hm\"", "s2 Working \"A\""]);
        let shown = voice.push(LineKind::AgentMessage, Some("m2"), "B");
        assert_eq!(
            describe_items(&shown),
            ["AgentMessage: A", "s2 Done \"A\"", "s3 Working \"B\""]
        );
        assert_eq!(voice.last_message(), "A");
    }

    #[test]
    fn a_pause_shows_what_there_is() {
        let mut voice = MessageBuffer::new();
        voice.push(LineKind::AgentMessage, None, "Wait");
        assert_eq!(describe_items(&voice.flush()), ["AgentMessage: Wait", "s1 Working \"Wait\""]);
        assert!(!voice.has_partial_line());
        voice.push(LineKind::AgentMessage, None, " for it");
        assert_eq!(
            describe_items(&voice.finish()),
            ["AgentMessage:  for it", "s1 Done \"Wait for it\""]
        );
    }

    #[test]
    fn a_flood_of_words_is_kept_in_bounds() {
        let mut voice = MessageBuffer::new();
        for _ in 0..1_000 {
            voice.push(LineKind::AgentMessage, None, &"word\n".repeat(1_000));
        }
        assert!(voice.text.capacity() <= 64 * 1024);
        voice.finish();
        assert_eq!(voice.last_message().chars().count(), MAX_KEPT);
    }
}
