//! The names of a batch's tasks, whole (a view cuts them), and who does each.

use regatta_engine::{Engine, EngineError};
use regatta_protocol::agent::AgentPick;
use regatta_protocol::{BatchId, BatchRequest, TaskId, TaskView};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The tasks of one batch, in order.
#[derive(Debug)]
pub(crate) struct Names(Vec<Named>);

#[derive(Debug)]
struct Named {
    task: TaskId,
    name: String,
    /// None: it is one of several that do the same work, which no request to a server asks for.
    who: Option<AgentPick>,
}

impl Names {
    /// Those of the batch.
    pub(crate) async fn of(engine: &Engine, batch: &BatchId) -> Result<Self, EngineError> {
        let detail = engine.batch(batch).await?;
        let request = engine.request_of(batch).await?;
        let named = detail.tasks.into_iter().map(|task| Named::of(task, &request));
        Ok(Self(named.collect()))
    }

    /// The name of a task; empty for none of this batch's.
    pub(crate) fn name(&self, task: &TaskId) -> &str {
        self.find(task).map_or("", |found| &found.name)
    }

    /// Who does a task, if that is known.
    pub(crate) fn who(&self, task: &TaskId) -> Option<&AgentPick> {
        self.find(task)?.who.as_ref()
    }

    /// The task of exactly that name.
    pub(crate) fn task(&self, name: &str) -> Option<&TaskId> {
        self.0.iter().find(|known| known.name == name).map(|found| &found.task)
    }

    fn find(&self, task: &TaskId) -> Option<&Named> {
        self.0.iter().find(|known| known.task == *task)
    }
}

impl Named {
    fn of(task: TaskView, request: &BatchRequest) -> Self {
        let row = request.parallel_tasks.get(task.row as usize).filter(|row| row.tasks() == 1);
        let Some(row) = row else { return Self { task: task.id, name: task.name, who: None } };
        let (agent, options) = (request.agent.clone(), request.options.clone());
        let who = row.agents.first().cloned().unwrap_or(AgentPick { agent, options });
        Self { task: task.id, name: row.task_name.trim().to_owned(), who: Some(who) }
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
