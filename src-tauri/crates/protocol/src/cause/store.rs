//! What is amiss with the data folder and what is in it.

use super::named;
use crate::{Edge, ErrorCode};
use serde::{Deserialize, Serialize};

/// Why what is kept can't be read, written or found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum StoreCause {
    /// Another Regatta uses the data folder.
    InUse,
    /// The data folder can't be made or written.
    ReadOnly,
    /// The data folder can't be written any more; tasks wait for it.
    BecameReadOnly,
    /// A newer Regatta wrote the store.
    TooNew,
    /// The store is damaged.
    Damaged,
    /// A file that a person asked for can't be written.
    FileUnwritable,
    /// There is no such thing.
    NotFound {
        /// Such as `batch`.
        thing: String,
    },
    /// The engine is closed.
    Closed,
}

impl StoreCause {
    pub(super) const fn code(&self) -> ErrorCode {
        match self {
            Self::InUse => ErrorCode::DataInUse,
            Self::ReadOnly | Self::BecameReadOnly | Self::FileUnwritable => ErrorCode::DataReadOnly,
            Self::TooNew => ErrorCode::StoreTooNew,
            Self::Damaged => ErrorCode::StoreCorrupt,
            Self::NotFound { .. } => ErrorCode::NotFound,
            Self::Closed => ErrorCode::WrongState,
        }
    }

    pub(super) fn what(&self) -> String {
        match self {
            Self::InUse => "Another Regatta is using the same data folder.",
            Self::ReadOnly | Self::BecameReadOnly => "Regatta can't write to its data folder.",
            Self::TooNew => "Your batches were saved by a newer version of Regatta.",
            Self::Damaged => "The file with your batches is damaged.",
            Self::FileUnwritable => "The file could not be written.",
            Self::NotFound { thing } => return format!("There is no such {}.", named(thing)),
            Self::Closed => "Regatta is closing.",
        }
        .to_owned()
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
            Self::InUse => "Close it first, or choose another data folder.",
            Self::ReadOnly => "Make the folder writable, or choose another data folder.",
            Self::BecameReadOnly => "Make the folder writable: work then goes on by itself.",
            Self::TooNew => "Start the newer version, or choose another data folder.",
            Self::Damaged => "Close Regatta and start it again: it sets the damaged file aside.",
            Self::FileUnwritable => "Choose another place for it, or make room on the disk.",
            Self::NotFound { .. } => "Look in the history for what there is.",
            Self::Closed => "Start Regatta again.",
        }
    }

    const fn in_terminal(&self) -> &'static str {
        match self {
            Self::InUse => "Close it first, or name another data folder with --data-dir.",
            Self::ReadOnly => {
                "Make the folder writable, or name another data folder with --data-dir."
            }
            Self::BecameReadOnly => self.in_window(),
            Self::TooNew => "Start the newer version, or name another data folder with --data-dir.",
            Self::Damaged => "Give the command again: it sets the damaged file aside.",
            Self::FileUnwritable => "Name another place for it, or make room on the disk.",
            Self::NotFound { .. } => "Name it as `regatta run` printed it.",
            Self::Closed => "Give the command again.",
        }
    }

    const fn in_api(&self) -> &'static str {
        match self {
            Self::InUse | Self::TooNew | Self::Damaged => {
                "Ask whoever runs this server to look at its data folder."
            }
            Self::ReadOnly | Self::BecameReadOnly => {
                "Ask whoever runs this server to make its data folder writable."
            }
            Self::FileUnwritable => "Ask whoever runs this server to make room on its disk.",
            Self::NotFound { .. } => "GET /v1/runs lists what there is.",
            Self::Closed => "Try again once the server runs again.",
        }
    }
}
