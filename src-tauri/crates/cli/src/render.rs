//! Events as lines for a person: `[name] text`.

use crate::sanitize::{self, sanitize};
use regatta_protocol::event::Question;
use regatta_protocol::{Edge, Event, Status, UserMessage};

/// The lines that an event is worth, without the name; none for most facts, which the table
/// at the end sums up.
pub(crate) fn event_lines(event: &Event) -> Vec<String> {
    match event {
        Event::Output { text, .. } => sanitize::sanitize_lines(text).collect(),
        Event::Status { status, notice } => status_lines(*status, notice.as_ref()),
        Event::Question(question) => question_lines(question),
        Event::Attempt { number, .. } if *number > 1 => vec![format!("Attempt {number}")],
        Event::Published { branch, .. } => {
            vec![format!("Added to the project: branch {}", sanitize(branch))]
        }
        _ => Vec::new(),
    }
}

/// A notice in one line, safe for a terminal.
pub(crate) fn notice_line(notice: &UserMessage) -> String {
    sanitize(&Edge::Terminal.adapt(notice.clone()).to_string())
}

fn status_lines(status: Status, why: Option<&UserMessage>) -> Vec<String> {
    let word = status.label();
    match why {
        None if status == Status::Waiting => Vec::new(),
        None => vec![word.to_owned()],
        Some(why) => {
            let details = why.details.iter().flat_map(|details| sanitize::sanitize_lines(details));
            let details = details.map(|line| format!("  {line}"));
            std::iter::once(format!("{word}: {}", notice_line(why))).chain(details).collect()
        }
    }
}

fn question_lines(question: &Question) -> Vec<String> {
    let mut lines = vec![format!("Question: {}", sanitize(&question.summary()))];
    if !question.title.contains(&question.detail) {
        lines.extend(sanitize::sanitize_lines(&question.detail).map(|line| format!("  {line}")));
    }
    let options = question.options.iter().zip(1..);
    lines.extend(options.map(|(option, n)| format!("  {n}: {}", sanitize(&option.label))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use regatta_protocol::ErrorCode;
    use regatta_protocol::event::{LineKind, QuestionOption, QuestionOptionKind};

    #[test]
    fn output_is_shown_line_by_line_and_drives_nothing() {
        let text = "one\r\n\x1b[31mtwo\x1b]0;x\x07\nthree\x07".to_owned();
        let event = Event::Output { kind: LineKind::Stdout, text, first_line: 0 };
        assert_eq!(event_lines(&event), ["one", "two", "three␇"]);
    }

    #[test]
    fn a_status_says_why() {
        let notice =
            UserMessage::new(ErrorCode::AgentDied, "The agent\x1b[2J died.", "All safe.", "Try.");
        let notice = notice.with_details("signal\u{7} 9\nand more");
        let failed = Event::Status { status: Status::Failed, notice: Some(notice) };
        let told = ["Failed: The agent died. All safe. Try.", "  signal␇ 9", "  and more"];
        assert_eq!(event_lines(&failed), told);
        let working = Event::Status { status: Status::Working, notice: None };
        assert_eq!(event_lines(&working), ["Working"]);
        let waiting = Event::Status { status: Status::Waiting, notice: None };
        assert_eq!(event_lines(&waiting), Vec::<String>::new());
    }

    #[test]
    fn a_question_lists_its_answers_by_number() {
        let option = |id: &str, label: &str| QuestionOption {
            id: id.into(),
            label: label.into(),
            kind: QuestionOptionKind::Other,
        };
        let question = Event::Question(Question {
            id: "7".into(),
            title: "Which colour?".into(),
            detail: "For the boat".into(),
            options: vec![option("r", "Red"), option("b", "Blue")],
            ..Question::default()
        });
        assert_eq!(
            event_lines(&question),
            ["Question: Which colour?", "  For the boat", "  1: Red", "  2: Blue"]
        );
        let question = Event::Question(Question {
            title: "Run: npm ci".into(),
            detail: "npm ci".into(),
            risk_reason: "adds the packages this project lists".into(),
            ..Question::default()
        });
        let told = "Question: Run: npm ci (adds the packages this project lists)";
        assert_eq!(event_lines(&question), [told], "the command stands there already");
    }
}
