//! What to do about work that the last end cut off.

use super::now;
use crate::EngineError;
use crate::dirs::Dirs;
use crate::interrupted_work::{self, InterruptedAttempt};
use crate::log::Log;
use crate::places::{PlaceSpec, find_spec};
use crate::runner::{
    AttemptId, LocalRunner, Runner, ended_after_sending, ended_before_sending, open_question_hint,
};
use crate::scheduler::{AttemptDriver, PersistedQueue, QueuedAttempt, terminal_entries};
use crate::store::{self, invocations, read};
use regatta_protocol::event::Outcome;
use regatta_protocol::{Capability, ErrorCode, Event, Place, Status, TaskView, UserMessage};
use regatta_trace::LogDropped;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many copies are rescued at the same time.
const MAX_CONCURRENT_RECOVERIES: usize = 4;

/// What an engine before left to go on with.
pub(super) struct LeftoverWork {
    /// It goes on in a place that goes on without us.
    pub(super) detached: Vec<(Place, QueuedAttempt)>,
    /// It waits for an agent, or for a person.
    pub(super) suspended: PersistedQueue,
}

/// Ends what an engine before left running, and gives every task that it left open an end, but
/// for those that are given back.
pub(super) async fn recover(
    carrier: &Arc<AttemptDriver<LocalRunner>>,
    dirs: &Dirs,
    specs: &[PlaceSpec],
) -> Result<LeftoverWork, EngineError> {
    let mut leftovers = JoinSet::new();
    for id in carrier.runner.list().await {
        let carrier = Arc::clone(carrier);
        leftovers.spawn(async move { carrier.runner.release(&id).await });
    }
    leftovers.join_all().await;

    let room = Arc::new(Semaphore::new(MAX_CONCURRENT_RECOVERIES));
    let mut open = JoinSet::new();
    let mut detached = Vec::new();
    let tasks = carrier.log.readers.with(read::open_tasks).await?;
    let held = read_suspended(&carrier.log, dirs, &tasks).await?;
    for task in tasks {
        match find_recovery_state(&carrier.log, &task, specs).await? {
            RecoveryState::CutOff if held.tasks.iter().any(|waiting| waiting.task == task.id) => {
                continue;
            }
            RecoveryState::CutOff => {}
            RecoveryState::Detached(place, waiting) => {
                detached.push((place, waiting));
                continue;
            }
            RecoveryState::Ended(outcome) => {
                let entries = terminal_entries(&task.id, task.attempt, now(), outcome);
                let written = carrier.log.append(entries.into()).await?;
                carrier.log.wait_committed_or_error(written).await;
                continue;
            }
        }
        let (log, dirs, room) = (carrier.log.clone(), dirs.clone(), Arc::clone(&room));
        open.spawn(async move {
            let _permit = room.acquire().await.expect("BUG: never closed");
            mark_interrupted(&log, &dirs, &task).await
        });
    }
    open.join_all().await.into_iter().collect::<Result<(), _>>()?;
    Ok(LeftoverWork { detached, suspended: held })
}

/// How an open task stands after a restart.
enum RecoveryState {
    /// It ended with the engine before.
    CutOff,
    /// It goes on in its place.
    Detached(Place, QueuedAttempt),
    /// It is over for us.
    Ended(Outcome),
}

/// Finds out how an open task stands.
async fn find_recovery_state(
    log: &Log,
    task: &TaskView,
    specs: &[PlaceSpec],
) -> Result<RecoveryState, EngineError> {
    let (id, attempt) = (task.id.clone(), task.attempt);
    let read =
        move |conn: &_| Ok((read::facts(conn, &id)?, invocations::find(conn, &id, attempt)?));
    let (facts, invocation) = log.readers.with(read).await?;
    let endpoint = facts.request.endpoint.as_ref();
    let spec = find_spec(specs, endpoint);
    if !spec.can(Capability::Detach) {
        return Ok(RecoveryState::CutOff);
    }
    let ended = |status, notice| {
        let (notice, totals) = (Some(notice), task.totals);
        RecoveryState::Ended(Outcome { notice, totals, ..Outcome::without_work(status) })
    };
    if spec.can(Capability::BatchCall) {
        match invocation.filter(|invocation| invocation.may_have_left) {
            None => return Ok(ended(Status::Interrupted, ended_before_sending())),
            Some(sent) if sent.run.is_none() => {
                return Ok(ended(Status::Unknown, ended_after_sending()));
            }
            Some(_) => {}
        }
    }
    let waiting = QueuedAttempt {
        task: task.id.clone(),
        batch: task.batch.clone(),
        attempt,
        max_parallel: None,
        continuation: None,
        agent: facts.agent_selection.agent.clone(),
        resume_count: 0,
    };
    Ok(RecoveryState::Detached(spec.place(endpoint), waiting))
}

/// What was held, as far as it still is: of `tasks`, those whose attempt hadn't begun.
async fn read_suspended(
    log: &Log,
    dirs: &Dirs,
    tasks: &[TaskView],
) -> Result<PersistedQueue, EngineError> {
    let body = log.readers.with(read::persisted_queue).await?;
    // What can't be read is as nothing: then its tasks are interrupted.
    let kept = serde_json::from_str(&body).log_failed("reading what was held");
    let mut kept: PersistedQueue = kept.unwrap_or_default();
    kept.tasks.retain(|waiting| {
        let id = AttemptId { task: waiting.task.clone(), number: waiting.attempt };
        let waits = |task: &&TaskView| {
            task.attempt == id.number && matches!(task.status, Status::Waiting | Status::Paused)
        };
        let task = tasks.iter().find(|task| task.id == id.task).filter(waits);
        task.is_some() && !dirs.scratch(&id).is_dir()
    });
    Ok(kept)
}

async fn mark_interrupted(log: &Log, dirs: &Dirs, task: &TaskView) -> Result<(), EngineError> {
    let (id, now) = (AttemptId { task: task.id.clone(), number: task.attempt }, now());
    let mut entries = Vec::new();
    // Killed at the wrong instant, a task may have worked without a word of it on disk: the
    // copy tells.
    let began = dirs.copy(&id).is_dir() || dirs.scratch(&id).is_dir();
    let outcome = if matches!(task.status, Status::Waiting | Status::Paused) && !began {
        let notice = match task.can_continue {
            false => not_started_notice("It had not changed anything.", "Try again."),
            true => not_started_notice(
                "What it had changed before is kept as a save point.",
                "Continue from the last save point, or try again.",
            ),
        };
        Outcome { notice: Some(notice), ..Outcome::without_work(Status::Interrupted) }
    } else {
        let (events, outcome) = interrupted_outcome(log, dirs, &id, task).await?;
        entries.extend(events.into_iter().map(|event| store::Entry {
            task: id.task.clone(),
            attempt: id.number,
            at: now,
            event,
        }));
        outcome
    };
    entries.extend(terminal_entries(&id.task, id.number, now, outcome));
    let written = log.append(entries).await?;
    log.wait_committed_or_error(written).await;
    Ok(())
}

fn not_started_notice(safe: &str, next: &str) -> UserMessage {
    let what = "Regatta ended before this task started.";
    UserMessage::new(ErrorCode::Interrupted, what, safe, next)
}

async fn interrupted_outcome(
    log: &Log,
    dirs: &Dirs,
    id: &AttemptId,
    task: &TaskView,
) -> Result<(Vec<Event>, Outcome), EngineError> {
    let wanted = id.task.clone();
    let facts = log.readers.with(move |conn| read::facts(conn, &wanted)).await?;
    let rescued = interrupted_work::save_interrupted_work(&InterruptedAttempt {
        task_name: &facts.task_request.task_name,
        cache: &dirs.cache(&facts.start.cache),
        copy: &dirs.copy(&AttemptId { task: id.task.clone(), number: facts.copy_attempt }),
        scratch: &dirs.scratch(id),
        start_commit: &facts.start.commit,
        ref_prefix: &interrupted_work::ref_prefix(id),
        author: &facts.start.author,
        save_points: task.save_points,
    })
    .await;
    let notice = UserMessage::new(
        ErrorCode::Interrupted,
        "Regatta ended while this task worked.",
        rescued.impact,
        rescued.hint,
    );
    let notice = match task.questions.is_empty() {
        true => notice,
        false => notice.with_hint(open_question_hint(task.session.as_ref())),
    };
    let notice = match rescued.problem {
        Some(problem) => notice.with_details(problem),
        None => notice,
    };
    let outcome = Outcome {
        notice: Some(notice),
        commit: rescued.commit,
        totals: rescued.totals,
        ..Outcome::without_work(Status::Interrupted)
    };
    Ok((rescued.events, outcome))
}
