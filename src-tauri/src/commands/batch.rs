//! Batches: written, started, looked at, stopped, and brought into the project.

use super::CommandResult;
use super::project::remember_if_ready;
use crate::state;
use regatta_engine::project;
use regatta_protocol::app::PublishResult;
use regatta_protocol::request::RequestProblem;
use regatta_protocol::view::BatchDetail;
use regatta_protocol::{BatchId, BatchRequest, BatchView, Capability, Millis, TaskId};
use regatta_trace::LogDropped;
use tauri::{AppHandle, Runtime, command};

/// How many batches one page of History has.
const PAGE: u32 = 50;

#[command]
pub(crate) async fn check_batch<R: Runtime>(
    app: AppHandle<R>,
    request: BatchRequest,
) -> CommandResult<Vec<RequestProblem>> {
    match with_saved_endpoint(&app, request) {
        Ok(request) => Ok(state::engine(&app)?.check(&request).await),
        Err(notice) => Ok(vec![RequestProblem { row: None, field: "endpoint".to_owned(), notice }]),
    }
}

#[command]
pub(crate) async fn start_batch<R: Runtime>(
    app: AppHandle<R>,
    request: BatchRequest,
) -> CommandResult<BatchDetail> {
    let request = with_saved_endpoint(&app, request)?;
    let started = state::engine(&app)?.start(request).await?;
    let path = &started.batch.project;
    if started.batch.place.can(Capability::LocalFolder) {
        remember_if_ready(&app, project::inspect(path).await);
    } else if let Some(store) = state::store(&app).log_dropped("remembering a repository") {
        store.remember_repository(path);
    }
    Ok(started)
}

/// The same request with its endpoint as the settings have it: of what the window says of it,
/// only its id counts.
fn with_saved_endpoint<R: Runtime>(
    app: &AppHandle<R>,
    request: BatchRequest,
) -> CommandResult<BatchRequest> {
    let endpoint = match &request.endpoint {
        Some(named) => Some(state::store(app)?.endpoint(&named.id)?),
        None => None,
    };
    Ok(BatchRequest { endpoint, ..request })
}

#[command]
pub(crate) async fn batch<R: Runtime>(
    app: AppHandle<R>,
    id: BatchId,
) -> CommandResult<BatchDetail> {
    Ok(state::engine(&app)?.batch(&id).await?)
}

#[command]
pub(crate) async fn batch_request<R: Runtime>(
    app: AppHandle<R>,
    id: BatchId,
) -> CommandResult<BatchRequest> {
    Ok(state::engine(&app)?.batch_request(&id).await?)
}

#[command]
pub(crate) async fn stop_batch<R: Runtime>(app: AppHandle<R>, batch: BatchId) -> CommandResult<()> {
    Ok(state::engine(&app)?.stop_batch(&batch).await?)
}

#[command]
pub(crate) async fn history<R: Runtime>(
    app: AppHandle<R>,
    query: String,
    before: Option<Millis>,
) -> CommandResult<Vec<BatchView>> {
    Ok(state::engine(&app)?.history(&query, before, PAGE).await?)
}

#[command]
pub(crate) async fn retry_tasks<R: Runtime>(
    app: AppHandle<R>,
    tasks: Vec<TaskId>,
) -> CommandResult<()> {
    Ok(state::engine(&app)?.retry(&tasks).await?)
}

#[command]
pub(crate) async fn add_to_project<R: Runtime>(
    app: AppHandle<R>,
    tasks: Vec<TaskId>,
) -> CommandResult<Vec<PublishResult>> {
    Ok(state::engine(&app)?.publish_results(&tasks).await)
}
