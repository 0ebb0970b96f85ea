//! Starting a batch.

use super::ground::{Ground, Source};
use super::{Engine, new_id, now, rows};
use crate::EngineError;
use crate::queue::Waiting;
use crate::store::{BatchStart, Created, NewBatch, NewTask, idempotency};
use regatta_git::Git;
use regatta_protocol::secret::Secret;
use regatta_protocol::view::BatchDetail;
use regatta_protocol::{BatchId, BatchRequest};

/// What may come along with a request. By default nothing.
#[derive(Debug, Clone, Default)]
pub struct StartOptions {
    /// The same key within a day joins the batch that it started, and never starts a second.
    pub idempotency_key: Option<String>,
    /// The token for the repository's host. Kept in memory only.
    pub token: Option<Secret>,
    /// Whether each result becomes a branch of the repository by itself.
    pub share: bool,
}

/// A batch that was started, now or before.
#[derive(Debug, Clone)]
pub struct Started {
    /// The batch.
    pub detail: BatchDetail,
    /// Whether it was there before.
    pub joined: bool,
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
    ) -> Result<Started, EngineError> {
        if let Some(joined) = self.known(&request, &options).await? {
            return self.joined(joined).await;
        }
        let token = options.token.as_ref();
        let ground = self.look(&request, token).await.map_err(EngineError::BadRequest)?;
        // Where the tasks run elsewhere, sharing is that place's business.
        let share = options.share && request.endpoint.is_none();
        let start = BatchStart { share, ..self.prepare(&ground).await? };
        let mut batch = self.new_batch(request, ground.start_from, start);
        batch.idempotency_key = options.idempotency_key;
        if batch.request.endpoint.is_some() {
            // What an empty one means is known now; the place need not guess.
            batch.request.branch.clone_from(&batch.start_from);
        }
        let (waiting, place) = (waiting(&batch), batch.request.clone());
        let id = batch.id.clone();
        self.0.tokens.keep(&id, options.token.unwrap_or_default());
        match self.0.log.create(batch).await? {
            Created::New => {}
            before => return self.joined(before).await,
        }
        self.plan(&place, &waiting, None).await?;
        self.add(&place, waiting, Vec::new()).await?;
        Ok(Started { detail: self.batch(&id).await?, joined: false })
    }

    /// What the key of a request means, if it came before: then nothing is looked at again.
    /// Of two that come at once, the store's writer decides.
    async fn known(
        &self,
        request: &BatchRequest,
        options: &StartOptions,
    ) -> Result<Option<Created>, EngineError> {
        let Some(key) = options.idempotency_key.clone() else { return Ok(None) };
        let (request, now) = (request.clone(), now());
        let look = move |conn: &_| idempotency::known(conn, (&key, &request), now);
        self.0.log.readers.with(look).await
    }

    async fn joined(&self, before: Created) -> Result<Started, EngineError> {
        let Created::Joined(id) = before else { return Err(EngineError::KeyReused) };
        Ok(Started { detail: self.batch(&id).await?, joined: true })
    }

    /// Brings the commit into the project's cache, so that the project isn't needed any
    /// more for the tasks.
    async fn prepare(&self, ground: &Ground) -> Result<BatchStart, EngineError> {
        let git = Git::find().await?;
        let dirs = &self.0.dirs;
        let (cache, author) = match &ground.from {
            Source::Folder(project) => {
                let author = git.author(project).await?;
                let cache = self.0.log.use_project(&ground.path, new_id()).await?;
                git.update_cache(project, &dirs.cache(&cache), &ground.commit).await?;
                (cache, author)
            }
            Source::Remote(remote) => {
                let author = git.author(&dirs.0).await?;
                let cache = self.0.log.use_project(&ground.path, new_id()).await?;
                git.update_cache_from(remote, &dirs.cache(&cache), &ground.commit).await?;
                (cache, author)
            }
            Source::Earlier(start) => (start.cache.clone(), start.author.clone()),
            Source::There => (String::new(), git.author(&dirs.0).await?),
        };
        let (project, commit) = (ground.path.clone(), ground.commit.clone());
        Ok(BatchStart { project, cache, commit, author, share: false })
    }

    fn new_batch(
        &self,
        mut request: BatchRequest,
        start_from: String,
        start: BatchStart,
    ) -> NewBatch {
        let title = request.title();
        let limit = self.place().limit;
        let tasks = rows::tasks(&mut request);
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
        }
    }
}

fn waiting(batch: &NewBatch) -> Vec<Waiting> {
    let waiting = |task: &NewTask| Waiting {
        task: task.id.clone(),
        batch: batch.id.clone(),
        attempt: 1,
        // Elsewhere the place keeps to it.
        cap: batch.request.max_parallel.filter(|_| batch.request.endpoint.is_none()),
        go_on: None,
        agent: task.agent(&batch.request),
        resumes: 0,
    };
    batch.tasks.iter().map(waiting).collect()
}
