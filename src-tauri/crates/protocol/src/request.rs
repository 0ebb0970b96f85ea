//! What a person or a program asks for: a batch of named tasks.
//!
//! [`BatchRequest`] is the body of `POST /invoke/stdout` as the hosted service documents
//! it, plus our own optional extras. The same body is what `regatta run --file` reads.

use crate::agent::{AgentOptions, AgentSelection, EnvVar, KnownAgent, Safety};
use crate::endpoint::Endpoint;
use crate::user_message::{ErrorCode, UserMessage};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The most tasks one batch may have.
pub const MAX_TASKS: usize = 200;
/// The longest prompt, in characters.
pub const MAX_PROMPT_CHARS: usize = 100_000;
/// The longest task or batch name that is stored, in characters; longer ones are refused.
pub const MAX_NAME_CHARS: usize = 10_000;
/// How often each agent of a row may do it.
pub const MAX_TIMES: u32 = 9;
const NO_PROGRAM: &str = "No program is named for the agent.";
const NAME_PROGRAM: &str = "Name the program to start.";
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
    /// Everything that can be said against the request without looking at a disk.
    #[must_use]
    pub fn problems(&self) -> Vec<RequestProblem> {
        let mut found = Vec::new();
        self.collect_batch_problems(&mut found);
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (row, task) in self.parallel_tasks.iter().enumerate() {
            collect_task_problems(row, task, &mut found);
            let name = task.task_name.trim();
            if let Some(first) = seen.get(name).filter(|_| !name.is_empty()) {
                found.push(row_problem(
                    row,
                    "name",
                    format!("Task {} already has this name.", first + 1),
                    "Give this one another name.",
                ));
            } else {
                seen.insert(name, row);
            }
        }
        found
    }

    /// The title to show: the given one, or the first task's name.
    #[must_use]
    pub fn title(&self) -> String {
        let given = self.name.trim();
        if !given.is_empty() {
            return given.to_owned();
        }
        self.parallel_tasks.first().map_or_else(String::new, |t| t.task_name.trim().to_owned())
    }

    fn collect_batch_problems(&self, found: &mut Vec<RequestProblem>) {
        let count =
            self.parallel_tasks.iter().map(TaskRequest::task_count).fold(0, usize::saturating_add);
        if self.parallel_tasks.is_empty() {
            found.push(batch_problem(
                "tasks",
                "This batch has no tasks.".into(),
                "Write at least one.",
            ));
        }
        if count > MAX_TASKS {
            found.push(batch_problem(
                "tasks",
                format!("This batch has {count} tasks; {MAX_TASKS} is the most."),
                "Split it into two batches.",
            ));
        }
        if self.name.chars().count() > MAX_NAME_CHARS {
            found.push(batch_problem(
                "title",
                "The batch's name is too long.".into(),
                "Shorten it.",
            ));
        }
        if self.max_parallel.is_some_and(|n| n == 0 || n > MAX_PARALLEL) {
            found.push(batch_problem(
                "parallel",
                "The number of tasks at the same time is out of range.".into(),
                "Choose a number from 1 to 64.",
            ));
        }
        if !self.agent.has_program() {
            found.push(batch_problem("agent", NO_PROGRAM.into(), NAME_PROGRAM));
        }
    }
}

fn collect_task_problems(row: usize, task: &TaskRequest, found: &mut Vec<RequestProblem>) {
    if task.task_name.trim().is_empty() {
        found.push(row_problem(row, "name", "This task has no name.".into(), "Name it."));
    }
    if task.task_name.chars().count() > MAX_NAME_CHARS {
        found.push(row_problem(row, "name", "This name is too long.".into(), "Shorten it."));
    }
    if task.prompt.trim().is_empty() {
        found.push(row_problem(
            row,
            "prompt",
            "This task doesn't say what to do.".into(),
            "Write what you want done.",
        ));
    }
    let length = task.prompt.chars().count();
    if length > MAX_PROMPT_CHARS {
        found.push(row_problem(
            row,
            "prompt",
            format!("This text has {length} characters; {MAX_PROMPT_CHARS} is the most."),
            "Shorten it, or put the long part into a file of the project.",
        ));
    }
    if task.time_limit_s == Some(0) {
        found.push(row_problem(
            row,
            "time_limit",
            "A time limit of 0 is no time.".into(),
            "Leave it out.",
        ));
    }
    collect_limit_problems(row, task, found);
}

fn collect_limit_problems(row: usize, task: &TaskRequest, found: &mut Vec<RequestProblem>) {
    if task.turn_limit == Some(0) {
        found.push(row_problem(
            row,
            "turn_limit",
            "A limit of 0 turns is no turn.".into(),
            "Leave it out.",
        ));
    }
    if task.cost_limit_cents == Some(0) {
        found.push(row_problem(
            row,
            "cost_limit",
            "A limit of 0 is no money.".into(),
            "Leave it out.",
        ));
    }
    if task.times.is_some_and(|times| times == 0 || times > MAX_TIMES) {
        let what = "The number of times is out of range.".into();
        found.push(row_problem(row, "times", what, "Choose a number from 1 to 9."));
    }
    if !task.agents.iter().all(|pick| pick.agent.has_program()) {
        found.push(row_problem(row, "agent", NO_PROGRAM.into(), NAME_PROGRAM));
    }
}

fn row_problem(row: usize, field: &str, what: String, next: &str) -> RequestProblem {
    RequestProblem { row: u32::try_from(row).ok(), ..batch_problem(field, what, next) }
}

fn batch_problem(field: &str, what: String, next: &str) -> RequestProblem {
    let notice = UserMessage::new(ErrorCode::BadRequest, what, "", next);
    RequestProblem { row: None, field: field.to_owned(), notice }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(name: &str, prompt: &str) -> TaskRequest {
        TaskRequest { task_name: name.into(), prompt: prompt.into(), ..TaskRequest::default() }
    }

    fn problem_fields(request: &BatchRequest) -> Vec<(Option<u32>, String)> {
        request.problems().into_iter().map(|p| (p.row, p.field)).collect()
    }

    #[test]
    fn each_bad_row_is_named() {
        let request = BatchRequest {
            parallel_tasks: vec![
                task("a", "do"),
                task(" ", "do"),
                task("a ", "do"),
                task("b", " "),
                task("c", &"x".repeat(MAX_PROMPT_CHARS + 1)),
            ],
            ..BatchRequest::default()
        };
        let expected = [(1, "name"), (2, "name"), (3, "prompt"), (4, "prompt")];
        let expected: Vec<_> = expected.map(|(r, f)| (Some(r), f.to_owned())).to_vec();
        assert_eq!(problem_fields(&request), expected);
    }

    #[test]
    fn a_batch_is_never_empty_or_over_the_limit() {
        assert_eq!(problem_fields(&BatchRequest::default()), [(None, "tasks".to_owned())]);
        let rows = (0..=MAX_TASKS).map(|n| task(&format!("t{n}"), "do")).collect();
        let request = BatchRequest { parallel_tasks: rows, ..BatchRequest::default() };
        assert_eq!(problem_fields(&request), [(None, "tasks".to_owned())]);
        let agents = vec![AgentSelection::default(); 3];
        let row = TaskRequest { agents, times: Some(9), ..task("t", "do") };
        assert_eq!(row.task_count(), 27);
        let many = (0..8).map(|n| TaskRequest { task_name: format!("{n}"), ..row.clone() });
        let request = BatchRequest { parallel_tasks: many.collect(), ..BatchRequest::default() };
        assert_eq!(problem_fields(&request), [(None, "tasks".to_owned())]);
    }

    #[test]
    fn a_limit_of_nothing_and_an_agent_without_a_program_are_named() {
        let nameless = AgentSelection {
            agent: AgentChoice::Command { command: vec![" ".into()] },
            ..AgentSelection::default()
        };
        let row = TaskRequest {
            turn_limit: Some(0),
            cost_limit_cents: Some(0),
            times: Some(10),
            agents: vec![nameless],
            ..task("a", "do")
        };
        let request = BatchRequest { parallel_tasks: vec![row], ..BatchRequest::default() };
        let expected = ["turn_limit", "cost_limit", "times", "agent"];
        assert_eq!(problem_fields(&request), expected.map(|field| (Some(0), field.to_owned())));
    }

    #[test]
    fn the_documented_body_is_a_request() {
        let body = r#"{"repo_url":"https://github.com/o/r","github_token":"t","haiku":false,
            "parallel_tasks":[{"prompt":"write tests","task_name":"testing"}]}"#;
        let request: BatchRequest = serde_json::from_str(body).expect("documented body");
        assert_eq!(request.problems(), []);
        assert_eq!(request.title(), "testing");
    }
}
