//! What a task changed, as text.

use crate::error::ApiError;
use crate::state::SharedState;
use crate::tasks::find_task;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use regatta_protocol::wire::ErrorBody;

/// Everything that a task changed so far, as `git apply` takes it. Empty means nothing.
#[utoipa::path(get, path = "/v1/runs/{run_id}/tasks/{task_name}/diff",
    params(
        ("run_id" = String, Path, description = "The batch"),
        ("task_name" = String, Path, description = "The task's name, percent-encoded, or its id (its thread_id)"),
    ),
    responses(
        (status = 200, description = "The text", content_type = "text/plain", body = String),
        (status = 404, description = "There is no such task", body = ErrorBody),
        (status = 413, description = "The text is longer than 16 MiB", body = ErrorBody),
    ),
)]
pub(crate) async fn read(
    State(state): SharedState,
    named: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, ApiError> {
    let (task, _) = find_task(&state, named).await?;
    let diff = state.engine.read_diff(&task).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, diff).into_response())
}
