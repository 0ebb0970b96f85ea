//! This computer as a place: each attempt is a `regatta worker` of its own.

use super::go_on::{self, GoOn};
use super::leftover::Mark;
use super::lines::pump;
use super::{AttemptId, AttemptState, Events, Happened, Progress, Runner};
use crate::EngineError;
use crate::agents::{Agents, Wanted};
use crate::dirs::Dirs;
use crate::queue::failed;
use crate::rescue::{self, Cut};
use crate::store::TaskFacts;
use regatta_protocol::event::Outcome;
use regatta_protocol::worker::{WorkerControl, WorkerTask};
use regatta_protocol::{ErrorCode, Event, Millis, Notice, Status};
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

/// How long a worker gets from "stop" to its end. It needs up to 8 seconds for the agent,
/// and then saves the copy.
const STOP_LIMIT: Duration = Duration::from_secs(60);
/// How long a worker gets to end once there is nothing left to tell it.
const END_LIMIT: Duration = Duration::from_secs(15);
/// How long output may still come after the worker's end.
const REST_LIMIT: Duration = Duration::from_secs(5);
/// How much of what a worker said on its standard error is kept for the details.
const SAID_BYTES: u64 = 4_000;
/// The file in an attempt's scratch folder that says which process works on it.
const MARK: &str = "worker.json";
/// The file there with what the worker said on its standard error.
const SAID: &str = "worker.err";

/// Runs attempts on this computer.
#[derive(Debug)]
pub(crate) struct Local {
    /// Our own program, which is the worker and the practice agent.
    program: PathBuf,
    agents: Agents,
    dirs: Dirs,
    now: fn() -> Millis,
    workers: Mutex<HashMap<AttemptId, Worker>>,
}

#[derive(Debug)]
struct Worker {
    events: Option<Events>,
    /// Dropping it closes the worker's standard input.
    controls: mpsc::UnboundedSender<WorkerControl>,
    /// How the process ended, once it did.
    ended: watch::Receiver<Option<String>>,
    mark: Option<Mark>,
}

impl Local {
    /// Workers are `program worker`; each has a copy and a scratch folder of its own.
    pub(crate) fn new(
        (program, agents): (PathBuf, Agents),
        dirs: Dirs,
        now: fn() -> Millis,
    ) -> Self {
        Self { program, agents, dirs, now, workers: Mutex::default() }
    }

    fn workers(&self) -> MutexGuard<'_, HashMap<AttemptId, Worker>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mark_file(&self, id: &AttemptId) -> PathBuf {
        self.dirs.scratch(id).join(MARK)
    }

    fn start(&self, id: &AttemptId, task: &WorkerTask) -> std::io::Result<Worker> {
        let folder = self.dirs.scratch(id);
        fs::create_dir_all(&folder)?;
        let mut line = serde_json::to_vec(task)?;
        line.push(b'\n');
        let mut child = Command::new(&self.program)
            .arg("worker")
            .env("PATH", self.agents.search_path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join(SAID))?)
            .spawn()?;
        let stdin = child.stdin.take().expect("BUG: it is piped");
        let stdout = child.stdout.take().expect("BUG: it is piped");
        // The worker does nothing before it has its task: it is on record before it acts.
        let mark = child.id().and_then(Mark::of);
        if let Some(mark) = &mark {
            mark.save(&folder.join(MARK))?;
        }
        let (to, events) = mpsc::channel(1);
        let (controls, told) = mpsc::unbounded_channel();
        let (ended_tx, ended) = watch::channel(None);
        let (stop_tx, stop) = watch::channel(false);
        let lines = BufReader::with_capacity(64 * 1024, stdout);
        tokio::spawn(carry_lines(lines, to, (self.now, ended.clone())));
        tokio::spawn(tell(stdin, line, told, stop_tx));
        tokio::spawn(watch_end(child, stop, mark.clone(), (ended_tx, folder)));
        Ok(Worker { events: Some(events), controls, ended, mark })
    }
}

impl Runner for Local {
    type Task = WorkerTask;

    const HERE: bool = true;

    async fn prepare(
        &self,
        id: &AttemptId,
        facts: TaskFacts,
        go_on: Option<GoOn>,
    ) -> Result<WorkerTask, EngineError> {
        worker_task((&self.dirs, &self.agents), id, facts, go_on).await
    }

    async fn submit(&self, id: &AttemptId, task: &WorkerTask) -> Result<(), Notice> {
        if self.workers().contains_key(id) {
            return Ok(());
        }
        let worker = self.start(id, task).map_err(|error| not_started(&self.program, &error))?;
        self.workers().insert(id.clone(), worker);
        Ok(())
    }

    async fn events(&self, id: &AttemptId) -> Result<Events, Notice> {
        let events = self.workers().get_mut(id).and_then(|worker| worker.events.take());
        events.ok_or_else(|| super::no_events(id))
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

    async fn tell(&self, id: &AttemptId, control: WorkerControl) {
        if let Some(worker) = self.workers().get(id) {
            // An attempt that ended hears nothing.
            drop(worker.controls.send(control));
        }
    }

    async fn list(&self) -> Vec<AttemptId> {
        let entries = fs::read_dir(self.dirs.scratches()).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| AttemptId::parse(entry.file_name().to_str()?))
            .filter(|id| self.mark_file(id).exists())
            .collect()
    }

    async fn settle(
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
        self.forget(id).await;
        Some(cut_off(ended_by, task, progress).await)
    }

    async fn forget(&self, id: &AttemptId) {
        let worker = self.workers().remove(id);
        let mark = match worker {
            Some(worker) => worker.end().await,
            None => Mark::load(&self.mark_file(id)),
        };
        if let Some(mark) = mark {
            mark.end().await;
        }
        fs::remove_file(self.mark_file(id)).ok(); // There is none where there was no mark.
    }

    /// What works here ends with us.
    async fn leave(&self) {}
}

/// The end of an attempt whose worker ended without a word. What is in its copy is saved.
pub(crate) async fn cut_off(
    ended_by: String,
    task: &WorkerTask,
    progress: &Progress,
) -> (Vec<Event>, Outcome) {
    let rescued = rescue::rescue(&Cut::of(task, progress.save_points)).await;
    let notice = Notice::new(
        ErrorCode::WorkerDied,
        "The program that worked on this task ended unexpectedly.",
        rescued.safe,
        rescued.next,
    );
    let details = [Some(ended_by.clone()), rescued.problem];
    let details: Vec<String> = details.into_iter().flatten().collect();
    let notice = notice.with_details(details.join("\n"));
    let ended = match progress.stop_asked {
        true => Outcome::without_work(Status::Stopped),
        false => failed(notice),
    };
    let (commit, totals) = (rescued.commit, rescued.totals);
    (rescued.events, Outcome { ended_by, commit, totals, ..ended })
}

/// Everything a worker needs for an attempt.
pub(crate) async fn worker_task(
    (dirs, agents): (&Dirs, &Agents),
    id: &AttemptId,
    facts: TaskFacts,
    go_on: Option<GoOn>,
) -> Result<WorkerTask, EngineError> {
    let cache = dirs.cache(&facts.start.cache);
    let wanted = Wanted {
        agent: &facts.pick.agent,
        options: &facts.pick.options,
        small: facts.request.haiku,
        turn_limit: facts.asked.turn_limit,
        cache: &cache,
    };
    let equipment = agents.equip(&wanted).await.map_err(EngineError::Refused)?;
    let start_commit = facts.start.commit.clone();
    // One that starts afresh makes its own, whether that is on disk already or not.
    let number = if go_on.is_some() { facts.copy_attempt } else { id.number };
    let copy_id = AttemptId { task: id.task.clone(), number };
    let copy_commit = match &facts.save_commit {
        Some(commit) if go_on.is_some() => commit.clone(),
        _ => start_commit.clone(),
    };
    let prompt = go_on::prompt(&facts, go_on.as_ref());
    let earlier = go_on::earlier(&facts, go_on.as_ref());
    Ok(WorkerTask {
        task_name: facts.asked.task_name,
        prompt,
        earlier,
        cache,
        start_commit,
        copy_commit,
        copy: dirs.copy(&copy_id),
        scratch: dirs.scratch(id),
        ref_prefix: rescue::ref_prefix(id),
        author: facts.start.author,
        agent: equipment.program,
        time_limit_s: facts.asked.time_limit_s,
        save_every_s: None,
        reuse_copy: go_on.is_some(),
        env: equipment.env,
        options: equipment.options,
        decides_itself: equipment.decides_itself,
        session_meta: equipment.session_meta,
        safety: facts.request.safety,
        sandbox: equipment.sandbox,
        session: facts.view.session.filter(|_| go_on.is_some()),
        allowed: facts.allowed,
        allowed_once: go_on.map_or_else(Vec::new, |go_on| go_on.allowed_once),
        cost_limit_cents: facts.asked.cost_limit_cents,
    })
}

impl Worker {
    /// Waits for the process, which is killed when it takes too long.
    async fn end(mut self) -> Option<Mark> {
        drop(self.controls); // Its standard input ends.
        drop(self.events);
        let done = self.ended.wait_for(Option::is_some);
        if timeout(END_LIMIT, done).await.is_err()
            && let Some(mark) = &self.mark
        {
            mark.kill();
        }
        self.mark
    }
}

/// Hands on what the worker prints. The events end when the worker has ended, so that
/// there is no moment at which nothing more comes and nobody knows why.
async fn carry_lines(
    lines: BufReader<ChildStdout>,
    to: mpsc::Sender<Happened>,
    (now, mut ended): (fn() -> Millis, watch::Receiver<Option<String>>),
) {
    let mut also_ended = ended.clone();
    // Something that the worker left behind may hold its output open: that isn't waited for.
    let overdue = async {
        also_ended.wait_for(Option::is_some).await.ok();
        sleep(REST_LIMIT).await;
    };
    tokio::select! {
        () = pump(lines, to.clone(), now) => {}
        () = overdue => {}
    }
    ended.wait_for(Option::is_some).await.ok(); // An error says that nobody watches any more.
    drop(to);
}

/// Writes the task and then what the worker is told. Its standard input ends with this.
async fn tell(
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

/// Waits for the worker's end, and sees to it that it comes once it was told to stop.
async fn watch_end(
    mut child: Child,
    mut stop: watch::Receiver<bool>,
    mark: Option<Mark>,
    (ended, folder): (watch::Sender<Option<String>>, PathBuf),
) {
    let overdue = async {
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await; // It can't be told any more: no limit here.
        }
        sleep(STOP_LIMIT).await;
    };
    let status = tokio::select! {
        status = child.wait() => status,
        () = overdue => {
            // It had its time: killed with everything it started.
            if let Some(mark) = &mark {
                mark.kill();
            }
            drop(child.start_kill()); // It may just have ended.
            child.wait().await
        }
    };
    if let Some(mark) = &mark {
        mark.kill(); // A worker that was killed could not clean up behind itself.
    }
    ended.send_replace(Some(how(&status, &folder.join(SAID))));
}

fn how(status: &std::io::Result<ExitStatus>, said: &Path) -> String {
    let status = status.as_ref().map_or_else(ToString::to_string, ToString::to_string);
    match last_words(said) {
        Ok(words) if !words.trim().is_empty() => format!("{status}\n{}", words.trim()),
        _ => status,
    }
}

/// The end of a file.
fn last_words(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(SAID_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(SAID_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn not_started(program: &Path, error: &std::io::Error) -> Notice {
    Notice::new(
        ErrorCode::WorkerDied,
        "The program that works on a task could not be started.",
        "Nothing was changed.",
        "Try again; if this stays, install Regatta again.",
    )
    .with_details(format!("{} worker: {error}", program.display()))
}

#[cfg(test)]
mod tests;
