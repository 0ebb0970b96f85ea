//! The names of a batch's tasks, whole: a view cuts them.

use regatta_engine::{Engine, EngineError};
use regatta_protocol::{BatchId, TaskId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The tasks of one batch and their names, in order.
#[derive(Debug)]
pub(crate) struct Names(Vec<(TaskId, String)>);

impl Names {
    /// Those of the batch.
    pub(crate) async fn of(engine: &Engine, batch: &BatchId) -> Result<Self, EngineError> {
        let detail = engine.batch(batch).await?;
        let request = engine.request_of(batch).await?;
        let named = detail.tasks.into_iter().map(|task| {
            let asked = request.parallel_tasks.get(task.position as usize);
            let name = asked.map_or(task.name, |asked| asked.task_name.trim().to_owned());
            (task.id, name)
        });
        Ok(Self(named.collect()))
    }

    /// The name of a task; empty for none of this batch's.
    pub(crate) fn name(&self, task: &TaskId) -> &str {
        let found = self.0.iter().find(|(id, _)| id == task);
        found.map_or("", |(_, name)| name)
    }

    /// The task of exactly that name.
    pub(crate) fn task(&self, name: &str) -> Option<&TaskId> {
        self.0.iter().find(|(_, known)| known == name).map(|(id, _)| id)
    }
}

/// The names that somebody uses now, so that a thousand streams of one batch hold them once.
#[derive(Debug, Default)]
pub(crate) struct KnownNames(Mutex<HashMap<BatchId, Weak<Names>>>);

impl KnownNames {
    /// Those of the batch, if somebody uses them.
    pub(crate) fn get(&self, batch: &BatchId) -> Option<Arc<Names>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(batch)?.upgrade()
    }

    /// Remembers them for as long as somebody uses them.
    pub(crate) fn keep(&self, batch: &BatchId, names: &Arc<Names>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, names| names.strong_count() > 0);
        known.insert(batch.clone(), Arc::downgrade(names));
    }
}
