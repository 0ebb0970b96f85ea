//! How the tasks of a call end: by the place's word, by a refusal, or because it was lost.

use super::{CallDriver, StreamState};
use crate::runner::AttemptId;
use crate::runner::cloud::call::AttemptStream;
use crate::runner::cloud::demux::{Target, TargetedEvent};
use crate::runner::cloud::messages;
use crate::runner::failed_outcome;
use crate::store::invocations::InvokedAttempt;
use regatta_protocol::event::{LineKind, Outcome};
use regatta_protocol::wire::End;
use regatta_protocol::{Event, Status, UserMessage};

impl CallDriver {
    /// A terminal word that says nothing of each task.
    pub(super) async fn end_without_statuses(&self, stream_state: &mut StreamState) {
        self.flush_all(stream_state).await;
        for attempt_stream in &self.call.streams {
            let text = messages::ENDED_NOTE.to_owned();
            let note = Event::Output { kind: LineKind::Note, text, first_line: 0 };
            self.send_event(attempt_stream, (self.shared.now)(), note, None).await;
        }
        let ended_by = "the service's word \"end\"".to_owned();
        let outcome = Outcome { exit_status: ended_by, ..Outcome::without_work(Status::Finished) };
        self.end_tasks(stream_state, None, |_| outcome.clone()).await;
    }

    /// Ends one task, or all that are open.
    pub(super) async fn end_tasks(
        &self,
        stream_state: &mut StreamState,
        task: Option<usize>,
        outcome: impl Fn(&AttemptStream) -> Outcome,
    ) {
        self.flush_all(stream_state).await;
        for (n, attempt_stream) in self.call.streams.iter().enumerate() {
            if task.is_none_or(|task| task == n) {
                let event = Event::Outcome(outcome(attempt_stream));
                self.send_event(attempt_stream, (self.shared.now)(), event, None).await;
                self.call.close_stream(attempt_stream);
            }
        }
    }

    /// Nothing was started.
    pub(super) async fn refuse_all(&self, notice: UserMessage) {
        if self.task.invocation.may_have_left {
            return self.lose_all(&messages::connection_lost(&notice));
        }
        for attempt_stream in &self.call.streams {
            let event = Event::Outcome(failed_outcome(notice.clone()));
            self.send_event(attempt_stream, (self.shared.now)(), event, None).await;
        }
        self.close_all();
    }

    /// Hands on what nothing will finish any more.
    pub(super) async fn flush_all(&self, stream_state: &mut StreamState) {
        let tasks = (0..self.call.streams.len()).map(Target::Task);
        for target in tasks.chain([Target::Batch]) {
            if let Some(event) = stream_state.demux.flush(target) {
                self.route_event(stream_state, event).await;
            }
        }
    }

    pub(super) async fn write_batch_note(&self, stream_state: &StreamState, text: String) {
        let event = Event::Output { kind: LineKind::Note, text, first_line: 0 };
        let (target, at) = (Target::Batch, (self.shared.now)());
        let note = TargetedEvent { target, at, event, remote_seq: None };
        self.route_event(stream_state, note).await;
    }

    pub(super) fn lose_all(&self, why: &UserMessage) {
        self.call
            .streams
            .iter()
            .for_each(|attempt_stream| self.call.lose_stream(attempt_stream, why.clone()));
    }

    pub(super) fn close_all(&self) {
        self.call.streams.iter().for_each(|attempt_stream| self.call.close_stream(attempt_stream));
    }

    /// Closes the lanes of attempts that were over before this began: nobody carries them.
    pub(super) fn close_ended(&self, parts: &[InvokedAttempt]) {
        for part in parts.iter().filter(|part| !part.is_open) {
            let id = AttemptId { task: part.task.clone(), number: part.attempt };
            let attempt_stream = self.shared.streams().remove(&id);
            if let Some((call, n)) = attempt_stream {
                call.close_stream(&call.streams[n]);
            }
        }
    }
}

/// How a task ended by the end's own list.
pub(super) fn outcome_from_end(end: &End, attempt_stream: &AttemptStream) -> Outcome {
    let task = end.tasks.iter().find(|task| task.task_name == attempt_stream.name);
    let status = task.map_or(end.status, |task| task.status);
    Outcome { commit: task.and_then(|task| task.commit.clone()), ..Outcome::without_work(status) }
}
