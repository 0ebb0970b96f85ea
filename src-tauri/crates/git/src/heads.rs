//! What a remote has to offer.

use crate::call::CallScope;
use crate::error::GitError;
use crate::paths_and_ids::{is_commit_id, to_lossy_string};
use crate::program::Git;
use crate::remote::Remote;
use std::time::Duration;

/// The time that asking may take.
const LIST_TIME_LIMIT: Duration = Duration::from_secs(60);
/// The most of an answer that is read, in bytes: about a million branches.
const MAX_OUTPUT_BYTES: usize = 64 * 1024 * 1024;

/// The branches of a remote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heads {
    /// The branch that is its main version; `None` if it has no commit yet, or doesn't say.
    pub default_branch: Option<String>,
    /// The branches and the commits they point to, by name.
    pub branches: Vec<(String, String)>,
}

impl Heads {
    /// The commit of a branch.
    #[must_use]
    pub fn commit(&self, branch: &str) -> Option<&str> {
        let found = self.branches.iter().find(|(name, _)| name == branch);
        found.map(|(_, commit)| commit.as_str())
    }
}

impl Git {
    /// Asks a remote for its branches.
    ///
    /// # Errors
    /// It can't be used ([`GitError::Remote`], [`GitError::TokenRefused`]).
    pub async fn remote_heads(&self, remote: &Remote) -> Result<Heads, GitError> {
        let call = self
            .remote_call(CallScope::NoRepository, remote)
            .args(["ls-remote", "--quiet", "--symref", "--end-of-options"])
            .args([remote.git_argument()])
            .args(["HEAD", "refs/heads/*"])
            .time_limit(LIST_TIME_LIMIT)
            .output_limit(MAX_OUTPUT_BYTES);
        let ended = self.run_remote_call(call, remote).await?;
        match ended.code {
            Some(0) => Ok(parse_heads(&to_lossy_string(&ended.stdout))),
            _ => Err(remote.call_error(&ended)),
        }
    }
}

/// Reads `ref: refs/heads/main\tHEAD` and `<commit>\trefs/heads/main`.
fn parse_heads(lines: &str) -> Heads {
    let mut heads = Heads::default();
    for (what, name) in lines.lines().filter_map(|line| line.split_once('\t')) {
        let branch = name.strip_prefix("refs/heads/");
        if let Some(main) = what.strip_prefix("ref: refs/heads/").filter(|_| name == "HEAD") {
            heads.default_branch = Some(main.to_owned());
        } else if let Some(branch) = branch.filter(|_| is_commit_id(what)) {
            heads.branches.push((branch.to_owned(), what.to_owned()));
        }
    }
    // A new repository says what its first branch will be called.
    let there = heads.default_branch.as_ref().is_some_and(|main| heads.commit(main).is_some());
    heads.default_branch = heads.default_branch.filter(|_| there);
    heads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_read_and_nothing_else() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let said = format!(
            "ref: refs/heads/trunk\tHEAD\n{a}\tHEAD\n{a}\trefs/heads/trunk\n\
             {b}\trefs/heads/x/y\nref: refs/heads/evil\trefs/heads/alias\n\
             {b}\trefs/remotes/origin/HEAD\n-x\trefs/heads/odd\nnonsense\n"
        );
        let read = parse_heads(&said);
        assert_eq!(read.default_branch.as_deref(), Some("trunk"));
        assert_eq!(read.branches, [("trunk".into(), a.clone()), ("x/y".into(), b)]);
        assert_eq!((read.commit("trunk"), read.commit("alias")), (Some(a.as_str()), None));
        assert_eq!(parse_heads("ref: refs/heads/main\tHEAD\n"), Heads::default());
    }
}
