//! An agent's request for permission as a question to a person. Pure.

use super::calls::Calls;
use crate::policy::{Decision, Wish, decide};
use crate::text::{cut, one_line, some_lines};
use agent_client_protocol::v1::schema::{PermissionOptionKind, RequestPermissionRequest};
use regatta_protocol::Safety;
use regatta_protocol::event::{OptionKind, Question, QuestionKind, QuestionOption, Risk, StepKind};

const MAX_TITLE: usize = 500;
const MAX_DETAIL: usize = 2_000;
const MAX_LABEL: usize = 200;
const MAX_OPTIONS: usize = 12;

/// The question. Its options are numbered from 1 in the request's order: what an agent
/// calls them is its own affair.
pub(super) fn question(
    id: String,
    request: &RequestPermissionRequest,
    (calls, safety): (&Calls, Safety),
) -> (Question, Decision) {
    let about = calls.about(&request.tool_call.tool_call_id.0);
    let (title, detail) = about.unwrap_or_default();
    let (title, detail) = (one_line(&title, MAX_TITLE), some_lines(&detail, MAX_DETAIL));
    let options = request.options.iter().take(MAX_OPTIONS).zip(1..).map(|(option, number)| {
        let label = one_line(&option.name, MAX_LABEL);
        let kind = meaning(option.kind);
        let label = if label.is_empty() { plain(kind).to_owned() } else { label };
        QuestionOption { id: format!("{number}"), label: cut(&label, MAX_LABEL), kind }
    });
    let options: Vec<QuestionOption> = options.collect();
    let (kind, command, called, outside) = calls.wish(&request.tool_call.tool_call_id.0);
    let wish = Wish { kind, command: command.as_deref(), title: &called, outside };
    let is_choice = is_choice(&options);
    let decision = match is_choice {
        true => Decision::Ask(Risk::Low, ""),
        false => decide(safety, &wish),
    };
    let (risk, risk_words) = match decision {
        Decision::Ask(risk, words) => (risk, words.to_owned()),
        Decision::Allow | Decision::Refuse(_) => (Risk::Low, String::new()),
    };
    let may_stay = !is_choice && risk != Risk::High;
    let what = if detail.is_empty() || kind == StepKind::Fetch { &title } else { &detail };
    let key = if may_stay { key(kind, command.as_deref(), what) } else { String::new() };
    let kind = if is_choice { QuestionKind::Choice } else { QuestionKind::Permission };
    (Question { id, title, detail, options, kind, risk, risk_words, key }, decision)
}

/// Whether a person is to choose something, rather than to allow it.
fn is_choice(options: &[QuestionOption]) -> bool {
    let count = |kind| options.iter().filter(|option| option.kind == kind).count();
    count(OptionKind::Other) > 0
        || count(OptionKind::AllowOnce) > 1
        || count(OptionKind::AllowOnce) + count(OptionKind::AllowAlways) == 0
}

/// What "for this batch" allows: this very command, edits of the copy, an address's computer,
/// these very files.
fn key(kind: StepKind, command: Option<&str>, what: &str) -> String {
    match (kind, command) {
        (StepKind::Run, Some(command)) => format!("run:{}", cut(command.trim(), MAX_DETAIL)),
        (StepKind::Run, None) => String::new(),
        (StepKind::Edit, _) => "edit".to_owned(),
        _ => format!("other:{what}"),
    }
}

fn meaning(kind: PermissionOptionKind) -> OptionKind {
    match kind {
        PermissionOptionKind::AllowOnce => OptionKind::AllowOnce,
        PermissionOptionKind::AllowAlways => OptionKind::AllowAlways,
        PermissionOptionKind::RejectOnce => OptionKind::RejectOnce,
        PermissionOptionKind::RejectAlways => OptionKind::RejectAlways,
        _ => OptionKind::Other,
    }
}

const fn plain(kind: OptionKind) -> &'static str {
    match kind {
        OptionKind::AllowOnce => "Yes",
        OptionKind::AllowAlways => "Yes, always",
        OptionKind::RejectOnce => "No",
        OptionKind::RejectAlways => "No, never",
        OptionKind::Other => "This one",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::path::Path;

    fn asked(request: serde_json::Value) -> Question {
        let request: RequestPermissionRequest = serde_json::from_value(request).expect("valid");
        let mut calls = Calls::new(Path::new("/copy"));
        calls.learn(&request.tool_call);
        question("q1".into(), &request, (&calls, Safety::Balanced)).0
    }

    #[test]
    fn a_command_is_asked_about_in_plain_words() {
        let question = asked(json!({
            "sessionId": "s",
            "toolCall": {
                "toolCallId": "1", "kind": "execute", "title": "bash",
                "rawInput": { "command": "npm install\nnpm test" },
            },
            "options": [
                { "optionId": "weird \u{7} id", "name": "Allow\tonce", "kind": "allow_once" },
                { "optionId": "cancel", "name": "", "kind": "reject_once" },
            ],
        }));
        assert_eq!(question.title, "Run: npm install npm test");
        assert_eq!(question.detail, "npm install\nnpm test");
        assert_eq!(question.key, "run:npm install\nnpm test");
        assert_eq!((question.risk, question.kind), (Risk::Medium, QuestionKind::Permission));
        assert!(question.risk_words.contains("adds the packages"), "{}", question.risk_words);
        let option = |id: &str, label: &str, kind| QuestionOption {
            id: id.into(),
            label: label.into(),
            kind,
        };
        let expected = [
            option("1", "Allow once", OptionKind::AllowOnce),
            option("2", "No", OptionKind::RejectOnce),
        ];
        assert_eq!(question.options, expected);
    }

    #[test]
    fn too_much_is_cut() {
        let option = |n: u32| json!({ "optionId": n.to_string(), "name": "x".repeat(999), "kind": "allow_once" });
        let question = asked(json!({
            "sessionId": "s",
            "toolCall": { "toolCallId": "1", "title": "t".repeat(9_999) },
            "options": (0..50).map(option).collect::<Vec<_>>(),
        }));
        assert_eq!(question.title.chars().count(), MAX_TITLE);
        assert_eq!(question.options.len(), MAX_OPTIONS);
        assert!(question.options.iter().all(|o| o.label.chars().count() == MAX_LABEL));
    }
}
