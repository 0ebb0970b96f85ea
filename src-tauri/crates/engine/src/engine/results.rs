//! What a task changed, and bringing it into the project.

use super::{Engine, now};
use crate::EngineError;
use crate::share;
use crate::store::{Entry, TaskFacts, read};
use regatta_git::{Git, PatchRequest};
use regatta_protocol::app::AddedResult;
use regatta_protocol::endpoint::BranchLook;
use regatta_protocol::view::{Changes, FilePatch};
use regatta_protocol::{ErrorCode, Event, Notice, TaskId};
use std::path::Path;

impl Engine {
    /// Everything that a task changed, up to its last save point.
    ///
    /// # Errors
    /// There is no such task, or git failed.
    pub async fn read_changes(&self, id: &TaskId) -> Result<Changes, EngineError> {
        let facts = self.facts(id).await?;
        let Some(commit) = commit_here(&facts) else { return Ok(Changes::default()) };
        let cache = self.0.dirs.cache(&facts.start.cache);
        Ok(Git::find().await?.changes(&cache, &facts.start.commit, commit).await?)
    }

    /// The text of one file's change; `path` is as [`Engine::read_changes`] gives it.
    ///
    /// # Errors
    /// As [`Engine::read_changes`].
    pub async fn read_patch(&self, id: &TaskId, path: &str) -> Result<FilePatch, EngineError> {
        let facts = self.facts(id).await?;
        let Some(commit) = commit_here(&facts) else { return Ok(FilePatch::default()) };
        let (git, cache) = (Git::find().await?, self.0.dirs.cache(&facts.start.cache));
        let from = facts.start.commit.as_str();
        let changes = git.changes(&cache, from, commit).await?;
        let moved = changes.files.iter().find(|file| file.path == path);
        let old_path = moved.and_then(|file| file.old_path.as_deref());
        let request = PatchRequest { cache: &cache, from, to: commit, path, old_path };
        Ok(git.patch(request).await?)
    }

    /// Brings results into their projects, each as a new branch; nothing else there
    /// changes. A result that was added before and still is there isn't added twice.
    pub async fn add_to_project(&self, tasks: &[TaskId]) -> Vec<AddedResult> {
        let mut results = Vec::new();
        for task in tasks {
            let (branch, notice) = match self.add_one(task).await {
                Ok(branch) => (Some(branch), None),
                Err(error) => (None, Some(error.notice())),
            };
            results.push(AddedResult { task: task.clone(), branch, notice });
        }
        results
    }

    async fn add_one(&self, id: &TaskId) -> Result<String, EngineError> {
        let facts = self.facts(id).await?;
        if !facts.view.status.is_over() {
            return Err(EngineError::WrongState("This task isn't over yet."));
        }
        if facts.start.cache.is_empty() {
            return Err(EngineError::Refused(elsewhere()));
        }
        let outcome = facts.view.outcome.as_ref();
        let commit = outcome.and_then(|outcome| outcome.commit.as_deref()).ok_or_else(nothing)?;
        let (git, project) = (Git::find().await?, Path::new(&facts.start.project));
        if let Some(branch) = &facts.view.branch
            && project.is_absolute()
            && git.resolve(project, &format!("refs/heads/{branch}")).await.as_deref() == Ok(commit)
        {
            return Ok(branch.clone());
        }
        let branch = share::bring(&self.access(), &facts, commit).await?;
        let event = Event::Added { branch: branch.clone(), commit: commit.to_owned() };
        let attempt = facts.view.attempt;
        let entry = Entry { task: id.clone(), attempt, at: now(), event };
        let written = self.0.log.append(vec![entry]).await?;
        self.0.log.settled(written).await;
        Ok(branch)
    }

    /// Looks for a task's branch at its repository: the one that is known, or the one that it
    /// would be.
    ///
    /// # Errors
    /// There is no such task, or the repository can't be reached or refuses the token.
    pub async fn look_up_branch(&self, id: &TaskId) -> Result<BranchLook, EngineError> {
        let facts = self.facts(id).await?;
        let remote = self.access().repository(&facts).await?;
        let branch = facts.view.branch.clone().unwrap_or_else(|| share::branch(&facts));
        let cache = Some(self.0.dirs.cache(&facts.start.cache));
        let cache = cache.filter(|_| !facts.start.cache.is_empty());
        let (git, base) = (Git::find().await?, facts.start.commit.as_str());
        Ok(git.look_up(&remote, cache.as_deref(), &branch, base).await?)
    }

    pub(super) async fn facts(&self, id: &TaskId) -> Result<TaskFacts, EngineError> {
        let id = id.clone();
        self.0.log.readers.with(move |conn| read::facts(conn, &id)).await
    }
}

/// The commit that holds what the task has done so far.
pub(super) fn newest_commit(facts: &TaskFacts) -> Option<&str> {
    let result = facts.view.outcome.as_ref().and_then(|outcome| outcome.commit.as_deref());
    result.or(facts.save_commit.as_deref())
}

/// The same, if it is on this computer.
fn commit_here(facts: &TaskFacts) -> Option<&str> {
    newest_commit(facts).filter(|_| !facts.start.cache.is_empty())
}

fn elsewhere() -> Notice {
    Notice::new(
        ErrorCode::WrongState,
        "This task's result is at its repository, not on this computer.",
        "Nothing was changed.",
        "Look its branch up to see whether it is there.",
    )
}

fn nothing() -> EngineError {
    EngineError::Refused(Notice::new(
        ErrorCode::WrongState,
        "This task changed nothing, so there is nothing to add.",
        "Your project was not touched.",
        "Read its last words, or try again.",
    ))
}
