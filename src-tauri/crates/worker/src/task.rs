//! One attempt from beginning to end: the copy, the agent, its end, what it leaves.

use crate::agent::{self, AgentSummary, RunningAgent, TurnEnd};
use crate::agent_error;
use crate::attempt_loop::{Allowances, AttemptLoop, StopReason};
use crate::control::ControlReader;
use crate::copy;
use crate::error::WorkerError;
use crate::outcome::final_status;
use crate::output::{EventSender, now};
use crate::redact::Redactor;
use crate::save_points::{SavePointScheduler, SavePointWriter, SavedResult};
use crate::status::StatusTracker;
use crate::steps::{SAVE, START};
use crate::text::{clean_multiline, format_count, one_line};
use regatta_git::{Git, GitError};
use regatta_process::{GracePeriod, ProgramExit, Signals};
use regatta_protocol::event::{Outcome, SaveReason};
use regatta_protocol::worker::{AgentProgram, WorkerTask};
use regatta_protocol::{ErrorCode, KnownAgent, Status, UserMessage};
use regatta_trace::LogDropped;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::debug;

/// How often the copy is saved when nobody says otherwise.
const DEFAULT_SAVE_INTERVAL: Duration = Duration::from_secs(5 * 60);
/// How long an agent has to end after it was asked to.
const STOP_GRACE: Duration = Duration::from_secs(5);
/// How long its program has to end once its turn was cancelled: a person waits for that.
const CANCEL_GRACE: Duration = Duration::from_secs(1);
/// How long an agent has to end after its turn ended by itself.
const TURN_END_GRACE: Duration = Duration::from_secs(2);
/// How long a program that closed its connection may take to end.
const CONNECTION_LOST_GRACE: Duration = Duration::from_secs(1);
/// The most of the agent's last words, in characters.
const MAX_LAST_MESSAGE: usize = 4_000;

/// What is known at the end.
struct AttemptEnd {
    reason: StopReason,
    /// How the program ended, if it did before we ended it.
    own_exit: Option<ProgramExit>,
    exit: ProgramExit,
    summary: AgentSummary,
    /// Whether `reason` was read from the agent's last words.
    is_doubtful: bool,
}

/// Does the task that is told first; how it ended.
pub(crate) async fn run(mut controls: ControlReader, events: &EventSender) -> Outcome {
    let task: Arc<WorkerTask> = match controls.read_task().await {
        Some(Ok(task)) => Arc::new(task),
        Some(Err(problem)) => return failed_outcome(WorkerError::BadTask(problem)),
        None => return failed_outcome(WorkerError::BadTask("there is none".to_owned())),
    };
    events.set_redactor(Redactor::from_env(&task.env));
    match run_attempt(&task, &mut controls, events).await {
        Ok(outcome) => outcome,
        Err(problem) => failed_outcome(problem),
    }
}

/// It could not even begin.
fn failed_outcome(problem: WorkerError) -> Outcome {
    Outcome { notice: Some(problem.into()), ..Outcome::without_work(Status::Failed) }
}

async fn run_attempt(
    task: &Arc<WorkerTask>,
    controls: &mut ControlReader,
    events: &EventSender,
) -> Result<Outcome, WorkerError> {
    let git = Git::find().await?;
    if let Some(why) = copy::prepare_copy(&git, task, controls, events).await? {
        let (status, notice) = final_status(why, None);
        return Ok(Outcome { notice, ..Outcome::without_work(status) });
    }
    let mut signals = Signals::listen().map_err(|problem| {
        let doing = "listening to signals";
        WorkerError::System { doing, problem }
    })?;
    debug!("the copy is there");
    let mut agent = start_agent(task, events)?;
    let limit = task.time_limit_s.map(Duration::from_secs);
    let mut attempt_loop = AttemptLoop {
        agent: &mut agent,
        controls,
        events,
        status: StatusTracker::start(events.clone(), limit),
        save_points: SavePointScheduler::new(SavePointWriter::new(
            git,
            task.clone(),
            events.clone(),
        )),
        questions: Vec::new(),
        allowances: Allowances {
            always: task.allowed_for_batch.clone(),
            once: task.allowed_once.clone(),
        },
        message_count: 0,
    };
    let save_every = task.save_interval_s.map_or(DEFAULT_SAVE_INTERVAL, Duration::from_secs);
    let why = attempt_loop.run(&mut signals, save_every).await;
    debug!("the agent's turn is over");
    let (saver, by_itself) = end_agent(&mut attempt_loop, &why).await;
    let (spoken, ended) = drain(agent).await;
    debug!(exit = %ended, "nothing of the agent runs any more");
    let in_words = find_error_in_words(&why, task.known_agent, &spoken.last_message);
    let end = AttemptEnd {
        is_doubtful: in_words.is_some(),
        reason: in_words.unwrap_or(why),
        own_exit: by_itself,
        summary: spoken,
        exit: ended,
    };
    Ok(finish(saver, end, events).await)
}

fn start_agent(task: &Arc<WorkerTask>, events: &EventSender) -> Result<RunningAgent, WorkerError> {
    START.report_started(events);
    let (AgentProgram::Acp { program, args } | AgentProgram::Command { program, args }) =
        &task.agent;
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let line = one_line(&format!("{name} {}", args.join(" ")), 200);
    let started = agent::start(task, events);
    START.report_ended(events, started.is_ok(), line);
    started.map_err(|problem| WorkerError::from_spawn_error(program, problem))
}

/// Ends the agent with everything it started. The saver comes back when nothing of the
/// agent's can write any more.
async fn end_agent(
    attempt_loop: &mut AttemptLoop<'_>,
    why: &StopReason,
) -> (Box<SavePointWriter>, Option<ProgramExit>) {
    attempt_loop.withdraw_all_questions();
    let patience = match why {
        StopReason::TurnEnded(turn) => {
            // Ending everything can take its time; the work is safe before.
            if attempt_loop.agent.cancel.is_some() {
                attempt_loop.save_points.save_now(SaveReason::TurnEnded).await;
            }
            let wait = if matches!(turn, TurnEnd::ConnectionLost(_)) {
                CONNECTION_LOST_GRACE
            } else {
                TURN_END_GRACE
            };
            GracePeriod::ForProgram(Instant::now() + wait)
        }
        StopReason::Stopped | StopReason::TimeLimit | StopReason::Interrupted => {
            let until = Instant::now() + STOP_GRACE;
            request_end(attempt_loop.agent, until).await
        }
    };
    attempt_loop.save_points.wait_until_idle().await;
    let process = attempt_loop.agent.process.clone();
    let by_itself = process.terminate(patience).await;
    let saver = attempt_loop.save_points.take_writer().await;
    if !process.kill_tree().await {
        attempt_loop.events.send_note("Something that the agent started can't be ended.");
    }
    (saver, by_itself)
}

/// Asks the agent to end its turn, and waits for that; one that can't be asked gets the
/// signal of Ctrl-C.
async fn request_end(agent: &mut RunningAgent, until: Instant) -> GracePeriod {
    agent.process.resume();
    let Some(cancel) = agent.cancel.take() else {
        agent.process.interrupt();
        return GracePeriod::ForTree(until);
    };
    // Errors: the turn ended by itself just now, or patience is over.
    cancel.send(()).log_failed("cancelling the turn");
    tokio::time::timeout_at(until, &mut agent.turn).await.log_dropped("waiting for the turn");
    // Nothing holds its input any more; most agents end with it.
    agent.turn.abort();
    GracePeriod::ForProgram(until.min(Instant::now() + CANCEL_GRACE))
}

/// What an end means after which an agent's last words are nothing but its error: some say in
/// this way, and in no other, that their turn failed.
fn find_error_in_words(
    why: &StopReason,
    agent: Option<KnownAgent>,
    last_words: &str,
) -> Option<StopReason> {
    let agent = agent.filter(|_| *why == StopReason::TurnEnded(TurnEnd::Done))?;
    let kind = agent_error::classify_message(agent, last_words, now())?;
    Some(StopReason::TurnEnded(kind.to_turn_end(last_words)))
}

/// Waits until all output was sent; what is told of it, and how the program ended.
async fn drain(agent: RunningAgent) -> (AgentSummary, ProgramExit) {
    let ended = agent.process.wait_for_exit().await;
    // An error: the hearing task panicked; what it had heard was sent.
    let said = agent.output_task.await.log_failed("reading the output").unwrap_or_default();
    agent.stderr_task.await.log_failed("reading the standard error");
    (said, ended)
}

/// Saves what the agent left, and puts all facts together.
async fn finish(mut saver: Box<SavePointWriter>, end: AttemptEnd, events: &EventSender) -> Outcome {
    SAVE.report_started(events);
    let reason = if end.reason == StopReason::Interrupted {
        SaveReason::Recovered
    } else {
        SaveReason::Result
    };
    let saved = saver.save_result(reason).await;
    debug!(is_saved = saved.is_ok(), ?reason, "saved the result");
    let safe = match &saved {
        Ok(SavedResult { commit: Some(_), totals }) => {
            let files = usize::try_from(totals.files).unwrap_or_default();
            SAVE.report_ended(events, true, format_count(files, "file", "files"));
            "What it had changed is saved."
        }
        Ok(_) => {
            SAVE.report_done_as(events, "Nothing was changed");
            "It had changed nothing."
        }
        Err(_) => {
            SAVE.report_ended(events, false, String::new());
            "Earlier save points are safe; what came later may be in its separate copy only."
        }
    };
    let retry_at = match &end.reason {
        StopReason::TurnEnded(TurnEnd::Limited(_, retry_at)) => *retry_at,
        _ => None,
    };
    let (mut status, mut notice) = final_status(end.reason, end.own_exit);
    if let (Status::Finished, Err(problem)) = (status, &saved) {
        status = Status::Failed;
        notice = Some(unsaved_notice(problem));
    }
    if let Some(notice) = &mut notice {
        safe.clone_into(&mut notice.impact);
    }
    let SavedResult { commit, totals } = saved.unwrap_or_default();
    let last_words = clean_multiline(&end.summary.last_message, MAX_LAST_MESSAGE);
    let (ended_by, tests) = (end.exit.to_string(), end.summary.tests);
    Outcome {
        status,
        notice,
        last_message: last_words,
        commit,
        totals,
        exit_status: ended_by,
        tests,
        retry_at,
        is_doubtful: end.is_doubtful,
    }
}

/// The agent did what it was asked for, but that could not be saved.
fn unsaved_notice(problem: &GitError) -> UserMessage {
    let what = "The agent finished, but what it changed could not be saved.";
    let (code, next) = match problem {
        GitError::DiskFull { .. } => (ErrorCode::DiskFull, "Free some space, then try again."),
        _ => (ErrorCode::GitFailed, "Try again; the details say what went wrong."),
    };
    UserMessage::new(code, what, "", next).with_details(problem.to_string())
}
