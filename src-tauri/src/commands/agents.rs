//! The agents of this computer: how they stand, their installation, their keys.

use super::{CommandResult, endpoints};
use crate::secrets::{SecretId, SecretStates};
use crate::{bridge, state};
use regatta_protocol::agent::AgentsView;
use regatta_protocol::endpoint::SecretState;
use regatta_protocol::{AgentChoice, KnownAgent, Secret};
use tauri::{AppHandle, Runtime, command};

#[command]
pub(crate) async fn agents<R: Runtime>(app: AppHandle<R>) -> CommandResult<AgentsView> {
    let secret_ids = KnownAgent::ALL.map(SecretId::for_agent).to_vec();
    let SecretStates { states, .. } = state::secrets(&app).read_states(secret_ids).await;
    state::agent_keys(&app).replace(states.clone());
    agents_view(&app, states).await
}

/// As [`agents`], with the keys as they stood when they were last looked for: while an agent is
/// installed it says something new many times, and the key store need not be asked each time.
pub(crate) async fn agents_with_cached_keys<R: Runtime>(
    app: &AppHandle<R>,
) -> CommandResult<AgentsView> {
    let known = state::agent_keys(app).clone();
    match known {
        Some(states) => agents_view(app, states).await,
        None => agents(app.clone()).await,
    }
}

async fn agents_view<R: Runtime>(
    app: &AppHandle<R>,
    keys: Vec<SecretState>,
) -> CommandResult<AgentsView> {
    let added = state::store(app)?.settings().agents;
    let mut view = state::engine(app)?.agents(&added).await;
    for (id, key) in KnownAgent::ALL.into_iter().zip(keys) {
        let of_it = |shown: &&mut regatta_protocol::agent::AgentView| {
            shown.agent == AgentChoice::Known { id }
        };
        view.agents.iter_mut().filter(of_it).for_each(|shown| shown.key = key);
    }
    Ok(view)
}

#[command]
pub(crate) async fn check_agents<R: Runtime>(
    app: AppHandle<R>,
    agent: Option<AgentChoice>,
) -> CommandResult<()> {
    let engine = state::engine(&app)?;
    let asked = match agent {
        Some(agent) => vec![agent],
        None => {
            let known = KnownAgent::ALL.map(|id| AgentChoice::Known { id });
            known.into_iter().chain(state::store(&app)?.settings().agents).collect()
        }
    };
    engine.check_agents(&asked).await;
    Ok(())
}

#[command]
pub(crate) async fn install_agent<R: Runtime>(
    app: AppHandle<R>,
    id: KnownAgent,
) -> CommandResult<()> {
    Ok(state::engine(&app)?.install_agent(id).await?)
}

#[command]
pub(crate) async fn set_agent_key<R: Runtime>(
    app: AppHandle<R>,
    id: KnownAgent,
    key: Secret,
) -> CommandResult<()> {
    let key = endpoints::validate_secret(&key)?;
    // That it could only be kept in memory shows in its state.
    state::secrets(&app).save(SecretId::for_agent(id), key).await;
    bridge::emit_agents(&app).await;
    Ok(())
}

#[command]
pub(crate) async fn remove_agent_key<R: Runtime>(
    app: AppHandle<R>,
    id: KnownAgent,
) -> CommandResult<()> {
    state::secrets(&app).remove(SecretId::for_agent(id)).await?;
    bridge::emit_agents(&app).await;
    Ok(())
}

#[command]
pub(crate) async fn save_agent<R: Runtime>(
    app: AppHandle<R>,
    agent: AgentChoice,
) -> CommandResult<()> {
    state::store(&app)?.save_agent(agent)?;
    bridge::emit_agents(&app).await;
    Ok(())
}

#[command]
pub(crate) async fn remove_agent<R: Runtime>(
    app: AppHandle<R>,
    agent: AgentChoice,
) -> CommandResult<()> {
    state::store(&app)?.remove_agent(&agent)?;
    bridge::emit_agents(&app).await;
    Ok(())
}
