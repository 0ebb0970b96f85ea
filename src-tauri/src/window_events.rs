//! The events that go to the window. The only sender of them.

use serde::Serialize;
use serde_json::Value;
use tauri::{AppHandle, Emitter, Runtime};
use tracing::warn;

/// The window was asked to close while tasks aren't over.
#[derive(Serialize, Clone)]
pub(crate) struct QuitRequest {
    /// How many.
    pub(crate) working: u32,
}

/// A click on a notification asks for a batch, one of its tasks, or all that needs the person.
#[derive(Serialize, Clone)]
pub(crate) struct OpenRequest {
    /// The batch's id, or null.
    pub(crate) batch: Value,
    /// The task's id, or null.
    pub(crate) task: Value,
}

/// Asks in the window whether to stop the work.
pub(crate) fn ask_to_quit<R: Runtime>(app: &AppHandle<R>, asked: QuitRequest) {
    emit(app, "quit-asked", asked);
}

/// Asks the window to open what a notification was about.
pub(crate) fn ask_to_open<R: Runtime>(app: &AppHandle<R>, asked: OpenRequest) {
    emit(app, "open-asked", asked);
}

/// Sends one event.
pub(crate) fn emit<R: Runtime>(app: &AppHandle<R>, name: &str, payload: impl Serialize + Clone) {
    if let Err(error) = app.emit(name, payload) {
        warn!(name, %error, "the window did not take an event");
    }
}
