//! This computer as a place: each attempt is a `regatta worker` of its own.

#![expect(clippy::disallowed_methods, reason = "starts workers")]

mod worker_task;

use super::continuation::Continuation;
use super::worker_output::forward_events;
use super::{
    AttemptId, AttemptState, EventReceiver, Progress, Runner, RunnerEvent, failed_outcome,
};
use crate::EngineError;
use crate::agents::AgentRegistry;
use crate::dirs::Dirs;
use crate::interrupted_work::{self, InterruptedAttempt};
use crate::store::TaskFacts;
use regatta_process::ProcessIdentity;
use regatta_protocol::event::Outcome;
use regatta_protocol::worker::{WorkerControl, WorkerTask};
use regatta_protocol::{Capability, ErrorCode, Event, Millis, Status, UserMessage};
use regatta_trace::LogDropped;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tracing::level_filters::LevelFilter;
use tracing::{Instrument, debug};
pub(crate) use worker_task::WorkerTaskSource;

/// How long a worker gets from "stop" to its end. It needs up to 8 seconds for the agent,
/// and then saves the copy.
const STOP_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a worker gets to end once there is nothing left to tell it.
const EXIT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long output may still come after the worker's end.
const OUTPUT_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of what a worker said on its standard error is kept for the details.
const STDERR_TAIL_BYTES: u64 = 4_000;
/// The file in an attempt's scratch folder that says which process works on it.
const IDENTITY_FILE: &str = "worker.json";
/// The file there with what the worker said on its standard error.
const STDERR_FILE: &str = "worker.err";

/// What can be done on this computer.
const CAPABILITIES: [Capability; 9] = [
    Capability::LocalFolder,
    Capability::LocalCopies,
    Capability::Agents,
    Capability::Queue,
    Capability::Diff,
    Capability::Publish,
    Capability::Continue,
    Capability::Message,
    Capability::AllowForBatch,
];

/// Runs attempts on this computer.
#[derive(Debug)]
pub(crate) struct LocalRunner {
    /// Our own program, which is the worker and the practice agent.
    program: PathBuf,
    agents: AgentRegistry,
    dirs: Dirs,
    now: fn() -> Millis,
    workers: Mutex<HashMap<AttemptId, WorkerProcess>>,
}

#[derive(Debug)]
struct WorkerProcess {
    events: Option<EventReceiver>,
    /// Dropping it closes the worker's standard input.
    controls: mpsc::UnboundedSender<WorkerControl>,
    /// How the process ended, once it did.
    ended: watch::Receiver<Option<String>>,
    identity: Option<ProcessIdentity>,
}

impl LocalRunner {
    /// Workers are `program worker`; each has a copy and a scratch folder of its own.
    pub(crate) fn new(
        program: PathBuf,
        agents: AgentRegistry,
        dirs: Dirs,
        now: fn() -> Millis,
    ) -> Self {
        Self { program, agents, dirs, now, workers: Mutex::default() }
    }

    fn workers(&self) -> MutexGuard<'_, HashMap<AttemptId, WorkerProcess>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn identity_file(&self, id: &AttemptId) -> PathBuf {
        self.dirs.scratch(id).join(IDENTITY_FILE)
    }

    fn spawn_worker(&self, id: &AttemptId, task: &WorkerTask) -> std::io::Result<WorkerProcess> {
        let folder = self.dirs.scratch(id);
        fs::create_dir_all(&folder)?;
        let mut line = serde_json::to_vec(task)?;
        line.push(b'\n');
        let mut child = Command::new(&self.program)
            .args(["worker", "--trace", &LevelFilter::current().to_string()])
            .env("PATH", self.agents.search_path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join(STDERR_FILE))?)
            .spawn()?;
        let stdin = child.stdin.take().expect("BUG: it is piped");
        let stdout = child.stdout.take().expect("BUG: it is piped");
        // The worker does nothing before it has its task: it is on record before it acts.
        debug!(pid = child.id(), "started a worker");
        let mark = child.id().and_then(ProcessIdentity::for_pid);
        if let Some(mark) = &mark {
            mark.save(&folder.join(IDENTITY_FILE))?;
        }
        let (to, events) = mpsc::channel(1);
        let (controls, told) = mpsc::unbounded_channel();
        let (ended_tx, ended) = watch::channel(None);
        let (stop_tx, stop) = watch::channel(false);
        let lines = BufReader::with_capacity(64 * 1024, stdout);
        tokio::spawn(forward_output(lines, to, self.now, ended.clone()).in_current_span());
        tokio::spawn(write_controls(stdin, line, told, stop_tx).in_current_span());
        let supervision = Supervision { stop, identity: mark.clone(), ended: ended_tx, folder };
        let supervised = supervision.wait_for_exit(child);
        tokio::spawn(supervised.in_current_span());
        Ok(WorkerProcess { events: Some(events), controls, ended, identity: mark })
    }
}

impl Runner for LocalRunner {
    type Task = WorkerTask;

    fn capabilities(&self) -> &'static [Capability] {
        &CAPABILITIES
    }

    async fn prepare(
        &self,
        id: &AttemptId,
        facts: TaskFacts,
        continuation: Option<Continuation>,
    ) -> Result<WorkerTask, EngineError> {
        let source = WorkerTaskSource { dirs: &self.dirs, agents: &self.agents };
        source.build(id, facts, continuation).await
    }

    async fn submit(&self, id: &AttemptId, task: &WorkerTask) -> Result<(), UserMessage> {
        if self.workers().contains_key(id) {
            return Ok(());
        }
        let worker =
            self.spawn_worker(id, task).map_err(|error| spawn_failed(&self.program, &error))?;
        self.workers().insert(id.clone(), worker);
        Ok(())
    }

    async fn events(&self, id: &AttemptId) -> Result<EventReceiver, UserMessage> {
        let events = self.workers().get_mut(id).and_then(|worker| worker.events.take());
        events.ok_or_else(|| super::events_unavailable(id))
    }

    async fn status(&self, id: &AttemptId) -> AttemptState {
        match self.workers().get(id) {
            None => AttemptState::Unknown,
            Some(worker) => match &*worker.ended.borrow() {
                None => AttemptState::Working,
                Some(how) => AttemptState::Ended(how.clone()),
            },
        }
    }

    async fn send(&self, id: &AttemptId, control: WorkerControl) {
        if let Some(worker) = self.workers().get(id) {
            // An attempt that ended hears nothing.
            worker.controls.send(control).log_dropped("telling a worker");
        }
    }

    async fn list(&self) -> Vec<AttemptId> {
        let entries = fs::read_dir(self.dirs.scratches()).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| AttemptId::parse(entry.file_name().to_str()?))
            .filter(|id| self.identity_file(id).exists())
            .collect()
    }

    async fn finalise(
        &self,
        id: &AttemptId,
        task: &WorkerTask,
        progress: &Progress,
    ) -> Option<(Vec<Event>, Outcome)> {
        let ended_by = match self.status(id).await {
            AttemptState::Ended(how) => how,
            AttemptState::Working | AttemptState::Unknown => String::new(),
        };
        // Nothing may write into the copy any more while it is saved.
        self.release(id).await;
        Some(recover_crashed(ended_by, task, progress).await)
    }

    async fn release(&self, id: &AttemptId) {
        let worker = self.workers().remove(id);
        let mark = match worker {
            Some(worker) => worker.wait_for_exit().await,
            None => ProcessIdentity::load(&self.identity_file(id)),
        };
        if let Some(mark) = mark {
            mark.wait_for_exit().await;
        }
        // There is none where there was no mark.
        fs::remove_file(self.identity_file(id)).log_dropped("forgetting a worker");
    }

    /// What works here ends with us.
    async fn detach(&self) {}
}

/// The end of an attempt whose worker ended without a word. What is in its copy is saved.
pub(crate) async fn recover_crashed(
    ended_by: String,
    task: &WorkerTask,
    progress: &Progress,
) -> (Vec<Event>, Outcome) {
    let rescued = interrupted_work::save_interrupted_work(&InterruptedAttempt::from_worker_task(
        task,
        progress.save_points,
    ))
    .await;
    let notice = UserMessage::new(
        ErrorCode::WorkerDied,
        "The program that worked on this task ended unexpectedly.",
        rescued.impact,
        rescued.hint,
    );
    let details = [Some(ended_by.clone()), rescued.problem];
    let details: Vec<String> = details.into_iter().flatten().collect();
    let notice = notice.with_details(details.join("\n"));
    let ended = match progress.stop_requested {
        true => Outcome::without_work(Status::Stopped),
        false => failed_outcome(notice),
    };
    let (commit, totals) = (rescued.commit, rescued.totals);
    (rescued.events, Outcome { exit_status: ended_by, commit, totals, ..ended })
}

impl WorkerProcess {
    /// Waits for the process, which is killed when it takes too long.
    async fn wait_for_exit(mut self) -> Option<ProcessIdentity> {
        drop(self.controls); // Its standard input ends.
        drop(self.events);
        let done = self.ended.wait_for(Option::is_some);
        if timeout(EXIT_TIMEOUT, done).await.is_err()
            && let Some(mark) = &self.identity
        {
            mark.kill_all();
        }
        self.identity
    }
}

/// Hands on what the worker prints. The events end when the worker has ended, so that
/// there is no moment at which nothing more comes and nobody knows why.
async fn forward_output(
    lines: BufReader<ChildStdout>,
    to: mpsc::Sender<RunnerEvent>,
    now: fn() -> Millis,
    mut ended: watch::Receiver<Option<String>>,
) {
    let mut also_ended = ended.clone();
    // Something that the worker left behind may hold its output open: that isn't waited for.
    let overdue = async {
        also_ended.wait_for(Option::is_some).await.log_dropped("waiting for a worker's end");
        sleep(OUTPUT_TIMEOUT).await;
    };
    tokio::select! {
        () = forward_events(lines, to.clone(), now) => {}
        () = overdue => {}
    }
    // An error says that nobody watches any more.
    ended.wait_for(Option::is_some).await.log_dropped("waiting for a worker's end");
    drop(to);
}

/// Writes the task and then what the worker is told. Its standard input ends with this.
async fn write_controls(
    mut stdin: ChildStdin,
    task: Vec<u8>,
    mut told: mpsc::UnboundedReceiver<WorkerControl>,
    stop: watch::Sender<bool>,
) {
    let mut line = task;
    // A worker that doesn't read any more has ended, and that is seen elsewhere.
    while stdin.write_all(&line).await.is_ok() && stdin.flush().await.is_ok() {
        let Some(control) = told.recv().await else { return };
        if control == WorkerControl::Stop {
            stop.send_replace(true);
        }
        line = serde_json::to_vec(&control).expect("BUG: a control is always JSON");
        line.push(b'\n');
    }
}

/// What is known and told of a worker's end.
struct Supervision {
    /// Whether it was told to stop.
    stop: watch::Receiver<bool>,
    /// `None` if it could not be found out.
    identity: Option<ProcessIdentity>,
    /// Hears how it ended.
    ended: watch::Sender<Option<String>>,
    /// Its scratch folder.
    folder: PathBuf,
}

impl Supervision {
    /// Waits for the worker's end, and sees to it that it comes once it was told to stop.
    async fn wait_for_exit(mut self, mut child: Child) {
        let overdue = async {
            if self.stop.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await; // It can't be told any more: no limit here.
            }
            sleep(STOP_TIMEOUT).await;
        };
        let status = tokio::select! {
            status = child.wait() => status,
            () = overdue => {
                // It had its time: killed with everything it started.
                if let Some(identity) = &self.identity {
                    identity.kill_all();
                }
                child.start_kill().log_dropped("killing a worker"); // It may just have ended.
                child.wait().await
            }
        };
        if let Some(identity) = &self.identity {
            identity.kill_all(); // A worker that was killed could not clean up behind itself.
        }
        self.ended.send_replace(Some(describe_exit(&status, &self.folder.join(STDERR_FILE))));
    }
}

fn describe_exit(status: &std::io::Result<ExitStatus>, said: &Path) -> String {
    let status = status.as_ref().map_or_else(ToString::to_string, ToString::to_string);
    match read_tail(said) {
        Ok(words) if !words.trim().is_empty() => format!("{status}\n{}", words.trim()),
        _ => status,
    }
}

/// The end of a file.
fn read_tail(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(STDERR_TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(STDERR_TAIL_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn spawn_failed(program: &Path, error: &std::io::Error) -> UserMessage {
    UserMessage::new(
        ErrorCode::WorkerDied,
        "The program that works on a task could not be started.",
        "Nothing was changed.",
        "Try again; if this stays, install Regatta again.",
    )
    .with_details(format!("{} worker: {error}", program.display()))
}

#[cfg(test)]
mod tests;
