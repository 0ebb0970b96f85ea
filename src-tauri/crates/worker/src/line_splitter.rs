//! Bytes of a program's output in, whole lines of text out. Pure: no I/O, no time.
//!
//! Bytes are joined before they are decoded, so a character that arrives in two parts is
//! whole; bytes that are no UTF-8 become U+FFFD. A line over the limit is split, and each
//! further piece begins with [`CONTINUATION_MARK`].

/// The longest line, in bytes; a longer one is split.
pub(crate) const MAX_LINE_BYTES: usize = 1024 * 1024;
/// The mark at the beginning of each further piece of a line that was split.
pub(crate) const CONTINUATION_MARK: &str = "… ";

/// Splits one stream of bytes into lines.
#[derive(Debug)]
pub(crate) struct LineSplitter {
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
    /// Whether `partial` goes on with a line of which a piece was given out already.
    is_continuation: bool,
    max_bytes: usize,
}

impl LineSplitter {
    pub(crate) fn new() -> Self {
        Self::with_limit(MAX_LINE_BYTES)
    }

    fn with_limit(max_bytes: usize) -> Self {
        Self { partial: Vec::new(), is_continuation: false, max_bytes }
    }

    /// Takes the next bytes. Each text is one or more whole lines joined by `\n`.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut texts = Vec::new();
        for part in bytes.chunks(self.max_bytes) {
            self.push_chunk(part, &mut texts);
        }
        texts
    }

    /// Gives out the line that was begun, although its end has not come.
    pub(crate) fn finish(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        if !self.partial.is_empty() || self.is_continuation {
            self.finish_line(&mut texts);
        }
        texts
    }

    /// Whether a line was begun whose end has not come.
    pub(crate) fn has_partial_line(&self) -> bool {
        !self.partial.is_empty()
    }

    fn push_chunk(&mut self, mut bytes: &[u8], texts: &mut Vec<String>) {
        let begun = !self.partial.is_empty() || self.is_continuation;
        if begun && let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            self.partial.extend_from_slice(&bytes[..end]);
            bytes = &bytes[end + 1..];
            self.finish_line(texts);
        }
        if let Some(last) = bytes.iter().rposition(|b| *b == b'\n') {
            texts.push(decode(&bytes[..last]));
            bytes = &bytes[last + 1..];
        }
        self.partial.extend_from_slice(bytes);
        self.emit_pieces(texts);
    }

    /// The line in `partial` is whole.
    fn finish_line(&mut self, texts: &mut Vec<String>) {
        self.emit_pieces(texts);
        let line = decode(&std::mem::take(&mut self.partial));
        // What is left of a line that was split may be nothing but its end.
        if !(self.is_continuation && line.is_empty()) {
            self.emit(&line, texts);
        }
        self.is_continuation = false;
    }

    /// Gives out pieces until `partial` is within the limit.
    fn emit_pieces(&mut self, texts: &mut Vec<String>) {
        while self.partial.len() > self.max_bytes {
            let cut = floor_utf8_boundary(&self.partial, self.max_bytes);
            let rest = self.partial.split_off(cut);
            let piece = std::mem::replace(&mut self.partial, rest);
            self.emit(&String::from_utf8_lossy(&piece), texts);
            self.is_continuation = true;
        }
    }

    /// Gives out one line or piece; replaced bytes may have made it longer than the limit.
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

/// Lines as text, without the `\r` of a `\r\n`. A lone `\r` stays: a viewer may take it for
/// the start of the line over again.
fn decode(bytes: &[u8]) -> String {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    if bytes.contains(&b'\r') { text.replace("\r\n", "\n") } else { text.into_owned() }
}

/// The last character boundary of `line` that is not after `at`.
pub(crate) fn floor_char_boundary(line: &str, at: usize) -> usize {
    let at = at.min(line.len());
    (0..=at).rev().find(|n| line.is_char_boundary(*n)).unwrap_or_default()
}

/// Where to cut bytes at or before `at` without cutting a character.
fn floor_utf8_boundary(bytes: &[u8], at: usize) -> usize {
    let earliest = at.saturating_sub(3).max(1);
    (earliest..=at).rev().find(|n| bytes[*n] & 0xC0 != 0x80).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn collect_lines(lines: &mut LineSplitter, parts: &[&[u8]]) -> Vec<String> {
        let mut texts: Vec<String> = parts.iter().flat_map(|part| lines.push(part)).collect();
        texts.extend(lines.finish());
        texts.iter().flat_map(|text| text.split('\n')).map(str::to_owned).collect()
    }

    fn split_lines(parts: &[&[u8]]) -> Vec<String> {
        collect_lines(&mut LineSplitter::new(), parts)
    }

    #[test]
    fn lines_are_joined_across_reads() {
        assert_eq!(split_lines(&[b"a\nb", b"c\n", b"\nd"]), ["a", "bc", "", "d"]);
        assert_eq!(split_lines(&[b"", b"\n"]), [""]);
        assert_eq!(split_lines(&[]), [""; 0]);
    }

    #[test]
    fn a_carriage_return_goes_with_its_line_end_only() {
        assert_eq!(split_lines(&[b"a\r\nb\r", b"\nc\rd\n"]), ["a", "b", "c\rd"]);
    }

    #[test]
    fn a_character_in_two_parts_is_whole_and_no_character_is_marked() {
        assert_eq!(split_lines(&[b"n\xC3", b"\xA9\n"]), ["né"]);
        assert_eq!(split_lines(&[b"ok \xC3\x28 \xFF\n"]), ["ok \u{fffd}( \u{fffd}"]);
    }

    #[test]
    fn a_long_line_is_split_and_marked() {
        let mut lines = LineSplitter::with_limit(4);
        assert_eq!(
            collect_lines(&mut lines, &[b"abcdefghij\nkl\n"]),
            ["abcd", "… efgh", "… ij", "kl"]
        );
        assert_eq!(collect_lines(&mut lines, &[b"abcd\nefgh\n"]), ["abcd", "efgh"]);
        assert_eq!(collect_lines(&mut lines, &["aéééé\n".as_bytes()]), ["aé", "… éé", "… é"]);
        assert_eq!(collect_lines(&mut lines, &[b"\xFF\xFF", b"\n"]), ["\u{fffd}", "… \u{fffd}"]);
    }

    #[test]
    fn memory_is_bounded_however_long_the_line() {
        let mut lines = LineSplitter::new();
        let part = vec![b'x'; 64 * 1024];
        let mut given = 0;
        for _ in 0..1_000 {
            given += lines.push(&part).iter().map(String::len).sum::<usize>();
            assert!(lines.partial.capacity() <= 4 * MAX_LINE_BYTES, "{}", lines.partial.capacity());
        }
        assert!(given >= 60 * MAX_LINE_BYTES);
    }

    proptest! {
        #[test]
        fn the_parts_in_which_bytes_come_make_no_difference(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'a'), Just(0xC3), Just(0xA9), any::<u8>()],
                0..200,
            ),
            cuts in proptest::collection::vec(0_usize..200, 0..8),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
            cuts.push(bytes.len());
            cuts.sort_unstable();
            let mut from = 0;
            let mut parts = Vec::new();
            for cut in cuts {
                parts.push(&bytes[from..cut]);
                from = cut;
            }
            prop_assert_eq!(split_lines(&parts), split_lines(&[&bytes]));
        }

        #[test]
        fn no_text_is_lost_and_no_line_is_over_the_limit(text in "[a-zé\n]{0,300}") {
            let lines = collect_lines(&mut LineSplitter::with_limit(16), &[text.as_bytes()]);
            for line in &lines {
                prop_assert!(line.trim_start_matches(CONTINUATION_MARK).len() <= 16);
            }
            let whole = lines.join("\n").replace(&format!("\n{CONTINUATION_MARK}"), "");
            let expected = text.strip_suffix('\n').unwrap_or(&text);
            prop_assert_eq!(whole, expected);
        }
    }
}
