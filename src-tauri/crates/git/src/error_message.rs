//! What a person is told of an error of git's: what happened, what is safe, what to do.

use crate::error::{GitError, RemoteErrorKind};
use regatta_protocol::{AddressProblem, ErrorCode, UserMessage};

const NOTHING_CHANGED: &str = "Nothing was changed.";
const SAFE: &str = "Your project and what was saved before are safe.";

impl From<&GitError> for UserMessage {
    #[expect(clippy::too_many_lines, reason = "a sentence for each error")]
    fn from(error: &GitError) -> Self {
        let say = |code, what: String, next: &str| Self::new(code, what, NOTHING_CHANGED, next);
        let notice = match error {
            GitError::NotInstalled => say(
                ErrorCode::GitMissing,
                "The program git isn't on this computer.".into(),
                "Install git 2.39 or newer, then try again.",
            ),
            GitError::TooOld { found } => say(
                ErrorCode::GitMissing,
                format!("The program git is too old here ({found})."),
                "Install git 2.39 or newer, then try again.",
            ),
            GitError::NotAFolder(path) => say(
                ErrorCode::ProjectMissing,
                format!("The folder {} isn't there.", path.display()),
                "Choose the project's folder again; it may have been moved or renamed.",
            ),
            GitError::NotARepository(path) => say(
                ErrorCode::NotARepository,
                format!("The folder {} has no history yet.", path.display()),
                "Set it up (your files stay as they are), or choose another folder.",
            ),
            GitError::DubiousOwnership(path) => say(
                ErrorCode::GitFailed,
                format!("The folder {} belongs to another user of this computer.", path.display()),
                "Choose a folder of your own, or make a copy of this one that belongs to you.",
            ),
            GitError::NoCommit(path) => say(
                ErrorCode::NoCommit,
                format!("The project {} has no first version yet.", path.display()),
                "Set it up (your files stay as they are), or choose another folder.",
            ),
            GitError::PartialClone(path) => say(
                ErrorCode::GitFailed,
                format!("The project {} has only a part of its history here.", path.display()),
                "Fetch the rest of it, or choose a complete copy of the project.",
            ),
            GitError::RevisionMissing { rev } => say(
                ErrorCode::BranchMissing,
                format!(
                    "There is no version named \u{201c}{}\u{201d} in the project.",
                    single_line(rev)
                ),
                "Choose another version to start from.",
            ),
            GitError::BadAddress(problem) => {
                let (what, next) = address_message(*problem);
                say(ErrorCode::BadRequest, what.into(), next)
            }
            GitError::TokenRefused { host, had_token: given, .. } => {
                token_refused_message(host, *given)
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
            GitError::HeadMissing { branch, .. } => say(
                ErrorCode::BranchMissing,
                format!(
                    "The branch \u{201c}{}\u{201d}, which is open in the project, isn't there.",
                    single_line(branch)
                ),
                "Choose another version to start from.",
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

fn token_refused_message(host: &str, given: bool) -> UserMessage {
    let host = single_line(host);
    let (what, next) = match given {
        true => (
            format!("{host} refused the token, or the token may not do enough."),
            "Enter a token that is valid and may read and write this project.",
        ),
        false => (
            format!("{host} asks for a token, and there is none."),
            "Enter a token that may read and write this project.",
        ),
    };
    UserMessage::new(ErrorCode::TokenRefused, what, NOTHING_CHANGED, next)
}

fn remote_message(address: &str, kind: RemoteErrorKind) -> UserMessage {
    let address = single_line(address);
    let (what, next) = match kind {
        RemoteErrorKind::Unreachable => (
            format!("{address} can't be reached."),
            "Check the address and your connection, then try again.",
        ),
        RemoteErrorKind::CertificateUntrusted => (
            format!("The certificate of {address} isn't trusted on this computer."),
            "Check the address; a certificate of your own must be known to this computer.",
        ),
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
    let safe = "What was saved before is safe.";
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
