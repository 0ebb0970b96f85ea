//! The bare cache of a project: our own objects and refs, which copies share and into
//! which save points go.

use crate::call::CallScope;
use crate::error::GitError;
use crate::files::{remove_if_older, temp_sibling};
use crate::fsck::Origin;
use crate::paths_and_ids::{absolute, check_commit_id};
use crate::program::Git;
use crate::remote::Remote;
use std::path::Path;
use std::time::Duration;

/// The time that a whole history may take to arrive, or to be packed.
const FETCH_TIME_LIMIT: Duration = Duration::from_secs(3_600);
/// The age from which a lock is that of a call that was cut off: they are held for moments.
const LOCK_AGE: Duration = Duration::from_secs(600);
/// How often, and how long apart, a fetch is tried when others are in its way.
const FETCH_TRIES: u32 = 100;
const FETCH_RETRY_DELAY: Duration = Duration::from_millis(100);
/// Loose objects in one of the 256 folders, and packs, from which on reading gets slow.
const MAX_LOOSE_OBJECTS: usize = 27;
const MAX_PACKS: usize = 50;
/// A fetch that brings what is asked for and does nothing else.
const FETCH_ARGS: [&str; 7] = [
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-gc",
    "--no-recurse-submodules",
    "--refmap=",
];
/// The files that make a pack.
const FILES_PER_PACK: usize = 3;

/// What a commit is fetched for from one local repository into another.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FetchPurpose<'a> {
    /// To be worked from. The ref will hold it; where the history is cut, it is cut then.
    Cache {
        /// The ref.
        held: &'a str,
    },
    /// To come into a project as a result.
    Publish {
        /// A file with the ids of dangerous objects that the project has already.
        known: &'a Path,
    },
}

impl Git {
    /// Makes the bare `cache` if it isn't there, and brings `commit` with its history from
    /// `project` into it, held by a ref of its own so that it stays. Objects are checked.
    /// What the person told git to ignore (outside of `.gitignore`) is taken over for
    /// copies and save points. Many may do this at once.
    ///
    /// # Errors
    /// The project is gone ([`GitError::NotAFolder`]), doesn't have the commit
    /// ([`GitError::RevisionMissing`]), or a call failed.
    pub async fn update_cache(
        &self,
        project: &Path,
        cache: &Path,
        commit: &str,
    ) -> Result<(), GitError> {
        check_commit_id(commit)?;
        if !cache.exists() {
            self.create_cache(cache, commit).await?;
        }
        self.copy_exclude_patterns(project, cache).await?;
        let held = format!("refs/regatta/start/{commit}");
        if self.has_ref(cache, &held).await? {
            return Ok(());
        }
        remove_stale_locks(cache, &held)?;
        match self.fetch_with_retry(project, cache, commit, &held).await {
            Ok(()) => self.repack_if_needed(cache).await,
            // Another one may have brought it at the same time.
            Err(_) if self.has_ref(cache, &held).await? => Ok(()),
            Err(GitError::Failed { .. }) if self.is_partial(project).await? => {
                Err(GitError::PartialClone(project.to_owned()))
            }
            Err(error) => Err(error),
        }
    }

    /// As [`Git::update_cache`], but from a remote: nothing of it but the commit, its history
    /// and its files is taken.
    ///
    /// # Errors
    /// The remote doesn't have the commit ([`GitError::RevisionMissing`]), can't be used
    /// ([`GitError::Remote`], [`GitError::TokenRefused`]), or a call failed.
    pub async fn update_cache_from_remote(
        &self,
        remote: &Remote,
        cache: &Path,
        commit: &str,
    ) -> Result<(), GitError> {
        if let Some(folder) = remote.address().folder() {
            return self.update_cache(folder, cache, commit).await;
        }
        check_commit_id(commit)?;
        if !cache.exists() {
            self.create_cache(cache, commit).await?;
        }
        let held = format!("refs/regatta/start/{commit}");
        if self.has_ref(cache, &held).await? {
            return Ok(());
        }
        remove_stale_locks(cache, &held)?;
        let scope = CallScope::Repository(cache);
        match self.fetch_remote(remote, scope, &[], &format!("{commit}:{held}")).await {
            Ok(()) => self.repack_if_needed(cache).await,
            // Another one may have brought it at the same time.
            Err(_) if self.has_ref(cache, &held).await? => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Fetches from a remote into a repository of ours, with all checks on and nothing else
    /// touched. `what`: a commit, and after a colon the ref that will hold it.
    pub(crate) async fn fetch_remote(
        &self,
        remote: &Remote,
        into: CallScope<'_>,
        how: &[&str],
        what: &str,
    ) -> Result<(), GitError> {
        let call = self
            .remote_call(into, remote)
            .durable()
            .checked(Origin::Project)
            .args(FETCH_ARGS)
            .args(how)
            .args(["--end-of-options".as_ref(), remote.git_argument().as_os_str(), what.as_ref()])
            .time_limit(FETCH_TIME_LIMIT);
        let ended = self.run_remote_call(call, remote).await?;
        let missing = ["not our ref", "unadvertised object", "couldn't find remote ref"];
        match ended.code {
            Some(0) => Ok(()),
            _ if missing.iter().any(|words| ended.stderr.contains(words)) => {
                let rev = what.split(':').next().unwrap_or(what).to_owned();
                Err(GitError::RevisionMissing { rev })
            }
            _ => Err(remote.call_error(&ended)),
        }
    }

    /// The refs of `cache` that begin with `prefix` (whole parts), each with the commit it
    /// points to.
    ///
    /// # Errors
    /// The cache isn't there, or the call failed.
    pub async fn list_refs(
        &self,
        cache: &Path,
        prefix: &str,
    ) -> Result<Vec<(String, String)>, GitError> {
        let lines = self
            .call(CallScope::Repository(cache))
            .args(["for-each-ref", "--format=%(objectname) %(refname)", "--end-of-options", prefix])
            .run_text()
            .await?;
        let split = |line: &str| line.split_once(' ').map(|(id, name)| (name.into(), id.into()));
        Ok(lines.lines().filter_map(split).collect())
    }

    /// Fetches a commit from one local repository into another, with all checks on and
    /// nothing else touched.
    pub(crate) async fn fetch_local(
        &self,
        from: &Path,
        into: CallScope<'_>,
        commit: &str,
        purpose: FetchPurpose<'_>,
    ) -> Result<(), GitError> {
        check_commit_id(commit)?;
        if !from.is_dir() {
            return Err(GitError::NotAFolder(from.to_owned()));
        }
        let call = self.call(into).durable();
        let (call, what) = match purpose {
            FetchPurpose::Cache { held } => {
                let call = call.checked(Origin::Project).args(FETCH_ARGS);
                (call.args(["--update-shallow"]), format!("{commit}:{held}"))
            }
            FetchPurpose::Publish { known } => {
                let skipped = call.checked(Origin::Result).setting("fetch.fsck.skipList", known);
                (skipped.args(FETCH_ARGS), commit.to_owned())
            }
        };
        let fetched = call
            .args(["--end-of-options".as_ref(), absolute(from).as_os_str(), what.as_ref()])
            .env("GIT_ALLOW_PROTOCOL", "file")
            .time_limit(FETCH_TIME_LIMIT)
            .run()
            .await;
        match fetched {
            Err(GitError::Failed { details, .. }) if details.contains("not our ref") => {
                Err(GitError::RevisionMissing { rev: commit.to_owned() })
            }
            other => other.map(drop),
        }
    }

    /// Fetches into the cache. Where histories are cut, git keeps the ends of them all in one
    /// file, and gives up when another call has written it; then it is this one's turn.
    async fn fetch_with_retry(
        &self,
        project: &Path,
        cache: &Path,
        commit: &str,
        held: &str,
    ) -> Result<(), GitError> {
        let purpose = FetchPurpose::Cache { held };
        let in_the_way =
            |said: &str| said.contains("shallow.lock") || said.contains("shallow file has changed");
        for _ in 1..FETCH_TRIES {
            match self.fetch_local(project, CallScope::Repository(cache), commit, purpose).await {
                Err(GitError::Failed { details, .. }) if in_the_way(&details) => {
                    tokio::time::sleep(FETCH_RETRY_DELAY).await;
                }
                other => return other,
            }
        }
        self.fetch_local(project, CallScope::Repository(cache), commit, purpose).await
    }

    /// Makes an empty cache under another name and moves it into place, so that a cache
    /// that is there is whole.
    async fn create_cache(&self, cache: &Path, commit: &str) -> Result<(), GitError> {
        let making = |error| GitError::io(format!("making {}", cache.display()), &error);
        if let Some(parent) = cache.parent() {
            tokio::fs::create_dir_all(parent).await.map_err(making)?;
        }
        let new = temp_sibling(cache);
        self.call(CallScope::NoRepository)
            .args(["init", "--quiet", "--bare", "--template=", object_format_flag(commit), "--"])
            .args([&absolute(&new)])
            .run()
            .await?;
        let moved = tokio::fs::rename(&new, cache).await;
        if moved.is_err() {
            tokio::fs::remove_dir_all(&new).await.map_err(making)?;
        }
        match moved {
            Err(error) if !cache.is_dir() => Err(making(error)),
            _ => Ok(()), // ours, or that of another one that was quicker
        }
    }

    /// Whether `cache` has the ref.
    async fn has_ref(&self, cache: &Path, name: &str) -> Result<bool, GitError> {
        let args = ["show-ref", "--verify", "--quiet", name];
        Ok(self.call(CallScope::Repository(cache)).args(args).run_optional().await?.is_some())
    }

    /// Whether the project has left objects where it came from. To fetch those, git would
    /// have to go there, which is the person's own business.
    async fn is_partial(&self, project: &Path) -> Result<bool, GitError> {
        let args = ["config", "--name-only", "--get-regexp", "^remote\\..*\\.promisor$"];
        Ok(self.call(CallScope::Folder(project)).args(args).run_optional().await?.is_some())
    }

    /// Packs the cache once it has grown ragged, so that copies stay quick. Nothing is
    /// lost by it: what no pack holds stays as it is. When it doesn't work out (another
    /// one does it at this moment), the next time does it.
    async fn repack_if_needed(&self, cache: &Path) -> Result<(), GitError> {
        let count = |folder: &str| std::fs::read_dir(cache.join(folder)).map_or(0, Iterator::count);
        if count("objects/17") < MAX_LOOSE_OBJECTS
            && count("objects/pack") < FILES_PER_PACK * MAX_PACKS
        {
            return Ok(());
        }
        self.call(CallScope::Repository(cache))
            .args(["repack", "--quiet", "-d", "-l", "--geometric=2"])
            .time_limit(FETCH_TIME_LIMIT)
            .output()
            .await
            .map(drop)
    }
}

/// Removes the locks of a call that was cut off.
fn remove_stale_locks(cache: &Path, held: &str) -> Result<(), GitError> {
    for locked in ["shallow", held] {
        remove_if_older(&cache.join(format!("{locked}.lock")), LOCK_AGE)
            .map_err(|error| GitError::io("unlocking the cache", &error))?;
    }
    Ok(())
}

/// The kind of repository that has ids like this one.
pub(crate) fn object_format_flag(id: &str) -> &'static str {
    if id.len() == 64 { "--object-format=sha256" } else { "--object-format=sha1" }
}
