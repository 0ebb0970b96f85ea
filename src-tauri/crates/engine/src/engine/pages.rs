//! What is looked at page by page or as a whole, from outside of a window.

use super::Engine;
use super::results::newest_commit;
use crate::EngineError;
use crate::store::pages;
use regatta_git::Git;
use regatta_protocol::{BatchId, BatchView, ErrorCode, Notice, TaskId};

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
        let found = self.0.log.readers.with(move |conn| pages::batches(conn, before.as_ref(), max));
        Ok(self.with_queues(found.await?))
    }

    /// Everything that a task changed, up to its last save point, as `git apply` takes it;
    /// empty when it changed nothing.
    ///
    /// # Errors
    /// There is no such task, git failed, or the text is longer than 16 MiB.
    pub async fn read_diff(&self, id: &TaskId) -> Result<Vec<u8>, EngineError> {
        let facts = self.facts(id).await?;
        let Some(commit) = newest_commit(&facts) else { return Ok(Vec::new()) };
        let cache = self.0.dirs.cache(&facts.start.cache);
        let diff = Git::find().await?.diff(&cache, &facts.start.commit, commit).await?;
        diff.ok_or_else(|| {
            EngineError::Refused(Notice::new(
                ErrorCode::TooLarge,
                "What this task changed is too large for one text.",
                "Everything it changed is kept.",
                "Get its branch with git instead.",
            ))
        })
    }
}
