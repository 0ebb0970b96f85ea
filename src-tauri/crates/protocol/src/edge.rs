//! One error, three edges: what a person can do about it depends on where they read it.

use crate::{ErrorCode, Event, UserMessage};

/// Where a message is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// In the app's window.
    Window,
    /// In a terminal, after a command of ours.
    Terminal,
    /// In an answer of our server: whoever reads it has neither this computer nor our window.
    Api,
}

impl Edge {
    /// The message with what to do about it here, and without its cause, which is for us.
    /// Messages in the log that have none say what to do in the window.
    #[must_use]
    pub fn adapt(self, mut message: UserMessage) -> UserMessage {
        if let Some(cause) = message.cause.take() {
            message.hint = cause.hint(self);
            return message;
        }
        let hint = match self {
            Self::Window => None,
            Self::Terminal => terminal_hint(message.code),
            Self::Api => api_hint(message.code),
        };
        if let Some(hint) = hint {
            hint.clone_into(&mut message.hint);
        }
        message
    }

    /// The event with what to do about its trouble here.
    #[must_use]
    pub fn adapt_event(self, mut event: Event) -> Event {
        let message = match &mut event {
            Event::Status { notice, .. } => notice,
            Event::Outcome(outcome) => &mut outcome.notice,
            _ => return event,
        };
        *message = message.take().map(|message| self.adapt(message));
        event
    }
}

/// What to do on the command line, where that isn't what it is in the window.
const fn terminal_hint(code: ErrorCode) -> Option<&'static str> {
    use ErrorCode as E;
    Some(match code {
        E::ProjectMissing => "Name the project's folder with --repo; it may have been moved.",
        E::NotARepository | E::NoCommit => {
            "Make a first commit there with git, or name another project with --repo."
        }
        E::BranchMissing => "Name a branch, tag or commit that is there with --start-from.",
        E::TokenRefused => {
            "Write a token that may read it into the batch's file, or clone the project with git \
             and name the clone with --repo."
        }
        E::DataInUse => "Close it first, or name another data folder with --data-dir.",
        E::StoreTooNew => "Start the newer version, or name another data folder with --data-dir.",
        E::KeyMissing => "Put the endpoint's key into a file and name it with --endpoint-key-file.",
        E::KeyRefused
        | E::EndpointMissing
        | E::EndpointUnreachable
        | E::EndpointRefused
        | E::EndpointProtocol => {
            "Look at the endpoint's address in the batch's file, and at its key in the file that \
             --endpoint-key-file names."
        }
        _ => return None,
    })
}

/// What a caller of the server can do, or whom to ask.
const fn api_hint(code: ErrorCode) -> Option<&'static str> {
    use ErrorCode as E;
    Some(match code {
        E::ProjectMissing => "Name a repository that is there in repo_url.",
        E::NotARepository | E::NoCommit => {
            "Push a first commit there, or name another repository in repo_url."
        }
        E::BranchMissing => "Name a branch, tag or commit that is there in branch.",
        E::TokenRefused => "Send a token in github_token that may read and write this repository.",
        E::SignInNeeded => {
            "Ask whoever runs this server to sign in to the agent there, then try again."
        }
        E::KeyMissing
        | E::KeyRefused
        | E::EndpointMissing
        | E::EndpointUnreachable
        | E::EndpointRefused
        | E::EndpointProtocol => {
            "Ask whoever runs this server to look at the endpoint's address and key."
        }
        E::DataReadOnly => "Ask whoever runs this server to make its data folder writable.",
        E::DataInUse | E::StoreCorrupt | E::StoreTooNew => {
            "Ask whoever runs this server to look at its data folder."
        }
        E::GitMissing => "Ask whoever runs this server to install git 2.39 or newer.",
        _ => return None,
    })
}
