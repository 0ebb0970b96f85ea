//! Batches: written, started, looked at, stopped, and brought into the project.

use super::Answer;
use super::project::remembered;
use crate::state;
use regatta_engine::project;
use regatta_protocol::app::AddedResult;
use regatta_protocol::request::RequestProblem;
use regatta_protocol::view::BatchDetail;
use regatta_protocol::{BatchId, BatchRequest, BatchView, Millis, TaskId};
use tauri::{AppHandle, Runtime, command};

/// How many batches one page of History has.
const PAGE: u32 = 50;

#[command]
pub(crate) async fn check_batch<R: Runtime>(
    app: AppHandle<R>,
    request: BatchRequest,
) -> Answer<Vec<RequestProblem>> {
    match placed(&app, request) {
        Ok(request) => Ok(state::engine(&app)?.check(&request).await),
        Err(notice) => Ok(vec![RequestProblem { row: None, field: "endpoint".to_owned(), notice }]),
    }
}

#[command]
pub(crate) async fn start_batch<R: Runtime>(
    app: AppHandle<R>,
    request: BatchRequest,
) -> Answer<BatchDetail> {
    let request = placed(&app, request)?;
    let started = state::engine(&app)?.start(request).await?;
    let path = &started.batch.project_path;
    if started.batch.endpoint.is_none() {
        remembered(&app, project::inspect(path).await);
    } else if let Ok(store) = state::store(&app) {
        store.remember_repository(path);
    }
    Ok(started)
}

/// The same request with its endpoint as the settings have it: of what the window says of it,
/// only its id counts.
fn placed<R: Runtime>(app: &AppHandle<R>, request: BatchRequest) -> Answer<BatchRequest> {
    let endpoint = match &request.endpoint {
        Some(named) => Some(state::store(app)?.endpoint(&named.id)?),
        None => None,
    };
    Ok(BatchRequest { endpoint, ..request })
}

#[command]
pub(crate) async fn batch<R: Runtime>(app: AppHandle<R>, id: BatchId) -> Answer<BatchDetail> {
    Ok(state::engine(&app)?.batch(&id).await?)
}

#[command]
pub(crate) async fn batch_request<R: Runtime>(
    app: AppHandle<R>,
    id: BatchId,
) -> Answer<BatchRequest> {
    Ok(state::engine(&app)?.request_of(&id).await?)
}

#[command]
pub(crate) async fn stop_batch<R: Runtime>(app: AppHandle<R>, batch: BatchId) -> Answer<()> {
    Ok(state::engine(&app)?.stop_batch(&batch).await?)
}

#[command]
pub(crate) async fn history<R: Runtime>(
    app: AppHandle<R>,
    query: String,
    before: Option<Millis>,
) -> Answer<Vec<BatchView>> {
    Ok(state::engine(&app)?.history(&query, before, PAGE).await?)
}

#[command]
pub(crate) async fn retry_tasks<R: Runtime>(app: AppHandle<R>, tasks: Vec<TaskId>) -> Answer<()> {
    Ok(state::engine(&app)?.retry(&tasks).await?)
}

#[command]
pub(crate) async fn add_to_project<R: Runtime>(
    app: AppHandle<R>,
    tasks: Vec<TaskId>,
) -> Answer<Vec<AddedResult>> {
    Ok(state::engine(&app)?.add_to_project(&tasks).await)
}
