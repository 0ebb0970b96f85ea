//! The agents of this computer as a person sees them: what was found, what they said when they
//! were last asked, what is missing.

use super::environment::{self, Env};
use super::table::{Row, row};
use super::{Agents, ask, force, known};
use crate::EngineError;
use crate::project::shown_below;
use regatta_protocol::agent::{AgentState, AgentView, AgentsView, GoesOn, Missing, Offers};
use regatta_protocol::endpoint::SecretState;
use regatta_protocol::worker::{AgentProgram, ProbeReport, ProbeTask};
use regatta_protocol::{AgentChoice, KnownAgent, Millis, Notice};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The file in the data folder with what agents said.
const KEPT: &str = "agents.json";
/// How many agents are asked at the same time. Each start keeps a processor busy.
const AT_ONCE: usize = 3;

/// What agents said, and what is done with them now.
#[derive(Debug)]
pub(super) struct Said {
    file: PathBuf,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    kept: Vec<Kept>,
    busy: HashMap<AgentChoice, String>,
    failed: HashMap<AgentChoice, Notice>,
}

/// What an agent said when it was last asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    agent: AgentChoice,
    at: Millis,
    report: ProbeReport,
}

impl Said {
    /// What is in the data folder's file. One that can't be read is as none: agents can be
    /// asked again.
    pub(super) fn load(data: &Path) -> Self {
        let file = data.join(KEPT);
        let text = std::fs::read(&file).unwrap_or_default();
        let kept = serde_json::from_slice(&text).unwrap_or_default();
        let state = Mutex::new(State { kept, ..State::default() });
        Self { file, state, changed: watch::Sender::new(0) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.send_modify(|count| *count += 1);
    }

    fn keep(&self, agent: &AgentChoice, at: Millis, report: ProbeReport) {
        let kept = Kept { agent: agent.clone(), at, report };
        self.change(|state| {
            state.kept.retain(|kept| kept.agent != *agent);
            state.kept.push(kept);
            let text = serde_json::to_vec(&state.kept).expect("BUG: reports are always JSON");
            // What can't be written is asked again after a restart.
            std::fs::write(&self.file, text).ok();
        });
    }
}

impl Agents {
    /// The known agents, then `added`, as they stand. Looks at folders only: where the login
    /// shell was never asked, that is done afterwards, and its answer is a change.
    pub(crate) async fn view(&self, added: &[AgentChoice]) -> AgentsView {
        let sandbox = self.sandbox_program().await.is_some();
        let known = KnownAgent::ALL.map(|id| AgentChoice::Known { id });
        let agents = known.iter().chain(added).map(|agent| self.view_of(agent, sandbox)).collect();
        if self.0.login_path.known().is_none() {
            let agents = self.clone();
            tokio::spawn(async move {
                agents.0.login_path.ask(&agents.0.env).await;
                agents.0.said.change(|_| {});
            });
        }
        AgentsView { agents, sandbox, sandbox_words: force::sandbox_words(sandbox).to_owned() }
    }

    /// Waits until something about agents changes.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.0.said.changed.subscribe()
    }

    /// Asks the login shell again where programs are.
    pub(crate) async fn look_again(&self) {
        self.0.login_path.ask_again(&self.0.env).await;
    }

    /// Asks agents how they stand, [`AT_ONCE`] at the same time.
    pub(crate) async fn check_all(&self, agents: &[AgentChoice], now: fn() -> Millis) {
        let mut asked = JoinSet::new();
        for agent in agents {
            if asked.len() == AT_ONCE {
                asked.join_next().await;
            }
            let (agents, agent) = (self.clone(), agent.clone());
            asked.spawn(async move { agents.check(&agent, now).await });
        }
        asked.join_all().await;
    }

    /// Asks an agent how it stands, and keeps what it says.
    async fn check(&self, agent: &AgentChoice, now: fn() -> Millis) {
        let Ok(program) = self.resolve(agent).await else {
            return self.0.said.change(|state| {
                state.kept.retain(|kept| kept.agent != *agent);
                state.failed.remove(agent);
            });
        };
        self.busy(agent, "Asking it how it stands");
        let folder = self.0.data.join("agents").join("probe").join("empty");
        let (env, sandbox) = self.surroundings((agent, program.program()), &folder).await;
        let report = match force::asks(agent) {
            false => ProbeReport::default(),
            true => {
                let env = environment::listed(env.clone());
                let task = ProbeTask { agent: program, env, folder, sandbox };
                ask::probe(&self.0.ours, &task).await
            }
        };
        let report = self.with_own_word(agent, (report, &env)).await;
        self.0.said.keep(agent, now(), report);
        self.idle(agent, None);
    }

    /// What the agent's own program says besides: its version, and whether somebody is signed in.
    async fn with_own_word(
        &self,
        agent: &AgentChoice,
        (mut report, env): (ProbeReport, &Env),
    ) -> ProbeReport {
        let Some(id) = known(agent) else { return report };
        let Some(program) = self.program_of(row(id).program, id) else { return report };
        let version = ask::version(&program, env).await;
        if !version.is_empty() {
            report.version = version;
        }
        if let Some(signed_in) = ask::signed_in(&program, row(id), env).await {
            report.signed_in = Some(signed_in);
        }
        report
    }

    /// What an agent offers, by its own word; none: it was never asked, or couldn't be, or nobody
    /// was signed in: then it may tell nothing, or what it offers to nobody.
    pub(super) fn offers(&self, agent: &AgentChoice) -> Option<Offers> {
        let state = self.0.said.state();
        let report = &state.kept.iter().find(|kept| kept.agent == *agent)?.report;
        let told = report.problem.is_none() && report.signed_in != Some(false);
        told.then(|| report.offers.clone())
    }

    /// Installs what is missing for an agent, and asks it then.
    pub(crate) async fn install(
        &self,
        id: KnownAgent,
        now: fn() -> Millis,
    ) -> Result<(), EngineError> {
        let agent = AgentChoice::Known { id };
        if row(id).packages.is_empty() {
            return Err(EngineError::WrongState("Regatta can't install this agent."));
        }
        if self.0.said.state().busy.contains_key(&agent) {
            return Err(EngineError::WrongState("This agent is being asked or installed already."));
        }
        self.busy(&agent, "Installing");
        let env = self.environment(&agent).await;
        let tell = |line: String| self.busy(&agent, &line);
        let folders = self.folders(Some(id));
        let installed =
            ask::install(row(id).packages, &self.home_of(id), (&folders, &env), tell).await;
        self.idle(&agent, installed.as_ref().err().cloned());
        installed.map_err(EngineError::Refused)?;
        self.check(&agent, now).await;
        Ok(())
    }

    fn busy(&self, agent: &AgentChoice, words: &str) {
        let words = words.to_owned();
        self.0.said.change(|state| {
            state.failed.remove(agent);
            state.busy.insert(agent.clone(), words);
        });
    }

    fn idle(&self, agent: &AgentChoice, problem: Option<Notice>) {
        self.0.said.change(|state| {
            state.busy.remove(agent);
            state.failed.extend(problem.map(|problem| (agent.clone(), problem)));
        });
    }

    fn view_of(&self, agent: &AgentChoice, sandbox: bool) -> AgentView {
        let id = known(agent);
        let row = id.map(row);
        let own = id.and_then(|id| self.program_of(row?.program, id));
        let starts = self.look_for(agent);
        let state = self.0.said.state();
        let kept = state.kept.iter().find(|kept| kept.agent == *agent);
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
        let goes_on = match report.resumes || report.loads {
            true => GoesOn::SameConversation,
            false => GoesOn::Anew,
        };
        let (path, home) =
            (own.as_deref().or(starts.as_ref().ok().map(AgentProgram::program)), self.0.env.home());
        AgentView {
            agent: agent.clone(),
            name: agent.label(),
            state: stands,
            program: path.map_or_else(String::new, |path| shown_below(path, home.as_deref())),
            version: report.version,
            offers: report.offers,
            goes_on,
            limits_turns: row.is_some_and(|row| row.limits_turns),
            reports_cost: row.is_none_or(|row| row.reports_cost) && force::asks(agent),
            missing: missing(stands, row, agent),
            key_name: row.map_or("", |row| row.key_name).to_owned(),
            key: SecretState::Missing,
            asks_in: row
                .map_or(&[][..], |row| row.asking_modes)
                .iter()
                .map(|m| (*m).into())
                .collect(),
            in_force: force::of(agent, sandbox),
            checked_at: kept.map(|kept| kept.at),
            busy: state.busy.get(agent).cloned().unwrap_or_default(),
            notice: state.failed.get(agent).cloned().or(report.problem),
        }
    }
}

fn missing(state: AgentState, row: Option<&Row>, agent: &AgentChoice) -> Option<Missing> {
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
    let sign_in = row.filter(|_| state == AgentState::SignedOut).map_or("", |row| row.sign_in);
    Some(Missing { words, packages, sign_in: sign_in.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::super::Environment;
    use super::super::find::tests::program;
    use super::*;
    use crate::NoKeys;
    use std::sync::Arc;

    /// A worker that answers only once another one works, too, and writes down how many do.
    const TOGETHER: &str = "#!/bin/sh
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
        let worker = program(dir.path(), "worker", 0o755);
        std::fs::write(&worker, TOGETHER).expect("a file");
        let data = dir.path().join("data");
        std::fs::create_dir(&data).expect("a folder");
        let agents = Agents::new((worker, data), Environment::default(), Arc::new(NoKeys));
        let other = |n: u32| AgentChoice::Acp {
            command: vec!["/bin/true".to_owned(), n.to_string()],
            env: Vec::new(),
        };
        let asked: Vec<AgentChoice> = (0..7).map(other).collect();
        agents.check_all(&asked, || 1).await;
        let views = agents.view(&asked).await.agents;
        for agent in &asked {
            let view = views.iter().find(|view| view.agent == *agent).expect("it is shown");
            assert_eq!(view.state, AgentState::SignInUnknown, "{:?}", view.notice);
        }
        let together = std::fs::read_to_string(dir.path().join("together")).expect("it is kept");
        let most = together.lines().filter_map(|line| line.parse().ok()).max();
        assert!(most <= Some(AT_ONCE), "{together}");
    }
}
