//! One error, three edges: what a person can do about it depends on where they read it.

use regatta_protocol::{ErrorCode, Event, UserMessage};

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
    /// The message with what to do about it here. Messages in the log and of rooms that don't
    /// know who reads them say what to do in the window.
    #[must_use]
    pub fn adapt(self, mut message: UserMessage) -> UserMessage {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EngineError;
    use regatta_git::{GitError, RemoteErrorKind};
    use regatta_protocol::AddressProblem;
    use regatta_protocol::request::RequestProblem;
    use std::path::PathBuf;

    const EDGES: [Edge; 3] = [Edge::Window, Edge::Terminal, Edge::Api];

    fn git_errors() -> Vec<GitError> {
        let (path, said) = (|| PathBuf::from("/srv/shop"), || "exit code 128".to_owned());
        let refused =
            |had_token| GitError::TokenRefused { host: "host".into(), had_token, details: said() };
        let remote =
            |kind| GitError::Remote { address: "https://host/r".into(), kind, details: said() };
        let mut errors = vec![
            GitError::NotInstalled,
            GitError::TooOld { found: "git version 2.30.2".into() },
            GitError::NotAFolder(path()),
            GitError::NotARepository(path()),
            GitError::DubiousOwnership(path()),
            GitError::NoCommit(path()),
            GitError::PartialClone(path()),
            GitError::RevisionMissing { rev: "main".into() },
            refused(true),
            refused(false),
            GitError::DiskFull { details: said() },
            GitError::Dangerous {
                what: "a link into the .git folder".into(),
                object: "9b6f".into(),
                details: said(),
            },
            GitError::HeadMissing { project: path(), branch: "main".into() },
            GitError::ReadOnly { folder: path(), details: said() },
            GitError::TimedOut { call: "git fetch".into() },
            GitError::Failed { call: "git fetch".into(), details: said() },
            GitError::Io { doing: "making a copy".into(), details: said() },
        ];
        errors.extend(
            [
                RemoteErrorKind::Unreachable,
                RemoteErrorKind::CertificateUntrusted,
                RemoteErrorKind::NotFound,
                RemoteErrorKind::Redirected,
                RemoteErrorKind::Rejected,
                RemoteErrorKind::Other,
            ]
            .map(remote),
        );
        errors.extend(
            [
                AddressProblem::Empty,
                AddressProblem::Invisible,
                AddressProblem::NotWeb,
                AddressProblem::HasUser,
                AddressProblem::BadHost,
                AddressProblem::NotEncrypted,
                AddressProblem::NoPath,
                AddressProblem::BadPath,
            ]
            .map(GitError::BadAddress),
        );
        errors
    }

    fn all_errors() -> Vec<EngineError> {
        let dir = || PathBuf::from("/data");
        let problem = RequestProblem {
            row: None,
            field: "project".into(),
            notice: GitError::NotARepository(dir()).into(),
        };
        let mut errors = vec![
            EngineError::DataInUse { dir: dir() },
            EngineError::DataReadOnly { dir: dir(), details: String::new() },
            EngineError::StoreTooNew { found: 9, known: 8 },
            EngineError::BadRequest(vec![problem]),
            EngineError::NotFound("batch"),
            EngineError::KeyReused,
            EngineError::Closed,
        ];
        errors.extend(git_errors().into_iter().map(EngineError::Git));
        errors
    }

    /// What no reader at an edge can follow.
    fn foreign_words(edge: Edge) -> &'static [&'static str] {
        match edge {
            Edge::Window => &["--", "repo_url", "github_token", "/v1/"],
            Edge::Terminal => &["settings", "button", "window", "history", "github_token", "/v1/"],
            Edge::Api => &[
                "settings",
                "button",
                "window",
                "history",
                "--",
                "choose",
                "set it up",
                "enter a",
                "this computer",
                "start regatta",
            ],
        }
    }

    #[test]
    fn every_error_says_three_things_that_its_reader_can_use() {
        for error in all_errors() {
            for edge in EDGES {
                let message = error.message(edge);
                for sentence in [&message.message, &message.impact, &message.hint] {
                    let is_whole = sentence.len() > 10 && sentence.ends_with('.');
                    assert!(is_whole, "{error:?} {edge:?}: {sentence:?}");
                }
                for word in foreign_words(edge) {
                    let hint = message.hint.to_lowercase();
                    assert!(!hint.contains(word), "{error:?} {edge:?}: {hint}");
                }
                assert_eq!(message.code, error.message(Edge::Window).code);
            }
        }
    }

    #[test]
    fn a_stored_message_of_an_endpoint_sends_nobody_to_settings_they_do_not_have() {
        use ErrorCode as E;
        for code in [
            E::KeyMissing,
            E::KeyRefused,
            E::EndpointMissing,
            E::EndpointUnreachable,
            E::EndpointRefused,
            E::EndpointProtocol,
        ] {
            let stored = UserMessage::new(code, "It failed.", "", "Check it in the settings.");
            let failed =
                |notice| Event::Status { status: regatta_protocol::Status::Failed, notice };
            assert_eq!(Edge::Window.adapt(stored.clone()), stored);
            for edge in [Edge::Terminal, Edge::Api] {
                let told = edge.adapt(stored.clone());
                assert!(!told.hint.contains("settings"), "{code:?}: {}", told.hint);
                assert_eq!(edge.adapt_event(failed(Some(stored.clone()))), failed(Some(told)));
            }
        }
    }
}
