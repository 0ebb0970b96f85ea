//! Opening and closing.

use super::{Engine, EngineInner, now, recovery};
use crate::EngineError;
use crate::agents::{AgentRegistry, Environment};
use crate::batch_tokens::BatchTokens;
use crate::credentials::CredentialProvider;
use crate::dirs::Dirs;
use crate::given_answers::GivenAnswers;
use crate::log::Log;
use crate::places::{PlaceHost, PlaceSpec, Places};
use crate::remote_access::RemoteAccess;
use crate::runner::{CloudDeps, CloudRunner, LocalRunner, Runner};
use crate::scheduler::{AttemptDriver, PersistedQueue, Scheduler, SchedulerCommand};
use crate::store;
use regatta_client::Timing;
use regatta_protocol::UserMessage;
use regatta_protocol::request::MAX_PARALLEL;
use regatta_trace::LogDropped;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How often the disk is looked at.
const DISK_CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// How an engine is opened.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Where everything is kept; made if it isn't there.
    pub data_dir: PathBuf,
    /// The program `regatta`: `worker` and `practice-agent` are its subcommands.
    pub program: PathBuf,
    /// How many tasks may work at the same time, 1 to 64.
    pub limit: u32,
    /// Who knows the keys of endpoints and the tokens of hosts.
    pub credentials: Arc<dyn CredentialProvider>,
    /// What agents may inherit from.
    pub environment: Environment,
    /// Whether tasks go on that were held when the engine before ended. Whoever only looks at
    /// what there is leaves them so.
    pub resumes_paused_tasks: bool,
}

impl EngineOptions {
    /// With this program's own environment for agents.
    #[must_use]
    pub fn new(
        data_dir: PathBuf,
        program: PathBuf,
        limit: u32,
        credentials: Arc<dyn CredentialProvider>,
    ) -> Self {
        let environment = Environment::from_process();
        Self { data_dir, program, limit, credentials, environment, resumes_paused_tasks: true }
    }
}

impl Engine {
    /// Opens the data folder. What worked when the last engine ended becomes interrupted,
    /// and what is in its copies is saved first, so after a crash this takes a moment.
    ///
    /// # Errors
    /// The folder is in use, can't be written, or was written by a newer Regatta.
    pub async fn open(options: EngineOptions) -> Result<Self, EngineError> {
        Opening::new(options).await?.finish(Vec::new()).await
    }

    /// Stops all work on this computer, waits until nothing of it runs, and closes the store.
    /// Nothing can be changed afterwards. What works elsewhere goes on there, and the next
    /// start goes on with it.
    pub async fn close(&self) {
        let close = |scheduler: &Scheduler| {
            let (done, closed) = oneshot::channel();
            scheduler.send(SchedulerCommand::Close { done }).map(|()| closed)
        };
        // All at once: each may take its time.
        let closing: Vec<_> = self.0.places.schedulers().flat_map(close).collect();
        for closed in closing {
            closed.await.log_dropped("closing a place"); // It was being closed already.
        }
        self.0.log.close().await;
    }
}

/// An engine that is being opened: what its parts are made from.
pub(super) struct Opening {
    pub(super) log: Log,
    access: RemoteAccess,
    agents: AgentRegistry,
    limit: u32,
    resumes_paused_tasks: bool,
    notices: Vec<UserMessage>,
}

impl Opening {
    /// Opens the store and the folders.
    pub(super) async fn new(options: EngineOptions) -> Result<Self, EngineError> {
        let dir = std::path::absolute(&options.data_dir)
            .map_err(|error| EngineError::data_read_only(&options.data_dir, &error))?;
        let dirs = Dirs(dir.clone());
        let opened = tokio::task::spawn_blocking(move || store::open::open(&dir, now()));
        let store = opened.await.expect("BUG: opening panicked")?;
        for dir in [dirs.copies(), dirs.scratches()] {
            std::fs::create_dir_all(&dir)
                .map_err(|error| EngineError::data_read_only(&dir, &error))?;
        }
        let EngineOptions { program, credentials, environment, .. } = options;
        let keys = Arc::clone(&credentials);
        Ok(Self {
            log: Log::new(&store),
            agents: AgentRegistry::new(program.clone(), dirs.0.clone(), environment, keys),
            access: RemoteAccess { program, dirs, tokens: BatchTokens::default(), credentials },
            limit: options.limit.clamp(1, MAX_PARALLEL),
            resumes_paused_tasks: options.resumes_paused_tasks,
            notices: store.notice.into_iter().collect(),
        })
    }

    /// What carries the attempts of a place.
    pub(super) fn driver<R: Runner>(&self, runner: R) -> Arc<AttemptDriver<R>> {
        let (log, access) = (self.log.clone(), self.access.clone());
        Arc::new(AttemptDriver { log, runner, access, now })
    }

    pub(super) fn local_runner(&self) -> LocalRunner {
        let RemoteAccess { program, dirs, .. } = &self.access;
        LocalRunner::new(program.clone(), self.agents.clone(), dirs.clone(), now)
    }

    fn cloud_runner(&self) -> CloudRunner {
        let deps = CloudDeps {
            keys: Arc::clone(&self.access.credentials),
            tokens: self.access.tokens.clone(),
            timing: Timing::default(),
        };
        CloudRunner::new(self.log.clone(), deps, now)
    }

    /// Starts the places, and has them go on with what the last engine left. `others`: places
    /// besides this computer and endpoints; their requests are theirs before an endpoint's.
    pub(super) async fn finish(self, others: Vec<PlaceHost>) -> Result<Engine, EngineError> {
        let local = self.driver(self.local_runner());
        let cloud = self.driver(self.cloud_runner());
        let local_spec = PlaceSpec::new("local", |endpoint| endpoint.is_none(), &local.runner);
        let cloud_spec = PlaceSpec::new("cloud", |endpoint| endpoint.is_some(), &cloud.runner);
        let mut hosts = others;
        hosts.push(PlaceHost::start(cloud_spec, cloud, u32::MAX, PersistedQueue::default()));
        let specs: Vec<PlaceSpec> =
            [local_spec].into_iter().chain(hosts.iter().map(|host| host.spec)).collect();
        let leftover = recovery::recover(&local, &self.access.dirs, &specs).await?;
        let suspended =
            if self.resumes_paused_tasks { leftover.suspended } else { PersistedQueue::default() };
        hosts.insert(0, PlaceHost::start(local_spec, local, self.limit, suspended));
        let places = Places(hosts);
        for (place, waiting) in leftover.detached {
            // Nobody waits for it: opening never waits for a network.
            let (reply, _) = oneshot::channel();
            let (tasks, events) = (vec![waiting], Vec::new());
            places.scheduler(&place).send(SchedulerCommand::Add { tasks, events, reply })?;
        }
        for scheduler in places.schedulers() {
            let dir = self.access.dirs.0.clone();
            tokio::spawn(watch_disk_and_time(dir, scheduler.downgrade()));
        }
        let mut published = self.log.published.clone();
        published.wait_for(|known| known.place.limit > 0).await.map_err(|_| EngineError::Closed)?;
        let Self { log, access, agents, notices, .. } = self;
        Ok(Engine(Arc::new(EngineInner {
            log,
            places,
            access,
            agents,
            given_answers: GivenAnswers::default(),
            notices,
        })))
    }
}

/// Tells the queue how much room there is and how late it is, for as long as there is a queue.
async fn watch_disk_and_time(dir: PathBuf, queue: mpsc::WeakUnboundedSender<SchedulerCommand>) {
    let mut ticks = tokio::time::interval(DISK_CHECK_INTERVAL);
    loop {
        ticks.tick().await;
        let Some(queue) = queue.upgrade() else { return };
        if queue.send(SchedulerCommand::Tick(now())).is_err() {
            return;
        }
        let told = regatta_process::free_disk_bytes(&dir)
            .map(|free| queue.send(SchedulerCommand::DiskFree(free)));
        if told.is_some_and(|told| told.is_err()) {
            return;
        }
    }
}
