//! Looking for a branch at a remote, after the work.

use crate::call::CallScope;
use crate::error::GitError;
use crate::paths_and_ids::{absolute, is_commit_id};
use crate::private_dir::PrivateDir;
use crate::program::Git;
use crate::remote::Remote;
use regatta_protocol::endpoint::RemoteBranch;
use regatta_trace::LogDropped;
use std::path::Path;

/// The ref for what is looked at.
const LOOKUP_REF: &str = "refs/look/branch";

impl Git {
    /// Whether `branch` is at `remote`, where it points, and how many commits it has that
    /// `base` doesn't have. What is needed to count is fetched into a repository of the
    /// moment, without any file; what `cache` has already isn't fetched. When the commits
    /// can't be counted, there is no count.
    ///
    /// # Errors
    /// The remote can't be used ([`GitError::Remote`], [`GitError::TokenRefused`]).
    pub async fn look_up_remote_branch(
        &self,
        remote: &Remote,
        cache: Option<&Path>,
        branch: &str,
        base: &str,
    ) -> Result<RemoteBranch, GitError> {
        let heads = self.remote_heads(remote).await?;
        let commit = heads.commit(branch).map(str::to_owned);
        let commits = match &commit {
            Some(commit) if commit == base => Some(0),
            Some(commit) if is_commit_id(base) => match remote.address().folder() {
                Some(folder) => {
                    let counted = self.count_commits(CallScope::Folder(folder), base, commit);
                    counted.await.log_dropped("counting commits")
                }
                None => {
                    let counted = self.count_remote_commits(remote, cache, base, commit);
                    counted.await.log_dropped("counting commits")
                }
            },
            _ => None,
        };
        Ok(RemoteBranch { branch: branch.to_owned(), commit, commits_ahead: commits })
    }

    /// Counts the commits from `base` to `tip`, which a remote has.
    async fn count_remote_commits(
        &self,
        remote: &Remote,
        cache: Option<&Path>,
        base: &str,
        tip: &str,
    ) -> Result<u32, GitError> {
        let folder = PrivateDir::new()?;
        self.call(CallScope::NoRepository)
            .args([
                "init",
                "--quiet",
                "--bare",
                "--template=",
                crate::cache::object_format_flag(tip),
            ])
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
        let scope = CallScope::Repository(folder.path());
        if !self.has_commit(folder.path(), base).await? {
            // Only where it begins: what is before doesn't count.
            let what = format!("{base}:refs/look/base");
            self.fetch_remote(remote, scope, &["--filter=tree:0", "--depth=1"], &what).await?;
        }
        let what = format!("{tip}:{LOOKUP_REF}");
        self.fetch_remote(remote, scope, &["--filter=tree:0"], &what).await?;
        self.count_commits(scope, base, tip).await
    }

    async fn has_commit(&self, repository: &Path, id: &str) -> Result<bool, GitError> {
        let call = self.call(CallScope::Repository(repository)).args(["cat-file", "-e", id]);
        Ok(call.output().await?.code == Some(0))
    }

    async fn count_commits(
        &self,
        scope: CallScope<'_>,
        base: &str,
        tip: &str,
    ) -> Result<u32, GitError> {
        let range = format!("{base}..{tip}");
        let call = self.call(scope).args(["rev-list", "--count", "--end-of-options", &range]);
        let said = call.run_text().await?;
        said.parse().map_err(|_| GitError::Failed { call: "git rev-list".into(), details: said })
    }
}
