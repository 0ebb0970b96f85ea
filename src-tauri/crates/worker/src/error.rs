//! What can go wrong in the worker itself, by what the person can do about it.

use regatta_git::GitError;
use regatta_protocol::{ErrorCode, UserMessage};
use std::io;

/// Why a task could not be worked on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkerError {
    /// Git refused before the agent began.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The agent's program isn't there or may not be run.
    #[error("{program} can't be started: {problem}")]
    AgentMissing {
        /// Its path.
        program: String,
        /// What the system said.
        problem: io::Error,
    },
    /// The prompt can't be an argument.
    #[error("the prompt can't be an argument: {0}")]
    Prompt(io::Error),
    /// The task line was no task.
    #[error("the task can't be read: {0}")]
    BadTask(String),
    /// The system refused something that it never should.
    #[error("{doing}: {problem}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        problem: io::Error,
    },
}

impl WorkerError {
    /// The error for a program that did not start.
    pub(crate) fn from_spawn_error(program: &std::path::Path, problem: io::Error) -> Self {
        let too_long = problem.kind() == io::ErrorKind::ArgumentListTooLong;
        if too_long || problem.kind() == io::ErrorKind::InvalidInput {
            return Self::Prompt(problem);
        }
        Self::AgentMissing { program: program.display().to_string(), problem }
    }
}

const NOTHING: &str = "Nothing was changed.";

impl From<WorkerError> for UserMessage {
    fn from(error: WorkerError) -> Self {
        let details = error.to_string();
        let say = |code, what: &str, next: &str| {
            Self::new(code, what, NOTHING, next).with_details(details.clone())
        };
        match error {
            WorkerError::Git(problem) => Self { impact: NOTHING.to_owned(), ..problem.into() },
            WorkerError::AgentMissing { program, .. } => say(
                ErrorCode::AgentMissing,
                &format!("The agent's program {program} could not be started."),
                "Check that it is installed and may be run, then try again.",
            ),
            WorkerError::Prompt(_) => say(
                ErrorCode::BadRequest,
                "The text can't be handed to a command: it is too long, or holds a zero byte.",
                "Shorten it, put the long part into a file of the project, or use an agent that \
                 speaks ACP.",
            ),
            WorkerError::BadTask(_) | WorkerError::System { .. } => say(
                ErrorCode::Internal,
                "Something went wrong inside Regatta.",
                "Try again; the details say what it was.",
            ),
        }
    }
}
