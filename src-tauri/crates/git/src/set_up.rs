//! Gives a folder a history, so that tasks can start from it.

use crate::call::Place;
use crate::error::GitError;
use crate::inspect::Found;
use crate::program::Git;
use crate::stage::Stage;
use crate::words::path_line;
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
    pub async fn set_up(&self, dir: &Path, author: &Author) -> Result<(), GitError> {
        let found = match self.find_top(dir).await {
            Err(GitError::NotARepository(_)) => {
                self.call(Place::Folder(dir))
                    .args(["init", "--quiet", "--initial-branch=main"])
                    .run()
                    .await?;
                self.find_top(dir).await?
            }
            other => other?,
        };
        match self.resolve(&found.top, "").await {
            Err(GitError::NoCommit(_)) => self.commit_first(&found, author).await,
            other => other.map(drop),
        }
    }

    async fn commit_first(&self, found: &Found, author: &Author) -> Result<(), GitError> {
        let place = Place::Folder(&found.top);
        let git_dir = self.call(place).args(["rev-parse", "--absolute-git-dir"]).run().await?;
        let git_dir = path_line(&git_dir);
        let tree = if found.bare {
            self.call(place).args(["mktree"]).text().await?
        } else {
            let stage = Stage {
                repository: &git_dir,
                folder: &found.top,
                index: &git_dir.join("index"),
                ignore_file: self.ignore_file(&found.top).await?,
                settings: self.filters_off(place).await?,
            };
            self.stage(&stage).await?;
            self.in_stage(&stage).args(["write-tree"]).text().await?
        };
        let commit = self.commit(&git_dir, &tree, None, (author, FIRST_MESSAGE)).await?;
        // The last word: the branch must still not be there.
        let args = ["update-ref", "-m", FIRST_MESSAGE, "HEAD", &commit, &"0".repeat(commit.len())];
        self.call(place).durable().args(args).run().await.map(drop)
    }
}
