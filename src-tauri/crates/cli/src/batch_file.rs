//! A batch in a file: the body of the call to a server, with what only this computer knows.

use crate::request::bad_request;
use regatta_protocol::agent::AgentSelection;
use regatta_protocol::agent_name::non_empty;
use regatta_protocol::secret::Secret;
use regatta_protocol::wire::InvokeTask;
use regatta_protocol::{AgentChoice, BatchRequest, KnownAgent, UserMessage};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::path::Path;

/// What only the body of a call has: names of agents, and the token, which is never stored.
#[derive(Deserialize, Default)]
#[serde(default)]
struct CallFields {
    model: Option<String>,
    parallel_tasks: Vec<InvokeTask>,
    github_token: Option<Secret>,
}

/// Reads the batch of a file, and the token for its repository's host if there is one.
pub(crate) fn read_batch(file: &Path) -> Result<(BatchRequest, Option<Secret>), UserMessage> {
    let shown = file.display();
    let text = fs::read_to_string(file).map_err(|problem| {
        bad_request(
            &format!("The batch's file {shown} can't be read: {problem}."),
            "Check its path.",
        )
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let mut request: BatchRequest = parse(file, text)?;
    let fields: CallFields = parse(file, text)?;
    apply_agent_names(&mut request, &fields)?;
    Ok((request, fields.github_token.filter(|token| !token.is_empty())))
}

fn parse<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T, UserMessage> {
    serde_json::from_str(text).map_err(|problem| {
        let shown = file.display();
        let place = format!("line {}, column {}", problem.line(), problem.column());
        let said = parser_message(&problem);
        let next = "It has to look like this: \
                    {\"parallel_tasks\": [{\"task_name\": \"…\", \"prompt\": \"…\"}]}";
        bad_request(&format!("The batch's file {shown} is wrong at {place}: {said}."), next)
    })
}

/// The parser's own words, without the place (it is said already) and without our types' names.
fn parser_message(problem: &serde_json::Error) -> String {
    let place = format!(" at line {} column {}", problem.line(), problem.column());
    let said = problem.to_string();
    let said = said.strip_suffix(&place).unwrap_or(&said);
    said.replace("struct BatchRequest", "a batch in { }")
        .replace("struct TaskRequest", "a task in { }")
}

/// Gives the batch and its tasks the agents and models that are named.
fn apply_agent_names(request: &mut BatchRequest, named: &CallFields) -> Result<(), UserMessage> {
    if let Some(model) = non_empty(named.model.as_deref()) {
        model.clone_into(&mut request.options.model);
    }
    let (agent, options) = (request.agent.clone(), request.options.clone());
    let batch = AgentSelection { agent, options };
    for (task, named) in request.parallel_tasks.iter_mut().zip(&named.parallel_tasks) {
        let agent = non_empty(named.agent.as_deref()).map(parse_agent).transpose()?;
        if task.agents.is_empty() {
            task.agents = batch.task_override(agent, named.model.as_deref()).into_iter().collect();
        }
    }
    Ok(())
}

fn parse_agent(name: &str) -> Result<AgentChoice, UserMessage> {
    AgentChoice::by_name(name).ok_or_else(|| {
        let next =
            format!("There are practice, {}.", KnownAgent::ALL.map(KnownAgent::id).join(", "));
        bad_request(
            &format!("The batch's file names an agent that Regatta doesn't know: {name}."),
            &next,
        )
    })
}
