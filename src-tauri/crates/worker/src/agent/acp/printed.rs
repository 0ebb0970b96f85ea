//! The output of one tool call: whole texts or pieces in, each line out once. Pure.

use crate::lines::Lines;
use std::hash::{DefaultHasher, Hasher};

/// What a call has printed so far. The text itself is not kept.
#[derive(Debug, Default)]
pub(super) struct Printed {
    lines: Option<Lines>,
    /// Length and hash of the whole text that was last given.
    whole: (usize, u64),
}

impl Printed {
    /// The next piece; the lines that are whole now.
    pub(super) fn add(&mut self, piece: &str) -> Vec<String> {
        self.lines.get_or_insert_with(Lines::new).push(piece.as_bytes())
    }

    /// The whole output so far. What goes on from the last one is added; anything else is
    /// new output.
    pub(super) fn replace(&mut self, text: &str) -> Vec<String> {
        let (length, known) = self.whole;
        let goes_on = text.get(..length).is_some_and(|start| hash(start) == known);
        self.whole = (text.len(), hash(text));
        if goes_on {
            return self.add(&text[length..]);
        }
        let mut lines = self.end();
        lines.extend(self.add(text));
        lines
    }

    /// The line that was begun, as nothing more will come.
    pub(super) fn end(&mut self) -> Vec<String> {
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
        let mut printed = Printed::default();
        assert_eq!(printed.replace(""), [""; 0]);
        assert_eq!(printed.replace("a\nb"), ["a"]);
        assert_eq!(printed.replace("a\nbc\nd"), ["bc"]);
        assert_eq!(printed.replace("a\nbc\nd"), [""; 0]);
        assert_eq!(printed.end(), ["d"]);
        assert_eq!(printed.end(), [""; 0]);
    }

    #[test]
    fn another_text_is_given_out_whole() {
        let mut printed = Printed::default();
        printed.replace("first");
        assert_eq!(printed.replace("other\n"), ["first", "other"]);
    }

    #[test]
    fn pieces_are_joined() {
        let mut printed = Printed::default();
        assert_eq!(printed.add("a"), [""; 0]);
        assert_eq!(printed.add("b\nc\nd"), ["ab", "c"]);
        assert_eq!(printed.end(), ["d"]);
    }
}
