//! What the end of a turn means: its reason, or the agent's error. Source: "Stop reasons",
//! <https://agentclientprotocol.com/protocol/prompt-turn>.

use crate::agent::TurnEnd;
use crate::agent_error::{self, AgentErrorKind};
use crate::output::now;
use crate::text::one_line;
use agent_client_protocol::{Error, ErrorCode as AcpCode};
use regatta_protocol::{ErrorCode, UserMessage};

const SAVED: &str = "What it had changed is saved.";

/// What an error of the agent's means for its turn, where it is known; else none.
pub(super) fn from_error(problem: &Error) -> Option<TurnEnd> {
    let trouble = classify_error(problem);
    (trouble != AgentErrorKind::Other).then(|| trouble.to_turn_end(&problem.to_string()))
}

/// The agent answered its prompt with an error.
pub(super) fn from_prompt_error(problem: &Error) -> TurnEnd {
    from_error(problem).unwrap_or_else(|| {
        let TurnEnd::Failed(notice) = AgentErrorKind::Other.to_turn_end(&problem.message) else {
            unreachable!("BUG: anything else is a failure")
        };
        TurnEnd::Failed(notice.with_details(problem.to_string()))
    })
}

fn classify_error(problem: &Error) -> AgentErrorKind {
    let data = problem.data.clone().unwrap_or_default();
    let code = i32::from(problem.code);
    match agent_error::classify(code.into(), &problem.message, &data, now()) {
        AgentErrorKind::Other if problem.code == AcpCode::AUTH_REQUIRED => AgentErrorKind::SignIn,
        known => known,
    }
}

/// It cost as much as it may.
pub(super) fn cost_limit_reached() -> TurnEnd {
    TurnEnd::Failed(UserMessage::new(
        ErrorCode::CostLimit,
        "The task cost as much as it may, by the agent's own figures.",
        SAVED,
        "Continue from here, or let it cost more.",
    ))
}

/// It went on when it was asked to end its turn for what a person said.
pub(super) fn cancel_timed_out() -> TurnEnd {
    TurnEnd::Failed(UserMessage::new(
        ErrorCode::AgentProtocol,
        "The agent did not let itself be interrupted, and was ended.",
        SAVED,
        "Continue the task, and say again what you wanted to tell it.",
    ))
}

/// What the reason for a turn's end means.
pub(super) fn from_stop_reason(reason: &str) -> TurnEnd {
    let failed = |code, what: String, next: &str| {
        let notice = UserMessage::new(code, what, SAVED, next);
        TurnEnd::Failed(notice.with_details(format!("stopReason: {reason}")))
    };
    match reason {
        "end_turn" => TurnEnd::Done,
        "cancelled" => TurnEnd::Cancelled,
        "refusal" => failed(
            ErrorCode::AgentFailed,
            "The agent refused to go on.".into(),
            "Read what it said, and word the task in another way.",
        ),
        "max_tokens" => failed(
            ErrorCode::AgentFailed,
            "The agent stopped: the conversation became too long for its model.".into(),
            "Continue from here, or split the task.",
        ),
        "max_turn_requests" => failed(
            ErrorCode::TurnLimit,
            "The agent stopped: it took as many turns as it may for one task.".into(),
            "Continue from here, or give it more turns.",
        ),
        other => failed(
            ErrorCode::AgentProtocol,
            format!(
                "The agent ended for a reason that isn't known: \u{201c}{}\u{201d}.",
                one_line(other, 60)
            ),
            "Look at what it did, then try again or continue from here.",
        ),
    }
}
