//! Save points: the state of a copy as a commit in the cache. Source: git-commit-tree(1),
//! git-update-ref(1).
//!
//! The copy's own `.git` takes no part. Whatever an agent planted there (settings, hooks,
//! filters, monitors, refs) is not read: the repository is the cache, the index lies in
//! the attempt's scratch folder, and the copy is only a folder with files.

use crate::call::CallScope;
use crate::error::GitError;
use crate::files::{remove_if_exists, with_suffix};
use crate::inspect::sanitize_identity;
use crate::paths_and_ids::{check_commit_id, to_lossy_string};
use crate::program::Git;
use crate::skipped::SkippedPath;
use crate::stage::Stage;
use regatta_protocol::worker::Author;
use std::path::Path;

/// The most ignored files and folders that are named.
pub const MAX_IGNORED: usize = 5;

/// What to save, and where to.
#[derive(Debug, Clone, Copy)]
pub struct SaveRequest<'a> {
    /// The cache, into which the commit goes.
    pub cache: &'a Path,
    /// The copy, whose files are saved.
    pub copy: &'a Path,
    /// The attempt's own index file, outside the copy; made when it isn't there. One save
    /// at a time may use it.
    pub index: &'a Path,
    /// The commit that the task started from: files that it has are saved even if ignored,
    /// and "changed" is told against it.
    pub base: &'a str,
    /// The parent of the new commit.
    pub parent: &'a str,
    /// The commit's message. Any text.
    pub message: &'a str,
    /// In whose name the commit is made.
    pub author: &'a Author,
    /// The ref that will point to it, such as `refs/regatta/<task>/<attempt>/3`.
    pub refname: &'a str,
}

/// What was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveResult {
    /// The new commit.
    pub commit: String,
    /// Its tree.
    pub tree: String,
    /// Whether any file differs from the base.
    pub has_changes: bool,
    /// Paths that are not in it, and why.
    pub skipped: Vec<SkippedPath>,
    /// Files and folders that are ignored and so not in it, where nothing else was changed.
    /// At most [`MAX_IGNORED`].
    pub ignored: Vec<String>,
}

impl Git {
    /// Saves the whole state of a copy as one commit and points a ref at it. Files that
    /// `.gitignore` names are left out, unless the base has them.
    ///
    /// # Errors
    /// The copy or the cache is gone ([`GitError::NotAFolder`]), the disk is full, a call
    /// failed.
    pub async fn save(&self, request: SaveRequest<'_>) -> Result<SaveResult, GitError> {
        check_commit_id(request.base)?;
        check_commit_id(request.parent)?;
        // A link put in the copy's place would save whatever it leads to.
        if !std::fs::symlink_metadata(request.copy).is_ok_and(|found| found.is_dir()) {
            return Err(GitError::NotAFolder(request.copy.to_owned()));
        }
        let stage = Stage {
            repository: request.cache,
            folder: request.copy,
            index: request.index,
            excludes_file: None,
            settings: Vec::new(),
            is_copy: true,
        };
        let skipped = self.stage_or_rebuild(&stage, request.base).await?;
        let tree = self.index_call(&stage).args(["write-tree"]).run_text().await?;
        let base_tree = self.resolve_tree(request.cache, request.base).await?;
        let commit = self
            .commit_tree(
                request.cache,
                &tree,
                Some(request.parent),
                (request.author, request.message),
            )
            .await?;
        self.call(CallScope::Repository(request.cache))
            .durable()
            .args(["update-ref", "--no-deref", "--end-of-options", request.refname, &commit])
            .run()
            .await?;
        let has_changes = tree != base_tree;
        let ignored = if has_changes { Vec::new() } else { self.list_ignored(&stage).await? };
        Ok(SaveResult { commit, has_changes, tree, skipped, ignored })
    }

    /// What lies in the folder and is ignored, folders as a whole.
    async fn list_ignored(&self, stage: &Stage<'_>) -> Result<Vec<String>, GitError> {
        let args = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"];
        let listed = self.index_call(stage).args(args).run().await?;
        let paths = listed.split(|byte| *byte == 0).filter(|path| !path.is_empty());
        Ok(paths.take(MAX_IGNORED).map(to_lossy_string).collect())
    }

    /// Makes a commit of `tree` and gives its id. `words`: in whose name, and its message.
    pub(crate) async fn commit_tree(
        &self,
        repository: &Path,
        tree: &str,
        parent: Option<&str>,
        identity_and_message: (&Author, &str),
    ) -> Result<String, GitError> {
        let (author, message) = identity_and_message;
        let (name, email) = (sanitize_identity(&author.name), sanitize_identity(&author.email));
        let name = if name.is_empty() { "Regatta".to_owned() } else { name };
        let message = message.replace('\0', "\u{fffd}");
        self.call(CallScope::Repository(repository))
            .durable()
            .args(["commit-tree"])
            .args(parent.iter().flat_map(|parent| ["-p", parent]))
            .args(["-F", "-", "--end-of-options", tree])
            .env("GIT_AUTHOR_NAME", &name)
            .env("GIT_AUTHOR_EMAIL", &email)
            .env("GIT_COMMITTER_NAME", &name)
            .env("GIT_COMMITTER_EMAIL", &email)
            .stdin(format!("{}\n", message.trim_end()).into_bytes())
            .run_text()
            .await
    }

    /// Stages the copy on its index, or, when there is none or it can't be used (a power
    /// cut spoils what was written last), on a new one that begins with the base.
    async fn stage_or_rebuild(
        &self,
        stage: &Stage<'_>,
        base: &str,
    ) -> Result<Vec<SkippedPath>, GitError> {
        let freeing = |error| GitError::io("freeing the index", &error);
        // Of a save that was cut off: there is one at a time.
        remove_if_exists(&with_suffix(stage.index, ".lock")).map_err(freeing)?;
        if stage.index.exists() {
            match self.stage(stage).await {
                Err(GitError::Failed { .. }) => remove_if_exists(stage.index).map_err(freeing)?,
                staged => return staged,
            }
        }
        self.index_call(stage).args(["read-tree", "--end-of-options", base]).run().await?;
        self.stage(stage).await
    }

    async fn resolve_tree(&self, repository: &Path, commit: &str) -> Result<String, GitError> {
        let tree = format!("{commit}^{{tree}}");
        self.call(CallScope::Repository(repository))
            .args(["rev-parse", "--verify", "--end-of-options", &tree])
            .run_text()
            .await
    }
}
