//! What the facts of an attempt's end mean. Pure.

use crate::agent::TurnEnd;
use crate::attempt_loop::StopReason;
use regatta_process::ProgramExit;
use regatta_protocol::{ErrorCode, Status, UserMessage};

/// The outcome's status, and why, where it isn't `finished`. `ended`: how the program
/// ended by itself, if it did.
pub(crate) fn final_status(
    why: StopReason,
    ended: Option<ProgramExit>,
) -> (Status, Option<UserMessage>) {
    match why {
        StopReason::TurnEnded(TurnEnd::Done) => (Status::Finished, None),
        StopReason::TurnEnded(TurnEnd::Failed(notice) | TurnEnd::Limited(notice, _)) => {
            (Status::Failed, Some(notice))
        }
        StopReason::TurnEnded(TurnEnd::Cancelled) => failed_with(UserMessage::new(
            ErrorCode::AgentFailed,
            "The agent broke off its work.",
            "",
            "Some agents do that when something is refused; try again or continue from here.",
        )),
        StopReason::TurnEnded(TurnEnd::ConnectionLost(details)) => {
            failed_with(connection_lost_notice(ended, &details))
        }
        StopReason::Stopped => (Status::Stopped, None),
        StopReason::TimeLimit => failed_with(UserMessage::new(
            ErrorCode::TimeLimit,
            "The task used up its time.",
            "",
            "Continue from here, or give it more time.",
        )),
        StopReason::Interrupted => {
            let notice = UserMessage::new(
                ErrorCode::Interrupted,
                "Regatta ended while the task worked.",
                "",
                "Continue from here, or try again.",
            );
            (Status::Interrupted, Some(notice))
        }
    }
}

fn failed_with(notice: UserMessage) -> (Status, Option<UserMessage>) {
    (Status::Failed, Some(notice))
}

fn connection_lost_notice(ended: Option<ProgramExit>, details: &str) -> UserMessage {
    let next = "Read the end of its output, then try again or continue from here.";
    let notice = match ended {
        Some(ended) => UserMessage::new(
            ErrorCode::AgentDied,
            format!("The agent ended before it said that it was done ({ended})."),
            "",
            next,
        ),
        None => UserMessage::new(
            ErrorCode::AgentProtocol,
            "The agent closed its connection but went on running.",
            "",
            "Check that the program speaks ACP and how it has to be started.",
        ),
    };
    notice.with_details(details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_its_status_and_reason() {
        let notice = UserMessage::new(ErrorCode::AgentFailed, "x", "", "");
        let turn = |turn| StopReason::TurnEnded(turn);
        let lost = || turn(TurnEnd::ConnectionLost(String::new()));
        let table = [
            (turn(TurnEnd::Done), Some(ProgramExit::Code(1)), Status::Finished, None),
            (turn(TurnEnd::Failed(notice)), None, Status::Failed, Some(ErrorCode::AgentFailed)),
            (turn(TurnEnd::Cancelled), None, Status::Failed, Some(ErrorCode::AgentFailed)),
            (lost(), Some(ProgramExit::Code(0)), Status::Failed, Some(ErrorCode::AgentDied)),
            (lost(), None, Status::Failed, Some(ErrorCode::AgentProtocol)),
            (StopReason::Stopped, None, Status::Stopped, None),
            (StopReason::TimeLimit, None, Status::Failed, Some(ErrorCode::TimeLimit)),
            (StopReason::Interrupted, None, Status::Interrupted, Some(ErrorCode::Interrupted)),
        ];
        for (why, ended, status, code) in table {
            let (found, notice) = final_status(why.clone(), ended);
            assert_eq!((found, notice.map(|n| n.code)), (status, code), "{why:?}");
        }
    }
}
