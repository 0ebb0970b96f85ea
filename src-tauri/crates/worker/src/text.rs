//! Text from an agent, made fit to stand in a title. Pure.

/// `text` as one line without control characters, at most `max` characters; cut with `…`.
pub(crate) fn one_line(text: &str, max: usize) -> String {
    // Far more than is kept, far less than an agent may send.
    let text = &text[..floor_char_boundary(text, max * 16)];
    let plain = text.replace(|c: char| c.is_control(), " ");
    truncate(&plain.split_whitespace().collect::<Vec<_>>().join(" "), max)
}

/// `text` with its line ends but without other control characters, at most `max`
/// characters; cut with `…`.
pub(crate) fn clean_multiline(text: &str, max: usize) -> String {
    let text = &text[..floor_char_boundary(text, max * 16)];
    let plain: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    truncate(plain.trim(), max)
}

/// The first `max` characters of `text`; cut with `…`.
pub(crate) fn truncate(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(max.saturating_sub(1)).collect();
            format!("{kept}…")
        }
    }
}

/// The last character boundary of `line` that is not after `at`.
pub(crate) fn floor_char_boundary(line: &str, at: usize) -> usize {
    let at = at.min(line.len());
    (0..=at).rev().find(|n| line.is_char_boundary(*n)).unwrap_or_default()
}

/// "1 file", "12 files".
pub(crate) fn format_count(number: usize, one: &str, more: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {more}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_short_line() {
        assert_eq!(one_line("  a\n\tb\u{1b}[31mc\0 ", 20), "a b [31mc");
        assert_eq!(one_line("abcdef", 4), "abc…");
        assert_eq!(one_line(&"é".repeat(1_000_000), 3), "éé…");
        assert_eq!(one_line("", 3), "");
    }

    #[test]
    fn a_message_keeps_its_lines() {
        assert_eq!(clean_multiline("\na\n\nb\u{7}\r\n", 20), "a\n\nb");
        assert_eq!(clean_multiline("abcdef", 4), "abc…");
    }
}
