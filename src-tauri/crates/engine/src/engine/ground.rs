//! What a request starts from: a folder, a repository on another computer, or the work of an
//! earlier task.

use super::Engine;
use super::results::newest_commit;
use crate::project;
use crate::store::BatchStart;
use regatta_client::Address;
use regatta_git::{Git, GitError, Heads, Remote};
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::request::RequestProblem;
use regatta_protocol::secret::Secret;
use regatta_protocol::{BatchRequest, ErrorCode, Notice, TaskId};
use std::path::PathBuf;

/// The branch that is the main version of most projects.
const MAIN: &str = "main";

/// What a request that can run starts from.
pub(super) struct Ground {
    pub(super) from: Source,
    /// The project's top folder, or the repository's address.
    pub(super) path: String,
    pub(super) commit: String,
    /// What people call the commit: the branch that was asked for, or what is checked out.
    pub(super) start_from: String,
}

/// Where the commit is to be had.
pub(super) enum Source {
    /// In a project on this computer: its top folder.
    Folder(PathBuf),
    /// At a remote.
    Remote(Remote),
    /// Where an earlier task started from, as its work is there, too.
    Earlier(Box<BatchStart>),
    /// Only the place where the tasks run needs it.
    There,
}

impl Engine {
    /// What tasks on this computer start from.
    pub(super) async fn ground_here(
        &self,
        request: &BatchRequest,
        token: Option<&Secret>,
    ) -> Result<Ground, RequestProblem> {
        let none = || refuse("No project is chosen.", "Choose the project's folder.");
        let asked = address(request).ok_or_else(none)?;
        let branch = request.branch.trim();
        let ground = match asked.contains("://") && !asked.starts_with("file://") {
            true => {
                let remote = self.access().remote(asked, token).await.map_err(in_project)?;
                let (start_from, commit) = start_at(&remote, branch).await?;
                let path = remote.address();
                Ground { from: Source::Remote(remote), path, commit, start_from }
            }
            false => in_folder(asked, branch).await?,
        };
        match request.thread_id.trim() {
            "" => Ok(ground),
            thread => self.earlier(thread, ground).await,
        }
    }

    /// What tasks at an endpoint start from. The repository is asked with the person's own
    /// token, so that one which is refused is said before anything starts.
    pub(super) async fn ground_there(
        &self,
        request: &BatchRequest,
        endpoint: &Endpoint,
    ) -> Result<Ground, RequestProblem> {
        let none = || refuse("No repository is chosen.", "Choose one, or paste its address.");
        let asked = address(request).ok_or_else(none)?;
        let place = Address::parse(&endpoint.address);
        let place = place.map_err(|notice| problem("endpoint", notice))?;
        let remote = self.access().remote(asked, None).await.map_err(in_project)?;
        if remote.folder().is_some() && !place.is_loopback() {
            return Err(refuse(
                "The endpoint is on another computer and can't see this folder.",
                "Choose a repository by its https address.",
            ));
        }
        let (start_from, commit) = start_at(&remote, request.branch.trim()).await?;
        Ok(Ground { from: Source::There, path: remote.address(), commit, start_from })
    }

    /// The same ground with the work of an earlier task on it.
    async fn earlier(&self, thread: &str, ground: Ground) -> Result<Ground, RequestProblem> {
        let earlier = match TaskId::parse(thread) {
            Some(id) => self.facts(&id).await.ok(),
            None => None,
        };
        let fits = earlier
            .filter(|facts| facts.request.endpoint.is_none() && facts.start.project == ground.path);
        let Some(facts) = fits else {
            let notice = Notice::new(
                ErrorCode::NotFound,
                "There is no earlier task of that name on this project to go on from.",
                "Nothing was started.",
                "Leave the thread out, or give the one that the task's first event names.",
            );
            return Err(problem("thread", notice));
        };
        let commit = newest_commit(&facts).unwrap_or(&facts.start.commit).to_owned();
        let start_from = facts.view.name;
        Ok(Ground { from: Source::Earlier(Box::new(facts.start)), commit, start_from, ..ground })
    }
}

async fn in_folder(asked: &str, branch: &str) -> Result<Ground, RequestProblem> {
    let git = Git::find().await.map_err(in_project)?;
    let facts = project::look(&project::folder(asked)).await.map_err(in_project)?;
    let resolved = git.resolve(&facts.top, branch).await;
    let commit = resolved.map_err(|error| problem("branch", error.into()))?;
    let Some(path) = facts.top.to_str().map(str::to_owned) else {
        return Err(refuse(
            "The name of the project's folder can't be read as text.",
            "Give the folder another name.",
        ));
    };
    let start_from = if branch.is_empty() { facts.current } else { branch.to_owned() };
    Ok(Ground { from: Source::Folder(facts.top), path, commit, start_from })
}

/// What a branch of a remote (or a whole commit id) is called, and its commit.
async fn start_at(remote: &Remote, branch: &str) -> Result<(String, String), RequestProblem> {
    let git = Git::find().await.map_err(in_project)?;
    let heads = git.remote_heads(remote).await.map_err(in_project)?;
    if heads.branches.is_empty() {
        let what = format!("There is nothing at {} yet to start from.", remote.address());
        let next = "Push a first version there.";
        let notice = Notice::new(ErrorCode::NoCommit, what, "Nothing was started.", next);
        return Err(problem("project", notice));
    }
    start_of(&heads, branch).ok_or_else(|| {
        let rev = if branch.is_empty() { MAIN } else { branch };
        problem("branch", GitError::RevisionMissing { rev: rev.to_owned() }.into())
    })
}

/// The branch that was asked for; else `main`; else the remote's main version.
fn start_of(heads: &Heads, asked: &str) -> Option<(String, String)> {
    let main = || heads.commit(MAIN).map(|_| MAIN).or(heads.default.as_deref());
    let name = if asked.is_empty() { main()? } else { asked };
    let is_id = matches!(name.len(), 40 | 64) && name.bytes().all(|b| b.is_ascii_hexdigit());
    let commit = heads.commit(name).or_else(|| is_id.then_some(name))?;
    Some((name.to_owned(), commit.to_owned()))
}

/// What the request names as its project.
fn address(request: &BatchRequest) -> Option<&str> {
    Some(request.repo_url.trim()).filter(|asked| !asked.is_empty())
}

fn in_project(error: GitError) -> RequestProblem {
    problem("project", error.into())
}

fn refuse(what: &str, next: &str) -> RequestProblem {
    problem("project", Notice::new(ErrorCode::BadRequest, what, "", next))
}

pub(super) fn problem(field: &str, notice: Notice) -> RequestProblem {
    RequestProblem { row: None, field: field.to_owned(), notice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_the_branch_that_was_asked_for_or_the_main_version() {
        let (a, b, id) = ("a".repeat(40), "b".repeat(40), "c".repeat(40));
        let heads = |default: &str, names: &[&str]| Heads {
            default: Some(default.to_owned()),
            branches: names.iter().zip([&a, &b]).map(|(n, c)| ((*n).into(), c.clone())).collect(),
        };
        for (heads, asked, expected) in [
            (heads("trunk", &["trunk", "main"]), "", Some(("main", &b))),
            (heads("trunk", &["trunk", "x"]), "", Some(("trunk", &a))),
            (heads("trunk", &["trunk", "x"]), "x", Some(("x", &b))),
            (heads("trunk", &["trunk"]), "main", None),
            (heads("trunk", &["trunk"]), "-x", None),
            (heads("trunk", &["trunk"]), id.as_str(), Some((id.as_str(), &id))),
            (Heads { default: None, ..heads("", &["x"]) }, "", None),
        ] {
            let expected = expected.map(|(name, commit)| (name.to_owned(), commit.clone()));
            assert_eq!(start_of(&heads, asked), expected, "{asked}");
        }
    }
}
