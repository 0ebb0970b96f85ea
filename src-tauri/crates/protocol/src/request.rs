//! What a person or a program asks for: a batch of named tasks.
//!
//! [`BatchRequest`] is the body of `POST /invoke/stdout` as the hosted service documents
//! it, plus our own optional extras. The same body is what `regatta run --file` reads.

use crate::agent::{AgentOptions, AgentSelection, EnvVar, KnownAgent, Safety};
use crate::endpoint::Endpoint;
use crate::user_message::UserMessage;
use serde::{Deserialize, Serialize};

/// The most tasks one batch may have.
pub const MAX_TASKS: usize = 200;
/// The longest prompt, in characters.
pub const MAX_PROMPT_CHARS: usize = 100_000;
/// The longest task or batch name that is stored, in characters; longer ones are refused.
pub const MAX_NAME_CHARS: usize = 10_000;
/// How often each agent of a row may do it.
pub const MAX_TIMES: u32 = 9;
/// The longest time limit of a task, in seconds: 30 days.
pub const MAX_TIME_LIMIT_S: u64 = 30 * 24 * 3_600;
/// The most turns that a task may be limited to.
pub const MAX_TURN_LIMIT: u32 = 10_000;
/// The highest cost that a task may be limited to, in cents.
pub const MAX_COST_LIMIT_CENTS: u32 = 10_000_000;
/// The most tasks that may work at the same time on one computer.
pub const MAX_PARALLEL: u32 = 64;

/// A batch to start. Unknown fields are ignored, as a foreign client may send more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct BatchRequest {
    /// Ours: the batch's title. Empty means named after its first task.
    pub name: String,
    /// The project: a folder on this computer, or the address of a repository.
    #[serde(rename = "repo_url")]
    pub project: String,
    /// The tasks, in the order in which they are shown and started.
    pub parallel_tasks: Vec<TaskRequest>,
    /// Where to start from: a branch, tag or commit. Empty means what is checked out.
    #[serde(rename = "branch")]
    pub start_from: String,
    /// Ours: who does the work. Its name is enough where that needs no program.
    #[serde(deserialize_with = "crate::agent_name::deserialize_agent")]
    pub agent: AgentChoice,
    /// Ours: what was chosen of what that agent offers.
    pub options: AgentOptions,
    /// Ours: how much agents may do without asking. Never taken from a foreign request.
    pub safety: Safety,
    /// Whether the smaller, quicker model does the work, in a place that has two.
    pub haiku: bool,
    /// The thread of an earlier task whose work goes on. Empty means none.
    pub thread_id: String,
    /// Where the tasks run; `None` means on this computer. Never on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub endpoint: Option<Endpoint>,
    /// Ours: how many tasks may work at the same time. `None` means the computer's limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub max_parallel: Option<u32>,
}

/// One named task of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct TaskRequest {
    /// Unique inside the batch. It is never a path or a ref.
    pub task_name: String,
    /// What the agent is asked to do.
    pub prompt: String,
    /// Ours: the time it may take, in seconds. `None` means no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub time_limit_s: Option<u64>,
    /// Ours: how many turns the agent may take, where it can keep to that. `None` means no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub turn_limit: Option<u32>,
    /// Ours: what it may cost, in US cents, where the agent reports that. `None` means no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub cost_limit_cents: Option<u32>,
    /// Who does it, each in a task of its own, so that the results can be compared. Empty means the
    /// batch's agent. Never on the wire: it names programs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<AgentSelection>>"))]
    pub agents: Vec<AgentSelection>,
    /// How often each of them does it, 1 to 9. `None` means once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub times: Option<u32>,
}

/// Who does the work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AgentChoice {
    /// The built-in practice agent: no network, no cost.
    #[default]
    Practice,
    /// One that Regatta knows.
    Known {
        /// Which.
        id: KnownAgent,
    },
    /// A program that speaks the Agent Client Protocol on its standard streams.
    Acp {
        /// Program and arguments.
        command: Vec<String>,
        /// What is added to its environment. Kept in readable files: no place for keys.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<EnvVar>>"))]
        env: Vec<EnvVar>,
    },
    /// Any program; `{prompt}` in an argument of its own is replaced by the prompt.
    Command {
        /// Program and arguments.
        command: Vec<String>,
    },
}

impl TaskRequest {
    /// How many tasks the row becomes.
    #[must_use]
    pub fn task_count(&self) -> usize {
        self.agents.len().max(1) * self.times.unwrap_or(1) as usize
    }
}

impl AgentChoice {
    /// Whether it names a program, where that is the person's to name.
    #[must_use]
    pub fn has_program(&self) -> bool {
        match self {
            Self::Practice | Self::Known { .. } => true,
            Self::Acp { command, .. } | Self::Command { command } => {
                command.first().is_some_and(|program| !program.trim().is_empty())
            }
        }
    }

    /// Which of the known agents it is; `None` if it is another.
    #[must_use]
    pub const fn known(&self) -> Option<KnownAgent> {
        match self {
            Self::Known { id } => Some(*id),
            Self::Practice | Self::Acp { .. } | Self::Command { .. } => None,
        }
    }

    /// What people call it.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Practice => "Practice agent".to_owned(),
            Self::Known { id } => id.label().to_owned(),
            Self::Acp { command, .. } | Self::Command { command } => {
                let program = command.first().map_or("", String::as_str);
                program.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
            }
        }
    }
}

/// Something in a request that keeps it from being started, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RequestProblem {
    /// The row it is about, from 0; `None` means the batch as a whole.
    pub row: Option<u32>,
    /// The part of the row or batch: `name`, `prompt`, `tasks`, `agent`, `project`,
    /// `branch`, `parallel`, `title`, `time_limit`, `turn_limit`, `cost_limit`, `times`,
    /// `endpoint`, `thread`.
    pub field: String,
    /// What to say there.
    pub notice: UserMessage,
}

impl BatchRequest {
    /// The title to show: the given one, or the first task's name.
    #[must_use]
    pub fn title(&self) -> String {
        let given = self.name.trim();
        if !given.is_empty() {
            return given.to_owned();
        }
        self.parallel_tasks.first().map_or_else(String::new, |t| t.task_name.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_body_is_a_request() {
        let body = r#"{"repo_url":"https://github.com/o/r","github_token":"t","haiku":false,
            "parallel_tasks":[{"prompt":"write tests","task_name":"testing"}]}"#;
        let request: BatchRequest = serde_json::from_str(body).expect("documented body");
        assert_eq!(request.problems(), []);
        assert_eq!(request.title(), "testing");
    }
}
