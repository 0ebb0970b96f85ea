//! What can go wrong, by what the caller can do about it.

use regatta_git::GitError;
use regatta_protocol::cause::{Cause, StoreCause};
use regatta_protocol::request::RequestProblem;
use regatta_protocol::{Edge, ErrorCode, UserMessage};
use rusqlite::ErrorCode as Sqlite;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why the engine didn't do what was asked.
#[derive(Debug, Error)]
pub enum EngineError {
    /// Another Regatta uses the data folder.
    #[error("the data folder {} is in use", dir.display())]
    DataInUse {
        /// The data folder.
        dir: PathBuf,
    },
    /// The data folder can't be made or written.
    #[error("the data folder {} can't be written: {details}", dir.display())]
    DataReadOnly {
        /// The data folder.
        dir: PathBuf,
        /// What the system said.
        details: String,
    },
    /// The store was written by a newer Regatta.
    #[error("the store has version {found}; this program knows {known}")]
    StoreTooNew {
        /// The version in the file.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// The store can't be read or written now.
    #[error("{0}")]
    Store(UserMessage),
    /// The request can't be run; each problem says where.
    #[error("the request has {} problems", .0.len())]
    BadRequest(Vec<RequestProblem>),
    /// No such batch, task or question.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// It was asked of a task that isn't in the right state for it.
    #[error("wrong state: {0}")]
    WrongState(&'static str),
    /// The question was answered before, with something else.
    #[error("the question was answered with {answer:?}")]
    AlreadyAnswered {
        /// What it was answered.
        answer: String,
    },
    /// It can't be done as things are, such as an agent's program that isn't there.
    #[error("{0}")]
    Refused(UserMessage),
    /// A call of git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file could not be written or read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The same idempotency key came with another request before.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The engine was closed.
    #[error("the engine is closed")]
    Closed,
}

impl EngineError {
    /// The data folder can't be used.
    pub(crate) fn data_read_only(dir: &Path, error: &io::Error) -> Self {
        Self::DataReadOnly { dir: dir.to_owned(), details: error.to_string() }
    }

    /// What a person is told at `edge`.
    #[must_use]
    pub fn message(&self, edge: Edge) -> UserMessage {
        edge.adapt(self.notice())
    }

    /// What is kept in the log, and told in the window.
    #[must_use]
    pub(crate) fn notice(&self) -> UserMessage {
        let because = |cause, safe: &str| UserMessage::from_cause(Cause::Store(cause), safe);
        match self {
            Self::DataInUse { dir } => because(StoreCause::InUse, "Nothing was changed.")
                .with_details(dir.display().to_string()),
            Self::DataReadOnly { dir, details } => {
                because(StoreCause::ReadOnly, "Nothing was changed.")
                    .with_details(format!("{}: {details}", dir.display()))
            }
            Self::StoreTooNew { found, known } => {
                because(StoreCause::TooNew, "The file was not touched.")
                    .with_details(format!("version of the file: {found}, of this program: {known}"))
            }
            Self::Store(notice) | Self::Refused(notice) => notice.clone(),
            Self::BadRequest(problems) => bad_request(problems),
            Self::NotFound(thing) => {
                let thing = (*thing).to_owned();
                because(StoreCause::NotFound { thing }, "Nothing was changed.")
            }
            Self::WrongState(why) => {
                UserMessage::new(ErrorCode::WrongState, *why, "Nothing was changed.", "")
            }
            Self::AlreadyAnswered { answer } => UserMessage::new(
                ErrorCode::WrongState,
                format!("This question was answered already: \u{201c}{answer}\u{201d}."),
                "That answer counts.",
                "Nothing is to be done.",
            ),
            Self::Git(error) => error.into(),
            Self::File { path, source } => {
                because(StoreCause::FileUnwritable, "Everything stays in Regatta.")
                    .with_details(format!("{}: {source}", path.display()))
            }
            Self::KeyReused => UserMessage::new(
                ErrorCode::IdempotencyKeyReused,
                "Another request was made with the same idempotency key before.",
                "Nothing was started.",
                "Use a new key for a new request.",
            ),
            Self::Closed => because(StoreCause::Closed, "Everything up to now is saved."),
        }
    }
}

fn bad_request(problems: &[RequestProblem]) -> UserMessage {
    let mut notice = problems.first().map_or_else(
        || UserMessage::new(ErrorCode::BadRequest, "The batch can't be started.", "", ""),
        |problem| problem.notice.clone(),
    );
    if let Some(row) = problems.first().and_then(|problem| problem.row) {
        notice.message = format!("Task {}: {}", row + 1, notice.message);
    }
    if problems.len() > 1 {
        notice.message.push_str(&format!(" ({} problems in all.)", problems.len()));
    }
    notice
}

impl From<EngineError> for UserMessage {
    fn from(error: EngineError) -> Self {
        error.message(Edge::Window)
    }
}

impl From<rusqlite::Error> for EngineError {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::QueryReturnedNoRows => Self::NotFound("batch or task"),
            other => Self::Store(store_notice(&other)),
        }
    }
}

/// What a person is told when SQLite failed.
pub(crate) fn store_notice(error: &rusqlite::Error) -> UserMessage {
    let notice = match error.sqlite_error_code() {
        Some(Sqlite::DiskFull) => UserMessage::new(
            ErrorCode::DiskFull,
            "The disk is full, so nothing new can be saved.",
            "What happened so far is kept; tasks wait.",
            "Make room on the disk: work then goes on by itself.",
        ),
        Some(Sqlite::ReadOnly | Sqlite::CannotOpen | Sqlite::PermissionDenied) => {
            let cause = Cause::Store(StoreCause::BecameReadOnly);
            UserMessage::from_cause(cause, "What happened so far is kept; tasks wait.")
        }
        Some(Sqlite::DatabaseCorrupt | Sqlite::NotADatabase) => {
            let safe = "Your projects and the branches you added are untouched.";
            UserMessage::from_cause(Cause::Store(StoreCause::Damaged), safe)
        }
        _ => UserMessage::new(
            ErrorCode::Internal,
            "Regatta's store could not be used.",
            "What happened so far is kept.",
            "It is tried again by itself; if this stays, start Regatta again.",
        ),
    };
    notice.with_details(error.to_string())
}

#[cfg(test)]
mod tests;
