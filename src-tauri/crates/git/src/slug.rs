//! A name that people typed, as a short name that is safe in a branch and a path.

/// The most characters of a slug.
const MAX_SLUG_CHARS: usize = 50;

/// `name` as 1 to 50 of `a-z`, `0-9` and single inner `-`. Never empty, never a bad ref.
#[must_use]
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        if slug.len() >= MAX_SLUG_CHARS {
            break;
        }
        match transliterate(letter) {
            "" if slug.is_empty() || slug.ends_with('-') => {}
            "" => slug.push('-'),
            letters => slug.push_str(letters),
        }
    }
    slug.truncate(MAX_SLUG_CHARS); // ASCII: every place is between two letters
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "task".to_owned() } else { slug.to_owned() }
}

/// A lower-case letter or digit without its accents; empty means neither.
fn transliterate(letter: char) -> &'static str {
    const ASCII: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
    if let Some(at) = ASCII.find(letter) {
        return &ASCII[at..=at];
    }
    match letter {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' | 'ľ' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ō' | 'ő' => "o",
        'ö' | 'ø' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ț' | 'ţ' => "t",
        'ù' | 'ú' | 'û' | 'ū' | 'ů' | 'ű' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_become_short_safe_words() {
        let long = "x".repeat(10_000);
        for (name, expected) in [
            ("Fix footer", "fix-footer"),
            ("  --Fix__footer!! ", "fix-footer"),
            ("../../etc/passwd", "etc-passwd"),
            ("Größe prüfen, naïve Æon", "groesse-pruefen-naive-aeon"),
            ("🚀", "task"),
            ("", "task"),
            ("a\u{0}b\nc\u{7f}d", "a-b-c-d"),
            ("@{u}..HEAD~1^:x", "u-head-1-x"),
            ("main.lock", "main-lock"),
            ("\u{202e}abc", "abc"),
            ("修正 footer", "footer"),
            (long.as_str(), &"x".repeat(50)),
        ] {
            assert_eq!(slug(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_slug_is_never_cut_to_a_dash_or_over_the_limit() {
        let name = format!("{} b", "a".repeat(49));
        assert_eq!(slug(&name), "a".repeat(49));
        assert_eq!(slug(&"ß".repeat(60)).len(), 50);
        assert_eq!(slug(&format!("{}ß", "a".repeat(49))), format!("{}s", "a".repeat(49)));
    }

    proptest! {
        #[test]
        fn any_name_becomes_a_safe_word(name in ".{0,120}") {
            let slug = slug(&name);
            prop_assert!((1..=MAX_SLUG_CHARS).contains(&slug.len()));
            prop_assert!(slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            prop_assert!(!slug.starts_with('-') && !slug.ends_with('-') && !slug.contains("--"));
        }
    }
}
