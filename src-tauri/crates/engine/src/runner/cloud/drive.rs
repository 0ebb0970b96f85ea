//! Making one call and listening to it until its last word.

use super::call::{Call, Lane, Link};
use super::split::{Said, Split, To};
use super::{Inner, Invoked, words};
use crate::EngineError;
use crate::queue::{Intake, failed};
use crate::runner::{AttemptId, Happened};
use crate::store::invocations::{self, Note, Part};
use regatta_client::CallError;
use regatta_client::{Address, Heard, InvokeBody, RunId, Session, SessionEnd, Work};
use regatta_git::Remote;
use regatta_protocol::event::{LineKind, Outcome};
use regatta_protocol::wire::End;
use regatta_protocol::{Event, Millis, Notice, Secret, Status, TaskId};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// How long a stream is listened to once it has nothing more to say of any task.
const REST_LIMIT: Duration = Duration::from_secs(5);
/// How many events of the batch as a whole wait at most.
const WAITING: usize = 32;

/// One call, from before it is sent.
#[derive(Debug)]
pub(super) struct Drive {
    pub(super) inner: Arc<Inner>,
    pub(super) call: Arc<Call>,
    pub(super) task: Invoked,
}

/// What is known while a call is listened to.
struct Hearing {
    split: Split,
    /// What a place says of the batch as a whole goes here.
    whole: mpsc::Sender<Happened>,
    /// Whether a break was told and its end wasn't.
    is_broken: bool,
}

impl Drive {
    /// Makes the call and listens. When this returns every lane is closed.
    pub(super) async fn run(self, parts: Vec<Part>) {
        let (whole, rest) = mpsc::channel(WAITING);
        let taken = tokio::spawn(take_whole(Arc::clone(&self.inner), self.task.clone(), rest));
        if let Some((mut session, parts)) = self.open(parts).await {
            let tasks = parts.into_iter().map(|part| (part.asked.task_name, part.wire)).collect();
            let split = Split::new(tasks, self.whole_wire().await);
            let mut hearing = Hearing { split, whole, is_broken: false };
            let why = self.listen(&mut session, &mut hearing).await;
            self.flush_all(&mut hearing).await;
            if let Some(why) = why {
                self.lose_all(&why);
            }
        } else {
            drop(whole);
        }
        self.call.answered(Link::Silent);
        self.close_all();
        taken.await.ok(); // It ends as nobody tells it anything any more.
    }

    /// Has the session begun or go on; none: every lane was told why not.
    async fn open(&self, parts: Vec<Part>) -> Option<(Session, Vec<Part>)> {
        let to = match self.address().await {
            Ok(to) => to,
            Err(notice) => {
                self.refuse(notice).await;
                return None;
            }
        };
        if self.task.invocation.sent {
            return self.go_on(to, &parts).map(|session| (session, parts));
        }
        match self.send(&to).await {
            Ok(Some((session, parts))) => {
                self.accepted(to, &session).await;
                Some((session, parts))
            }
            Ok(None) => None,
            Err(CallError::Lost(notice)) => {
                self.lose_all(&words::lost(&notice));
                None
            }
            Err(CallError::NotSent(notice) | CallError::Refused(notice, _)) => {
                self.refuse(notice).await;
                None
            }
        }
    }

    /// Goes on with what was sent by an earlier start of the program.
    fn go_on(&self, to: Address, parts: &[Part]) -> Option<Session> {
        let Some(run) = self.task.invocation.run.as_deref().and_then(RunId::parse) else {
            self.lose_all(&words::ended_after_sending());
            return None;
        };
        self.close_others(parts);
        let open = parts.iter().filter(|part| part.open);
        let after = open.map(|part| part.wire).min().unwrap_or_default();
        self.call.answered(Link::Offered(to.clone(), run.clone()));
        let session = Session::resume(self.inner.client(), &to, run, after);
        Some(session.timed(self.inner.timing))
    }

    /// Sends the tasks that are still wanted, once it is on disk that they may have left; gives
    /// all tasks back as they are then.
    async fn send(&self, to: &Address) -> Result<Option<(Session, Vec<Part>)>, CallError> {
        let id = self.task.invocation.id.clone();
        let Ok(parts) = self.sent_parts(id.clone()).await else { return Ok(None) };
        self.close_others(&parts);
        let open = parts.iter().filter(|part| part.open);
        let tasks: Vec<_> = open.map(|part| part.asked.clone()).collect();
        if tasks.is_empty() {
            return Ok(None);
        }
        let (request, follow_up) = (&self.task.request, self.task.invocation.follow_up.as_ref());
        let token = self.token().await;
        let body = InvokeBody {
            repo_url: &request.repo_url,
            token: &token,
            work: follow_up.map_or(Work::Tasks(&tasks), |next| Work::Message(&next.message)),
            branch: &request.branch,
            haiku: request.haiku,
            thread_id: follow_up.map_or(&request.thread_id, |next| &next.thread),
            name: &self.task.title,
            max_parallel: request.max_parallel,
        };
        let mut leaving = self.inner.leaving.subscribe();
        tokio::select! {
            session = Session::start(self.inner.client(), to, &body, &id) => {
                session.map(|session| Some((session, parts)))
            }
            // Nobody waits for the answer any more: it may have been sent all the same.
            () = self.call.all_closed() => Ok(None),
            _ = leaving.wait_for(|leaving| *leaving) => Ok(None),
        }
    }

    async fn sent_parts(&self, id: String) -> Result<Vec<Part>, EngineError> {
        let log = &self.inner.log;
        log.keep(Note::Sent { id: id.clone() })?.wait().await?;
        // What was stopped before this was written is known to be.
        log.readers.with(move |conn| invocations::parts(conn, &id)).await
    }

    /// The service took the tasks.
    async fn accepted(&self, to: Address, session: &Session) {
        let run = session.run().cloned().filter(|_| session.is_ours());
        let Some(run) = run else {
            self.call.answered(Link::Silent);
            let working = Event::Status { status: Status::Working, notice: None };
            for lane in &self.call.lanes {
                self.put(lane, (self.inner.now)(), (working.clone(), None)).await;
            }
            return;
        };
        let (id, name) = (self.task.invocation.id.clone(), run.to_string());
        // Should it not be kept, the store is closed and nothing else will be, either.
        self.inner.log.keep(Note::Run { id, run: name }).ok();
        self.call.answered(Link::Offered(to, run));
    }

    /// Listens to the last word. Gives back why what is open then is lost, if it is.
    async fn listen(&self, session: &mut Session, hearing: &mut Hearing) -> Option<Notice> {
        let mut leaving = self.inner.leaving.subscribe();
        let rest = async {
            self.call.all_closed().await;
            tokio::time::sleep(REST_LIMIT).await;
        };
        tokio::pin!(rest);
        let mut said = Vec::new();
        loop {
            let heard = tokio::select! {
                heard = session.next() => heard,
                () = &mut rest => return None,
                _ = leaving.wait_for(|leaving| *leaving) => return None,
            };
            match heard {
                Heard::Item(item) => {
                    hearing.split.take(item, (self.inner.now)(), &mut said);
                    for one in said.drain(..) {
                        self.take(hearing, one).await;
                    }
                }
                Heard::Reconnecting(why) => {
                    if !std::mem::replace(&mut hearing.is_broken, true) {
                        self.note_whole(hearing, words::reconnecting(&why)).await;
                    }
                }
                Heard::Reconnected => {
                    if std::mem::take(&mut hearing.is_broken) {
                        self.note_whole(hearing, words::RECONNECTED.to_owned()).await;
                    }
                }
                Heard::Ended(SessionEnd::Ended) => {
                    return Some(words::lost(&words::ended_silently()));
                }
                Heard::Ended(SessionEnd::Lost(why) | SessionEnd::Refused(why)) => {
                    return Some(words::lost(&why));
                }
            }
        }
    }

    async fn take(&self, hearing: &mut Hearing, said: Said) {
        match said {
            Said::Event { to, at, event, wire } => self.event(hearing, to, at, (event, wire)).await,
            Said::Thread { task, thread } => self.thread(task, &thread),
            Said::Failed { task, message } => {
                let outcome = failed(words::failed(&message));
                self.end(hearing, task, |_| outcome.clone()).await;
            }
            Said::Ended(Some(end)) => self.end(hearing, None, |lane| told(&end, lane)).await,
            Said::Ended(None) => self.ended(hearing).await,
        }
    }

    async fn event(
        &self,
        hearing: &Hearing,
        to: To,
        at: Millis,
        (event, wire): (Event, Option<u64>),
    ) {
        let lane = match to {
            To::Task(n) => Some(&self.call.lanes[n]),
            To::Whole => None,
        };
        match lane.filter(|lane| lane.sender().is_some()) {
            Some(lane) => {
                let is_last = matches!(event, Event::Outcome(_));
                self.put(lane, at, (event, wire)).await;
                if is_last {
                    self.call.close(lane);
                }
            }
            // What is said of a task that is over is kept with the batch, as far as it is text.
            None if lane.is_none() || matches!(event, Event::Output { .. }) => {
                let room = self.room(&event).await;
                hearing.whole.send(Happened { at, event, wire, room }).await.ok();
            }
            None => {}
        }
    }

    /// Hands an event to whoever carries the attempt.
    async fn put(&self, lane: &Lane, at: Millis, (event, wire): (Event, Option<u64>)) {
        let Some(to) = lane.sender() else { return };
        let room = self.room(&event).await;
        if to.send(Happened { at, event, wire, room }).await.is_err() {
            self.call.close(lane); // Nobody carries it any more.
        }
    }

    /// The room that an event's text takes, once there is that much.
    async fn room(&self, event: &Event) -> Option<OwnedSemaphorePermit> {
        let Event::Output { text, .. } = event else { return None };
        let kb = (text.len() / 1024).min(super::ROOM_KB);
        let kb = u32::try_from(kb).expect("BUG: it is small");
        match kb {
            0 => None,
            kb => Arc::clone(&self.inner.room).acquire_many_owned(kb).await.ok(),
        }
    }

    fn thread(&self, task: Option<usize>, thread: &str) {
        for (n, lane) in self.call.lanes.iter().enumerate() {
            if task.is_none_or(|task| task == n) && lane.sender().is_some() {
                let (task, thread) = (lane.id.task.clone(), thread.to_owned());
                // Should it not be kept, the store is closed.
                self.inner.log.keep(Note::Thread { task, thread }).ok();
            }
        }
    }

    /// A terminal word that says nothing of each task.
    async fn ended(&self, hearing: &mut Hearing) {
        self.flush_all(hearing).await;
        for lane in &self.call.lanes {
            let text = words::ENDED.to_owned();
            let note = Event::Output { kind: LineKind::Note, text, first_line: 0 };
            self.put(lane, (self.inner.now)(), (note, None)).await;
        }
        let ended_by = "the service's word \"end\"".to_owned();
        let outcome = Outcome { ended_by, ..Outcome::without_work(Status::Finished) };
        self.end(hearing, None, |_| outcome.clone()).await;
    }

    /// Ends one task, or all that are open.
    async fn end(
        &self,
        hearing: &mut Hearing,
        task: Option<usize>,
        outcome: impl Fn(&Lane) -> Outcome,
    ) {
        self.flush_all(hearing).await;
        for (n, lane) in self.call.lanes.iter().enumerate() {
            if task.is_none_or(|task| task == n) {
                let event = Event::Outcome(outcome(lane));
                self.put(lane, (self.inner.now)(), (event, None)).await;
                self.call.close(lane);
            }
        }
    }

    /// Nothing was started.
    async fn refuse(&self, notice: Notice) {
        if self.task.invocation.sent {
            return self.lose_all(&words::lost(&notice));
        }
        for lane in &self.call.lanes {
            let event = Event::Outcome(failed(notice.clone()));
            self.put(lane, (self.inner.now)(), (event, None)).await;
        }
        self.close_all();
    }

    /// Hands on what nothing will finish any more.
    async fn flush_all(&self, hearing: &mut Hearing) {
        let mut said = Vec::new();
        for n in 0..self.call.lanes.len() {
            hearing.split.flush(To::Task(n), &mut said);
        }
        hearing.split.flush(To::Whole, &mut said);
        for one in said {
            if let Said::Event { to, at, event, wire } = one {
                self.event(hearing, to, at, (event, wire)).await;
            }
        }
    }

    async fn note_whole(&self, hearing: &Hearing, text: String) {
        let event = Event::Output { kind: LineKind::Note, text, first_line: 0 };
        self.event(hearing, To::Whole, (self.inner.now)(), (event, None)).await;
    }

    fn lose_all(&self, why: &Notice) {
        self.call.lanes.iter().for_each(|lane| self.call.lose(lane, why.clone()));
    }

    fn close_all(&self) {
        self.call.lanes.iter().for_each(|lane| self.call.close(lane));
    }

    /// Closes the lanes of attempts that were over before this began: nobody carries them.
    fn close_others(&self, parts: &[Part]) {
        for part in parts.iter().filter(|part| !part.open) {
            let id = AttemptId { task: part.task.clone(), number: part.attempt };
            let lane = self.inner.lanes().remove(&id);
            if let Some((call, n)) = lane {
                call.close(&call.lanes[n]);
            }
        }
    }

    async fn address(&self) -> Result<Address, Notice> {
        let to = Address::parse(&self.task.endpoint.address)?;
        Ok(to.with_key(self.inner.keys.endpoint_key(&self.task.endpoint).await?))
    }

    /// The token for the repository: the one that came with the batch, or the host's.
    async fn token(&self) -> Secret {
        if let Some(token) = self.inner.tokens.of(&self.task.invocation.batch) {
            return token;
        }
        let repository = Remote::parse_any(&self.task.request.repo_url).ok();
        match repository.as_ref().and_then(Remote::host) {
            Some(host) => self.inner.keys.git_token(host).await.unwrap_or_default(),
            None => Secret::default(),
        }
    }

    async fn whole_wire(&self) -> u64 {
        let batch = self.task.invocation.batch.clone();
        let read = move |conn: &_| invocations::whole_wire(conn, &batch);
        self.inner.log.readers.with(read).await.unwrap_or_default()
    }
}

/// How a task ended by the end's own list.
fn told(end: &End, lane: &Lane) -> Outcome {
    let task = end.tasks.iter().find(|task| task.task_name == lane.name);
    let status = task.map_or(end.status, |task| task.status);
    Outcome { commit: task.and_then(|task| task.commit.clone()), ..Outcome::without_work(status) }
}

/// Writes what a place says of a batch as a whole into its pseudo-task, which is made for the
/// first word.
async fn take_whole(inner: Arc<Inner>, task: Invoked, mut events: mpsc::Receiver<Happened>) {
    let Some(first) = events.recv().await else { return };
    let fresh = TaskId::parse(&crate::engine::new_id()).expect("BUG: our ids are ids");
    let batch = &task.invocation.batch;
    let Ok(task) = inner.log.whole(batch, fresh, first.at).await else { return };
    let id = AttemptId { task, number: 1 };
    let mut intake = Intake::new(&inner.log, &id);
    intake.add(first);
    // An error says that the store is closed: nothing can be kept any more.
    intake.take_all(&mut events).await.ok();
}
