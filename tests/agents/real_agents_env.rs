//! An engine whose agents are those of the cache, and a model that does as it is told.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use regatta_engine::{Engine, EngineOptions, Environment, NoCredentials};
use regatta_protocol::agent::AgentSelection;
use regatta_protocol::view::AgentPause;
use regatta_protocol::{
    AgentChoice, BatchRequest, KnownAgent, Safety, TaskId, TaskRequest, TaskView,
};
use regatta_tests::{
    ModelServer, TestEnv, agents_environment, is_agent_installed, regatta_program,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// An agent may take long on a busy machine; nothing depends on how long.
const TIMEOUT: Duration = Duration::from_secs(150);

/// A data folder, its engine, and the model.
pub(crate) struct RealAgentsEnv {
    pub(crate) engine: Engine,
    environment: Environment,
    program: PathBuf,
    /// Not below the temporary folder, which is another one inside the sandbox.
    _home: TempDir,
    env: TestEnv,
    model: ModelServer,
}

/// How an agent is asked for.
pub(crate) const fn agent_choice(id: KnownAgent) -> AgentChoice {
    AgentChoice::Known { id }
}

impl RealAgentsEnv {
    /// With these agents; `None` if one of them isn't in the cache, or there are none.
    pub(crate) async fn new(agents: &[KnownAgent]) -> Option<Self> {
        Self::with_program(agents, |_| regatta_program()).await
    }

    /// As [`Harbour::with`], with another program in the place of `regatta`.
    pub(crate) async fn with_program(
        agents: &[KnownAgent],
        program: impl FnOnce(&TestEnv) -> PathBuf,
    ) -> Option<Self> {
        if agents.is_empty() || !agents.iter().all(|id| is_installed(*id)) {
            return None;
        }
        let (env, model) = (TestEnv::new(), ModelServer::start().await);
        let home = TempDir::new_in("/var/tmp").expect("a home folder");
        let environment = environment(home.path(), agents, &model.address());
        let program = program(&env);
        let engine = open_engine(&env, &program, environment.clone()).await;
        Some(Self { engine, environment, program, _home: home, env, model })
    }

    /// Where the model is.
    pub(crate) fn model_url(&self) -> String {
        self.model.address()
    }

    /// The folder of everything.
    pub(crate) fn root(&self) -> &Path {
        self.env.root()
    }

    /// Closes Regatta and starts it again.
    pub(crate) async fn restart(&mut self) {
        self.engine.close().await;
        self.engine = open_engine(&self.env, &self.program, self.environment.clone()).await;
    }

    /// Ends an agent's own processes, as a crash would.
    pub(crate) fn crash_agent(&self) {
        let own = |line: &str| !line.contains("bwrap ") && line.contains("test-agents/");
        let processes = self.env.processes();
        let own: Vec<u32> =
            processes.iter().filter(|(_, line)| own(line)).map(|(id, _)| *id).collect();
        assert!(!own.is_empty(), "its agent runs: {processes:?}");
        for id in own {
            let id = Pid::from_raw(id.try_into().expect("a process id"));
            kill(id, Signal::SIGKILL).ok(); // One may end with another.
        }
    }

    /// Starts one task of an agent.
    pub(crate) async fn start_task(&self, id: KnownAgent, prompt: &str, safety: Safety) -> TaskId {
        let request = BatchRequest {
            agent: agent_choice(id),
            safety,
            ..self.batch_request(Vec::new(), prompt)
        };
        let started = self.engine.start(request).await.expect("it starts");
        started.tasks[0].id.clone()
    }

    /// Starts one row for several agents.
    pub(crate) async fn start_row(&self, agents: Vec<AgentSelection>, prompt: &str) -> Vec<TaskId> {
        let started =
            self.engine.start(self.batch_request(agents, prompt)).await.expect("it starts");
        started.tasks.into_iter().map(|task| task.id).collect()
    }

    fn batch_request(&self, agents: Vec<AgentSelection>, prompt: &str) -> BatchRequest {
        let task = TaskRequest {
            task_name: "Work".into(),
            prompt: prompt.into(),
            agents,
            ..TaskRequest::default()
        };
        BatchRequest {
            project: self.env.project().display().to_string(),
            parallel_tasks: vec![task],
            ..BatchRequest::default()
        }
    }

    /// The task as soon as `done` says yes.
    pub(crate) async fn wait_for(
        &self,
        task: &TaskId,
        done: impl Fn(&TaskView) -> bool,
    ) -> TaskView {
        let wait = async {
            let mut seen = 0;
            loop {
                let view = self.engine.task(task).await.expect("the task");
                if done(&view) {
                    return view;
                }
                seen = self.engine.wait_for_changes(seen).await.revision;
            }
        };
        match tokio::time::timeout(TIMEOUT, wait).await {
            Ok(view) => view,
            Err(_) => panic!("it takes too long: {}", self.describe(task).await),
        }
    }

    pub(crate) async fn wait_until_over(&self, task: &TaskId) -> TaskView {
        self.wait_for(task, |view| view.status.is_over()).await
    }

    /// The hold of an agent, which is published just after its task is paused.
    pub(crate) async fn wait_for_hold(&self) -> AgentPause {
        poll(|| self.engine.place().agent_pauses.into_iter().next()).await
    }

    /// Waits until an agent waits for the model's answer, which never comes.
    pub(crate) async fn wait_until_model_waits(&self) {
        poll(|| self.model.requests().into_iter().find(|asked| asked.ends_with(" Wait"))).await;
    }

    /// What is told of a safety level of an agent.
    pub(crate) async fn safety_text(&self, id: KnownAgent, level: Safety) -> String {
        let view = self.engine.agents(&[]).await;
        let agent = view.agents.into_iter().find(|agent| agent.agent == agent_choice(id));
        let in_force = agent.expect("it is known").effective_safety;
        in_force.into_iter().find(|told| told.level == level).expect("this level").description
    }

    /// Everything about a task, for a message.
    pub(crate) async fn describe(&self, task: &TaskId) -> String {
        let view = self.engine.task(task).await;
        let lines = self.engine.read_lines(task, 0, 200).await.map(|page| page.lines);
        let lines: Vec<String> =
            lines.unwrap_or_default().into_iter().map(|line| line.text).collect();
        format!("{:?}\n{}\n{view:?}", self.model.requests(), lines.join("\n"))
    }
}

/// What `look` finds as soon as it finds something; it looks from outside.
async fn poll<T>(look: impl Fn() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, found).await.expect("it comes")
}

async fn open_engine(env: &TestEnv, program: &Path, environment: Environment) -> Engine {
    let (data_dir, keys, program) = (env.data_dir(), Arc::new(NoCredentials), program.to_owned());
    let options = EngineOptions {
        data_dir,
        program,
        limit: 4,
        credentials: keys,
        environment,
        resumes_paused_tasks: true,
    };
    Engine::open(options).await.expect("it opens")
}

fn environment(home: &Path, agents: &[KnownAgent], model: &str) -> Environment {
    let ids: Vec<&str> = agents.iter().map(|id| id.id()).collect();
    agents_environment(home, &ids, model).into_iter().collect()
}

/// Whether an agent is in the cache. One that isn't is named.
pub(crate) fn is_installed(id: KnownAgent) -> bool {
    let here = is_agent_installed(id.id());
    if !here {
        eprintln!("{} isn't in the cache, so it isn't tested.", id.label());
    }
    here
}
