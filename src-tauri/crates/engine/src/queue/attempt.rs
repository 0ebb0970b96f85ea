//! Carrying one attempt from its start to its end: everything that happens goes into the
//! log, in order, and its status comes from facts.

use super::hold::Held;
use super::intake::{AT_ONCE, Intake};
use super::stop::{ending, failed};
use super::{Told, Waiting};
use crate::EngineError;
use crate::access::Access;
use crate::log::Log;
use crate::runner::{
    AttemptId, Events, GoOn, Happened, Progress, Runner, what_to_do_about_questions,
};
use crate::store::{Entry, TaskFacts, read};
use regatta_protocol::event::Outcome;
use regatta_protocol::worker::WorkerControl;
use regatta_protocol::{ErrorCode, Event, Millis, Notice, Status, TaskId};
use tokio::sync::{mpsc, watch};

type Controls = mpsc::UnboundedReceiver<Told>;

/// What an attempt is told by the queue, and tells it: why what works is held, if so; and whether
/// its task waits for a person.
type Ties = (watch::Receiver<Option<Notice>>, mpsc::UnboundedSender<(TaskId, bool)>);

/// What is wanted of an attempt at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    GoOn,
    /// A person stopped it.
    Stop,
    /// Regatta ends, and it with it.
    Close,
}

/// What is known of an attempt besides its events.
struct Around {
    /// Why what works is held, if so.
    held: watch::Receiver<Option<Notice>>,
    wish: watch::Receiver<Wish>,
    task: TaskId,
    asking: mpsc::UnboundedSender<(TaskId, bool)>,
}

/// What is needed to carry attempts.
#[derive(Debug)]
pub(crate) struct Carrier<R> {
    pub(crate) log: Log,
    pub(crate) runner: R,
    pub(crate) access: Access,
    pub(crate) now: fn() -> Millis,
}

impl<R: Runner> Carrier<R> {
    /// Carries an attempt. When this returns, its end is on disk and nothing of it runs; what
    /// is given back: the task is held, and how it goes on later.
    pub(super) async fn carry(
        &self,
        waiting: Waiting,
        controls: Controls,
        ties: Ties,
    ) -> Option<Held> {
        let id = AttemptId { task: waiting.task.clone(), number: waiting.attempt };
        let ended = match self.prepare(&id, waiting.go_on.clone()).await {
            Ok((task, worked)) => self.work(&id, (&task, worked), (controls, ties)).await,
            Err(error) => Ok(Some(failed(error.into()))),
        };
        // None: the store is closed, or the attempt goes on elsewhere.
        let Ok(Some(mut outcome)) = ended else { return None };
        let now = (self.now)();
        if R::HERE
            && let Some(held) = Held::of(&waiting, &outcome, now)
        {
            let entries = pausing(&id, now, (outcome, &held));
            let written = self.log.append(entries).await.ok()?;
            written.wait().await.ok()?; // As above.
            return Some(held);
        }
        let shared = self.share(&id, &mut outcome).await;
        let end = ending(&id.task, id.number, (self.now)(), outcome);
        if let Ok(written) = self.log.append(shared.into_iter().chain(end).collect()).await {
            written.wait().await.ok(); // As above.
        }
        None
    }

    /// Ends a task that was stopped while it waited to go on. What it did before it was held is
    /// its result, which nobody has shared yet.
    pub(super) async fn end_held(&self, waiting: &Waiting) {
        let id = AttemptId { task: waiting.task.clone(), number: waiting.attempt };
        let mut outcome = Outcome::without_work(Status::Stopped);
        let mut shared = None;
        if let Ok(facts) = self.facts(&id).await
            && facts.view.status == Status::Paused
            && let Some(left) = facts.left
        {
            (outcome.commit, outcome.totals) = (Some(left.commit), left.totals.unwrap_or_default());
            shared = self.share(&id, &mut outcome).await;
        }
        let end = ending(&id.task, id.number, (self.now)(), outcome);
        // A store that is closed keeps nothing more.
        if let Ok(written) = self.log.append(shared.into_iter().chain(end).collect()).await {
            written.wait().await.ok();
        }
    }

    /// Everything that the attempt needs, and whether it was at work before: in a place that
    /// went on without us.
    async fn prepare(
        &self,
        id: &AttemptId,
        go_on: Option<GoOn>,
    ) -> Result<(R::Task, bool), EngineError> {
        let facts = self.facts(id).await?;
        // Here, only a task that is held is active before it begins.
        let worked = !R::HERE && facts.view.status.is_active();
        Ok((self.runner.prepare(id, facts, go_on).await?, worked))
    }

    async fn facts(&self, id: &AttemptId) -> Result<TaskFacts, EngineError> {
        let task = id.task.clone();
        self.log.readers.with(move |conn| read::facts(conn, &task)).await
    }

    /// Has the attempt done and gives back how it ended; none: it goes on elsewhere.
    async fn work(
        &self,
        id: &AttemptId,
        (task, worked): (&R::Task, bool),
        (controls, (held, asking)): (Controls, Ties),
    ) -> Result<Option<Outcome>, EngineError> {
        if let Err(notice) = self.runner.submit(id, task).await {
            return Ok(Some(failed(notice)));
        }
        let events = match self.runner.events(id).await {
            Ok(events) => events,
            Err(notice) => return Ok(Some(failed(notice))),
        };
        let wish = watch::Sender::new(Wish::GoOn);
        let around = Around { held, wish: wish.subscribe(), task: id.task.clone(), asking };
        let mut progress = Progress { worked, ..Progress::default() };
        // Controls get through while events wait for room on the disk.
        tokio::select! {
            read = self.take_events(id, (events, &around), &mut progress) => read?,
            () = self.pass_on(id, controls, &wish) => {}
        }
        let wish = *wish.borrow();
        progress.stop_asked = wish != Wish::GoOn;
        let ended = match progress.outcome.take() {
            Some(outcome) => {
                self.runner.forget(id).await;
                Some(outcome)
            }
            None => self.end_without_word(id, task, &progress).await?,
        };
        let asks = wish == Wish::Close && !progress.asked.is_empty();
        match ended {
            Some(outcome) if asks && outcome.status == Status::Stopped => {
                Ok(Some(self.interrupted_asking(id, outcome).await?))
            }
            ended => Ok(ended),
        }
    }

    /// An attempt that still asks when Regatta ends isn't over for the person.
    async fn interrupted_asking(
        &self,
        id: &AttemptId,
        outcome: Outcome,
    ) -> Result<Outcome, EngineError> {
        let session = self.facts(id).await?.view.session;
        let safe = match &outcome.commit {
            Some(_) => "What it had changed is saved.",
            None => "It had changed nothing.",
        };
        let notice = Notice::new(
            ErrorCode::Interrupted,
            "Regatta ended while this task asked something.",
            safe,
            what_to_do_about_questions(session.as_ref()),
        );
        Ok(Outcome { status: Status::Interrupted, notice: Some(notice), ..outcome })
    }

    /// Writes what happens until the outcome, or until the place has nothing more to tell.
    async fn take_events(
        &self,
        id: &AttemptId,
        (mut events, around): (Events, &Around),
        progress: &mut Progress,
    ) -> Result<(), EngineError> {
        let mut intake = Intake::new(&self.log, id);
        let mut came = Vec::new();
        loop {
            tokio::select! {
                count = events.recv_many(&mut came, AT_ONCE) => {
                    for happened in came.drain(..) {
                        Self::take(&mut intake, (happened, around), progress);
                    }
                    if count == 0 || progress.outcome.is_some() {
                        return intake.hand_in().await;
                    }
                }
                written = intake.written() => written?,
            }
            if intake.may_hand_in() {
                intake.hand_in().await?;
            }
        }
    }

    fn take(
        intake: &mut Intake<'_>,
        (mut happened, around): (Happened, &Around),
        progress: &mut Progress,
    ) {
        if progress.outcome.is_some() {
            return; // It had the last word.
        }
        if let Event::Outcome(outcome) = happened.event {
            if !progress.worked && outcome.status == Status::Finished {
                // Only what works can finish, and it did work: it has an outcome.
                let working = Event::Status { status: Status::Working, notice: None };
                intake.add(Happened { event: working, ..happened });
            }
            progress.outcome = Some(plausible(outcome));
            return;
        }
        let withdrawn = matches!(happened.event, Event::Answered { option: None, .. });
        if withdrawn && *around.wish.borrow() == Wish::Close {
            return; // It can be answered after the next start.
        }
        let asked = !progress.asked.is_empty();
        progress.note(&happened.event);
        let asks = !progress.asked.is_empty();
        if asks != asked {
            // The queue may have ended.
            around.asking.send((around.task.clone(), asks)).ok();
        }
        let why_held = around.held.borrow().clone();
        if let Some(event) = admitted::<R>(happened.event, why_held) {
            happened.event = event;
            intake.add(happened);
        }
    }

    /// Passes on what the attempt is told. Never ends: the events' end is the end.
    async fn pass_on(&self, id: &AttemptId, mut controls: Controls, wish: &watch::Sender<Wish>) {
        while let Some(told) = controls.recv().await {
            let (control, wanted) = match told {
                Told::Control(WorkerControl::Stop) => (WorkerControl::Stop, Wish::Stop),
                Told::Control(control) => (control, Wish::GoOn),
                Told::Close => (WorkerControl::Stop, Wish::Close),
            };
            // What was wanted first counts.
            wish.send_if_modified(|wish| {
                let is_new = *wish == Wish::GoOn && wanted != Wish::GoOn;
                *wish = if is_new { wanted } else { *wish };
                is_new
            });
            self.runner.tell(id, control).await;
        }
        std::future::pending().await
    }

    /// The events ended without a word on how the attempt did.
    async fn end_without_word(
        &self,
        id: &AttemptId,
        task: &R::Task,
        progress: &Progress,
    ) -> Result<Option<Outcome>, EngineError> {
        let Some((events, outcome)) = self.runner.settle(id, task, progress).await else {
            return Ok(None);
        };
        let mut intake = Intake::new(&self.log, id);
        for event in events {
            let at = (self.now)();
            intake.add(Happened { at, event, wire: None, room: None });
        }
        intake.hand_in().await?;
        Ok(Some(outcome))
    }
}

/// What a place may say. How an attempt ends is told by its outcome, and what a person did
/// is told by us.
fn admitted<R: Runner>(event: Event, why_held: Option<Notice>) -> Option<Event> {
    match event {
        Event::Status { status, .. } if !status.is_active() => None,
        // Elsewhere, results become branches by themselves.
        Event::Added { .. } if R::HERE => None,
        Event::Attempt { .. } | Event::End | Event::Unknown => None,
        Event::Status { status: Status::Paused, notice } => {
            Some(Event::Status { status: Status::Paused, notice: notice.or(why_held) })
        }
        other => Some(other),
    }
}

/// What is written of an attempt whose task is held: its end, and that another will follow.
fn pausing(id: &AttemptId, at: Millis, (outcome, held): (Outcome, &Held)) -> Vec<Entry> {
    let notice = Some(held.notice.clone());
    let number = held.next.attempt;
    let entry = |attempt, event| Entry { task: id.task.clone(), attempt, at, event };
    let again = Event::Attempt { number, continues: true, message: String::new() };
    vec![
        entry(id.number, Event::Outcome(outcome)),
        entry(id.number, Event::Status { status: Status::Paused, notice }),
        entry(number, again),
    ]
}

/// An outcome is an end, and who tells it knows which.
fn plausible(mut outcome: Outcome) -> Outcome {
    if !outcome.status.is_over() || outcome.status == Status::Unknown {
        outcome.status = Status::Failed;
    }
    outcome
}
