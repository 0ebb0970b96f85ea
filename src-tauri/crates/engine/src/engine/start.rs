//! Starting a batch.

use super::look::Ground;
use super::{Engine, new_id, now};
use crate::EngineError;
use crate::queue::{Message, Waiting};
use crate::store::{BatchStart, NewBatch, NewTask};
use regatta_protocol::view::BatchDetail;
use regatta_protocol::{BatchId, BatchRequest, TaskId};

impl Engine {
    /// Starts a batch: from here on it is on disk, and its tasks wait or work.
    ///
    /// # Errors
    /// [`EngineError::BadRequest`] with everything that [`Engine::check`] finds; git or the
    /// store failed.
    pub async fn start(&self, request: BatchRequest) -> Result<BatchDetail, EngineError> {
        let ground = self.look(&request).await.map_err(EngineError::BadRequest)?;
        let start = self.prepare(&ground).await?;
        let batch = self.new_batch(request, ground.start_from, start);
        let waiting = waiting(&batch);
        let id = batch.id.clone();
        self.0.log.create(batch).await?;
        let add = |reply| Message::Add { tasks: waiting, events: Vec::new(), reply };
        self.0.queue.ask(add).await?;
        self.batch(&id).await
    }

    /// Brings the commit into the project's cache, so that the project isn't needed any
    /// more for the tasks.
    async fn prepare(&self, ground: &Ground) -> Result<BatchStart, EngineError> {
        let author = ground.git.author(&ground.project).await?;
        let cache = self.0.log.use_project(&ground.path, now(), new_id()).await?;
        let folder = self.0.dirs.cache(&cache);
        ground.git.update_cache(&ground.project, &folder, &ground.commit).await?;
        Ok(BatchStart {
            project: ground.path.clone(),
            cache,
            commit: ground.commit.clone(),
            author,
        })
    }

    fn new_batch(
        &self,
        mut request: BatchRequest,
        start_from: String,
        start: BatchStart,
    ) -> NewBatch {
        let title = request.title();
        let limit = self.place().limit;
        let tasks = std::mem::take(&mut request.parallel_tasks);
        let new_task = |task: regatta_protocol::TaskRequest| NewTask {
            id: TaskId::parse(&new_id()).expect("BUG: our ids are ids"),
            name: task.task_name.trim().to_owned(),
            prompt: task.prompt,
            time_limit_s: task.time_limit_s,
        };
        NewBatch {
            id: BatchId::parse(&new_id()).expect("BUG: our ids are ids"),
            at: now(),
            title,
            start_from,
            start,
            max_parallel: request.max_parallel.unwrap_or(limit),
            tasks: tasks.into_iter().map(new_task).collect(),
            request,
        }
    }
}

fn waiting(batch: &NewBatch) -> Vec<Waiting> {
    let waiting = |task: &NewTask| Waiting {
        task: task.id.clone(),
        batch: batch.id.clone(),
        attempt: 1,
        cap: batch.request.max_parallel,
        continues: false,
    };
    batch.tasks.iter().map(waiting).collect()
}
