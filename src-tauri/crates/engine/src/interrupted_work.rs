//! Saving the copy of an attempt that was cut off, so that nothing it did is lost.

use crate::runner::AttemptId;
use regatta_git::{Git, GitError, SaveRequest, SaveResult, summarize};
use regatta_protocol::Event;
use regatta_protocol::event::{ChangeTotals, SavePoint, SaveReason};
use regatta_protocol::worker::{Author, WorkerTask};
use std::path::Path;

const CONTINUE_HINT: &str = "Continue from the last save point, or try again.";

/// An attempt that was cut off.
#[derive(Debug)]
pub(crate) struct InterruptedAttempt<'a> {
    pub(crate) task_name: &'a str,
    pub(crate) cache: &'a Path,
    pub(crate) copy: &'a Path,
    pub(crate) scratch: &'a Path,
    pub(crate) start_commit: &'a str,
    pub(crate) ref_prefix: &'a str,
    pub(crate) author: &'a Author,
    /// How many save points it has.
    pub(crate) save_points: u32,
}

impl<'a> InterruptedAttempt<'a> {
    /// The attempt that a worker was given.
    pub(crate) fn from_worker_task(task: &'a WorkerTask, save_points: u32) -> Self {
        Self {
            task_name: &task.task_name,
            cache: &task.cache,
            copy: &task.copy,
            scratch: &task.scratch,
            start_commit: &task.start_commit,
            ref_prefix: &task.ref_prefix,
            author: &task.author,
            save_points,
        }
    }
}

/// What could be saved.
#[derive(Debug)]
pub(crate) struct RecoveredWork {
    /// To be written to the log.
    pub(crate) events: Vec<Event>,
    /// The commit, when anything was changed.
    pub(crate) commit: Option<String>,
    pub(crate) totals: ChangeTotals,
    /// What to say about the work.
    pub(crate) impact: &'static str,
    /// What to say that can be done.
    pub(crate) hint: &'static str,
    /// Why it could not be saved, for the details.
    pub(crate) problem: Option<String>,
}

/// Where an attempt's save points are.
pub(crate) fn ref_prefix(id: &AttemptId) -> String {
    format!("refs/regatta/{}/{}", id.task, id.number)
}

/// Saves what is in the copy. Nothing may be at work in it.
pub(crate) async fn save_interrupted_work(attempt: &InterruptedAttempt<'_>) -> RecoveredWork {
    if !attempt.copy.is_dir() {
        return nothing_recovered(attempt, "It had not changed anything yet.");
    }
    match save_copy(attempt).await {
        Ok(Some(rescued)) => rescued,
        Ok(None) => nothing_recovered(attempt, "It had not changed anything."),
        Err(error) => RecoveredWork {
            problem: Some(error.to_string()),
            ..nothing_recovered(attempt, "Its separate copy is kept, but could not be saved now.")
        },
    }
}

async fn save_copy(attempt: &InterruptedAttempt<'_>) -> Result<Option<RecoveredWork>, GitError> {
    let git = Git::find().await?;
    let message = format!("{}\n\nWhat was there when the task was cut off.", attempt.task_name);
    let saved: SaveResult = git
        .save(SaveRequest {
            cache: attempt.cache,
            copy: attempt.copy,
            // An index of its own: the worker's may be half written.
            index: &attempt.scratch.join("rescue-index"),
            base: attempt.start_commit,
            parent: attempt.start_commit,
            message: &message,
            author: attempt.author,
            refname: &format!("{}/rescued", attempt.ref_prefix),
        })
        .await?;
    if !saved.has_changes {
        return Ok(None);
    }
    let changes = git.changes(attempt.cache, attempt.start_commit, &saved.commit).await?;
    let (totals, files) = summarize(&changes);
    let (number, reason) = (attempt.save_points + 1, SaveReason::Recovered);
    let point = SavePoint { number, commit: saved.commit.clone(), reason };
    Ok(Some(RecoveredWork {
        events: vec![Event::SavePoint(point), Event::Changes { totals, files }],
        commit: Some(saved.commit),
        totals,
        impact: "What it had changed is kept as a save point.",
        hint: CONTINUE_HINT,
        problem: None,
    }))
}

fn nothing_recovered(attempt: &InterruptedAttempt<'_>, safe: &'static str) -> RecoveredWork {
    RecoveredWork {
        events: Vec::new(),
        commit: None,
        totals: ChangeTotals::default(),
        impact: safe,
        hint: if attempt.save_points > 0 { CONTINUE_HINT } else { "Try again." },
        problem: None,
    }
}
