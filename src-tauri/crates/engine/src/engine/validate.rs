//! Looking at a request before anything is started: everything that keeps it from running
//! is found at once.

use super::Engine;
use super::start_point::{StartPoint, request_problem};
use crate::disk;
use regatta_protocol::agent::AgentSelection;
use regatta_protocol::request::RequestProblem;
use regatta_protocol::secret::Secret;
use regatta_protocol::{BatchRequest, Capability, UserMessage};

/// What is the place's own business, unless it has this capability.
const PLACE_FIELDS: [(&str, Capability); 2] =
    [("agent", Capability::Agents), ("parallel", Capability::Queue)];

impl Engine {
    /// Everything that keeps a request from being started, each with its place in it.
    pub async fn check(&self, request: &BatchRequest) -> Vec<RequestProblem> {
        match self.validate(request, None).await {
            Ok(_) => Vec::new(),
            Err(problems) => problems,
        }
    }

    /// As [`Engine::check`]; what the request starts from, when there is nothing. `token`:
    /// the one that came with it.
    pub(super) async fn validate(
        &self,
        request: &BatchRequest,
        token: Option<&Secret>,
    ) -> Result<StartPoint, Vec<RequestProblem>> {
        let place = self.place_of(request);
        let mut problems = request.problems();
        for (field, capability) in PLACE_FIELDS {
            problems.retain(|problem| problem.field != field || place.can(capability));
        }
        if place.can(Capability::Key)
            && let Some(endpoint) = &request.endpoint
            && let Err(notice) = self.0.access.credentials.endpoint_key(endpoint).await
        {
            problems.push(request_problem("endpoint", notice));
        }
        let named = !problems.iter().any(|problem| problem.field == "agent");
        if place.can(Capability::Agents) && named {
            problems.extend(self.agent_problems(request).await);
        }
        if place.can(Capability::LocalCopies) {
            problems.extend(self.disk_problem());
        }
        let found = match place.can(Capability::LocalFolder) {
            true => self.resolve_local_start(request, token).await,
            false => self.resolve_remote_start(request, token).await,
        };
        match found {
            Ok(ground) if problems.is_empty() => Ok(ground),
            Ok(_) => Err(problems),
            Err(found) => {
                problems.push(found);
                Err(problems)
            }
        }
    }

    /// That there is too little room for copies.
    fn disk_problem(&self) -> Option<RequestProblem> {
        let free = regatta_process::free_disk_bytes(&self.0.access.dirs.0);
        let low = free.filter(|free| *free < disk::LOW_BYTES)?;
        Some(request_problem("project", disk::low_notice(low)))
    }

    /// The agents that can't be started as they are wanted, of those that would be.
    async fn agent_problems(&self, request: &BatchRequest) -> Vec<RequestProblem> {
        let mut found = Vec::new();
        if request.parallel_tasks.iter().any(|row| row.agents.is_empty()) {
            let (agent, options) = (request.agent.clone(), request.options.clone());
            let notice = self.agent_problem(&AgentSelection { agent, options }).await;
            found.extend(notice.map(|notice| request_problem("agent", notice)));
        }
        for (row, task) in (0..).zip(&request.parallel_tasks) {
            for pick in &task.agents {
                if let Some(notice) = self.agent_problem(pick).await {
                    found.push(RequestProblem {
                        row: Some(row),
                        ..request_problem("agent", notice)
                    });
                    break; // One is enough for a row.
                }
            }
        }
        found
    }

    /// Why an agent can't be started: it isn't there, or it doesn't have the model.
    async fn agent_problem(&self, pick: &AgentSelection) -> Option<UserMessage> {
        match self.0.agents.resolve(&pick.agent).await {
            Ok(_) => self.0.agents.model_problem(pick),
            Err(notice) => Some(notice),
        }
    }
}
