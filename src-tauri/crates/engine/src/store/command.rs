//! What the writer is asked to do, and what is handed to it for that.

use super::task_row::{StoredTask, TaskExtra};
use regatta_protocol::request::{AgentChoice, BatchRequest, TaskRequest};
use regatta_protocol::view::{PlaceView, QueuePosition};
use regatta_protocol::worker::Author;
use regatta_protocol::{BatchId, Event, Millis, Place, TaskId, UserMessage};
use regatta_trace::LogDropped;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// What the writer is asked to do.
#[derive(Debug)]
pub(crate) enum StoreCommand {
    /// Writes events. Kept until it worked.
    Append {
        entries: Vec<Entry>,
        /// The task's last number of its place's log that is in ours with these.
        remote_seq: Option<(TaskId, u64)>,
        /// The room it takes in memory; given back once it is on disk.
        memory_permit: Option<OwnedSemaphorePermit>,
        done: Option<oneshot::Sender<()>>,
    },
    /// Writes a new batch, or says which it joins, or why not.
    CreateBatch { batch: Box<NewBatch>, done: oneshot::Sender<Result<CreateResult, StoreError>> },
    /// Notes that a project is used now; answers with the name of its cache.
    UseProject {
        project: String,
        fresh_cache: String,
        done: oneshot::Sender<Result<String, StoreError>>,
    },
    /// Keeps something of an invocation. Kept until it worked.
    Record { record: Record, done: oneshot::Sender<()> },
    /// Makes the pseudo-task of a batch, unless there is one. Kept until it worked; answers
    /// with its id.
    EnsureBatchChannel { batch: BatchId, fresh: TaskId, at: Millis, done: oneshot::Sender<TaskId> },
    /// Makes the place and the queue known. Never written.
    PublishPlace { place: PlaceView, queues: HashMap<BatchId, Vec<QueuePosition>> },
    /// Writes what there is and ends.
    Close { done: oneshot::Sender<()> },
    /// Changes a setting of the writer's connection.
    #[cfg(test)]
    Pragma(&'static str, u32),
}

impl StoreCommand {
    /// About how much memory it takes, where that can be much.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Append { entries, .. } => entries.iter().map(Entry::weight).sum(),
            _ => 0,
        }
    }
}

/// Something that happened to a task, to be written.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) task: TaskId,
    pub(crate) attempt: u32,
    pub(crate) at: Millis,
    pub(crate) event: Event,
}

impl Entry {
    /// About how much memory it takes.
    pub(crate) fn weight(&self) -> usize {
        let text = match &self.event {
            Event::Output { text, .. } => text.len(),
            _ => 0,
        };
        text + 512
    }
}

/// A batch to be written, with its tasks.
#[derive(Debug)]
pub(crate) struct NewBatch {
    pub(crate) id: BatchId,
    pub(crate) at: Millis,
    /// The same key within a day joins the batch that came with it first.
    pub(crate) idempotency_key: Option<String>,
    /// Its tasks are in `tasks`; here the list is empty.
    pub(crate) request: BatchRequest,
    /// Where its tasks run. Not written: what can be done there may change with the program.
    pub(crate) place: Place,
    pub(crate) title: String,
    /// What people call the commit that it starts from.
    pub(crate) start_from: String,
    pub(crate) start: BatchStart,
    pub(crate) max_parallel: u32,
    pub(crate) tasks: Vec<NewTask>,
}

impl NewBatch {
    /// The request with its tasks.
    pub(super) fn full_request(&self) -> BatchRequest {
        let parallel_tasks = super::task_row::group_rows(self.tasks.iter().map(NewTask::to_stored));
        BatchRequest { parallel_tasks, ..self.request.clone() }
    }
}

/// A task of a new batch.
#[derive(Debug)]
pub(crate) struct NewTask {
    pub(crate) id: TaskId,
    pub(crate) name: String,
    pub(crate) prompt: String,
    pub(crate) time_limit_s: Option<u64>,
    pub(crate) extra: TaskExtra,
}

impl NewTask {
    /// Who does it.
    pub(crate) fn agent(&self, request: &BatchRequest) -> AgentChoice {
        super::task_row::select_agent(request, &self.extra).agent
    }

    fn to_stored(&self) -> StoredTask {
        let task = TaskRequest {
            task_name: self.name.clone(),
            prompt: self.prompt.clone(),
            time_limit_s: self.time_limit_s,
            turn_limit: self.extra.turn_limit,
            cost_limit_cents: self.extra.cost_limit_cents,
            ..TaskRequest::default()
        };
        StoredTask { task, extra: self.extra.clone() }
    }
}

/// What every attempt of a batch starts from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BatchStart {
    /// The project's folder.
    pub(crate) project: String,
    /// The name of the project's cache in the data folder.
    pub(crate) cache: String,
    /// The commit.
    pub(crate) commit: String,
    /// In whose name commits are made.
    pub(crate) author: Author,
    /// Whether results become branches of the repository by themselves.
    #[serde(default)]
    #[serde(rename = "share")]
    pub(crate) publish: bool,
}

/// What became of a new batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CreateResult {
    /// It is in the file.
    New,
    /// The same request with the same key was this batch.
    Joined(BatchId),
    /// Its key came with another request before.
    KeyReused,
}

/// Something to keep of an invocation or of the place's side of a task.
#[derive(Debug, Clone)]
pub(crate) enum Record {
    /// These attempts will be sent together.
    Planned(NewInvocation),
    /// From now on it may have left this computer.
    Sent {
        /// The invocation.
        id: String,
    },
    /// The place goes on with it under this name, and tells its events again when asked.
    Run {
        /// The invocation.
        id: String,
        /// The place's name for it.
        run: String,
    },
    /// Something is allowed for all tasks of a batch.
    Allowed {
        /// The batch.
        batch: BatchId,
        /// The questions' key.
        key: String,
    },
    /// What is held now, as the queue has it.
    PersistedQueue {
        /// As JSON.
        body: String,
    },
    /// The place's name for the conversation of a task.
    Thread {
        /// The task.
        task: TaskId,
        /// The name.
        thread: String,
    },
}

/// An invocation to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewInvocation {
    /// Also its idempotency key.
    pub(crate) id: String,
    pub(crate) batch: BatchId,
    /// Tasks with the number of their attempt.
    pub(crate) attempts: Vec<(TaskId, u32)>,
    /// What is said next to one finished task, instead of its prompt.
    pub(crate) follow_up: Option<FollowUp>,
}

/// What is said next in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FollowUp {
    pub(crate) thread: String,
    pub(crate) message: String,
}

/// Why something could not be written.
#[derive(Debug, Clone)]
pub(crate) struct StoreError(pub(crate) UserMessage);

/// Sends an answer. Whoever asked may have gone, and then nobody misses it.
pub(super) fn send_reply<T>(to: oneshot::Sender<T>, value: T) {
    to.send(value).log_failed("answering from the store");
}
