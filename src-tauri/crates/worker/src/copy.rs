//! The task's copy of the project: made, or that of an earlier attempt gone on with.

use crate::attempt_loop::StopReason;
use crate::control::ControlReader;
use crate::error::WorkerError;
use crate::output::EventSender;
use crate::steps::COPY;
use regatta_git::Git;
use regatta_protocol::worker::{WorkerControl, WorkerTask};
use regatta_trace::LogDropped;
use std::io;
use std::path::Path;
use tokio::fs;

/// Sees to it that the copy is there; a reason when the task ended meanwhile.
pub(crate) async fn prepare_copy(
    git: &Git,
    task: &WorkerTask,
    controls: &mut ControlReader,
    events: &EventSender,
) -> Result<Option<StopReason>, WorkerError> {
    COPY.report_started(events);
    let scratch = |problem| WorkerError::System { doing: "making the task's folder", problem };
    fs::create_dir_all(&task.scratch).await.map_err(scratch)?;
    let left = if task.reuse_copy { inspect_copy(&task.copy).await } else { CopyState::Missing };
    if let CopyState::Complete = left {
        COPY.report_done_as(events, "Went on in its copy");
        return Ok(None);
    }
    let make = async {
        match left {
            CopyState::FilesOnly => repair_git_dir(git, task).await,
            _ => Ok(git.copy(&task.cache, &task.copy_commit, &task.copy, "regatta").await?),
        }
    };
    let made = tokio::select! {
        made = make => made,
        why = wait_for_stop(controls) => {
            COPY.report_ended(events, false, String::new());
            return Ok(Some(why));
        }
    };
    if let (CopyState::FilesOnly, Ok(())) = (left, &made) {
        COPY.report_done_as(events, "Went on in its copy");
        events.send_note(
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
    COPY.report_ended(events, made.is_ok(), detail);
    made?;
    Ok(None)
}

/// The task ends before its agent began.
async fn wait_for_stop(controls: &mut ControlReader) -> StopReason {
    loop {
        match controls.next_control().await {
            None => return StopReason::Interrupted,
            Some(WorkerControl::Stop) => return StopReason::Stopped,
            Some(_) => {}
        }
    }
}

/// What an earlier attempt left of its copy.
#[derive(Debug, Clone, Copy)]
enum CopyState {
    Missing,
    /// Files, but not the repository that they were in.
    FilesOnly,
    Complete,
}

/// What is left at `copy`. Nothing works in it any more, so a lock in it is nobody's.
async fn inspect_copy(copy: &Path) -> CopyState {
    let is_folder =
        async |path: &Path| fs::symlink_metadata(path).await.is_ok_and(|found| found.is_dir());
    let git_dir = copy.join(".git");
    match (is_folder(copy).await, is_folder(&git_dir).await) {
        (false, _) => CopyState::Missing,
        (true, false) => CopyState::FilesOnly,
        (true, true) => {
            // An error: there is no lock.
            let unlocked = fs::remove_file(git_dir.join("index.lock")).await;
            unlocked.log_dropped("removing the index's lock");
            CopyState::Complete
        }
    }
}

/// Gives the copy a repository again, that of a copy made beside it. No file of it is touched.
async fn repair_git_dir(git: &Git, task: &WorkerTask) -> Result<(), WorkerError> {
    let (beside, git_dir) = (task.scratch.join("mended"), task.copy.join(".git"));
    // Of an earlier time that was cut off.
    fs::remove_dir_all(&beside).await.log_dropped("removing a half made copy");
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
