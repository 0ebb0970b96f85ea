//! Looks at a project without changing anything in it, not even its index.

use crate::call::CallScope;
use crate::error::GitError;
use crate::paths_and_ids::{is_commit_id, path_from_bytes, path_from_line};
use crate::program::Git;
use regatta_protocol::worker::Author;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The most branches that are named.
const MAX_BRANCHES: usize = 500;
/// The longest text that can name a revision.
const MAX_REVISION_BYTES: usize = 1_000;

/// What a project is, as git sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFacts {
    /// The repository's top folder (of a bare one: the repository itself).
    pub top: PathBuf,
    /// The commit that is checked out; `None` if there is no commit yet.
    pub head: Option<String>,
    /// What is checked out: a branch's name, or a short commit id.
    pub current: String,
    /// The branches, the newest first, at most 500.
    pub branches: Vec<String>,
    /// Whether files differ from the commit that is checked out, or are in none.
    pub is_dirty: bool,
}

/// A repository that was found.
#[derive(Debug)]
pub(crate) struct RepositoryRoot {
    /// Its top folder (of a bare one: the repository itself).
    pub(crate) top: PathBuf,
    /// Whether it has no files of its own.
    pub(crate) is_bare: bool,
}

impl Git {
    /// Looks at the project that `dir` is in.
    ///
    /// # Errors
    /// [`GitError::NotAFolder`], [`GitError::NotARepository`], [`GitError::DubiousOwnership`], or
    /// a call failed. No commit is not an error here.
    pub async fn inspect(&self, dir: &Path) -> Result<ProjectFacts, GitError> {
        let RepositoryRoot { top, is_bare: bare } = self.find_repository_root(dir).await?;
        let head = self.resolve_commit(&top, "HEAD").await?;
        let current = self.current_branch(&top).await?;
        let branches = self.list_branches(&top).await?;
        let dirty = !bare && self.is_dirty(&top).await?;
        Ok(ProjectFacts { top, head, current, branches, is_dirty: dirty })
    }

    /// The commit that `rev` names in `repo`: a branch, a tag, a commit id, anything git
    /// understands. A branch wins over a tag of the same name, and a name that only the
    /// remote `origin` has is found, too. Empty means what is checked out.
    ///
    /// # Errors
    /// [`GitError::RevisionMissing`], [`GitError::NoCommit`], or as [`Git::inspect`].
    pub async fn resolve(&self, repo: &Path, rev: &str) -> Result<String, GitError> {
        if rev.is_empty() {
            let head = self.resolve_commit(repo, "HEAD").await?;
            return match head {
                Some(commit) => Ok(commit),
                None => Err(self.why_no_head(repo).await?),
            };
        }
        let missing = || GitError::RevisionMissing { rev: rev.to_owned() };
        if rev.len() > MAX_REVISION_BYTES || rev.contains('\0') {
            return Err(missing());
        }
        for prefix in ["refs/heads/", "", "refs/remotes/origin/"] {
            if let Some(commit) = self.resolve_commit(repo, &format!("{prefix}{rev}")).await? {
                return Ok(commit);
            }
        }
        Err(missing())
    }

    /// Why nothing is checked out: there is no commit at all, or only not where HEAD leads.
    async fn why_no_head(&self, repo: &Path) -> Result<GitError, GitError> {
        let project = repo.to_owned();
        if self.list_branches(repo).await?.is_empty() {
            return Ok(GitError::NoCommit(project));
        }
        Ok(GitError::HeadMissing { project, branch: self.current_branch(repo).await? })
    }

    /// In whose name commits of this project are made: the person's own name and address
    /// as git knows them, else Regatta's.
    ///
    /// # Errors
    /// As [`Git::inspect`].
    pub async fn author(&self, dir: &Path) -> Result<Author, GitError> {
        let args = ["config", "-z", "--get-regexp", "^user\\.(name|email)$"];
        let names = self.read_personal_setting(dir, &args).await?;
        Ok(parse_author(&names.unwrap_or_default()))
    }

    /// Asks for a setting, as the person's own calls see it. Settings that git can't read
    /// are none.
    pub(crate) async fn read_personal_setting(
        &self,
        project: &Path,
        args: &[&str],
    ) -> Result<Option<Vec<u8>>, GitError> {
        let call = self.call_with_personal_settings(CallScope::Folder(project));
        match call.args(args).run_optional().await {
            Err(GitError::Failed { .. }) => Ok(None),
            other => other,
        }
    }

    /// Finds the repository that `dir` is in.
    pub(crate) async fn find_repository_root(
        &self,
        dir: &Path,
    ) -> Result<RepositoryRoot, GitError> {
        let ask = |question| self.call(CallScope::Folder(dir)).args(["rev-parse", question]);
        if ask("--is-inside-work-tree").run_text().await? == "true" {
            let top = ask("--show-toplevel").run().await?;
            return Ok(RepositoryRoot { top: path_from_line(&top), is_bare: false });
        }
        let git_dir = path_from_line(&ask("--absolute-git-dir").run().await?);
        if ask("--is-bare-repository").run_text().await? == "true" {
            return Ok(RepositoryRoot { top: git_dir, is_bare: true });
        }
        // Inside the `.git` folder of a project: the project is meant.
        match git_dir.parent() {
            Some(top) if git_dir.ends_with(".git") => {
                Ok(RepositoryRoot { top: top.to_owned(), is_bare: false })
            }
            _ => Err(GitError::NotARepository(dir.to_owned())),
        }
    }

    /// The commit that `name` leads to, if it does.
    async fn resolve_commit(&self, repo: &Path, name: &str) -> Result<Option<String>, GitError> {
        let commit = format!("{name}^{{commit}}");
        let args = ["rev-parse", "--quiet", "--verify", "--end-of-options", &commit];
        let found = match self.call(CallScope::Folder(repo)).args(args).run_optional().await {
            // Exit code 128: a name that isn't even written like one.
            Err(GitError::Failed { .. }) => None,
            other => other?,
        };
        let id = found.map(|bytes| String::from_utf8_lossy(&bytes).trim_end().to_owned());
        Ok(id.filter(|id| is_commit_id(id)))
    }

    /// The name of the branch that is checked out, or the short id of the commit.
    async fn current_branch(&self, top: &Path) -> Result<String, GitError> {
        let branch = self
            .call(CallScope::Folder(top))
            .args(["symbolic-ref", "--quiet", "HEAD"])
            .run_optional()
            .await?;
        match branch {
            Some(name) => {
                let name = String::from_utf8_lossy(&name).trim_end().to_owned();
                Ok(name.strip_prefix("refs/heads/").unwrap_or(&name).to_owned())
            }
            None => {
                self.call(CallScope::Folder(top))
                    .args(["rev-parse", "--short", "HEAD"])
                    .run_text()
                    .await
            }
        }
    }

    /// The branches, the newest first.
    async fn list_branches(&self, top: &Path) -> Result<Vec<String>, GitError> {
        let names = self
            .call(CallScope::Folder(top))
            .args(["for-each-ref", "--sort=-committerdate", "--format=%(refname)"])
            .args([&format!("--count={MAX_BRANCHES}"), "refs/heads/"])
            .run_text()
            .await?;
        let names = names.lines().map(|name| name.strip_prefix("refs/heads/").unwrap_or(name));
        Ok(names.map(str::to_owned).collect())
    }

    /// Whether `git status` would have anything to say.
    async fn is_dirty(&self, top: &Path) -> Result<bool, GitError> {
        let ended = self
            .call_with_personal_excludes(top)
            .await?
            .args(["status", "--porcelain", "-z", "--no-renames", "--ignore-submodules=all"])
            .args(["--untracked-files=normal"])
            .override_settings(&self.disabled_filter_settings(CallScope::Folder(top)).await?)
            .output_limit(1)
            .output()
            .await?;
        match ended.code {
            _ if !ended.stdout.is_empty() => Ok(true),
            Some(0) => Ok(false),
            _ => Err(ended.to_error()),
        }
    }

    /// Settings that put to sleep every program that the repository's own settings name
    /// for its files' content.
    pub(crate) async fn disabled_filter_settings(
        &self,
        scope: CallScope<'_>,
    ) -> Result<Vec<(OsString, OsString)>, GitError> {
        let names = self
            .call(scope)
            .args(["config", "-z", "--name-only", "--get-regexp", "^filter\\."])
            .run_optional()
            .await?
            .unwrap_or_default();
        let off = |name: &[u8]| {
            let value = if name.ends_with(b".required") { "false" } else { "" };
            (path_from_bytes(name).into_os_string(), OsString::from(value))
        };
        Ok(names.split(|b| *b == 0).filter(|name| !name.is_empty()).map(off).collect())
    }
}

/// The author in `git config -z` output (`name\nvalue\0`…): the last of each wins.
fn parse_author(config: &[u8]) -> Author {
    let config = String::from_utf8_lossy(config);
    let last = |key: &str| {
        let values = config.split('\0').filter_map(|entry| entry.split_once('\n'));
        values
            .filter(|(name, _)| *name == key)
            .map(|(_, value)| sanitize_identity(value))
            .next_back()
    };
    match (last("user.name"), last("user.email")) {
        (Some(name), Some(email)) if !name.is_empty() => Author { name, email },
        _ => Author { name: "Regatta".into(), email: "regatta@localhost".into() },
    }
}

/// `text` without what git refuses in a name or an address.
pub(crate) fn sanitize_identity(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control() && !"<>".contains(*c)).collect();
    kept.trim_matches(|c: char| c.is_whitespace() || ".,:;\"\\'".contains(c)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_name_and_address_win() {
        let config = b"user.name\nOld\0user.email\na@b.example\0user.name\nNew <N>\0";
        let author = parse_author(config);
        assert_eq!((author.name.as_str(), author.email.as_str()), ("New N", "a@b.example"));
    }

    #[test]
    fn without_a_whole_name_it_is_regatta() {
        for config in [&b""[..], b"user.name\nOnly\0", b"user.name\n \0user.email\nx\0"] {
            assert_eq!(parse_author(config).name, "Regatta");
        }
    }
}
