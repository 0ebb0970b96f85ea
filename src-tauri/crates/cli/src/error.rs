//! Why nothing was done.

use crate::{print, request};
use regatta_engine::EngineError;
use regatta_protocol::request::RequestProblem;
use regatta_protocol::{Edge, UserMessage};
use std::io;
use std::process::ExitCode;

/// What is said instead of doing what was asked.
#[derive(Debug)]
pub(crate) struct CommandError {
    lines: Vec<String>,
    exit_code: u8,
}

impl CommandError {
    /// Says it and gives the exit code for it.
    pub(crate) fn report(self) -> ExitCode {
        for line in self.lines {
            print::write_stderr(&line);
        }
        ExitCode::from(self.exit_code)
    }

    fn new(lines: Vec<String>) -> Self {
        Self { lines, exit_code: 2 }
    }
}

impl From<UserMessage> for CommandError {
    fn from(notice: UserMessage) -> Self {
        Self::new(request::notice_lines(&notice))
    }
}

impl From<Vec<RequestProblem>> for CommandError {
    fn from(problems: Vec<RequestProblem>) -> Self {
        Self::new(request::problem_lines(&problems))
    }
}

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::BadRequest(mut problems) => {
                for problem in &mut problems {
                    problem.notice = Edge::Terminal.adapt(problem.notice.clone());
                }
                problems.into()
            }
            other => other.message(Edge::Terminal).into(),
        }
    }
}

impl From<io::Error> for CommandError {
    fn from(problem: io::Error) -> Self {
        match problem.kind() {
            // Whoever read has read enough.
            io::ErrorKind::BrokenPipe => Self { lines: Vec::new(), exit_code: 0 },
            _ => Self::new(vec![format!("Regatta can't go on: {problem}.")]),
        }
    }
}
