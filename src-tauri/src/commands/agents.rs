//! The agents of this computer: how they stand, their installation, their keys.

use super::{CommandResult, endpoints};
use crate::secrets::SecretId;
use crate::state;
use regatta_protocol::agent::AgentsView;
use regatta_protocol::{AgentChoice, KnownAgent, Secret};
use tauri::{AppHandle, Runtime, command};

#[command]
pub(crate) async fn agents<R: Runtime>(app: AppHandle<R>) -> CommandResult<AgentsView> {
    crate::agents::view(&app).await
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
    crate::agents::emit(&app).await;
    Ok(())
}

#[command]
pub(crate) async fn remove_agent_key<R: Runtime>(
    app: AppHandle<R>,
    id: KnownAgent,
) -> CommandResult<()> {
    state::secrets(&app).remove(SecretId::for_agent(id)).await?;
    crate::agents::emit(&app).await;
    Ok(())
}

#[command]
pub(crate) async fn save_agent<R: Runtime>(
    app: AppHandle<R>,
    agent: AgentChoice,
) -> CommandResult<()> {
    state::store(&app)?.save_agent(agent)?;
    crate::agents::emit(&app).await;
    Ok(())
}

#[command]
pub(crate) async fn remove_agent<R: Runtime>(
    app: AppHandle<R>,
    agent: AgentChoice,
) -> CommandResult<()> {
    state::store(&app)?.remove_agent(&agent)?;
    crate::agents::emit(&app).await;
    Ok(())
}
