//! Starting a batch.

use super::start_point::{StartPoint, StartSource};
use super::{Engine, expand, now};
use crate::EngineError;
use crate::ids::new_id;
use crate::scheduler::QueuedAttempt;
use crate::store::idempotency::{self, KeyedRequest};
use crate::store::{BatchStart, CreateResult, NewBatch, NewTask};
use regatta_git::Git;
use regatta_protocol::secret::Secret;
use regatta_protocol::view::BatchDetail;
use regatta_protocol::{BatchId, BatchRequest, Capability, Place};

/// What may come along with a request. By default nothing.
#[derive(Debug, Clone, Default)]
pub struct StartOptions {
    /// The same key within a day joins the batch that it started, and never starts a second.
    pub idempotency_key: Option<String>,
    /// The token for the repository's host. Kept in memory only.
    pub token: Option<Secret>,
    /// Whether each result becomes a branch of the repository by itself.
    pub publish: bool,
}

/// A batch that was started, now or before.
#[derive(Debug, Clone)]
pub struct StartedBatch {
    /// The batch.
    pub detail: BatchDetail,
    /// Whether it was there before.
    pub was_joined: bool,
    /// Whether the project has changes that are in no commit, and so in no task's copy.
    pub leaves_changes_out: bool,
}

impl Engine {
    /// Starts a batch: from here on it is on disk, and its tasks wait or work.
    ///
    /// # Errors
    /// [`EngineError::BadRequest`] with everything that [`Engine::check`] finds; git or the
    /// store failed.
    pub async fn start(&self, request: BatchRequest) -> Result<BatchDetail, EngineError> {
        Ok(self.start_with(request, StartOptions::default()).await?.detail)
    }

    /// As [`Engine::start`], with what a request over the network may bring along.
    ///
    /// # Errors
    /// As [`Engine::start`]; [`EngineError::KeyReused`] when the idempotency key came with
    /// another request before.
    pub async fn start_with(
        &self,
        request: BatchRequest,
        options: StartOptions,
    ) -> Result<StartedBatch, EngineError> {
        if let Some(joined) = self.find_by_idempotency_key(&request, &options).await? {
            return self.join_existing(joined).await;
        }
        let token = options.token.as_ref();
        let ground = self.validate(&request, token).await.map_err(EngineError::BadRequest)?;
        let place = self.place_of(&request);
        // A place that makes branches by itself does so in any case.
        let publish = options.publish && place.can(Capability::Publish);
        let leaves_changes_out =
            matches!(ground.source, StartSource::Folder { is_dirty: true, .. });
        let start = BatchStart { publish, ..self.prepare_cache(&ground).await? };
        let mut batch = self.new_batch((request, &place), ground.start_from, start);
        batch.idempotency_key = options.idempotency_key;
        if !place.can(Capability::LocalFolder) {
            // What an empty one means is known now; the place need not guess.
            batch.request.start_from.clone_from(&batch.start_from);
        }
        let waiting = queued_attempts(&batch);
        let id = batch.id.clone();
        self.0.access.tokens.insert(&id, options.token.unwrap_or_default());
        match self.0.log.create(batch).await? {
            CreateResult::New => {}
            before => return self.join_existing(before).await,
        }
        self.record_invocation(&place, &waiting, None).await?;
        self.enqueue(&place, waiting, Vec::new()).await?;
        let detail = self.batch(&id).await?;
        Ok(StartedBatch { detail, was_joined: false, leaves_changes_out })
    }

    /// What the key of a request means, if it came before: then nothing is looked at again.
    /// Of two that come at once, the store's writer decides.
    async fn find_by_idempotency_key(
        &self,
        request: &BatchRequest,
        options: &StartOptions,
    ) -> Result<Option<CreateResult>, EngineError> {
        let Some(key) = options.idempotency_key.clone() else { return Ok(None) };
        let (request, now) = (request.clone(), now());
        let names_start = self.place_of(&request).can(Capability::LocalFolder);
        let look = move |conn: &_| {
            let keyed = KeyedRequest { key: &key, request: &request, names_start };
            idempotency::find_key(conn, keyed, now)
        };
        self.0.log.readers.with(look).await
    }

    async fn join_existing(&self, before: CreateResult) -> Result<StartedBatch, EngineError> {
        let CreateResult::Joined(id) = before else { return Err(EngineError::KeyReused) };
        let detail = self.batch(&id).await?;
        Ok(StartedBatch { detail, was_joined: true, leaves_changes_out: false })
    }

    /// Brings the commit into the project's cache, so that the project isn't needed any
    /// more for the tasks.
    async fn prepare_cache(&self, start_point: &StartPoint) -> Result<BatchStart, EngineError> {
        let git = Git::find().await?;
        let dirs = &self.0.access.dirs;
        let (cache, author) = match &start_point.source {
            StartSource::Folder { top: project, .. } => {
                let author = git.author(project).await?;
                let cache = self.0.log.use_project(&start_point.project, new_id()).await?;
                git.update_cache(project, &dirs.cache(&cache), &start_point.commit).await?;
                (cache, author)
            }
            StartSource::Remote(remote) => {
                let author = git.author(&dirs.0).await?;
                let cache = self.0.log.use_project(&start_point.project, new_id()).await?;
                git.update_cache_from_remote(remote, &dirs.cache(&cache), &start_point.commit)
                    .await?;
                (cache, author)
            }
            StartSource::EarlierTask(start) => (start.cache.clone(), start.author.clone()),
            StartSource::Endpoint => (String::new(), git.author(&dirs.0).await?),
        };
        let (project, commit) = (start_point.project.clone(), start_point.commit.clone());
        Ok(BatchStart { project, cache, commit, author, publish: false })
    }

    fn new_batch(
        &self,
        (mut request, place): (BatchRequest, &Place),
        start_from: String,
        start: BatchStart,
    ) -> NewBatch {
        let title = request.title();
        let limit = self.place().limit;
        let tasks = expand::expand_tasks(&mut request, place);
        NewBatch {
            id: BatchId::parse(&new_id()).expect("BUG: our ids are ids"),
            at: now(),
            idempotency_key: None,
            title,
            start_from,
            start,
            max_parallel: request.max_parallel.unwrap_or(limit),
            tasks,
            request,
            place: place.clone(),
        }
    }
}

fn queued_attempts(batch: &NewBatch) -> Vec<QueuedAttempt> {
    let waiting = |task: &NewTask| QueuedAttempt {
        task: task.id.clone(),
        batch: batch.id.clone(),
        attempt: 1,
        // Without a queue of ours the place keeps to it.
        max_parallel: batch.request.max_parallel.filter(|_| batch.place.can(Capability::Queue)),
        continuation: None,
        agent: task.agent(&batch.request),
        resume_count: 0,
    };
    batch.tasks.iter().map(waiting).collect()
}
