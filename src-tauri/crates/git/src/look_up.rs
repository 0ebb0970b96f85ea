//! Looking for a branch at a remote, after the work.

use crate::call::Place;
use crate::error::GitError;
use crate::private::Private;
use crate::program::Git;
use crate::remote::Remote;
use crate::words::{absolute, is_id};
use regatta_protocol::endpoint::BranchLook;
use std::path::Path;

/// The ref for what is looked at.
const LOOKED_AT: &str = "refs/look/branch";

impl Git {
    /// Whether `branch` is at `remote`, where it points, and how many commits it has that
    /// `base` doesn't have. What is needed to count is fetched into a repository of the
    /// moment, without any file; what `cache` has already isn't fetched. When the commits
    /// can't be counted, there is no count.
    ///
    /// # Errors
    /// The remote can't be used ([`GitError::Remote`], [`GitError::TokenRefused`]).
    pub async fn look_up(
        &self,
        remote: &Remote,
        cache: Option<&Path>,
        branch: &str,
        base: &str,
    ) -> Result<BranchLook, GitError> {
        let heads = self.remote_heads(remote).await?;
        let commit = heads.commit(branch).map(str::to_owned);
        let commits = match &commit {
            Some(commit) if commit == base => Some(0),
            Some(commit) if is_id(base) => match remote.folder() {
                Some(folder) => self.count(Place::Folder(folder), base, commit).await.ok(),
                None => self.count_at(remote, cache, (base, commit)).await.ok(),
            },
            _ => None,
        };
        Ok(BranchLook { branch: branch.to_owned(), commit, commits })
    }

    /// Counts the commits from `base` to `tip`, which a remote has.
    async fn count_at(
        &self,
        remote: &Remote,
        cache: Option<&Path>,
        (base, tip): (&str, &str),
    ) -> Result<u32, GitError> {
        let folder = Private::new()?;
        self.call(Place::Nowhere)
            .args(["init", "--quiet", "--bare", "--template=", crate::cache::object_format(tip)])
            .args(["--".as_ref(), folder.path().as_os_str()])
            .run()
            .await?;
        if let Some(cache) = cache.filter(|cache| cache.is_dir()) {
            let mut objects = absolute(cache).join("objects").into_os_string();
            objects.push("\n");
            let file = folder.path().join("objects/info/alternates");
            let written = std::fs::write(file, objects.as_encoded_bytes());
            written.map_err(|error| GitError::io("sharing the cache", &error))?;
        }
        let place = Place::Repository(folder.path());
        if !self.has_commit(folder.path(), base).await? {
            // Only where it begins: what is before doesn't count.
            let what = format!("{base}:refs/look/base");
            self.fetch_from(remote, place, &["--filter=tree:0", "--depth=1"], &what).await?;
        }
        let what = format!("{tip}:{LOOKED_AT}");
        self.fetch_from(remote, place, &["--filter=tree:0"], &what).await?;
        self.count(place, base, tip).await
    }

    async fn has_commit(&self, repository: &Path, id: &str) -> Result<bool, GitError> {
        let call = self.call(Place::Repository(repository)).args(["cat-file", "-e", id]);
        Ok(call.end().await?.code == Some(0))
    }

    async fn count(&self, place: Place<'_>, base: &str, tip: &str) -> Result<u32, GitError> {
        let range = format!("{base}..{tip}");
        let call = self.call(place).args(["rev-list", "--count", "--end-of-options", &range]);
        let said = call.text().await?;
        said.parse().map_err(|_| GitError::Failed { call: "git rev-list".into(), details: said })
    }
}
