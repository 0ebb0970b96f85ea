//! The bare cache of a project: our own objects and refs, which copies share and into
//! which save points go.

use crate::call::Place;
use crate::error::GitError;
use crate::files::{beside, remove_old};
use crate::program::Git;
use crate::remote::Remote;
use crate::words::{absolute, check_id};
use std::path::Path;
use std::time::Duration;

/// The time that a whole history may take to arrive, or to be packed.
const LONG: Duration = Duration::from_secs(3_600);
/// The age from which a lock is that of a call that was cut off: they are held for moments.
const LOCK_AGE: Duration = Duration::from_secs(600);
/// How often, and how long apart, a fetch is tried when others are in its way.
const TURNS: u32 = 100;
const TURN: Duration = Duration::from_millis(100);
/// Loose objects in one of the 256 folders, and packs, from which on reading gets slow.
const MANY_LOOSE: usize = 27;
const MANY_PACKS: usize = 50;
/// A fetch that brings what is asked for and does nothing else.
const FETCH: [&str; 7] = [
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-gc",
    "--no-recurse-submodules",
    "--refmap=",
];
/// The files that make a pack.
const FILES_OF_A_PACK: usize = 3;

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
        check_id(commit)?;
        if !cache.exists() {
            self.create_cache(cache, commit).await?;
        }
        self.take_over_ignored(project, cache).await?;
        let held = format!("refs/regatta/start/{commit}");
        if self.has_ref(cache, &held).await? {
            return Ok(());
        }
        unlock(cache, &held)?;
        match self.fetch_in_turn(project, cache, commit, &held).await {
            Ok(()) => self.tidy(cache).await,
            // Another one may have brought it at the same time.
            Err(_) if self.has_ref(cache, &held).await? => Ok(()),
            Err(GitError::Failed { .. }) if self.is_partial(project).await? => {
                Err(GitError::Partial(project.to_owned()))
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
    pub async fn update_cache_from(
        &self,
        remote: &Remote,
        cache: &Path,
        commit: &str,
    ) -> Result<(), GitError> {
        if let Some(folder) = remote.folder() {
            return self.update_cache(folder, cache, commit).await;
        }
        check_id(commit)?;
        if !cache.exists() {
            self.create_cache(cache, commit).await?;
        }
        let held = format!("refs/regatta/start/{commit}");
        if self.has_ref(cache, &held).await? {
            return Ok(());
        }
        unlock(cache, &held)?;
        let place = Place::Repository(cache);
        match self.fetch_from(remote, place, &[], &format!("{commit}:{held}")).await {
            Ok(()) => self.tidy(cache).await,
            // Another one may have brought it at the same time.
            Err(_) if self.has_ref(cache, &held).await? => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Fetches from a remote into a repository of ours, with all checks on and nothing else
    /// touched. `what`: a commit, and after a colon the ref that will hold it.
    pub(crate) async fn fetch_from(
        &self,
        remote: &Remote,
        into: Place<'_>,
        how: &[&str],
        what: &str,
    ) -> Result<(), GitError> {
        let call = self
            .remote_call(into, remote)
            .durable()
            .args(FETCH)
            .args(how)
            .args(["--end-of-options".as_ref(), remote.argument().as_os_str(), what.as_ref()])
            .time_limit(LONG);
        let ended = self.reach(call, remote).await?;
        let missing = ["not our ref", "unadvertised object", "couldn't find remote ref"];
        match ended.code {
            Some(0) => Ok(()),
            _ if missing.iter().any(|words| ended.stderr.contains(words)) => {
                let rev = what.split(':').next().unwrap_or(what).to_owned();
                Err(GitError::RevisionMissing { rev })
            }
            _ => Err(remote.error(&ended)),
        }
    }

    /// The refs of `cache` that begin with `prefix` (whole parts), each with the commit it
    /// points to.
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

    /// Fetches a commit from one local repository into another, with all checks on and
    /// nothing else touched. `held`: the ref that will hold it; where the history is cut
    /// in `from`, it is cut then.
    pub(crate) async fn fetch(
        &self,
        from: &Path,
        into: Place<'_>,
        commit: &str,
        held: Option<&str>,
    ) -> Result<(), GitError> {
        check_id(commit)?;
        if !from.is_dir() {
            return Err(GitError::NotAFolder(from.to_owned()));
        }
        let mut call = self.call(into).durable().args(FETCH);
        let mut what = commit.to_owned();
        if let Some(held) = held {
            call = call.args(["--update-shallow"]);
            what = format!("{commit}:{held}");
        }
        let fetched = call
            .args(["--end-of-options".as_ref(), absolute(from).as_os_str(), what.as_ref()])
            .env("GIT_ALLOW_PROTOCOL", "file")
            .time_limit(LONG)
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
    async fn fetch_in_turn(
        &self,
        project: &Path,
        cache: &Path,
        commit: &str,
        held: &str,
    ) -> Result<(), GitError> {
        let in_the_way =
            |said: &str| said.contains("shallow.lock") || said.contains("shallow file has changed");
        for _ in 1..TURNS {
            match self.fetch(project, Place::Repository(cache), commit, Some(held)).await {
                Err(GitError::Failed { details, .. }) if in_the_way(&details) => {
                    tokio::time::sleep(TURN).await;
                }
                other => return other,
            }
        }
        self.fetch(project, Place::Repository(cache), commit, Some(held)).await
    }

    /// Makes an empty cache under another name and moves it into place, so that a cache
    /// that is there is whole.
    async fn create_cache(&self, cache: &Path, commit: &str) -> Result<(), GitError> {
        let making = |error| GitError::io(format!("making {}", cache.display()), &error);
        if let Some(parent) = cache.parent() {
            tokio::fs::create_dir_all(parent).await.map_err(making)?;
        }
        let new = beside(cache);
        self.call(Place::Nowhere)
            .args(["init", "--quiet", "--bare", "--template=", object_format(commit), "--"])
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
        Ok(self.call(Place::Repository(cache)).args(args).ask().await?.is_some())
    }

    /// Whether the project has left objects where it came from. To fetch those, git would
    /// have to go there, which is the person's own business.
    async fn is_partial(&self, project: &Path) -> Result<bool, GitError> {
        let args = ["config", "--name-only", "--get-regexp", "^remote\\..*\\.promisor$"];
        Ok(self.call(Place::Folder(project)).args(args).ask().await?.is_some())
    }

    /// Packs the cache once it has grown ragged, so that copies stay quick. Nothing is
    /// lost by it: what no pack holds stays as it is. When it doesn't work out (another
    /// one does it at this moment), the next time does it.
    async fn tidy(&self, cache: &Path) -> Result<(), GitError> {
        let count = |folder: &str| std::fs::read_dir(cache.join(folder)).map_or(0, Iterator::count);
        if count("objects/17") < MANY_LOOSE && count("objects/pack") < FILES_OF_A_PACK * MANY_PACKS
        {
            return Ok(());
        }
        self.call(Place::Repository(cache))
            .args(["repack", "--quiet", "-d", "-l", "--geometric=2"])
            .time_limit(LONG)
            .end()
            .await
            .map(drop)
    }
}

/// Removes the locks of a call that was cut off.
fn unlock(cache: &Path, held: &str) -> Result<(), GitError> {
    for locked in ["shallow", held] {
        remove_old(&cache.join(format!("{locked}.lock")), LOCK_AGE)
            .map_err(|error| GitError::io("unlocking the cache", &error))?;
    }
    Ok(())
}

/// The kind of repository that has ids like this one.
pub(crate) fn object_format(id: &str) -> &'static str {
    if id.len() == 64 { "--object-format=sha256" } else { "--object-format=sha1" }
}
