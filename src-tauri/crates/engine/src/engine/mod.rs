//! The engine's handle: what a window, a terminal or a server can ask of it.

mod agents;
mod answer;
mod changes;
mod continuation;
mod expand;
mod open;
mod practice_project;
mod publish;
mod queries;
mod recovery;
mod start;
mod start_point;
mod tasks;
mod validate;
mod watch;

pub use open::EngineOptions;
pub use start::{StartOptions, StartedBatch};
pub use watch::ChangeSet;

use crate::agents::AgentRegistry;
use crate::given_answers::GivenAnswers;
use crate::log::Log;
use crate::places::Places;
use crate::remote_access::RemoteAccess;
use regatta_protocol::{Millis, UserMessage};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The engine of one data folder. Cheap to clone; every clone is the same engine.
#[derive(Debug, Clone)]
pub struct Engine(Arc<EngineInner>);

#[derive(Debug)]
struct EngineInner {
    log: Log,
    places: Places,
    /// The way to repositories, and to the folders.
    access: RemoteAccess,
    agents: AgentRegistry,
    given_answers: GivenAnswers,
    notices: Vec<UserMessage>,
}

impl Engine {
    /// What a person should know of the opening, such as a damaged file that was set aside.
    #[must_use]
    pub fn notices(&self) -> Vec<UserMessage> {
        self.0.notices.clone()
    }
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX))
}

#[cfg(test)]
mod tests;
