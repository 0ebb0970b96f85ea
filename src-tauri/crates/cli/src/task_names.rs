//! The names of a batch's tasks, whole and as they are shown.

use crate::sanitize;
use regatta_engine::{Engine, EngineError};
use regatta_protocol::TaskId;
use regatta_protocol::view::BatchDetail;
use std::collections::HashMap;

/// A name by task. A view cuts names; these are whole.
#[derive(Debug, Default)]
pub(crate) struct TaskNames(HashMap<TaskId, TaskName>);

#[derive(Debug)]
struct TaskName {
    full: String,
    label: String,
}

impl TaskNames {
    /// Those of the batch.
    pub(crate) async fn load(engine: &Engine, batch: &BatchDetail) -> Result<Self, EngineError> {
        let request = engine.batch_request(&batch.batch.id).await?;
        let named = batch.tasks.iter().map(|task| {
            let asked = request.parallel_tasks.get(task.position as usize);
            let whole = asked.map_or(&task.name, |asked| &asked.task_name);
            (task.id.clone(), whole.as_str())
        });
        Ok(Self::from_iter(named))
    }

    /// The name as it was given.
    pub(crate) fn full(&self, task: &TaskId) -> &str {
        self.0.get(task).map_or("", |name| &name.full)
    }

    /// The name as it stands before a line.
    pub(crate) fn label(&self, task: &TaskId) -> &str {
        self.0.get(task).map_or("", |name| &name.label)
    }
}

impl<'a> FromIterator<(TaskId, &'a str)> for TaskNames {
    fn from_iter<I: IntoIterator<Item = (TaskId, &'a str)>>(named: I) -> Self {
        let name =
            |whole: &str| TaskName { full: whole.to_owned(), label: sanitize::task_label(whole) };
        Self(named.into_iter().map(|(task, whole)| (task, name(whole))).collect())
    }
}
