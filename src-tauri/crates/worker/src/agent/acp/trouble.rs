//! What an agent's error means: its service wants a person to sign in, or patience, or
//! something else went wrong. Pure.

use crate::agent::Turn;
use crate::text::one_line;
use agent_client_protocol::{Error, ErrorCode as AcpCode};
use regatta_protocol::{ErrorCode, Notice};

const SAVED: &str = "What it had changed is saved.";

/// What an error of the agent's means for its turn; none: nothing that is known.
pub(super) fn of_error(problem: &Error) -> Option<Turn> {
    (problem.code == AcpCode::AUTH_REQUIRED).then(|| Turn::Failed(sign_in(&problem.to_string())))
}

fn sign_in(details: &str) -> Notice {
    Notice::new(
        ErrorCode::SignInNeeded,
        "The agent isn't signed in.",
        SAVED,
        "Sign in again with the agent's own program, then try again.",
    )
    .with_details(details)
}

/// The agent answered its prompt with an error.
pub(super) fn refused(problem: &Error) -> Turn {
    if let Some(turn) = of_error(problem) {
        return turn;
    }
    let said = one_line(&problem.message, 300);
    let said = said.trim_end_matches('.');
    let notice = Notice::new(
        ErrorCode::AgentFailed,
        format!("The agent says that it failed: \u{201c}{said}\u{201d}."),
        SAVED,
        "Read what it said, then try again or continue from here.",
    );
    Turn::Failed(notice.with_details(problem.to_string()))
}

/// What the reason for a turn's end means.
pub(super) fn ended(reason: &str) -> Turn {
    let failed = |code, what: String, next: &str| {
        let notice = Notice::new(code, what, SAVED, next);
        Turn::Failed(notice.with_details(format!("stopReason: {reason}")))
    };
    match reason {
        "end_turn" => Turn::Done,
        "cancelled" => Turn::Cancelled,
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
