//! What is amiss with a project, its host or the program git.

use super::{MAX_WORDS, named, one_line};
use crate::{Edge, ErrorCode};
use serde::{Deserialize, Serialize};

/// Why a project can't be worked on, as far as what to do depends on who reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum GitCause {
    /// There is no git program.
    NotInstalled,
    /// The git program is too old.
    TooOld {
        /// What it says of itself.
        found: String,
    },
    /// The folder isn't there.
    FolderMissing {
        /// The folder.
        path: String,
    },
    /// The folder isn't in a repository.
    NoHistory {
        /// The folder.
        path: String,
    },
    /// The repository has no commit yet.
    NoVersion {
        /// The folder.
        path: String,
    },
    /// The repository belongs to another user.
    OfAnotherUser {
        /// The folder.
        path: String,
    },
    /// The repository left a part of its files' history where it came from.
    PartialHistory {
        /// The folder.
        path: String,
    },
    /// The branch, tag or commit to start from isn't there.
    VersionMissing {
        /// What was asked for.
        rev: String,
    },
    /// The branch that is open in the project isn't there.
    OpenBranchMissing {
        /// The branch.
        branch: String,
    },
    /// The host wants a token, or a better one.
    TokenRefused {
        /// The host.
        host: String,
        /// Whether it got a token.
        had_token: bool,
    },
    /// The host's certificate isn't trusted.
    CertificateUntrusted {
        /// The project's address.
        address: String,
    },
}

impl GitCause {
    pub(super) const fn code(&self) -> ErrorCode {
        match self {
            Self::NotInstalled | Self::TooOld { .. } => ErrorCode::GitMissing,
            Self::FolderMissing { .. } => ErrorCode::ProjectMissing,
            Self::NoHistory { .. } => ErrorCode::NotARepository,
            Self::NoVersion { .. } => ErrorCode::NoCommit,
            Self::OfAnotherUser { .. } | Self::PartialHistory { .. } => ErrorCode::GitFailed,
            Self::VersionMissing { .. } | Self::OpenBranchMissing { .. } => {
                ErrorCode::BranchMissing
            }
            Self::TokenRefused { .. } => ErrorCode::TokenRefused,
            Self::CertificateUntrusted { .. } => ErrorCode::RemoteFailed,
        }
    }

    pub(super) fn what(&self) -> String {
        let folder = |path: &str| one_line(path, MAX_WORDS);
        match self {
            Self::NotInstalled => "The program git isn't on this computer.".to_owned(),
            Self::TooOld { found } => {
                format!("The program git is too old here ({}).", named(found))
            }
            Self::FolderMissing { path } => format!("The folder {} isn't there.", folder(path)),
            Self::NoHistory { path } => format!("The folder {} has no history yet.", folder(path)),
            Self::NoVersion { path } => {
                format!("The project {} has no first version yet.", folder(path))
            }
            Self::OfAnotherUser { path } => {
                format!("The folder {} belongs to another user of this computer.", folder(path))
            }
            Self::PartialHistory { path } => {
                format!("The project {} has only a part of its history here.", folder(path))
            }
            Self::VersionMissing { rev } => {
                format!("There is no version named “{}” in the project.", named(rev))
            }
            Self::OpenBranchMissing { branch } => format!(
                "The branch “{}”, which is open in the project, isn't there.",
                named(branch)
            ),
            Self::TokenRefused { host, had_token: true } => {
                format!("{} refused the token, or the token may not do enough.", named(host))
            }
            Self::TokenRefused { host, had_token: false } => {
                format!("{} asks for a token, and there is none.", named(host))
            }
            Self::CertificateUntrusted { address } => {
                format!("The certificate of {} isn't trusted on this computer.", named(address))
            }
        }
    }

    pub(super) const fn hint(&self, edge: Edge) -> &'static str {
        match edge {
            Edge::Window => self.in_window(),
            Edge::Terminal => self.in_terminal(),
            Edge::Api => self.in_api(),
        }
    }

    const fn in_window(&self) -> &'static str {
        match self {
            Self::NotInstalled | Self::TooOld { .. } => {
                "Install git 2.39 or newer, then try again."
            }
            Self::FolderMissing { .. } => {
                "Choose the project's folder again; it may have been moved or renamed."
            }
            Self::NoHistory { .. } | Self::NoVersion { .. } => {
                "Set it up (your files stay as they are), or choose another folder."
            }
            Self::OfAnotherUser { .. } => {
                "Choose a folder of your own, or make a copy of this one that belongs to you."
            }
            Self::PartialHistory { .. } => {
                "Fetch the rest of it, or choose a complete copy of the project."
            }
            Self::VersionMissing { .. } | Self::OpenBranchMissing { .. } => {
                "Choose another version to start from."
            }
            Self::TokenRefused { had_token: true, .. } => {
                "Enter a token that is valid and may read and write this project."
            }
            Self::TokenRefused { had_token: false, .. } => {
                "Enter a token that may read and write this project."
            }
            Self::CertificateUntrusted { .. } => {
                "Check the address; a certificate of your own must be known to this computer."
            }
        }
    }

    const fn in_terminal(&self) -> &'static str {
        match self {
            Self::FolderMissing { .. } => {
                "Name the project's folder with --repo; it may have been moved."
            }
            Self::NoHistory { .. } | Self::NoVersion { .. } => {
                "Make a first commit there with git, or name another project with --repo."
            }
            Self::OfAnotherUser { .. } => {
                "Make a copy of it that belongs to you, and name that with --repo."
            }
            Self::PartialHistory { .. } => {
                "Fetch the rest of it, or name a complete copy of the project with --repo."
            }
            Self::VersionMissing { .. } | Self::OpenBranchMissing { .. } => {
                "Name a branch, tag or commit that is there with --start-from."
            }
            Self::TokenRefused { .. } => {
                "Write a token that may read it into the batch's file, or clone the project with \
                 git and name the clone with --repo."
            }
            Self::NotInstalled | Self::TooOld { .. } | Self::CertificateUntrusted { .. } => {
                self.in_window()
            }
        }
    }

    const fn in_api(&self) -> &'static str {
        match self {
            Self::NotInstalled | Self::TooOld { .. } => {
                "Ask whoever runs this server to install git 2.39 or newer."
            }
            Self::FolderMissing { .. } => "Name a repository that is there in repo_url.",
            Self::NoHistory { .. } | Self::NoVersion { .. } => {
                "Push a first commit there, or name another repository in repo_url."
            }
            Self::OfAnotherUser { .. } => {
                "Ask whoever runs this server to give the folder to its own user."
            }
            Self::PartialHistory { .. } => "Name a complete copy of the repository in repo_url.",
            Self::VersionMissing { .. } | Self::OpenBranchMissing { .. } => {
                "Name a branch, tag or commit that is there in branch."
            }
            Self::TokenRefused { .. } => {
                "Send a token in github_token that may read and write this repository."
            }
            Self::CertificateUntrusted { .. } => {
                "Check the address, or ask whoever runs this server to trust its certificate there."
            }
        }
    }
}
