//! Foreign text made safe for a terminal: it may be read, and drives nothing.

/// The longest name before a line, in characters.
const MAX_LABEL_CHARS: usize = 40;

/// The text without escape sequences; any other control character becomes a visible sign.
/// Line ends are kept by [`sanitize_lines`]; here they are signs like the rest.
pub(crate) fn sanitize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(length) = escape_sequence_length(rest) {
            rest = &rest[length..];
            continue;
        }
        out.push(visible_char(c));
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// The lines of a text, each [`sanitize`].
pub(crate) fn sanitize_lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split('\n').map(|line| sanitize(line.strip_suffix('\r').unwrap_or(line)))
}

/// A task's name as it stands before its lines.
pub(crate) fn task_label(text: &str) -> String {
    truncate(&sanitize(text), MAX_LABEL_CHARS)
}

/// At most `max` characters, the last one `…` where something is missing.
pub(crate) fn truncate(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(['…']).collect()
}

/// A JSON line in which the control characters that JSON leaves as they are, are escaped.
/// Outside of strings JSON has none of them, so that the value stays the same.
pub(crate) fn escape_json(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if is_invisible_control(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

fn visible_char(c: char) -> char {
    match c {
        '\t' => c,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        c if is_invisible_control(c) => '\u{fffd}',
        c => c,
    }
}

/// Control characters beyond ASCII's first 32, and those that turn the direction of text.
fn is_invisible_control(c: char) -> bool {
    matches!(c, '\x7f'..='\u{9f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How many bytes a whole escape sequence at the start of `text` takes. One that isn't
/// complete is none: its first character is made visible, and what follows stays readable.
fn escape_sequence_length(text: &str) -> Option<usize> {
    if let Some(rest) = text.strip_prefix("\x1b[") {
        return control_sequence_length(rest).map(|length| length + 2);
    }
    if let Some(rest) = text.strip_prefix('\u{9b}') {
        return control_sequence_length(rest).map(|length| length + '\u{9b}'.len_utf8());
    }
    // Titles, links, pictures: up to BEL or ESC \.
    let rest = ["\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX"];
    let rest = rest.iter().find_map(|start| text.strip_prefix(start))?;
    let end = rest.find(['\x07', '\x1b'])?;
    let closing = if rest[end..].starts_with('\x07') { 1 } else { 2 };
    let whole = closing == 1 || rest[end..].starts_with("\x1b\\");
    whole.then_some(2 + end + closing)
}

/// Parameters, intermediates and the final byte, after the introducer.
fn control_sequence_length(rest: &str) -> Option<usize> {
    let end = rest.bytes().position(|b| !(0x20..=0x3f).contains(&b))?;
    (0x40..=0x7e).contains(&rest.as_bytes()[end]).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_titles_and_cursor_moves_are_left_out() {
        assert_eq!(sanitize("\x1b[1;32mok\x1b[0m \x1b[2J\x1b[10;10Hgone"), "ok gone");
        assert_eq!(sanitize("\x1b]0;owned\x07a\x1b]8;;http://x\x1b\\b\x1bPq#0\x1b\\c"), "abc");
        assert_eq!(sanitize("\u{9b}31mred"), "red");
    }

    #[test]
    fn what_is_not_a_whole_sequence_stays_readable() {
        assert_eq!(sanitize("\x1b]0;never closed"), "␛]0;never closed");
        assert_eq!(sanitize("\x1b[12\x1b[0m;1H"), "␛[12;1H");
        assert_eq!(sanitize("end\x1b"), "end␛");
        assert_eq!(sanitize("\x1bc\x1b7"), "␛c␛7");
    }

    #[test]
    fn no_control_character_is_ever_left() {
        let all: String = (0..0x2100).filter_map(char::from_u32).collect();
        for text in [all.clone(), all.replace('a', "\x1b"), format!("\x1b]{all}")] {
            let shown = sanitize(&text);
            assert!(shown.chars().all(|c| c == '\t' || !c.is_control()), "{shown:?}");
            assert!(!shown.contains(['\u{202e}', '\u{2066}', '\u{2028}']));
        }
        assert_eq!(sanitize("tab\there\rand\0\x7f"), "tab\there␍and␀␡");
    }

    #[test]
    fn lines_end_as_on_any_system() {
        assert_eq!(sanitize_lines("a\r\nb\n").collect::<Vec<_>>(), ["a", "b", ""]);
    }

    #[test]
    fn names_are_cut_by_characters() {
        assert_eq!(task_label(&"⛵".repeat(41)), format!("{}…", "⛵".repeat(39)));
        assert_eq!(task_label("a\nb"), "a␊b");
    }

    #[test]
    fn json_keeps_its_value() {
        let value = serde_json::json!({"text": "\u{9b}31m \x7f \u{202e} \x1b[0m é"});
        let line = escape_json(&value.to_string());
        assert!(line.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{line:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).ok(), Some(value));
    }
}
