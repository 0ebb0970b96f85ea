//! Brings a result into the project as a new branch, and touches nothing else there.

use crate::cache::FetchPurpose;
use crate::call::CallScope;
use crate::error::GitError;
use crate::paths_and_ids::check_commit_id;
use crate::private_dir::PrivateDir;
use crate::program::Git;
use std::collections::HashSet;
use std::path::Path;

/// The most dangerous objects that a project may have already.
const MAX_KNOWN_OBJECTS: usize = 20;
/// How often a name is looked for anew when somebody else takes it in between.
const MAX_NAME_TRIES: usize = 10;

impl Git {
    /// Brings `commit` of `cache` into `project` as a new branch named `wanted`, or the
    /// next free name like it, and gives the name. Files, index, what is checked out and
    /// all other branches stay as they are. Objects are checked on their way.
    ///
    /// # Errors
    /// The project is gone ([`GitError::NotAFolder`]), isn't a repository, or a call failed.
    pub async fn publish(
        &self,
        cache: &Path,
        commit: &str,
        project: &Path,
        wanted: &str,
    ) -> Result<String, GitError> {
        let branch = format!("refs/heads/{wanted}");
        self.call(CallScope::NoRepository).args(["check-ref-format", &branch]).run().await?;
        self.fetch_result(cache, commit, project).await?;
        let mut last = None;
        for _ in 0..MAX_NAME_TRIES {
            let name = free_branch_name(wanted, &self.taken_branch_names(project).await?);
            match self.create_branch(project, &name, commit).await {
                Ok(()) => return Ok(name),
                Err(error @ GitError::Failed { .. }) => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.expect("BUG: there is at least one attempt"))
    }

    /// Brings the objects of a result into the project. What is dangerous is refused, unless the
    /// project has it already: then it is old, and every result would hold it.
    async fn fetch_result(
        &self,
        cache: &Path,
        commit: &str,
        project: &Path,
    ) -> Result<(), GitError> {
        let folder = PrivateDir::new()?;
        let list = folder.path().join("known");
        let mut known = String::new();
        for _ in 0..MAX_KNOWN_OBJECTS {
            let writing = |error| GitError::io("writing what the project has already", &error);
            tokio::fs::write(&list, &known).await.map_err(writing)?;
            let purpose = FetchPurpose::Publish { known: &list };
            match self.fetch_local(cache, CallScope::Folder(project), commit, purpose).await {
                Err(GitError::Dangerous { object, .. })
                    if !known.contains(&object) && self.has_object(project, &object).await? =>
                {
                    known = format!("{known}{object}\n");
                }
                other => return other,
            }
        }
        let purpose = FetchPurpose::Publish { known: &list };
        self.fetch_local(cache, CallScope::Folder(project), commit, purpose).await
    }

    async fn has_object(&self, project: &Path, id: &str) -> Result<bool, GitError> {
        check_commit_id(id)?;
        let call = self.call(CallScope::Folder(project)).args(["cat-file", "-e", id]);
        Ok(call.run_optional().await?.is_some())
    }

    /// The branches of the project, and the one that will be there with the next commit.
    async fn taken_branch_names(&self, project: &Path) -> Result<Vec<String>, GitError> {
        let scope = CallScope::Folder(project);
        let listed = self.call(scope).args(["for-each-ref", "--format=%(refname)", "refs/heads/"]);
        let mut names = listed.run_text().await?;
        if let Some(head) =
            self.call(scope).args(["symbolic-ref", "-q", "HEAD"]).run_optional().await?
        {
            names.push('\n');
            names.push_str(&String::from_utf8_lossy(&head));
        }
        Ok(names
            .lines()
            .filter_map(|name| name.strip_prefix("refs/heads/"))
            .map(str::to_owned)
            .collect())
    }

    /// Creates the branch, if it isn't there at that moment.
    async fn create_branch(
        &self,
        project: &Path,
        name: &str,
        commit: &str,
    ) -> Result<(), GitError> {
        let order = format!("create refs/heads/{name}\0{commit}\0");
        self.call(CallScope::Folder(project))
            .durable()
            .args(["update-ref", "-m", "regatta: add a result", "--stdin", "-z"])
            .stdin(order.into_bytes())
            .run()
            .await
            .map(drop)
    }
}

/// `wanted`, or the first of `wanted-2`, `wanted-3`… that can be created beside the
/// branches that are there: a branch can be neither the same as another one, nor a folder
/// of one, nor inside one. Case makes no difference, as on some disks it doesn't.
pub(crate) fn free_branch_name(wanted: &str, taken: &[String]) -> String {
    let taken: HashSet<String> = taken.iter().map(|name| name.to_lowercase()).collect();
    let is_folder = |name: &str| {
        let folder = format!("{name}/");
        taken.iter().any(|other| other.starts_with(&folder))
    };
    let parts: Vec<&str> = wanted.split('/').collect();
    let mut name = String::new();
    for (n, part) in parts.iter().enumerate() {
        let last = n + 1 == parts.len();
        let is_free = |candidate: &String| {
            let candidate = candidate.to_lowercase();
            let is_taken = taken.contains(&candidate) || (last && is_folder(&candidate));
            !is_taken
        };
        let first = format!("{name}{part}");
        let numbered = (2..).map(|number: u64| format!("{first}-{number}"));
        name = std::iter::once(first.clone())
            .chain(numbered)
            .find(is_free)
            .expect("BUG: numbers don't end");
        if !last {
            name.push('/');
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_free_name_is_taken() {
        for (wanted, taken, expected) in [
            ("r/b/t", &[][..], "r/b/t"),
            ("r/b/t", &["main", "r/b/other"], "r/b/t"),
            ("r/b/t", &["r/b/t"], "r/b/t-2"),
            ("r/b/t", &["r/b/t", "r/b/t-2", "r/b/t-4"], "r/b/t-3"),
            // Inside another branch, or around one.
            ("r/b/t", &["r"], "r-2/b/t"),
            ("r/b/t", &["r", "r-2/b", "r-2/b-2/t"], "r-2/b-2/t-2"),
            ("r/b/t", &["r/b/t/x", "r/b/t-2/y/z"], "r/b/t-3"),
            // Alike for a disk that makes no difference between them.
            ("r/b/t", &["R/B/T"], "r/b/t-2"),
            ("r/b/t", &["R"], "r-2/b/t"),
            ("t", &["t"], "t-2"),
        ] {
            let taken: Vec<String> = taken.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(free_branch_name(wanted, &taken), expected, "{taken:?}");
        }
    }
}
