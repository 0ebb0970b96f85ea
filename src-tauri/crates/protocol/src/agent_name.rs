//! Agents by their names: how requests to a server and batches in files say who does the work.

use crate::agent::{AgentSelection, KnownAgent};
use crate::request::AgentChoice;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

const PRACTICE: &str = "practice";

impl AgentChoice {
    /// The agent that needs no program to be named: the practice agent, or a known one by its
    /// id.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        if name == PRACTICE {
            return Some(Self::Practice);
        }
        let known = KnownAgent::ALL.into_iter().find(|id| id.id() == name)?;
        Some(Self::Known { id: known })
    }
}

impl AgentSelection {
    /// Who does a task of the batch that `self` does, where the task names an agent or a model
    /// of its own; `None` means `self`. A model is one agent's, so another agent doesn't get it.
    #[must_use]
    pub fn task_override(&self, agent: Option<AgentChoice>, model: Option<&str>) -> Option<Self> {
        let mut own = self.clone();
        if let Some(agent) = agent.filter(|agent| *agent != self.agent) {
            own = Self { agent, ..Self::default() };
        }
        if let Some(model) = non_empty(model) {
            model.clone_into(&mut own.options.model);
        }
        (own != *self).then_some(own)
    }
}

/// What is said, if anything is.
#[must_use]
pub fn non_empty(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Reads an agent: its name, or all of it.
pub(crate) fn deserialize_agent<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<AgentChoice, D::Error> {
    struct AgentVisitor;

    impl<'de> Visitor<'de> for AgentVisitor {
        type Value = AgentChoice;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an agent's name, or an agent in { }")
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<AgentChoice, E> {
            AgentChoice::by_name(name).ok_or_else(|| {
                let ids = KnownAgent::ALL.map(KnownAgent::id).join(", ");
                E::custom(format!("no agent is called `{name}`; there are {PRACTICE}, {ids}"))
            })
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AgentChoice, A::Error> {
            AgentChoice::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_any(AgentVisitor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BatchRequest;

    #[test]
    fn a_request_names_its_agent_or_says_all_of_it() {
        let read = |agent: &str| {
            let request = serde_json::from_str(&format!(r#"{{"agent": {agent}}}"#));
            request.map(|request: BatchRequest| request.agent)
        };
        let codex = AgentChoice::Known { id: KnownAgent::Codex };
        assert_eq!(read(r#""codex""#).expect("its name"), codex);
        assert_eq!(read(r#""practice""#).expect("its name"), AgentChoice::Practice);
        assert_eq!(read(r#"{"kind": "known", "id": "codex"}"#).expect("all of it"), codex);
        let unknown = read(r#""codes""#).expect_err("no such agent").to_string();
        assert!(unknown.contains("practice, claude-code, codex"), "{unknown}");
        assert!(read("7").is_err());
    }

    #[test]
    fn a_task_has_the_batchs_agent_and_model_but_for_what_it_names() {
        let pick = |agent: &str, model: &str| {
            let mut pick = AgentSelection { agent: by_name(agent), ..AgentSelection::default() };
            model.clone_into(&mut pick.options.model);
            pick
        };
        let batch = pick("codex", "big");
        let override_of =
            |agent: Option<&str>, model| batch.task_override(agent.map(by_name), model);
        assert_eq!(override_of(None, Some(" ")), None);
        assert_eq!(override_of(Some("codex"), Some("big")), None, "that is the batch's");
        assert_eq!(override_of(Some("codex"), Some("small")), Some(pick("codex", "small")));
        assert_eq!(override_of(None, Some("small")), Some(pick("codex", "small")));
        assert_eq!(override_of(Some("qwen"), None), Some(pick("qwen", "")), "the model isn't its");
        assert_eq!(override_of(Some("qwen"), Some("x")), Some(pick("qwen", "x")));
    }

    fn by_name(name: &str) -> AgentChoice {
        AgentChoice::by_name(name).expect("an agent")
    }
}
