//! `regatta agents`: how the agents of this computer stand and what they offer.

use crate::args::AgentsArgs;
use crate::data;
use crate::plain::plain;
use crate::print::{out, tell};
use crate::refusal::Refusal;
use regatta_engine::Engine;
use regatta_protocol::agent::{AgentState, AgentView};
use regatta_protocol::{AgentChoice, KnownAgent};
use regatta_server::NamedAgent;
use std::process::ExitCode;

/// Shows the agents; those that are asked now in the order in which they answer.
pub(crate) async fn stand(args: &AgentsArgs) -> Result<ExitCode, Refusal> {
    let agents = if args.agent.is_empty() { all() } else { args.agent.clone() };
    let engine = data::look(args.data_dir.as_deref()).await?;
    let shown = match args.check {
        true => check(&engine, agents).await,
        false => show(&engine, &agents, |_| true).await.map(drop),
    };
    engine.close().await;
    shown.map(|()| ExitCode::SUCCESS)
}

/// The agents that need no program to be named.
fn all() -> Vec<NamedAgent> {
    let names = std::iter::once("practice").chain(KnownAgent::ALL.map(KnownAgent::id));
    let named =
        |name: &str| Some(NamedAgent { name: name.into(), agent: AgentChoice::by_name(name)? });
    names.filter_map(named).collect()
}

async fn check(engine: &Engine, mut open: Vec<NamedAgent>) -> Result<(), Refusal> {
    let agents: Vec<AgentChoice> = open.iter().map(|named| named.agent.clone()).collect();
    tell("Each agent takes some seconds to say how it stands.");
    let began = engine.agents(&agents).await;
    let before = |view: &AgentView| {
        let known = began.agents.iter().find(|known| known.agent == view.agent);
        known.and_then(|known| known.checked_at)
    };
    let mut changed = engine.agents_changed();
    let checking = engine.check_agents(&agents);
    tokio::pin!(checking);
    loop {
        let is_over = tokio::select! {
            () = &mut checking => true,
            _ = changed.changed() => false,
        };
        let answered = |view: &AgentView| is_over || view.checked_at != before(view);
        open = show(engine, &open, answered).await?;
        if is_over {
            return Ok(());
        }
    }
}

/// Prints those agents that are to be shown now; gives back the others.
async fn show(
    engine: &Engine,
    agents: &[NamedAgent],
    now: impl Fn(&AgentView) -> bool,
) -> Result<Vec<NamedAgent>, Refusal> {
    let added: Vec<AgentChoice> = agents.iter().map(|named| named.agent.clone()).collect();
    let views = engine.agents(&added).await.agents;
    let mut later = Vec::new();
    for named in agents {
        match views.iter().find(|view| view.agent == named.agent && now(view)) {
            Some(view) => out(&text(&named.name, view))?,
            None => later.push(named.clone()),
        }
    }
    Ok(later)
}

fn text(name: &str, view: &AgentView) -> String {
    let version = match view.version.as_str() {
        "" => String::new(),
        version => format!(" {}", plain(version)),
    };
    let mut lines = vec![format!("{name}: {}{version}, {}", plain(&view.name), word(view.state))];
    if !view.offers.models.is_empty() {
        let ids: Vec<String> = view.offers.models.iter().map(|model| plain(&model.id)).collect();
        lines.push(format!("  models: {}", ids.join(", ")));
    }
    lines.extend(view.missing.iter().map(|missing| format!("  {}", missing.words)));
    lines.extend(view.notice.iter().map(|notice| format!("  {}", plain(&notice.to_string()))));
    lines.join("\n") + "\n"
}

const fn word(state: AgentState) -> &'static str {
    match state {
        AgentState::NotInstalled => "not on this computer",
        AgentState::AdapterMissing => "there without its adapter",
        AgentState::NotChecked => "not asked yet",
        AgentState::SignedOut => "signed out",
        AgentState::SignInUnknown => "there",
        AgentState::Ready => "ready",
        AgentState::Broken => "could not be asked",
    }
}
