//! The engine's handle: what a window, a terminal or a server can ask of it.

mod agents;
mod answer;
mod change;
mod ground;
mod look;
mod open;
mod pages;
mod planned;
mod practice_project;
mod reads;
mod results;
mod rows;
mod start;
mod tasks;

pub use change::Changed;
pub use open::EngineOptions;
pub use start::{StartOptions, Started};

use crate::agents::Agents;
use crate::dirs::Dirs;
use crate::keys::Keys;
use crate::log::Log;
use crate::queue::Queue;
use crate::tokens::Tokens;
use regatta_protocol::{Millis, Notice};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The engine of one data folder. Cheap to clone; every clone is the same engine.
#[derive(Debug, Clone)]
pub struct Engine(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    log: Log,
    /// Of this computer.
    queue: Queue,
    /// Of all endpoints together: they have their own limits.
    cloud: Queue,
    dirs: Dirs,
    program: PathBuf,
    agents: Agents,
    keys: Arc<dyn Keys>,
    /// Those that came with requests.
    tokens: Tokens,
    notices: Vec<Notice>,
}

impl Engine {
    /// What a person should know of the opening, such as a damaged file that was set aside.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        self.0.notices.clone()
    }
}

/// A new id; later ones sort after earlier ones.
pub(crate) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX))
}

#[cfg(test)]
mod tests;
