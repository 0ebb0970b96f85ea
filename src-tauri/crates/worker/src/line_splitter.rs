//! Bytes of a program's output in, whole lines of text out. Pure: no I/O, no time.
//!
//! What a program does with the lines that it printed, as a progress bar does, is applied
//! ([`Screen`]); of its sequences only colours are left. A sequence ends where its line
//! ends, so that none that is never closed swallows what comes after it.
//!
//! Bytes are joined before they are decoded, so a character that arrives in two parts is
//! whole; bytes that are no UTF-8 become U+FFFD. A line over the limit is split, and each
//! further piece begins with [`CONTINUATION_MARK`].

use crate::screen::Screen;
use crate::text::floor_char_boundary;
use std::fmt;
use vte::Parser;

/// The longest line, in bytes; a longer one is split.
pub(crate) const MAX_LINE_BYTES: usize = 1024 * 1024;
/// The mark at the beginning of each further piece of a line that was split.
pub(crate) const CONTINUATION_MARK: &str = "… ";
/// How many bytes are looked at before what they filled is given out.
const CHUNK: usize = 64 * 1024;
/// Ends any sequence, and shows nothing ([ECMA-48](https://ecma-international.org/publications-and-standards/standards/ecma-48/): CAN).
const CANCEL: &[u8] = b"\x18";

/// Splits one stream of bytes into lines.
pub(crate) struct LineSplitter {
    parser: Parser,
    screen: Screen,
    /// Whether the parser may be inside a sequence.
    is_parsing: bool,
    /// The beginning of a character. The parser isn't given half a one: vte 0.15.0 loses the
    /// character that follows it.
    half_char: Vec<u8>,
    /// Whether a piece of the last line was given out already.
    is_continuation: bool,
    max_bytes: usize,
}

impl LineSplitter {
    pub(crate) fn new() -> Self {
        Self::with_limit(MAX_LINE_BYTES)
    }

    fn with_limit(max_bytes: usize) -> Self {
        Self {
            parser: Parser::new(),
            screen: Screen::new(),
            is_parsing: false,
            half_char: Vec::new(),
            is_continuation: false,
            max_bytes,
        }
    }

    /// Takes the next bytes. Each text is one or more whole lines joined by `\n`.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut texts = Vec::new();
        for chunk in bytes.chunks(self.max_bytes.min(CHUNK)) {
            self.push_chunk(chunk, &mut texts);
        }
        texts
    }

    /// Gives out the line that was begun, although its end has not come.
    pub(crate) fn finish(&mut self) -> Vec<String> {
        self.cancel_sequence();
        self.screen.finish();
        let mut texts = Vec::new();
        self.emit_lines(&mut texts);
        self.is_continuation = false;
        texts
    }

    /// Whether a line was begun whose end has not come.
    pub(crate) fn has_partial_line(&self) -> bool {
        self.screen.has_more() || !self.half_char.is_empty()
    }

    fn push_chunk(&mut self, mut bytes: &[u8], texts: &mut Vec<String>) {
        let mut is_begun = self.is_continuation || self.has_partial_line();
        let mut block = Vec::new();
        while let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            let line = &bytes[..end];
            self.write(line.strip_suffix(b"\r").unwrap_or(line), texts);
            self.cancel_sequence();
            self.screen.end_line();
            if is_begun || self.is_continuation {
                self.emit_lines(texts);
            } else {
                block.append(&mut self.screen.take_lines());
            }
            (is_begun, self.is_continuation) = (false, false);
            bytes = &bytes[end + 1..];
        }
        if !block.is_empty() {
            texts.push(block.join("\n"));
        }
        self.write(bytes, texts);
    }

    /// Takes a part of a line; gives out pieces until what is left is within the limit.
    fn write(&mut self, bytes: &[u8], texts: &mut Vec<String>) {
        let mut joined = std::mem::take(&mut self.half_char);
        let bytes = if joined.is_empty() {
            bytes
        } else {
            joined.extend_from_slice(bytes);
            &joined
        };
        let (bytes, half_char) = bytes.split_at(bytes.len() - half_char_length(bytes));
        self.half_char.extend_from_slice(half_char);
        match std::str::from_utf8(bytes) {
            Ok(text) if !self.is_parsing && text.chars().all(|c| c == '\t' || !c.is_control()) => {
                self.screen.write(text);
            }
            _ => {
                self.is_parsing = true;
                self.parser.advance(&mut self.screen, bytes);
            }
        }
        while let Some(piece) = self.screen.cut_long_line(self.max_bytes) {
            self.emit_lines(texts);
            self.emit(&piece, texts);
            self.is_continuation = true;
        }
    }

    fn cancel_sequence(&mut self) {
        if std::mem::take(&mut self.is_parsing) || !self.half_char.is_empty() {
            self.half_char.extend_from_slice(CANCEL);
            self.parser.advance(&mut self.screen, &std::mem::take(&mut self.half_char));
        }
    }

    fn emit_lines(&mut self, texts: &mut Vec<String>) {
        for line in self.screen.take_lines() {
            // What is left of a line that was split may be nothing but its end.
            if !(self.is_continuation && line.is_empty()) {
                self.emit(&line, texts);
            }
        }
    }

    /// Gives out one line or piece; it may still be longer than the limit.
    fn emit(&mut self, mut line: &str, texts: &mut Vec<String>) {
        loop {
            let mark = if self.is_continuation { CONTINUATION_MARK } else { "" };
            let (piece, rest) = line.split_at(floor_char_boundary(line, self.max_bytes));
            texts.push(format!("{mark}{piece}"));
            if rest.is_empty() {
                return;
            }
            self.is_continuation = true;
            line = rest;
        }
    }
}

/// How many bytes at the end are the beginning of a character.
fn half_char_length(bytes: &[u8]) -> usize {
    let is_half = |length: &usize| {
        let end = bytes.len().checked_sub(*length).map(|from| &bytes[from..]);
        let problem = end.and_then(|end| std::str::from_utf8(end).err());
        problem.is_some_and(|problem| problem.valid_up_to() == 0 && problem.error_len().is_none())
    };
    (1..=3).find(is_half).unwrap_or_default()
}

impl fmt::Debug for LineSplitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineSplitter").field("screen", &self.screen).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
