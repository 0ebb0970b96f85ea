//! Carries what changed in the engine to the window.

use crate::notifier::Notifier;
use crate::throttle::{EventThrottle, ViewUpdate};
use crate::window_events::emit;
use crate::{agents, state};
use regatta_engine::{ChangeSet, Engine};
use regatta_trace::LogDropped;
use std::time::{Duration, Instant};
use tauri::{AppHandle, Runtime};
use tokio::sync::watch;

/// How long the window is left alone after it was told of agents.
const AGENTS_INTERVAL: Duration = Duration::from_millis(200);

/// Starts telling the window and the desktop what changes. Without an engine nothing does.
pub(crate) fn start<R: Runtime>(app: &AppHandle<R>) {
    let Some(engine) = state::engine(app).log_dropped("following the engine") else { return };
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

/// Tells the window whenever agents are asked or installed, at most some times a second.
async fn follow_agents<R: Runtime>(app: AppHandle<R>, mut changed: watch::Receiver<u64>) {
    while changed.changed().await.is_ok() {
        let view = agents::view_with_cached_keys(&app).await;
        // Without an engine or a store there are none to tell of.
        if let Some(view) = view.log_dropped("telling the window of agents") {
            emit(&app, "agents", view);
        }
        tokio::time::sleep(AGENTS_INTERVAL).await;
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
