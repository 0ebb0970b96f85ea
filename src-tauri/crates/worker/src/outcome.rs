//! What the facts of an attempt's end mean. Pure.

use crate::agent::Turn;
use crate::desk::Why;
use crate::process::Ended;
use regatta_protocol::{ErrorCode, Notice, Status};

/// The outcome's status, and why, where it isn't `finished`. `ended`: how the program
/// ended by itself, if it did.
pub(crate) fn verdict(why: Why, ended: Option<Ended>) -> (Status, Option<Notice>) {
    match why {
        Why::Turn(Turn::Done) => (Status::Finished, None),
        Why::Turn(Turn::Failed(notice) | Turn::Limited(notice, _)) => {
            (Status::Failed, Some(notice))
        }
        Why::Turn(Turn::Cancelled) => failed(Notice::new(
            ErrorCode::AgentFailed,
            "The agent broke off its work.",
            "",
            "Some agents do that when something is refused; try again or continue from here.",
        )),
        Why::Turn(Turn::Lost(details)) => failed(lost(ended, &details)),
        Why::Stopped => (Status::Stopped, None),
        Why::TimeIsUp => failed(Notice::new(
            ErrorCode::TimeLimit,
            "The task used up its time.",
            "",
            "Continue from here, or give it more time.",
        )),
        Why::Alone => {
            let notice = Notice::new(
                ErrorCode::Interrupted,
                "Regatta ended while the task worked.",
                "",
                "Continue from here, or try again.",
            );
            (Status::Interrupted, Some(notice))
        }
    }
}

fn failed(notice: Notice) -> (Status, Option<Notice>) {
    (Status::Failed, Some(notice))
}

fn lost(ended: Option<Ended>, details: &str) -> Notice {
    let next = "Read the end of its output, then try again or continue from here.";
    let notice = match ended {
        Some(ended) => Notice::new(
            ErrorCode::AgentDied,
            format!("The agent ended before it said that it was done ({ended})."),
            "",
            next,
        ),
        None => Notice::new(
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
        let notice = Notice::new(ErrorCode::AgentFailed, "x", "", "");
        let turn = |turn| Why::Turn(turn);
        let lost = || turn(Turn::Lost(String::new()));
        let table = [
            (turn(Turn::Done), Some(Ended::Code(1)), Status::Finished, None),
            (turn(Turn::Failed(notice)), None, Status::Failed, Some(ErrorCode::AgentFailed)),
            (turn(Turn::Cancelled), None, Status::Failed, Some(ErrorCode::AgentFailed)),
            (lost(), Some(Ended::Code(0)), Status::Failed, Some(ErrorCode::AgentDied)),
            (lost(), None, Status::Failed, Some(ErrorCode::AgentProtocol)),
            (Why::Stopped, None, Status::Stopped, None),
            (Why::TimeIsUp, None, Status::Failed, Some(ErrorCode::TimeLimit)),
            (Why::Alone, None, Status::Interrupted, Some(ErrorCode::Interrupted)),
        ];
        for (why, ended, status, code) in table {
            let (found, notice) = verdict(why.clone(), ended);
            assert_eq!((found, notice.map(|n| n.code)), (status, code), "{why:?}");
        }
    }
}
