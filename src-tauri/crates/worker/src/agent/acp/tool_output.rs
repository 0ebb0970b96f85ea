//! The output of one tool call: whole texts or pieces in, each line out once. Pure.

use crate::line_splitter::LineSplitter;
use std::hash::{DefaultHasher, Hasher};

/// What a call has printed so far. The text itself is not kept.
#[derive(Debug, Default)]
pub(super) struct ToolOutput {
    lines: Option<LineSplitter>,
    /// Length and hash of the whole text that was last given.
    last_whole: (usize, u64),
}

impl ToolOutput {
    /// The next piece; the lines that are whole now.
    pub(super) fn push(&mut self, piece: &str) -> Vec<String> {
        self.lines.get_or_insert_with(LineSplitter::new).push(piece.as_bytes())
    }

    /// The whole output so far. What goes on from the last one is added; anything else is
    /// new output.
    pub(super) fn set_whole(&mut self, text: &str) -> Vec<String> {
        let (length, known) = self.last_whole;
        let goes_on = text.get(..length).is_some_and(|start| hash(start) == known);
        self.last_whole = (text.len(), hash(text));
        if goes_on {
            return self.push(&text[length..]);
        }
        let mut lines = self.finish();
        lines.extend(self.push(text));
        lines
    }

    /// The line that was begun, as nothing more will come.
    pub(super) fn finish(&mut self) -> Vec<String> {
        self.lines.take().map(|mut lines| lines.finish()).unwrap_or_default()
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_growing_text_is_given_out_once() {
        let mut printed = ToolOutput::default();
        assert_eq!(printed.set_whole(""), [""; 0]);
        assert_eq!(printed.set_whole("a\nb"), ["a"]);
        assert_eq!(printed.set_whole("a\nbc\nd"), ["bc"]);
        assert_eq!(printed.set_whole("a\nbc\nd"), [""; 0]);
        assert_eq!(printed.finish(), ["d"]);
        assert_eq!(printed.finish(), [""; 0]);
    }

    #[test]
    fn another_text_is_given_out_whole() {
        let mut printed = ToolOutput::default();
        printed.set_whole("first");
        assert_eq!(printed.set_whole("other\n"), ["first", "other"]);
    }

    #[test]
    fn pieces_are_joined() {
        let mut printed = ToolOutput::default();
        assert_eq!(printed.push("a"), [""; 0]);
        assert_eq!(printed.push("b\nc\nd"), ["ab", "c"]);
        assert_eq!(printed.finish(), ["d"]);
    }
}
