//! What can go wrong at the door to git, by what the caller can do about it.

use crate::fsck::{self, Refused};
use regatta_protocol::{AddressProblem, ErrorCode, UserMessage};
use std::io;
use std::path::{Path, PathBuf};

/// Why something asked of git did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// There is no git program on the search path.
    #[error("the git program was not found")]
    NotInstalled,
    /// The git program is too old for what is needed.
    #[error("git {found} is older than 2.39")]
    TooOld {
        /// What it says of itself.
        found: String,
    },
    /// The folder isn't there, or isn't a folder.
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// The folder isn't in a repository.
    #[error("{} is not in a git repository", .0.display())]
    NotARepository(PathBuf),
    /// The repository belongs to another user, whom git is told not to trust.
    #[error("{} belongs to another user", .0.display())]
    DubiousOwnership(PathBuf),
    /// The repository has no commit yet.
    #[error("{} has no commit yet", .0.display())]
    NoCommit(PathBuf),
    /// The repository left a part of its files' history where it came from.
    #[error("{} is a partial clone", .0.display())]
    PartialClone(PathBuf),
    /// The branch, tag or commit isn't in the repository.
    #[error("there is no revision {rev:?}")]
    RevisionMissing {
        /// What was asked for.
        rev: String,
    },
    /// The address isn't one that is taken.
    #[error("not an address of a project: {0}")]
    BadAddress(AddressProblem),
    /// The host wants a token, or a better one.
    #[error("{host} did not let us in: {details}")]
    TokenRefused {
        /// The host.
        host: String,
        /// Whether it got a token.
        had_token: bool,
        /// What git said.
        details: String,
    },
    /// A remote can't be used.
    #[error("{address}: {details}")]
    Remote {
        /// Its address.
        address: String,
        /// Why, as far as can be told.
        kind: RemoteErrorKind,
        /// What git said.
        details: String,
    },
    /// The disk is full.
    #[error("no space left on the disk: {details}")]
    DiskFull {
        /// What git said.
        details: String,
    },
    /// What was to be fetched holds something dangerous, and was kept out.
    #[error("{what} was kept out: {details}")]
    Dangerous {
        /// What it is, in words: "a link into the .git folder".
        what: String,
        /// The object's id.
        object: String,
        /// What git said.
        details: String,
    },
    /// The branch that is checked out isn't there, while others are.
    #[error("HEAD of {} names the branch {branch:?}, which isn't there", .project.display())]
    HeadMissing {
        /// The project.
        project: PathBuf,
        /// The branch.
        branch: String,
    },
    /// The folder can't be written.
    #[error("{} can't be written: {details}", .folder.display())]
    ReadOnly {
        /// The folder.
        folder: PathBuf,
        /// What git said.
        details: String,
    },
    /// A call took longer than it may; it was ended.
    #[error("{call} took too long and was ended")]
    TimedOut {
        /// The git command.
        call: String,
    },
    /// A call failed.
    #[error("{call} failed: {details}")]
    Failed {
        /// The git command.
        call: String,
        /// Its exit code and what it said.
        details: String,
    },
    /// A file or a process could not be reached.
    #[error("{doing}: {details}")]
    Io {
        /// What was being done.
        doing: String,
        /// What the system said.
        details: String,
    },
}

/// Why a remote can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteErrorKind {
    /// Nothing answers there, or it stopped answering.
    Unreachable,
    /// Its certificate isn't trusted here.
    CertificateUntrusted,
    /// It has no such project, or doesn't show it to this token.
    NotFound,
    /// It sends elsewhere.
    Redirected,
    /// It didn't take what was to be brought.
    Rejected,
    /// It failed in another way.
    Other,
}

impl GitError {
    /// The error for `doing` something that the system refused.
    pub(crate) fn io(doing: impl Into<String>, error: &io::Error) -> Self {
        if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return Self::DiskFull { details: error.to_string() };
        }
        Self::Io { doing: doing.into(), details: error.to_string() }
    }

    /// The error for a git call that ended with `code` and said `said` (in English: every
    /// call is made with `LC_ALL=C`). `project`: the person's folder it worked on, if any.
    pub(crate) fn from_exit(
        call: &str,
        project: Option<&Path>,
        code: Option<i32>,
        said: &str,
    ) -> Self {
        let has = |text: &str| said.contains(text);
        match project {
            Some(path) if has("not a git repository") => {
                return Self::NotARepository(path.to_owned());
            }
            Some(path) if has("dubious ownership") || has("unsafe repository") => {
                return Self::DubiousOwnership(path.to_owned());
            }
            _ => {}
        }
        if has("No space left on device") || has("Disk quota exceeded") {
            return Self::DiskFull { details: said.trim().to_owned() };
        }
        if let Some(Refused { object, what }) = fsck::find_refused(said) {
            return Self::Dangerous { what, object, details: said.trim().to_owned() };
        }
        if let Some(project) = project
            && (has("Permission denied") || has("Read-only file system"))
        {
            return Self::ReadOnly { folder: project.to_owned(), details: said.trim().to_owned() };
        }
        let ended =
            code.map_or_else(|| "ended by a signal".to_owned(), |c| format!("exit code {c}"));
        Self::Failed { call: call.to_owned(), details: format!("{ended}\n{}", said.trim()) }
    }
}

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
    fn what_git_says_is_told_apart() {
        let project = Path::new("/home/ada/shop");
        let failed = |said: &str| GitError::from_exit("git x", Some(project), Some(128), said);
        assert_eq!(
            failed("fatal: not a git repository (or any of the parent directories): .git\n"),
            GitError::NotARepository(project.into())
        );
        assert_eq!(
            failed("fatal: detected dubious ownership in repository at '/home/ada/shop'\n"),
            GitError::DubiousOwnership(project.into())
        );
        for said in [
            "error: unable to write file x: No space left on device",
            "fatal: write error: Disk quota exceeded",
        ] {
            assert_eq!(failed(said), GitError::DiskFull { details: said.into() });
        }
        let other = GitError::from_exit("git x", None, None, "fatal: not a git repository\n");
        let details = "ended by a signal\nfatal: not a git repository".into();
        assert_eq!(other, GitError::Failed { call: "git x".into(), details });
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(matches!(GitError::io("writing", &full), GitError::DiskFull { .. }));
    }

    #[test]
    fn a_long_or_many_lined_name_is_shown_as_one_short_line() {
        let rev = format!("a\nb{}", "x".repeat(10_000));
        let notice = UserMessage::from(GitError::RevisionMissing { rev });
        assert!(!notice.message.contains('\n') && notice.message.len() < 200, "{}", notice.message);
    }
}
