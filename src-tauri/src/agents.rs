//! How the agents of this computer stand, and their keys.

use crate::secrets::{SecretId, SecretStates};
use crate::{state, window_events};
use regatta_protocol::agent::{AgentView, AgentsView};
use regatta_protocol::endpoint::SecretState;
use regatta_protocol::{AgentChoice, KnownAgent, UserMessage};
use regatta_trace::LogDropped;
use tauri::{AppHandle, Runtime};

/// How they stand now.
pub(crate) async fn view<R: Runtime>(app: &AppHandle<R>) -> Result<AgentsView, UserMessage> {
    let secret_ids = KnownAgent::ALL.map(SecretId::for_agent).to_vec();
    let SecretStates { states, .. } = state::secrets(app).read_states(secret_ids).await;
    state::agent_keys(app).replace(states.clone());
    view_with_keys(app, states).await
}

/// As [`view`], with the keys as they stood when they were last looked for: while an agent is
/// installed it says something new many times, and the key store need not be asked each time.
pub(crate) async fn view_with_cached_keys<R: Runtime>(
    app: &AppHandle<R>,
) -> Result<AgentsView, UserMessage> {
    let known = state::agent_keys(app).clone();
    match known {
        Some(states) => view_with_keys(app, states).await,
        None => view(app).await,
    }
}

/// Tells the window how they stand now.
pub(crate) async fn emit<R: Runtime>(app: &AppHandle<R>) {
    // Without an engine or a store there are none to tell of.
    if let Some(view) = view(app).await.log_dropped("telling the window of agents") {
        window_events::emit(app, "agents", view);
    }
}

async fn view_with_keys<R: Runtime>(
    app: &AppHandle<R>,
    keys: Vec<SecretState>,
) -> Result<AgentsView, UserMessage> {
    let added = state::store(app)?.settings().agents;
    let mut view = state::engine(app)?.agents(&added).await;
    for (id, key) in KnownAgent::ALL.into_iter().zip(keys) {
        let of_it = |shown: &&mut AgentView| shown.agent == AgentChoice::Known { id };
        view.agents.iter_mut().filter(of_it).for_each(|shown| shown.key = key);
    }
    Ok(view)
}
