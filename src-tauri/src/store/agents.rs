//! The agents that the person added, among the settings.

use super::{SETTINGS, Store, to_json};
use regatta_protocol::app::Settings;
use regatta_protocol::{AgentChoice, ErrorCode, UserMessage};
use regatta_trace::LogDropped;
use serde_json::{Map, Value};
use tauri::Runtime;

/// How many agents a person may add.
pub(super) const MAX_AGENTS: usize = 10;

impl<R: Runtime> Store<R> {
    /// Keeps an agent as the first of those that were added.
    pub(crate) fn save_agent(&self, agent: AgentChoice) -> Result<(), UserMessage> {
        let known = matches!(agent, AgentChoice::Practice | AgentChoice::Known { .. });
        if known || !agent.has_program() {
            let (what, next) =
                ("No program is named for this agent.", "Name the program to start.");
            return Err(UserMessage::new(
                ErrorCode::BadRequest,
                what,
                "Nothing was changed.",
                next,
            ));
        }
        self.update_agents(|all| {
            all.retain(|kept| *kept != agent);
            all.insert(0, agent);
            all.truncate(MAX_AGENTS);
        })
    }

    /// Forgets an agent that was added; that there is none is fine.
    pub(crate) fn remove_agent(&self, agent: &AgentChoice) -> Result<(), UserMessage> {
        self.update_agents(|all| all.retain(|kept| kept != agent))
    }

    fn update_agents(&self, change: impl FnOnce(&mut Vec<AgentChoice>)) -> Result<(), UserMessage> {
        self.update(SETTINGS, |kept: &mut Map<String, Value>| {
            let settings = serde_json::from_value(Value::Object(kept.clone()));
            let settings: Option<Settings> = settings.log_failed("reading the settings");
            let mut agents = settings.unwrap_or_default().agents;
            change(&mut agents);
            kept.insert("agents".to_owned(), to_json(&agents));
        })
    }
}
