//! The switchboard between the window and the engine. It decides nothing: a command
//! ([`commands`]) is one call into the engine, and [`bridge`] carries what changed to the
//! window, as fast as [`throttle`] lets it. [`state`] holds the engine, [`store`] the settings,
//! [`secrets`] keys and tokens; [`window`] opens the one window and sees to its end;
//! [`notifications`] words what [`notifier`] tells while nobody looks.

mod agents;
pub mod bridge;
mod commands;
mod notifications;
mod notifier;
mod secrets;
mod state;
mod store;
pub mod throttle;
mod window;
mod window_events;

#[cfg(test)]
mod test_views;

use regatta_trace::Filter;
use secrets::Secrets;
use std::path::Path;
use std::process::ExitCode;
use tauri::{Builder, Manager, Runtime};

/// Runs the app until its window is closed.
#[must_use]
pub fn run() -> ExitCode {
    let single = tauri_plugin_single_instance::init(|app, _, _| window::show(app));
    // The single instance comes first: a second start must end before it touches anything.
    let built = with_plugins(Builder::default().plugin(single))
        .plugin(tauri_plugin_window_state::Builder::new().build())
        .invoke_handler(commands::handler())
        .on_window_event(window::on_event)
        .setup(|app| {
            let data_dir = app.path().app_data_dir()?;
            start_log(&data_dir);
            state::open(app.handle(), &data_dir, state::worker_program(), Secrets::new());
            bridge::start(app.handle());
            Ok(window::open(app.handle())?)
        })
        .build(tauri::generate_context!());
    match built {
        Ok(app) => {
            app.run(|_, _| {});
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("Regatta could not open its window: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Without a log the app works as well; a person who starts it from a terminal sees why.
fn start_log(data_dir: &Path) {
    let filter = Filter::from_env().unwrap_or_else(|bad| {
        eprintln!("RUST_LOG is passed over: {bad}.");
        Filter::default()
    });
    if let Err(problem) = regatta_trace::log_to_file(data_dir, filter) {
        eprintln!("There is no log of this: {problem}.");
    }
}

/// The plugins that commands and events go through.
fn with_plugins<R: Runtime>(builder: Builder<R>) -> Builder<R> {
    builder
        .plugin(tauri_plugin_store::Builder::new().build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(tauri_plugin_opener::init())
}
