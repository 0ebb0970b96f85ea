//! `/v1/runs`: batches.

use crate::error::ApiError;
use crate::sse::SentEvent;
use crate::state::{AppState, SharedState};
use crate::stream;
use crate::views::{Run, RunDetail, RunList};
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use regatta_protocol::BatchId;
use regatta_protocol::wire::ErrorBody;
use serde::Deserialize;
use utoipa::IntoParams;

/// How many batches one page holds when nothing is said.
const DEFAULT_PAGE_SIZE: u32 = 50;
/// The most that one page holds.
const MAX_PAGE_SIZE: u32 = 200;
/// The header with which a reader says what it has.
const LAST_EVENT_ID: &str = "last-event-id";

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Only batches that were started before this one: `next` of the page before.
    before: Option<String>,
    /// How many, 1 to 200; 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AfterQuery {
    /// Only events with a higher number. The header `Last-Event-ID` wins.
    after: Option<u64>,
}

/// The batches, the newest first.
#[utoipa::path(get, path = "/v1/runs", params(PageQuery), responses(
    (status = 200, description = "A page of them", body = RunList),
    (status = 404, description = "There is no batch of that id", body = ErrorBody),
))]
pub(crate) async fn list(
    State(state): SharedState,
    page: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<RunList>, ApiError> {
    let Query(page) = page.map_err(|_| invalid_query())?;
    let limit = page.limit.unwrap_or(DEFAULT_PAGE_SIZE);
    if limit == 0 || limit > MAX_PAGE_SIZE {
        return Err(invalid_query());
    }
    let before = page.before.as_deref().map(parse_run_id).transpose()?;
    let mut views = state.engine.batches(before.as_ref(), limit + 1).await?;
    let more = views.len() > limit as usize;
    views.truncate(limit as usize);
    let next = views.last().filter(|_| more).map(|view| view.id.clone());
    let runs = views.into_iter().map(|view| Run::from_view(view, &state.agents)).collect();
    Ok(Json(RunList { runs, next }))
}

/// A batch with its tasks.
#[utoipa::path(get, path = "/v1/runs/{run_id}",
    params(("run_id" = String, Path, description = "The batch")),
    responses(
        (status = 200, description = "The batch", body = RunDetail),
        (status = 404, description = "There is no such batch", body = ErrorBody),
    ),
)]
pub(crate) async fn read(
    State(state): SharedState,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<RunDetail>, ApiError> {
    let id = run_id_from_path(path)?;
    load_detail(&state, &id).await
}

/// A batch's events: those that are there, and then each as soon as it is in the log, until
/// the batch is over.
#[utoipa::path(get, path = "/v1/runs/{run_id}/events",
    params(
        ("run_id" = String, Path, description = "The batch"),
        AfterQuery,
        ("last-event-id" = Option<u64>, Header, description = "The number of the last event that was read"),
    ),
    responses(
        (status = 200, description = "The events", content_type = "text/event-stream", body = SentEvent,
            headers(("x-regatta-run" = String, description = "The batch's id"))),
        (status = 204, description = "The batch is over, and there are no events after that number: ask no more"),
        (status = 404, description = "There is no such batch", body = ErrorBody),
        (status = 429, description = "Too many streams are open", body = ErrorBody),
    ),
)]
pub(crate) async fn events(
    State(state): SharedState,
    path: Result<Path<String>, PathRejection>,
    after: Result<Query<AfterQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = run_id_from_path(path)?;
    let after = match headers.get(LAST_EVENT_ID) {
        Some(last) => last.to_str().ok().and_then(|last| last.trim().parse().ok()),
        None => after.ok().map(|Query(after)| after.after.unwrap_or(0)),
    };
    let after = after.filter(|after| i64::try_from(*after).is_ok()).ok_or_else(invalid_query)?;
    if is_read_to_the_end(&state, &id, after).await? {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let permit = state.acquire_stream_permit()?;
    stream::respond(&state, &id, after, permit).await
}

/// Whether a batch is over and all of it was read. An answer without content tells a client that
/// keeps to the standard to ask no more; after an empty stream it would ask again for ever.
/// Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model>.
async fn is_read_to_the_end(state: &AppState, id: &BatchId, after: u64) -> Result<bool, ApiError> {
    let batch = state.engine.batch(id).await?.batch;
    Ok(batch.ended_at.is_some() && after >= batch.last_seq)
}

/// Stops every task of a batch that isn't over. They become stopped a moment later.
#[utoipa::path(post, path = "/v1/runs/{run_id}/cancel",
    params(("run_id" = String, Path, description = "The batch")),
    responses(
        (status = 200, description = "The batch", body = RunDetail),
        (status = 404, description = "There is no such batch", body = ErrorBody),
        (status = 503, description = "The server is closing", body = ErrorBody),
    ),
)]
pub(crate) async fn cancel(
    State(state): SharedState,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<RunDetail>, ApiError> {
    let id = run_id_from_path(path)?;
    state.engine.stop_batch(&id).await?;
    load_detail(&state, &id).await
}

/// The id that a path or a query names.
pub(crate) fn parse_run_id(text: &str) -> Result<BatchId, ApiError> {
    BatchId::parse(text)
        .ok_or_else(|| ApiError::not_found("run", "GET /v1/runs lists what there is."))
}

fn run_id_from_path(path: Result<Path<String>, PathRejection>) -> Result<BatchId, ApiError> {
    // A path that can't be read as text names nothing.
    parse_run_id(&path.map_or_else(|_| String::new(), |Path(id)| id))
}

async fn load_detail(state: &AppState, id: &BatchId) -> Result<Json<RunDetail>, ApiError> {
    let detail = state.engine.batch(id).await?;
    let names = state.task_names(id).await?;
    Ok(Json(RunDetail::from_detail(detail, &names, &state.agents)))
}

fn invalid_query() -> ApiError {
    ApiError::bad_request(
        "A number in the address can't be read.",
        "GET /openapi.json tells what it takes.",
    )
}
