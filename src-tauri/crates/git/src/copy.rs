//! A task's separate copy of the project.

use crate::cache::object_format_flag;
use crate::call::CallScope;
use crate::error::GitError;
use crate::excludes::EXCLUDE_FILE;
use crate::files::copy_if_exists;
use crate::paths_and_ids::{absolute, check_commit_id};
use crate::program::Git;
use std::path::Path;
use std::time::Duration;

/// The time that writing all files may take.
const CHECKOUT_TIME_LIMIT: Duration = Duration::from_secs(3_600);

impl Git {
    /// Makes a copy at `dest`, which must not exist, with the files of `commit` on a new
    /// local branch: what `git clone --shared --no-tags` makes, but with no remote and none
    /// of the cache's refs, so that nothing in it leads back to us. When it fails, nothing
    /// is left at `dest`.
    ///
    /// # Errors
    /// The cache or the commit isn't there, `dest` is, or a call failed.
    pub async fn copy(
        &self,
        cache: &Path,
        commit: &str,
        dest: &Path,
        branch: &str,
    ) -> Result<(), GitError> {
        check_commit_id(commit)?;
        if !cache.is_dir() {
            return Err(GitError::NotAFolder(cache.to_owned()));
        }
        let making = |error| GitError::io(format!("making {}", dest.display()), &error);
        if let Some(parent) = dest.parent() {
            tokio::fs::create_dir_all(parent).await.map_err(making)?;
        }
        tokio::fs::create_dir(dest).await.map_err(making)?;
        let filled = self.populate_copy(cache, commit, dest, branch).await;
        if filled.is_err() {
            tokio::fs::remove_dir_all(dest).await.map_err(making)?;
        }
        filled
    }

    /// Makes the empty folder `dest` the copy.
    async fn populate_copy(
        &self,
        cache: &Path,
        commit: &str,
        dest: &Path,
        branch: &str,
    ) -> Result<(), GitError> {
        self.call(CallScope::NoRepository)
            .args(["init", "--quiet", "--template=", object_format_flag(commit)])
            .args([&format!("--initial-branch={branch}"), "--"])
            .args([&absolute(dest)])
            .run()
            .await?;
        share_cache(cache, dest).map_err(|error| GitError::io("sharing the cache", &error))?;
        self.call(CallScope::Repository(&dest.join(".git")))
            .args(["reset", "--quiet", "--hard", "--end-of-options", commit])
            .work_tree(dest)
            .time_limit(CHECKOUT_TIME_LIMIT)
            .run()
            .await
            .map(drop)
    }
}

/// Lets the copy read the cache's objects, stop where its history stops, and ignore what
/// it ignores.
fn share_cache(cache: &Path, dest: &Path) -> std::io::Result<()> {
    let git_dir = dest.join(".git");
    let objects = absolute(cache).join("objects").into_os_string();
    std::fs::create_dir_all(git_dir.join("objects/info"))?;
    let line = alternates_line(objects.as_encoded_bytes());
    std::fs::write(git_dir.join("objects/info/alternates"), line)?;
    std::fs::create_dir_all(git_dir.join("info"))?;
    for file in ["shallow", EXCLUDE_FILE] {
        copy_if_exists(&cache.join(file), &git_dir.join(file))?;
    }
    Ok(())
}

/// A line of the file that names other folders of objects. A path that holds a line break is
/// quoted as git quotes paths. Source: <https://git-scm.com/docs/git-config#Documentation/git-config.txt-corequotePath>.
fn alternates_line(path: &[u8]) -> Vec<u8> {
    if !path.contains(&b'\n') {
        return [path, b"\n"].concat();
    }
    let quoted = path.iter().flat_map(|byte| match byte {
        b'\n' => b"\\n".to_vec(),
        b'"' | b'\\' => vec![b'\\', *byte],
        other => vec![*other],
    });
    std::iter::once(b'"').chain(quoted).chain(*b"\"\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_with_a_line_break_is_quoted() {
        assert_eq!(alternates_line(b"/a \"b\"\\c"), b"/a \"b\"\\c\n");
        assert_eq!(alternates_line(b"/a\n\"b\\"), b"\"/a\\n\\\"b\\\\\"\n");
    }
}
