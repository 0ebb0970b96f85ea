//! How the tasks of a batch stand at a moment of its log, for the `end` event.

use crate::task_names::TaskNames;
use regatta_protocol::wire::{End, EndedTask};
use regatta_protocol::{Event, LogEvent, Status, TaskId, TaskView};
use std::collections::HashMap;

/// How each task stands after the entries that went by. A task that none of them was about
/// stands as its view says.
#[derive(Debug, Default)]
pub(crate) struct EndSummary(HashMap<TaskId, TaskEnd>);

#[derive(Debug, Clone)]
struct TaskEnd {
    status: Status,
    branch: Option<String>,
    commit: Option<String>,
}

impl EndSummary {
    /// Takes note of an entry.
    pub(crate) fn record(&mut self, entry: &LogEvent) {
        let Some(task) = &entry.task else { return };
        if let Event::Attempt { .. } = entry.event {
            let begun = TaskEnd { status: Status::Waiting, branch: None, commit: None };
            self.0.insert(task.clone(), begun);
        }
        // Without its attempt's beginning, too little of a task was seen to say how it stands.
        let Some(one) = self.0.get_mut(task) else { return };
        match &entry.event {
            Event::Status { status, .. } => one.status = *status,
            Event::Outcome(outcome) => one.commit.clone_from(&outcome.commit),
            Event::Published { branch, .. } => one.branch = Some(branch.clone()),
            _ => {}
        }
    }

    /// The last word, as entry number `seq` says it; `views` is how the tasks stand now.
    pub(crate) fn end_event(&self, seq: u64, views: &[TaskView], names: &TaskNames) -> End {
        let ended = |view: &TaskView| {
            let one = self.0.get(&view.id).cloned().unwrap_or_else(|| TaskEnd::from_view(view));
            EndedTask {
                task_name: names.name(&view.id).to_owned(),
                status: one.status,
                branch: one.branch,
                commit: one.commit,
                thread_id: view.id.as_str().to_owned(),
            }
        };
        let tasks: Vec<EndedTask> = views.iter().map(ended).collect();
        let status = overall_status(tasks.iter().map(|task| task.status));
        End { status, last_seq: seq, tasks }
    }
}

impl TaskEnd {
    fn from_view(view: &TaskView) -> Self {
        let commit = view.outcome.as_ref().and_then(|outcome| outcome.commit.clone());
        Self { status: view.status, branch: view.branch.clone(), commit }
    }
}

/// The one status of a batch: what asks for a person or is at work comes first, then what
/// went wrong; `finished` only when every task is.
pub(crate) fn overall_status(statuses: impl Iterator<Item = Status>) -> Status {
    const ORDER: [Status; 9] = [
        Status::NeedsYou,
        Status::Working,
        Status::Paused,
        Status::Waiting,
        Status::Failed,
        Status::Interrupted,
        Status::Stopped,
        Status::Unknown,
        Status::Finished,
    ];
    let place = |status: Status| ORDER.iter().position(|other| *other == status);
    statuses.min_by_key(|status| place(*status)).unwrap_or(Status::Finished)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_finished_only_when_every_task_is() {
        use Status::{Failed, Finished, Interrupted, NeedsYou, Stopped, Unknown, Waiting, Working};
        let cases: [(&[Status], Status); 6] = [
            (&[Finished, Finished], Finished),
            (&[Finished, Unknown], Unknown),
            (&[Unknown, Stopped, Interrupted, Failed], Failed),
            (&[Stopped, Interrupted], Interrupted),
            (&[Failed, Waiting], Waiting),
            (&[Working, NeedsYou, Waiting], NeedsYou),
        ];
        for (statuses, expected) in cases {
            assert_eq!(overall_status(statuses.iter().copied()), expected, "{statuses:?}");
        }
    }
}
