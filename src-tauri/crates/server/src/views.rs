//! Batches and tasks as the API shows them.

use crate::agents::AgentRegistry;
use crate::end_summary::overall_status;
use crate::task_names::TaskNames;
use regatta_protocol::event::{ChangeTotals, FileDiffStat, Outcome, Question, Usage};
use regatta_protocol::view::{BatchDetail, Counts, CurrentStep};
use regatta_protocol::{BatchId, BatchView, Edge, Millis, Status, TaskView, UserMessage};
use serde::Serialize;
use utoipa::ToSchema;

/// A batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Run {
    /// Its id.
    run_id: BatchId,
    /// Its title, cut to 200 characters.
    name: String,
    /// Where it stands: `finished` when every task is, else what most needs to be known.
    status: Status,
    /// The repository.
    repo_url: String,
    /// What it started from.
    branch: String,
    /// The agent's name.
    agent: String,
    /// How many of its tasks may work at the same time.
    max_parallel: u32,
    /// When it was started, in milliseconds since 1970.
    created_at: Millis,
    /// When its last task ended; none while one waits or works.
    ended_at: Option<Millis>,
    /// The number of the last event.
    last_seq: u64,
    /// How many tasks stand where.
    counts: Counts,
}

/// A part of the list of batches.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunList {
    /// The batches, the newest first.
    pub(crate) runs: Vec<Run>,
    /// What to give as `before` to get those after them; `None` if there are no more.
    pub(crate) next: Option<BatchId>,
}

/// A batch with its tasks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunDetail {
    /// The batch.
    #[serde(flatten)]
    run: Run,
    /// Its tasks in order.
    tasks: Vec<RunTask>,
}

/// A task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunTask {
    /// Its name.
    task_name: String,
    /// Its agent's name.
    agent: String,
    /// The model that was asked for; empty means what the agent takes by itself.
    model: String,
    /// The thread with which its work can go on.
    thread_id: String,
    /// Where it stands.
    status: Status,
    /// Why it is paused, failed or interrupted.
    notice: Option<UserMessage>,
    /// The attempt, from 1.
    attempt: u32,
    /// What it does now.
    step: Option<CurrentStep>,
    /// The last line that it printed, cut to 200 characters.
    last_line: String,
    /// How many lines it printed.
    lines: u64,
    /// What it changed so far.
    totals: ChangeTotals,
    /// The first files that it changed.
    files: Vec<FileDiffStat>,
    /// When this attempt's agent began.
    started_at: Option<Millis>,
    /// When this attempt ended.
    ended_at: Option<Millis>,
    /// What the agent says it used.
    usage: Option<Usage>,
    /// What it asks, while it waits for the answer.
    question: Option<Question>,
    /// Everything that it asks; the first is also in `question`.
    questions: Vec<Question>,
    /// How the attempt ended.
    outcome: Option<Outcome>,
    /// The branch that holds its result, once there is one.
    branch: Option<String>,
}

impl Run {
    pub(crate) fn from_view(view: BatchView, agents: &AgentRegistry) -> Self {
        let mut counts = view.counts;
        let present = Status::ALL.into_iter().filter(|status| *counts.count_mut(*status) > 0);
        Self {
            status: overall_status(present),
            run_id: view.id,
            name: view.name,
            repo_url: view.project,
            branch: view.start_from,
            agent: agents.name_of(&view.agent),
            max_parallel: view.max_parallel,
            created_at: view.created_at,
            ended_at: view.ended_at,
            last_seq: view.last_seq,
            counts: view.counts,
        }
    }
}

impl RunDetail {
    pub(crate) fn from_detail(
        detail: BatchDetail,
        names: &TaskNames,
        agents: &AgentRegistry,
    ) -> Self {
        let tasks =
            detail.tasks.into_iter().map(|view| RunTask::from_view(view, names, agents)).collect();
        Self { run: Run::from_view(detail.batch, agents), tasks }
    }
}

impl RunTask {
    pub(crate) fn from_view(view: TaskView, names: &TaskNames, agents: &AgentRegistry) -> Self {
        let (agent, model) = match names.agent_selection(&view.id) {
            Some(who) => (agents.name_of(&who.agent), who.options.model.clone()),
            None => (view.agent, String::new()),
        };
        Self {
            agent,
            model,
            task_name: names.name(&view.id).to_owned(),
            thread_id: view.id.into(),
            status: view.status,
            notice: view.notice.map(|notice| Edge::Api.adapt(notice)),
            attempt: view.attempt,
            step: view.step,
            last_line: view.last_line,
            lines: view.lines,
            totals: view.totals,
            files: view.files,
            started_at: view.started_at,
            ended_at: view.ended_at,
            usage: view.usage,
            question: view.questions.first().cloned(),
            questions: view.questions,
            outcome: view.outcome.map(|outcome| Outcome {
                notice: outcome.notice.map(|notice| Edge::Api.adapt(notice)),
                ..outcome
            }),
            branch: view.branch,
        }
    }
}
