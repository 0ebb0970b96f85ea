//! Carries what changed in the engine to the window. The only sender of events.

use crate::commands::agents;
use crate::notifier::Notifier;
use crate::state;
use crate::throttle::{EventThrottle, ViewUpdate};
use regatta_engine::{ChangeSet, Engine};
use serde::Serialize;
use serde_json::Value;
use std::time::{Duration, Instant};
use tauri::{AppHandle, Emitter, Runtime};
use tokio::sync::watch;

/// How long the window is left alone after it was told of agents.
const AGENTS_INTERVAL: Duration = Duration::from_millis(200);

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

/// Starts telling the window and the desktop what changes. Without an engine nothing does.
pub(crate) fn start<R: Runtime>(app: &AppHandle<R>) {
    let Ok(engine) = state::engine(app) else { return };
    let mut notifier = Notifier::new(app, &engine.place());
    let window = app.clone();
    let on_change = move |changed: &ChangeSet| notifier.notify_changes(changed);
    let on_update = move |update: ViewUpdate| {
        let name = update.event_name();
        match update {
            ViewUpdate::Task(view) => emit(&window, &name, view),
            ViewUpdate::Batch(view) => emit(&window, &name, view),
            ViewUpdate::Place(view) => emit(&window, &name, view),
        }
    };
    tauri::async_runtime::spawn(follow_agents(app.clone(), engine.subscribe_agents()));
    tauri::async_runtime::spawn(forward_changes(engine, on_change, on_update));
}

/// Tells the window how the agents stand now, and their keys.
pub(crate) async fn emit_agents<R: Runtime>(app: &AppHandle<R>) {
    // Without an engine or a store there are none to tell of.
    if let Ok(view) = agents::agents(app.clone()).await {
        emit(app, "agents", view);
    }
}

/// Tells the window whenever agents are asked or installed, at most some times a second.
async fn follow_agents<R: Runtime>(app: AppHandle<R>, mut changed: watch::Receiver<u64>) {
    while changed.changed().await.is_ok() {
        // As above.
        if let Ok(view) = agents::agents_with_cached_keys(&app).await {
            emit(&app, "agents", view);
        }
        tokio::time::sleep(AGENTS_INTERVAL).await;
    }
}

/// Asks in the window whether to stop the work.
pub(crate) fn ask_to_quit<R: Runtime>(app: &AppHandle<R>, asked: QuitRequest) {
    emit(app, "quit-asked", asked);
}

/// Asks the window to open what a notification was about.
pub(crate) fn ask_to_open<R: Runtime>(app: &AppHandle<R>, asked: OpenRequest) {
    emit(app, "open-asked", asked);
}

fn emit<R: Runtime>(app: &AppHandle<R>, name: &str, payload: impl Serialize + Clone) {
    if let Err(error) = app.emit(name, payload) {
        eprintln!("The window did not take {name}: {error}");
    }
}

/// Follows `engine` from now on: `see` gets every change, `tell` the events for the window,
/// merged and in the pace that a window can take. Runs until it is dropped.
pub async fn forward_changes(
    engine: Engine,
    mut on_change: impl FnMut(&ChangeSet),
    mut on_update: impl FnMut(ViewUpdate),
) {
    let mut throttle = EventThrottle::default();
    let mut since = engine.revision();
    loop {
        let changed = engine.wait_for_changes(since);
        tokio::pin!(changed);
        let changed = loop {
            let now = Instant::now();
            while let Some(update) = throttle.next_ready(now) {
                on_update(update);
            }
            match throttle.next_ready_at(now) {
                None => break changed.await,
                Some(at) => tokio::select! {
                    changed = &mut changed => break changed,
                    () = tokio::time::sleep_until(at.into()) => {}
                },
            }
        };
        since = changed.revision;
        on_change(&changed);
        push_changes(&mut throttle, changed);
    }
}

fn push_changes(throttle: &mut EventThrottle, changed: ChangeSet) {
    throttle.push(ViewUpdate::Place(changed.place));
    changed.batches.into_iter().for_each(|view| throttle.push(ViewUpdate::Batch(Box::new(view))));
    changed.tasks.into_iter().for_each(|view| throttle.push(ViewUpdate::Task(Box::new(view))));
}
