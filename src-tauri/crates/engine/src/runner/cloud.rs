//! A place that speaks the Cloud Coding API: one call for all attempts of an invocation, whose
//! stream is split by task.
//!
//! Each call has a task of its own (`drive.rs`) that sends, listens and hands on what happens
//! in each attempt ([`Call`]). What is said is taken apart in `split.rs`. A place like this
//! goes on without us: closing only stops listening.

mod call;
mod drive;
mod split;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use words::{ended_after_sending, ended_before_sending};

use super::{AttemptId, AttemptState, Events, GoOn, Happened, Progress, Runner};
use crate::EngineError;
use crate::keys::Keys;
use crate::log::Log;
use crate::store::TaskFacts;
use crate::store::invocations::{self, Invocation};
use crate::tokens::Tokens;
use call::{Call, Lane, Link};
use drive::Drive;
use regatta_client::{Client, Order, Timing};
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::event::{LineKind, Outcome};
use regatta_protocol::wire::AnsweredFact;
use regatta_protocol::worker::WorkerControl;
use regatta_protocol::{BatchRequest, Event, Millis, Notice, Status};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// How long a wish to stop waits for the service to answer the call itself.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How much text may be on its way from calls into the log, in KB.
const ROOM_KB: usize = 8 * 1024;

/// Runs attempts at endpoints.
#[derive(Debug)]
pub(crate) struct Cloud(Arc<Inner>);

/// What every call needs.
#[derive(Debug)]
struct Inner {
    client: OnceLock<Client>,
    timing: Timing,
    keys: Arc<dyn Keys>,
    /// Those that came with requests.
    tokens: Tokens,
    log: Log,
    now: fn() -> Millis,
    lanes: Mutex<HashMap<AttemptId, (Arc<Call>, usize)>>,
    room: Arc<Semaphore>,
    /// Whether we stop listening, to everything.
    leaving: watch::Sender<bool>,
    drives: Mutex<JoinSet<()>>,
    /// Held while a call is begun: each is begun once.
    beginning: tokio::sync::Mutex<()>,
}

/// What an attempt at an endpoint needs: its part of an invocation.
#[derive(Debug, Clone)]
pub(crate) struct Invoked {
    pub(crate) invocation: Invocation,
    pub(crate) endpoint: Endpoint,
    /// Without its tasks.
    pub(crate) request: BatchRequest,
    pub(crate) title: String,
}

/// What the engine has that calls need.
#[derive(Debug, Clone)]
pub(crate) struct Means {
    pub(crate) keys: Arc<dyn Keys>,
    pub(crate) tokens: Tokens,
    pub(crate) timing: Timing,
}

impl Cloud {
    /// Calls are made with these keys and tokens.
    pub(crate) fn new(log: Log, means: Means, now: fn() -> Millis) -> Self {
        let Means { keys, tokens, timing } = means;
        Self(Arc::new(Inner {
            client: OnceLock::new(),
            timing,
            keys,
            tokens,
            log,
            now,
            lanes: Mutex::default(),
            room: Arc::new(Semaphore::new(ROOM_KB)),
            leaving: watch::Sender::new(false),
            drives: Mutex::default(),
            beginning: tokio::sync::Mutex::default(),
        }))
    }

    fn with<T>(&self, id: &AttemptId, use_it: impl FnOnce(&Arc<Call>, &Lane) -> T) -> Option<T> {
        let lanes = self.0.lanes();
        lanes.get(id).map(|(call, n)| use_it(call, &call.lanes[*n]))
    }

    /// The call of an attempt that isn't over, and what the attempt is called there. One that
    /// ended hears nothing.
    fn open(&self, id: &AttemptId) -> Option<(Arc<Call>, String)> {
        let open = |call: &Arc<Call>, lane: &Lane| {
            lane.sender().map(|_| (Arc::clone(call), lane.name.clone()))
        };
        self.with(id, open).flatten()
    }

    /// Begins the call of an invocation; all its attempts are known from then on.
    async fn begin(&self, task: &Invoked) -> Result<(), EngineError> {
        let id = task.invocation.id.clone();
        let read = move |conn: &_| invocations::parts(conn, &id);
        let parts = self.0.log.readers.with(read).await?;
        let call = Arc::new(Call::new(&parts));
        let lanes = (0..).zip(&call.lanes).map(|(n, lane)| (lane.id.clone(), (call.clone(), n)));
        self.0.lanes().extend(lanes);
        let drive = Drive { inner: Arc::clone(&self.0), call, task: task.clone() };
        let mut drives = self.0.drives.lock().unwrap_or_else(PoisonError::into_inner);
        while drives.try_join_next().is_some() {} // Those that ended need no room any more.
        drives.spawn(drive.run(parts));
        Ok(())
    }

    async fn stop(&self, id: &AttemptId) {
        let Some((call, name)) = self.open(id) else { return };
        let link = match tokio::time::timeout(ANSWER_LIMIT, call.link()).await {
            Ok(link) => link,
            Err(_) => Link::Silent,
        };
        match link {
            Link::Offered(to, run) => {
                let order = Order::CancelTask(&name);
                if let Err(problem) = self.0.client().order(&to, &run, order).await {
                    let problem = problem.into_notice();
                    self.note(id, words::not_handed_over("Your wish to stop", &problem)).await;
                }
            }
            Link::Calling | Link::Silent => {
                self.with(id, |call, lane| call.lose(lane, words::no_way_to_stop()));
            }
        }
    }

    async fn answer(&self, id: &AttemptId, answered: AnsweredFact) {
        let Some((call, name)) = self.open(id) else { return };
        let Link::Offered(to, run) = call.link().await else { return };
        if let Err(problem) = self.0.client().order(&to, &run, Order::Reply(&name, &answered)).await
        {
            let problem = problem.into_notice();
            self.note(id, words::not_handed_over("Your answer", &problem)).await;
        }
    }

    /// Says something in an attempt's transcript.
    async fn note(&self, id: &AttemptId, text: String) {
        let sender = self.with(id, |_, lane| lane.sender()).flatten();
        if let Some(sender) = sender {
            let event = Event::Output { kind: LineKind::Note, text, first_line: 0 };
            let happened = Happened { at: (self.0.now)(), event, wire: None, room: None };
            sender.send(happened).await.ok(); // An attempt that ended hears nothing.
        }
    }
}

impl Inner {
    fn lanes(&self) -> MutexGuard<'_, HashMap<AttemptId, (Arc<Call>, usize)>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Made when it is needed: that takes a moment.
    fn client(&self) -> &Client {
        self.client.get_or_init(Client::new)
    }
}

impl Runner for Cloud {
    type Task = Invoked;

    const HERE: bool = false;

    async fn prepare(
        &self,
        id: &AttemptId,
        facts: TaskFacts,
        _: Option<GoOn>,
    ) -> Result<Invoked, EngineError> {
        let attempt = id.clone();
        let read = move |conn: &_| invocations::of(conn, &attempt.task, attempt.number);
        let invocation = self.0.log.readers.with(read).await?;
        let (Some(invocation), Some(endpoint)) = (invocation, facts.request.endpoint.clone())
        else {
            return Err(EngineError::Refused(words::not_planned()));
        };
        Ok(Invoked { invocation, endpoint, request: facts.request, title: facts.batch_title })
    }

    async fn submit(&self, id: &AttemptId, task: &Invoked) -> Result<(), Notice> {
        let _begun_once = self.0.beginning.lock().await;
        if self.with(id, |_, _| ()).is_none() {
            self.begin(task).await?;
        }
        match self.with(id, |_, _| ()) {
            Some(()) => Ok(()),
            None => Err(words::not_planned()),
        }
    }

    async fn events(&self, id: &AttemptId) -> Result<Events, Notice> {
        self.with(id, |_, lane| lane.take_events()).flatten().ok_or_else(|| super::no_events(id))
    }

    async fn status(&self, id: &AttemptId) -> AttemptState {
        let state = |_: &_, lane: &Lane| match lane.sender() {
            Some(_) => AttemptState::Working,
            None => AttemptState::Ended(lane.why().to_string()),
        };
        self.with(id, state).unwrap_or(AttemptState::Unknown)
    }

    async fn tell(&self, id: &AttemptId, control: WorkerControl) {
        match control {
            WorkerControl::Stop => self.stop(id).await,
            WorkerControl::Answer { question, option } => {
                self.answer(id, AnsweredFact { question, option: Some(option) }).await;
            }
            // Our disk is no matter there; reading waits for room by itself.
            WorkerControl::Allow { .. }
            | WorkerControl::Message { .. }
            | WorkerControl::Pause
            | WorkerControl::Resume => {}
        }
    }

    async fn list(&self) -> Vec<AttemptId> {
        self.0.lanes().keys().cloned().collect()
    }

    async fn settle(
        &self,
        id: &AttemptId,
        _task: &Invoked,
        progress: &Progress,
    ) -> Option<(Vec<Event>, Outcome)> {
        let goes_on = *self.0.leaving.borrow()
            && self.with(id, |call, lane| lane.was_left() && call.is_offered()).unwrap_or(false);
        let why = self.with(id, |_, lane| lane.why());
        self.forget(id).await;
        if goes_on {
            return None; // The next start goes on with it.
        }
        let outcome = Outcome::without_work(Status::Unknown);
        Some((Vec::new(), Outcome { notice: why, totals: progress.totals, ..outcome }))
    }

    async fn forget(&self, id: &AttemptId) {
        let lane = self.0.lanes().remove(id);
        if let Some((call, n)) = lane {
            call.close(&call.lanes[n]);
        }
    }

    async fn leave(&self) {
        self.0.leaving.send_replace(true);
        let mut drives = {
            let mut drives = self.0.drives.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *drives)
        };
        while drives.join_next().await.is_some() {}
    }
}
