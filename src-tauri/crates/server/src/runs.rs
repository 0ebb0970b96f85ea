//! `/v1/runs`: batches.

use crate::frame::SentEvent;
use crate::refusal::Refusal;
use crate::run::{Run, RunDetail, RunList};
use crate::state::State;
use crate::stream;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use axum::response::Response;
use regatta_protocol::BatchId;
use regatta_protocol::wire::ErrorBody;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// How many batches one page holds when nothing is said.
const PAGE: u32 = 50;
/// The most that one page holds.
const MAX_PAGE: u32 = 200;
/// The header with which a reader says what it has.
const LAST_EVENT_ID: &str = "last-event-id";

type Shared = axum::extract::State<Arc<State>>;

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// Only batches that were started before this one: `next` of the page before.
    before: Option<String>,
    /// How many, 1 to 200; 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct After {
    /// Only events with a higher number. The header `Last-Event-ID` wins.
    after: Option<u64>,
}

/// The batches, the newest first.
#[utoipa::path(get, path = "/v1/runs", params(Page), responses(
    (status = 200, description = "A page of them", body = RunList),
    (status = 404, description = "There is no batch of that id", body = ErrorBody),
))]
pub(crate) async fn list(
    axum::extract::State(state): Shared,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<RunList>, Refusal> {
    let Query(page) = page.map_err(|_| bad_query())?;
    let limit = page.limit.unwrap_or(PAGE);
    if limit == 0 || limit > MAX_PAGE {
        return Err(bad_query());
    }
    let before = page.before.as_deref().map(run_id).transpose()?;
    let mut views = state.engine.batches(before.as_ref(), limit + 1).await?;
    let more = views.len() > limit as usize;
    views.truncate(limit as usize);
    let next = views.last().filter(|_| more).map(|view| view.id.clone());
    let runs = views.into_iter().map(|view| Run::of(view, &state.agents)).collect();
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
    axum::extract::State(state): Shared,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<RunDetail>, Refusal> {
    let id = run_of(path)?;
    detail(&state, &id).await
}

/// A batch's events: those that are there, and then each as soon as it is in the log, until
/// the batch is over.
#[utoipa::path(get, path = "/v1/runs/{run_id}/events",
    params(
        ("run_id" = String, Path, description = "The batch"),
        After,
        ("last-event-id" = Option<u64>, Header, description = "The number of the last event that was read"),
    ),
    responses(
        (status = 200, description = "The events", content_type = "text/event-stream", body = SentEvent,
            headers(("x-regatta-run" = String, description = "The batch's id"))),
        (status = 404, description = "There is no such batch", body = ErrorBody),
        (status = 429, description = "Too many streams are open", body = ErrorBody),
    ),
)]
pub(crate) async fn events(
    axum::extract::State(state): Shared,
    path: Result<Path<String>, PathRejection>,
    after: Result<Query<After>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let id = run_of(path)?;
    let after = match headers.get(LAST_EVENT_ID) {
        Some(last) => last.to_str().ok().and_then(|last| last.trim().parse().ok()),
        None => after.ok().map(|Query(after)| after.after.unwrap_or(0)),
    };
    let after = after.filter(|after| i64::try_from(*after).is_ok()).ok_or_else(bad_query)?;
    let room = state.stream_room()?;
    stream::answer(&state, &id, after, room).await
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
    axum::extract::State(state): Shared,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<RunDetail>, Refusal> {
    let id = run_of(path)?;
    state.engine.stop_batch(&id).await?;
    detail(&state, &id).await
}

/// The id that a path or a query names.
pub(crate) fn run_id(text: &str) -> Result<BatchId, Refusal> {
    BatchId::parse(text).ok_or_else(|| Refusal::missing("run", "GET /v1/runs lists what there is."))
}

fn run_of(path: Result<Path<String>, PathRejection>) -> Result<BatchId, Refusal> {
    // A path that can't be read as text names nothing.
    run_id(&path.map_or_else(|_| String::new(), |Path(id)| id))
}

async fn detail(state: &State, id: &BatchId) -> Result<Json<RunDetail>, Refusal> {
    let detail = state.engine.batch(id).await?;
    let names = state.names_of(id).await?;
    Ok(Json(RunDetail::of(detail, &names, &state.agents)))
}

fn bad_query() -> Refusal {
    Refusal::bad("A number in the address can't be read.", "GET /openapi.json tells what it takes.")
}
