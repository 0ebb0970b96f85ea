//! How text is cut into the rows that hold it.

use regatta_protocol::view::MAX_LINE_SHOWN;

/// The most bytes of one row. A longer line is stored alone, in several rows.
pub(super) const MAX_CHUNK_BYTES: usize = 64 * 1024;

/// Whole lines that are stored together: under [`MAX_CHUNK_BYTES`], or one line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chunk<'a> {
    pub(super) text: &'a str,
    pub(super) lines: u64,
}

/// Cuts lines joined by `\n` into chunks, in order and without loss.
pub(super) fn split_chunks(text: &str) -> Vec<Chunk<'_>> {
    let mut found = Vec::new();
    let mut rest = Some(text);
    while let Some(text) = rest {
        let end = chunk_end(text);
        let chunk = &text[..end];
        found.push(Chunk { text: chunk, lines: count_lines(chunk) });
        rest = text.get(end + 1..);
    }
    found
}

/// Where the first chunk of `text` ends: at a `\n`, or at the end.
fn chunk_end(text: &str) -> usize {
    if text.len() <= MAX_CHUNK_BYTES {
        return text.len();
    }
    // A chunk of exactly the limit may be followed by its `\n`.
    let window = &text.as_bytes()[..=MAX_CHUNK_BYTES];
    if let Some(end) = window.iter().rposition(|byte| *byte == b'\n') {
        return end;
    }
    text.find('\n').unwrap_or(text.len())
}

/// Cuts the text of one chunk into the parts that rows hold, on character boundaries.
pub(super) fn split_parts(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while rest.len() > MAX_CHUNK_BYTES {
        let (part, left) = rest.split_at(floor_char_boundary(rest, MAX_CHUNK_BYTES));
        found.push(part);
        rest = left;
    }
    found.push(rest);
    found
}

/// The lines of a text that is lines joined by `\n`.
pub(super) fn count_lines(text: &str) -> u64 {
    text.bytes().filter(|byte| *byte == b'\n').count() as u64 + 1
}

/// What a page shows of a line, and whether that isn't all.
pub(super) fn truncate_line(line: &str) -> (&str, bool) {
    let end = floor_char_boundary(line, MAX_LINE_SHOWN);
    (&line[..end], end < line.len())
}

/// The last character boundary at or before `at`.
fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_over_the_limit_stands_alone() {
        let long = "é".repeat(MAX_CHUNK_BYTES);
        let text = format!("a\n\n{long}\nb");
        let cut = split_chunks(&text);
        let lines: Vec<(usize, u64)> = cut.iter().map(|c| (c.text.len(), c.lines)).collect();
        assert_eq!(lines, [(2, 2), (long.len(), 1), (1, 1)]);
        let parts = split_parts(cut[1].text);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts.concat(), long);
    }

    #[test]
    fn an_empty_text_is_one_empty_line() {
        assert_eq!(split_chunks(""), [Chunk { text: "", lines: 1 }]);
        assert_eq!(split_chunks("\n"), [Chunk { text: "\n", lines: 2 }]);
    }

    proptest! {
        #[test]
        fn chunks_and_parts_join_to_the_text(
            lines in prop::collection::vec((0usize..3, 0usize..90_000), 1..12)
        ) {
            let lines: Vec<String> =
                lines.into_iter().map(|(c, n)| ["a", "é", "\u{1F6A3}"][c].repeat(n / 4)).collect();
            let text = lines.join("\n");
            let cut = split_chunks(&text);
            let joined: Vec<&str> = cut.iter().map(|c| c.text).collect();
            prop_assert_eq!(joined.join("\n"), text.clone());
            prop_assert_eq!(cut.iter().map(|c| c.lines).sum::<u64>(), lines.len() as u64);
            for chunk in cut {
                prop_assert!(chunk.text.len() <= MAX_CHUNK_BYTES || chunk.lines == 1);
                prop_assert_eq!(split_parts(chunk.text).concat(), chunk.text);
                prop_assert!(split_parts(chunk.text).iter().all(|p| p.len() <= MAX_CHUNK_BYTES));
            }
        }
    }
}
