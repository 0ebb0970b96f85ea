//! What a worker gets to do an attempt: one JSON line on its standard input.

use crate::EngineError;
use crate::agents::{AgentRegistry, LaunchRequest};
use crate::dirs::Dirs;
use crate::interrupted_work;
use crate::runner::AttemptId;
use crate::runner::continuation::{self, Continuation};
use crate::store::TaskFacts;
use regatta_protocol::worker::WorkerTask;

/// Where a worker's task gets its folders and its agent.
pub(crate) struct WorkerTaskSource<'a> {
    pub(crate) dirs: &'a Dirs,
    pub(crate) agents: &'a AgentRegistry,
}

impl WorkerTaskSource<'_> {
    /// Everything a worker needs for an attempt.
    pub(crate) async fn build(
        &self,
        id: &AttemptId,
        facts: TaskFacts,
        continuation: Option<Continuation>,
    ) -> Result<WorkerTask, EngineError> {
        let Self { dirs, agents } = *self;
        let cache = dirs.cache(&facts.start.cache);
        let wanted = LaunchRequest {
            agent: &facts.agent_selection.agent,
            options: &facts.agent_selection.options,
            prefers_small_model: facts.request.haiku,
            turn_limit: facts.task_request.turn_limit,
            cache: &cache,
        };
        let equipment = agents.launch_spec(&wanted).await.map_err(EngineError::Refused)?;
        let start_commit = facts.start.commit.clone();
        // One that starts afresh makes its own, whether that is on disk already or not.
        let number = if continuation.is_some() { facts.copy_attempt } else { id.number };
        let copy_id = AttemptId { task: id.task.clone(), number };
        let copy_commit = match &facts.save_commit {
            Some(commit) if continuation.is_some() => commit.clone(),
            _ => start_commit.clone(),
        };
        let prompt = continuation::build_prompt(&facts, continuation.as_ref());
        let earlier = continuation::previous_summary(&facts, continuation.as_ref());
        Ok(WorkerTask {
            task_name: facts.task_request.task_name,
            prompt,
            previous_summary: earlier,
            cache,
            start_commit,
            copy_commit,
            copy: dirs.copy(&copy_id),
            scratch: dirs.scratch(id),
            ref_prefix: interrupted_work::ref_prefix(id),
            author: facts.start.author,
            agent: equipment.program,
            time_limit_s: facts.task_request.time_limit_s,
            save_interval_s: None,
            reuse_copy: continuation.is_some(),
            env: equipment.env,
            options: equipment.options,
            is_autonomous: equipment.autonomous_mode,
            session_meta: equipment.session_meta,
            known_agent: facts.agent_selection.agent.known(),
            safety: facts.request.safety,
            sandbox: equipment.sandbox,
            session: facts.view.session.filter(|_| continuation.is_some()),
            allowed_for_batch: facts.allowed_keys,
            allowed_once: continuation
                .map_or_else(Vec::new, |continuation| continuation.allowed_once),
            cost_limit_cents: facts.task_request.cost_limit_cents,
        })
    }
}
