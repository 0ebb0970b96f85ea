//! Gives a folder a history, so that tasks can start from it.

use crate::call::CallScope;
use crate::error::GitError;
use crate::inspect::RepositoryRoot;
use crate::paths_and_ids::path_from_line;
use crate::program::Git;
use crate::stage::Stage;
use regatta_protocol::worker::Author;
use std::path::Path;

/// The message of a first commit.
const FIRST_MESSAGE: &str = "Start the history of this project";

impl Git {
    /// Makes `dir` a repository with a first commit of all its files. The files stay as
    /// they are. An empty folder gets an empty commit; a repository that has a commit is
    /// left alone.
    ///
    /// # Errors
    /// [`GitError::NotAFolder`], or a call failed.
    pub async fn init_project(&self, dir: &Path, author: &Author) -> Result<(), GitError> {
        let found = match self.find_repository_root(dir).await {
            Err(GitError::NotARepository(_)) => {
                self.call(CallScope::Folder(dir))
                    .args(["init", "--quiet", "--initial-branch=main"])
                    .run()
                    .await?;
                self.find_repository_root(dir).await?
            }
            other => other?,
        };
        match self.resolve(&found.top, "").await {
            Err(GitError::NoCommit(_)) => self.create_first_commit(&found, author).await,
            other => other.map(drop),
        }
    }

    async fn create_first_commit(
        &self,
        found: &RepositoryRoot,
        author: &Author,
    ) -> Result<(), GitError> {
        let scope = CallScope::Folder(&found.top);
        let git_dir = self.call(scope).args(["rev-parse", "--absolute-git-dir"]).run().await?;
        let git_dir = path_from_line(&git_dir);
        let tree = if found.is_bare {
            self.call(scope).args(["mktree"]).run_text().await?
        } else {
            let stage = Stage {
                repository: &git_dir,
                folder: &found.top,
                index: &git_dir.join("index"),
                excludes_file: self.personal_excludes_file(&found.top).await?,
                settings: self.disabled_filter_settings(scope).await?,
                is_copy: false,
            };
            self.stage(&stage).await?;
            self.index_call(&stage).args(["write-tree"]).run_text().await?
        };
        let commit = self.commit_tree(&git_dir, &tree, None, (author, FIRST_MESSAGE)).await?;
        // The last word: the branch must still not be there.
        let args = ["update-ref", "-m", FIRST_MESSAGE, "HEAD", &commit, &"0".repeat(commit.len())];
        self.call(scope).durable().args(args).run().await.map(drop)
    }
}
