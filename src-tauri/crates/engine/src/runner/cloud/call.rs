//! What is shared between the one who listens to a call and those who carry its attempts.

use super::messages;
use crate::runner::{AttemptId, EventReceiver, RunnerEvent};
use crate::store::invocations::InvokedAttempt;
use regatta_client::{Address, RunId};
use regatta_protocol::UserMessage;
use regatta_trace::LogDropped;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};

/// How many events of one attempt wait at most until they are taken.
const CHANNEL_CAPACITY: usize = 32;

/// A call with its attempts.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) streams: Vec<AttemptStream>,
    control: watch::Sender<ControlChannel>,
    /// How many lanes are open.
    open_count: watch::Sender<usize>,
}

/// What the service offers besides its stream.
#[derive(Debug, Clone)]
pub(super) enum ControlChannel {
    /// It hasn't answered yet.
    Pending,
    /// Calls about the run of this name: it is one of ours.
    Available(Address, RunId),
    /// Nothing.
    Unavailable,
}

/// One attempt of a call.
#[derive(Debug)]
pub(super) struct AttemptStream {
    pub(super) id: AttemptId,
    pub(super) name: String,
    state: Mutex<AttemptStreamInner>,
}

#[derive(Debug)]
struct AttemptStreamInner {
    /// None once it is closed.
    sender: Option<mpsc::Sender<RunnerEvent>>,
    events: Option<EventReceiver>,
    /// Why nobody knows how it ended, if so.
    lost_reason: Option<UserMessage>,
}

impl Call {
    /// All its lanes are open.
    pub(super) fn new(parts: &[InvokedAttempt]) -> Self {
        let streams: Vec<AttemptStream> = parts.iter().map(AttemptStream::new).collect();
        let open_count = watch::Sender::new(streams.len());
        Self { streams, control: watch::Sender::new(ControlChannel::Pending), open_count }
    }

    /// What is known of it once is known for good.
    pub(super) fn set_control(&self, link: ControlChannel) {
        self.control.send_if_modified(|known| {
            let is_new = matches!(known, ControlChannel::Pending);
            if is_new {
                *known = link;
            }
            is_new
        });
    }

    /// What the service offers, once it has answered.
    pub(super) async fn wait_for_control(&self) -> ControlChannel {
        let mut link = self.control.subscribe();
        let known = link.wait_for(|link| !matches!(link, ControlChannel::Pending)).await;
        known.map_or(ControlChannel::Unavailable, |link| link.clone())
    }

    pub(super) fn has_control(&self) -> bool {
        matches!(*self.control.borrow(), ControlChannel::Available(..))
    }

    /// Returns when no lane is open any more.
    pub(super) async fn wait_until_closed(&self) {
        let mut open = self.open_count.subscribe();
        // It is never dropped while it is used.
        open.wait_for(|open| *open == 0).await.log_dropped("waiting for the attempts");
    }

    /// Nothing more comes in this lane.
    pub(super) fn close_stream(&self, attempt_stream: &AttemptStream) {
        if attempt_stream.lock().sender.take().is_some() {
            self.open_count.send_modify(|open| *open -= 1);
        }
    }

    /// Nothing more comes in this lane, and nobody knows how it ended.
    pub(super) fn lose_stream(&self, attempt_stream: &AttemptStream, why: UserMessage) {
        attempt_stream.lock().lost_reason.get_or_insert(why);
        self.close_stream(attempt_stream);
    }
}

impl AttemptStream {
    fn new(part: &InvokedAttempt) -> Self {
        let id = AttemptId { task: part.task.clone(), number: part.attempt };
        let (to, events) = mpsc::channel(CHANNEL_CAPACITY);
        let state =
            AttemptStreamInner { sender: Some(to), events: Some(events), lost_reason: None };
        Self { id, name: part.request.task_name.clone(), state: Mutex::new(state) }
    }

    /// The way into the lane, while it is open.
    pub(super) fn sender(&self) -> Option<mpsc::Sender<RunnerEvent>> {
        self.lock().sender.clone()
    }

    /// What comes out of it, once.
    pub(super) fn take_events(&self) -> Option<EventReceiver> {
        self.lock().events.take()
    }

    /// Whether it ended without a reason of its own: we stopped listening.
    pub(super) fn was_detached(&self) -> bool {
        self.lock().lost_reason.is_none()
    }

    /// Why nobody knows how it ended.
    pub(super) fn lost_reason(&self) -> UserMessage {
        self.lock().lost_reason.clone().unwrap_or_else(messages::ended_after_sending)
    }

    fn lock(&self) -> MutexGuard<'_, AttemptStreamInner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
