//! The agents on this computer: which there are ([`specs`]), where their programs are
//! ([`find`], [`login_shell`]), what they find in their environment ([`environment`]) and what they
//! may reach ([`sandbox`]). A worker gets all of it as data.

mod environment;
mod find;
mod install;
mod list;
mod login_shell;
mod models;
mod probe;
mod safety_text;
mod sandbox;
mod specs;
mod telemetry_off;

use environment::EnvMap;
pub use environment::Environment;

use crate::credentials::CredentialProvider;
use list::ProbeCache;
use login_shell::LoginPath;
use regatta_protocol::agent::{AgentOptions, EnvVar};
use regatta_protocol::worker::{AgentProgram, Sandbox};
use regatta_protocol::{AgentChoice, KnownAgent, UserMessage};
use sandbox::SandboxPaths;
use specs::spec;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Knows how agents are started. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct AgentRegistry(Arc<AgentRegistryInner>);

#[derive(Debug)]
struct AgentRegistryInner {
    /// Our own program, whose `practice-agent` is the practice agent.
    regatta_program: PathBuf,
    /// The data folder: agents that we installed are in `agents/<id>`.
    data_dir: PathBuf,
    env: Environment,
    login_path: LoginPath,
    credentials: Arc<dyn CredentialProvider>,
    /// The program `bwrap`, once it was tried.
    bwrap: OnceCell<Option<PathBuf>>,
    probe_cache: ProbeCache,
}

/// Everything of a worker's task that is the agent's.
#[derive(Debug)]
pub(crate) struct LaunchSpec {
    pub(crate) program: AgentProgram,
    pub(crate) env: Vec<EnvVar>,
    pub(crate) options: AgentOptions,
    /// Whether it was given a mode in which it decides by itself what it asks.
    pub(crate) autonomous_mode: bool,
    pub(crate) session_meta: String,
    pub(crate) sandbox: Option<Sandbox>,
}

/// What an agent is equipped for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaunchRequest<'a> {
    pub(crate) agent: &'a AgentChoice,
    pub(crate) options: &'a AgentOptions,
    /// Whether it takes its smaller, quicker model, where no model is named.
    pub(crate) prefers_small_model: bool,
    pub(crate) turn_limit: Option<u32>,
    /// The cache, whose objects the copy needs.
    pub(crate) cache: &'a Path,
}

impl AgentRegistry {
    pub(crate) fn new(
        regatta_program: PathBuf,
        data_dir: PathBuf,
        env: Environment,
        keys: Arc<dyn CredentialProvider>,
    ) -> Self {
        Self(Arc::new(AgentRegistryInner {
            regatta_program,
            login_path: LoginPath::load(&data_dir, &env),
            probe_cache: ProbeCache::load(&data_dir),
            data_dir,
            env,
            credentials: keys,
            bwrap: OnceCell::new(),
        }))
    }

    /// How an agent is started, or where it was looked for in vain.
    pub(crate) async fn resolve(&self, choice: &AgentChoice) -> Result<AgentProgram, UserMessage> {
        if let Ok(found) = self.resolve_cached(choice) {
            return Ok(found);
        }
        self.0.login_path.query_once(&self.0.env).await;
        self.resolve_cached(choice)
    }

    /// As [`AgentRegistry::resolve`], in the places that are known without asking anybody.
    fn resolve_cached(&self, choice: &AgentChoice) -> Result<AgentProgram, UserMessage> {
        match choice {
            AgentChoice::Practice => {
                let (program, args) =
                    (self.0.regatta_program.clone(), vec!["practice-agent".into()]);
                Ok(AgentProgram::Acp { program, args })
            }
            AgentChoice::Known { id } => self.resolve_known(*id),
            AgentChoice::Acp { command, .. } => {
                let (program, args) = find::find_command(command, &self.search_folders(None))?;
                Ok(AgentProgram::Acp { program, args })
            }
            AgentChoice::Command { command } => {
                let (program, args) = find::find_command(command, &self.search_folders(None))?;
                Ok(AgentProgram::Command { program, args })
            }
        }
    }

    /// The search path of workers.
    pub(crate) fn search_path(&self) -> String {
        find::join_search_path(&self.search_folders(None))
    }

    /// Everything that an agent needs and may.
    pub(crate) async fn launch_spec(
        &self,
        request: &LaunchRequest<'_>,
    ) -> Result<LaunchSpec, UserMessage> {
        let program = self.resolve(request.agent).await?;
        let row = known_id(request.agent).map(spec);
        let (env, sandbox) =
            self.env_and_sandbox(request.agent, program.program(), request.cache).await;
        let mut options = request.options.clone();
        if request.prefers_small_model && options.model.is_empty() {
            options.model = self.small_model(request.agent);
        }
        let asking_modes = row.map_or(&[][..], |row| row.asking_modes);
        if let Some(mode) = asking_modes.first().filter(|_| options.mode.is_empty()) {
            (*mode).clone_into(&mut options.mode);
        }
        let decides_itself = !asking_modes.is_empty() && !asking_modes.contains(&&*options.mode);
        let turns = request.turn_limit.filter(|_| row.is_some_and(|row| row.limits_turns));
        let session_meta = turns.map(max_turns_meta).unwrap_or_default();
        let env = environment::to_env_vars(env);
        Ok(LaunchSpec {
            program,
            env,
            options,
            autonomous_mode: decides_itself,
            session_meta,
            sandbox,
        })
    }

    async fn agent_env(&self, agent: &AgentChoice) -> EnvMap {
        let id = known_id(agent);
        if *agent != AgentChoice::Practice {
            self.0.login_path.query_once(&self.0.env).await;
        }
        let path = find::join_search_path(&self.search_folders(id));
        let mut env = self.0.env.for_agent(id.map(spec), &path);
        if let Some((_, variable)) = id.and_then(|id| spec(id).adapter)
            && let Some(own) = id.and_then(|id| self.find_program(spec(id).program, id))
        {
            env.insert(variable.to_owned(), own.display().to_string());
        }
        if let Some(id) = id
            && let Some(how) = spec(id).telemetry_off_file
        {
            telemetry_off::turn_telemetry_off(how, &self.install_dir(id), &mut env);
        }
        if let Some(id) = id.filter(|id| !spec(*id).key_name.is_empty())
            && let Some(key) = self.0.credentials.agent_key(id).await
        {
            env.insert(spec(id).key_name.to_owned(), key.expose().to_owned());
        }
        if let Some(row) = id.map(spec).filter(|row| env.contains_key(row.key_name)) {
            env.extend(
                row.env_with_key.iter().map(|(name, value)| ((*name).into(), (*value).into())),
            );
        }
        if let AgentChoice::Acp { env: added, .. } = agent {
            env.extend(added.iter().map(|added| (added.name.clone(), added.value.clone())));
        }
        env
    }

    /// What the agent whose program this is finds in its environment, and the sandbox round it;
    /// none: there is no bubblewrap that works. The practice agent is ours and needs none.
    /// `cache`: what it must be able to read besides.
    async fn env_and_sandbox(
        &self,
        agent: &AgentChoice,
        program: &Path,
        cache: &Path,
    ) -> (EnvMap, Option<Sandbox>) {
        let mut env = self.agent_env(agent).await;
        let bwrap = match agent {
            AgentChoice::Practice => None,
            _ => self.sandbox_program().await,
        };
        let Some(bwrap) = bwrap else { return (env, None) };
        let state = match known_id(agent).map(spec) {
            Some(row) => {
                let state = sandbox::state_paths(row, &env);
                let told = row.env_in_sandbox.iter();
                env.extend(told.map(|(name, value)| ((*name).into(), (*value).into())));
                state
            }
            None => self.unknown_agent_state(agent, program, &mut env),
        };
        let paths = SandboxPaths { writable: state, data_dir: &self.0.data_dir, cache };
        let sandbox = sandbox::build_sandbox(bwrap, &self.0.env, paths);
        (env, Some(sandbox))
    }

    /// What an agent that Regatta doesn't know may write, some of which is made for it.
    fn unknown_agent_state(
        &self,
        agent: &AgentChoice,
        program: &Path,
        env: &mut EnvMap,
    ) -> Vec<PathBuf> {
        let added = match agent {
            AgentChoice::Acp { env, .. } => env.as_slice(),
            _ => &[],
        };
        let (folders, data) = (self.search_folders(None), &self.0.data_dir);
        let other =
            sandbox::UnknownAgent { program, env, added, folders: &folders, data_dir: data };
        let (mut state, private) = (other.writable_paths(), other.make_private_folders());
        state.extend(private.iter().map(|(_, folder)| folder.clone()));
        env.extend(private.into_iter().map(|(name, path)| (name, path.display().to_string())));
        state
    }

    async fn sandbox_program(&self) -> Option<PathBuf> {
        sandbox::find_bwrap(&self.0.bwrap, || self.search_folders(None)).await
    }

    fn resolve_known(&self, id: KnownAgent) -> Result<AgentProgram, UserMessage> {
        let row = spec(id);
        let name = row.adapter.map_or(row.program, |(adapter, _)| adapter);
        let command: Vec<String> =
            std::iter::once(name).chain(row.args.iter().copied()).map(str::to_owned).collect();
        let (program, args) = find::find_command(&command, &self.search_folders(Some(id)))?;
        Ok(match row.can_ask() {
            true => AgentProgram::Acp { program, args },
            false => AgentProgram::Command { program, args },
        })
    }

    fn find_program(&self, name: &str, id: KnownAgent) -> Option<PathBuf> {
        find::find_program(name, &self.search_folders(Some(id)))
    }

    /// Where programs are looked for; what we installed comes last, as the person's own counts.
    fn search_folders(&self, id: Option<KnownAgent>) -> Vec<PathBuf> {
        let mut folders =
            find::search_folders(&self.0.env, &self.0.login_path.cached_path().unwrap_or_default());
        folders.extend(id.map(|id| self.install_dir(id).join("node_modules/.bin")));
        folders
    }

    /// Where we install an agent.
    fn install_dir(&self, id: KnownAgent) -> PathBuf {
        self.0.data_dir.join("agents").join(id.id())
    }
}

/// The agent, if it is one that Regatta knows.
const fn known_id(agent: &AgentChoice) -> Option<KnownAgent> {
    match agent {
        AgentChoice::Known { id } => Some(*id),
        _ => None,
    }
}

/// How Claude Code's adapter is told a number of turns.
fn max_turns_meta(turns: u32) -> String {
    format!(r#"{{"claudeCode":{{"options":{{"maxTurns":{turns}}}}}}}"#)
}

#[cfg(test)]
mod tests {
    use super::find::tests::write_program;
    use super::*;
    use crate::NoCredentials;
    use regatta_protocol::agent::{AgentState, AgentsView};

    fn agents(dir: &Path) -> AgentRegistry {
        let env = [("HOME".to_owned(), dir.join("home").display().to_string())];
        let env: Environment = env.into_iter().collect();
        AgentRegistry::new("/x/regatta".into(), dir.join("data"), env, Arc::new(NoCredentials))
    }

    #[test]
    fn the_practice_agent_is_ours() {
        let dir = tempfile::tempdir().expect("a folder");
        let found = agents(dir.path()).resolve_cached(&AgentChoice::Practice);
        let args = vec!["practice-agent".to_owned()];
        assert_eq!(found, Ok(AgentProgram::Acp { program: "/x/regatta".into(), args }));
    }

    /// As an app is started from a desktop: nothing on the search path.
    #[tokio::test]
    async fn a_known_agent_is_found_without_a_search_path_and_gets_what_it_needs() {
        let dir = tempfile::tempdir().expect("a folder");
        let nvm = dir.path().join("home/.nvm/versions/node/v22.1.0/bin");
        write_program(&nvm, "claude", 0o755);
        let agents = agents(dir.path());
        let choice = AgentChoice::Known { id: KnownAgent::ClaudeCode };
        assert!(agents.resolve(&choice).await.is_err(), "its adapter isn't there");
        write_program(
            &dir.path().join("data/agents/claude-code/node_modules/.bin"),
            "claude-agent-acp",
            0o755,
        );
        let (options, cache) = (AgentOptions::default(), dir.path().join("cache"));
        let wanted = LaunchRequest {
            agent: &choice,
            options: &options,
            prefers_small_model: true,
            turn_limit: Some(7),
            cache: &cache,
        };
        let equipment = agents.launch_spec(&wanted).await.expect("both are there");
        let get =
            |name: &str| equipment.env.iter().find(|v| v.name == name).map(|v| v.value.clone());
        assert_eq!(get("CLAUDE_CODE_EXECUTABLE"), Some(nvm.join("claude").display().to_string()));
        assert!(get("PATH").expect("a path").contains(".nvm"));
        assert_eq!(equipment.options.mode, "default", "it asks, and our policy answers");
        assert!(!equipment.autonomous_mode);
        assert_eq!(equipment.options.model, "haiku");
        assert!(equipment.session_meta.contains(r#""maxTurns":7"#));

        for (mode, decides) in [("plan", false), ("bypassPermissions", true)] {
            let options = AgentOptions { mode: mode.into(), ..AgentOptions::default() };
            let equipment =
                agents.launch_spec(&LaunchRequest { options: &options, ..wanted }).await;
            let equipment = equipment.expect("both are there");
            assert_eq!(
                (equipment.options.mode.as_str(), equipment.autonomous_mode),
                (mode, decides)
            );
        }
    }

    /// The folder is known to nobody but the login shell.
    #[tokio::test]
    async fn an_agent_is_found_where_only_the_login_shell_knows() {
        let dir = tempfile::tempdir().expect("a folder");
        let tools = dir.path().join("tools");
        write_program(&tools, "opencode", 0o755);
        let shell = write_program(dir.path(), "shell", 0o755);
        // It answers once it is let go, and not before the first look.
        let go = dir.path().join("go");
        let text = format!(
            "#!/bin/sh\nuntil [ -e '{}' ]; do sleep 0.05; done\nPATH=$PATH:{}\neval \"$2\"\n",
            go.display(),
            tools.display()
        );
        std::fs::write(&shell, text).expect("a file");
        let env = Environment::default().with_login_shell(Some(shell));
        let agents = AgentRegistry::new(
            "/x/regatta".into(),
            dir.path().into(),
            env,
            Arc::new(NoCredentials),
        );

        let mut changed = agents.subscribe();
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
        let path = &agents.agent_env(&opencode).await["PATH"];
        assert!(path.contains(&tools.display().to_string()), "{path}");
    }
}
