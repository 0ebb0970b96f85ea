//! What a task was asked for besides its prompt, and the rows that its batch was written in:
//! a row that names several agents, or one several times, is a task for each.

use super::json::from_json;
use regatta_protocol::agent::AgentSelection;
use regatta_protocol::request::{BatchRequest, TaskRequest};
use rusqlite::Row;
use serde::{Deserialize, Serialize};

/// What is kept of a task's row besides its prompt, as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct TaskExtra {
    /// Its row, from 0; `None` means its position.
    pub(crate) row: Option<u32>,
    /// Who does it; `None` means the batch's agent.
    #[serde(rename = "pick")]
    pub(crate) agent_selection: Option<AgentSelection>,
    pub(crate) turn_limit: Option<u32>,
    pub(crate) cost_limit_cents: Option<u32>,
    /// The row's own name, where that isn't the task's.
    pub(crate) row_name: Option<String>,
    /// The row's agents and how often each does it, as they were asked for.
    pub(crate) agents: Vec<AgentSelection>,
    pub(crate) times: Option<u32>,
}

/// A task as the file has it.
#[derive(Debug, Clone)]
pub(super) struct StoredTask {
    /// For this task alone.
    pub(super) task: TaskRequest,
    pub(super) extra: TaskExtra,
}

/// Reads a row that begins with `p.name, p.prompt, p.time_limit_s, p.extra`.
pub(super) fn read_stored(row: &Row<'_>) -> rusqlite::Result<StoredTask> {
    let extra: Option<String> = row.get(3)?;
    let extra: TaskExtra =
        extra.map_or_else(|| Ok(TaskExtra::default()), |extra| from_json(&extra))?;
    let task = TaskRequest {
        task_name: row.get(0)?,
        prompt: row.get(1)?,
        time_limit_s: row.get(2)?,
        turn_limit: extra.turn_limit,
        cost_limit_cents: extra.cost_limit_cents,
        ..TaskRequest::default()
    };
    Ok(StoredTask { task, extra })
}

/// The rows that a batch's tasks, in their order, were written in.
pub(super) fn group_rows(tasks: impl IntoIterator<Item = StoredTask>) -> Vec<TaskRequest> {
    let mut rows: Vec<TaskRequest> = Vec::new();
    for StoredTask { task, extra } in tasks {
        if extra.row.is_some_and(|row| (row as usize) < rows.len()) {
            continue; // Another task of a row that is there.
        }
        let task_name = extra.row_name.unwrap_or(task.task_name);
        rows.push(TaskRequest { task_name, agents: extra.agents, times: extra.times, ..task });
    }
    rows
}

/// Who does a task of a batch.
pub(crate) fn select_agent(request: &BatchRequest, extra: &TaskExtra) -> AgentSelection {
    extra.agent_selection.clone().unwrap_or_else(|| AgentSelection {
        agent: request.agent.clone(),
        options: request.options.clone(),
    })
}
