//! Repairs of JSON that others write, before it is read.

use std::borrow::Cow;

/// The escape of U+FFFD, the character that stands for what can't be read.
const REPLACEMENT_ESCAPE: &str = "\\ufffd";
/// How long an escape of four digits is: `\u1234`.
const ESCAPE_LEN: usize = 6;

/// Replaces each escape that is half of a surrogate pair by U+FFFD. JSON's grammar allows such an
/// escape ([RFC 8259, section 8.2](https://www.rfc-editor.org/rfc/rfc8259#section-8.2)), programs
/// that cut text between its halves write it, and serde_json refuses the whole document for it.
#[must_use]
pub fn replace_lone_surrogates(json: &str) -> Cow<'_, str> {
    let mut replaced = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = json[at..].find('\\') {
        at += found;
        let Some(unit) = surrogate_at(json, at) else {
            // The escaped character belongs to its backslash: in `\\ud800` nothing is escaped.
            at += 1 + json[at + 1..].chars().next().map_or(0, char::len_utf8);
            continue;
        };
        let is_pair = is_high(unit) && surrogate_at(json, at + ESCAPE_LEN).is_some_and(is_low);
        if is_pair {
            at += 2 * ESCAPE_LEN;
            continue;
        }
        replaced += &json[copied..at];
        replaced += REPLACEMENT_ESCAPE;
        at += ESCAPE_LEN;
        copied = at;
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    replaced += &json[copied..];
    Cow::Owned(replaced)
}

/// The surrogate that is escaped at a place, if one is.
fn surrogate_at(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + ESCAPE_LEN)?.strip_prefix("\\u")?;
    let unit = u16::from_str_radix(digits, 16).ok()?;
    (0xD800..=0xDFFF).contains(&unit).then_some(unit)
}

const fn is_high(unit: u16) -> bool {
    unit < 0xDC00
}

const fn is_low(unit: u16) -> bool {
    !is_high(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_replaced() {
        for (json, expected) in [
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uD83D ""#, r#""\ufffd ""#),
            (r#""\ude80""#, r#""\ufffd""#),
            (r#""\ude80\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\ud83d\ud83d\ude80""#, r#""\ufffd\ud83d\ude80""#),
            (r#""\\\ud83dx""#, r#""\\\ufffdx""#),
            (r#"{"a":"\ud83d","b":"\ud83d"}"#, r#"{"a":"\ufffd","b":"\ufffd"}"#),
            (r#""\ud83d\n""#, r#""\ufffd\n""#),
        ] {
            assert_eq!(replace_lone_surrogates(json), expected, "{json}");
            assert!(
                serde_json::from_str::<serde_json::Value>(&replace_lone_surrogates(json)).is_ok()
            );
        }
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for json in [
            r#""\ud83d\ude80""#,
            r#""\\ud83d""#,
            r#""\\\\ud83d""#,
            r#""\u00e4 \ud7ff \ue000""#,
            r#""ud83d""#,
            r#""\ud83""#,
            r#""\ud83g""#,
            "\"\\é\\",
            "\\",
            "",
        ] {
            let kept = replace_lone_surrogates(json);
            assert!(matches!(kept, Cow::Borrowed(text) if text == json), "{json}");
        }
    }
}
