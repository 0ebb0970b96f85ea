//! What is shared between the one who listens to a call and those who carry its attempts.

use super::words;
use crate::runner::{AttemptId, Events, Happened};
use crate::store::invocations::Part;
use regatta_client::{Address, RunId};
use regatta_protocol::Notice;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};

/// How many events of one attempt wait at most until they are taken.
const WAITING: usize = 32;

/// A call with its attempts.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) lanes: Vec<Lane>,
    link: watch::Sender<Link>,
    /// How many lanes are open.
    open: watch::Sender<usize>,
}

/// What the service offers besides its stream.
#[derive(Debug, Clone)]
pub(super) enum Link {
    /// It hasn't answered yet.
    Calling,
    /// Calls about the run of this name: it is one of ours.
    Offered(Address, RunId),
    /// Nothing.
    Silent,
}

/// One attempt of a call.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) id: AttemptId,
    pub(super) name: String,
    state: Mutex<LaneState>,
}

#[derive(Debug)]
struct LaneState {
    /// None once it is closed.
    to: Option<mpsc::Sender<Happened>>,
    events: Option<Events>,
    /// Why nobody knows how it ended, if so.
    lost: Option<Notice>,
}

impl Call {
    /// All its lanes are open.
    pub(super) fn new(parts: &[Part]) -> Self {
        let lanes: Vec<Lane> = parts.iter().map(Lane::new).collect();
        let open = watch::Sender::new(lanes.len());
        Self { lanes, link: watch::Sender::new(Link::Calling), open }
    }

    /// What is known of it once is known for good.
    pub(super) fn answered(&self, link: Link) {
        self.link.send_if_modified(|known| {
            let is_new = matches!(known, Link::Calling);
            if is_new {
                *known = link;
            }
            is_new
        });
    }

    /// What the service offers, once it has answered.
    pub(super) async fn link(&self) -> Link {
        let mut link = self.link.subscribe();
        let known = link.wait_for(|link| !matches!(link, Link::Calling)).await;
        known.map_or(Link::Silent, |link| link.clone())
    }

    pub(super) fn is_offered(&self) -> bool {
        matches!(*self.link.borrow(), Link::Offered(..))
    }

    /// Returns when no lane is open any more.
    pub(super) async fn all_closed(&self) {
        let mut open = self.open.subscribe();
        open.wait_for(|open| *open == 0).await.ok(); // It is never dropped while it is used.
    }

    /// Nothing more comes in this lane.
    pub(super) fn close(&self, lane: &Lane) {
        if lane.state().to.take().is_some() {
            self.open.send_modify(|open| *open -= 1);
        }
    }

    /// Nothing more comes in this lane, and nobody knows how it ended.
    pub(super) fn lose(&self, lane: &Lane, why: Notice) {
        lane.state().lost.get_or_insert(why);
        self.close(lane);
    }
}

impl Lane {
    fn new(part: &Part) -> Self {
        let id = AttemptId { task: part.task.clone(), number: part.attempt };
        let (to, events) = mpsc::channel(WAITING);
        let state = LaneState { to: Some(to), events: Some(events), lost: None };
        Self { id, name: part.asked.task_name.clone(), state: Mutex::new(state) }
    }

    /// The way into the lane, while it is open.
    pub(super) fn sender(&self) -> Option<mpsc::Sender<Happened>> {
        self.state().to.clone()
    }

    /// What comes out of it, once.
    pub(super) fn take_events(&self) -> Option<Events> {
        self.state().events.take()
    }

    /// Whether it ended without a reason of its own: we stopped listening.
    pub(super) fn was_left(&self) -> bool {
        self.state().lost.is_none()
    }

    /// Why nobody knows how it ended.
    pub(super) fn why(&self) -> Notice {
        self.state().lost.clone().unwrap_or_else(words::ended_after_sending)
    }

    fn state(&self) -> MutexGuard<'_, LaneState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
