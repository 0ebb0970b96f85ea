//! Save points of the copy, and what it has changed by then.

use crate::output::EventSender;
use crate::text::{format_count, one_line};
use regatta_git::{Git, GitError, MAX_IGNORED, SaveRequest, SkippedPath, summarize};
use regatta_protocol::event::{ChangeTotals, SavePoint, SaveReason};
use regatta_protocol::worker::WorkerTask;
use regatta_protocol::{Event, UserMessage};
use regatta_trace::LogDropped;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, timeout};

/// The longest task name in a commit's first line, in characters.
const MAX_NAME: usize = 200;
/// How many paths that aren't saved are named for each reason.
const MAX_SKIPPED_NAMED: usize = 3;
/// The shortest time between two save points that nobody asked for.
const MIN_INTERVAL: Duration = Duration::from_secs(15);
/// Save points by the timer take at most 1 / `TIME_SHARE_DIVISOR` of the time.
const TIME_SHARE_DIVISOR: u32 = 50;
/// How long a save point that is being made may hold up something else.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// Makes the save points of one attempt, one at a time.
#[derive(Debug)]
pub(crate) struct SavePointWriter {
    git: Git,
    task: Arc<WorkerTask>,
    events: EventSender,
    index: PathBuf,
    /// How many there are.
    number: u32,
    /// Commit and tree of the last one.
    last: Option<(String, String)>,
    /// Whether the last one could not be made.
    has_failed: bool,
}

/// The result of an attempt.
#[derive(Debug, Clone, Default)]
pub(crate) struct SavedResult {
    /// The commit; `None` if nothing was changed.
    pub(crate) commit: Option<String>,
    pub(crate) totals: ChangeTotals,
}

impl SavePointWriter {
    pub(crate) fn new(git: Git, task: Arc<WorkerTask>, events: EventSender) -> Self {
        let index = task.scratch.join("index");
        Self { git, task, events, index, number: 0, last: None, has_failed: false }
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
            ..self.base_request()
        };
        let saved = self.git.save(request).await?;
        let new = self.last.as_ref().map_or(saved.has_changes, |(_, tree)| *tree != saved.tree);
        if new {
            self.number = number;
            self.last = Some((saved.commit.clone(), saved.tree));
            self.report_save(&saved.commit, Some(reason)).await?;
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
            ..self.base_request()
        };
        let saved = self.git.save(request).await?;
        for note in skipped_notes(saved.skipped) {
            self.events.send_note(note);
        }
        if !saved.ignored.is_empty() {
            self.events.send_note(ignored_note(&saved.ignored));
        }
        self.number += 1;
        let totals = self.report_save(&saved.commit, saved.has_changes.then_some(reason)).await?;
        Ok(SavedResult { commit: saved.has_changes.then_some(saved.commit), totals })
    }

    /// Says that saving doesn't work, once until it works again.
    fn report_failure(&mut self, saved: Result<(), GitError>) {
        let failed = saved.is_err();
        if let (Err(problem), false) = (saved, self.has_failed) {
            let why = one_line(&problem.to_string(), MAX_NAME);
            let what = UserMessage::from(problem).message;
            self.events.send_note(format!("A save point could not be made. {what} ({why})"));
        }
        self.has_failed = failed;
    }

    /// What all save points have in common.
    fn base_request(&self) -> SaveRequest<'_> {
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
    async fn report_save(
        &self,
        commit: &str,
        reason: Option<SaveReason>,
    ) -> Result<ChangeTotals, GitError> {
        if let Some(reason) = reason {
            let commit = commit.to_owned();
            self.events.send(Event::SavePoint(SavePoint { number: self.number, commit, reason }));
        }
        let changes = self.git.changes(&self.task.cache, &self.task.start_commit, commit).await?;
        let (totals, files) = summarize(&changes);
        self.events.send(Event::Changes { totals, files });
        Ok(totals)
    }
}

/// What is said where nothing was changed but what the project ignores.
fn ignored_note(ignored: &[String]) -> String {
    let names: Vec<_> = ignored.iter().map(|path| one_line(path, MAX_NAME)).collect();
    let more = if names.len() == MAX_IGNORED { " …" } else { "" };
    format!(
        "Nothing is in the result, as the project ignores what is new (.gitignore): {}{more}",
        names.join(", ")
    )
}

/// What is said of paths that aren't in the result: one sentence for each reason.
fn skipped_notes(mut skipped: Vec<SkippedPath>) -> impl Iterator<Item = String> {
    skipped.sort_by(|one, other| (one.reason, &one.path).cmp(&(other.reason, &other.path)));
    skipped.dedup();
    let groups: Vec<_> =
        skipped.chunk_by(|one, other| one.reason == other.reason).map(<[_]>::to_vec).collect();
    groups.into_iter().map(|group| {
        let named = group.iter().take(MAX_SKIPPED_NAMED);
        let names: Vec<_> = named.map(|skipped| one_line(&skipped.path, MAX_NAME)).collect();
        let others = match group.len() - names.len() {
            0 => String::new(),
            more => format!(" and {}", format_count(more, "other", "others")),
        };
        format!("Not saved, because {}: {}{others}.", group[0].reason, names.join(", "))
    })
}

/// A saver that may be at work beside everything else.
#[derive(Debug)]
pub(crate) struct SavePointScheduler {
    idle_writer: Option<Box<SavePointWriter>>,
    running_save: Option<JoinHandle<(Box<SavePointWriter>, Duration)>>,
    throttle: SaveThrottle,
}

/// When the last save point was begun, and how long it took. Pure.
#[derive(Debug, Clone, Copy)]
struct SaveThrottle {
    started_at: Instant,
    duration: Duration,
}

impl SaveThrottle {
    /// When the next one may be made, if there is no need for it: saving takes a small part
    /// of the time, however large the project is.
    fn next_due(self) -> Instant {
        self.started_at + MIN_INTERVAL.max(self.duration * TIME_SHARE_DIVISOR)
    }
}

impl SavePointScheduler {
    pub(crate) fn new(saver: SavePointWriter) -> Self {
        let throttle = SaveThrottle { started_at: Instant::now(), duration: Duration::ZERO };
        Self { idle_writer: Some(Box::new(saver)), running_save: None, throttle }
    }

    /// When a save point may be made that nobody asked for.
    pub(crate) fn next_due(&self) -> Instant {
        self.throttle.next_due()
    }

    /// Begins a save point, unless one is being made. Failing is told and harmless: the
    /// next one may work.
    pub(crate) async fn start_save(&mut self, reason: SaveReason) {
        if !self.is_idle() {
            return;
        }
        self.throttle.started_at = Instant::now();
        let mut saver = self.take_writer().await;
        let begun = self.throttle.started_at;
        self.running_save = Some(tokio::spawn(async move {
            let saved = saver.save(reason).await;
            saver.report_failure(saved);
            (saver, begun.elapsed())
        }));
    }

    /// Makes a save point now, after one that is being made.
    pub(crate) async fn save_now(&mut self, reason: SaveReason) {
        let saver = self.take_writer().await;
        self.idle_writer = Some(saver);
        self.start_save(reason).await;
        let saver = self.take_writer().await;
        self.idle_writer = Some(saver);
    }

    /// Whether no save point is being made.
    pub(crate) fn is_idle(&self) -> bool {
        self.running_save.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until no save point is being made, but no longer than makes sense to a person
    /// who waits for something else.
    pub(crate) async fn wait_until_idle(&mut self) {
        if let Some(busy) = &mut self.running_save
            && let Some(saved) =
                timeout(MAX_WAIT, busy).await.log_dropped("waiting for a save point")
        {
            self.return_writer(saved);
        }
    }

    /// Takes the saver, after the save point that is being made.
    pub(crate) async fn take_writer(&mut self) -> Box<SavePointWriter> {
        if let Some(busy) = &mut self.running_save {
            let saved = busy.await;
            self.return_writer(saved);
        }
        self.idle_writer.take().expect("BUG: the saver is here or at work")
    }

    fn return_writer(&mut self, saved: Result<(Box<SavePointWriter>, Duration), JoinError>) {
        let (saver, took) = saved.expect("BUG: saving panicked");
        self.running_save = None;
        self.idle_writer = Some(saver);
        self.throttle.duration = took;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn saving_takes_a_small_part_of_the_time() {
        let begun = Instant::now();
        let next = |took| SaveThrottle { started_at: begun, duration: took }.next_due() - begun;
        assert_eq!(next(Duration::from_millis(40)), MIN_INTERVAL);
        assert_eq!(next(Duration::from_secs(10)), Duration::from_secs(500));
    }
}
