//! Everything between two commits as one text.

use crate::call::CallScope;
use crate::changes::BIG_FILE_THRESHOLD;
use crate::error::GitError;
use crate::paths_and_ids::check_commit_id;
use crate::program::Git;
use std::path::Path;

/// The longest text that is made, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;

impl Git {
    /// What leads from the commit `from` to the commit `to`, as `git apply` takes it; none
    /// when that is longer than 16 MiB.
    ///
    /// # Errors
    /// [`GitError::RevisionMissing`], or the call failed.
    pub async fn diff(
        &self,
        cache: &Path,
        from: &str,
        to: &str,
    ) -> Result<Option<Vec<u8>>, GitError> {
        check_commit_id(from)?;
        check_commit_id(to)?;
        let ended = self
            .call(CallScope::Repository(cache))
            .setting("core.bigFileThreshold", BIG_FILE_THRESHOLD)
            .args(["diff-tree", "-r", "-p", "-U3", "-M", "--full-index", "--binary"])
            .args(["--no-ext-diff", "--no-textconv", "--no-color", "--end-of-options"])
            .args([from, to, "--"])
            .output_limit(MAX_BYTES)
            .output()
            .await?;
        match (ended.is_truncated, ended.code) {
            (true, _) => Ok(None),
            (false, Some(0)) => Ok(Some(ended.stdout)),
            _ => Err(ended.to_error()),
        }
    }
}
