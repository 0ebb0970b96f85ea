//! The agents of this computer as a person sees them: what was found, what they said when they
//! were last asked, what is missing.

use super::environment::{self, EnvMap};
use super::install::{self, ProgramSearch};
use super::specs::{AgentSpec, spec};
use super::{AgentRegistry, known_id, probe, safety_text};
use crate::EngineError;
use crate::project::display_path_below;
use regatta_protocol::agent::{
    AgentCapabilities, AgentState, AgentView, AgentsView, ResumeSupport, SetupHint,
};
use regatta_protocol::endpoint::SecretState;
use regatta_protocol::worker::{AgentProgram, ProbeReport, ProbeTask};
use regatta_protocol::{AgentChoice, KnownAgent, Millis, UserMessage};
use regatta_trace::LogDropped;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The file in the data folder with what agents said.
const CACHE_FILE: &str = "agents.json";
/// How many agents are asked at the same time. Each start keeps a processor busy.
const MAX_CONCURRENT_PROBES: usize = 3;

/// What agents said, and what is done with them now.
#[derive(Debug)]
pub(super) struct ProbeCache {
    file: PathBuf,
    state: Mutex<ProbeState>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct ProbeState {
    records: Vec<ProbeRecord>,
    busy: HashMap<AgentChoice, String>,
    install_errors: HashMap<AgentChoice, UserMessage>,
}

/// What an agent said when it was last asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ProbeRecord {
    agent: AgentChoice,
    at: Millis,
    report: ProbeReport,
}

impl ProbeCache {
    /// What is in the data folder's file. One that can't be read is as none: agents can be
    /// asked again.
    pub(super) fn load(data: &Path) -> Self {
        let file = data.join(CACHE_FILE);
        let text = std::fs::read(&file).log_dropped("reading what agents said");
        let kept = text
            .and_then(|text| serde_json::from_slice(&text).log_failed("reading what agents said"));
        let state =
            Mutex::new(ProbeState { records: kept.unwrap_or_default(), ..ProbeState::default() });
        Self { file, state, changed: watch::Sender::new(0) }
    }

    fn lock_state(&self) -> MutexGuard<'_, ProbeState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, change: impl FnOnce(&mut ProbeState)) {
        change(&mut self.lock_state());
        self.changed.send_modify(|count| *count += 1);
    }

    fn insert(&self, agent: &AgentChoice, at: Millis, report: ProbeReport) {
        let kept = ProbeRecord { agent: agent.clone(), at, report };
        self.update(|state| {
            state.records.retain(|kept| kept.agent != *agent);
            state.records.push(kept);
            let text = serde_json::to_vec(&state.records).expect("BUG: reports are always JSON");
            // What can't be written is asked again after a restart.
            std::fs::write(&self.file, text).log_dropped("keeping what agents said");
        });
    }
}

impl AgentRegistry {
    /// The known agents, then `added`, as they stand. Looks at folders only: where the login
    /// shell was never asked, that is done afterwards, and its answer is a change.
    pub(crate) async fn view(&self, added: &[AgentChoice]) -> AgentsView {
        let sandbox = self.sandbox_program().await.is_some();
        let known = KnownAgent::ALL.map(|id| AgentChoice::Known { id });
        let agents =
            known.iter().chain(added).map(|agent| self.agent_view(agent, sandbox)).collect();
        if self.0.login_path.cached_path().is_none() {
            let agents = self.clone();
            tokio::spawn(async move {
                agents.0.login_path.query_once(&agents.0.env).await;
                agents.0.probe_cache.update(|_| {});
            });
        }
        AgentsView {
            agents,
            has_sandbox: sandbox,
            sandbox_description: safety_text::sandbox_text(sandbox).to_owned(),
        }
    }

    /// Waits until something about agents changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.probe_cache.changed.subscribe()
    }

    /// Asks the login shell again where programs are.
    pub(crate) async fn refresh_login_path(&self) {
        self.0.login_path.query(&self.0.env).await;
    }

    /// Asks agents how they stand, [`MAX_CONCURRENT_PROBES`] at the same time.
    pub(crate) async fn probe_all(&self, agents: &[AgentChoice], now: fn() -> Millis) {
        let mut asked = JoinSet::new();
        for agent in agents {
            if asked.len() == MAX_CONCURRENT_PROBES {
                asked.join_next().await;
            }
            let (agents, agent) = (self.clone(), agent.clone());
            asked.spawn(async move { agents.probe(&agent, now).await });
        }
        asked.join_all().await;
    }

    /// Asks an agent how it stands, and keeps what it says.
    async fn probe(&self, agent: &AgentChoice, now: fn() -> Millis) {
        let Some(program) = self.resolve(agent).await.log_dropped("finding an agent") else {
            return self.0.probe_cache.update(|state| {
                state.records.retain(|kept| kept.agent != *agent);
                state.install_errors.remove(agent);
            });
        };
        self.set_busy(agent, "Asking it how it stands");
        let folder = self.0.data_dir.join("agents").join("probe").join("empty");
        let (env, sandbox) = self.env_and_sandbox(agent, program.program(), &folder).await;
        let report = match safety_text::can_ask(agent) {
            false => ProbeReport::default(),
            true => {
                let env = environment::to_env_vars(env.clone());
                let task = ProbeTask { agent: program, env, folder, sandbox };
                probe::probe(&self.0.regatta_program, &task).await
            }
        };
        let report = self.with_program_facts(agent, (report, &env)).await;
        self.0.probe_cache.insert(agent, now(), report);
        self.set_idle(agent, None);
    }

    /// What the agent's own program says besides: its version, and whether somebody is signed in.
    async fn with_program_facts(
        &self,
        agent: &AgentChoice,
        (mut report, env): (ProbeReport, &EnvMap),
    ) -> ProbeReport {
        let Some(id) = known_id(agent) else { return report };
        let Some(program) = self.find_program(spec(id).program, id) else { return report };
        let version = probe::query_version(&program, env).await;
        if !version.is_empty() {
            report.version = version;
        }
        if let Some(signed_in) = probe::query_signed_in(&program, spec(id), env).await {
            report.signed_in = Some(signed_in);
        }
        report
    }

    /// What an agent offers, by its own word; `None` if it was never asked, or couldn't be, or
    /// nobody was signed in: then it may tell nothing, or what it offers to nobody.
    pub(super) fn known_capabilities(&self, agent: &AgentChoice) -> Option<AgentCapabilities> {
        let state = self.0.probe_cache.lock_state();
        let report = &state.records.iter().find(|kept| kept.agent == *agent)?.report;
        let told = report.problem.is_none() && report.signed_in != Some(false);
        told.then(|| report.capabilities.clone())
    }

    /// Installs what is missing for an agent, and asks it then.
    pub(crate) async fn install(
        &self,
        id: KnownAgent,
        now: fn() -> Millis,
    ) -> Result<(), EngineError> {
        let agent = AgentChoice::Known { id };
        if spec(id).packages.is_empty() {
            return Err(EngineError::WrongState("Regatta can't install this agent."));
        }
        if self.0.probe_cache.lock_state().busy.contains_key(&agent) {
            return Err(EngineError::WrongState("This agent is being asked or installed already."));
        }
        self.set_busy(&agent, "Installing");
        let env = self.agent_env(&agent).await;
        let tell = |line: String| self.set_busy(&agent, &line);
        let programs = ProgramSearch { folders: &self.search_folders(Some(id)), env: &env };
        let installed =
            install::install(spec(id).packages, &self.install_dir(id), programs, tell).await;
        self.set_idle(&agent, installed.as_ref().err().cloned());
        installed.map_err(EngineError::Refused)?;
        self.probe(&agent, now).await;
        Ok(())
    }

    fn set_busy(&self, agent: &AgentChoice, words: &str) {
        let words = words.to_owned();
        self.0.probe_cache.update(|state| {
            state.install_errors.remove(agent);
            state.busy.insert(agent.clone(), words);
        });
    }

    fn set_idle(&self, agent: &AgentChoice, problem: Option<UserMessage>) {
        self.0.probe_cache.update(|state| {
            state.busy.remove(agent);
            state.install_errors.extend(problem.map(|problem| (agent.clone(), problem)));
        });
    }

    fn agent_view(&self, agent: &AgentChoice, sandbox: bool) -> AgentView {
        let id = known_id(agent);
        let row = id.map(spec);
        let own = id.and_then(|id| self.find_program(row?.program, id));
        let starts = self.resolve_cached(agent);
        let state = self.0.probe_cache.lock_state();
        let kept = state.records.iter().find(|kept| kept.agent == *agent);
        let report = kept.map(|kept| kept.report.clone()).unwrap_or_default();
        let stands = match (&starts, kept) {
            (Err(_), _) if own.is_some() => AgentState::AdapterMissing,
            (Err(_), _) => AgentState::NotInstalled,
            (Ok(_), None) => AgentState::NotChecked,
            (Ok(_), Some(_)) if report.signed_in == Some(false) => AgentState::SignedOut,
            (Ok(_), Some(_)) if report.problem.is_some() => AgentState::Broken,
            (Ok(_), Some(_)) if report.signed_in == Some(true) => AgentState::Ready,
            (Ok(_), Some(_)) => AgentState::SignInUnknown,
        };
        let goes_on = match report.can_resume || report.can_load {
            true => ResumeSupport::SameConversation,
            false => ResumeSupport::NewConversation,
        };
        let (path, home) =
            (own.as_deref().or(starts.as_ref().ok().map(AgentProgram::program)), self.0.env.home());
        AgentView {
            agent: agent.clone(),
            name: agent.label(),
            state: stands,
            program: path
                .map_or_else(String::new, |path| display_path_below(path, home.as_deref())),
            version: report.version,
            capabilities: report.capabilities,
            resume_support: goes_on,
            can_limit_turns: row.is_some_and(|row| row.limits_turns),
            reports_cost: row.is_none_or(|row| row.reports_cost) && safety_text::can_ask(agent),
            setup_hint: setup_hint(stands, row, agent),
            key_variable: row.map_or("", |row| row.key_name).to_owned(),
            key: SecretState::Missing,
            asking_modes: row
                .map_or(&[][..], |row| row.asking_modes)
                .iter()
                .map(|m| (*m).into())
                .collect(),
            effective_safety: safety_text::effective_safety(agent, sandbox),
            checked_at: kept.map(|kept| kept.at),
            activity: state.busy.get(agent).cloned().unwrap_or_default(),
            notice: state.install_errors.get(agent).cloned().or(report.problem),
        }
    }
}

fn setup_hint(
    state: AgentState,
    row: Option<&AgentSpec>,
    agent: &AgentChoice,
) -> Option<SetupHint> {
    let name = agent.label();
    let packages = row.map_or(&[][..], |row| row.packages);
    let words = match state {
        AgentState::NotInstalled if packages.is_empty() => {
            format!(
                "{name} isn't on this computer. Install it as its own page says, then check again."
            )
        }
        AgentState::NotInstalled => {
            format!("{name} isn't on this computer. Regatta can install it in a folder of its own.")
        }
        AgentState::AdapterMissing => format!(
            "{name} is there. The small program through which Regatta speaks to it isn't: \
             Regatta can install it in a folder of its own."
        ),
        AgentState::SignedOut => {
            let key = if row.is_some_and(|row| !row.key_name.is_empty()) {
                ", or enter a key"
            } else {
                ""
            };
            format!("Nobody is signed in to {name}. Sign in with its own program{key}.")
        }
        _ => return None,
    };
    let installs = matches!(state, AgentState::NotInstalled | AgentState::AdapterMissing);
    let packages = packages.iter().filter(|_| installs).map(|name| (*name).to_owned()).collect();
    let sign_in =
        row.filter(|_| state == AgentState::SignedOut).map_or("", |row| row.sign_in_command);
    Some(SetupHint { message: words, packages, sign_in: sign_in.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::super::Environment;
    use super::super::find::tests::write_program;
    use super::*;
    use crate::NoCredentials;
    use std::sync::Arc;

    /// A worker that answers only once another one works, too, and writes down how many do.
    const CONCURRENT_WORKER_SCRIPT: &str = "#!/bin/sh
cd \"$(dirname \"$0\")\" || exit 1
read -r task
: > \"began.$$\"
: > \"works.$$\"
set -- works.*
echo $# >> together
tries=0
until set -- began.*; [ $# -gt 1 ]; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || exit 1
    sleep 0.05
done
# Time for more to begin, if more than may did.
sleep 0.3
rm \"works.$$\"
echo '{}'
";

    #[tokio::test]
    async fn some_agents_are_asked_at_the_same_time_but_not_all() {
        let dir = tempfile::tempdir().expect("a folder");
        let worker = write_program(dir.path(), "worker", 0o755);
        std::fs::write(&worker, CONCURRENT_WORKER_SCRIPT).expect("a file");
        let data = dir.path().join("data");
        std::fs::create_dir(&data).expect("a folder");
        let agents =
            AgentRegistry::new(worker, data, Environment::default(), Arc::new(NoCredentials));
        let other = |n: u32| AgentChoice::Acp {
            command: vec!["/bin/true".to_owned(), n.to_string()],
            env: Vec::new(),
        };
        let asked: Vec<AgentChoice> = (0..7).map(other).collect();
        agents.probe_all(&asked, || 1).await;
        let views = agents.view(&asked).await.agents;
        for agent in &asked {
            let view = views.iter().find(|view| view.agent == *agent).expect("it is shown");
            assert_eq!(view.state, AgentState::SignInUnknown, "{:?}", view.notice);
        }
        let together = std::fs::read_to_string(dir.path().join("together")).expect("it is kept");
        let most = together.lines().filter_map(|line| line.parse().ok()).max();
        assert!(most <= Some(MAX_CONCURRENT_PROBES), "{together}");
    }
}
