#![expect(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod asks;
mod full;
mod hold;

use super::*;
use crate::NoKeys;
use crate::access::Access;
use crate::agents::{Agents, Environment};
use crate::dirs::Dirs;
use crate::log::{Follower, Log};
use crate::runner::{AttemptId, AttemptState, Events, GoOn, Happened, Progress, Runner};
use crate::runner::{cut_off, worker_task};
use crate::store::{self, BatchStart, NewBatch, NewTask, TaskFacts, read};
use regatta_protocol::event::{LineKind, Outcome};
use regatta_protocol::request::{AgentChoice, BatchRequest};
use regatta_protocol::worker::{Author, WorkerTask};
use regatta_protocol::{ErrorCode, Event, LogEvent, Status, TaskView};
use std::sync::Mutex;
use std::time::Duration;

/// A place where the test says what happens.
#[derive(Debug, Default)]
struct Fake {
    attempts: Mutex<HashMap<String, FakeAttempt>>,
    /// What was begun, in order.
    begun: watch::Sender<Vec<String>>,
}

#[derive(Debug)]
struct FakeAttempt {
    task: WorkerTask,
    to: Option<mpsc::Sender<Happened>>,
    events: Option<Events>,
    heard: watch::Sender<Vec<WorkerControl>>,
}

impl Runner for Arc<Fake> {
    type Task = WorkerTask;

    const HERE: bool = true;

    async fn prepare(
        &self,
        id: &AttemptId,
        facts: TaskFacts,
        go_on: Option<GoOn>,
    ) -> Result<WorkerTask, EngineError> {
        let dirs = Dirs("/nowhere/at/all".into());
        let ground = ("/x/regatta".into(), dirs.0.clone());
        let agents = Agents::new(ground, Environment::default(), Arc::new(NoKeys));
        worker_task((&dirs, &agents), id, facts, go_on).await
    }

    async fn submit(&self, id: &AttemptId, task: &WorkerTask) -> Result<(), Notice> {
        let (to, events) = mpsc::channel(1);
        let heard = watch::Sender::new(Vec::new());
        let (task, to, events) = (task.clone(), Some(to), Some(events));
        let attempt = FakeAttempt { task, to, events, heard };
        self.attempts.lock().unwrap().insert(id.to_string(), attempt);
        self.begun.send_modify(|begun| begun.push(id.to_string()));
        Ok(())
    }

    async fn events(&self, id: &AttemptId) -> Result<Events, Notice> {
        Ok(self.attempts.lock().unwrap().get_mut(&id.to_string()).unwrap().events.take().unwrap())
    }

    async fn status(&self, _: &AttemptId) -> AttemptState {
        AttemptState::Ended("signal 9".into())
    }

    async fn tell(&self, id: &AttemptId, control: WorkerControl) {
        let attempts = self.attempts.lock().unwrap();
        attempts[&id.to_string()].heard.send_modify(|heard| heard.push(control));
    }

    async fn list(&self) -> Vec<AttemptId> {
        Vec::new()
    }

    async fn settle(
        &self,
        _: &AttemptId,
        task: &WorkerTask,
        progress: &Progress,
    ) -> Option<(Vec<Event>, Outcome)> {
        Some(cut_off("signal 9".into(), task, progress).await)
    }

    async fn forget(&self, _: &AttemptId) {}

    async fn leave(&self) {}
}

/// A queue over a real store and a fake place.
struct Table {
    dir: tempfile::TempDir,
    fake: Arc<Fake>,
    log: Log,
    queue: Queue,
}

impl Table {
    async fn new(limit: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::of(&store::open::open(dir.path(), 1).unwrap());
        let fake = Arc::new(Fake::default());
        let queue = Self::queue(&dir, (&log, &fake), (limit, Kept::default()));
        Self { dir, fake, log, queue }
    }

    fn queue(
        dir: &tempfile::TempDir,
        (log, fake): (&Log, &Arc<Fake>),
        (limit, kept): (u32, Kept),
    ) -> Queue {
        let (access, runner) = (Access::without_keys(dir.path()), Arc::clone(fake));
        let carrier = Carrier { log: log.clone(), runner, access, now: || 5 };
        Queue::start(Arc::new(carrier), limit, kept)
    }

    /// Starts a batch of tasks `<batch>0`, `<batch>1`, …
    async fn start(&self, name: &str, tasks: usize, cap: Option<u32>) {
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
            id: batch.clone(),
            at: 1,
            idempotency_key: None,
            request: BatchRequest::default(),
            title: name.into(),
            start_from: String::new(),
            start: BatchStart { project, cache, commit: "0".repeat(40), author, share: false },
            max_parallel: 3,
            tasks: (0..tasks).map(new_task).collect(),
        };
        self.log.create(new).await.unwrap();
        let waiting = |n: usize| Waiting {
            task: task(n),
            batch: batch.clone(),
            attempt: 1,
            cap,
            go_on: None,
            agent: AgentChoice::Practice,
            resumes: 0,
        };
        let tasks = (0..tasks).map(waiting).collect();
        let add = |reply| Message::Add { tasks, events: Vec::new(), reply };
        self.queue.ask(add).await.unwrap();
    }

    /// Waits until just these attempts have begun. Those that may begin together do so in
    /// any order.
    async fn begun(&self, attempts: &[&str]) {
        let mut begun = self.fake.begun.subscribe();
        limited(begun.wait_for(|begun| begun.len() >= attempts.len())).await.unwrap();
        let (mut begun, mut attempts) = (self.fake.begun.borrow().clone(), attempts.to_vec());
        begun.sort_unstable();
        attempts.sort_unstable();
        assert_eq!(begun, attempts);
    }

    /// Has an attempt tell something.
    async fn says(&self, attempt: &str, event: Event) {
        let to = self.fake.attempts.lock().unwrap()[attempt].to.clone().unwrap();
        let happened = Happened { at: 2, event, wire: None, room: None };
        to.send(happened).await.unwrap();
    }

    async fn finishes(&self, attempt: &str) {
        self.says(attempt, outcome(Status::Finished)).await;
    }

    /// Ends an attempt without a word.
    fn dies(&self, attempt: &str) {
        self.fake.attempts.lock().unwrap().get_mut(attempt).unwrap().to = None;
    }

    /// Waits until an attempt heard something.
    async fn heard(&self, attempt: &str, control: &WorkerControl) {
        let mut heard = self.fake.attempts.lock().unwrap()[attempt].heard.subscribe();
        limited(heard.wait_for(|heard| heard.last() == Some(control))).await.unwrap();
    }

    /// Waits until a task stands so.
    async fn stands(&self, task: &str, wanted: Status) -> TaskView {
        let mut published = self.log.published.clone();
        let id = TaskId::parse(task).unwrap();
        loop {
            published.borrow_and_update();
            let id = id.clone();
            let view = self.log.readers.with(move |c| read::task(c, &id)).await.unwrap();
            if view.status == wanted {
                return view;
            }
            limited(published.changed()).await.unwrap();
        }
    }

    /// Waits until the place is as wanted.
    async fn place(&self, wanted: impl FnMut(&store::Published) -> bool) -> PlaceView {
        let mut published = self.log.published.clone();
        limited(published.wait_for(wanted)).await.unwrap().place.clone()
    }

    async fn stop(&self, task: &str) {
        let tasks = vec![TaskId::parse(task).unwrap()];
        self.queue.ask(|reply| Message::Stop { tasks, reply }).await.unwrap();
    }
}

fn outcome(status: Status) -> Event {
    Event::Outcome(Outcome { last_words: "Done.".into(), ..Outcome::without_work(status) })
}

fn status(status: Status) -> Event {
    Event::Status { status, notice: None }
}

async fn limited<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("it takes too long")
}

#[tokio::test]
async fn tasks_work_up_to_the_limit_and_the_rest_waits_with_its_place() {
    let table = Table::new(2).await;
    table.start("a", 4, None).await;
    table.begun(&["a0-1", "a1-1"]).await;
    let place = table.place(|known| known.place.waiting == 2).await;
    assert_eq!((place.busy, place.limit, place.paused), (2, 2, None));
    let queue = table.log.published.borrow().active[&BatchId::parse("a").unwrap()].queue.clone();
    let places: Vec<(&str, u32)> = queue.iter().map(|q| (q.task.as_str(), q.place)).collect();
    assert_eq!(places, [("a2", 1), ("a3", 2)]);

    let next = TaskId::parse("a3").unwrap();
    table.queue.ask(|reply| Message::RunNext { task: next, reply }).await.unwrap();
    table.finishes("a0-1").await;
    table.begun(&["a0-1", "a1-1", "a3-1"]).await;
    table.queue.tell(Message::SetLimit(3)).unwrap();
    table.begun(&["a0-1", "a1-1", "a3-1", "a2-1"]).await;
    table.place(|known| known.place.waiting == 0 && known.place.busy == 3).await;
}

#[tokio::test]
async fn an_attempt_is_in_the_log_from_its_beginning_to_its_end() {
    let table = Table::new(1).await;
    table.start("a", 1, None).await;
    table.begun(&["a0-1"]).await;
    let given = table.fake.attempts.lock().unwrap()["a0-1"].task.clone();
    assert_eq!((given.prompt.as_str(), given.time_limit_s), ("do", Some(9)));
    assert_eq!(given.ref_prefix, "refs/regatta/a0/1");
    table.says("a0-1", status(Status::Working)).await;
    let text = "one\ntwo".to_owned();
    table.says("a0-1", Event::Output { kind: LineKind::Out, text, first_line: 0 }).await;
    // What isn't a worker's to say is left out.
    table
        .says("a0-1", Event::Attempt { number: 9, continues: false, message: String::new() })
        .await;
    table.says("a0-1", status(Status::Finished)).await;
    table.finishes("a0-1").await;
    let view = table.stands("a0", Status::Finished).await;
    assert_eq!((view.lines, view.attempt), (2, 1));

    let mut follower = Follower::new(&table.log, BatchId::parse("a").unwrap(), 0);
    let mut events: Vec<LogEvent> = Vec::new();
    while let Some(more) = limited(follower.next()).await {
        events.extend(more);
    }
    let told: Vec<String> = events
        .iter()
        .map(|event| match &event.event {
            Event::Status { status, .. } => format!("{status:?}"),
            Event::Output { text, .. } => text.clone(),
            Event::Attempt { number, .. } => format!("attempt {number}"),
            Event::Outcome(outcome) => outcome.last_words.clone(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(told, ["attempt 1", "Waiting", "Working", "one\ntwo", "Done.", "Finished", "End"]);
}

#[tokio::test]
async fn a_waiting_task_is_stopped_at_once_and_a_working_one_by_its_worker() {
    let table = Table::new(1).await;
    table.start("a", 2, None).await;
    table.begun(&["a0-1"]).await;
    table.stop("a1").await;
    table.stands("a1", Status::Stopped).await;
    table.stop("a0").await;
    table.heard("a0-1", &WorkerControl::Stop).await;
    table.says("a0-1", outcome(Status::Stopped)).await;
    table.stands("a0", Status::Stopped).await;
    table.begun(&["a0-1"]).await;
}

#[tokio::test]
async fn a_worker_that_ends_without_a_word_has_failed() {
    let table = Table::new(1).await;
    table.start("a", 1, None).await;
    table.begun(&["a0-1"]).await;
    table.says("a0-1", status(Status::Working)).await;
    table.dies("a0-1");
    let view = table.stands("a0", Status::Failed).await;
    let notice = view.notice.unwrap();
    assert_eq!(notice.code, ErrorCode::WorkerDied);
    assert_eq!(notice.details.as_deref(), Some("signal 9"));
    assert_eq!(view.outcome.unwrap().ended_by, "signal 9");
}

#[tokio::test]
async fn a_worker_that_dies_of_being_stopped_is_stopped() {
    let table = Table::new(1).await;
    table.start("a", 1, None).await;
    table.begun(&["a0-1"]).await;
    table.says("a0-1", status(Status::Working)).await;
    table.stop("a0").await;
    table.heard("a0-1", &WorkerControl::Stop).await;
    table.dies("a0-1");
    let view = table.stands("a0", Status::Stopped).await;
    assert_eq!(view.notice, None);
}

#[tokio::test]
async fn an_answer_reaches_the_task_that_asked() {
    let table = Table::new(1).await;
    table.start("a", 2, None).await;
    table.begun(&["a0-1"]).await;
    let answer = |task: &str| {
        let task = TaskId::parse(task).unwrap();
        let (question, option) = ("q".to_owned(), "yes".to_owned());
        table.queue.ask(|reply| Message::Tell {
            task,
            control: WorkerControl::Answer { question, option },
            reply,
        })
    };
    answer("a0").await.unwrap();
    let control = WorkerControl::Answer { question: "q".into(), option: "yes".into() };
    table.heard("a0-1", &control).await;
    assert!(matches!(answer("a1").await, Err(EngineError::WrongState(_))));
}

fn again(task: &str) -> Waiting {
    Waiting {
        task: TaskId::parse(task).unwrap(),
        batch: BatchId::parse("a").unwrap(),
        attempt: 2,
        cap: None,
        go_on: None,
        agent: AgentChoice::Practice,
        resumes: 0,
    }
}

#[tokio::test]
async fn a_task_is_never_in_the_line_twice() {
    let table = Table::new(1).await;
    table.start("a", 2, None).await;
    table.begun(&["a0-1"]).await;
    let add = |reply| Message::Add { tasks: vec![again("a1")], events: Vec::new(), reply };
    assert!(matches!(table.queue.ask(add).await, Err(EngineError::WrongState(_))));
}

#[tokio::test]
async fn a_task_whose_end_was_just_seen_may_be_tried_again_at_once() {
    let table = Table::new(1).await;
    table.start("a", 1, None).await;
    table.begun(&["a0-1"]).await;
    let (reply, mut added) = oneshot::channel();
    let add = Message::Add { tasks: vec![again("a0")], events: Vec::new(), reply };
    table.queue.tell(add).unwrap();
    assert!(added.try_recv().is_err(), "not before its attempt is carried to its end");
    table.says("a0-1", outcome(Status::Failed)).await;
    assert!(limited(added).await.unwrap().is_ok());
    table.begun(&["a0-1", "a0-2"]).await;
}

#[tokio::test]
async fn closing_stops_everything_and_waits_for_it() {
    let table = Table::new(1).await;
    table.start("a", 2, None).await;
    table.begun(&["a0-1"]).await;
    let (done, mut closed) = oneshot::channel();
    table.queue.tell(Message::Close { done }).unwrap();
    table.heard("a0-1", &WorkerControl::Stop).await;
    assert!(closed.try_recv().is_err());
    table.says("a0-1", outcome(Status::Stopped)).await;
    limited(closed).await.unwrap();
    table.stands("a0", Status::Stopped).await;
    table.stands("a1", Status::Stopped).await;
    let limit = table.queue.ask(|reply| Message::Stop { tasks: Vec::new(), reply }).await;
    assert!(matches!(limit, Err(EngineError::Closed)));
}
