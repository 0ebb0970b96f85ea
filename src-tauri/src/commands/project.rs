//! Home, and folders as projects.

use super::CommandResult;
use crate::state;
use regatta_engine::project;
use regatta_protocol::app::{HomeView, ProjectState, ProjectView};
use regatta_protocol::{ErrorCode, UserMessage};
use regatta_trace::LogDropped;
use std::path::{Path, PathBuf};
use tauri::{AppHandle, Runtime, Url, command};
use tauri_plugin_dialog::DialogExt;
use tauri_plugin_opener::OpenerExt;
use tokio::sync::oneshot;

const RECENT: u32 = 20;

#[command]
pub(crate) async fn home<R: Runtime>(app: AppHandle<R>) -> CommandResult<HomeView> {
    let engine = state::engine(&app)?;
    let (projects, repositories, notices) = match state::store(&app) {
        Ok(store) => (store.projects(), store.repositories(), store.take_notices()),
        Err(notice) => (Vec::new(), Vec::new(), vec![notice]),
    };
    let notices = [engine.notices(), notices].concat();
    let mut recent = engine.history("", None, RECENT).await?;
    recent.retain(|batch| batch.ended_at.is_some());
    Ok(HomeView {
        projects,
        repositories,
        running: engine.running_batches().await?,
        recent,
        place: engine.place(),
        needs_you: engine.needs_you().await?.into_iter().map(|task| task.id).collect(),
        notices,
    })
}

#[command]
pub(crate) async fn check_project(path: String) -> CommandResult<ProjectView> {
    Ok(project::inspect(&path).await)
}

#[command]
pub(crate) async fn set_up_project<R: Runtime>(
    app: AppHandle<R>,
    path: String,
) -> CommandResult<ProjectView> {
    Ok(remember_if_ready(&app, project::init(&path).await?))
}

#[command]
pub(crate) async fn practice_project<R: Runtime>(app: AppHandle<R>) -> CommandResult<ProjectView> {
    let project = state::engine(&app)?.practice_project().await?;
    Ok(remember_if_ready(&app, project))
}

#[command]
pub(crate) async fn choose_project<R: Runtime>(
    app: AppHandle<R>,
) -> CommandResult<Option<ProjectView>> {
    let (chose, choice) = oneshot::channel();
    let dialog = app.dialog().file().set_title("Choose your project");
    // The answer has nowhere to go only when the app is gone.
    dialog.pick_folder(move |folder| {
        chose.send(folder).log_failed("telling what was chosen");
    });
    let chosen = choice
        .await
        .log_dropped("waiting for a choice")
        .flatten()
        .and_then(|folder| folder.into_path().log_failed("reading a folder's path"));
    let Some(path) = chosen else { return Ok(None) };
    let project = check_project(path.to_string_lossy().into_owned()).await?;
    Ok(Some(remember_if_ready(&app, project)))
}

#[command]
pub(crate) async fn show_project<R: Runtime>(
    app: AppHandle<R>,
    path: PathBuf,
) -> CommandResult<()> {
    // A file would be opened by whatever program the desktop has for it.
    if !path.is_absolute() || !path.is_dir() {
        return Err(folder_missing(&path));
    }
    let opened = app.opener().open_path(path.to_string_lossy(), None::<&str>);
    opened.map_err(|e| folder_missing(&path).with_details(e.to_string()))
}

/// Opens a link of an agent's message in the person's browser.
#[command]
pub(crate) async fn open_link<R: Runtime>(app: AppHandle<R>, url: String) -> CommandResult<()> {
    // The desktop would open a file or start a program for any other kind of address.
    let web = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(web) = web else { return Err(link_refused(&url)) };
    let opened = app.opener().open_url(web.as_str(), None::<&str>);
    opened.map_err(|e| link_refused(&url).with_details(e.to_string()))
}

/// The same project, kept among those used before when tasks can start from it.
pub(super) fn remember_if_ready<R: Runtime>(
    app: &AppHandle<R>,
    project: ProjectView,
) -> ProjectView {
    if let (ProjectState::Ready, Ok(store)) = (project.state, state::store(app)) {
        store.remember_project(&project);
    }
    project
}

fn link_refused(url: &str) -> UserMessage {
    UserMessage::new(
        ErrorCode::BadRequest,
        "The link could not be opened.",
        "",
        "Copy its address into your browser if you trust it.",
    )
    .with_details(url)
}

fn folder_missing(path: &Path) -> UserMessage {
    UserMessage::new(
        ErrorCode::ProjectMissing,
        "The project's folder could not be opened.",
        "",
        "Look whether it was moved.",
    )
    .with_details(path.display().to_string())
}
