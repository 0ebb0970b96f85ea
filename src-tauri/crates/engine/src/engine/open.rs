//! Opening and closing, and what to do about work that the last end cut off.

use super::continuation::{self, RecoveryState};
use super::{Engine, EngineInner, now};
use crate::EngineError;
use crate::agents::{AgentRegistry, Environment};
use crate::batch_tokens::BatchTokens;
use crate::credentials::CredentialProvider;
use crate::dirs::Dirs;
use crate::disk;
use crate::interrupted_work::{self, InterruptedAttempt};
use crate::log::Log;
use crate::remote_access::RemoteAccess;
use crate::runner::{AttemptId, CloudDeps, CloudRunner, LocalRunner, Runner, open_question_hint};
use crate::scheduler::{
    AttemptDriver, PersistedQueue, QueuedAttempt, Scheduler, SchedulerCommand, terminal_entries,
};
use crate::store::{self, read};
use regatta_client::Timing;
use regatta_protocol::event::Outcome;
use regatta_protocol::request::MAX_PARALLEL;
use regatta_protocol::{ErrorCode, Event, Status, TaskView, UserMessage};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;

/// How often the disk is looked at.
const DISK_CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// How many copies are rescued at the same time.
const MAX_CONCURRENT_RECOVERIES: usize = 4;

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
        let dir = std::path::absolute(&options.data_dir)
            .map_err(|error| EngineError::data_read_only(&options.data_dir, &error))?;
        let dirs = Dirs(dir.clone());
        let opened = tokio::task::spawn_blocking(move || store::open::open(&dir, now()));
        let store = opened.await.expect("BUG: opening panicked")?;
        for dir in [dirs.copies(), dirs.scratches()] {
            std::fs::create_dir_all(&dir)
                .map_err(|error| EngineError::data_read_only(&dir, &error))?;
        }
        let log = Log::new(&store);
        let EngineOptions {
            program,
            credentials: keys,
            limit,
            environment,
            resumes_paused_tasks: goes_on,
            ..
        } = options;
        let tokens = BatchTokens::default();
        let access = RemoteAccess {
            program: program.clone(),
            dirs: dirs.clone(),
            tokens: tokens.clone(),
            credentials: Arc::clone(&keys),
        };
        let ground = (program.clone(), dirs.0.clone());
        let agents = AgentRegistry::new(ground, environment, Arc::clone(&keys));
        let carrier = Arc::new(AttemptDriver {
            log: log.clone(),
            runner: LocalRunner::new((program.clone(), agents.clone()), dirs.clone(), now),
            access: access.clone(),
            now,
        });
        let left = recover(&carrier, &dirs).await?;
        let held = if goes_on { left.suspended } else { PersistedQueue::default() };
        let queue = Scheduler::start(carrier, limit.clamp(1, MAX_PARALLEL), held);
        let means = CloudDeps {
            keys: Arc::clone(&keys),
            tokens: tokens.clone(),
            timing: Timing::default(),
        };
        let runner = CloudRunner::new(log.clone(), means, now);
        let cloud = Arc::new(AttemptDriver { log: log.clone(), runner, access, now });
        let cloud = Scheduler::start(cloud, u32::MAX, PersistedQueue::default());
        // Nobody waits for it: opening never waits for a network.
        let (reply, _) = oneshot::channel();
        cloud.send(SchedulerCommand::Add { tasks: left.at_endpoint, events: Vec::new(), reply })?;
        for queue in [&queue, &cloud] {
            tokio::spawn(watch_disk_and_time(dirs.0.clone(), queue.downgrade()));
        }
        let mut published = log.published.clone();
        published.wait_for(|known| known.place.limit > 0).await.map_err(|_| EngineError::Closed)?;
        let notices = store.notice.into_iter().collect();
        Ok(Self(Arc::new(EngineInner {
            log,
            local_scheduler: queue,
            cloud_scheduler: cloud,
            dirs,
            program,
            agents,
            credentials: keys,
            tokens,
            notices,
        })))
    }

    /// Stops all work on this computer, waits until nothing of it runs, and closes the store.
    /// Nothing can be changed afterwards. What works elsewhere goes on there, and the next
    /// start goes on with it.
    pub async fn close(&self) {
        let close = |queue: &Scheduler| {
            let (done, closed) = oneshot::channel();
            queue.send(SchedulerCommand::Close { done }).map(|()| closed)
        };
        for closed in
            [close(&self.0.local_scheduler), close(&self.0.cloud_scheduler)].into_iter().flatten()
        {
            closed.await.ok(); // It was being closed already.
        }
        self.0.log.close().await;
    }
}

/// What an engine before left to go on with.
struct LeftoverWork {
    /// It goes on at an endpoint.
    at_endpoint: Vec<QueuedAttempt>,
    /// It is held here.
    suspended: PersistedQueue,
}

/// Ends what an engine before left running, and gives every task that it left open an end, but
/// for those that are given back.
async fn recover(
    carrier: &Arc<AttemptDriver<LocalRunner>>,
    dirs: &Dirs,
) -> Result<LeftoverWork, EngineError> {
    let mut leftovers = JoinSet::new();
    for id in carrier.runner.list().await {
        let carrier = Arc::clone(carrier);
        leftovers.spawn(async move { carrier.runner.release(&id).await });
    }
    leftovers.join_all().await;

    let room = Arc::new(Semaphore::new(MAX_CONCURRENT_RECOVERIES));
    let mut open = JoinSet::new();
    let mut elsewhere = Vec::new();
    let tasks = carrier.log.readers.with(read::open_tasks).await?;
    let held = read_suspended(&carrier.log, dirs, &tasks).await?;
    for task in tasks {
        match continuation::find_recovery_state(&carrier.log, &task).await? {
            RecoveryState::Local if held.tasks.iter().any(|waiting| waiting.task == task.id) => {
                continue;
            }
            RecoveryState::Local => {}
            RecoveryState::ContinuesAtEndpoint(waiting) => {
                elsewhere.push(waiting);
                continue;
            }
            RecoveryState::Ended(outcome) => {
                let entries = terminal_entries(&task.id, task.attempt, now(), outcome);
                let written = carrier.log.append(entries.into()).await?;
                carrier.log.wait_committed_or_error(written).await;
                continue;
            }
        }
        let (log, dirs, room) = (carrier.log.clone(), dirs.clone(), Arc::clone(&room));
        open.spawn(async move {
            let _permit = room.acquire().await.expect("BUG: never closed");
            mark_interrupted(&log, &dirs, &task).await
        });
    }
    open.join_all().await.into_iter().collect::<Result<(), _>>()?;
    Ok(LeftoverWork { at_endpoint: elsewhere, suspended: held })
}

/// What was held, as far as it still is: of `tasks`, those whose attempt hadn't begun.
async fn read_suspended(
    log: &Log,
    dirs: &Dirs,
    tasks: &[TaskView],
) -> Result<PersistedQueue, EngineError> {
    let body = log.readers.with(read::persisted_queue).await?;
    // What can't be read is as nothing: then its tasks are interrupted.
    let mut kept: PersistedQueue = serde_json::from_str(&body).unwrap_or_default();
    kept.tasks.retain(|waiting| {
        let id = AttemptId { task: waiting.task.clone(), number: waiting.attempt };
        let waits = |task: &&TaskView| {
            task.attempt == id.number && matches!(task.status, Status::Waiting | Status::Paused)
        };
        let task = tasks.iter().find(|task| task.id == id.task).filter(waits);
        task.is_some() && !dirs.scratch(&id).is_dir()
    });
    Ok(kept)
}

async fn mark_interrupted(log: &Log, dirs: &Dirs, task: &TaskView) -> Result<(), EngineError> {
    let (id, now) = (AttemptId { task: task.id.clone(), number: task.attempt }, now());
    let mut entries = Vec::new();
    // Killed at the wrong instant, a task may have worked without a word of it on disk: the
    // copy tells.
    let began = dirs.copy(&id).is_dir() || dirs.scratch(&id).is_dir();
    let outcome = if matches!(task.status, Status::Waiting | Status::Paused) && !began {
        let notice = match task.can_continue {
            false => not_started_notice("It had not changed anything.", "Try again."),
            true => not_started_notice(
                "What it had changed before is kept as a save point.",
                "Continue from the last save point, or try again.",
            ),
        };
        Outcome { notice: Some(notice), ..Outcome::without_work(Status::Interrupted) }
    } else {
        let (events, outcome) = interrupted_outcome((log, dirs), &id, task).await?;
        entries.extend(events.into_iter().map(|event| store::Entry {
            task: id.task.clone(),
            attempt: id.number,
            at: now,
            event,
        }));
        outcome
    };
    entries.extend(terminal_entries(&id.task, id.number, now, outcome));
    let written = log.append(entries).await?;
    log.wait_committed_or_error(written).await;
    Ok(())
}

fn not_started_notice(safe: &str, next: &str) -> UserMessage {
    let what = "Regatta ended before this task started.";
    UserMessage::new(ErrorCode::Interrupted, what, safe, next)
}

async fn interrupted_outcome(
    (log, dirs): (&Log, &Dirs),
    id: &AttemptId,
    task: &TaskView,
) -> Result<(Vec<Event>, Outcome), EngineError> {
    let wanted = id.task.clone();
    let facts = log.readers.with(move |conn| read::facts(conn, &wanted)).await?;
    let rescued = interrupted_work::save_interrupted_work(&InterruptedAttempt {
        task_name: &facts.task_request.task_name,
        cache: &dirs.cache(&facts.start.cache),
        copy: &dirs.copy(&AttemptId { task: id.task.clone(), number: facts.copy_attempt }),
        scratch: &dirs.scratch(id),
        start_commit: &facts.start.commit,
        ref_prefix: &interrupted_work::ref_prefix(id),
        author: &facts.start.author,
        save_points: task.save_points,
    })
    .await;
    let notice = UserMessage::new(
        ErrorCode::Interrupted,
        "Regatta ended while this task worked.",
        rescued.impact,
        rescued.hint,
    );
    let notice = match task.questions.is_empty() {
        true => notice,
        false => {
            let next = open_question_hint(task.session.as_ref()).to_owned();
            UserMessage { hint: next, ..notice }
        }
    };
    let notice = match rescued.problem {
        Some(problem) => notice.with_details(problem),
        None => notice,
    };
    let outcome = Outcome {
        notice: Some(notice),
        commit: rescued.commit,
        totals: rescued.totals,
        ..Outcome::without_work(Status::Interrupted)
    };
    Ok((rescued.events, outcome))
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
        let told = disk::free_bytes(&dir).map(|free| queue.send(SchedulerCommand::DiskFree(free)));
        if told.is_some_and(|told| told.is_err()) {
            return;
        }
    }
}
