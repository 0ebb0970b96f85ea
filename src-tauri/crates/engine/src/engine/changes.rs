//! What a task changed.

use super::Engine;
use crate::EngineError;
use crate::store::TaskFacts;
use regatta_git::{Git, PatchRequest};
use regatta_protocol::view::{Changes, FilePatch};
use regatta_protocol::{Capability, ErrorCode, TaskId, UserMessage};

impl Engine {
    /// Everything that a task changed, up to its last save point.
    ///
    /// # Errors
    /// There is no such task, or git failed.
    pub async fn read_changes(&self, id: &TaskId) -> Result<Changes, EngineError> {
        let facts = self.task_facts(id).await?;
        let Some(commit) = self.newest_readable_commit(&facts) else {
            return Ok(Changes::default());
        };
        let cache = self.0.access.dirs.cache(&facts.start.cache);
        Ok(Git::find().await?.changes(&cache, &facts.start.commit, commit).await?)
    }

    /// The text of one file's change; `path` is as [`Engine::read_changes`] gives it.
    ///
    /// # Errors
    /// As [`Engine::read_changes`].
    pub async fn read_patch(&self, id: &TaskId, path: &str) -> Result<FilePatch, EngineError> {
        let facts = self.task_facts(id).await?;
        let Some(commit) = self.newest_readable_commit(&facts) else {
            return Ok(FilePatch::default());
        };
        let (git, cache) = (Git::find().await?, self.0.access.dirs.cache(&facts.start.cache));
        let from = facts.start.commit.as_str();
        let changes = git.changes(&cache, from, commit).await?;
        let moved = changes.files.iter().find(|file| file.path == path);
        let old_path = moved.and_then(|file| file.old_path.as_deref());
        let request = PatchRequest { cache: &cache, from, to: commit, path, old_path };
        Ok(git.patch(request).await?)
    }

    /// Everything that a task changed, up to its last save point, as `git apply` takes it;
    /// empty when it changed nothing.
    ///
    /// # Errors
    /// There is no such task, git failed, or the text is longer than 16 MiB.
    pub async fn read_diff(&self, id: &TaskId) -> Result<Vec<u8>, EngineError> {
        let facts = self.task_facts(id).await?;
        let Some(commit) = self.newest_readable_commit(&facts) else { return Ok(Vec::new()) };
        let cache = self.0.access.dirs.cache(&facts.start.cache);
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

    /// The commit that holds what the task has done so far, in a place whose work can be read
    /// here.
    fn newest_readable_commit<'a>(&self, facts: &'a TaskFacts) -> Option<&'a str> {
        let readable = self.place_of(&facts.request).can(Capability::Diff);
        newest_commit(facts).filter(|_| readable)
    }
}

/// The commit that holds what the task has done so far.
pub(super) fn newest_commit(facts: &TaskFacts) -> Option<&str> {
    let result = facts.view.outcome.as_ref().and_then(|outcome| outcome.commit.as_deref());
    result.or(facts.save_commit.as_deref())
}
