//! An engine whose agents are those of the cache, and a model that does as it is told.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use regatta_engine::{Engine, EngineOptions, Environment, NoKeys};
use regatta_protocol::agent::AgentPick;
use regatta_protocol::view::AgentHold;
use regatta_protocol::{
    AgentChoice, BatchRequest, KnownAgent, Safety, TaskId, TaskRequest, TaskView,
};
use regatta_tests::{MODEL_KEY, ModelServer, Yard, program};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// The packages that are installed for the tests: agent, then `package@version` each.
const VERSIONS: &str = include_str!("versions");
/// An agent may take long on a busy machine; nothing depends on how long.
const LONG: Duration = Duration::from_secs(150);

/// A data folder, its engine, and the model.
pub(crate) struct Harbour {
    pub(crate) engine: Engine,
    environment: Environment,
    program: PathBuf,
    /// Not below the temporary folder, which is another one inside the sandbox.
    _home: TempDir,
    yard: Yard,
    model: ModelServer,
}

/// The folder of an agent's programs.
fn programs(id: KnownAgent) -> Option<PathBuf> {
    Some(cached(id)?.join("node_modules/.bin"))
}

fn cached(id: KnownAgent) -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(std::env::home_dir()?.join(".cache")))?;
    Some(cache.join("regatta/test-agents").join(id.id()))
}

/// Whether an agent is in the cache, whole and in the wanted version. One that isn't is named.
pub(crate) fn is_here(id: KnownAgent) -> bool {
    let mut lines = VERSIONS.lines();
    let line = lines.find(|line| line.starts_with(&format!("{} ", id.id())));
    let wanted = line.expect("its versions");
    // Written by `cargo xtask test --agents` when npm was done.
    let mark = cached(id).map(|folder| folder.join("installed"));
    let here = mark
        .and_then(|mark| std::fs::read(mark).ok())
        .is_some_and(|kept| kept == wanted.as_bytes());
    if !here {
        eprintln!("{} isn't in the cache, so it isn't tested.", id.label());
    }
    here
}

/// How an agent is asked for.
pub(crate) const fn choice(id: KnownAgent) -> AgentChoice {
    AgentChoice::Known { id }
}

impl Harbour {
    /// With these agents; none: one of them isn't in the cache, or there are none.
    pub(crate) async fn with(agents: &[KnownAgent]) -> Option<Self> {
        Self::through(agents, |_| program()).await
    }

    /// As [`Harbour::with`], with another program in the place of `regatta`.
    pub(crate) async fn through(
        agents: &[KnownAgent],
        program: impl FnOnce(&Yard) -> PathBuf,
    ) -> Option<Self> {
        if agents.is_empty() || !agents.iter().all(|id| is_here(*id)) {
            return None;
        }
        let (yard, model) = (Yard::new(), ModelServer::start().await);
        let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a home folder");
        let environment = environment(home.path(), agents, &model.address());
        let program = program(&yard);
        let engine = open(&yard, &program, environment.clone()).await;
        Some(Self { engine, environment, program, _home: home, yard, model })
    }

    /// Where the model is.
    pub(crate) fn model(&self) -> String {
        self.model.address()
    }

    /// The folder of everything.
    pub(crate) fn root(&self) -> &Path {
        self.yard.root()
    }

    /// Closes Regatta and starts it again.
    pub(crate) async fn restart(&mut self) {
        self.engine.close().await;
        self.engine = open(&self.yard, &self.program, self.environment.clone()).await;
    }

    /// Ends an agent's own processes, as a crash would.
    pub(crate) fn crash(&self) {
        let own = |line: &str| !line.contains("bwrap ") && line.contains("test-agents/");
        let processes = self.yard.processes();
        let own: Vec<u32> =
            processes.iter().filter(|(_, line)| own(line)).map(|(id, _)| *id).collect();
        assert!(!own.is_empty(), "its agent runs: {processes:?}");
        for id in own {
            let id = Pid::from_raw(id.try_into().expect("a process id"));
            kill(id, Signal::SIGKILL).ok(); // One may end with another.
        }
    }

    /// Starts one task of an agent.
    pub(crate) async fn start(&self, id: KnownAgent, prompt: &str, safety: Safety) -> TaskId {
        let request =
            BatchRequest { agent: choice(id), safety, ..self.request(Vec::new(), prompt) };
        let started = self.engine.start(request).await.expect("it starts");
        started.tasks[0].id.clone()
    }

    /// Starts one row for several agents.
    pub(crate) async fn start_all(&self, agents: Vec<AgentPick>, prompt: &str) -> Vec<TaskId> {
        let started = self.engine.start(self.request(agents, prompt)).await.expect("it starts");
        started.tasks.into_iter().map(|task| task.id).collect()
    }

    fn request(&self, agents: Vec<AgentPick>, prompt: &str) -> BatchRequest {
        let task = TaskRequest {
            task_name: "Work".into(),
            prompt: prompt.into(),
            agents,
            ..TaskRequest::default()
        };
        BatchRequest {
            repo_url: self.yard.project().display().to_string(),
            parallel_tasks: vec![task],
            ..BatchRequest::default()
        }
    }

    /// The task as soon as `done` says yes.
    pub(crate) async fn until(&self, task: &TaskId, done: impl Fn(&TaskView) -> bool) -> TaskView {
        let wait = async {
            let mut seen = 0;
            loop {
                let view = self.engine.task(task).await.expect("the task");
                if done(&view) {
                    return view;
                }
                seen = self.engine.changed(seen).await.revision;
            }
        };
        match tokio::time::timeout(LONG, wait).await {
            Ok(view) => view,
            Err(_) => panic!("it takes too long: {}", self.told(task).await),
        }
    }

    pub(crate) async fn over(&self, task: &TaskId) -> TaskView {
        self.until(task, |view| view.status.is_over()).await
    }

    /// The hold of an agent, which is published just after its task is paused.
    pub(crate) async fn until_held(&self) -> AgentHold {
        let held = async {
            loop {
                if let Some(hold) = self.engine.place().holds.into_iter().next() {
                    return hold;
                }
                tokio::time::sleep(Duration::from_millis(20)).await; // Looks from outside.
            }
        };
        tokio::time::timeout(LONG, held).await.expect("the agent is held")
    }

    /// Waits until an agent waits for the model's answer, which never comes.
    pub(crate) async fn until_it_waits(&self) {
        let waits = || self.model.asked().iter().any(|asked| asked.ends_with(" Wait"));
        let waiting = async {
            while !waits() {
                tokio::time::sleep(Duration::from_millis(20)).await; // Looks from outside.
            }
        };
        tokio::time::timeout(LONG, waiting).await.expect("the model is asked");
    }

    /// Everything about a task, for a message.
    pub(crate) async fn told(&self, task: &TaskId) -> String {
        let view = self.engine.task(task).await;
        let lines = self.engine.read_lines(task, 0, 200).await.map(|page| page.lines);
        let lines: Vec<String> =
            lines.unwrap_or_default().into_iter().map(|line| line.text).collect();
        format!("{:?}\n{}\n{view:?}", self.model.asked(), lines.join("\n"))
    }
}

async fn open(yard: &Yard, program: &Path, environment: Environment) -> Engine {
    let (data_dir, keys, program) = (yard.data(), Arc::new(NoKeys), program.to_owned());
    let options = EngineOptions { data_dir, program, limit: 4, keys, environment, goes_on: true };
    Engine::open(options).await.expect("it opens")
}

fn environment(home: &Path, agents: &[KnownAgent], model: &str) -> Environment {
    std::fs::create_dir_all(home.join(".gemini")).expect("a home folder");
    let own = agents.iter().filter_map(|id| programs(*id));
    let system = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(own.chain(std::env::split_paths(&system)));
    let path = path.expect("a search path").into_string().expect("text");
    let mut env = vec![("HOME", home.display().to_string()), ("PATH", path)];
    env.extend(claude(model));
    env.extend(codex(home, model));
    env.extend(gemini(home, model));
    env.push(("OPENCODE_CONFIG_CONTENT", opencode(home, model)));
    env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn claude(model: &str) -> [(&'static str, String); 3] {
    let retries = ("CLAUDE_CODE_MAX_RETRIES", "1".to_owned());
    let key = ("ANTHROPIC_API_KEY", MODEL_KEY.to_owned());
    [("ANTHROPIC_BASE_URL", model.to_owned()), key, retries]
}

fn codex(home: &Path, model: &str) -> [(&'static str, String); 2] {
    let folder = home.join(".codex");
    std::fs::create_dir_all(&folder).expect("its folder");
    let settings = format!(
        "model = \"scripted\"\nmodel_provider = \"m\"\ncheck_for_update_on_startup = false\n\
         [analytics]\nenabled = false\n[features]\nplugins = false\n[model_providers.m]\nname = \"m\"\n\
         base_url = \"{model}/v1\"\nenv_key = \"OPENAI_API_KEY\"\nwire_api = \"responses\"\n\
         request_max_retries = 1\nstream_max_retries = 1\n"
    );
    std::fs::write(folder.join("config.toml"), settings).expect("its settings");
    [("CODEX_HOME", folder.display().to_string()), ("OPENAI_API_KEY", MODEL_KEY.to_owned())]
}

fn gemini(home: &Path, model: &str) -> [(&'static str, String); 3] {
    let settings = json!({ "general": { "disableAutoUpdate": true },
        "privacy": { "usageStatisticsEnabled": false },
        "telemetry": { "enabled": false },
        "security": { "auth": { "selectedType": "gemini-api-key" } } });
    std::fs::write(home.join(".gemini/settings.json"), settings.to_string()).expect("its settings");
    // Without a named model it asks another one first which to take.
    let named = ("GEMINI_MODEL", "gemini-2.5-pro".to_owned());
    [("GEMINI_API_KEY", MODEL_KEY.to_owned()), ("GOOGLE_GEMINI_BASE_URL", model.to_owned()), named]
}

/// As on a computer where it was used before: the first time it installs a package of its own
/// from npm into the folder of its settings.
fn opencode(home: &Path, model: &str) -> String {
    let folder = home.join(".config/opencode");
    std::fs::create_dir_all(folder.join("node_modules")).expect("its folder");
    let needs = json!({ "dependencies": { "@opencode-ai/plugin": "*" } });
    let lock = json!({ "packages": { "": needs } });
    for (name, content) in [("package.json", needs), ("package-lock.json", lock)] {
        std::fs::write(folder.join(name), content.to_string()).expect("its files");
    }
    let config = json!({ "model": "m/scripted", "small_model": "m/scripted", "provider": { "m": {
        "npm": "@ai-sdk/openai-compatible", "name": "m",
        "options": { "baseURL": format!("{model}/v1"), "apiKey": MODEL_KEY },
        "models": { "scripted": { "name": "scripted", "tool_call": true } },
    } } });
    config.to_string()
}
