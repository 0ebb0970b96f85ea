//! Where tasks run, as a value: what a place is called and what can be done there.
//!
//! Whoever decides something by where a task runs asks for a [`Capability`] and never for a
//! certain place, so that another kind of place needs no change there.

use crate::id::PlaceId;
use serde::{Deserialize, Serialize};

/// A place where tasks run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Place {
    /// Unique on this computer.
    pub id: PlaceId,
    /// Which runner it has. For logs and icons: what it can do is in `capabilities`.
    pub kind: String,
    /// What people call it.
    pub label: String,
    /// What can be done there.
    pub capabilities: Vec<Capability>,
}

/// A place that isn't known: nothing can be done there.
impl Default for Place {
    fn default() -> Self {
        let id = PlaceId::parse("unknown").expect("BUG: it is an id");
        Self { id, kind: String::new(), label: String::new(), capabilities: Vec::new() }
    }
}

impl Place {
    /// Whether it is the default: a place that isn't known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the place has a capability.
    #[must_use]
    pub fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }
}

/// Something that can be done in a place, or that the place needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// It works on a project's folder on this computer. Without it, on a repository by its
    /// address, which it fetches itself.
    LocalFolder,
    /// Its work is done in copies on this computer, and needs room on the disk here.
    LocalCopies,
    /// Which agents work, and how they are started, is chosen here. Without it that is the
    /// place's business.
    Agents,
    /// Tasks wait in a queue of ours: it keeps to a limit, its order can be changed, and an
    /// agent's tasks can be paused. At most one place has it, as one limit is shown and kept.
    Queue,
    /// What a task changed can be read here, as diffs and patches.
    Diff,
    /// A result becomes a branch of the project when a person says so. Without it, the place
    /// makes branches by itself.
    Publish,
    /// A task that is over can go on from its last save point, without a message.
    Continue,
    /// An agent hears messages while it works.
    Message,
    /// What is allowed once can be allowed for all tasks of the batch.
    AllowForBatch,
    /// Tasks go on there when Regatta ends, and the next start listens to them again.
    Detach,
    /// All attempts that a batch starts at one time are sent in one call, which is on record
    /// before it is sent.
    BatchCall,
    /// It asks for a key.
    Key,
}
