//! Brings a result to a remote as a new branch, and touches nothing else there.

use crate::call::CallScope;
use crate::error::{GitError, RemoteErrorKind};
use crate::heads::Heads;
use crate::paths_and_ids::check_commit_id;
use crate::program::Git;
use crate::publish::free_branch_name;
use crate::remote::Remote;
use std::path::Path;
use std::time::Duration;

/// How often a name is looked for anew when somebody else takes it in between.
const MAX_NAME_TRIES: usize = 10;
/// The time that bringing a result may take.
const PUSH_TIME_LIMIT: Duration = Duration::from_secs(1_800);

impl Git {
    /// Brings `commit` of `cache` to `remote` as a new branch named `wanted`, or the next
    /// free name like it, and gives the name. A branch that is there is never moved; one
    /// that has the commit already is given as it is, so that doing it again does nothing.
    ///
    /// # Errors
    /// The remote can't be used or doesn't take it ([`GitError::Remote`],
    /// [`GitError::TokenRefused`]), the commit isn't there, or a call failed.
    pub async fn push(
        &self,
        cache: &Path,
        commit: &str,
        remote: &Remote,
        wanted: &str,
    ) -> Result<String, GitError> {
        check_commit_id(commit)?;
        if let Some(folder) = remote.address().folder() {
            return self.publish(cache, commit, folder, wanted).await;
        }
        let branch = format!("refs/heads/{wanted}");
        self.call(CallScope::NoRepository).args(["check-ref-format", &branch]).run().await?;
        let mut refused: Option<(String, GitError)> = None;
        for _ in 0..MAX_NAME_TRIES {
            let heads = self.remote_heads(remote).await?;
            if let Some(there) = find_published_branch(&heads, wanted, commit) {
                return Ok(there.to_owned());
            }
            let names: Vec<String> = heads.branches.into_iter().map(|(name, _)| name).collect();
            let name = free_branch_name(wanted, &names);
            match refused.take() {
                // Nobody took the name in between, so that wasn't why.
                Some((tried, error)) if tried == name && !is_lock_conflict(&error) => {
                    return Err(error);
                }
                _ => {}
            }
            match self.create_remote_branch(remote, cache, commit, &name).await {
                Ok(()) => return Ok(name),
                Err(error @ GitError::Remote { kind: RemoteErrorKind::Rejected, .. }) => {
                    refused = Some((name, error));
                }
                Err(error) => return Err(error),
            }
        }
        Err(refused.expect("BUG: the last attempt was refused").1)
    }

    /// Creates the branch, if it isn't there at that moment.
    async fn create_remote_branch(
        &self,
        remote: &Remote,
        cache: &Path,
        commit: &str,
        name: &str,
    ) -> Result<(), GitError> {
        let call = self
            .remote_call(CallScope::Repository(cache), remote)
            .args(["push", "--quiet", "--porcelain", "--no-verify", "--no-follow-tags"])
            .args(["--recurse-submodules=no", "--no-signed"])
            // The opposite of force: it must not be there, not even to be moved on.
            .args([format!("--force-with-lease=refs/heads/{name}:")])
            .args(["--end-of-options".into(), remote.git_argument()])
            .args([format!("{commit}:refs/heads/{name}")])
            .time_limit(PUSH_TIME_LIMIT);
        let ended = self.run_remote_call(call, remote).await?;
        if ended.code == Some(0) { Ok(()) } else { Err(remote.call_error(&ended)) }
    }
}

/// Whether another call was writing at that moment.
fn is_lock_conflict(error: &GitError) -> bool {
    matches!(error, GitError::Remote { details, .. } if details.contains("lock ref"))
}

/// The branch named `wanted`, or `wanted-2`, …, that has the commit already.
fn find_published_branch<'a>(heads: &'a Heads, wanted: &str, commit: &str) -> Option<&'a str> {
    let is_ours = |name: &str| {
        name.strip_prefix(wanted).is_some_and(|rest| {
            let number = rest.strip_prefix('-').unwrap_or_default();
            rest.is_empty() || (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
        })
    };
    let mut names = heads.branches.iter().filter(|(_, at)| at == commit);
    names.find(|(name, _)| is_ours(name)).map(|(name, _)| name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_brought_before_is_found() {
        let heads = |names: &[(&str, &str)]| Heads {
            default_branch: None,
            branches: names.iter().map(|(n, c)| ((*n).to_owned(), (*c).to_owned())).collect(),
        };
        for (there, expected) in [
            (&[("r/b/t", "1")][..], Some("r/b/t")),
            (&[("r/b/t", "2"), ("r/b/t-2", "1")], Some("r/b/t-2")),
            (&[("r/b/t", "2")], None),
            (&[("main", "1"), ("r/b/t-x", "1"), ("r/b/t-", "1"), ("r/b/tt", "1")], None),
        ] {
            assert_eq!(find_published_branch(&heads(there), "r/b/t", "1"), expected, "{there:?}");
        }
    }
}
