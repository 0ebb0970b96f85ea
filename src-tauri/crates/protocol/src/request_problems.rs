//! What keeps a request from being started, as far as that can be said without looking at a disk.

use crate::request::{
    BatchRequest, MAX_COST_LIMIT_CENTS, MAX_NAME_CHARS, MAX_PARALLEL, MAX_PROMPT_CHARS, MAX_TASKS,
    MAX_TIME_LIMIT_S, MAX_TIMES, MAX_TURN_LIMIT, RequestProblem, TaskRequest,
};
use crate::user_message::{ErrorCode, UserMessage};
use std::collections::HashMap;

const NO_PROGRAM: &str = "No program is named for the agent.";
const NAME_PROGRAM: &str = "Name the program to start.";

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
    if matches!(task.task_name.trim(), "." | "..") {
        // Clients that follow the URL standard take them out of an address: the task's own
        // would become that of the batch.
        let what = format!("A task can't be named \u{201c}{}\u{201d}.", task.task_name.trim());
        found.push(row_problem(row, "name", what, "Give it another name."));
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
    collect_limit_problems(row, task, found);
}

fn collect_limit_problems(row: usize, task: &TaskRequest, found: &mut Vec<RequestProblem>) {
    let limits = [
        ("time_limit", task.time_limit_s, MAX_TIME_LIMIT_S, "The time limit", "seconds"),
        ("turn_limit", task.turn_limit.map(u64::from), MAX_TURN_LIMIT.into(), "The limit", "turns"),
        (
            "cost_limit",
            task.cost_limit_cents.map(u64::from),
            MAX_COST_LIMIT_CENTS.into(),
            "The limit",
            "cents",
        ),
    ];
    for (field, limit, max, name, unit) in limits {
        if limit.is_some_and(|limit| limit == 0 || limit > max) {
            let what = format!("{name} is out of range: it is 1 to {max} {unit}.");
            found.push(row_problem(row, field, what, "Choose another one, or leave it out."));
        }
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
    use crate::agent::AgentSelection;
    use crate::request::AgentChoice;

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
    fn every_number_has_a_range() {
        let fields = |time, turns, cents| {
            let (time_limit_s, turn_limit, cost_limit_cents) =
                (Some(time), Some(turns), Some(cents));
            let row = TaskRequest { time_limit_s, turn_limit, cost_limit_cents, ..task("a", "do") };
            let request = BatchRequest { parallel_tasks: vec![row], ..BatchRequest::default() };
            request.problems().into_iter().map(|problem| problem.field).collect::<Vec<_>>()
        };
        assert_eq!(fields(1, 1, 1), [""; 0]);
        assert_eq!(fields(MAX_TIME_LIMIT_S, MAX_TURN_LIMIT, MAX_COST_LIMIT_CENTS), [""; 0]);
        let all = ["time_limit", "turn_limit", "cost_limit"];
        assert_eq!(fields(0, 0, 0), all);
        assert_eq!(fields(MAX_TIME_LIMIT_S + 1, MAX_TURN_LIMIT + 1, MAX_COST_LIMIT_CENTS + 1), all);
        assert_eq!(fields(u64::MAX, u32::MAX, u32::MAX), all);
    }

    #[test]
    fn a_name_that_an_address_loses_is_refused() {
        let fields = |name| {
            let parallel_tasks = vec![task(name, "do")];
            problem_fields(&BatchRequest { parallel_tasks, ..BatchRequest::default() })
        };
        for name in [".", "..", " .. "] {
            assert_eq!(fields(name), [(Some(0), "name".to_owned())], "{name}");
        }
        for name in ["...", ".a", "a.", "a/..", "..b"] {
            assert_eq!(fields(name), [], "{name}");
        }
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
}
