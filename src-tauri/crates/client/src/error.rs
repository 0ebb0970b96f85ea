//! What can go wrong with a call, said to a person.

use regatta_protocol::{ErrorCode, UserMessage};
use std::error::Error;
use std::fmt::Write;

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nothing left this machine.
    #[error("{0}")]
    NotSent(UserMessage),
    /// It may have left this machine, and no answer came.
    #[error("{0}")]
    Lost(UserMessage),
    /// An answer came, and it was no.
    #[error("{0}")]
    Refused(UserMessage, u16),
}

impl CallError {
    /// What to tell a person.
    #[must_use]
    pub fn user_message(&self) -> &UserMessage {
        let (Self::NotSent(notice) | Self::Lost(notice) | Self::Refused(notice, _)) = self;
        notice
    }

    /// What to tell a person.
    #[must_use]
    pub fn into_user_message(self) -> UserMessage {
        let (Self::NotSent(notice) | Self::Lost(notice) | Self::Refused(notice, _)) = self;
        notice
    }
}

/// A stream that broke off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{user_message}")]
pub struct StreamError {
    /// What to tell a person.
    pub user_message: UserMessage,
    /// Whether asking for the rest can help.
    pub can_resume: bool,
}

impl StreamError {
    pub(crate) fn disconnected(details: &str) -> Self {
        Self::connection_lost("The connection to the endpoint was lost.").with_details(details)
    }

    pub(crate) fn heartbeat_lost() -> Self {
        Self::connection_lost("The endpoint stopped showing that it is there.")
    }

    pub(crate) fn missing_events(last: u64, id: u64, can_resume: bool) -> Self {
        let gap = Self::connection_lost("Some events did not arrive.");
        Self { can_resume, ..gap.with_details(&format!("{id} came after {last}.")) }
    }

    /// The answer ended as it should, but without the last word.
    pub(crate) fn ended_early() -> Self {
        Self::connection_lost(
            "The endpoint ended the connection before it said how the tasks ended.",
        )
    }

    pub(crate) fn too_large() -> Self {
        let what =
            "The endpoint sent an event of more than 64 MB, which is more than Regatta takes.";
        let mut error = Self::connection_lost(what);
        error.user_message.code = ErrorCode::PayloadTooLarge;
        Self { can_resume: false, ..error }
    }

    fn connection_lost(what: &str) -> Self {
        let safe = "Everything received is kept; the tasks may go on at the endpoint.";
        let next = "Look whether their branches are there before you start them again.";
        let user_message = UserMessage::new(ErrorCode::ConnectionLost, what, safe, next);
        Self { user_message, can_resume: true }
    }

    fn with_details(mut self, details: &str) -> Self {
        self.user_message.details = Some(details.to_owned());
        self
    }
}

/// An error and its causes, in one line.
pub(crate) fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            write!(text, ": {said}").expect("BUG: text takes everything");
        }
        cause = error.source();
    }
    text
}
