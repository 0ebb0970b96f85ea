//! What a person is told of an error of git's: what happened, what is safe, what to do.

use crate::error::{GitError, RemoteErrorKind};
use regatta_protocol::cause::{Cause, GitCause};
use regatta_protocol::{AddressProblem, ErrorCode, UserMessage};
use std::path::Path;

const NOTHING_CHANGED: &str = "Nothing was changed.";
const SAFE: &str = "Your project and what was saved before are safe.";

impl From<&GitError> for UserMessage {
    fn from(error: &GitError) -> Self {
        let because = |cause| Self::from_cause(Cause::Git(cause), NOTHING_CHANGED);
        let shown = |path: &Path| path.display().to_string();
        let notice = match error {
            GitError::NotInstalled => because(GitCause::NotInstalled),
            GitError::TooOld { found } => because(GitCause::TooOld { found: found.clone() }),
            GitError::NotAFolder(path) => because(GitCause::FolderMissing { path: shown(path) }),
            GitError::NotARepository(path) => because(GitCause::NoHistory { path: shown(path) }),
            GitError::DubiousOwnership(path) => {
                because(GitCause::OfAnotherUser { path: shown(path) })
            }
            GitError::NoCommit(path) => because(GitCause::NoVersion { path: shown(path) }),
            GitError::PartialClone(path) => because(GitCause::PartialHistory { path: shown(path) }),
            GitError::RevisionMissing { rev } => {
                because(GitCause::VersionMissing { rev: rev.clone() })
            }
            GitError::HeadMissing { branch, .. } => {
                because(GitCause::OpenBranchMissing { branch: branch.clone() })
            }
            GitError::TokenRefused { host, had_token, .. } => {
                because(GitCause::TokenRefused { host: host.clone(), had_token: *had_token })
            }
            GitError::BadAddress(problem) => {
                let (what, next) = address_message(*problem);
                Self::new(ErrorCode::BadRequest, what, NOTHING_CHANGED, next)
            }
            GitError::Remote { address, kind: trouble, .. } => remote_message(address, *trouble),
            GitError::DiskFull { .. } => Self::new(
                ErrorCode::DiskFull,
                "The disk is full.",
                "What was saved before is safe.",
                "Free some space, then try again.",
            ),
            GitError::Dangerous { what, .. } => Self::new(
                ErrorCode::GitFailed,
                format!("It was kept out, as it holds something dangerous: {what}."),
                SAFE,
                "If a task made it, continue that task and have it corrected; if it is older, it has \
                 to be corrected in the project.",
            ),
            GitError::ReadOnly { folder, .. } => Self::new(
                ErrorCode::GitFailed,
                format!("The project {} is read-only for your user.", folder.display()),
                SAFE,
                "Let your user write there, then try again.",
            ),
            GitError::TimedOut { .. } => Self::new(
                ErrorCode::GitFailed,
                "The program git took too long and was ended.",
                SAFE,
                "Try again; the details say what it was doing.",
            ),
            GitError::Failed { .. } | GitError::Io { .. } => Self::new(
                ErrorCode::GitFailed,
                "The program git could not do what was asked of it.",
                SAFE,
                "The details say what git reported.",
            ),
        };
        notice.with_details(error.to_string())
    }
}

impl From<GitError> for UserMessage {
    fn from(error: GitError) -> Self {
        Self::from(&error)
    }
}

/// What is wrong with an address, and what to do.
const fn address_message(problem: AddressProblem) -> (&'static str, &'static str) {
    const HINT: &str = "Write it like https://github.com/owner/name.";
    match problem {
        AddressProblem::Empty => ("There is no address.", HINT),
        AddressProblem::Invisible => ("The address has characters in it that can't be seen.", HINT),
        AddressProblem::NotWeb => ("The address doesn't begin with https://.", HINT),
        AddressProblem::HasUser => (
            "There is a name or a token in the address.",
            "Leave it out of the address; the token has a place of its own.",
        ),
        AddressProblem::BadHost => ("The host of the address isn't one.", HINT),
        AddressProblem::NotEncrypted => ("The address isn't encrypted.", "Write it with https://."),
        AddressProblem::NoPath => ("The address names a host, but no project there.", HINT),
        AddressProblem::BadPath => {
            ("The address has characters in it that no project's has.", HINT)
        }
    }
}

fn remote_message(address: &str, kind: RemoteErrorKind) -> UserMessage {
    let safe = "What was saved before is safe.";
    let address = single_line(address);
    let (what, next) = match kind {
        RemoteErrorKind::Unreachable => (
            format!("{address} can't be reached."),
            "Check the address and your connection, then try again.",
        ),
        RemoteErrorKind::CertificateUntrusted => {
            let cause = Cause::Git(GitCause::CertificateUntrusted { address });
            return UserMessage::from_cause(cause, safe);
        }
        RemoteErrorKind::NotFound => (
            format!("There is no project at {address}, or the token may not see it."),
            "Check the address and what the token may do.",
        ),
        RemoteErrorKind::Redirected => {
            (format!("{address} sends elsewhere."), "Write the address where the project is now.")
        }
        RemoteErrorKind::Rejected => (
            format!("{address} did not take the new branch."),
            "The details say why; its rules may have to be changed there.",
        ),
        RemoteErrorKind::Other => (
            format!("{address} could not be used."),
            "Try again; the details say what git reported.",
        ),
    };
    UserMessage::new(ErrorCode::RemoteFailed, what, safe, next)
}

/// A person's text as it can stand in a sentence: one line, at most 80 characters.
fn single_line(text: &str) -> String {
    let mut line: String =
        text.chars().take(80).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(80).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn all_errors() -> Vec<GitError> {
        let path = || PathBuf::from("/home/ada/shop");
        let said = || "exit code 128".to_owned();
        let remote = |trouble| GitError::Remote {
            address: "https://github.com/ada/shop".into(),
            kind: trouble,
            details: said(),
        };
        vec![
            GitError::NotInstalled,
            GitError::TooOld { found: "git version 2.30.2".into() },
            GitError::NotAFolder(path()),
            GitError::NotARepository(path()),
            GitError::DubiousOwnership(path()),
            GitError::NoCommit(path()),
            GitError::PartialClone(path()),
            GitError::RevisionMissing { rev: "main".into() },
            GitError::BadAddress(AddressProblem::Empty),
            GitError::BadAddress(AddressProblem::Invisible),
            GitError::BadAddress(AddressProblem::NotWeb),
            GitError::BadAddress(AddressProblem::HasUser),
            GitError::BadAddress(AddressProblem::BadHost),
            GitError::BadAddress(AddressProblem::NotEncrypted),
            GitError::BadAddress(AddressProblem::NoPath),
            GitError::BadAddress(AddressProblem::BadPath),
            GitError::TokenRefused { host: "github.com".into(), had_token: true, details: said() },
            GitError::TokenRefused { host: "github.com".into(), had_token: false, details: said() },
            remote(RemoteErrorKind::Unreachable),
            remote(RemoteErrorKind::CertificateUntrusted),
            remote(RemoteErrorKind::NotFound),
            remote(RemoteErrorKind::Redirected),
            remote(RemoteErrorKind::Rejected),
            remote(RemoteErrorKind::Other),
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
        ]
    }

    #[test]
    fn every_message_says_three_things_in_plain_words() {
        for error in all_errors() {
            let notice = UserMessage::from(&error);
            let sentences = [&notice.message, &notice.impact, &notice.hint];
            for sentence in sentences {
                assert!(sentence.ends_with('.') && sentence.len() > 10, "{error:?}: {sentence:?}");
                let words = sentence.to_lowercase();
                for word in ["worktree", "commit", "head", "repository", "checkout", "exit code"] {
                    assert!(!words.contains(word), "{error:?}: {sentence}");
                }
            }
            assert_eq!(notice.details, Some(error.to_string()));
        }
    }

    #[test]
    fn a_long_or_many_lined_name_is_shown_as_one_short_line() {
        let rev = format!("a\nb{}", "x".repeat(10_000));
        let notice = UserMessage::from(GitError::RevisionMissing { rev });
        assert!(!notice.message.contains('\n') && notice.message.len() < 200, "{}", notice.message);
    }
}
