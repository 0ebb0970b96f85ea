//! Ending what waits and what works.

use super::{State, Told, Waiting};
use crate::EngineError;
use crate::log::Written;
use crate::runner::Runner;
use crate::store::Entry;
use regatta_protocol::event::Outcome;
use regatta_protocol::worker::WorkerControl;
use regatta_protocol::{ErrorCode, Event, Millis, Notice, Status, TaskId};
use std::time::Duration;
use tokio::time::sleep;

/// How long closing waits for tasks whose end can't be written because the disk is full.
const GIVE_UP: Duration = Duration::from_secs(20);

impl<R: Runner> State<R> {
    pub(super) fn stop(&mut self, tasks: &[TaskId]) -> Result<Option<Written>, EngineError> {
        let mut events = Vec::new();
        for task in tasks {
            if let Some(waiting) = self.line.remove(task) {
                events.extend(self.end(waiting));
            } else if let Some(working) = self.working.get_mut(task) {
                working.stopped = true;
                // One that has just ended hears nothing.
                working.controls.send(Told::Control(WorkerControl::Stop)).ok();
            }
        }
        match events.is_empty() {
            true => Ok(None),
            false => Ok(Some(self.carrier.log.note(events)?)),
        }
    }

    /// Stops everything and waits for it.
    pub(super) async fn wind_down(&mut self) {
        self.messages.close();
        if R::HERE {
            let (held, waiting): (Vec<_>, Vec<_>) =
                self.line.remove_all().into_iter().partition(|task| self.holds.hold(&task.agent));
            let events = waiting.into_iter().flat_map(|task| self.end(task)).collect();
            for task in held {
                self.line.add(task); // It goes on after the next start.
            }
            // Whether that can still be written or not: it ends here.
            self.carrier.log.note(events).ok();
            for working in self.working.values() {
                working.controls.send(Told::Close).ok(); // As above.
            }
        }
        let mut trouble = self.trouble.clone();
        let no_use = async move {
            if trouble.wait_for(Option::is_some).await.is_err() {
                std::future::pending::<()>().await;
            }
            sleep(GIVE_UP).await;
        };
        tokio::pin!(no_use);
        if !R::HERE {
            tokio::select! {
                () = self.carrier.runner.leave() => {} // It goes on without us.
                () = &mut no_use => return,
            }
        }
        loop {
            let ended = tokio::select! {
                ended = self.carried.join_next() => ended,
                () = &mut no_use => None,
            };
            match ended {
                Some(Ok((task, held))) => self.over(&task, held),
                Some(Err(_)) => {} // A bug of ours: the next start finds it cut off.
                None => break,
            }
        }
        self.keep_held();
    }

    /// Ends a task that waits, and gives what is to be written of that. One that would have
    /// gone on is carried to its end: what it did before may have to be shared.
    pub(super) fn end(&mut self, waiting: Waiting) -> Vec<Entry> {
        if waiting.go_on.is_none() || !R::HERE {
            return self.stopped(&waiting).into();
        }
        self.line.begin(&waiting);
        self.carry(waiting, true);
        Vec::new()
    }

    fn stopped(&self, waiting: &Waiting) -> [Entry; 2] {
        ending(
            &waiting.task,
            waiting.attempt,
            (self.carrier.now)(),
            Outcome::without_work(Status::Stopped),
        )
    }
}

/// The outcome of an attempt that failed before it did anything.
pub(crate) fn failed(notice: Notice) -> Outcome {
    Outcome { notice: Some(notice), ..Outcome::without_work(Status::Failed) }
}

/// The two events that end an attempt.
pub(crate) fn ending(task: &TaskId, attempt: u32, at: Millis, outcome: Outcome) -> [Entry; 2] {
    let status = Event::Status { status: outcome.status, notice: outcome.notice.clone() };
    [Event::Outcome(outcome), status].map(|event| Entry { task: task.clone(), attempt, at, event })
}

/// The end of an attempt that a bug of ours cut off.
pub(super) fn broken(task: &TaskId, attempt: u32, now: fn() -> Millis) -> Vec<Entry> {
    let notice = Notice::new(
        ErrorCode::Internal,
        "Regatta made a mistake while this task worked.",
        "What was saved before is safe.",
        "Try again, or continue from the last save point.",
    );
    ending(task, attempt, now(), failed(notice)).into()
}
