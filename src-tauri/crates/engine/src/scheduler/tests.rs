#![expect(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod disk_full;
mod pause;
mod questions;

use super::*;
use crate::NoCredentials;
use crate::agents::{AgentRegistry, Environment};
use crate::dirs::Dirs;
use crate::log::{Follower, Log};
use crate::remote_access::RemoteAccess;
use crate::runner::{
    AttemptId, AttemptState, Continuation, EventReceiver, Progress, Runner, RunnerEvent,
};
use crate::runner::{WorkerTaskSource, recover_crashed};
use crate::store::{self, BatchStart, NewBatch, NewTask, TaskFacts, read};
use regatta_protocol::event::{LineKind, Outcome};
use regatta_protocol::request::{AgentChoice, BatchRequest};
use regatta_protocol::worker::{Author, WorkerTask};
use regatta_protocol::{ErrorCode, Event, LogEvent, Status, TaskView};
use std::sync::Mutex;
use std::time::Duration;

/// A place where the test says what happens.
#[derive(Debug, Default)]
struct FakeRunner {
    attempts: Mutex<HashMap<String, FakeAttempt>>,
    /// What was begun, in order.
    started: watch::Sender<Vec<String>>,
}

#[derive(Debug)]
struct FakeAttempt {
    task: WorkerTask,
    sender: Option<mpsc::Sender<RunnerEvent>>,
    events: Option<EventReceiver>,
    received: watch::Sender<Vec<WorkerControl>>,
}

impl Runner for Arc<FakeRunner> {
    type Task = WorkerTask;

    fn capabilities(&self) -> &'static [Capability] {
        &[Capability::Queue, Capability::Publish]
    }

    async fn prepare(
        &self,
        id: &AttemptId,
        facts: TaskFacts,
        continuation: Option<Continuation>,
    ) -> Result<WorkerTask, EngineError> {
        let dirs = Dirs("/nowhere/at/all".into());
        let agents = AgentRegistry::new(
            "/x/regatta".into(),
            dirs.0.clone(),
            Environment::default(),
            Arc::new(NoCredentials),
        );
        WorkerTaskSource { dirs: &dirs, agents: &agents }.build(id, facts, continuation).await
    }

    async fn submit(&self, id: &AttemptId, task: &WorkerTask) -> Result<(), UserMessage> {
        let (to, events) = mpsc::channel(1);
        let heard = watch::Sender::new(Vec::new());
        let (task, to, events) = (task.clone(), Some(to), Some(events));
        let attempt = FakeAttempt { task, sender: to, events, received: heard };
        self.attempts.lock().unwrap().insert(id.to_string(), attempt);
        self.started.send_modify(|begun| begun.push(id.to_string()));
        Ok(())
    }

    async fn events(&self, id: &AttemptId) -> Result<EventReceiver, UserMessage> {
        Ok(self.attempts.lock().unwrap().get_mut(&id.to_string()).unwrap().events.take().unwrap())
    }

    async fn status(&self, _: &AttemptId) -> AttemptState {
        AttemptState::Ended("signal 9".into())
    }

    async fn send(&self, id: &AttemptId, control: WorkerControl) {
        let attempts = self.attempts.lock().unwrap();
        attempts[&id.to_string()].received.send_modify(|heard| heard.push(control));
    }

    async fn list(&self) -> Vec<AttemptId> {
        Vec::new()
    }

    async fn finalise(
        &self,
        _: &AttemptId,
        task: &WorkerTask,
        progress: &Progress,
    ) -> Option<(Vec<Event>, Outcome)> {
        Some(recover_crashed("signal 9".into(), task, progress).await)
    }

    async fn release(&self, _: &AttemptId) {}

    async fn detach(&self) {}
}

/// A queue over a real store and a fake place.
struct SchedulerEnv {
    dir: tempfile::TempDir,
    runner: Arc<FakeRunner>,
    log: Log,
    scheduler: Scheduler,
}

impl SchedulerEnv {
    async fn new(limit: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::new(&store::open::open(dir.path(), 1).unwrap());
        let fake = Arc::new(FakeRunner::default());
        let queue =
            Scheduler::start(Self::driver(&dir, &log, &fake), limit, PersistedQueue::default());
        Self { dir, runner: fake, log, scheduler: queue }
    }

    fn driver(
        dir: &tempfile::TempDir,
        log: &Log,
        fake: &Arc<FakeRunner>,
    ) -> Arc<AttemptDriver<Arc<FakeRunner>>> {
        let (access, runner) = (RemoteAccess::without_credentials(dir.path()), Arc::clone(fake));
        Arc::new(AttemptDriver { log: log.clone(), runner, access, now: || 5 })
    }

    /// Starts a batch of tasks `<batch>0`, `<batch>1`, …
    async fn start_batch(&self, name: &str, tasks: usize, cap: Option<u32>) {
        let batch = BatchId::parse(name).unwrap();
        let task = |n: usize| TaskId::parse(&format!("{name}{n}")).unwrap();
        let new_task = |n: usize| NewTask {
            id: task(n),
            name: format!("Task {n}"),
            prompt: "do".into(),
            time_limit_s: Some(9),
            extra: Default::default(),
        };
        let author = Author { name: "A".into(), email: "a@example.invalid".into() };
        let (project, cache) = ("/x/shop".into(), "cache".into());
        let new = NewBatch {
            place: crate::places::sample_place(&[Capability::Agents]),
            id: batch.clone(),
            at: 1,
            idempotency_key: None,
            request: BatchRequest::default(),
            title: name.into(),
            start_from: String::new(),
            start: BatchStart { project, cache, commit: "0".repeat(40), author, publish: false },
            max_parallel: 3,
            tasks: (0..tasks).map(new_task).collect(),
        };
        self.log.create(new).await.unwrap();
        let waiting = |n: usize| QueuedAttempt {
            task: task(n),
            batch: batch.clone(),
            attempt: 1,
            max_parallel: cap,
            continuation: None,
            agent: AgentChoice::Practice,
            resume_count: 0,
        };
        let tasks = (0..tasks).map(waiting).collect();
        let add = |reply| SchedulerCommand::Add { tasks, events: Vec::new(), reply };
        self.scheduler.request(add).await.unwrap();
    }

    /// Waits until just these attempts have begun. Those that may begin together do so in
    /// any order.
    async fn wait_until_started(&self, attempts: &[&str]) {
        let mut begun = self.runner.started.subscribe();
        with_timeout(begun.wait_for(|begun| begun.len() >= attempts.len())).await.unwrap();
        let (mut begun, mut attempts) = (self.runner.started.borrow().clone(), attempts.to_vec());
        begun.sort_unstable();
        attempts.sort_unstable();
        assert_eq!(begun, attempts);
    }

    /// Has an attempt tell something.
    async fn emit(&self, attempt: &str, event: Event) {
        let to = self.runner.attempts.lock().unwrap()[attempt].sender.clone().unwrap();
        let happened = RunnerEvent { at: 2, event, remote_seq: None, memory_permit: None };
        to.send(happened).await.unwrap();
    }

    async fn finish(&self, attempt: &str) {
        self.emit(attempt, outcome_event(Status::Finished)).await;
    }

    /// Ends an attempt without a word.
    fn crash(&self, attempt: &str) {
        self.runner.attempts.lock().unwrap().get_mut(attempt).unwrap().sender = None;
    }

    /// Waits until an attempt heard something.
    async fn wait_until_received(&self, attempt: &str, control: &WorkerControl) {
        let mut heard = self.runner.attempts.lock().unwrap()[attempt].received.subscribe();
        with_timeout(heard.wait_for(|heard| heard.last() == Some(control))).await.unwrap();
    }

    /// Waits until a task stands so.
    async fn wait_for_status(&self, task: &str, wanted: Status) -> TaskView {
        let mut published = self.log.published.clone();
        let id = TaskId::parse(task).unwrap();
        loop {
            published.borrow_and_update();
            let id = id.clone();
            let view = self.log.readers.with(move |c| read::task(c, &id)).await.unwrap();
            if view.status == wanted {
                return view;
            }
            with_timeout(published.changed()).await.unwrap();
        }
    }

    /// Waits until the place is as wanted.
    async fn wait_for_place(
        &self,
        wanted: impl FnMut(&store::PublishedState) -> bool,
    ) -> PlaceView {
        let mut published = self.log.published.clone();
        with_timeout(published.wait_for(wanted)).await.unwrap().place.clone()
    }

    async fn stop_task(&self, task: &str) {
        let tasks = vec![TaskId::parse(task).unwrap()];
        self.scheduler.request(|reply| SchedulerCommand::Stop { tasks, reply }).await.unwrap();
    }
}

fn outcome_event(status: Status) -> Event {
    Event::Outcome(Outcome { last_message: "Done.".into(), ..Outcome::without_work(status) })
}

fn status_event(status: Status) -> Event {
    Event::Status { status, notice: None }
}

async fn with_timeout<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("it takes too long")
}

#[tokio::test]
async fn tasks_work_up_to_the_limit_and_the_rest_waits_with_its_place() {
    let env = SchedulerEnv::new(2).await;
    env.start_batch("a", 4, None).await;
    env.wait_until_started(&["a0-1", "a1-1"]).await;
    let place = env.wait_for_place(|known| known.place.waiting == 2).await;
    assert_eq!((place.busy, place.limit, place.pause_reason), (2, 2, None));
    let queue = env.log.published.borrow().active[&BatchId::parse("a").unwrap()].queue.clone();
    let places: Vec<(&str, u32)> = queue.iter().map(|q| (q.task.as_str(), q.position)).collect();
    assert_eq!(places, [("a2", 1), ("a3", 2)]);

    let next = TaskId::parse("a3").unwrap();
    env.scheduler.request(|reply| SchedulerCommand::RunNext { task: next, reply }).await.unwrap();
    env.finish("a0-1").await;
    env.wait_until_started(&["a0-1", "a1-1", "a3-1"]).await;
    env.scheduler.send(SchedulerCommand::SetLimit(3)).unwrap();
    env.wait_until_started(&["a0-1", "a1-1", "a3-1", "a2-1"]).await;
    env.wait_for_place(|known| known.place.waiting == 0 && known.place.busy == 3).await;
}

#[tokio::test]
async fn an_attempt_is_in_the_log_from_its_beginning_to_its_end() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 1, None).await;
    env.wait_until_started(&["a0-1"]).await;
    let given = env.runner.attempts.lock().unwrap()["a0-1"].task.clone();
    assert_eq!((given.prompt.as_str(), given.time_limit_s), ("do", Some(9)));
    assert_eq!(given.ref_prefix, "refs/regatta/a0/1");
    env.emit("a0-1", status_event(Status::Working)).await;
    let text = "one\ntwo".to_owned();
    env.emit("a0-1", Event::Output { kind: LineKind::Stdout, text, first_line: 0 }).await;
    // What isn't a worker's to say is left out.
    env.emit("a0-1", Event::Attempt { number: 9, continues: false, message: String::new() }).await;
    env.emit("a0-1", status_event(Status::Finished)).await;
    env.finish("a0-1").await;
    let view = env.wait_for_status("a0", Status::Finished).await;
    assert_eq!((view.lines, view.attempt), (2, 1));

    let mut follower = Follower::new(&env.log, BatchId::parse("a").unwrap(), 0);
    let mut events: Vec<LogEvent> = Vec::new();
    while let Some(more) = with_timeout(follower.next()).await {
        events.extend(more);
    }
    let told: Vec<String> = events
        .iter()
        .map(|event| match &event.event {
            Event::Status { status, .. } => format!("{status:?}"),
            Event::Output { text, .. } => text.clone(),
            Event::Attempt { number, .. } => format!("attempt {number}"),
            Event::Outcome(outcome) => outcome.last_message.clone(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(told, ["attempt 1", "Waiting", "Working", "one\ntwo", "Done.", "Finished", "End"]);
}

#[tokio::test]
async fn a_waiting_task_is_stopped_at_once_and_a_working_one_by_its_worker() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 2, None).await;
    env.wait_until_started(&["a0-1"]).await;
    env.stop_task("a1").await;
    env.wait_for_status("a1", Status::Stopped).await;
    env.stop_task("a0").await;
    env.wait_until_received("a0-1", &WorkerControl::Stop).await;
    env.emit("a0-1", outcome_event(Status::Stopped)).await;
    env.wait_for_status("a0", Status::Stopped).await;
    env.wait_until_started(&["a0-1"]).await;
}

#[tokio::test]
async fn a_worker_that_ends_without_a_word_has_failed() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 1, None).await;
    env.wait_until_started(&["a0-1"]).await;
    env.emit("a0-1", status_event(Status::Working)).await;
    env.crash("a0-1");
    let view = env.wait_for_status("a0", Status::Failed).await;
    let notice = view.notice.unwrap();
    assert_eq!(notice.code, ErrorCode::WorkerDied);
    assert_eq!(notice.details.as_deref(), Some("signal 9"));
    assert_eq!(view.outcome.unwrap().exit_status, "signal 9");
}

#[tokio::test]
async fn a_worker_that_dies_of_being_stopped_is_stopped() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 1, None).await;
    env.wait_until_started(&["a0-1"]).await;
    env.emit("a0-1", status_event(Status::Working)).await;
    env.stop_task("a0").await;
    env.wait_until_received("a0-1", &WorkerControl::Stop).await;
    env.crash("a0-1");
    let view = env.wait_for_status("a0", Status::Stopped).await;
    assert_eq!(view.notice, None);
}

#[tokio::test]
async fn an_answer_reaches_the_task_that_asked() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 2, None).await;
    env.wait_until_started(&["a0-1"]).await;
    let answer = |task: &str| {
        let task = TaskId::parse(task).unwrap();
        let (question, option) = ("q".to_owned(), "yes".to_owned());
        env.scheduler.request(|reply| SchedulerCommand::Send {
            task,
            control: WorkerControl::Answer { question, option },
            reply,
        })
    };
    answer("a0").await.unwrap();
    let control = WorkerControl::Answer { question: "q".into(), option: "yes".into() };
    env.wait_until_received("a0-1", &control).await;
    assert!(matches!(answer("a1").await, Err(EngineError::WrongState(_))));
}

fn retry_attempt(task: &str) -> QueuedAttempt {
    QueuedAttempt {
        task: TaskId::parse(task).unwrap(),
        batch: BatchId::parse("a").unwrap(),
        attempt: 2,
        max_parallel: None,
        continuation: None,
        agent: AgentChoice::Practice,
        resume_count: 0,
    }
}

#[tokio::test]
async fn a_task_is_never_in_the_line_twice() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 2, None).await;
    env.wait_until_started(&["a0-1"]).await;
    let add = |reply| SchedulerCommand::Add {
        tasks: vec![retry_attempt("a1")],
        events: Vec::new(),
        reply,
    };
    assert!(matches!(env.scheduler.request(add).await, Err(EngineError::WrongState(_))));
}

#[tokio::test]
async fn a_task_whose_end_was_just_seen_may_be_tried_again_at_once() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 1, None).await;
    env.wait_until_started(&["a0-1"]).await;
    let (reply, mut added) = oneshot::channel();
    let add = SchedulerCommand::Add { tasks: vec![retry_attempt("a0")], events: Vec::new(), reply };
    env.scheduler.send(add).unwrap();
    assert!(added.try_recv().is_err(), "not before its attempt is carried to its end");
    env.emit("a0-1", outcome_event(Status::Failed)).await;
    assert!(with_timeout(added).await.unwrap().is_ok());
    env.wait_until_started(&["a0-1", "a0-2"]).await;
}

#[tokio::test]
async fn closing_stops_everything_and_waits_for_it() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 2, None).await;
    env.wait_until_started(&["a0-1"]).await;
    let (done, mut closed) = oneshot::channel();
    env.scheduler.send(SchedulerCommand::Close { done }).unwrap();
    env.wait_until_received("a0-1", &WorkerControl::Stop).await;
    assert!(closed.try_recv().is_err());
    env.emit("a0-1", outcome_event(Status::Stopped)).await;
    with_timeout(closed).await.unwrap();
    env.wait_for_status("a0", Status::Stopped).await;
    env.wait_for_status("a1", Status::Stopped).await;
    let limit =
        env.scheduler.request(|reply| SchedulerCommand::Stop { tasks: Vec::new(), reply }).await;
    assert!(matches!(limit, Err(EngineError::Closed)));
}
