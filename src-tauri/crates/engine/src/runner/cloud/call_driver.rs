//! Making one call and listening to it until its last word; [`ending`] is how it ends.

mod ending;

use super::call::{AttemptStream, Call, ControlChannel};
use super::demux::{Demux, DemuxEvent, Target, TargetedEvent};
use super::{CallTask, CloudShared, messages};
use crate::EngineError;
use crate::credentials::repository_token;
use crate::runner::{AttemptId, EventBatcher, RunnerEvent, failed_outcome};
use crate::store::Record;
use crate::store::invocations::{self, InvokedAttempt};
use ending::outcome_from_end;
use regatta_client::CallError;
use regatta_client::{Address, InvokeBody, RunId, Session, SessionEnd, SessionEvent, Work};
use regatta_protocol::{Event, Millis, RepositoryAddress, Secret, Status, TaskId, UserMessage};
use regatta_trace::LogDropped;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// How long a stream is listened to once it has nothing more to say of any task.
const LINGER_TIMEOUT: Duration = Duration::from_secs(5);
/// How many events of the batch as a whole wait at most.
const CHANNEL_CAPACITY: usize = 32;

/// One call, from before it is sent.
#[derive(Debug)]
pub(super) struct CallDriver {
    pub(super) shared: Arc<CloudShared>,
    pub(super) call: Arc<Call>,
    pub(super) task: CallTask,
}

/// What is known while a call is listened to.
struct StreamState {
    demux: Demux,
    /// What a place says of the batch as a whole goes here.
    batch_channel: mpsc::Sender<RunnerEvent>,
    /// Whether a break was told and its end wasn't.
    is_disconnected: bool,
}

impl CallDriver {
    /// Makes the call and listens. When this returns every lane is closed.
    pub(super) async fn run(self, parts: Vec<InvokedAttempt>) {
        let (whole, rest) = mpsc::channel(CHANNEL_CAPACITY);
        let taken =
            tokio::spawn(record_batch_channel(Arc::clone(&self.shared), self.task.clone(), rest));
        if let Some((mut session, parts)) = self.open_session(parts).await {
            let tasks =
                parts.into_iter().map(|part| (part.request.task_name, part.remote_seq)).collect();
            let split = Demux::new(tasks, self.batch_channel_seq().await);
            let mut stream_state =
                StreamState { demux: split, batch_channel: whole, is_disconnected: false };
            let why = self.listen(&mut session, &mut stream_state).await;
            self.flush_all(&mut stream_state).await;
            if let Some(why) = why {
                self.lose_all(&why);
            }
        } else {
            drop(whole);
        }
        self.call.set_control(ControlChannel::Unavailable);
        self.close_all();
        taken.await.log_failed("writing the batch's channel"); // It ends as nobody tells it anything any more.
    }

    /// Has the session begun or go on; `None` if every lane was told why not.
    async fn open_session(
        &self,
        parts: Vec<InvokedAttempt>,
    ) -> Option<(Session, Vec<InvokedAttempt>)> {
        let to = match self.endpoint_address().await {
            Ok(to) => to,
            Err(notice) => {
                self.refuse_all(notice).await;
                return None;
            }
        };
        if self.task.invocation.may_have_left {
            return self.resume_session(to, &parts).map(|session| (session, parts));
        }
        match self.send_tasks(&to).await {
            Ok(Some((session, parts))) => {
                self.handle_accepted(to, &session).await;
                Some((session, parts))
            }
            Ok(None) => None,
            Err(CallError::Lost(notice)) => {
                self.lose_all(&messages::connection_lost(&notice));
                None
            }
            Err(CallError::NotSent(notice) | CallError::Refused(notice, _)) => {
                self.refuse_all(notice).await;
                None
            }
        }
    }

    /// Goes on with what was sent by an earlier start of the program.
    fn resume_session(&self, to: Address, parts: &[InvokedAttempt]) -> Option<Session> {
        let Some(run) = self.task.invocation.run.as_deref().and_then(RunId::parse) else {
            self.lose_all(&messages::ended_after_sending());
            return None;
        };
        self.close_ended(parts);
        let open = parts.iter().filter(|part| part.is_open);
        let after = open.map(|part| part.remote_seq).min().unwrap_or_default();
        self.call.set_control(ControlChannel::Available(to.clone(), run.clone()));
        let session = Session::resume(self.shared.client(), &to, run, after);
        Some(session.with_timing(self.shared.timing))
    }

    /// Sends the tasks that are still wanted, once it is on disk that they may have left; gives
    /// all tasks back as they are then.
    async fn send_tasks(
        &self,
        to: &Address,
    ) -> Result<Option<(Session, Vec<InvokedAttempt>)>, CallError> {
        let id = self.task.invocation.id.clone();
        let sent = self.mark_sent(id.clone()).await.log_dropped("noting that a call is sent");
        let Some(parts) = sent else { return Ok(None) };
        self.close_ended(&parts);
        let open = parts.iter().filter(|part| part.is_open);
        let tasks: Vec<_> = open.map(|part| part.request.clone()).collect();
        if tasks.is_empty() {
            return Ok(None);
        }
        let (request, follow_up) = (&self.task.request, self.task.invocation.follow_up.as_ref());
        let token = self.repository_token().await;
        let body = InvokeBody {
            repo_url: &request.project,
            token: &token,
            work: follow_up.map_or(Work::Tasks(&tasks), |next| Work::Message(&next.message)),
            branch: &request.start_from,
            haiku: request.haiku,
            thread_id: follow_up.map_or(&request.thread_id, |next| &next.thread),
            name: &self.task.title,
            max_parallel: request.max_parallel,
        };
        let mut leaving = self.shared.detaching.subscribe();
        tokio::select! {
            session = Session::start(self.shared.client(), to, &body, &id) => {
                session.map(|session| Some((session, parts)))
            }
            // Nobody waits for the answer any more: it may have been sent all the same.
            () = self.call.wait_until_closed() => Ok(None),
            _ = leaving.wait_for(|leaving| *leaving) => Ok(None),
        }
    }

    async fn mark_sent(&self, id: String) -> Result<Vec<InvokedAttempt>, EngineError> {
        let log = &self.shared.log;
        log.write_record(Record::Sent { id: id.clone() })?.wait().await?;
        // What was stopped before this was written is known to be.
        log.readers.with(move |conn| invocations::read_attempts(conn, &id)).await
    }

    /// The service took the tasks.
    async fn handle_accepted(&self, to: Address, session: &Session) {
        let run = session.run().cloned().filter(|_| session.is_ours());
        let Some(run) = run else {
            self.call.set_control(ControlChannel::Unavailable);
            let working = Event::Status { status: Status::Working, notice: None };
            for attempt_stream in &self.call.streams {
                self.send_event(attempt_stream, (self.shared.now)(), working.clone(), None).await;
            }
            return;
        };
        let (id, name) = (self.task.invocation.id.clone(), run.to_string());
        // Should it not be kept, the store is closed and nothing else will be, either.
        let kept = self.shared.log.write_record(Record::Run { id, run: name });
        kept.log_dropped("keeping a run's name");
        self.call.set_control(ControlChannel::Available(to, run));
    }

    /// Listens to the last word. Returns why what is open then is lost, if it is.
    async fn listen(
        &self,
        session: &mut Session,
        stream_state: &mut StreamState,
    ) -> Option<UserMessage> {
        let mut leaving = self.shared.detaching.subscribe();
        let rest = async {
            self.call.wait_until_closed().await;
            tokio::time::sleep(LINGER_TIMEOUT).await;
        };
        tokio::pin!(rest);
        loop {
            let heard = tokio::select! {
                heard = session.next() => heard,
                () = &mut rest => return None,
                _ = leaving.wait_for(|leaving| *leaving) => return None,
            };
            match heard {
                SessionEvent::Event(item) => {
                    for demuxed in stream_state.demux.push(item, (self.shared.now)()) {
                        self.handle_demuxed(stream_state, demuxed).await;
                    }
                }
                SessionEvent::Reconnecting(why) => {
                    if !std::mem::replace(&mut stream_state.is_disconnected, true) {
                        self.write_batch_note(stream_state, messages::reconnecting_note(&why))
                            .await;
                    }
                }
                SessionEvent::Reconnected => {
                    if std::mem::take(&mut stream_state.is_disconnected) {
                        self.write_batch_note(stream_state, messages::RECONNECTED_NOTE.to_owned())
                            .await;
                    }
                }
                SessionEvent::Ended(SessionEnd::Ended) => {
                    return Some(messages::connection_lost(&messages::ended_without_outcome()));
                }
                SessionEvent::Ended(SessionEnd::Lost(why) | SessionEnd::Refused(why)) => {
                    return Some(messages::connection_lost(&why));
                }
            }
        }
    }

    async fn handle_demuxed(&self, stream_state: &mut StreamState, said: DemuxEvent) {
        match said {
            DemuxEvent::Event(event) => self.route_event(stream_state, event).await,
            DemuxEvent::Thread { task, thread } => self.record_thread(task, &thread),
            DemuxEvent::Failed { task, message } => {
                let outcome = failed_outcome(messages::endpoint_failed(&message));
                self.end_tasks(stream_state, task, |_| outcome.clone()).await;
            }
            DemuxEvent::Ended(Some(end)) => {
                self.end_tasks(stream_state, None, |attempt_stream| {
                    outcome_from_end(&end, attempt_stream)
                })
                .await
            }
            DemuxEvent::Ended(None) => self.end_without_statuses(stream_state).await,
        }
    }

    async fn route_event(&self, stream_state: &StreamState, targeted: TargetedEvent) {
        let TargetedEvent { target, at, event, remote_seq } = targeted;
        let attempt_stream = match target {
            Target::Task(n) => Some(&self.call.streams[n]),
            Target::Batch => None,
        };
        match attempt_stream.filter(|attempt_stream| attempt_stream.sender().is_some()) {
            Some(attempt_stream) => {
                let is_last = matches!(event, Event::Outcome(_));
                self.send_event(attempt_stream, at, event, remote_seq).await;
                if is_last {
                    self.call.close_stream(attempt_stream);
                }
            }
            // What is said of a task that is over is kept with the batch, as far as it is text.
            None if attempt_stream.is_none() || matches!(event, Event::Output { .. }) => {
                let memory_permit = self.acquire_memory(&event).await;
                stream_state
                    .batch_channel
                    .send(RunnerEvent { at, event, remote_seq, memory_permit })
                    .await
                    .log_dropped("writing the batch's channel");
            }
            None => {}
        }
    }

    /// Hands an event to whoever carries the attempt.
    async fn send_event(
        &self,
        attempt_stream: &AttemptStream,
        at: Millis,
        event: Event,
        remote_seq: Option<u64>,
    ) {
        let Some(to) = attempt_stream.sender() else { return };
        let memory_permit = self.acquire_memory(&event).await;
        if to.send(RunnerEvent { at, event, remote_seq, memory_permit }).await.is_err() {
            self.call.close_stream(attempt_stream); // Nobody carries it any more.
        }
    }

    /// The room that an event's text takes, once there is that much.
    async fn acquire_memory(&self, event: &Event) -> Option<OwnedSemaphorePermit> {
        let Event::Output { text, .. } = event else { return None };
        let kb = (text.len() / 1024).min(super::MEMORY_LIMIT_KB);
        let kb = u32::try_from(kb).expect("BUG: it is small");
        match kb {
            0 => None,
            kb => Arc::clone(&self.shared.memory).acquire_many_owned(kb).await.ok(),
        }
    }

    fn record_thread(&self, task: Option<usize>, thread: &str) {
        for (n, attempt_stream) in self.call.streams.iter().enumerate() {
            if task.is_none_or(|task| task == n) && attempt_stream.sender().is_some() {
                let (task, thread) = (attempt_stream.id.task.clone(), thread.to_owned());
                // Should it not be kept, the store is closed.
                let kept = self.shared.log.write_record(Record::Thread { task, thread });
                kept.log_dropped("keeping a thread's name");
            }
        }
    }

    async fn endpoint_address(&self) -> Result<Address, UserMessage> {
        let to = Address::parse(&self.task.endpoint.address)?;
        Ok(to.with_key(self.shared.keys.endpoint_key(&self.task.endpoint).await?))
    }

    async fn repository_token(&self) -> Secret {
        let given = self.shared.tokens.get(&self.task.invocation.batch);
        let address = RepositoryAddress::parse(&self.task.request.project).ok();
        repository_token(self.shared.keys.as_ref(), given.as_ref(), address.as_ref()).await
    }

    async fn batch_channel_seq(&self) -> u64 {
        let batch = self.task.invocation.batch.clone();
        let read = move |conn: &_| invocations::batch_channel_seq(conn, &batch);
        let read = self.shared.log.readers.with(read).await;
        read.log_dropped("reading how far a batch was received").unwrap_or_default()
    }
}

/// Writes what a place says of a batch as a whole into its pseudo-task, which is made for the
/// first word.
async fn record_batch_channel(
    inner: Arc<CloudShared>,
    task: CallTask,
    mut events: mpsc::Receiver<RunnerEvent>,
) {
    let Some(first) = events.recv().await else { return };
    let fresh = TaskId::parse(&crate::ids::new_id()).expect("BUG: our ids are ids");
    let batch = &task.invocation.batch;
    let made = inner.log.ensure_batch_channel(batch, fresh, first.at).await;
    let Some(task) = made.log_dropped("keeping what a place said of a batch") else { return };
    let id = AttemptId { task, number: 1 };
    let mut intake = EventBatcher::new(&inner.log, &id);
    intake.push(first);
    // An error says that the store is closed: nothing can be kept any more.
    intake.forward_all(&mut events).await.log_dropped("keeping what a place said of a batch");
}
