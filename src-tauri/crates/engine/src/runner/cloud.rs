//! A place that speaks the Cloud Coding API: one call for all attempts of an invocation, whose
//! stream is split by task.
//!
//! Each call has a task of its own (`drive.rs`) that sends, listens and hands on what happens
//! in each attempt ([`Call`]). What is said is taken apart in `split.rs`. A place like this
//! goes on without us: closing only stops listening.

mod call;
mod call_driver;
mod demux;
mod messages;
#[cfg(test)]
mod tests;

pub(crate) use messages::{ended_after_sending, ended_before_sending};

use super::{AttemptId, AttemptState, Continuation, EventReceiver, Progress, Runner, RunnerEvent};
use crate::EngineError;
use crate::batch_tokens::BatchTokens;
use crate::credentials::CredentialProvider;
use crate::log::Log;
use crate::store::TaskFacts;
use crate::store::invocations::{self, Invocation};
use call::{AttemptStream, Call, ControlChannel};
use call_driver::CallDriver;
use regatta_client::{Client, RunCommand, Timing};
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::event::{LineKind, Outcome};
use regatta_protocol::wire::AnsweredFact;
use regatta_protocol::worker::WorkerControl;
use regatta_protocol::{BatchRequest, Capability, Event, Millis, Status, UserMessage};
use regatta_trace::LogDropped;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// How long a wish to stop waits for the service to answer the call itself.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How much text may be on its way from calls into the log, in KB.
const MEMORY_LIMIT_KB: usize = 8 * 1024;

/// What can be done at an endpoint.
const CAPABILITIES: [Capability; 3] = [Capability::Detach, Capability::BatchCall, Capability::Key];

/// Runs attempts at endpoints.
#[derive(Debug)]
pub(crate) struct CloudRunner(Arc<CloudShared>);

/// What every call needs.
#[derive(Debug)]
struct CloudShared {
    client: OnceLock<Client>,
    timing: Timing,
    keys: Arc<dyn CredentialProvider>,
    /// Those that came with requests.
    tokens: BatchTokens,
    log: Log,
    now: fn() -> Millis,
    streams: Mutex<HashMap<AttemptId, (Arc<Call>, usize)>>,
    memory: Arc<Semaphore>,
    /// Whether we stop listening, to everything.
    detaching: watch::Sender<bool>,
    calls: Mutex<JoinSet<()>>,
    /// Held while a call is begun: each is begun once.
    begin_lock: tokio::sync::Mutex<()>,
}

/// What an attempt at an endpoint needs: its part of an invocation.
#[derive(Debug, Clone)]
pub(crate) struct CallTask {
    pub(crate) invocation: Invocation,
    pub(crate) endpoint: Endpoint,
    /// Without its tasks.
    pub(crate) request: BatchRequest,
    pub(crate) title: String,
}

/// What the engine has that calls need.
#[derive(Debug, Clone)]
pub(crate) struct CloudDeps {
    pub(crate) keys: Arc<dyn CredentialProvider>,
    pub(crate) tokens: BatchTokens,
    pub(crate) timing: Timing,
}

impl CloudRunner {
    /// Calls are made with these keys and tokens.
    pub(crate) fn new(log: Log, means: CloudDeps, now: fn() -> Millis) -> Self {
        let CloudDeps { keys, tokens, timing } = means;
        Self(Arc::new(CloudShared {
            client: OnceLock::new(),
            timing,
            keys,
            tokens,
            log,
            now,
            streams: Mutex::default(),
            memory: Arc::new(Semaphore::new(MEMORY_LIMIT_KB)),
            detaching: watch::Sender::new(false),
            calls: Mutex::default(),
            begin_lock: tokio::sync::Mutex::default(),
        }))
    }

    fn with_stream<T>(
        &self,
        id: &AttemptId,
        use_it: impl FnOnce(&Arc<Call>, &AttemptStream) -> T,
    ) -> Option<T> {
        let attempt_streams = self.0.streams();
        attempt_streams.get(id).map(|(call, n)| use_it(call, &call.streams[*n]))
    }

    /// The call of an attempt that isn't over, and what the attempt is called there. One that
    /// ended hears nothing.
    fn open_stream(&self, id: &AttemptId) -> Option<(Arc<Call>, String)> {
        let open = |call: &Arc<Call>, attempt_stream: &AttemptStream| {
            attempt_stream.sender().map(|_| (Arc::clone(call), attempt_stream.name.clone()))
        };
        self.with_stream(id, open).flatten()
    }

    /// Begins the call of an invocation; all its attempts are known from then on.
    async fn begin_call(&self, task: &CallTask) -> Result<(), EngineError> {
        let id = task.invocation.id.clone();
        let read = move |conn: &_| invocations::read_attempts(conn, &id);
        let parts = self.0.log.readers.with(read).await?;
        let call = Arc::new(Call::new(&parts));
        let attempt_streams = (0..)
            .zip(&call.streams)
            .map(|(n, attempt_stream)| (attempt_stream.id.clone(), (call.clone(), n)));
        self.0.streams().extend(attempt_streams);
        let drive = CallDriver { shared: Arc::clone(&self.0), call, task: task.clone() };
        let mut drives = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        while drives.try_join_next().is_some() {} // Those that ended need no room any more.
        drives.spawn(drive.run(parts));
        Ok(())
    }

    async fn request_stop(&self, id: &AttemptId) {
        let Some((call, name)) = self.open_stream(id) else { return };
        let link = match tokio::time::timeout(ANSWER_TIMEOUT, call.wait_for_control()).await {
            Ok(link) => link,
            Err(_) => ControlChannel::Unavailable,
        };
        match link {
            ControlChannel::Available(to, run) => {
                let order = RunCommand::CancelTask(&name);
                if let Err(problem) = self.0.client().send_command(&to, &run, order).await {
                    let problem = problem.into_user_message();
                    self.write_note(
                        id,
                        messages::delivery_failed_note("Your wish to stop", &problem),
                    )
                    .await;
                }
            }
            ControlChannel::Pending | ControlChannel::Unavailable => {
                self.with_stream(id, |call, attempt_stream| {
                    call.lose_stream(attempt_stream, messages::stop_unsupported())
                });
            }
        }
    }

    async fn send_answer(&self, id: &AttemptId, answered: AnsweredFact) {
        let Some((call, name)) = self.open_stream(id) else { return };
        let ControlChannel::Available(to, run) = call.wait_for_control().await else { return };
        if let Err(problem) =
            self.0.client().send_command(&to, &run, RunCommand::Reply(&name, &answered)).await
        {
            let problem = problem.into_user_message();
            self.write_note(id, messages::delivery_failed_note("Your answer", &problem)).await;
        }
    }

    /// Says something in an attempt's transcript.
    async fn write_note(&self, id: &AttemptId, text: String) {
        let sender = self.with_stream(id, |_, attempt_stream| attempt_stream.sender()).flatten();
        if let Some(sender) = sender {
            let event = Event::Output { kind: LineKind::Note, text, first_line: 0 };
            let happened =
                RunnerEvent { at: (self.0.now)(), event, remote_seq: None, memory_permit: None };
            // An attempt that ended hears nothing.
            sender.send(happened).await.log_dropped("noting something in an attempt");
        }
    }
}

impl CloudShared {
    fn streams(&self) -> MutexGuard<'_, HashMap<AttemptId, (Arc<Call>, usize)>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Made when it is needed: that takes a moment.
    fn client(&self) -> &Client {
        self.client.get_or_init(Client::new)
    }
}

impl Runner for CloudRunner {
    type Task = CallTask;

    fn capabilities(&self) -> &'static [Capability] {
        &CAPABILITIES
    }

    async fn prepare(
        &self,
        id: &AttemptId,
        facts: TaskFacts,
        _: Option<Continuation>,
    ) -> Result<CallTask, EngineError> {
        let attempt = id.clone();
        let read = move |conn: &_| invocations::find(conn, &attempt.task, attempt.number);
        let invocation = self.0.log.readers.with(read).await?;
        let (Some(invocation), Some(endpoint)) = (invocation, facts.request.endpoint.clone())
        else {
            return Err(EngineError::Refused(messages::not_planned()));
        };
        Ok(CallTask { invocation, endpoint, request: facts.request, title: facts.batch_title })
    }

    async fn submit(&self, id: &AttemptId, task: &CallTask) -> Result<(), UserMessage> {
        let _begun_once = self.0.begin_lock.lock().await;
        if self.with_stream(id, |_, _| ()).is_none() {
            self.begin_call(task).await?;
        }
        match self.with_stream(id, |_, _| ()) {
            Some(()) => Ok(()),
            None => Err(messages::not_planned()),
        }
    }

    async fn events(&self, id: &AttemptId) -> Result<EventReceiver, UserMessage> {
        self.with_stream(id, |_, attempt_stream| attempt_stream.take_events())
            .flatten()
            .ok_or_else(|| super::events_unavailable(id))
    }

    async fn status(&self, id: &AttemptId) -> AttemptState {
        let state = |_: &_, attempt_stream: &AttemptStream| match attempt_stream.sender() {
            Some(_) => AttemptState::Working,
            None => AttemptState::Ended(attempt_stream.lost_reason().to_string()),
        };
        self.with_stream(id, state).unwrap_or(AttemptState::Unknown)
    }

    async fn send(&self, id: &AttemptId, control: WorkerControl) {
        match control {
            WorkerControl::Stop => self.request_stop(id).await,
            WorkerControl::Answer { question, option } => {
                self.send_answer(id, AnsweredFact { question, option: Some(option) }).await;
            }
            // Our disk is no matter there; reading waits for room by itself.
            WorkerControl::Allow { .. }
            | WorkerControl::Message { .. }
            | WorkerControl::Pause
            | WorkerControl::Resume => {}
        }
    }

    async fn list(&self) -> Vec<AttemptId> {
        self.0.streams().keys().cloned().collect()
    }

    async fn finalise(
        &self,
        id: &AttemptId,
        _task: &CallTask,
        progress: &Progress,
    ) -> Option<(Vec<Event>, Outcome)> {
        let goes_on = *self.0.detaching.borrow()
            && self
                .with_stream(id, |call, attempt_stream| {
                    attempt_stream.was_detached() && call.has_control()
                })
                .unwrap_or(false);
        let why = self.with_stream(id, |_, attempt_stream| attempt_stream.lost_reason());
        self.release(id).await;
        if goes_on {
            return None; // The next start goes on with it.
        }
        let outcome = Outcome::without_work(Status::Unknown);
        Some((Vec::new(), Outcome { notice: why, totals: progress.totals, ..outcome }))
    }

    async fn release(&self, id: &AttemptId) {
        let attempt_stream = self.0.streams().remove(id);
        if let Some((call, n)) = attempt_stream {
            call.close_stream(&call.streams[n]);
        }
    }

    async fn detach(&self) {
        self.0.detaching.send_replace(true);
        let mut drives = {
            let mut drives = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *drives)
        };
        while drives.join_next().await.is_some() {}
    }
}
