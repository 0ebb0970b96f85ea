//! Gives a folder a history, so that tasks can start from it.

use crate::call::CallScope;
use crate::error::GitError;
use crate::excludes::EXCLUDE_FILE;
use crate::inspect::RepositoryRoot;
use crate::paths_and_ids::path_from_line;
use crate::program::Git;
use crate::stage::Stage;
use crate::unfinished::Unfinished;
use regatta_protocol::worker::Author;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The message of a first commit.
const FIRST_MESSAGE: &str = "Start the history of this project";

impl Git {
    /// Makes `dir` a repository with a first commit of all its files. The files stay as
    /// they are. An empty folder gets an empty commit; a repository that has a commit is
    /// left alone. `ignored`: patterns of files to leave out, one a line. They become the
    /// folder's `.gitignore`; one that is there stays as it is, and they count beside it. When
    /// it fails, nothing of it is left.
    ///
    /// # Errors
    /// [`GitError::NotAFolder`], or a call failed.
    pub async fn init_project(
        &self,
        dir: &Path,
        author: &Author,
        ignored: &str,
    ) -> Result<(), GitError> {
        let mut unfinished = Unfinished::default();
        let found = match self.find_repository_root(dir).await {
            Err(GitError::NotARepository(_)) => {
                unfinished.expect(dir.join(".git"));
                self.call(CallScope::Folder(dir))
                    .args(["init", "--quiet", "--initial-branch=main"])
                    .run()
                    .await?;
                self.find_repository_root(dir).await?
            }
            other => other?,
        };
        match self.resolve(&found.top, "").await {
            Err(GitError::NoCommit(_)) => {
                let git_dir = self.git_dir(&found).await?;
                if !found.is_bare && !ignored.is_empty() {
                    unfinished.expect(found.top.join(".gitignore"));
                    write_patterns(&found.top, &git_dir, ignored)
                        .map_err(|error| GitError::io("writing what is left out", &error))?;
                }
                self.create_first_commit(&found, &git_dir, author).await?;
            }
            other => drop(other?),
        }
        unfinished.retain();
        Ok(())
    }

    async fn git_dir(&self, found: &RepositoryRoot) -> Result<PathBuf, GitError> {
        let call = self.call(CallScope::Folder(&found.top));
        Ok(path_from_line(&call.args(["rev-parse", "--absolute-git-dir"]).run().await?))
    }

    async fn create_first_commit(
        &self,
        found: &RepositoryRoot,
        git_dir: &Path,
        author: &Author,
    ) -> Result<(), GitError> {
        let scope = CallScope::Folder(&found.top);
        let tree = if found.is_bare {
            self.call(scope).args(["mktree"]).run_text().await?
        } else {
            let stage = Stage {
                repository: git_dir,
                folder: &found.top,
                index: &git_dir.join("index"),
                excludes_file: self.personal_excludes_file(&found.top).await?,
                settings: self.disabled_filter_settings(scope).await?,
                is_copy: false,
            };
            self.stage(&stage).await?;
            self.index_call(&stage).args(["write-tree"]).run_text().await?
        };
        let commit = self.commit_tree(git_dir, &tree, None, (author, FIRST_MESSAGE)).await?;
        // The last word: the branch must still not be there.
        let args = ["update-ref", "-m", FIRST_MESSAGE, "HEAD", &commit, &"0".repeat(commit.len())];
        self.call(scope).durable().args(args).run().await.map(drop)
    }
}

/// Puts patterns of files to leave out into the folder's own list, or, when there is one that the
/// person made, into the one that only this repository has.
fn write_patterns(top: &Path, git_dir: &Path, patterns: &str) -> io::Result<()> {
    match std::fs::File::create_new(top.join(".gitignore")) {
        Ok(mut file) => file.write_all(patterns.as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let file = git_dir.join(EXCLUDE_FILE);
            std::fs::create_dir_all(git_dir.join("info"))?;
            let mut file = std::fs::File::options().append(true).create(true).open(file)?;
            file.write_all(format!("\n{patterns}").as_bytes())
        }
        Err(error) => Err(error),
    }
}
