//! `/v1/runs/{run_id}/tasks/{task_name}`: what is done about one task.

use crate::error::ApiError;
use crate::json_body::JsonBody;
use crate::runs::parse_run_id;
use crate::state::{AppState, SharedState};
use crate::task_names::TaskNames;
use crate::views::RunTask;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use regatta_protocol::TaskId;
use regatta_protocol::wire::ErrorBody;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

type TaskPath = Result<Path<(String, String)>, PathRejection>;

/// The answer to a question.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Reply {
    /// The question's id.
    question: String,
    /// The id of the option that is chosen.
    option: String,
}

/// Stops a task, whether it waits or works. It becomes stopped a moment later.
#[utoipa::path(post, path = "/v1/runs/{run_id}/tasks/{task_name}/cancel",
    params(
        ("run_id" = String, Path, description = "The batch"),
        ("task_name" = String, Path, description = "The task's name, percent-encoded, or its id (its thread_id)"),
    ),
    responses(
        (status = 200, description = "The task", body = RunTask),
        (status = 404, description = "There is no such task", body = ErrorBody),
        (status = 409, description = "The task is over already", body = ErrorBody),
        (status = 503, description = "The server is closing", body = ErrorBody),
    ),
)]
pub(crate) async fn cancel(
    State(state): SharedState,
    named: TaskPath,
) -> Result<Json<RunTask>, ApiError> {
    let (task, names) = find_task(&state, named).await?;
    state.engine.stop_task(&task).await?;
    load_task(&state, &task, &names).await
}

/// Tries a task again, afresh from where its batch started.
#[utoipa::path(post, path = "/v1/runs/{run_id}/tasks/{task_name}/retry",
    params(
        ("run_id" = String, Path, description = "The batch"),
        ("task_name" = String, Path, description = "The task's name, percent-encoded, or its id (its thread_id)"),
    ),
    responses(
        (status = 200, description = "The task", body = RunTask),
        (status = 404, description = "There is no such task", body = ErrorBody),
        (status = 409, description = "The task isn't over yet", body = ErrorBody),
        (status = 503, description = "The server is closing", body = ErrorBody),
        (status = 507, description = "The disk is nearly full", body = ErrorBody),
    ),
)]
pub(crate) async fn retry(
    State(state): SharedState,
    named: TaskPath,
) -> Result<Json<RunTask>, ApiError> {
    let (task, names) = find_task(&state, named).await?;
    state.engine.retry(std::slice::from_ref(&task)).await?;
    load_task(&state, &task, &names).await
}

/// Answers a task's open question with one of its options.
#[utoipa::path(post, path = "/v1/runs/{run_id}/tasks/{task_name}/reply",
    params(
        ("run_id" = String, Path, description = "The batch"),
        ("task_name" = String, Path, description = "The task's name, percent-encoded, or its id (its thread_id)"),
    ),
    request_body = Reply,
    responses(
        (status = 200, description = "The task", body = RunTask),
        (status = 404, description = "There is no such task or option", body = ErrorBody),
        (status = 408, description = "The body took too long to come", body = ErrorBody),
        (status = 409, description = "The question isn't open any more", body = ErrorBody),
        (status = 413, description = "The body is larger than 4 MiB", body = ErrorBody),
        (status = 415, description = "The body isn't JSON", body = ErrorBody),
        (status = 503, description = "The server is closing", body = ErrorBody),
    ),
)]
pub(crate) async fn reply(
    State(state): SharedState,
    named: TaskPath,
    JsonBody(reply): JsonBody<Reply>,
) -> Result<Json<RunTask>, ApiError> {
    let (task, names) = find_task(&state, named).await?;
    state.engine.answer(&task, &reply.question, &reply.option).await?;
    load_task(&state, &task, &names).await
}

/// The task of that name or id; both are compared and never used otherwise.
pub(crate) async fn find_task(
    state: &AppState,
    named: TaskPath,
) -> Result<(TaskId, Arc<TaskNames>), ApiError> {
    let missing = || ApiError::not_found("task", "GET /v1/runs/{run_id} lists what there is.");
    let Path((run, name)) = named.map_err(|_| missing())?;
    let names = state.task_names(&parse_run_id(&run)?).await?;
    let task = names.task_by_name_or_id(name.trim()).cloned().ok_or_else(missing)?;
    Ok((task, names))
}

async fn load_task(
    state: &AppState,
    task: &TaskId,
    names: &TaskNames,
) -> Result<Json<RunTask>, ApiError> {
    Ok(Json(RunTask::from_view(state.engine.task(task).await?, names, &state.agents)))
}
