//! Save points of the copy, and what it has changed by then.

use crate::output::Events;
use crate::text::{count, one_line};
use regatta_git::{Git, GitError, SaveRequest, summary};
use regatta_protocol::event::{ChangeTotals, SavePoint, SaveReason};
use regatta_protocol::worker::WorkerTask;
use regatta_protocol::{Event, Notice};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// The longest task name in a commit's first line, in characters.
const MAX_NAME: usize = 200;

/// Makes the save points of one attempt, one at a time.
#[derive(Debug)]
pub(crate) struct Saver {
    git: Git,
    task: Arc<WorkerTask>,
    events: Events,
    index: PathBuf,
    /// How many there are.
    number: u32,
    /// Commit and tree of the last one.
    last: Option<(String, String)>,
}

/// The result of an attempt.
#[derive(Debug, Clone, Default)]
pub(crate) struct SavedResult {
    /// The commit; none: nothing was changed.
    pub(crate) commit: Option<String>,
    pub(crate) totals: ChangeTotals,
}

impl Saver {
    pub(crate) fn new(git: Git, task: Arc<WorkerTask>, events: Events) -> Self {
        let index = task.scratch.join("index");
        Self { git, task, events, index, number: 0, last: None }
    }

    /// Saves what there is, if it is anything new, and tells of it.
    pub(crate) async fn save(&mut self, reason: SaveReason) -> Result<(), GitError> {
        let number = self.number + 1;
        let name = one_line(&self.task.task_name, MAX_NAME);
        let parent = self.last.as_ref().map_or(&self.task.copy_commit, |(commit, _)| commit);
        let request = SaveRequest {
            parent,
            message: &format!("Save point {number}: {name}"),
            refname: &format!("{}/{number}", self.task.ref_prefix),
            ..self.request()
        };
        let saved = self.git.save(request).await?;
        let new = self.last.as_ref().map_or(saved.changed, |(_, tree)| *tree != saved.tree);
        if new {
            self.number = number;
            self.last = Some((saved.commit.clone(), saved.tree));
            self.tell(&saved.commit, Some(reason)).await?;
        }
        Ok(())
    }

    /// Saves the state at the end as one commit on top of the start, and tells of it.
    pub(crate) async fn save_result(
        &mut self,
        reason: SaveReason,
    ) -> Result<SavedResult, GitError> {
        let request = SaveRequest {
            parent: &self.task.start_commit,
            message: &one_line(&self.task.task_name, MAX_NAME),
            refname: &format!("{}/result", self.task.ref_prefix),
            ..self.request()
        };
        let saved = self.git.save(request).await?;
        if let [first, rest @ ..] = &saved.skipped[..] {
            let others = match rest.len() {
                0 => String::new(),
                more => format!(" and {}", count(more, "other", "others")),
            };
            self.events.note(format!(
                "Not saved, because it is a project of its own or can't be read: {}{others}.",
                one_line(first, MAX_NAME)
            ));
        }
        self.number += 1;
        let totals = self.tell(&saved.commit, saved.changed.then_some(reason)).await?;
        Ok(SavedResult { commit: saved.changed.then_some(saved.commit), totals })
    }

    /// What all save points have in common.
    fn request(&self) -> SaveRequest<'_> {
        SaveRequest {
            cache: &self.task.cache,
            copy: &self.task.copy,
            index: &self.index,
            base: &self.task.start_commit,
            parent: &self.task.start_commit,
            message: "",
            author: &self.task.author,
            refname: "",
        }
    }

    /// Tells of the save point, and what is changed by then.
    async fn tell(
        &self,
        commit: &str,
        reason: Option<SaveReason>,
    ) -> Result<ChangeTotals, GitError> {
        if let Some(reason) = reason {
            let commit = commit.to_owned();
            self.events.send(Event::SavePoint(SavePoint { number: self.number, commit, reason }));
        }
        let changes = self.git.changes(&self.task.cache, &self.task.start_commit, commit).await?;
        let (totals, files) = summary(&changes);
        self.events.send(Event::Changes { totals, files });
        Ok(totals)
    }
}

/// A saver that may be at work beside everything else.
#[derive(Debug)]
pub(crate) struct Saving {
    idle: Option<Box<Saver>>,
    busy: Option<JoinHandle<Box<Saver>>>,
}

impl Saving {
    pub(crate) fn of(saver: Saver) -> Self {
        Self { idle: Some(Box::new(saver)), busy: None }
    }

    /// Begins a save point, unless one is being made. Failing is told and harmless: the
    /// next one may work.
    pub(crate) async fn begin(&mut self, reason: SaveReason) {
        if self.busy.as_ref().is_some_and(|busy| !busy.is_finished()) {
            return;
        }
        let mut saver = self.take().await;
        self.busy = Some(tokio::spawn(async move {
            if let Err(problem) = saver.save(reason).await {
                let what = Notice::from(problem).what;
                saver.events.note(format!("A save point could not be made. {what}"));
            }
            saver
        }));
    }

    /// Makes a save point now, after one that is being made.
    pub(crate) async fn take_turn(&mut self, reason: SaveReason) {
        let saver = self.take().await;
        self.idle = Some(saver);
        self.begin(reason).await;
        let saver = self.take().await;
        self.idle = Some(saver);
    }

    /// Waits until a save point that is being made is made.
    pub(crate) async fn take(&mut self) -> Box<Saver> {
        match self.busy.take() {
            Some(busy) => busy.await.expect("BUG: saving panicked"),
            None => self.idle.take().expect("BUG: the saver is here or at work"),
        }
    }
}
