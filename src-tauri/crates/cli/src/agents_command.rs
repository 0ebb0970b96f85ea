//! `regatta agents`: how the agents of this computer stand and what they offer.

use crate::args::AgentsArgs;
use crate::error::CommandError;
use crate::print::{write_stderr, write_stdout};
use crate::sanitize::sanitize;
use crate::{open_engine, render};
use regatta_engine::Engine;
use regatta_protocol::agent::{AgentState, AgentView};
use regatta_protocol::{AgentChoice, KnownAgent};
use regatta_server::NamedAgent;
use std::process::ExitCode;

/// Shows the agents; those that are asked now in the order in which they answer.
pub(crate) async fn show_agents(args: &AgentsArgs) -> Result<ExitCode, CommandError> {
    let agents = if args.agent.is_empty() { default_agents() } else { args.agent.clone() };
    let engine = open_engine::open_without_resuming(args.data_dir.as_deref()).await?;
    let shown = match args.check {
        true => check_agents(&engine, agents).await,
        false => print_agents(&engine, &agents, |_| true).await.map(drop),
    };
    engine.close().await;
    shown.map(|()| ExitCode::SUCCESS)
}

/// The agents that need no program to be named.
fn default_agents() -> Vec<NamedAgent> {
    let names = std::iter::once("practice").chain(KnownAgent::ALL.map(KnownAgent::id));
    let named =
        |name: &str| Some(NamedAgent { name: name.into(), agent: AgentChoice::by_name(name)? });
    names.filter_map(named).collect()
}

async fn check_agents(engine: &Engine, mut open: Vec<NamedAgent>) -> Result<(), CommandError> {
    let agents: Vec<AgentChoice> = open.iter().map(|named| named.agent.clone()).collect();
    write_stderr("Each agent takes some seconds to say how it stands.");
    let began = engine.agents(&agents).await;
    let before = |view: &AgentView| {
        let known = began.agents.iter().find(|known| known.agent == view.agent);
        known.and_then(|known| known.checked_at)
    };
    let mut changed = engine.subscribe_agents();
    let checking = engine.check_agents(&agents);
    tokio::pin!(checking);
    loop {
        let is_over = tokio::select! {
            () = &mut checking => true,
            _ = changed.changed() => false,
        };
        let answered = |view: &AgentView| is_over || view.checked_at != before(view);
        open = print_agents(engine, &open, answered).await?;
        if is_over {
            return Ok(());
        }
    }
}

/// Prints those agents that are to be shown now; returns the others.
async fn print_agents(
    engine: &Engine,
    agents: &[NamedAgent],
    now: impl Fn(&AgentView) -> bool,
) -> Result<Vec<NamedAgent>, CommandError> {
    let added: Vec<AgentChoice> = agents.iter().map(|named| named.agent.clone()).collect();
    let views = engine.agents(&added).await.agents;
    let mut later = Vec::new();
    for named in agents {
        match views.iter().find(|view| view.agent == named.agent && now(view)) {
            Some(view) => write_stdout(&format_agent(&named.name, view))?,
            None => later.push(named.clone()),
        }
    }
    Ok(later)
}

fn format_agent(name: &str, view: &AgentView) -> String {
    let version = match view.version.as_str() {
        "" => String::new(),
        version => format!(" {}", sanitize(version)),
    };
    let mut lines =
        vec![format!("{name}: {}{version}, {}", sanitize(&view.name), state_text(view.state))];
    if !view.capabilities.models.is_empty() {
        let ids: Vec<String> =
            view.capabilities.models.iter().map(|model| sanitize(&model.id)).collect();
        lines.push(format!("  models: {}", ids.join(", ")));
    }
    lines.extend(view.setup_hint.iter().map(|missing| format!("  {}", missing.message)));
    lines.extend(view.notice.iter().map(|notice| format!("  {}", render::notice_line(notice))));
    lines.join("\n") + "\n"
}

const fn state_text(state: AgentState) -> &'static str {
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
