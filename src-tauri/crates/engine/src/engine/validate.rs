//! Looking at a request before anything is started: everything that keeps it from running
//! is found at once.

use super::Engine;
use super::start_point::{StartPoint, request_problem};
use crate::disk;
use crate::remote_access::RemoteAccess;
use regatta_protocol::agent::AgentSelection;
use regatta_protocol::request::RequestProblem;
use regatta_protocol::secret::Secret;
use regatta_protocol::{BatchRequest, UserMessage};
use std::sync::Arc;

/// What is the place's own business, where that isn't this computer.
const PLACE_FIELDS: [&str; 2] = ["agent", "parallel"];

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
        let mut problems = request.problems();
        let found = match &request.endpoint {
            Some(endpoint) => {
                problems.retain(|problem| !PLACE_FIELDS.contains(&problem.field.as_str()));
                if let Err(notice) = self.0.credentials.endpoint_key(endpoint).await {
                    problems.push(request_problem("endpoint", notice));
                }
                self.resolve_remote_start(request, endpoint).await
            }
            None => {
                self.validate_local(request, &mut problems).await;
                self.resolve_local_start(request, token).await
            }
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

    /// Whether this computer can do the work.
    async fn validate_local(&self, request: &BatchRequest, problems: &mut Vec<RequestProblem>) {
        let named = !problems.iter().any(|problem| problem.field == "agent");
        if named {
            problems.extend(self.agent_problems(request).await);
        }
        if let Some(free) = disk::free_bytes(&self.0.dirs.0).filter(|free| *free < disk::LOW_BYTES)
        {
            problems.push(request_problem("project", disk::low_notice(free)));
        }
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

    /// The way to repositories.
    pub(super) fn remote_access(&self) -> RemoteAccess {
        RemoteAccess {
            program: self.0.program.clone(),
            dirs: self.0.dirs.clone(),
            tokens: self.0.tokens.clone(),
            credentials: Arc::clone(&self.0.credentials),
        }
    }
}
