//! Settings, the draft, templates, and leaving.

use super::CommandResult;
use crate::{state, window};
use regatta_protocol::app::{Draft, Recipe, Settings};
use regatta_trace::LogDropped;
use tauri::{AppHandle, Runtime, command};

#[command]
pub(crate) async fn load_draft<R: Runtime>(app: AppHandle<R>) -> CommandResult<Option<Draft>> {
    Ok(state::store(&app)?.draft())
}

#[command]
pub(crate) async fn save_draft<R: Runtime>(app: AppHandle<R>, draft: Draft) -> CommandResult<()> {
    state::store(&app)?.save_draft(draft)
}

#[command]
pub(crate) async fn templates<R: Runtime>(app: AppHandle<R>) -> CommandResult<Vec<Recipe>> {
    Ok(state::store(&app)?.recipes())
}

#[command]
pub(crate) async fn save_template<R: Runtime>(
    app: AppHandle<R>,
    template: Recipe,
) -> CommandResult<()> {
    state::store(&app)?.save_recipe(template)
}

#[command]
pub(crate) async fn remove_template<R: Runtime>(
    app: AppHandle<R>,
    id: String,
) -> CommandResult<()> {
    state::store(&app)?.remove_recipe(&id)
}

/// The defaults, where the store could not be opened: the window needs some theme.
#[command]
pub(crate) async fn settings<R: Runtime>(app: AppHandle<R>) -> CommandResult<Settings> {
    let store = state::store(&app).log_dropped("reading the settings");
    Ok(store.map(|store| store.settings()).unwrap_or_default())
}

#[command]
pub(crate) async fn save_settings<R: Runtime>(
    app: AppHandle<R>,
    settings: Settings,
) -> CommandResult<()> {
    let settings = state::store(&app)?.save_settings(settings)?;
    // Without an engine the limit takes effect with the next start.
    if let Some(engine) = state::engine(&app).log_dropped("setting the limit") {
        engine.set_limit(settings.limit)?;
    }
    Ok(())
}

#[command]
pub(crate) async fn set_limit<R: Runtime>(app: AppHandle<R>, limit: u32) -> CommandResult<()> {
    let settings = state::store(&app)?.settings();
    save_settings(app, Settings { limit, ..settings }).await
}

#[command]
pub(crate) async fn quit<R: Runtime>(app: AppHandle<R>, stop_work: bool) -> CommandResult<()> {
    window::quit(&app, stop_work).await;
    Ok(())
}
