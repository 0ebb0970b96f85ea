//! The agents on this computer: which there are ([`table`]), where their programs are
//! ([`find`], [`shell`]), what they find in their environment ([`environment`]) and what they
//! may reach ([`sandbox`]). A worker gets all of it as data.

mod ask;
mod environment;
mod find;
mod force;
mod list;
mod models;
mod quiet;
mod sandbox;
mod shell;
mod table;

use environment::Env;
pub use environment::Environment;

use crate::keys::Keys;
use list::Said;
use regatta_protocol::agent::{AgentOptions, EnvVar};
use regatta_protocol::worker::{AgentProgram, Sandbox};
use regatta_protocol::{AgentChoice, KnownAgent, Notice};
use shell::LoginPath;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use table::row;
use tokio::sync::OnceCell;

/// Knows how agents are started. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Agents(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Our own program, whose `practice-agent` is the practice agent.
    ours: PathBuf,
    /// The data folder: agents that we installed are in `agents/<id>`.
    data: PathBuf,
    env: Environment,
    login_path: LoginPath,
    keys: Arc<dyn Keys>,
    /// The program `bwrap`, once it was tried.
    sandbox: OnceCell<Option<PathBuf>>,
    said: Said,
}

/// Everything of a worker's task that is the agent's.
#[derive(Debug)]
pub(crate) struct Equipment {
    pub(crate) program: AgentProgram,
    pub(crate) env: Vec<EnvVar>,
    pub(crate) options: AgentOptions,
    /// Whether it was given a mode in which it decides by itself what it asks.
    pub(crate) decides_itself: bool,
    pub(crate) session_meta: String,
    pub(crate) sandbox: Option<Sandbox>,
}

/// What an agent is equipped for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) agent: &'a AgentChoice,
    pub(crate) options: &'a AgentOptions,
    /// Whether it takes its smaller, quicker model, where no model is named.
    pub(crate) small: bool,
    pub(crate) turn_limit: Option<u32>,
    /// The cache, whose objects the copy needs.
    pub(crate) cache: &'a Path,
}

impl Agents {
    pub(crate) fn new(
        (ours, data): (PathBuf, PathBuf),
        env: Environment,
        keys: Arc<dyn Keys>,
    ) -> Self {
        let (sandbox, said) = (OnceCell::new(), Said::load(&data));
        let login_path = LoginPath::load(&data, &env);
        Self(Arc::new(Inner { ours, data, env, login_path, keys, sandbox, said }))
    }

    /// How an agent is started, or where it was looked for in vain.
    pub(crate) async fn resolve(&self, choice: &AgentChoice) -> Result<AgentProgram, Notice> {
        if let Ok(found) = self.look_for(choice) {
            return Ok(found);
        }
        self.0.login_path.ask(&self.0.env).await;
        self.look_for(choice)
    }

    /// As [`Agents::resolve`], in the places that are known without asking anybody.
    fn look_for(&self, choice: &AgentChoice) -> Result<AgentProgram, Notice> {
        match choice {
            AgentChoice::Practice => {
                let (program, args) = (self.0.ours.clone(), vec!["practice-agent".into()]);
                Ok(AgentProgram::Acp { program, args })
            }
            AgentChoice::Known { id } => self.known(*id),
            AgentChoice::Acp { command, .. } => {
                let (program, args) = find::find(command, &self.folders(None))?;
                Ok(AgentProgram::Acp { program, args })
            }
            AgentChoice::Command { command } => {
                let (program, args) = find::find(command, &self.folders(None))?;
                Ok(AgentProgram::Command { program, args })
            }
        }
    }

    /// The search path of workers.
    pub(crate) fn search_path(&self) -> String {
        find::search_path(&self.folders(None))
    }

    /// Everything that an agent needs and may.
    pub(crate) async fn equip(&self, wanted: &Wanted<'_>) -> Result<Equipment, Notice> {
        let program = self.resolve(wanted.agent).await?;
        let row = known(wanted.agent).map(row);
        let (env, sandbox) =
            self.surroundings((wanted.agent, program.program()), wanted.cache).await;
        let mut options = wanted.options.clone();
        if wanted.small && options.model.is_empty() {
            options.model = self.small_model(wanted.agent);
        }
        let asking_modes = row.map_or(&[][..], |row| row.asking_modes);
        if let Some(mode) = asking_modes.first().filter(|_| options.mode.is_empty()) {
            (*mode).clone_into(&mut options.mode);
        }
        let decides_itself = !asking_modes.is_empty() && !asking_modes.contains(&&*options.mode);
        let turns = wanted.turn_limit.filter(|_| row.is_some_and(|row| row.limits_turns));
        let session_meta = turns.map(turns_meta).unwrap_or_default();
        let env = environment::listed(env);
        Ok(Equipment { program, env, options, decides_itself, session_meta, sandbox })
    }

    async fn environment(&self, agent: &AgentChoice) -> Env {
        let id = known(agent);
        if *agent != AgentChoice::Practice {
            self.0.login_path.ask(&self.0.env).await;
        }
        let path = find::search_path(&self.folders(id));
        let mut env = self.0.env.for_agent(id.map(row), &path);
        if let Some((_, variable)) = id.and_then(|id| row(id).adapter)
            && let Some(own) = id.and_then(|id| self.program_of(row(id).program, id))
        {
            env.insert(variable.to_owned(), own.display().to_string());
        }
        if let Some(id) = id
            && let Some(how) = row(id).quiet_file
        {
            quiet::quieten(how, &self.home_of(id), &mut env);
        }
        if let Some(id) = id.filter(|id| !row(*id).key_name.is_empty())
            && let Some(key) = self.0.keys.agent_key(id).await
        {
            env.insert(row(id).key_name.to_owned(), key.expose().to_owned());
        }
        if let Some(row) = id.map(row).filter(|row| env.contains_key(row.key_name)) {
            env.extend(row.with_key.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        }
        if let AgentChoice::Acp { env: added, .. } = agent {
            env.extend(added.iter().map(|added| (added.name.clone(), added.value.clone())));
        }
        env
    }

    /// What the agent whose program this is finds in its environment, and the sandbox round it;
    /// none: there is no bubblewrap that works. The practice agent is ours and needs none.
    /// `cache`: what it must be able to read besides.
    async fn surroundings(
        &self,
        (agent, program): (&AgentChoice, &Path),
        cache: &Path,
    ) -> (Env, Option<Sandbox>) {
        let mut env = self.environment(agent).await;
        let bwrap = match agent {
            AgentChoice::Practice => None,
            _ => self.sandbox_program().await,
        };
        let Some(bwrap) = bwrap else { return (env, None) };
        let state = match known(agent).map(row) {
            Some(row) => {
                let state = sandbox::state(row, &env);
                let told = row.in_sandbox.iter();
                env.extend(told.map(|(name, value)| ((*name).into(), (*value).into())));
                state
            }
            None => self.state_of_other(agent, program, &mut env),
        };
        let sandbox = sandbox::around(bwrap, &self.0.env, state, (&self.0.data, cache));
        (env, Some(sandbox))
    }

    /// What an agent that Regatta doesn't know may write, some of which is made for it.
    fn state_of_other(&self, agent: &AgentChoice, program: &Path, env: &mut Env) -> Vec<PathBuf> {
        let added = match agent {
            AgentChoice::Acp { env, .. } => env.as_slice(),
            _ => &[],
        };
        let (folders, data) = (self.folders(None), &self.0.data);
        let other = sandbox::Other { program, env, added, folders: &folders, data };
        let (mut state, private) = (other.state(), other.private());
        state.extend(private.iter().map(|(_, folder)| folder.clone()));
        env.extend(private.into_iter().map(|(name, path)| (name, path.display().to_string())));
        state
    }

    async fn sandbox_program(&self) -> Option<PathBuf> {
        sandbox::program(&self.0.sandbox, || self.folders(None)).await
    }

    fn known(&self, id: KnownAgent) -> Result<AgentProgram, Notice> {
        let row = row(id);
        let name = row.adapter.map_or(row.program, |(adapter, _)| adapter);
        let command: Vec<String> =
            std::iter::once(name).chain(row.args.iter().copied()).map(str::to_owned).collect();
        let (program, args) = find::find(&command, &self.folders(Some(id)))?;
        Ok(match row.asks() {
            true => AgentProgram::Acp { program, args },
            false => AgentProgram::Command { program, args },
        })
    }

    fn program_of(&self, name: &str, id: KnownAgent) -> Option<PathBuf> {
        find::program(name, &self.folders(Some(id)))
    }

    /// Where programs are looked for; what we installed comes last, as the person's own counts.
    fn folders(&self, id: Option<KnownAgent>) -> Vec<PathBuf> {
        let mut folders =
            find::folders(&self.0.env, &self.0.login_path.known().unwrap_or_default());
        folders.extend(id.map(|id| self.home_of(id).join("node_modules/.bin")));
        folders
    }

    /// Where we install an agent.
    fn home_of(&self, id: KnownAgent) -> PathBuf {
        self.0.data.join("agents").join(id.id())
    }
}

/// The agent, if it is one that Regatta knows.
const fn known(agent: &AgentChoice) -> Option<KnownAgent> {
    match agent {
        AgentChoice::Known { id } => Some(*id),
        _ => None,
    }
}

/// How Claude Code's adapter is told a number of turns.
fn turns_meta(turns: u32) -> String {
    format!(r#"{{"claudeCode":{{"options":{{"maxTurns":{turns}}}}}}}"#)
}

#[cfg(test)]
mod tests {
    use super::find::tests::program;
    use super::*;
    use crate::NoKeys;
    use regatta_protocol::agent::{AgentState, AgentsView};

    fn agents(dir: &Path) -> Agents {
        let env = [("HOME".to_owned(), dir.join("home").display().to_string())];
        let env: Environment = env.into_iter().collect();
        Agents::new(("/x/regatta".into(), dir.join("data")), env, Arc::new(NoKeys))
    }

    #[test]
    fn the_practice_agent_is_ours() {
        let dir = tempfile::tempdir().expect("a folder");
        let found = agents(dir.path()).look_for(&AgentChoice::Practice);
        let args = vec!["practice-agent".to_owned()];
        assert_eq!(found, Ok(AgentProgram::Acp { program: "/x/regatta".into(), args }));
    }

    /// As an app is started from a desktop: nothing on the search path.
    #[tokio::test]
    async fn a_known_agent_is_found_without_a_search_path_and_gets_what_it_needs() {
        let dir = tempfile::tempdir().expect("a folder");
        let nvm = dir.path().join("home/.nvm/versions/node/v22.1.0/bin");
        program(&nvm, "claude", 0o755);
        let agents = agents(dir.path());
        let choice = AgentChoice::Known { id: KnownAgent::ClaudeCode };
        assert!(agents.resolve(&choice).await.is_err(), "its adapter isn't there");
        program(
            &dir.path().join("data/agents/claude-code/node_modules/.bin"),
            "claude-agent-acp",
            0o755,
        );
        let (options, cache) = (AgentOptions::default(), dir.path().join("cache"));
        let wanted = Wanted {
            agent: &choice,
            options: &options,
            small: true,
            turn_limit: Some(7),
            cache: &cache,
        };
        let equipment = agents.equip(&wanted).await.expect("both are there");
        let get =
            |name: &str| equipment.env.iter().find(|v| v.name == name).map(|v| v.value.clone());
        assert_eq!(get("CLAUDE_CODE_EXECUTABLE"), Some(nvm.join("claude").display().to_string()));
        assert!(get("PATH").expect("a path").contains(".nvm"));
        assert_eq!(equipment.options.mode, "default", "it asks, and our policy answers");
        assert!(!equipment.decides_itself);
        assert_eq!(equipment.options.model, "haiku");
        assert!(equipment.session_meta.contains(r#""maxTurns":7"#));

        for (mode, decides) in [("plan", false), ("bypassPermissions", true)] {
            let options = AgentOptions { mode: mode.into(), ..AgentOptions::default() };
            let equipment = agents.equip(&Wanted { options: &options, ..wanted }).await;
            let equipment = equipment.expect("both are there");
            assert_eq!(
                (equipment.options.mode.as_str(), equipment.decides_itself),
                (mode, decides)
            );
        }
    }

    /// The folder is known to nobody but the login shell.
    #[tokio::test]
    async fn an_agent_is_found_where_only_the_login_shell_knows() {
        let dir = tempfile::tempdir().expect("a folder");
        let tools = dir.path().join("tools");
        program(&tools, "opencode", 0o755);
        let shell = program(dir.path(), "shell", 0o755);
        // It answers once it is let go, and not before the first look.
        let go = dir.path().join("go");
        let text = format!(
            "#!/bin/sh\nuntil [ -e '{}' ]; do sleep 0.05; done\nPATH=$PATH:{}\neval \"$2\"\n",
            go.display(),
            tools.display()
        );
        std::fs::write(&shell, text).expect("a file");
        let env = Environment::default().with_login_shell(Some(shell));
        let agents = Agents::new(("/x/regatta".into(), dir.path().into()), env, Arc::new(NoKeys));

        let mut changed = agents.changes();
        let opencode = AgentChoice::Known { id: KnownAgent::Opencode };
        let state = |view: &AgentsView| {
            view.agents.iter().find(|v| v.agent == opencode).map(|v| v.state).expect("it is known")
        };
        assert_eq!(state(&agents.view(&[]).await), AgentState::NotInstalled, "nobody was asked");
        std::fs::write(&go, "").expect("a file");
        changed.changed().await.expect("the shell was asked meanwhile");
        assert_eq!(state(&agents.view(&[]).await), AgentState::NotChecked);
        let found = agents.resolve(&opencode).await.expect("it is there");
        assert_eq!(found.program(), tools.join("opencode"));
        let path = &agents.environment(&opencode).await["PATH"];
        assert!(path.contains(&tools.display().to_string()), "{path}");
    }
}
