//! What every request can reach.

use crate::agents::Agents;
use crate::gate::Gate;
use crate::names::{KnownNames, Names};
use crate::options::Limits;
use crate::refusal::Refusal;
use regatta_engine::{Engine, EngineError};
use regatta_protocol::{BatchId, ErrorCode, Notice, Safety};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What every request can reach.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) engine: Engine,
    pub(crate) gate: Gate,
    /// The folders below which projects may be, with every link resolved.
    pub(crate) roots: Vec<PathBuf>,
    pub(crate) agents: Agents,
    /// How much agents may do without asking: the server's word, never a request's.
    pub(crate) safety: Safety,
    pub(crate) limits: Limits,
    pub(crate) names: KnownNames,
    pub(crate) streams: Arc<Semaphore>,
}

impl State {
    /// Room for one more stream.
    pub(crate) fn stream_room(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.streams).try_acquire_owned().map_err(|_| {
            let what = "Too many streams are open.";
            let next = "Close some, or try again in a moment.";
            Notice::new(ErrorCode::TooMany, what, "Nothing was started.", next).into()
        })
    }

    /// The names of a batch's tasks.
    pub(crate) async fn names_of(&self, batch: &BatchId) -> Result<Arc<Names>, EngineError> {
        if let Some(known) = self.names.get(batch) {
            return Ok(known);
        }
        let names = Arc::new(Names::of(&self.engine, batch).await?);
        self.names.keep(batch, &names);
        Ok(names)
    }
}
