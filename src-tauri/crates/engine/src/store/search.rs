//! Finding a text in a transcript, a row at a time.

use super::lines::{ChunkRow, for_each_chunk};
use regatta_protocol::TaskId;
use regatta_protocol::view::Matches;
use rusqlite::Connection;

/// The most matches that are told.
const MAX_MATCHES: usize = 10_000;

/// The lines that hold `query`, whatever its case. Colours and other terminal codes in the
/// lines are as if they weren't there.
pub(crate) fn search(conn: &Connection, task: &TaskId, query: &str) -> rusqlite::Result<Matches> {
    let query = query.to_lowercase();
    let mut matches = Matches { lines: Vec::new(), has_more: false };
    if query.is_empty() {
        return Ok(matches);
    }
    let mut held: Option<ChunkRow> = None; // Parts of one line are put together first.
    for_each_chunk(conn, task, |chunk| {
        match held.as_mut() {
            Some(line) if chunk.part > 0 => line.text.push_str(&chunk.text),
            _ => {
                if let Some(whole) = held.replace(chunk) {
                    find_in_chunk(&whole, &query, &mut matches);
                }
            }
        }
        Ok(!matches.has_more)
    })?;
    if let Some(last) = held {
        find_in_chunk(&last, &query, &mut matches);
    }
    Ok(matches)
}

fn find_in_chunk(chunk: &ChunkRow, query: &str, matches: &mut Matches) {
    let text = strip_terminal_codes(&chunk.text).to_lowercase();
    let mut number = chunk.first;
    let mut from = 0;
    while let Some(at) = text[from..].find(query).map(|at| from + at) {
        number += text[from..at].bytes().filter(|byte| *byte == b'\n').count() as u64;
        if matches.lines.len() == MAX_MATCHES {
            matches.has_more = true;
            return;
        }
        matches.lines.push(number);
        // On with the next line: a line is named once.
        let Some(end) = text[at..].find('\n') else { return };
        number += 1;
        from = at + end + 1;
    }
}

/// The text without terminal codes.
fn strip_terminal_codes(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        shown.push_str(&rest[..at]);
        rest = skip_terminal_code(&rest[at + 1..]);
    }
    shown.push_str(rest);
    shown.into()
}

/// What follows the code that began with an escape just before. A code ends with its line
/// at the latest.
fn skip_terminal_code(text: &str) -> &str {
    let line = text.find('\n').unwrap_or(text.len());
    let end = match text.as_bytes().first() {
        Some(b'[') => text[1..line].find(|c: char| ('@'..='~').contains(&c)).map(|at| at + 2),
        Some(b']') => text[..line].find(['\u{7}', '\u{1b}']).map(|at| match text.as_bytes()[at] {
            0x1b => (at + 2).min(line),
            _ => at + 1,
        }),
        _ => text[..line].chars().next().map(char::len_utf8),
    };
    text.get(end.unwrap_or(line)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_codes_are_left_out_and_never_eat_a_line() {
        for (text, shown) in [
            ("a\u{1b}[31mred\u{1b}[0m b", "ared b"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("cut \u{1b}[31\nnext", "cut \nnext"),
            ("cut \u{1b}]31\nnext", "cut \nnext"),
            ("\u{1b}", ""),
            ("\u{1b}\nx", "\nx"),
            ("\u{1b}é", ""),
            ("\u{1b}]é\u{1b}", ""),
        ] {
            assert_eq!(strip_terminal_codes(text), shown, "{text:?}");
        }
    }
}
