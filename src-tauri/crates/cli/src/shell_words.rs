//! A command line as words. No shell ever sees it.

/// Splits at blanks; quotes and backslashes keep blanks inside a word, as a shell would.
/// Nothing else is special.
pub(crate) fn split(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_default();
        match c {
            '\'' => push_quoted(&mut chars, '\'', word)?,
            '"' => push_quoted(&mut chars, '"', word)?,
            '\\' => word.push(chars.next().ok_or("it ends with a backslash")?),
            _ => word.push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Takes everything up to the closing quote; in double quotes `\"` and `\\` are escapes.
fn push_quoted(
    chars: &mut impl Iterator<Item = char>,
    quote: char,
    word: &mut String,
) -> Result<(), &'static str> {
    const OPEN: &str = "a quote in it is never closed";
    loop {
        match chars.next().ok_or(OPEN)? {
            c if c == quote => return Ok(()),
            '\\' if quote == '"' => match chars.next().ok_or(OPEN)? {
                c @ ('"' | '\\') => word.push(c),
                c => word.extend(['\\', c]),
            },
            c => word.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn words_are_split_as_a_shell_would_and_nothing_is_expanded() {
        let cases: [(&str, &[&str]); 7] = [
            ("", &[]),
            ("opencode acp", &["opencode", "acp"]),
            ("  a \t b\n", &["a", "b"]),
            (
                r#"aider --message "{prompt}" 'it is' x"y z"w"#,
                &["aider", "--message", "{prompt}", "it is", "xy zw"],
            ),
            (r#"a\ b "c\"d\\e\f" 'g\h' """#, &["a b", r#"c"d\e\f"#, r"g\h", ""]),
            ("$HOME `id` *;#|", &["$HOME", "`id`", "*;#|"]),
            ("ünï '⛵ ⛵'", &["ünï", "⛵ ⛵"]),
        ];
        for (line, words) in cases {
            assert_eq!(
                split(line).as_deref(),
                Ok(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>()[..]),
                "{line}"
            );
        }
    }

    #[test]
    fn an_open_quote_is_said() {
        assert_eq!(split("a 'b"), Err("a quote in it is never closed"));
        assert_eq!(split("a \"b\\"), Err("a quote in it is never closed"));
        assert_eq!(split("a \\"), Err("it ends with a backslash"));
    }
}
