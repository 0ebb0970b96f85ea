//! The models of agents, as far as each told them when it was last asked. Nothing is started to
//! find out.

use super::{AgentRegistry, safety_text};
use regatta_protocol::agent::{AgentSelection, OptionValue};
use regatta_protocol::{AgentChoice, ErrorCode, UserMessage};

/// What the smaller, quicker model is called.
const SMALL_MODEL_WORD: &str = "haiku";
/// The longest id of a model, in bytes. Agents offer no longer ones.
const MAX_MODEL_ID_BYTES: usize = 200;
/// How many models a message names.
const MAX_MODELS_NAMED: usize = 30;

impl AgentRegistry {
    /// The models that an agent offers; `None` if that isn't known. A command is told nothing but
    /// its prompt, so it offers none to choose from.
    pub(crate) fn models(&self, agent: &AgentChoice) -> Option<Vec<OptionValue>> {
        match safety_text::can_ask(agent) {
            true => self.known_capabilities(agent).map(|offers| offers.models),
            false => Some(Vec::new()),
        }
    }

    /// Why an agent can't be given its model, as far as that is known before it works.
    pub(crate) fn model_problem(&self, pick: &AgentSelection) -> Option<UserMessage> {
        let model = pick.options.model.as_str();
        if model.is_empty() {
            return None;
        }
        if model.len() > MAX_MODEL_ID_BYTES {
            return Some(bad_model_notice(
                "The model's name is too long.".to_owned(),
                "Shorten it.",
            ));
        }
        let models = self.models(&pick.agent)?;
        (!models.iter().any(|offer| offer.id == model)).then(|| model_not_offered(pick, &models))
    }

    /// The model of an agent that is the smaller, quicker one, by its own name for it. Where it
    /// isn't known to have one it is asked for by that word, and says itself that it has none.
    pub(crate) fn small_model(&self, agent: &AgentChoice) -> String {
        let is_small = |offer: &OptionValue| {
            let said =
                [&offer.id, &offer.name].map(|text| text.to_lowercase().contains(SMALL_MODEL_WORD));
            said.contains(&true)
        };
        let offered = self.models(agent).unwrap_or_default().into_iter().find(is_small);
        offered.map_or_else(|| SMALL_MODEL_WORD.to_owned(), |offer| offer.id)
    }
}

fn model_not_offered(pick: &AgentSelection, models: &[OptionValue]) -> UserMessage {
    let (name, model) = (pick.agent.label(), &pick.options.model);
    if models.is_empty() {
        return bad_model_notice(
            format!("{name} offers no choice of models."),
            "Leave the model out.",
        );
    }
    let ids: Vec<&str> =
        models.iter().take(MAX_MODELS_NAMED).map(|offer| offer.id.as_str()).collect();
    let more = match models.len().saturating_sub(MAX_MODELS_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let next = format!("It offers: {}{more}.", ids.join(", "));
    bad_model_notice(format!("{name} doesn't offer the model \"{model}\"."), &next)
}

fn bad_model_notice(what: String, next: &str) -> UserMessage {
    UserMessage::new(ErrorCode::BadRequest, what, "Nothing was started.", next)
}

#[cfg(test)]
mod tests {
    use super::super::Environment;
    use super::*;
    use crate::NoCredentials;
    use regatta_protocol::KnownAgent;
    use regatta_protocol::agent::AgentOptions;
    use serde_json::json;
    use std::sync::Arc;

    const CLAUDE: AgentChoice = AgentChoice::Known { id: KnownAgent::ClaudeCode };
    const CODEX: AgentChoice = AgentChoice::Known { id: KnownAgent::Codex };
    const QWEN: AgentChoice = AgentChoice::Known { id: KnownAgent::Qwen };
    const GEMINI: AgentChoice = AgentChoice::Known { id: KnownAgent::Gemini };
    const AIDER: AgentChoice = AgentChoice::Known { id: KnownAgent::Aider };

    /// Claude Code told two models, Codex that it could not be asked, Qwen Code none,
    /// Gemini CLI that nobody is signed in.
    fn agents(dir: &std::path::Path) -> AgentRegistry {
        let models = json!([{ "id": "big", "name": "Opus" }, { "id": "small", "name": "Haiku 5" }]);
        let failed = UserMessage::new(ErrorCode::AgentProtocol, "It failed.", "", "");
        let kept = json!([
            { "agent": CLAUDE, "at": 1, "report": { "offers": { "models": models } } },
            { "agent": CODEX, "at": 1, "report": { "problem": failed } },
            { "agent": QWEN, "at": 1, "report": {} },
            { "agent": GEMINI, "at": 1, "report": { "signed_in": false } },
        ]);
        std::fs::write(dir.join("agents.json"), kept.to_string()).expect("a file");
        AgentRegistry::new(
            "/x/regatta".into(),
            dir.into(),
            Environment::default(),
            Arc::new(NoCredentials),
        )
    }

    #[test]
    fn a_model_is_refused_only_by_what_an_agent_said() {
        let dir = tempfile::tempdir().expect("a folder");
        let agents = agents(dir.path());
        let problem = |agent: AgentChoice, model: &str| {
            let options = AgentOptions { model: model.to_owned(), ..AgentOptions::default() };
            agents.model_problem(&AgentSelection { agent, options })
        };
        assert_eq!(problem(CLAUDE, "big"), None);
        assert_eq!(problem(CLAUDE, ""), None);
        let refused = problem(CLAUDE, "tiny").expect("it isn't offered");
        assert_eq!(refused.message, "Claude Code doesn't offer the model \"tiny\".");
        assert_eq!(refused.hint, "It offers: big, small.");
        assert_eq!(problem(CODEX, "tiny"), None, "it could not be asked");
        assert_eq!(problem(GEMINI, "tiny"), None, "it told nothing of its models");
        assert_eq!(problem(AgentChoice::Practice, "tiny"), None, "it was never asked");
        for agent in [QWEN, AIDER, AgentChoice::Command { command: vec!["x".into()] }] {
            let refused = problem(agent.clone(), "tiny").expect("it offers none");
            assert!(refused.message.ends_with("offers no choice of models."), "{agent:?}");
            assert_eq!(problem(agent, ""), None);
        }
        assert!(problem(CODEX, &"x".repeat(201)).is_some());
    }

    #[test]
    fn the_small_model_is_the_one_that_is_called_so() {
        let dir = tempfile::tempdir().expect("a folder");
        let agents = agents(dir.path());
        assert_eq!(agents.small_model(&CLAUDE), "small");
        assert_eq!(agents.small_model(&CODEX), "haiku", "it is asked for, and says what it has");
    }
}
