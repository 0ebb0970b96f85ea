//! What an agent says and thinks: pieces of text in, whole lines and steps out. Pure.

use super::Shown;
use crate::lines::Lines;
use crate::text::some_lines;
use regatta_protocol::event::{LineKind, Step, StepKind, StepState};

/// How much of a message is kept, in characters.
const MAX_KEPT: usize = 4_000;

/// The agent's voice. A message lasts until something else comes.
#[derive(Debug)]
pub(super) struct Voice {
    /// What is spoken now: said or thought.
    kind: Option<LineKind>,
    /// The id that the agent gave the message, if it did.
    message: Option<String>,
    /// The message's beginning.
    text: String,
    lines: Lines,
    /// How many messages there were.
    count: u64,
    /// The last message that was said.
    last_words: String,
}

impl Voice {
    pub(super) fn new() -> Self {
        Self {
            kind: None,
            message: None,
            text: String::new(),
            lines: Lines::new(),
            count: 0,
            last_words: String::new(),
        }
    }

    /// The next piece of a message, said or thought.
    pub(super) fn speak(
        &mut self,
        kind: LineKind,
        message: Option<&str>,
        piece: &str,
    ) -> Vec<Shown> {
        let same = self.kind == Some(kind) && self.message.as_deref() == message;
        let mut shown = if same { Vec::new() } else { self.end() };
        let piece = if same { piece } else { piece.trim_start_matches(['\n', '\r']) };
        if piece.is_empty() {
            return shown;
        }
        let room = (4 * MAX_KEPT).saturating_sub(self.text.len());
        self.text.push_str(&piece[..crate::lines::floor(piece, room)]);
        if !same {
            self.kind = Some(kind);
            self.message = message.map(str::to_owned);
            self.count += 1;
            shown.extend(self.step(StepState::Working));
        }
        let lines = self.lines.push(piece.as_bytes());
        shown.extend(lines.into_iter().map(|text| Shown::Lines(kind, text)));
        shown
    }

    /// Whether there is text that no line shows yet.
    pub(super) fn is_open(&self) -> bool {
        self.lines.is_open()
    }

    /// Nothing more came for a while: shows what there is.
    pub(super) fn pause(&mut self) -> Vec<Shown> {
        let mut shown = self.rest();
        shown.extend(self.step(StepState::Working));
        shown
    }

    /// The message is over.
    pub(super) fn end(&mut self) -> Vec<Shown> {
        let mut shown = self.rest();
        shown.extend(self.step(StepState::Done));
        if self.kind == Some(LineKind::Said) && !self.text.trim().is_empty() {
            self.last_words = some_lines(&self.text, MAX_KEPT);
        }
        (self.kind, self.message) = (None, None);
        self.text.clear();
        shown
    }

    /// The last message that was said and is over.
    pub(super) fn last_words(&self) -> &str {
        &self.last_words
    }

    fn rest(&mut self) -> Vec<Shown> {
        let Some(kind) = self.kind else { return Vec::new() };
        self.lines.finish().into_iter().map(|text| Shown::Lines(kind, text)).collect()
    }

    fn step(&self, state: StepState) -> Option<Shown> {
        let kind = match self.kind? {
            LineKind::Thought => StepKind::Thought,
            _ => StepKind::Said,
        };
        let text = some_lines(&self.text, MAX_KEPT);
        Some(Shown::Step(Box::new(Step::new(format!("s{}", self.count), kind, &text, state))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief(shown: &[Shown]) -> Vec<String> {
        let brief = |shown: &Shown| match shown {
            Shown::Lines(kind, text) => format!("{kind:?}: {text}"),
            Shown::Step(step) => format!("{} {:?} {:?}", step.id, step.state, step.title),
            other => format!("{other:?}"),
        };
        shown.iter().map(brief).collect()
    }

    #[test]
    fn pieces_become_lines_and_one_step() {
        let mut voice = Voice::new();
        let mut shown = voice.speak(LineKind::Said, None, "\n\nThe for");
        shown.extend(voice.speak(LineKind::Said, None, "m.\nSe"));
        shown.extend(voice.speak(LineKind::Said, None, "cond"));
        assert!(voice.is_open());
        shown.extend(voice.end());
        let expected = [
            "s1 Working \"The for\"",
            "Said: The form.",
            "Said: Second",
            "s1 Done \"The form.\\nSecond\"",
        ];
        assert_eq!(brief(&shown), expected);
        assert_eq!(voice.last_words(), "The form.\nSecond");
        assert_eq!(brief(&voice.end()), [""; 0]);
    }

    #[test]
    fn another_kind_or_message_begins_anew() {
        let mut voice = Voice::new();
        voice.speak(LineKind::Thought, None, "Hm");
        let shown = voice.speak(LineKind::Said, Some("m1"), "A");
        assert_eq!(brief(&shown), ["Thought: Hm", "s1 Done \"Hm\"", "s2 Working \"A\""]);
        let shown = voice.speak(LineKind::Said, Some("m2"), "B");
        assert_eq!(brief(&shown), ["Said: A", "s2 Done \"A\"", "s3 Working \"B\""]);
        assert_eq!(voice.last_words(), "A");
    }

    #[test]
    fn a_pause_shows_what_there_is() {
        let mut voice = Voice::new();
        voice.speak(LineKind::Said, None, "Wait");
        assert_eq!(brief(&voice.pause()), ["Said: Wait", "s1 Working \"Wait\""]);
        assert!(!voice.is_open());
        voice.speak(LineKind::Said, None, " for it");
        assert_eq!(brief(&voice.end()), ["Said:  for it", "s1 Done \"Wait for it\""]);
    }

    #[test]
    fn a_flood_of_words_is_kept_in_bounds() {
        let mut voice = Voice::new();
        for _ in 0..1_000 {
            voice.speak(LineKind::Said, None, &"word\n".repeat(1_000));
        }
        assert!(voice.text.capacity() <= 64 * 1024);
        voice.end();
        assert_eq!(voice.last_words().chars().count(), MAX_KEPT);
    }
}
