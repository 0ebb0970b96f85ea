//! The task's copy of the project: made, or that of an earlier attempt gone on with.

use crate::control::Controls;
use crate::desk::Why;
use crate::error::WorkerError;
use crate::output::Events;
use crate::steps::COPY;
use regatta_git::Git;
use regatta_protocol::worker::{WorkerControl, WorkerTask};
use std::io;
use std::path::Path;
use tokio::fs;

/// Sees to it that the copy is there; a reason when the task ended meanwhile.
pub(crate) async fn prepare(
    git: &Git,
    task: &WorkerTask,
    controls: &mut Controls,
    events: &Events,
) -> Result<Option<Why>, WorkerError> {
    COPY.begin(events);
    let scratch = |problem| WorkerError::System { doing: "making the task's folder", problem };
    fs::create_dir_all(&task.scratch).await.map_err(scratch)?;
    let left = if task.reuse_copy { left(&task.copy).await } else { Left::Nothing };
    if let Left::All = left {
        COPY.end_as(events, "Went on in its copy");
        return Ok(None);
    }
    let make = async {
        match left {
            Left::Files => mend(git, task).await,
            _ => Ok(git.copy(&task.cache, &task.copy_commit, &task.copy, "regatta").await?),
        }
    };
    let made = tokio::select! {
        made = make => made,
        why = over(controls) => {
            COPY.end(events, false, String::new());
            return Ok(Some(why));
        }
    };
    if let (Left::Files, Ok(())) = (left, &made) {
        COPY.end_as(events, "Went on in its copy");
        events.note(
            "The copy had lost its history (its .git). It has the project's history again; its \
             files are as they were left.",
        );
        return Ok(None);
    }
    let version: String = task.copy_commit.chars().take(8).collect();
    let detail = if task.copy_commit == task.start_commit {
        format!("Started from version {version}")
    } else {
        format!("Goes on from save point {version}")
    };
    COPY.end(events, made.is_ok(), detail);
    made?;
    Ok(None)
}

/// The task ends before its agent began.
async fn over(controls: &mut Controls) -> Why {
    loop {
        match controls.next().await {
            None => return Why::Alone,
            Some(WorkerControl::Stop) => return Why::Stopped,
            Some(_) => {}
        }
    }
}

/// What an earlier attempt left of its copy.
#[derive(Debug, Clone, Copy)]
enum Left {
    Nothing,
    /// Files, but not the repository that they were in.
    Files,
    All,
}

/// What is left at `copy`. Nothing works in it any more, so a lock in it is nobody's.
async fn left(copy: &Path) -> Left {
    let is_folder =
        async |path: &Path| fs::symlink_metadata(path).await.is_ok_and(|found| found.is_dir());
    let git_dir = copy.join(".git");
    match (is_folder(copy).await, is_folder(&git_dir).await) {
        (false, _) => Left::Nothing,
        (true, false) => Left::Files,
        (true, true) => {
            // An error: there is no lock.
            fs::remove_file(git_dir.join("index.lock")).await.ok();
            Left::All
        }
    }
}

/// Gives the copy a repository again, that of a copy made beside it. No file of it is touched.
async fn mend(git: &Git, task: &WorkerTask) -> Result<(), WorkerError> {
    let (beside, git_dir) = (task.scratch.join("mended"), task.copy.join(".git"));
    // Of an earlier time that was cut off.
    fs::remove_dir_all(&beside).await.ok();
    git.copy(&task.cache, &task.copy_commit, &beside, "regatta").await?;
    let swapped = async {
        // What stands in its place, a file or a link, is kept, but not where git would read it.
        match fs::rename(&git_dir, task.scratch.join("not-git")).await {
            Err(problem) if problem.kind() != io::ErrorKind::NotFound => return Err(problem),
            _ => {}
        }
        fs::rename(beside.join(".git"), &git_dir).await
    };
    let swapped = swapped.await;
    let removed = fs::remove_dir_all(&beside).await;
    let failed = |problem| WorkerError::System { doing: "giving the copy its history", problem };
    swapped.and(removed).map_err(failed)
}
