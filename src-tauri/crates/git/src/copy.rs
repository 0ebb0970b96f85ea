//! A task's separate copy of the project.

use crate::cache::object_format;
use crate::call::Place;
use crate::error::GitError;
use crate::files::copy_if_there;
use crate::ignored::EXCLUDE;
use crate::program::Git;
use crate::words::{absolute, check_id};
use std::path::Path;
use std::time::Duration;

/// The time that writing all files may take.
const CHECKOUT_TIME: Duration = Duration::from_secs(3_600);

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
        check_id(commit)?;
        if !cache.is_dir() {
            return Err(GitError::NotAFolder(cache.to_owned()));
        }
        let making = |error| GitError::io(format!("making {}", dest.display()), &error);
        if let Some(parent) = dest.parent() {
            tokio::fs::create_dir_all(parent).await.map_err(making)?;
        }
        tokio::fs::create_dir(dest).await.map_err(making)?;
        let filled = self.fill(cache, commit, dest, branch).await;
        if filled.is_err() {
            tokio::fs::remove_dir_all(dest).await.map_err(making)?;
        }
        filled
    }

    /// Makes the empty folder `dest` the copy.
    async fn fill(
        &self,
        cache: &Path,
        commit: &str,
        dest: &Path,
        branch: &str,
    ) -> Result<(), GitError> {
        self.call(Place::Nowhere)
            .args(["init", "--quiet", "--template=", object_format(commit)])
            .args([&format!("--initial-branch={branch}"), "--"])
            .args([&absolute(dest)])
            .run()
            .await?;
        share(cache, dest).map_err(|error| GitError::io("sharing the cache", &error))?;
        self.call(Place::Repository(&dest.join(".git")))
            .args(["reset", "--quiet", "--hard", "--end-of-options", commit])
            .files(dest)
            .time_limit(CHECKOUT_TIME)
            .run()
            .await
            .map(drop)
    }
}

/// Lets the copy read the cache's objects, stop where its history stops, and ignore what
/// it ignores.
fn share(cache: &Path, dest: &Path) -> std::io::Result<()> {
    let git_dir = dest.join(".git");
    let mut objects = absolute(cache).join("objects").into_os_string();
    objects.push("\n");
    std::fs::create_dir_all(git_dir.join("objects/info"))?;
    std::fs::write(git_dir.join("objects/info/alternates"), objects.as_encoded_bytes())?;
    std::fs::create_dir_all(git_dir.join("info"))?;
    for file in ["shallow", EXCLUDE] {
        copy_if_there(&cache.join(file), &git_dir.join(file))?;
    }
    Ok(())
}
