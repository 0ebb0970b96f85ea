//! What every request can reach.

use crate::agents::AgentRegistry;
use crate::auth::AuthPolicy;
use crate::error::ApiError;
use crate::options::Limits;
use crate::task_names::{TaskNames, TaskNamesCache};
use regatta_engine::{Engine, EngineError};
use regatta_protocol::{BatchId, ErrorCode, Safety, UserMessage};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What every request can reach.
#[derive(Debug)]
pub(crate) struct AppState {
    pub(crate) engine: Engine,
    pub(crate) auth: AuthPolicy,
    /// The folders below which projects may be, with every link resolved.
    pub(crate) roots: Vec<PathBuf>,
    pub(crate) agents: AgentRegistry,
    /// How much agents may do without asking: the server's word, never a request's.
    pub(crate) safety: Safety,
    pub(crate) limits: Limits,
    pub(crate) task_names_cache: TaskNamesCache,
    pub(crate) stream_permits: Arc<Semaphore>,
}

/// How a route takes it.
pub(crate) type SharedState = axum::extract::State<Arc<AppState>>;

impl AppState {
    /// Room for one more stream.
    pub(crate) fn acquire_stream_permit(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.stream_permits).try_acquire_owned().map_err(|_| {
            let what = "Too many streams are open.";
            let next = "Close some, or try again in a moment.";
            UserMessage::new(ErrorCode::TooManyRequests, what, "Nothing was started.", next).into()
        })
    }

    /// The names of a batch's tasks.
    pub(crate) async fn task_names(&self, batch: &BatchId) -> Result<Arc<TaskNames>, EngineError> {
        if let Some(known) = self.task_names_cache.get(batch) {
            return Ok(known);
        }
        let names = Arc::new(TaskNames::load(&self.engine, batch).await?);
        self.task_names_cache.insert(batch, &names);
        Ok(names)
    }
}
