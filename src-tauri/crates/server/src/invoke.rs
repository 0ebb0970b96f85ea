//! `POST /invoke/stdout`: the documented call, and our extras.

use crate::error::ApiError;
use crate::json_body::JsonBody;
use crate::repository;
use crate::sse::SentEvent;
use crate::state::{AppState, SharedState};
use crate::stream;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use regatta_engine::StartOptions;
use regatta_protocol::agent::AgentSelection;
use regatta_protocol::wire::{
    ChatMessage, ErrorBody, IDEMPOTENCY_HEADER, InvokeRequest, InvokeTask,
};
use regatta_protocol::{BatchRequest, TaskRequest};

/// The name of the one task of a request with `messages`.
const SINGLE_TASK_NAME: &str = "task";
/// The longest idempotency key, in characters.
const MAX_IDEMPOTENCY_KEY: usize = 200;

/// Starts a batch and answers with its stream of events.
#[utoipa::path(
    post, path = "/invoke/stdout",
    params(("idempotency-key" = Option<String>, Header,
        min_length = 1, max_length = 200,
        description = "The same key with the same request within 24 hours joins the batch that \
                       it started, and never starts a second one.")),
    request_body = InvokeRequest,
    responses(
        (status = 200, description = "The batch's events, from the first to the end",
            content_type = "text/event-stream", body = SentEvent,
            headers(("x-regatta-run" = String, description = "The batch's id"))),
        (status = 403, description = "The repository may not be used", body = ErrorBody),
        (status = 404, description = "There is no such thread", body = ErrorBody),
        (status = 408, description = "The body took too long to come", body = ErrorBody),
        (status = 409, description = "The idempotency key came with another request", body = ErrorBody),
        (status = 413, description = "The body is larger than 4 MiB", body = ErrorBody),
        (status = 415, description = "The body isn't JSON", body = ErrorBody),
        (status = 422, description = "The repository can't be used", body = ErrorBody),
        (status = 429, description = "Too many streams are open", body = ErrorBody),
        (status = 503, description = "The server is closing", body = ErrorBody),
        (status = 507, description = "The disk is nearly full", body = ErrorBody),
    ),
)]
pub(crate) async fn invoke(
    State(state): SharedState,
    headers: HeaderMap,
    JsonBody(invoke): JsonBody<InvokeRequest>,
) -> Result<Response, ApiError> {
    let idempotency_key = parse_idempotency_key(&headers)?;
    let permit = state.acquire_stream_permit()?;
    let token = Some(invoke.github_token.clone()).filter(|token| !token.is_empty());
    let request = batch_request(&state, invoke).await?;
    let options = StartOptions { idempotency_key, token, publish: true };
    // The caller may go away at any moment; what was begun is brought to its end.
    let engine = state.engine.clone();
    let starting = tokio::spawn(async move { engine.start_with(request, options).await });
    let started = starting.await.expect("BUG: starting a batch panicked")?;
    stream::respond(&state, &started.detail.batch.id, 0, permit).await
}

/// The batch that the body asks for.
async fn batch_request(state: &AppState, invoke: InvokeRequest) -> Result<BatchRequest, ApiError> {
    let who = state.agents.select_for_batch(invoke.agent.as_deref(), invoke.model.as_deref())?;
    let own = |task: &InvokeTask| state.agents.select_for_task(task, &who);
    let own: Vec<_> = invoke.parallel_tasks.iter().map(own).collect::<Result<_, _>>()?;
    let mut parallel_tasks = task_requests(invoke.messages, invoke.parallel_tasks)?;
    for (task, own) in parallel_tasks.iter_mut().zip(own) {
        task.agents = own.into_iter().collect();
    }
    let AgentSelection { agent, options } = who;
    let repository = repository::resolve_repository(&invoke.repo_url, &state.roots).await?;
    let named = invoke.branch.trim();
    let branch = if named.is_empty() { repository.default_branch } else { named.to_owned() };
    Ok(BatchRequest {
        name: invoke.name,
        project: repository.url,
        parallel_tasks,
        start_from: branch,
        agent,
        options,
        safety: state.safety,
        haiku: invoke.haiku,
        thread_id: invoke.thread_id.unwrap_or_default(),
        endpoint: None,
        max_parallel: invoke.max_parallel,
    })
}

fn task_request(task: InvokeTask) -> TaskRequest {
    let InvokeTask { task_name, prompt, time_limit_s, .. } = task;
    TaskRequest { task_name, prompt, time_limit_s, ..TaskRequest::default() }
}

/// The tasks: either those that are named, or the one that the messages are.
fn task_requests(
    messages: Vec<ChatMessage>,
    named: Vec<InvokeTask>,
) -> Result<Vec<TaskRequest>, ApiError> {
    if messages.is_empty() == named.is_empty() {
        return Err(ApiError::bad_request(
            "A request has either messages or parallel_tasks, one of the two.",
            "Send messages for a single task, and parallel_tasks for several.",
        ));
    }
    if messages.is_empty() {
        return Ok(named.into_iter().map(task_request).collect());
    }
    if messages.iter().any(|message| message.kind != "human") {
        return Err(ApiError::bad_request(
            "Only messages of the type \"human\" can be sent.",
            "Leave the others out; thread_id goes on from what was said before.",
        ));
    }
    let said: Vec<&str> = messages.iter().map(|message| message.content.as_str()).collect();
    let prompt = said.join("\n\n");
    Ok(vec![TaskRequest { task_name: SINGLE_TASK_NAME.into(), prompt, ..TaskRequest::default() }])
}

fn parse_idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut sent = headers.get_all(IDEMPOTENCY_HEADER).iter();
    let Some(key) = sent.next() else { return Ok(None) };
    let text = key.to_str().ok().filter(|key| {
        !key.is_empty()
            && key.len() <= MAX_IDEMPOTENCY_KEY
            && key.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
    });
    match (text, sent.next()) {
        (Some(text), None) => Ok(Some(text.to_owned())),
        _ => Err(ApiError::bad_request(
            "The Idempotency-Key can't be used.",
            "Send one, of 1 to 200 letters, digits and signs.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: &str, content: &str) -> ChatMessage {
        ChatMessage { kind: kind.into(), content: content.into() }
    }

    #[test]
    fn messages_become_one_task_and_nothing_of_them_is_left_out() {
        let messages = vec![message("human", "Fix it."), message("human", "Then test it.")];
        let tasks_of = task_requests(messages, Vec::new()).expect("one task");
        assert_eq!((tasks_of.len(), &*tasks_of[0].task_name), (1, "task"));
        assert_eq!(tasks_of[0].prompt, "Fix it.\n\nThen test it.");
        for kind in ["ai", "system", ""] {
            assert!(task_requests(vec![message(kind, "x")], Vec::new()).is_err(), "{kind:?}");
        }
    }

    #[test]
    fn it_is_one_of_the_two() {
        let named = || vec![InvokeTask::default()];
        assert!(task_requests(Vec::new(), Vec::new()).is_err());
        assert!(task_requests(vec![message("human", "x")], named()).is_err());
        assert_eq!(task_requests(Vec::new(), named()).expect("tasks").len(), 1);
    }

    #[test]
    fn an_idempotency_key_is_short_and_printable() {
        let key = |text: &str| {
            let mut headers = HeaderMap::new();
            let value = axum::http::HeaderValue::from_bytes(text.as_bytes()).expect("a value");
            headers.insert(IDEMPOTENCY_HEADER, value);
            parse_idempotency_key(&headers)
        };
        assert_eq!(key("a b-1").expect("a key").as_deref(), Some("a b-1"));
        for bad in ["", "é", "a\tb", &"x".repeat(201)] {
            assert!(key(bad).is_err(), "{bad:?}");
        }
        assert_eq!(parse_idempotency_key(&HeaderMap::new()).expect("none"), None);
    }
}
