//! Standard output and standard error, for readers that may go away.

use crate::render;
use crate::sanitize::{self, sanitize};
use crate::task_names::TaskNames;
use console::Term;
use regatta_protocol::view::BatchView;
use regatta_protocol::{BatchId, Edge, LogEvent};
use regatta_trace::LogDropped;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, Write as _};

/// How events are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputFormat {
    /// `[name] text`
    Lines,
    /// One event a line.
    Json,
}

/// An event as one line of JSON.
#[derive(Serialize)]
struct JsonEvent<'a> {
    #[serde(flatten)]
    event: &'a LogEvent,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_name: Option<&'a str>,
}

/// The first line of JSON: which batch it is.
#[derive(Serialize)]
struct JsonBatch<'a> {
    event: &'static str,
    run_id: &'a BatchId,
    name: &'a str,
}

/// The line of JSON that stands before a batch's events.
pub(crate) fn batch_line(batch: &BatchView) -> String {
    json_line(&JsonBatch { event: "run", run_id: &batch.id, name: &batch.name })
}

/// Everything that `events` are worth, ready to be written.
pub(crate) fn format_events(events: &[LogEvent], names: &TaskNames, form: OutputFormat) -> String {
    let mut text = String::new();
    for event in events {
        match form {
            OutputFormat::Lines => push_lines(&mut text, event, names),
            OutputFormat::Json => push_json(&mut text, event, names),
        }
    }
    text
}

fn push_lines(text: &mut String, event: &LogEvent, names: &TaskNames) {
    let name = event.task.as_ref().map_or("batch", |task| names.label(task));
    for line in render::event_lines(&event.event) {
        writeln!(text, "[{name}] {line}").expect("BUG: a string takes everything");
    }
}

fn push_json(text: &mut String, event: &LogEvent, names: &TaskNames) {
    let task_name = event.task.as_ref().map(|task| names.full(task));
    let mut event = event.clone();
    event.event = Edge::Terminal.adapt_event(event.event);
    text.push_str(&json_line(&JsonEvent { event: &event, task_name }));
}

fn json_line(value: &impl Serialize) -> String {
    let line = serde_json::to_string(value).expect("BUG: an event is always JSON");
    sanitize::escape_json(&line) + "\n"
}

/// Writes to standard output at once.
pub(crate) fn write_stdout(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// How many columns the terminal of standard output has; `None` if it isn't a terminal.
pub(crate) fn terminal_width() -> Option<u16> {
    Term::stdout().size_checked().map(|(_rows, columns)| columns)
}

/// Says a line on standard error. When nobody can read it, nobody has to know.
pub(crate) fn write_stderr(line: &str) {
    writeln!(io::stderr(), "{}", sanitize(line)).log_dropped("writing to standard error");
}

#[cfg(test)]
mod tests {
    use super::*;
    use regatta_protocol::event::LineKind;
    use regatta_protocol::{Cause, Event, Status, TaskId, UserMessage};
    use serde_json::Value;

    fn task() -> TaskId {
        TaskId::parse("t1").expect("an id")
    }

    fn output_event(text: &str) -> LogEvent {
        let event =
            Event::Output { kind: LineKind::AgentMessage, text: text.into(), first_line: 4 };
        LogEvent { seq: 7, at: 9, task: Some(task()), attempt: 1, event }
    }

    #[test]
    fn each_line_stands_under_its_tasks_name() {
        let names = TaskNames::from_iter([(task(), "A\u{1b}[1m\n")]);
        let text = format_events(
            &[output_event("one\ntwo"), output_event("three")],
            &names,
            OutputFormat::Lines,
        );
        assert_eq!(text, "[A␊] one\n[A␊] two\n[A␊] three\n");
    }

    #[test]
    fn an_event_is_one_line_with_its_number_and_its_tasks_whole_name() {
        let long = "x".repeat(10_000);
        let names = TaskNames::from_iter([(task(), long.as_str())]);
        let text =
            format_events(&[output_event("one\n\u{1b}[2J\u{9b}two")], &names, OutputFormat::Json);
        assert_eq!(text.lines().count(), 1);
        assert!(!text.trim_end().contains(char::is_control));
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let expected = serde_json::json!({
            "seq": 7, "at": 9, "task": "t1", "attempt": 1, "task_name": long,
            "event": "output", "kind": "said", "text": "one\n\u{1b}[2J\u{9b}two", "first_line": 4,
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn what_to_do_is_said_for_the_terminal_in_json_too() {
        let notice = UserMessage::from_cause(Cause::EndpointKeyRefused, "All is safe.");
        let event = Event::Status { status: Status::Failed, notice: Some(notice) };
        let event = LogEvent { event, ..output_event("") };
        let text = format_events(&[event], &TaskNames::default(), OutputFormat::Json);
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let told = serde_json::json!({
            "code": "key_refused", "what": "The endpoint refused the key.", "safe": "All is safe.",
            "next": Cause::EndpointKeyRefused.hint(Edge::Terminal),
        });
        assert_eq!(value["notice"], told);
    }

    #[test]
    fn an_event_of_the_batch_has_no_task() {
        let event = LogEvent { task: None, attempt: 0, ..output_event("hello") };
        let names = TaskNames::default();
        assert_eq!(
            format_events(std::slice::from_ref(&event), &names, OutputFormat::Lines),
            "[batch] hello\n"
        );
        assert!(!format_events(&[event], &names, OutputFormat::Json).contains("task"));
    }
}
