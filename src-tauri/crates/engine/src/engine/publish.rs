//! Bringing results into the project.

use super::{Engine, now};
use crate::EngineError;
use crate::publish;
use crate::store::Entry;
use regatta_git::Git;
use regatta_protocol::app::PublishResult;
use regatta_protocol::endpoint::RemoteBranch;
use regatta_protocol::{Capability, ErrorCode, Event, TaskId, UserMessage};
use std::path::Path;

impl Engine {
    /// Brings results into their projects, each as a new branch; nothing else there
    /// changes. A result that was added before and still is there isn't added twice.
    pub async fn publish_results(&self, tasks: &[TaskId]) -> Vec<PublishResult> {
        let mut results = Vec::new();
        for task in tasks {
            let (branch, notice) = match self.publish_one(task).await {
                Ok(branch) => (Some(branch), None),
                Err(error) => (None, Some(error.notice())),
            };
            results.push(PublishResult { task: task.clone(), branch, notice });
        }
        results
    }

    async fn publish_one(&self, id: &TaskId) -> Result<String, EngineError> {
        let facts = self.task_facts(id).await?;
        if !facts.view.status.is_over() {
            return Err(EngineError::WrongState("This task isn't over yet."));
        }
        if !self.place_of(&facts.request).can(Capability::Publish) {
            return Err(EngineError::Refused(result_not_local_notice()));
        }
        let outcome = facts.view.outcome.as_ref();
        let commit =
            outcome.and_then(|outcome| outcome.commit.as_deref()).ok_or_else(nothing_to_publish)?;
        let (git, project) = (Git::find().await?, Path::new(&facts.start.project));
        if let Some(branch) = &facts.view.branch
            && project.is_absolute()
            && git.resolve(project, &format!("refs/heads/{branch}")).await.as_deref() == Ok(commit)
        {
            return Ok(branch.clone());
        }
        let branch = publish::publish(&self.0.access, &facts, commit).await?;
        let event = Event::Published { branch: branch.clone(), commit: commit.to_owned() };
        let attempt = facts.view.attempt;
        let entry = Entry { task: id.clone(), attempt, at: now(), event };
        let written = self.0.log.append(vec![entry]).await?;
        self.0.log.wait_committed_or_error(written).await;
        Ok(branch)
    }

    /// Looks for a task's branch at its repository: the one that is known, or the one that it
    /// would be.
    ///
    /// # Errors
    /// There is no such task, or the repository can't be reached or refuses the token.
    pub async fn find_remote_branch(&self, id: &TaskId) -> Result<RemoteBranch, EngineError> {
        let facts = self.task_facts(id).await?;
        let remote = self.0.access.task_remote(&facts).await?;
        let branch = facts.view.branch.clone().unwrap_or_else(|| publish::branch_name(&facts));
        let cache = Some(self.0.access.dirs.cache(&facts.start.cache));
        let cache = cache.filter(|_| !facts.start.cache.is_empty());
        let (git, base) = (Git::find().await?, facts.start.commit.as_str());
        Ok(git.look_up_remote_branch(&remote, cache.as_deref(), &branch, base).await?)
    }
}

fn result_not_local_notice() -> UserMessage {
    UserMessage::new(
        ErrorCode::WrongState,
        "This task's result is at its repository, not on this computer.",
        "Nothing was changed.",
        "Look its branch up to see whether it is there.",
    )
}

fn nothing_to_publish() -> EngineError {
    EngineError::Refused(UserMessage::new(
        ErrorCode::WrongState,
        "This task changed nothing, so there is nothing to add.",
        "Your project was not touched.",
        "Read its last words, or try again.",
    ))
}
