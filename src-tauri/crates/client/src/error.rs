//! What can go wrong with a call, said to a person.

use regatta_protocol::{ErrorCode, Notice};
use std::error::Error;
use std::fmt::Write;

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nothing left this machine.
    #[error("{0}")]
    NotSent(Notice),
    /// It may have left this machine, and no answer came.
    #[error("{0}")]
    Lost(Notice),
    /// An answer came, and it was no.
    #[error("{0}")]
    Refused(Notice, u16),
}

impl CallError {
    /// What to tell a person.
    #[must_use]
    pub fn notice(&self) -> &Notice {
        let (Self::NotSent(notice) | Self::Lost(notice) | Self::Refused(notice, _)) = self;
        notice
    }

    /// What to tell a person.
    #[must_use]
    pub fn into_notice(self) -> Notice {
        let (Self::NotSent(notice) | Self::Lost(notice) | Self::Refused(notice, _)) = self;
        notice
    }
}

/// A stream that broke off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{notice}")]
pub struct Broken {
    /// What to tell a person.
    pub notice: Notice,
    /// Whether asking for the rest can help.
    pub can_go_on: bool,
}

impl Broken {
    pub(crate) fn cut(details: &str) -> Self {
        Self::lost("The connection to the endpoint was lost.").with(details)
    }

    pub(crate) fn silent() -> Self {
        Self::lost("The endpoint stopped showing that it is there.")
    }

    pub(crate) fn gap(last: u64, id: u64, can_go_on: bool) -> Self {
        let gap = Self::lost("Some events did not arrive.");
        Self { can_go_on, ..gap.with(&format!("{id} came after {last}.")) }
    }

    /// The answer ended as it should, but without the last word.
    pub(crate) fn without_end() -> Self {
        Self::lost("The endpoint ended the connection before it said how the tasks ended.")
    }

    pub(crate) fn too_large() -> Self {
        let what =
            "The endpoint sent an event of more than 64 MB, which is more than Regatta takes.";
        Self { can_go_on: false, ..Self::lost(what) }
    }

    fn lost(what: &str) -> Self {
        let safe = "Everything received is kept; the tasks may go on at the endpoint.";
        let next = "Look whether their branches are there before you start them again.";
        let notice = Notice::new(ErrorCode::ConnectionLost, what, safe, next);
        Self { notice, can_go_on: true }
    }

    fn with(mut self, details: &str) -> Self {
        self.notice.details = Some(details.to_owned());
        self
    }
}

/// An error and its causes, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
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
