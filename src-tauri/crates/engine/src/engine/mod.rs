//! The engine's handle: what a window, a terminal or a server can ask of it.

mod agents;
mod answer;
mod changes;
mod continuation;
mod expand;
mod open;
mod pages;
mod practice_project;
mod queries;
mod start;
mod start_point;
mod tasks;
mod validate;
mod watch;

pub use open::EngineOptions;
pub use start::{StartOptions, StartedBatch};
pub use watch::ChangeSet;

use crate::agents::AgentRegistry;
use crate::batch_tokens::BatchTokens;
use crate::credentials::CredentialProvider;
use crate::dirs::Dirs;
use crate::log::Log;
use crate::scheduler::Scheduler;
use regatta_protocol::{Millis, UserMessage};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The engine of one data folder. Cheap to clone; every clone is the same engine.
#[derive(Debug, Clone)]
pub struct Engine(Arc<EngineInner>);

#[derive(Debug)]
struct EngineInner {
    log: Log,
    /// Of this computer.
    local_scheduler: Scheduler,
    /// Of all endpoints together: they have their own limits.
    cloud_scheduler: Scheduler,
    dirs: Dirs,
    program: PathBuf,
    agents: AgentRegistry,
    credentials: Arc<dyn CredentialProvider>,
    /// Those that came with requests.
    tokens: BatchTokens,
    notices: Vec<UserMessage>,
}

impl Engine {
    /// What a person should know of the opening, such as a damaged file that was set aside.
    #[must_use]
    pub fn notices(&self) -> Vec<UserMessage> {
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
