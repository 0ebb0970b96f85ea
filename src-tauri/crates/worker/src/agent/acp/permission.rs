//! An agent's request for permission as a question to a person. Pure. Source:
//! `session/request_permission`, <https://agentclientprotocol.com/protocol/tool-calls>.

use super::tool_calls::ToolCalls;
use crate::policy::{Decision, ToolRequest, decide};
use crate::text::{clean_multiline, one_line, truncate};
use agent_client_protocol::v1::schema::{PermissionOptionKind, RequestPermissionRequest};
use regatta_protocol::Safety;
use regatta_protocol::event::{
    Question, QuestionKind, QuestionOption, QuestionOptionKind, Risk, StepKind,
};

const MAX_TITLE: usize = 500;
const MAX_DETAIL: usize = 2_000;
const MAX_LABEL: usize = 200;
const MAX_OPTIONS: usize = 12;

/// The question. Its options are numbered from 1 in the request's order: what an agent
/// calls them is its own affair.
pub(super) fn build_question(
    id: String,
    request: &RequestPermissionRequest,
    calls: &ToolCalls,
    safety: Safety,
) -> (Question, Decision) {
    let about = calls.question_texts(&request.tool_call.tool_call_id.0);
    let (title, detail) = about.unwrap_or_default();
    let (title, detail) = (one_line(&title, MAX_TITLE), clean_multiline(&detail, MAX_DETAIL));
    let options = request.options.iter().take(MAX_OPTIONS).zip(1..).map(|(option, number)| {
        let label = one_line(&option.name, MAX_LABEL);
        let kind = to_option_kind(option.kind);
        let label = if label.is_empty() { default_label(kind).to_owned() } else { label };
        QuestionOption { id: format!("{number}"), label: truncate(&label, MAX_LABEL), kind }
    });
    let options: Vec<QuestionOption> = options.collect();
    let (kind, command, called, outside) = calls.request_parts(&request.tool_call.tool_call_id.0);
    let wish =
        ToolRequest { kind, command: command.as_deref(), title: &called, is_outside: outside };
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
    let key = if may_stay { allowance_key(kind, command.as_deref(), what) } else { String::new() };
    let kind = if is_choice { QuestionKind::Choice } else { QuestionKind::Permission };
    (
        Question {
            id,
            title,
            detail,
            options,
            kind,
            risk,
            risk_reason: risk_words,
            permission_key: key,
        },
        decision,
    )
}

/// Whether a person is to choose something, rather than to allow it.
fn is_choice(options: &[QuestionOption]) -> bool {
    let count = |kind| options.iter().filter(|option| option.kind == kind).count();
    count(QuestionOptionKind::Other) > 0
        || count(QuestionOptionKind::AllowOnce) > 1
        || count(QuestionOptionKind::AllowOnce) + count(QuestionOptionKind::AllowAlways) == 0
}

/// What "for this batch" allows: this very command, edits of the copy, an address's computer,
/// these very files.
fn allowance_key(kind: StepKind, command: Option<&str>, what: &str) -> String {
    match (kind, command) {
        (StepKind::Run, Some(command)) => format!("run:{}", truncate(command.trim(), MAX_DETAIL)),
        (StepKind::Run, None) => String::new(),
        (StepKind::Edit, _) => "edit".to_owned(),
        _ => format!("other:{what}"),
    }
}

fn to_option_kind(kind: PermissionOptionKind) -> QuestionOptionKind {
    match kind {
        PermissionOptionKind::AllowOnce => QuestionOptionKind::AllowOnce,
        PermissionOptionKind::AllowAlways => QuestionOptionKind::AllowAlways,
        PermissionOptionKind::RejectOnce => QuestionOptionKind::RejectOnce,
        PermissionOptionKind::RejectAlways => QuestionOptionKind::RejectAlways,
        _ => QuestionOptionKind::Other,
    }
}

const fn default_label(kind: QuestionOptionKind) -> &'static str {
    match kind {
        QuestionOptionKind::AllowOnce => "Yes",
        QuestionOptionKind::AllowAlways => "Yes, always",
        QuestionOptionKind::RejectOnce => "No",
        QuestionOptionKind::RejectAlways => "No, never",
        QuestionOptionKind::Other => "This one",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::path::Path;

    fn question_for(request: serde_json::Value) -> Question {
        let request: RequestPermissionRequest = serde_json::from_value(request).expect("valid");
        let mut calls = ToolCalls::new(Path::new("/copy"));
        calls.apply(&request.tool_call);
        build_question("q1".into(), &request, &calls, Safety::Balanced).0
    }

    #[test]
    fn a_command_is_asked_about_in_plain_words() {
        let question = question_for(json!({
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
        assert_eq!(question.permission_key, "run:npm install\nnpm test");
        assert_eq!((question.risk, question.kind), (Risk::Medium, QuestionKind::Permission));
        assert!(question.risk_reason.contains("adds the packages"), "{}", question.risk_reason);
        let option = |id: &str, label: &str, kind| QuestionOption {
            id: id.into(),
            label: label.into(),
            kind,
        };
        let expected = [
            option("1", "Allow once", QuestionOptionKind::AllowOnce),
            option("2", "No", QuestionOptionKind::RejectOnce),
        ];
        assert_eq!(question.options, expected);
    }

    #[test]
    fn too_much_is_cut() {
        let option = |n: u32| json!({ "optionId": n.to_string(), "name": "x".repeat(999), "kind": "allow_once" });
        let question = question_for(json!({
            "sessionId": "s",
            "toolCall": { "toolCallId": "1", "title": "t".repeat(9_999) },
            "options": (0..50).map(option).collect::<Vec<_>>(),
        }));
        assert_eq!(question.title.chars().count(), MAX_TITLE);
        assert_eq!(question.options.len(), MAX_OPTIONS);
        assert!(question.options.iter().all(|o| o.label.chars().count() == MAX_LABEL));
    }
}
