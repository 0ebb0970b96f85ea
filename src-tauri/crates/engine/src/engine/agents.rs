//! The agents of this computer, for a window.

use super::{Engine, now};
use crate::EngineError;
use regatta_protocol::agent::{AgentsView, OptionValue};
use regatta_protocol::{AgentChoice, KnownAgent};
use tokio::sync::watch;

impl Engine {
    /// The known agents, then `added`, as they stood when they were last asked. Whether a key is
    /// kept for one is for the shell to say.
    pub async fn agents(&self, added: &[AgentChoice]) -> AgentsView {
        self.0.agents.view(added).await
    }

    /// The models that an agent offers, by its own word when it was last asked; `None` if it was
    /// never asked, or couldn't be, or nobody was signed in. Nothing is started for it.
    #[must_use]
    pub fn agent_models(&self, agent: &AgentChoice) -> Option<Vec<OptionValue>> {
        self.0.agents.models(agent)
    }

    /// Asks agents how they stand, some at the same time: each takes some seconds. What one says
    /// is there as soon as it said it.
    pub async fn check_agents(&self, agents: &[AgentChoice]) {
        self.0.agents.refresh_login_path().await;
        self.0.agents.probe_all(agents, now).await;
    }

    /// Installs what is missing for an agent, in a folder of ours.
    ///
    /// # Errors
    /// It can't be installed by us, is being installed, or the installation failed.
    pub async fn install_agent(&self, id: KnownAgent) -> Result<(), EngineError> {
        self.0.agents.install(id, now).await
    }

    /// Changes whenever [`Engine::agents`] may give something else.
    #[must_use]
    pub fn subscribe_agents(&self) -> watch::Receiver<u64> {
        self.0.agents.subscribe()
    }
}
