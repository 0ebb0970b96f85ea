//! Carrying one attempt from its start to its end: everything that happens goes into the
//! log, in order, and its status comes from facts.

use super::Waiting;
use super::stop::{ending, without_work};
use crate::EngineError;
use crate::agents;
use crate::dirs::Dirs;
use crate::log::Log;
use crate::rescue::{self, Cut};
use crate::runner::{AttemptId, AttemptState, Events, Runner};
use crate::store::{Entry, read};
use regatta_protocol::event::Outcome;
use regatta_protocol::worker::{WorkerControl, WorkerTask};
use regatta_protocol::{ErrorCode, Event, Millis, Notice, Status};
use std::path::PathBuf;
use tokio::sync::{mpsc, watch};

type Controls = mpsc::UnboundedReceiver<WorkerControl>;

/// What is needed to carry attempts.
#[derive(Debug)]
pub(crate) struct Carrier<R> {
    pub(crate) log: Log,
    pub(crate) runner: R,
    pub(crate) dirs: Dirs,
    /// Our own program, which is also the practice agent.
    pub(crate) program: PathBuf,
    pub(crate) now: fn() -> Millis,
}

/// What is known of an attempt while it goes on.
#[derive(Debug, Default)]
struct Progress {
    /// Whether its agent was said to be at work.
    worked: bool,
    save_points: u32,
    stop_asked: bool,
    outcome: Option<Outcome>,
}

impl Progress {
    fn note(&mut self, event: &Event) {
        match event {
            Event::Status { status: Status::Working, .. } => self.worked = true,
            Event::SavePoint(point) => self.save_points = point.number,
            _ => {}
        }
    }
}

impl<R: Runner> Carrier<R> {
    /// Carries an attempt. When this returns, its end is on disk and nothing of it runs.
    pub(super) async fn carry(
        &self,
        waiting: Waiting,
        controls: Controls,
        held: watch::Receiver<Option<Notice>>,
    ) {
        let id = AttemptId { task: waiting.task, number: waiting.attempt };
        let ended = match self.prepare(&id, waiting.continues).await {
            Ok(task) => self.work(&id, &task, (controls, held)).await,
            Err(error) => Ok(failed(error.into())),
        };
        let Ok(outcome) = ended else { return }; // The store is closed: nothing can be said.
        let entries = ending(&id.task, id.number, (self.now)(), outcome);
        if let Ok(written) = self.log.append(entries.into()).await {
            written.wait().await.ok(); // As above.
        }
    }

    /// Everything a worker needs for the attempt.
    async fn prepare(&self, id: &AttemptId, continues: bool) -> Result<WorkerTask, EngineError> {
        let task = id.task.clone();
        let facts = self.log.readers.with(move |conn| read::facts(conn, &task)).await?;
        let agent =
            agents::resolve(&facts.request.agent, &self.program).map_err(EngineError::Refused)?;
        let start_commit = facts.start.commit;
        let copy_commit = match facts.save_commit {
            Some(commit) if continues => commit,
            _ => start_commit.clone(),
        };
        Ok(WorkerTask {
            task_name: facts.asked.task_name,
            prompt: facts.asked.prompt,
            cache: self.dirs.cache(&facts.start.cache),
            start_commit,
            copy_commit,
            copy: self.dirs.copy(id),
            scratch: self.dirs.scratch(id),
            ref_prefix: rescue::ref_prefix(id),
            author: facts.start.author,
            agent,
            time_limit_s: facts.asked.time_limit_s,
            save_every_s: None,
        })
    }

    /// Has the attempt done and gives back how it ended.
    async fn work(
        &self,
        id: &AttemptId,
        task: &WorkerTask,
        (controls, held): (Controls, watch::Receiver<Option<Notice>>),
    ) -> Result<Outcome, EngineError> {
        if let Err(notice) = self.runner.submit(id, task).await {
            return Ok(failed(notice));
        }
        let events = match self.runner.events(id).await {
            Ok(events) => events,
            Err(notice) => return Ok(failed(notice)),
        };
        let stop_asked = watch::Sender::new(false);
        let mut progress = Progress::default();
        // Controls get through while events wait for room on the disk.
        tokio::select! {
            read = self.take_events(id, (events, held), &mut progress) => read?,
            () = self.pass_on(id, controls, &stop_asked) => {}
        }
        progress.stop_asked = *stop_asked.borrow();
        match progress.outcome.take() {
            Some(outcome) => {
                self.runner.forget(id).await;
                Ok(outcome)
            }
            None => self.cut_off(id, task, &progress).await,
        }
    }

    /// Writes what happens until the outcome, or until the place has nothing more to tell.
    async fn take_events(
        &self,
        id: &AttemptId,
        (mut events, held): (Events, watch::Receiver<Option<Notice>>),
        progress: &mut Progress,
    ) -> Result<(), EngineError> {
        while let Some(line) = events.recv().await {
            if let Event::Outcome(outcome) = line.event {
                if !progress.worked && outcome.status == Status::Finished {
                    // Only what works can finish, and it did work: it has an outcome.
                    let working = Event::Status { status: Status::Working, notice: None };
                    self.append(id, line.at, working).await?;
                }
                progress.outcome = Some(plausible(outcome));
                return Ok(());
            }
            progress.note(&line.event);
            let why_held = held.borrow().clone();
            if let Some(event) = admitted(line.event, why_held) {
                self.append(id, line.at, event).await?;
            }
        }
        Ok(())
    }

    /// Passes on what the worker is told. Never ends: the events' end is the end.
    async fn pass_on(&self, id: &AttemptId, mut controls: Controls, stop: &watch::Sender<bool>) {
        while let Some(control) = controls.recv().await {
            if control == WorkerControl::Stop {
                stop.send_replace(true);
            }
            self.runner.tell(id, control).await;
        }
        std::future::pending().await
    }

    /// The worker ended without a word on how. What is in its copy is saved.
    async fn cut_off(
        &self,
        id: &AttemptId,
        task: &WorkerTask,
        progress: &Progress,
    ) -> Result<Outcome, EngineError> {
        let ended_by = match self.runner.status(id).await {
            AttemptState::Ended(how) => how,
            AttemptState::Working | AttemptState::Unknown => String::new(),
        };
        // Nothing may write into the copy any more while it is saved.
        self.runner.forget(id).await;
        let cut = Cut::of(task, progress.save_points);
        let rescued = rescue::rescue(&cut).await;
        for event in rescued.events {
            self.append(id, (self.now)(), event).await?;
        }
        let notice = Notice::new(
            ErrorCode::WorkerDied,
            "The program that worked on this task ended unexpectedly.",
            rescued.safe,
            rescued.next,
        );
        let details = [Some(ended_by.clone()), rescued.problem];
        let details: Vec<String> = details.into_iter().flatten().collect();
        let notice = notice.with_details(details.join("\n"));
        let ended = match progress.stop_asked {
            true => without_work(Status::Stopped),
            false => failed(notice),
        };
        Ok(Outcome { ended_by, commit: rescued.commit, totals: rescued.totals, ..ended })
    }

    async fn append(&self, id: &AttemptId, at: Millis, event: Event) -> Result<(), EngineError> {
        let entry = Entry { task: id.task.clone(), attempt: id.number, at, event };
        self.log.append(vec![entry]).await.map(drop)
    }
}

/// What a worker may say. How an attempt ends is told by its outcome, and what a person did
/// is told by us.
fn admitted(event: Event, why_held: Option<Notice>) -> Option<Event> {
    match event {
        Event::Status { status, .. } if !status.is_active() => None,
        Event::Attempt { .. } | Event::Added { .. } | Event::End | Event::Unknown => None,
        Event::Status { status: Status::Paused, notice } => {
            Some(Event::Status { status: Status::Paused, notice: notice.or(why_held) })
        }
        other => Some(other),
    }
}

/// An outcome is an end, and the worker knows which.
fn plausible(mut outcome: Outcome) -> Outcome {
    if !outcome.status.is_over() || outcome.status == Status::Unknown {
        outcome.status = Status::Failed;
    }
    outcome
}

fn failed(notice: Notice) -> Outcome {
    Outcome { notice: Some(notice), ..without_work(Status::Failed) }
}
