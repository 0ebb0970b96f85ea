//! Saving the copy of an attempt that was cut off, so that nothing it did is lost.

use crate::runner::AttemptId;
use regatta_git::{Git, GitError, SaveRequest, Saved, summary};
use regatta_protocol::Event;
use regatta_protocol::event::{ChangeTotals, SavePoint, SaveReason};
use regatta_protocol::worker::{Author, WorkerTask};
use std::path::Path;

const CONTINUE: &str = "Continue from the last save point, or try again.";

/// An attempt that was cut off.
#[derive(Debug)]
pub(crate) struct Cut<'a> {
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

impl<'a> Cut<'a> {
    /// The attempt that a worker was given.
    pub(crate) fn of(task: &'a WorkerTask, save_points: u32) -> Self {
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
pub(crate) struct Rescued {
    /// To be written to the log.
    pub(crate) events: Vec<Event>,
    /// The commit, when anything was changed.
    pub(crate) commit: Option<String>,
    pub(crate) totals: ChangeTotals,
    /// What to say about the work.
    pub(crate) safe: &'static str,
    /// What to say that can be done.
    pub(crate) next: &'static str,
    /// Why it could not be saved, for the details.
    pub(crate) problem: Option<String>,
}

/// Where an attempt's save points are.
pub(crate) fn ref_prefix(id: &AttemptId) -> String {
    format!("refs/regatta/{}/{}", id.task, id.number)
}

/// Saves what is in the copy. Nothing may be at work in it.
pub(crate) async fn rescue(cut: &Cut<'_>) -> Rescued {
    if !cut.copy.is_dir() {
        return nothing(cut, "It had not changed anything yet.");
    }
    match save(cut).await {
        Ok(Some(rescued)) => rescued,
        Ok(None) => nothing(cut, "It had not changed anything."),
        Err(error) => Rescued {
            problem: Some(error.to_string()),
            ..nothing(cut, "Its separate copy is kept, but could not be saved now.")
        },
    }
}

async fn save(cut: &Cut<'_>) -> Result<Option<Rescued>, GitError> {
    let git = Git::find().await?;
    let message = format!("{}\n\nWhat was there when the task was cut off.", cut.task_name);
    let saved: Saved = git
        .save(SaveRequest {
            cache: cut.cache,
            copy: cut.copy,
            // An index of its own: the worker's may be half written.
            index: &cut.scratch.join("rescue-index"),
            base: cut.start_commit,
            parent: cut.start_commit,
            message: &message,
            author: cut.author,
            refname: &format!("{}/rescued", cut.ref_prefix),
        })
        .await?;
    if !saved.changed {
        return Ok(None);
    }
    let changes = git.changes(cut.cache, cut.start_commit, &saved.commit).await?;
    let (totals, files) = summary(&changes);
    let (number, reason) = (cut.save_points + 1, SaveReason::Rescued);
    let point = SavePoint { number, commit: saved.commit.clone(), reason };
    Ok(Some(Rescued {
        events: vec![Event::SavePoint(point), Event::Changes { totals, files }],
        commit: Some(saved.commit),
        totals,
        safe: "What it had changed is kept as a save point.",
        next: CONTINUE,
        problem: None,
    }))
}

fn nothing(cut: &Cut<'_>, safe: &'static str) -> Rescued {
    Rescued {
        events: Vec::new(),
        commit: None,
        totals: ChangeTotals::default(),
        safe,
        next: if cut.save_points > 0 { CONTINUE } else { "Try again." },
        problem: None,
    }
}
