//! One attempt from beginning to end: the copy, the agent, its end, what it leaves.

use crate::agent::{self, Agent, Spoken, Turn};
use crate::control::Controls;
use crate::copy;
use crate::desk::{Allowed, Desk, Signals, Why};
use crate::error::WorkerError;
use crate::keys::Keys;
use crate::outcome::verdict;
use crate::output::{Events, now};
use crate::process::{Ended, Patience};
use crate::saves::{SavedResult, Saver, Saving};
use crate::standing::Standing;
use crate::steps::{SAVE, START};
use crate::text::{count, one_line, some_lines};
use crate::trouble;
use regatta_git::{Git, GitError};
use regatta_protocol::event::{Outcome, SaveReason};
use regatta_protocol::worker::{AgentProgram, WorkerTask};
use regatta_protocol::{ErrorCode, Notice, Status};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often the copy is saved when nobody says otherwise.
const SAVE_EVERY: Duration = Duration::from_secs(5 * 60);
/// How long an agent has to end after it was asked to.
const AFTER_ASKING: Duration = Duration::from_secs(5);
/// How long its program has to end once its turn was cancelled: a person waits for that.
const AFTER_CANCELLING: Duration = Duration::from_secs(1);
/// How long an agent has to end after its turn ended by itself.
const AFTER_THE_TURN: Duration = Duration::from_secs(2);
/// How long a program that closed its connection may take to end.
const AFTER_THE_LOSS: Duration = Duration::from_secs(1);
/// The most of the agent's last words, in characters.
const MAX_WORDS: usize = 4_000;

/// What is known at the end.
struct End {
    why: Why,
    /// How the program ended, if it did before we ended it.
    by_itself: Option<Ended>,
    ended: Ended,
    spoken: Spoken,
}

/// Does the task that is told first; how it ended.
pub(crate) async fn run(mut controls: Controls, events: &Events) -> Outcome {
    let task: Arc<WorkerTask> = match controls.task().await {
        Some(Ok(task)) => Arc::new(task),
        Some(Err(problem)) => return unable(WorkerError::BadTask(problem)),
        None => return unable(WorkerError::BadTask("there is none".to_owned())),
    };
    events.hide(Keys::of(&task.env));
    match attempt(&task, &mut controls, events).await {
        Ok(outcome) => outcome,
        Err(problem) => unable(problem),
    }
}

/// It could not even begin.
fn unable(problem: WorkerError) -> Outcome {
    Outcome { notice: Some(problem.into()), ..Outcome::without_work(Status::Failed) }
}

async fn attempt(
    task: &Arc<WorkerTask>,
    controls: &mut Controls,
    events: &Events,
) -> Result<Outcome, WorkerError> {
    let git = Git::find().await?;
    if let Some(why) = copy::prepare(&git, task, controls, events).await? {
        let (status, notice) = verdict(why, None);
        return Ok(Outcome { notice, ..Outcome::without_work(status) });
    }
    let mut signals = Signals::listen().map_err(|problem| {
        let doing = "listening to signals";
        WorkerError::System { doing, problem }
    })?;
    let mut agent = start(task, events)?;
    let limit = task.time_limit_s.map(Duration::from_secs);
    let mut desk = Desk {
        agent: &mut agent,
        controls,
        events,
        standing: Standing::begin(events.clone(), limit),
        saving: Saving::of(Saver::new(git, task.clone(), events.clone())),
        questions: Vec::new(),
        allowed: Allowed { always: task.allowed.clone(), once: task.allowed_once.clone() },
        heard: 0,
    };
    let save_every = task.save_every_s.map_or(SAVE_EVERY, Duration::from_secs);
    let why = desk.work(&mut signals, save_every).await;
    let (saver, by_itself) = end(&mut desk, &why).await;
    let (spoken, ended) = hear_out(agent).await;
    let end = End { why: meant(why, &spoken.last_words), by_itself, spoken, ended };
    Ok(conclude(saver, end, events).await)
}

fn start(task: &Arc<WorkerTask>, events: &Events) -> Result<Agent, WorkerError> {
    START.begin(events);
    let (AgentProgram::Acp { program, args } | AgentProgram::Command { program, args }) =
        &task.agent;
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let line = one_line(&format!("{name} {}", args.join(" ")), 200);
    let started = agent::start(task, events);
    START.end(events, started.is_ok(), line);
    started.map_err(|problem| WorkerError::start(program, problem))
}

/// Ends the agent with everything it started. The saver comes back when nothing of the
/// agent's can write any more.
async fn end(desk: &mut Desk<'_>, why: &Why) -> (Box<Saver>, Option<Ended>) {
    desk.withdraw_all();
    let patience = match why {
        Why::Turn(turn) => {
            // Ending everything can take its time; the work is safe before.
            if desk.agent.cancel.is_some() {
                desk.saving.take_turn(SaveReason::TurnEnded).await;
            }
            let wait = if matches!(turn, Turn::Lost(_)) { AFTER_THE_LOSS } else { AFTER_THE_TURN };
            Patience::ForTheProgram(Instant::now() + wait)
        }
        Why::Stopped | Why::TimeIsUp | Why::Alone => {
            let until = Instant::now() + AFTER_ASKING;
            ask_to_end(desk.agent, until).await
        }
    };
    desk.saving.settle().await;
    let process = desk.agent.process.clone();
    let by_itself = process.end(patience).await;
    let saver = desk.saving.take().await;
    if !process.sweep().await {
        desk.events.note("Something that the agent started can't be ended.");
    }
    (saver, by_itself)
}

/// Asks the agent to end its turn, and waits for that; one that can't be asked gets the
/// signal of Ctrl-C.
async fn ask_to_end(agent: &mut Agent, until: Instant) -> Patience {
    agent.process.release();
    let Some(cancel) = agent.cancel.take() else {
        agent.process.interrupt();
        return Patience::ForAll(until);
    };
    // Errors: the turn ended by itself just now, or patience is over.
    cancel.send(()).ok();
    drop(tokio::time::timeout_at(until, &mut agent.turn).await);
    // Nothing holds its input any more; most agents end with it.
    agent.turn.abort();
    Patience::ForTheProgram(until.min(Instant::now() + AFTER_CANCELLING))
}

/// What an end means whose last words are nothing but an error.
fn meant(why: Why, last_words: &str) -> Why {
    let trouble = match &why {
        Why::Turn(Turn::Done) => trouble::of_words(last_words, now()),
        Why::Turn(Turn::Failed(notice)) if notice.code == ErrorCode::AgentDied => {
            trouble::of_last_line(last_words, now())
        }
        _ => None,
    };
    trouble.map_or(why, |trouble| Why::Turn(trouble.turn(last_words)))
}

/// Waits until all output was sent; what is told of it, and how the program ended.
async fn hear_out(agent: Agent) -> (Spoken, Ended) {
    let ended = agent.process.ended().await;
    // An error: the hearing task panicked; what it had heard was sent.
    let said = agent.heard.await.unwrap_or_default();
    drop(agent.errors.await);
    (said, ended)
}

/// Saves what the agent left, and puts all facts together.
async fn conclude(mut saver: Box<Saver>, end: End, events: &Events) -> Outcome {
    SAVE.begin(events);
    let reason = if end.why == Why::Alone { SaveReason::Rescued } else { SaveReason::Result };
    let saved = saver.save_result(reason).await;
    let safe = match &saved {
        Ok(SavedResult { commit: Some(_), totals }) => {
            let files = usize::try_from(totals.files).unwrap_or_default();
            SAVE.end(events, true, count(files, "file", "files"));
            "What it had changed is saved."
        }
        Ok(_) => {
            SAVE.end_as(events, "Nothing was changed");
            "It had changed nothing."
        }
        Err(_) => {
            SAVE.end(events, false, String::new());
            "Earlier save points are safe; what came later may be in its separate copy only."
        }
    };
    let retry_at = match &end.why {
        Why::Turn(Turn::Limited(_, retry_at)) => *retry_at,
        _ => None,
    };
    let (mut status, mut notice) = verdict(end.why, end.by_itself);
    if let (Status::Finished, Err(problem)) = (status, &saved) {
        status = Status::Failed;
        notice = Some(unsaved(problem));
    }
    if let Some(notice) = &mut notice {
        safe.clone_into(&mut notice.safe);
    }
    let SavedResult { commit, totals } = saved.unwrap_or_default();
    let last_words = some_lines(&end.spoken.last_words, MAX_WORDS);
    let (ended_by, tests) = (end.ended.to_string(), end.spoken.tests);
    Outcome { status, notice, last_words, commit, totals, ended_by, tests, retry_at }
}

/// The agent did what it was asked for, but that could not be saved.
fn unsaved(problem: &GitError) -> Notice {
    let what = "The agent finished, but what it changed could not be saved.";
    let (code, next) = match problem {
        GitError::DiskFull { .. } => (ErrorCode::DiskFull, "Free some space, then try again."),
        _ => (ErrorCode::GitFailed, "Try again; the details say what went wrong."),
    };
    Notice::new(code, what, "", next).with_details(problem.to_string())
}
