//! The queue: one task that owns what waits and what works in a place. Whoever wants something
//! of it sends a message; nobody shares a lock with it.

mod attempt;
mod hold;
mod intake;
mod line;
mod stop;

pub(crate) use attempt::Carrier;
pub(crate) use hold::Kept;
pub(crate) use intake::Intake;
pub(crate) use line::Waiting;
pub(crate) use stop::{ending, failed};

use crate::EngineError;
use crate::disk;
use crate::log::Written;
use crate::runner::Runner;
use crate::store::Entry;
use crate::store::invocations::Note;
use hold::{Held, Holds};
use line::Line;
use regatta_protocol::request::AgentChoice;
use regatta_protocol::view::{PlaceView, QueuePlace};
use regatta_protocol::worker::WorkerControl;
use regatta_protocol::{BatchId, Millis, Notice, TaskId};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinError, JoinSet};

/// An answer of the queue; where something is written, it tells when that is on disk.
pub(crate) type Reply = oneshot::Sender<Result<Option<Written>, EngineError>>;

/// Everything that the queue can be told.
#[derive(Debug)]
pub(crate) enum Message {
    /// Puts tasks in the line, and writes `events` if that was possible for all.
    Add { tasks: Vec<Waiting>, events: Vec<Entry>, reply: Reply },
    /// Stops tasks, whether they wait or work; those that are over are passed over.
    Stop { tasks: Vec<TaskId>, reply: Reply },
    /// Makes a waiting task the next one.
    RunNext { task: TaskId, reply: Reply },
    /// Tells every working task of a batch that something is allowed.
    Allow { batch: BatchId, key: String },
    /// Tells a working task something, such as an answer.
    Tell { task: TaskId, control: WorkerControl, reply: Reply },
    /// Changes how many may work at the same time.
    SetLimit(u32),
    /// It is so late now.
    Time(Millis),
    /// What an agent's tasks are held for is over, a person says.
    ResumeAgent(AgentChoice),
    /// So much room is free on the disk.
    Disk(u64),
    /// Stops everything and ends.
    Close { done: oneshot::Sender<()> },
}

/// The way to the queue. When the last one is gone, the queue ends without stopping
/// anything: workers notice that by themselves.
#[derive(Debug, Clone)]
pub(crate) struct Queue(mpsc::UnboundedSender<Message>);

impl Queue {
    /// Starts a queue whose attempts `carrier` carries, with what was held when the one before
    /// ended.
    pub(crate) fn start<R: Runner>(carrier: Arc<Carrier<R>>, limit: u32, kept: Kept) -> Self {
        let (to, messages) = mpsc::unbounded_channel();
        let asking = mpsc::unbounded_channel();
        let mut line = Line::default();
        for task in &kept.tasks {
            line.add(task.clone());
        }
        let state = State {
            trouble: carrier.log.trouble.clone(),
            carrier,
            messages,
            asking,
            line,
            holds: Holds(kept.holds.clone()),
            kept,
            working: HashMap::new(),
            carried: JoinSet::new(),
            limit,
            held: watch::Sender::new(None),
            deferred: Vec::new(),
            told: None,
        };
        tokio::spawn(state.run());
        Self(to)
    }

    /// Tells the queue something that it doesn't answer.
    pub(crate) fn tell(&self, message: Message) -> Result<(), EngineError> {
        self.0.send(message).map_err(|_| EngineError::Closed)
    }

    /// Asks the queue for something and waits for the answer.
    pub(crate) async fn ask(
        &self,
        message: impl FnOnce(Reply) -> Message,
    ) -> Result<Option<Written>, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.tell(message(reply))?;
        answer.await.unwrap_or(Err(EngineError::Closed))
    }

    /// A way to the queue that doesn't keep it alive.
    pub(crate) fn downgrade(&self) -> mpsc::WeakUnboundedSender<Message> {
        self.0.downgrade()
    }
}

/// The way by which attempts say that they wait for a person, or don't any more.
type Asking = (mpsc::UnboundedSender<(TaskId, bool)>, mpsc::UnboundedReceiver<(TaskId, bool)>);

struct State<R> {
    carrier: Arc<Carrier<R>>,
    messages: mpsc::UnboundedReceiver<Message>,
    asking: Asking,
    line: Line,
    holds: Holds,
    working: HashMap<TaskId, Working>,
    carried: JoinSet<(TaskId, Option<Held>)>,
    limit: u32,
    /// Why what works is held, if so.
    held: watch::Sender<Option<Notice>>,
    trouble: watch::Receiver<Option<Notice>>,
    /// Tasks to add whose attempt before has an end that can be seen, but isn't carried to
    /// its end yet.
    deferred: Vec<Message>,
    /// What is held, as it is in the file.
    kept: Kept,
    /// What was made known last.
    told: Option<(PlaceView, HashMap<BatchId, Vec<QueuePlace>>)>,
}

/// What an attempt is told.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// To be passed on to whoever does the work.
    Control(WorkerControl),
    /// Regatta ends. What it asks isn't withdrawn by that.
    Close,
}

/// An attempt that is under way.
struct Working {
    attempt: u32,
    controls: mpsc::UnboundedSender<Told>,
    handle: AbortHandle,
    /// A person stopped it.
    stopped: bool,
}

impl<R: Runner> State<R> {
    async fn run(mut self) {
        loop {
            self.holds.drop_idle(&self.line);
            self.start_what_may();
            self.keep_held();
            self.tell_place();
            tokio::select! {
                message = self.messages.recv() => match message {
                    Some(Message::Close { done }) => {
                        self.wind_down().await;
                        done.send(()).ok(); // Whoever asked may have gone.
                        return;
                    }
                    Some(message) => self.take(message),
                    None => return,
                },
                Some(ended) = self.carried.join_next() => self.ended(ended),
                Some((task, asks)) = self.asking.1.recv() => self.line.asks(&task, asks),
                Ok(()) = self.trouble.changed() => {}
            }
        }
    }

    fn take(&mut self, message: Message) {
        if let Message::Add { tasks, .. } = &message
            && tasks.iter().any(|task| self.working.contains_key(&task.task))
        {
            return self.deferred.push(message);
        }
        let (reply, answer) = match message {
            Message::Add { tasks, events, reply } => (reply, self.add(tasks, events)),
            Message::Stop { tasks, reply } => (reply, self.stop(&tasks)),
            Message::RunNext { task, reply } => (reply, self.run_next(&task)),
            Message::Tell { task, control, reply } => (reply, self.tell(&task, control)),
            Message::Allow { batch, key } => {
                return self.tell_batch(&batch, &WorkerControl::Allow { key });
            }
            Message::SetLimit(limit) => return self.limit = limit,
            Message::Time(now) => return self.holds.pass(now),
            Message::ResumeAgent(agent) => return self.holds.release(&agent),
            Message::Disk(free) => return self.look_at_disk(free),
            Message::Close { .. } => unreachable!("BUG: taken by the loop"),
        };
        reply.send(answer).ok(); // Whoever asked may have gone.
    }

    fn add(
        &mut self,
        tasks: Vec<Waiting>,
        events: Vec<Entry>,
    ) -> Result<Option<Written>, EngineError> {
        if tasks.iter().any(|task| self.line.knows(&task.task)) {
            return Err(EngineError::WrongState("This task is waiting or working already."));
        }
        let written = match events.is_empty() {
            true => None,
            false => Some(self.carrier.log.note(events)?),
        };
        for task in tasks {
            self.line.add(task);
        }
        Ok(written)
    }

    fn run_next(&mut self, task: &TaskId) -> Result<Option<Written>, EngineError> {
        match self.line.run_next(task) {
            true => Ok(None),
            false => Err(EngineError::WrongState("This task isn't waiting any more.")),
        }
    }

    fn tell(&self, task: &TaskId, control: WorkerControl) -> Result<Option<Written>, EngineError> {
        let working = self.working.get(task);
        match working.is_some_and(|working| working.controls.send(Told::Control(control)).is_ok()) {
            true => Ok(None),
            false => Err(EngineError::WrongState("This task isn't working any more.")),
        }
    }

    /// Starts tasks as long as one may start. A task counts as working before it does.
    fn start_what_may(&mut self) {
        if self.paused().is_some() {
            return;
        }
        while let Some(task) = self.line.start_next(self.limit, &self.holds) {
            self.carry(task, false);
        }
    }

    /// Has a task that counts as working carried to its end; one that was `stopped` before it
    /// began straight to it.
    fn carry(&mut self, task: Waiting, stopped: bool) {
        let (controls, heard) = mpsc::unbounded_channel();
        let (id, attempt) = (task.task.clone(), task.attempt);
        let carrier = Arc::clone(&self.carrier);
        let (held, asking) = (self.held.subscribe(), self.asking.0.clone());
        let handle = self.carried.spawn(async move {
            let id = task.task.clone();
            match stopped {
                false => (id, carrier.carry(task, heard, (held, asking)).await),
                true => {
                    carrier.end_held(&task).await;
                    (id, None)
                }
            }
        });
        self.working.insert(id, Working { attempt, controls, handle, stopped });
    }

    fn ended(&mut self, ended: Result<(TaskId, Option<Held>), JoinError>) {
        let (task, held) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                let by_handle =
                    |(_, working): &(&TaskId, &Working)| working.handle.id() == error.id();
                let found = self.working.iter().find(by_handle);
                let (task, working) = found.expect("BUG: it was carried");
                let task = task.clone();
                // A bug of ours ended it. If even that can't be said, the store is closed.
                self.carrier.log.note(stop::broken(&task, working.attempt, self.carrier.now)).ok();
                (task, None)
            }
        };
        self.over(&task, held);
        for message in std::mem::take(&mut self.deferred) {
            self.take(message);
        }
    }

    /// An attempt is carried to its end; `held`: its task goes on later.
    fn over(&mut self, task: &TaskId, held: Option<Held>) {
        let stopped = self.working.remove(task).is_some_and(|working| working.stopped);
        // What it said before its end is not about the task's next attempt.
        while let Ok((task, asks)) = self.asking.1.try_recv() {
            self.line.asks(&task, asks);
        }
        self.line.ended(task);
        match held {
            // It ended by itself before it heard that a person stopped it. If that can't be
            // said, the store is closed.
            Some(held) if stopped => {
                let events = self.end(held.next);
                self.carrier.log.note(events).ok();
            }
            Some(held) => {
                self.holds.add(&held);
                self.line.add(held.next);
            }
            None => {}
        }
    }

    /// Puts on record what is held, if that has changed.
    fn keep_held(&mut self) {
        let held = self.holds.kept(&self.line);
        if R::HERE && self.kept != held {
            let body = serde_json::to_string(&held).expect("BUG: what is held is always JSON");
            // A store that is closed keeps nothing more.
            self.carrier.log.keep(Note::Held { body }).ok();
            self.kept = held;
        }
    }

    /// Why nothing is started, if so.
    fn paused(&self) -> Option<Notice> {
        self.trouble.borrow().clone().or_else(|| self.held.borrow().clone())
    }

    /// Holds what works when the disk is nearly full, and lets it go on when there is
    /// room again.
    fn look_at_disk(&mut self, free: u64) {
        let is_held = self.held.borrow().is_some();
        if !is_held && free < disk::FULL {
            self.held.send_replace(Some(disk::full_notice(free)));
            self.tell_all(&WorkerControl::Pause);
        } else if is_held && free >= disk::LOW {
            self.held.send_replace(None);
            self.tell_all(&WorkerControl::Resume);
        }
    }

    fn tell_batch(&self, batch: &BatchId, control: &WorkerControl) {
        for task in self.line.working_of(batch) {
            if let Some(working) = self.working.get(task) {
                working.controls.send(Told::Control(control.clone())).ok(); // As in `tell_all`.
            }
        }
    }

    fn tell_all(&self, control: &WorkerControl) {
        for working in self.working.values() {
            // One that has just ended hears nothing.
            working.controls.send(Told::Control(control.clone())).ok();
        }
    }

    fn tell_place(&mut self) {
        if !R::HERE {
            return; // How busy other places are, only they know.
        }
        let place = PlaceView {
            busy: self.line.busy(self.limit),
            limit: self.limit,
            waiting: self.line.waiting(),
            paused: self.paused(),
            holds: self.holds.views(&self.line),
        };
        let now = (place, self.line.places());
        if self.told.as_ref() != Some(&now) {
            let (place, places) = now.clone();
            // A store that is closed has nobody to tell.
            self.carrier.log.tell_place(place, places).ok();
            self.told = Some(now);
        }
    }
}

#[cfg(test)]
mod tests;
