//! What is looked at page by page or as a whole, from outside of a window.

use super::Engine;
use super::changes::newest_commit;
use crate::EngineError;
use crate::store::list;
use regatta_git::Git;
use regatta_protocol::{BatchId, BatchView, ErrorCode, TaskId, UserMessage};

impl Engine {
    /// Up to `max` batches, the newest first: those that were started before a batch, if one
    /// is given.
    ///
    /// # Errors
    /// There is no such batch, or the store can't be read.
    pub async fn batches(
        &self,
        before: Option<&BatchId>,
        max: u32,
    ) -> Result<Vec<BatchView>, EngineError> {
        let before = before.cloned();
        let found =
            self.0.log.readers.with(move |conn| list::list_batches(conn, before.as_ref(), max));
        Ok(self.with_queues(found.await?))
    }

    /// Everything that a task changed, up to its last save point, as `git apply` takes it;
    /// empty when it changed nothing.
    ///
    /// # Errors
    /// There is no such task, git failed, or the text is longer than 16 MiB.
    pub async fn read_diff(&self, id: &TaskId) -> Result<Vec<u8>, EngineError> {
        let facts = self.task_facts(id).await?;
        let Some(commit) = newest_commit(&facts) else { return Ok(Vec::new()) };
        let cache = self.0.dirs.cache(&facts.start.cache);
        let diff = Git::find().await?.diff(&cache, &facts.start.commit, commit).await?;
        diff.ok_or_else(|| {
            EngineError::Refused(UserMessage::new(
                ErrorCode::PayloadTooLarge,
                "What this task changed is too large for one text.",
                "Everything it changed is kept.",
                "Get its branch with git instead.",
            ))
        })
    }
}
