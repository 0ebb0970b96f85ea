//! Ending what waits and what works.

use super::{AttemptCommand, QueuedAttempt, SchedulerLoop};
use crate::EngineError;
use crate::log::PendingWrite;
use crate::runner::{Runner, failed_outcome};
use crate::store::Entry;
use regatta_protocol::event::Outcome;
use regatta_protocol::worker::WorkerControl;
use regatta_protocol::{Capability, ErrorCode, Event, Millis, Status, TaskId, UserMessage};
use regatta_trace::LogDropped;
use std::time::Duration;
use tokio::time::sleep;

/// How long closing waits for tasks whose end can't be written because the disk is full.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(20);

impl<R: Runner> SchedulerLoop<R> {
    pub(super) fn stop(&mut self, tasks: &[TaskId]) -> Result<Option<PendingWrite>, EngineError> {
        let mut events = Vec::new();
        for task in tasks {
            if let Some(waiting) = self.ready_list.remove(task) {
                events.extend(self.end_queued(waiting));
            } else if let Some(working) = self.running.get_mut(task) {
                working.is_stopped = true;
                working.send(AttemptCommand::Control(WorkerControl::Stop));
            }
        }
        match events.is_empty() {
            true => Ok(None),
            false => Ok(Some(self.driver.log.append_now(events)?)),
        }
    }

    /// Stops everything and waits for it.
    pub(super) async fn shut_down(&mut self) {
        self.commands.close();
        let detaches = self.driver.runner.can(Capability::Detach);
        if !detaches {
            let (held, waiting): (Vec<_>, Vec<_>) = self
                .ready_list
                .drain_waiting()
                .into_iter()
                .partition(|task| self.pauses.is_paused(task));
            let events = waiting.into_iter().flat_map(|task| self.end_queued(task)).collect();
            for task in held {
                self.ready_list.add(task); // It goes on after the next start.
            }
            // Whether that can still be written or not: it ends here.
            self.driver.log.append_now(events).log_dropped("writing what ends at the close");
            for working in self.running.values() {
                working.send(AttemptCommand::Close);
            }
        }
        let mut trouble = self.store_error.clone();
        let no_use = async move {
            if trouble.wait_for(Option::is_some).await.is_err() {
                std::future::pending::<()>().await;
            }
            sleep(SHUTDOWN_TIMEOUT).await;
        };
        tokio::pin!(no_use);
        if detaches {
            tokio::select! {
                () = self.driver.runner.detach() => {} // It goes on without us.
                () = &mut no_use => return,
            }
        }
        loop {
            let ended = tokio::select! {
                ended = self.attempts.join_next() => ended,
                () = &mut no_use => None,
            };
            match ended {
                Some(Ok((task, held))) => self.finish_attempt(&task, held),
                Some(Err(_)) => {} // A bug of ours: the next start finds it cut off.
                None => break,
            }
        }
        self.persist_queue();
    }

    /// Ends a task that waits, and gives what is to be written of that. One that would have
    /// gone on is carried to its end: what it did before may have to be shared.
    pub(super) fn end_queued(&mut self, waiting: QueuedAttempt) -> Vec<Entry> {
        if waiting.continuation.is_none() || !self.driver.runner.can(Capability::Publish) {
            return self.stopped_entries(&waiting).into();
        }
        self.ready_list.mark_running(&waiting);
        self.spawn_attempt(waiting, true);
        Vec::new()
    }

    fn stopped_entries(&self, waiting: &QueuedAttempt) -> [Entry; 2] {
        terminal_entries(
            &waiting.task,
            waiting.attempt,
            (self.driver.now)(),
            Outcome::without_work(Status::Stopped),
        )
    }
}

/// The two events that end an attempt.
pub(crate) fn terminal_entries(
    task: &TaskId,
    attempt: u32,
    at: Millis,
    outcome: Outcome,
) -> [Entry; 2] {
    let status = Event::Status { status: outcome.status, notice: outcome.notice.clone() };
    [Event::Outcome(outcome), status].map(|event| Entry { task: task.clone(), attempt, at, event })
}

/// The end of an attempt that a bug of ours cut off.
pub(super) fn panicked_entries(task: &TaskId, attempt: u32, now: fn() -> Millis) -> Vec<Entry> {
    let notice = UserMessage::new(
        ErrorCode::Internal,
        "Regatta made a mistake while this task worked.",
        "What was saved before is safe.",
        "Try again, or continue from the last save point.",
    );
    terminal_entries(task, attempt, now(), failed_outcome(notice)).into()
}
