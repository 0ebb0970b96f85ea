//! Looking at a request before anything is started: everything that keeps it from running
//! is found at once.

use super::Engine;
use crate::agents;
use crate::disk;
use crate::project;
use regatta_git::{Git, GitError};
use regatta_protocol::request::RequestProblem;
use regatta_protocol::{BatchRequest, ErrorCode, Notice};
use std::path::PathBuf;

/// What a request that can run starts from.
pub(super) struct Ground {
    pub(super) git: Git,
    /// The project's top folder.
    pub(super) project: PathBuf,
    /// The same as text.
    pub(super) path: String,
    pub(super) commit: String,
    /// What people call the commit: the branch that was asked for, or what is checked out.
    pub(super) start_from: String,
}

impl Engine {
    /// Everything that keeps a request from being started, each with its place in it.
    pub async fn check(&self, request: &BatchRequest) -> Vec<RequestProblem> {
        match self.look(request).await {
            Ok(_) => Vec::new(),
            Err(problems) => problems,
        }
    }

    pub(super) async fn look(&self, request: &BatchRequest) -> Result<Ground, Vec<RequestProblem>> {
        let mut problems = request.problems();
        let named = !problems.iter().any(|problem| problem.field == "agent");
        if named && let Err(notice) = agents::resolve(&request.agent, &self.0.program) {
            problems.push(problem("agent", notice));
        }
        if let Some(free) = disk::free(&self.0.dirs.0).filter(|free| *free < disk::LOW) {
            problems.push(problem("project", disk::low_notice(free)));
        }
        match ground(request).await {
            Ok(ground) if problems.is_empty() => Ok(ground),
            Ok(_) => Err(problems),
            Err(found) => {
                problems.push(found);
                Err(problems)
            }
        }
    }
}

async fn ground(request: &BatchRequest) -> Result<Ground, RequestProblem> {
    let asked = request.repo_url.trim();
    let refuse = |what: &str, next: &str| {
        problem("project", Notice::new(ErrorCode::BadRequest, what, "", next))
    };
    if asked.is_empty() {
        return Err(refuse("No project is chosen.", "Choose the project's folder."));
    }
    if asked.contains("://") && !asked.starts_with("file://") {
        return Err(refuse(
            "Tasks on this computer need a project that is on this computer.",
            "Choose the folder where the project is.",
        ));
    }
    let in_project = |error: GitError| problem("project", error.into());
    let git = Git::find().await.map_err(in_project)?;
    let facts = project::look(&project::folder(asked)).await.map_err(in_project)?;
    let branch = request.branch.trim();
    let resolved = git.resolve(&facts.top, branch).await;
    let commit = resolved.map_err(|error| problem("branch", error.into()))?;
    let Some(path) = facts.top.to_str().map(str::to_owned) else {
        return Err(refuse(
            "The name of the project's folder can't be read as text.",
            "Give the folder another name.",
        ));
    };
    let start_from = if branch.is_empty() { facts.current } else { branch.to_owned() };
    Ok(Ground { git, project: facts.top, path, commit, start_from })
}

fn problem(field: &str, notice: Notice) -> RequestProblem {
    RequestProblem { row: None, field: field.to_owned(), notice }
}
