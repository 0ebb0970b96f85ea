//! What a request starts from: a folder, a repository on another computer, or the work of an
//! earlier task.

use super::Engine;
use super::changes::newest_commit;
use crate::project;
use crate::store::BatchStart;
use regatta_client::Address;
use regatta_git::{Git, GitError, Heads, Remote};
use regatta_protocol::request::RequestProblem;
use regatta_protocol::secret::Secret;
use regatta_protocol::{
    BatchRequest, Capability, ErrorCode, RepositoryAddress, TaskId, UserMessage,
};
use regatta_trace::LogDropped;
use std::path::PathBuf;

/// The branch that is the main version of most projects.
const MAIN_BRANCH: &str = "main";

/// What a request that can run starts from.
pub(super) struct StartPoint {
    pub(super) source: StartSource,
    /// The project's top folder, or the repository's address.
    pub(super) project: String,
    pub(super) commit: String,
    /// What people call the commit: the branch that was asked for, or what is checked out.
    pub(super) start_from: String,
}

/// Where the commit is to be had.
pub(super) enum StartSource {
    /// In a project on this computer.
    Folder {
        /// Its top folder.
        top: PathBuf,
        /// Whether it has changes that are in no commit.
        is_dirty: bool,
    },
    /// At a remote.
    Remote(Remote),
    /// Where an earlier task started from, as its work is there, too.
    EarlierTask(Box<BatchStart>),
    /// Only the place where the tasks run needs it.
    Endpoint,
}

impl Engine {
    /// What tasks start from in a place that works on a folder here, or on what is fetched here.
    pub(super) async fn resolve_local_start(
        &self,
        request: &BatchRequest,
        token: Option<&Secret>,
    ) -> Result<StartPoint, RequestProblem> {
        let none = || project_problem("No project is chosen.", "Choose the project's folder.");
        let asked = requested_project(request).ok_or_else(none)?;
        let branch = request.start_from.trim();
        let ground = match RepositoryAddress::folder_in(asked) {
            None => {
                let remote = self
                    .0
                    .access
                    .authenticated_remote(asked, token)
                    .await
                    .map_err(project_error)?;
                let (start_from, commit) = resolve_branch(&remote, branch).await?;
                let path = remote.address().to_string();
                StartPoint {
                    source: StartSource::Remote(remote),
                    project: path,
                    commit,
                    start_from,
                }
            }
            Some(_) => resolve_folder(asked, branch).await?,
        };
        match request.thread_id.trim() {
            "" => Ok(ground),
            thread => self.start_from_earlier_task(thread, ground).await,
        }
    }

    /// What tasks start from in a place that fetches the repository itself. The repository is
    /// asked with the token that the place will be given, so that one which is refused is said
    /// before anything starts.
    pub(super) async fn resolve_remote_start(
        &self,
        request: &BatchRequest,
        token: Option<&Secret>,
    ) -> Result<StartPoint, RequestProblem> {
        let none =
            || project_problem("No repository is chosen.", "Choose one, or paste its address.");
        let asked = requested_project(request).ok_or_else(none)?;
        let endpoint = request.endpoint.as_ref();
        let address = endpoint.map(|endpoint| Address::parse(&endpoint.address)).transpose();
        let address = address.map_err(|notice| request_problem("endpoint", notice))?;
        let remote =
            self.0.access.authenticated_remote(asked, token).await.map_err(project_error)?;
        let sees_folders = address.is_some_and(|address| address.is_loopback());
        if remote.address().folder().is_some() && !sees_folders {
            return Err(project_problem(
                "The endpoint is on another computer and can't see this folder.",
                "Choose a repository by its https address.",
            ));
        }
        let (start_from, commit) = resolve_branch(&remote, request.start_from.trim()).await?;
        Ok(StartPoint {
            source: StartSource::Endpoint,
            project: remote.address().to_string(),
            commit,
            start_from,
        })
    }

    /// The same ground with the work of an earlier task on it.
    async fn start_from_earlier_task(
        &self,
        thread: &str,
        ground: StartPoint,
    ) -> Result<StartPoint, RequestProblem> {
        let earlier = match TaskId::parse(thread) {
            Some(id) => self.task_facts(&id).await.log_dropped("looking for an earlier task"),
            None => None,
        };
        let fits = earlier.filter(|facts| {
            // Without a folder to start from, its work isn't here.
            self.place_of(&facts.request).can(Capability::LocalFolder)
                && facts.start.project == ground.project
        });
        let Some(facts) = fits else {
            let notice = UserMessage::new(
                ErrorCode::NotFound,
                "There is no earlier task of that name on this project to go on from.",
                "Nothing was started.",
                "Leave the thread out, or give the one that the task's first event names.",
            );
            return Err(request_problem("thread", notice));
        };
        let commit = newest_commit(&facts).unwrap_or(&facts.start.commit).to_owned();
        let start_from = facts.view.name;
        Ok(StartPoint {
            source: StartSource::EarlierTask(Box::new(facts.start)),
            commit,
            start_from,
            ..ground
        })
    }
}

async fn resolve_folder(asked: &str, branch: &str) -> Result<StartPoint, RequestProblem> {
    let git = Git::find().await.map_err(project_error)?;
    let facts = project::read_facts(&project::parse_folder(asked)).await.map_err(project_error)?;
    let resolved = git.resolve(&facts.top, branch).await;
    let commit = resolved.map_err(|error| request_problem("branch", error.into()))?;
    let Some(path) = facts.top.to_str().map(str::to_owned) else {
        return Err(project_problem(
            "The name of the project's folder can't be read as text.",
            "Give the folder another name.",
        ));
    };
    let start_from = if branch.is_empty() { facts.current } else { branch.to_owned() };
    let source = StartSource::Folder { top: facts.top, is_dirty: facts.is_dirty };
    Ok(StartPoint { source, project: path, commit, start_from })
}

/// What a branch of a remote (or a whole commit id) is called, and its commit.
async fn resolve_branch(remote: &Remote, branch: &str) -> Result<(String, String), RequestProblem> {
    let git = Git::find().await.map_err(project_error)?;
    let heads = git.remote_heads(remote).await.map_err(project_error)?;
    if heads.branches.is_empty() {
        let what = format!("There is nothing at {} yet to start from.", remote.address());
        let next = "Push a first version there.";
        let notice = UserMessage::new(ErrorCode::NoCommit, what, "Nothing was started.", next);
        return Err(request_problem("project", notice));
    }
    pick_branch(&heads, branch).ok_or_else(|| {
        let rev = if branch.is_empty() { MAIN_BRANCH } else { branch };
        request_problem("branch", GitError::RevisionMissing { rev: rev.to_owned() }.into())
    })
}

/// The branch that was asked for; else `main`; else the remote's main version.
fn pick_branch(heads: &Heads, asked: &str) -> Option<(String, String)> {
    let main =
        || heads.commit(MAIN_BRANCH).map(|_| MAIN_BRANCH).or(heads.default_branch.as_deref());
    let name = if asked.is_empty() { main()? } else { asked };
    let is_id = matches!(name.len(), 40 | 64) && name.bytes().all(|b| b.is_ascii_hexdigit());
    let commit = heads.commit(name).or_else(|| is_id.then_some(name))?;
    Some((name.to_owned(), commit.to_owned()))
}

/// What the request names as its project.
fn requested_project(request: &BatchRequest) -> Option<&str> {
    Some(request.project.trim()).filter(|asked| !asked.is_empty())
}

fn project_error(error: GitError) -> RequestProblem {
    request_problem("project", error.into())
}

fn project_problem(what: &str, next: &str) -> RequestProblem {
    request_problem("project", UserMessage::new(ErrorCode::BadRequest, what, "", next))
}

pub(super) fn request_problem(field: &str, notice: UserMessage) -> RequestProblem {
    RequestProblem { row: None, field: field.to_owned(), notice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_the_branch_that_was_asked_for_or_the_main_version() {
        let (a, b, id) = ("a".repeat(40), "b".repeat(40), "c".repeat(40));
        let heads = |default: &str, names: &[&str]| Heads {
            default_branch: Some(default.to_owned()),
            branches: names.iter().zip([&a, &b]).map(|(n, c)| ((*n).into(), c.clone())).collect(),
        };
        for (heads, asked, expected) in [
            (heads("trunk", &["trunk", "main"]), "", Some(("main", &b))),
            (heads("trunk", &["trunk", "x"]), "", Some(("trunk", &a))),
            (heads("trunk", &["trunk", "x"]), "x", Some(("x", &b))),
            (heads("trunk", &["trunk"]), "main", None),
            (heads("trunk", &["trunk"]), "-x", None),
            (heads("trunk", &["trunk"]), id.as_str(), Some((id.as_str(), &id))),
            (Heads { default_branch: None, ..heads("", &["x"]) }, "", None),
        ] {
            let expected = expected.map(|(name, commit)| (name.to_owned(), commit.clone()));
            assert_eq!(pick_branch(&heads, asked), expected, "{asked}");
        }
    }
}
