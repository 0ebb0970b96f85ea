//! What can go wrong at the door to git, by what the caller can do about it.

use crate::fsck::{self, Refused};
use regatta_protocol::AddressProblem;
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
