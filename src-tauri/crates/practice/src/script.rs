//! The directives of a prompt: one a line, each does exactly what it says.

use std::time::Duration;

/// One thing the practice agent is told to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Directive {
    /// `write PATH: TEXT`
    Write { path: String, text: String },
    /// `append PATH: TEXT`
    Append { path: String, text: String },
    /// `remove PATH`
    Remove { path: String },
    /// `run COMMAND`
    Run { command: String },
    /// `say TEXT`
    Say { text: String },
    /// `think TEXT`
    Think { text: String },
    /// `plan A; B; C`
    Plan { entries: Vec<String> },
    /// `print N lines`
    Print { lines: u64 },
    /// `wait SECONDS`
    Wait { seconds: String, time: Duration },
    /// `ask QUESTION | OPTION | OPTION`
    Ask { question: String, options: Vec<String> },
    /// `fail MESSAGE`
    Fail { message: String },
    /// `cost CENTS`
    Cost { cents: u32 },
    /// `settings`
    Settings,
    /// `exit CODE`
    Exit { code: i32 },
    /// `hang`
    Hang,
    /// `ignore stop`
    IgnoreStop,
}

/// The directives of `prompt`, or none when it is ordinary words. The first line with
/// text decides which it is; after it, a line that isn't a directive is an error, as a
/// test that misspells one must not pass by accident.
pub(crate) fn parse_script(prompt: &str) -> Result<Option<Vec<Directive>>, String> {
    let mut lines = prompt.lines().map(str::trim).filter(|line| !line.is_empty());
    let Some(first) = lines.next().and_then(parse_directive) else { return Ok(None) };
    let mut found = vec![first];
    for line in lines {
        found.push(parse_directive(line).ok_or_else(|| format!("This is no directive: {line}"))?);
    }
    Ok(Some(found))
}

fn parse_directive(line: &str) -> Option<Directive> {
    match line {
        "settings" => return Some(Directive::Settings),
        "hang" => return Some(Directive::Hang),
        "ignore stop" => return Some(Directive::IgnoreStop),
        _ => {}
    }
    let (word, rest) = line.split_once(char::is_whitespace)?;
    let rest = rest.trim();
    let text = || unescape(rest);
    Some(match word {
        "write" => parse_file_directive(rest, |path, text| Directive::Write { path, text })?,
        "append" => parse_file_directive(rest, |path, text| Directive::Append { path, text })?,
        "remove" => Directive::Remove { path: rest.to_owned() },
        "run" => Directive::Run { command: rest.to_owned() },
        "say" => Directive::Say { text: text() },
        "think" => Directive::Think { text: text() },
        "plan" => Directive::Plan { entries: split_parts(rest, ';') },
        "print" => Directive::Print { lines: rest.strip_suffix("lines")?.trim().parse().ok()? },
        "wait" => parse_wait(rest)?,
        "ask" => parse_ask(rest)?,
        "fail" => Directive::Fail { message: text() },
        "cost" => Directive::Cost { cents: rest.parse().ok()? },
        "exit" => Directive::Exit { code: rest.parse().ok()? },
        _ => return None,
    })
}

fn parse_file_directive(
    rest: &str,
    make: impl Fn(String, String) -> Directive,
) -> Option<Directive> {
    let (path, text) = rest.split_once(':')?;
    Some(make(path.trim().to_owned(), format!("{}\n", unescape(text.trim()))))
}

fn parse_wait(rest: &str) -> Option<Directive> {
    let time = Duration::try_from_secs_f64(rest.parse().ok()?).ok()?;
    Some(Directive::Wait { seconds: rest.to_owned(), time })
}

/// Without options it is a yes or no.
fn parse_ask(rest: &str) -> Option<Directive> {
    let mut options = split_parts(rest, '|');
    if options.is_empty() {
        return None;
    }
    let question = options.remove(0);
    if options.is_empty() {
        options = vec!["Yes".to_owned(), "No".to_owned()];
    }
    Some(Directive::Ask { question, options })
}

fn split_parts(text: &str, separator: char) -> Vec<String> {
    text.split(separator).map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned).collect()
}

/// A directive is one line, so `\n` stands for a line's end and `\\` for a backslash.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some('n')) => {
                out.push('\n');
                chars.next();
            }
            ('\\', Some('\\')) => {
                out.push('\\');
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_one(line: &str) -> Directive {
        let mut found = parse_script(line).expect("a directive").expect("a directive");
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    #[test]
    fn each_directive_is_read() {
        let s = str::to_owned;
        let table = [
            ("write a b.txt: x: y", Directive::Write { path: s("a b.txt"), text: s("x: y\n") }),
            ("append a.txt: 1\\n2", Directive::Append { path: s("a.txt"), text: s("1\n2\n") }),
            ("remove src/a.txt", Directive::Remove { path: s("src/a.txt") }),
            ("run echo a; echo 'b: c'", Directive::Run { command: s("echo a; echo 'b: c'") }),
            ("say Hello.\\nThere.", Directive::Say { text: s("Hello.\nThere.") }),
            ("think a \\\\n b", Directive::Think { text: s("a \\n b") }),
            ("plan A; B ;C", Directive::Plan { entries: vec![s("A"), s("B"), s("C")] }),
            ("print 12 lines", Directive::Print { lines: 12 }),
            ("wait 0.5", Directive::Wait { seconds: s("0.5"), time: Duration::from_millis(500) }),
            (
                "ask Which? | Red | Blue",
                Directive::Ask { question: s("Which?"), options: vec![s("Red"), s("Blue")] },
            ),
            (
                "ask May I?",
                Directive::Ask { question: s("May I?"), options: vec![s("Yes"), s("No")] },
            ),
            ("fail out of paint", Directive::Fail { message: s("out of paint") }),
            ("cost 12", Directive::Cost { cents: 12 }),
            ("settings", Directive::Settings),
            ("exit 3", Directive::Exit { code: 3 }),
            ("  hang  ", Directive::Hang),
            ("ignore stop", Directive::IgnoreStop),
        ];
        for (line, expected) in table {
            assert_eq!(parse_one(line), expected, "{line}");
        }
    }

    #[test]
    fn ordinary_words_are_no_script() {
        for prompt in ["", "Please describe this.", "Write tests: all of them", "hang on a moment"]
        {
            assert_eq!(parse_script(prompt), Ok(None), "{prompt}");
        }
    }

    #[test]
    fn a_misspelt_directive_is_refused() {
        for prompt in ["say a\nsya b", "say a\nprint many lines", "say a\nwait soon"] {
            assert!(parse_script(prompt).is_err(), "{prompt}");
        }
    }
}
