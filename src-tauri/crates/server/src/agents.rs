//! The agents that a server offers by name. Only whoever starts it names programs.

use crate::error::ApiError;
use crate::state::SharedState;
use axum::Json;
use axum::extract::State;
use regatta_protocol::agent::{AgentOptions, AgentSelection, OptionValue};
use regatta_protocol::agent_name::non_empty;
use regatta_protocol::wire::InvokeTask;
use regatta_protocol::{AgentChoice, ErrorCode, UserMessage};
use serde::Serialize;
use utoipa::ToSchema;

/// An agent under the name that requests give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedAgent {
    /// The name.
    pub name: String,
    /// What is started.
    pub agent: AgentChoice,
}

/// The agents of a server, at least one; the first is taken when none is named.
#[derive(Debug, Clone)]
pub struct AgentRegistry(Vec<NamedAgent>);

impl Default for AgentRegistry {
    /// The practice agent alone.
    fn default() -> Self {
        Self(vec![NamedAgent { name: "practice".into(), agent: AgentChoice::Practice }])
    }
}

impl AgentRegistry {
    /// Takes the agents in their order; `None` means the practice agent.
    ///
    /// # Errors
    /// Two have the same name, or one has none.
    pub fn new(agents: Vec<NamedAgent>) -> Result<Self, UserMessage> {
        for (position, agent) in agents.iter().enumerate() {
            let earlier = &agents[..position];
            if agent.name.is_empty() || earlier.iter().any(|other| other.name == agent.name) {
                let what = format!("Two agents are called \"{}\", or one has no name.", agent.name);
                let next = "Give each agent a name of its own.";
                return Err(UserMessage::new(
                    ErrorCode::BadRequest,
                    what,
                    "Nothing was started.",
                    next,
                ));
            }
        }
        Ok(if agents.is_empty() { Self::default() } else { Self(agents) })
    }

    /// The agent that a request names; `None` means the first.
    fn find_agent(&self, name: Option<&str>) -> Result<&NamedAgent, UserMessage> {
        let Some(name) = name else {
            return Ok(&self.0[0]);
        };
        self.0.iter().find(|agent| agent.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.0.iter().map(|agent| agent.name.as_str()).collect();
            let shown: String = name.chars().take(100).collect();
            UserMessage::new(
                ErrorCode::BadRequest,
                format!("This server has no agent called \"{shown}\"."),
                "Nothing was started.",
                format!("It has: {}.", names.join(", ")),
            )
        })
    }

    /// Who does the work of a batch: the agent of this name, with a model that it knows.
    pub(crate) fn select_for_batch(
        &self,
        agent: Option<&str>,
        model: Option<&str>,
    ) -> Result<AgentSelection, UserMessage> {
        let agent = self.find_agent(non_empty(agent))?.agent.clone();
        let model = non_empty(model).unwrap_or_default().to_owned();
        Ok(AgentSelection { agent, options: AgentOptions { model, ..AgentOptions::default() } })
    }

    /// Who does a task of the batch, where somebody else than `batch` does.
    pub(crate) fn select_for_task(
        &self,
        task: &InvokeTask,
        batch: &AgentSelection,
    ) -> Result<Option<AgentSelection>, UserMessage> {
        let named =
            non_empty(task.agent.as_deref()).map(|name| self.find_agent(Some(name))).transpose()?;
        Ok(batch.task_override(named.map(|named| named.agent.clone()), task.model.as_deref()))
    }

    /// The name under which an agent is offered, or what people call it.
    pub(crate) fn name_of(&self, agent: &AgentChoice) -> String {
        let offered = self.0.iter().find(|offered| offered.agent == *agent);
        offered.map_or_else(|| agent.label(), |offered| offered.name.clone())
    }
}

/// The agents of this server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentList {
    /// The agents; the first is taken when a request names none.
    agents: Vec<OfferedAgent>,
}

/// An agent that requests may name.
#[derive(Debug, Serialize, ToSchema)]
struct OfferedAgent {
    /// The name for the field `agent`.
    name: String,
    /// What people call it.
    label: String,
    /// Whether it is taken when none is named.
    default: bool,
    /// The models for the field `model`, by the agent's own word when it was last asked with
    /// `regatta agents --check`. Null: not known; one that is named is then left to the agent.
    models: Option<Vec<OptionValue>>,
}

/// The agents that requests may name.
#[utoipa::path(get, path = "/v1/agents", responses(
    (status = 200, description = "The agents", body = AgentList),
))]
pub(crate) async fn list(State(state): SharedState) -> Result<Json<AgentList>, ApiError> {
    let offered = |(position, agent): (usize, &NamedAgent)| OfferedAgent {
        name: agent.name.clone(),
        label: agent.agent.label(),
        default: position == 0,
        models: state.engine.agent_models(&agent.agent),
    };
    Ok(Json(AgentList { agents: state.agents.0.iter().enumerate().map(offered).collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> NamedAgent {
        NamedAgent { name: name.into(), agent: AgentChoice::Practice }
    }

    #[test]
    fn the_first_is_taken_when_none_is_named_and_an_unknown_one_is_told_the_list() {
        let agents = AgentRegistry::new(vec![named("one"), named("two")]).expect("agents");
        assert_eq!(agents.find_agent(None).map(|a| a.name.as_str()), Ok("one"));
        assert_eq!(agents.find_agent(non_empty(Some(" two "))).map(|a| a.name.as_str()), Ok("two"));
        let refused = agents.find_agent(Some("three")).expect_err("no such agent");
        assert_eq!(refused.hint, "It has: one, two.");
    }

    #[test]
    fn a_name_stands_for_one_agent() {
        assert!(AgentRegistry::new(vec![named("a"), named("a")]).is_err());
        assert!(AgentRegistry::new(vec![named("")]).is_err());
        assert!(AgentRegistry::new(Vec::new()).is_ok());
    }
}
