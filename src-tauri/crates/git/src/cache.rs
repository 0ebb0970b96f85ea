//! The bare cache of a project: our own objects and refs, which copies share and into
//! which save points go.

use crate::call::{Git, Place, is_id};
use crate::error::GitError;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The time that a whole history may take to arrive.
const FETCH_TIME: Duration = Duration::from_secs(3_600);

impl Git {
    /// Makes the bare `cache` if it isn't there, and brings `commit` with its history from
    /// `project` into it, held by a ref of its own so that it stays. Objects are checked.
    /// Many may do this at once.
    ///
    /// # Errors
    /// The project is gone ([`GitError::NotAFolder`]), doesn't have the commit, or a call
    /// failed.
    pub async fn update_cache(
        &self,
        project: &Path,
        cache: &Path,
        commit: &str,
    ) -> Result<(), GitError> {
        if !is_id(commit) {
            return Err(GitError::RevisionMissing { rev: commit.to_owned() });
        }
        if !cache.exists() {
            self.create_cache(cache, commit).await?;
        }
        let held = format!("refs/regatta/start/{commit}");
        if self.has_ref(cache, &held).await? {
            return Ok(());
        }
        let fetched = self.fetch(project, cache, &format!("{commit}:{held}")).await;
        // Another one may have brought it at the same time.
        if fetched.is_err() && self.has_ref(cache, &held).await? {
            return Ok(());
        }
        fetched
    }

    /// The refs of `cache` that begin with `prefix` (whole parts), with what they point to.
    ///
    /// # Errors
    /// The cache isn't there, or the call failed.
    pub async fn refs(
        &self,
        cache: &Path,
        prefix: &str,
    ) -> Result<Vec<(String, String)>, GitError> {
        let lines = self
            .call(Place::Repository(cache))
            .args(["for-each-ref", "--format=%(objectname) %(refname)", "--end-of-options", prefix])
            .text()
            .await?;
        let split = |line: &str| line.split_once(' ').map(|(id, name)| (name.into(), id.into()));
        Ok(lines.lines().filter_map(split).collect())
    }

    /// Fetches `what` from one local repository into another, with all checks on and
    /// nothing else touched.
    pub(crate) async fn fetch(&self, from: &Path, into: &Path, what: &str) -> Result<(), GitError> {
        if !from.is_dir() {
            return Err(GitError::NotAFolder(from.to_owned()));
        }
        let from = std::path::absolute(from)
            .map_err(|error| GitError::io(format!("finding {}", from.display()), &error))?;
        self.call(Place::Folder(into))
            .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc"])
            .args(["--no-recurse-submodules", "--refmap=", "--update-shallow", "--end-of-options"])
            .args([from.as_os_str(), what.as_ref()])
            .env("GIT_ALLOW_PROTOCOL", "file")
            .time_limit(FETCH_TIME)
            .run()
            .await
            .map(drop)
    }

    /// Makes an empty cache under another name and moves it into place, so that a cache
    /// that is there is whole.
    async fn create_cache(&self, cache: &Path, commit: &str) -> Result<(), GitError> {
        let new = beside(cache);
        self.call(Place::Nowhere)
            .args(["init", "--quiet", "--bare", "--template=", object_format(commit), "--"])
            .args([&new])
            .run()
            .await?;
        match tokio::fs::rename(&new, cache).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let gone = tokio::fs::remove_dir_all(&new).await;
                match gone {
                    Ok(()) if cache.is_dir() => Ok(()), // another one was quicker
                    _ => Err(GitError::io(format!("making {}", cache.display()), &error)),
                }
            }
        }
    }

    /// Whether `cache` has the ref.
    async fn has_ref(&self, cache: &Path, name: &str) -> Result<bool, GitError> {
        let args = ["show-ref", "--verify", "--quiet", name];
        Ok(self.call(Place::Repository(cache)).args(args).ask().await?.is_some())
    }
}

/// The kind of repository that has ids like this one.
pub(crate) fn object_format(id: &str) -> &'static str {
    if id.len() == 64 { "--object-format=sha256" } else { "--object-format=sha1" }
}

/// A name beside `path` that no other call of any process uses.
fn beside(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut name = OsString::from(path);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".new-{}-{number}", std::process::id()));
    PathBuf::from(name)
}
