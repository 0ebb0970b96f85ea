//! The names of a batch's tasks, whole (a view cuts them), and who does each.

use regatta_engine::{Engine, EngineError};
use regatta_protocol::agent::AgentSelection;
use regatta_protocol::{BatchId, BatchRequest, TaskId, TaskView};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The tasks of one batch, in order.
#[derive(Debug)]
pub(crate) struct TaskNames(Vec<NamedTask>);

#[derive(Debug)]
struct NamedTask {
    task: TaskId,
    name: String,
    /// `None` if it is one of several that do the same work, which no request to a server asks for.
    selection: Option<AgentSelection>,
}

impl TaskNames {
    /// Those of the batch.
    pub(crate) async fn load(engine: &Engine, batch: &BatchId) -> Result<Self, EngineError> {
        let detail = engine.batch(batch).await?;
        let request = engine.batch_request(batch).await?;
        let named = detail.tasks.into_iter().map(|task| NamedTask::from_view(task, &request));
        Ok(Self(named.collect()))
    }

    /// The name of a task; empty for none of this batch's.
    pub(crate) fn name(&self, task: &TaskId) -> &str {
        self.find_task(task).map_or("", |found| &found.name)
    }

    /// Who does a task, if that is known.
    pub(crate) fn agent_selection(&self, task: &TaskId) -> Option<&AgentSelection> {
        self.find_task(task)?.selection.as_ref()
    }

    /// The task of exactly that name, else that of that id.
    pub(crate) fn task_by_name_or_id(&self, text: &str) -> Option<&TaskId> {
        let by_name = self.0.iter().find(|known| known.name == text);
        let by_id = || self.0.iter().find(|known| known.task.as_str() == text);
        by_name.or_else(by_id).map(|found| &found.task)
    }

    fn find_task(&self, task: &TaskId) -> Option<&NamedTask> {
        self.0.iter().find(|known| known.task == *task)
    }
}

impl NamedTask {
    fn from_view(task: TaskView, request: &BatchRequest) -> Self {
        let row = request.parallel_tasks.get(task.row as usize).filter(|row| row.task_count() == 1);
        let Some(row) = row else {
            return Self { task: task.id, name: task.name, selection: None };
        };
        let (agent, options) = (request.agent.clone(), request.options.clone());
        let who = row.agents.first().cloned().unwrap_or(AgentSelection { agent, options });
        Self { task: task.id, name: row.task_name.trim().to_owned(), selection: Some(who) }
    }
}

/// The names that somebody uses now, so that a thousand streams of one batch hold them once.
#[derive(Debug, Default)]
pub(crate) struct TaskNamesCache(Mutex<HashMap<BatchId, Weak<TaskNames>>>);

impl TaskNamesCache {
    /// Those of the batch, if somebody uses them.
    pub(crate) fn get(&self, batch: &BatchId) -> Option<Arc<TaskNames>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(batch)?.upgrade()
    }

    /// Remembers them for as long as somebody uses them.
    pub(crate) fn insert(&self, batch: &BatchId, names: &Arc<TaskNames>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, names| names.strong_count() > 0);
        known.insert(batch.clone(), Arc::downgrade(names));
    }
}
