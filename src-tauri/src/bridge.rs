//! Carries what changed in the engine to the window. The only sender of events.

use crate::commands::agents;
use crate::desktop::Announcer;
use crate::pace::{Pace, Told};
use crate::state;
use regatta_engine::{Changed, Engine};
use serde::Serialize;
use serde_json::Value;
use std::time::{Duration, Instant};
use tauri::{AppHandle, Emitter, Runtime};
use tokio::sync::watch;

/// How long the window is left alone after it was told of agents.
const AGENTS_PACE: Duration = Duration::from_millis(200);

/// The window was asked to close while tasks aren't over.
#[derive(Serialize, Clone)]
pub(crate) struct QuitAsked {
    /// How many.
    pub(crate) working: u32,
}

/// A click on a notification asks for a batch, one of its tasks, or all that needs the person.
#[derive(Serialize, Clone)]
pub(crate) struct OpenAsked {
    /// The batch's id, or null.
    pub(crate) batch: Value,
    /// The task's id, or null.
    pub(crate) task: Value,
}

/// Starts telling the window and the desktop what changes. Without an engine nothing does.
pub(crate) fn start<R: Runtime>(app: &AppHandle<R>) {
    let Ok(engine) = state::engine(app) else { return };
    let mut announcer = Announcer::new(app, &engine.place());
    let window = app.clone();
    let see = move |changed: &Changed| announcer.read(changed);
    let tell = move |told: Told| {
        let name = told.name();
        match told {
            Told::Task(view) => emit(&window, &name, view),
            Told::Batch(view) => emit(&window, &name, view),
            Told::Place(view) => emit(&window, &name, view),
        }
    };
    tauri::async_runtime::spawn(follow_agents(app.clone(), engine.agents_changed()));
    tauri::async_runtime::spawn(run(engine, see, tell));
}

/// Tells the window how the agents stand now, and their keys.
pub(crate) async fn tell_agents<R: Runtime>(app: &AppHandle<R>) {
    // Without an engine or a store there are none to tell of.
    if let Ok(view) = agents::agents(app.clone()).await {
        emit(app, "agents", view);
    }
}

/// Tells the window whenever agents are asked or installed, at most some times a second.
async fn follow_agents<R: Runtime>(app: AppHandle<R>, mut changed: watch::Receiver<u64>) {
    while changed.changed().await.is_ok() {
        // As above.
        if let Ok(view) = agents::agents_now(&app).await {
            emit(&app, "agents", view);
        }
        tokio::time::sleep(AGENTS_PACE).await;
    }
}

/// Asks in the window whether to stop the work.
pub(crate) fn ask_to_quit<R: Runtime>(app: &AppHandle<R>, asked: QuitAsked) {
    emit(app, "quit-asked", asked);
}

/// Asks the window to open what a notification was about.
pub(crate) fn ask_to_open<R: Runtime>(app: &AppHandle<R>, asked: OpenAsked) {
    emit(app, "open-asked", asked);
}

fn emit<R: Runtime>(app: &AppHandle<R>, name: &str, payload: impl Serialize + Clone) {
    if let Err(error) = app.emit(name, payload) {
        eprintln!("The window did not take {name}: {error}");
    }
}

/// Follows `engine` from now on: `see` gets every change, `tell` the events for the window,
/// merged and in the pace that a window can take. Runs until it is dropped.
pub async fn run(engine: Engine, mut see: impl FnMut(&Changed), mut tell: impl FnMut(Told)) {
    let mut pace = Pace::default();
    let mut since = engine.revision();
    loop {
        let changed = engine.changed(since);
        tokio::pin!(changed);
        let changed = loop {
            let now = Instant::now();
            while let Some(told) = pace.next(now) {
                tell(told);
            }
            match pace.due(now) {
                None => break changed.await,
                Some(at) => tokio::select! {
                    changed = &mut changed => break changed,
                    () = tokio::time::sleep_until(at.into()) => {}
                },
            }
        };
        since = changed.revision;
        see(&changed);
        take(&mut pace, changed);
    }
}

fn take(pace: &mut Pace, changed: Changed) {
    pace.put(Told::Place(changed.place));
    changed.batches.into_iter().for_each(|view| pace.put(Told::Batch(Box::new(view))));
    changed.tasks.into_iter().for_each(|view| pace.put(Told::Task(Box::new(view))));
}
