//! What an agent's tool call is called in plain words. Pure.

use crate::text::{format_count, one_line};
use regatta_protocol::event::{FileDiffStat, StepKind, StepState};
use serde_json::Value;

/// The longest command that stands in a title, in characters.
const MAX_COMMAND: usize = 200;
/// The longest second line, in characters.
const MAX_DETAIL: usize = 1_000;
/// The longest name of a computer, in characters.
const MAX_HOST: usize = 100;

/// What a tool call is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct ToolSubject<'a> {
    /// The agent's own title, one line.
    pub(super) title: &'a str,
    /// The command, where there is one.
    pub(super) command: Option<&'a str>,
    /// The address that it fetches, where there is one.
    pub(super) url: Option<&'a str>,
    /// The first files.
    pub(super) files: &'a [FileDiffStat],
    /// How many files there are.
    pub(super) count: usize,
}

impl ToolSubject<'_> {
    /// "Read errors.ts", "Editing 4 files", "Ran: npm test"; else the agent's own title.
    pub(super) fn title(&self, kind: StepKind, state: StepState) -> String {
        let say = |working: &str, done: &str, failed: &str, plain: &str| {
            let verb = match state {
                StepState::Working => working,
                StepState::Done => done,
                StepState::Failed => failed,
            };
            let named = self.name_files();
            if named.is_none() && !self.is_vague() {
                return self.title.to_owned();
            }
            format!("{verb} {}", named.as_deref().unwrap_or(plain))
        };
        match kind {
            StepKind::Read => say("Reading", "Read", "Could not read", "a file"),
            StepKind::Edit => say("Editing", "Edited", "Could not change", "a file"),
            StepKind::Remove => say("Removing", "Removed", "Could not remove", "a file"),
            StepKind::Run if self.is_vague() => say("Running", "Ran", "Could not run", "a command"),
            StepKind::Run => {
                let verb = match state {
                    StepState::Working => "Running",
                    StepState::Done => "Ran",
                    StepState::Failed => "Failed",
                };
                format!("{verb}: {}", one_line(self.command_line(), MAX_COMMAND))
            }
            StepKind::Search if self.is_vague() => {
                say("Searching", "Searched", "Could not search", "the project")
            }
            StepKind::Fetch if self.is_vague() => {
                say("Fetching", "Fetched", "Could not fetch", "something")
            }
            _ if self.title.is_empty() => say("Doing", "Did", "Could not do", "something"),
            _ if state == StepState::Failed => format!("Failed: {}", self.title),
            _ => self.title.to_owned(),
        }
    }

    /// Whether nothing but a tool's name is known yet, such as "read" or "bash".
    pub(super) fn is_vague(&self) -> bool {
        self.files.is_empty()
            && self.command.is_none()
            && !self.title.contains(|c: char| c.is_whitespace() || c == '`')
    }

    /// A second line: the whole command, or the paths behind "4 files".
    pub(super) fn detail(&self, kind: StepKind) -> String {
        if kind == StepKind::Run {
            let line = one_line(self.command_line(), MAX_DETAIL);
            return if line.chars().count() > MAX_COMMAND { line } else { String::new() };
        }
        let [first, rest @ ..] = self.files else { return String::new() };
        let paths = match rest {
            [] if first.path.contains('/') => first.path.clone(),
            [] => return String::new(),
            [second] if self.count == 2 => format!("{} and {}", first.path, second.path),
            [second, ..] => {
                format!("{}, {} and {} more", first.path, second.path, self.count - 2)
            }
        };
        one_line(&paths, MAX_DETAIL)
    }

    /// The call as something that a person is asked about: "Run: npm install",
    /// "Change: src/errors.ts", "Fetch: docs.example.org"; else the agent's own title.
    pub(super) fn question_title(&self, kind: StepKind) -> String {
        let of = |verb: &str| match self.files {
            [one] if self.count == 1 => format!("{verb}: {}", one.path),
            [_, ..] => format!(
                "{verb} {}: {}",
                format_count(self.count, "file", "files"),
                self.summarize_paths()
            ),
            [] => verb.to_owned(),
        };
        match kind {
            StepKind::Run if self.is_vague() => "Run a command".to_owned(),
            StepKind::Run => format!("Run: {}", one_line(self.command_line(), MAX_COMMAND)),
            StepKind::Fetch if self.host().is_some() => {
                format!("Fetch: {}", self.host().unwrap_or_default())
            }
            StepKind::Read if !self.files.is_empty() => of("Read"),
            StepKind::Edit if !self.files.is_empty() => of("Change"),
            StepKind::Remove if !self.files.is_empty() => of("Remove"),
            StepKind::Read if self.is_vague() => "Read a file".to_owned(),
            StepKind::Edit if self.is_vague() => "Change files".to_owned(),
            StepKind::Remove if self.is_vague() => "Remove files".to_owned(),
            _ if self.title.is_empty() => "Go on".to_owned(),
            _ => self.title.to_owned(),
        }
    }

    /// What stands under Details of such a question: the exact command, the whole address, or
    /// one path a line behind "4 files".
    pub(super) fn question_detail(&self, kind: StepKind) -> String {
        match (kind, self.command, self.url) {
            (_, Some(command), _) => command.to_owned(),
            (StepKind::Fetch, None, Some(address)) => address.to_owned(),
            (StepKind::Run, None, _) if !self.is_vague() => self.command_line().to_owned(),
            _ if self.count > 1 => {
                self.files.iter().map(|file| &*file.path).collect::<Vec<_>>().join("\n")
            }
            _ => String::new(),
        }
    }

    /// The name of the computer that is asked, with its port.
    fn host(&self) -> Option<String> {
        let address = self.url.or_else(|| {
            let words = self.title.split(|c: char| c.is_whitespace() || "\"'`<>()".contains(c));
            words.into_iter().find(|word| word.contains("://"))
        });
        let rest = address?.split_once("://")?.1;
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        // What stands before an @ is a name to sign in with, however much it looks like a host.
        let host = rest[..end].rsplit('@').next()?;
        (!host.is_empty()).then(|| one_line(host, MAX_HOST))
    }

    /// "a.ts, b.ts", "a.ts, b.ts and 4 more".
    fn summarize_paths(&self) -> String {
        let shown: Vec<&str> = self.files.iter().take(2).map(|file| &*file.path).collect();
        let more = self.count - shown.len();
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{rest}", shown.join(", "))
    }

    /// The command, or the title, which agents often put between backticks.
    fn command_line(&self) -> &str {
        self.command.unwrap_or_else(|| self.title.trim_matches('`'))
    }

    /// "errors.ts", "errors.ts and form.ts", "4 files".
    fn name_files(&self) -> Option<String> {
        let name = |file: &FileDiffStat| {
            let path = file.path.trim_end_matches('/');
            path.rsplit('/').next().unwrap_or(path).to_owned()
        };
        match self.files {
            [] => None,
            [one] if self.count == 1 => Some(name(one)),
            [one, two] if self.count == 2 => Some(format!("{} and {}", name(one), name(two))),
            _ => Some(format_count(self.count, "file", "files")),
        }
    }
}

/// The command of a call's input: a text, or a list of arguments, of which the last is the
/// whole line when a shell is given one.
pub(super) fn read_command(input: &Value) -> Option<String> {
    match input.get("command").or_else(|| input.get("cmd"))? {
        Value::String(command) => Some(command.clone()),
        Value::Array(parts) => {
            let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
            match parts[..] {
                [_, flag, line] if flag.starts_with('-') && flag.ends_with('c') => {
                    Some(line.to_owned())
                }
                _ => Some(parts.join(" ")),
            }
        }
        _ => None,
    }
}

/// The address of a call's input.
pub(super) fn read_url(input: &Value) -> Option<String> {
    let address = input.get("url").or_else(|| input.get("uri"))?.as_str()?;
    address.contains("://").then(|| address.to_owned())
}

/// One line a changed file, with what was added and removed.
pub(super) fn format_file_lines(files: &[FileDiffStat]) -> impl Iterator<Item = String> {
    files.iter().map(|file| format!("{}  +{} \u{2212}{}", file.path, file.added, file.removed))
}

/// How many lines were added and removed between two texts: what is between their common
/// beginning and their common end. An estimate; the count that holds is git's.
pub(super) fn count_changed_lines(old: &str, new: &str) -> (u64, u64) {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same_start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[same_start..], &new[same_start..]);
    let same_end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let rest = |lines: usize| u64::try_from(lines - same_end).unwrap_or_default();
    (rest(new.len()), rest(old.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn file(path: &str) -> FileDiffStat {
        FileDiffStat { path: path.into(), added: 4, removed: 1 }
    }

    fn subject<'a>(title: &'a str, files: &'a [FileDiffStat]) -> ToolSubject<'a> {
        ToolSubject { title, command: None, url: None, files, count: files.len() }
    }

    #[test]
    fn titles_are_plain_words() {
        let (one, two) = ([file("src/errors.ts")], [file("a.ts"), file("b/c.ts")]);
        let many = ToolSubject { count: 12, ..subject("", &two) };
        let run = ToolSubject { command: Some("npm test\n"), ..subject("`x`", &[]) };
        let table = [
            (subject("Read File", &one), StepKind::Read, StepState::Done, "Read errors.ts"),
            (subject("", &one), StepKind::Edit, StepState::Working, "Editing errors.ts"),
            (subject("", &two), StepKind::Edit, StepState::Done, "Edited a.ts and c.ts"),
            (many, StepKind::Read, StepState::Done, "Read 12 files"),
            (subject("", &one), StepKind::Remove, StepState::Failed, "Could not remove errors.ts"),
            (run, StepKind::Run, StepState::Working, "Running: npm test"),
            (subject("`make all`", &[]), StepKind::Run, StepState::Done, "Ran: make all"),
            (subject("grep 'x'", &[]), StepKind::Search, StepState::Done, "grep 'x'"),
            (subject("", &[]), StepKind::Other, StepState::Done, "Did something"),
            (subject("bash", &[]), StepKind::Run, StepState::Working, "Running a command"),
            (subject("`make`", &[]), StepKind::Run, StepState::Done, "Ran: make"),
            (subject("read", &[]), StepKind::Read, StepState::Working, "Reading a file"),
            (subject("glob", &[]), StepKind::Search, StepState::Done, "Searched the project"),
            (subject("Edit all", &[]), StepKind::Edit, StepState::Done, "Edit all"),
        ];
        for (subject, kind, state, expected) in table {
            assert_eq!(subject.title(kind, state), expected);
        }
    }

    #[test]
    fn details_and_questions_say_more() {
        let files = [file("src/errors.ts"), file("src/form.ts"), file("c")];
        let all = subject("", &files);
        assert_eq!(all.detail(StepKind::Read), "src/errors.ts, src/form.ts and 1 more");
        assert_eq!(subject("", &files[..1]).detail(StepKind::Edit), "src/errors.ts");
        assert_eq!(subject("", &files[2..]).detail(StepKind::Edit), "");
        let lines: Vec<_> = format_file_lines(&files[..1]).collect();
        assert_eq!(lines, ["src/errors.ts  +4 \u{2212}1"]);
    }

    #[test]
    fn a_question_says_what_is_wanted_and_its_details_all_of_it() {
        use StepKind::{Edit, Fetch, Other, Read, Remove, Run};
        let files = [file("src/errors.ts"), file("src/form.ts"), file("c")];
        let all = files.map(|file| file.path).join("\n");
        let files = [file("src/errors.ts"), file("src/form.ts"), file("c")];
        let run = ToolSubject { command: Some("npm i\nnpm t"), ..subject("bash", &[]) };
        let page = "https://docs.example.org:444/v4?q=1";
        let fetch = ToolSubject { url: Some(page), ..subject("WebFetch", &[]) };
        let named = subject("Fetch \"https://me@docs.example.org#x\"", &[]);
        let hostile = subject("Fetch https://example.org\\@evil.test/", &[]);
        let table = [
            (run, Run, "Run: npm i npm t", "npm i\nnpm t"),
            (subject("`npm i`", &[]), Run, "Run: npm i", "npm i"),
            (subject("bash", &[]), Run, "Run a command", ""),
            (subject("", &files[..1]), Edit, "Change: src/errors.ts", ""),
            (
                subject("", &files),
                Edit,
                "Change 3 files: src/errors.ts, src/form.ts and 1 more",
                &all,
            ),
            (subject("write", &[]), Edit, "Change files", ""),
            (subject("", &files[2..]), Read, "Read: c", ""),
            (subject("", &files[2..]), Remove, "Remove: c", ""),
            (fetch, Fetch, "Fetch: docs.example.org:444", page),
            (named, Fetch, "Fetch: docs.example.org", ""),
            (hostile, Fetch, "Fetch: example.org", ""),
            (subject("Which?", &[]), Other, "Which?", ""),
            (subject("", &[]), Other, "Go on", ""),
        ];
        for (subject, kind, title, details) in table {
            assert_eq!(subject.question_title(kind), title);
            assert_eq!(subject.question_detail(kind), details, "{title}");
        }
    }

    #[test]
    fn commands_are_read_from_what_agents_send() {
        let table = [
            (json!({ "command": "npm test" }), Some("npm test")),
            (json!({ "command": ["bash", "-lc", "npm test"] }), Some("npm test")),
            (json!({ "cmd": ["npm", "test"] }), Some("npm test")),
            (json!({ "command": 3 }), None),
            (json!({ "path": "x" }), None),
        ];
        for (input, expected) in table {
            assert_eq!(read_command(&input).as_deref(), expected, "{input}");
        }
    }

    #[test]
    fn lines_are_counted_between_what_is_the_same() {
        assert_eq!(count_changed_lines("", "a\nb\n"), (2, 0));
        assert_eq!(count_changed_lines("a\nb\nc\n", "a\nx\ny\nc\n"), (2, 1));
        assert_eq!(count_changed_lines("a\n", "a\n"), (0, 0));
        assert_eq!(count_changed_lines("a\na\n", "a\n"), (0, 1));
    }
}
