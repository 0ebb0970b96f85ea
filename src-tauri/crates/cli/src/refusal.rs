//! Why nothing was done.

use crate::{print, request};
use regatta_engine::EngineError;
use regatta_protocol::Notice;
use regatta_protocol::request::RequestProblem;
use std::io;
use std::process::ExitCode;

/// What is said instead of doing what was asked.
#[derive(Debug)]
pub(crate) struct Refusal {
    lines: Vec<String>,
    code: u8,
}

impl Refusal {
    /// Says it and gives the exit code for it.
    pub(crate) fn say(self) -> ExitCode {
        for line in self.lines {
            print::tell(&line);
        }
        ExitCode::from(self.code)
    }

    fn of(lines: Vec<String>) -> Self {
        Self { lines, code: 2 }
    }
}

impl From<Notice> for Refusal {
    fn from(notice: Notice) -> Self {
        Self::of(request::notice_lines(&notice))
    }
}

impl From<Vec<RequestProblem>> for Refusal {
    fn from(problems: Vec<RequestProblem>) -> Self {
        Self::of(request::problem_lines(&problems))
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::BadRequest(problems) => problems.into(),
            other => other.notice().into(),
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(problem: io::Error) -> Self {
        match problem.kind() {
            // Whoever read has read enough.
            io::ErrorKind::BrokenPipe => Self { lines: Vec::new(), code: 0 },
            _ => Self::of(vec![format!("Regatta can't go on: {problem}.")]),
        }
    }
}
