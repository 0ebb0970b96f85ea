//! Rows become tasks: one that names several agents, or one several times, is a task for each,
//! so that the same work can be compared.

use crate::ids::new_id;
use crate::store::{NewTask, TaskExtra};
use regatta_protocol::agent::AgentSelection;
use regatta_protocol::request::{BatchRequest, TaskRequest};
use regatta_protocol::{Capability, Place, TaskId};
use std::collections::HashSet;

/// The tasks of a request that runs in this place; its rows are taken out of it.
pub(super) fn expand_tasks(request: &mut BatchRequest, place: &Place) -> Vec<NewTask> {
    let rows = std::mem::take(&mut request.parallel_tasks);
    // A row that is one task keeps its name, whatever the others are called.
    let single = rows.iter().filter(|row| row.task_count() == 1);
    let mut taken: HashSet<String> = single.map(|row| row.task_name.trim().to_owned()).collect();
    let mut tasks = Vec::new();
    for (number, row) in (0..).zip(rows) {
        let each = row_selections(request, place, &row);
        let several = each.len() > 1;
        for (pick, label) in each {
            let name = row.task_name.trim();
            let name =
                if several { unique_name(name, &label, &mut taken) } else { name.to_owned() };
            tasks.push(new_task(name, number, &row, pick));
        }
    }
    tasks
}

/// Who does a row, once for each task, and what tells their names apart.
fn row_selections(
    request: &BatchRequest,
    place: &Place,
    row: &TaskRequest,
) -> Vec<(Option<AgentSelection>, String)> {
    let named: Vec<(Option<AgentSelection>, String)> = match row.agents.as_slice() {
        _ if !place.can(Capability::Agents) => vec![(None, String::new())],
        [] => vec![(None, request.agent.label())],
        several => several
            .iter()
            .map(|pick| (Some(pick.clone()), selection_label(pick, several)))
            .collect(),
    };
    let times = row.times.unwrap_or(1) as usize;
    named.into_iter().flat_map(|each| std::iter::repeat_n(each, times)).collect()
}

/// The agent's name, with its model where the same agent does the row with several.
fn selection_label(pick: &AgentSelection, all: &[AgentSelection]) -> String {
    let (name, model) = (pick.agent.label(), &pick.options.model);
    let other = |other: &AgentSelection| other.agent == pick.agent && other.options.model != *model;
    if model.is_empty() || !all.iter().any(other) { name } else { format!("{name} ({model})") }
}

/// "Fix footer · Codex", "Fix footer · Codex 2": a name that no other task of the batch has.
fn unique_name(row: &str, label: &str, taken: &mut HashSet<String>) -> String {
    let mut name = if label.is_empty() { row.to_owned() } else { format!("{row} · {label}") };
    for n in 2.. {
        if taken.insert(name.clone()) {
            break;
        }
        name = match label {
            "" => format!("{row} · {n}"),
            label => format!("{row} · {label} {n}"),
        };
    }
    name
}

fn new_task(name: String, number: u32, row: &TaskRequest, pick: Option<AgentSelection>) -> NewTask {
    let row_name = row.task_name.trim();
    let extra = TaskExtra {
        row: Some(number),
        agent_selection: pick,
        turn_limit: row.turn_limit,
        cost_limit_cents: row.cost_limit_cents,
        row_name: (name != row_name).then(|| row_name.to_owned()),
        agents: row.agents.clone(),
        times: row.times,
    };
    NewTask {
        id: TaskId::parse(&new_id()).expect("BUG: our ids are ids"),
        name,
        prompt: row.prompt.clone(),
        time_limit_s: row.time_limit_s,
        extra,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::sample_place;
    use regatta_protocol::agent::{AgentOptions, KnownAgent};
    use regatta_protocol::request::AgentChoice;

    fn expanded_names(rows: &[(&str, &[KnownAgent], Option<u32>)]) -> Vec<(String, Option<u32>)> {
        let row = |(name, agents, times): &(&str, &[KnownAgent], Option<u32>)| TaskRequest {
            task_name: (*name).to_owned(),
            prompt: "do".to_owned(),
            agents: agents.iter().map(|id| selection(*id)).collect(),
            times: *times,
            ..TaskRequest::default()
        };
        let parallel_tasks = rows.iter().map(row).collect();
        let mut request = BatchRequest { parallel_tasks, ..BatchRequest::default() };
        expand_tasks(&mut request, &sample_place(&[Capability::Agents]))
            .into_iter()
            .map(|task| (task.name, task.extra.row))
            .collect()
    }

    fn selection(id: KnownAgent) -> AgentSelection {
        AgentSelection { agent: AgentChoice::Known { id }, ..AgentSelection::default() }
    }

    #[test]
    fn each_agent_and_each_time_is_a_task_of_the_same_row() {
        let both = [KnownAgent::ClaudeCode, KnownAgent::Codex];
        let found = expanded_names(&[("Footer ", &both, Some(2)), ("Header", &[], None)]);
        let expected = [
            ("Footer · Claude Code", 0),
            ("Footer · Claude Code 2", 0),
            ("Footer · Codex", 0),
            ("Footer · Codex 2", 0),
            ("Header", 1),
        ];
        assert_eq!(found, expected.map(|(name, row)| (name.to_owned(), Some(row))));
    }

    #[test]
    fn the_same_agent_with_several_models_is_told_apart_by_them() {
        let with = |id, model: &str| {
            let options = AgentOptions { model: model.to_owned(), ..AgentOptions::default() };
            AgentSelection { options, ..selection(id) }
        };
        let agents = vec![
            selection(KnownAgent::ClaudeCode),
            with(KnownAgent::ClaudeCode, "opus"),
            with(KnownAgent::Codex, "gpt"),
        ];
        let row = TaskRequest { task_name: "Footer".into(), agents, ..TaskRequest::default() };
        let mut request = BatchRequest { parallel_tasks: vec![row], ..BatchRequest::default() };
        let names: Vec<String> = expand_tasks(&mut request, &sample_place(&[Capability::Agents]))
            .into_iter()
            .map(|task| task.name)
            .collect();
        assert_eq!(
            names,
            ["Footer · Claude Code", "Footer · Claude Code (opus)", "Footer · Codex"]
        );
    }

    #[test]
    fn no_two_tasks_have_the_same_name() {
        let found = expanded_names(&[
            ("Footer", &[], Some(2)),
            ("Footer · Practice agent", &[], None),
            ("Header", &[KnownAgent::Codex], None),
        ]);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "Footer · Practice agent 2",
                "Footer · Practice agent 3",
                "Footer · Practice agent",
                "Header"
            ]
        );
    }
}
