//! The engine, the store and the secrets, open for as long as the app runs. What could not be
//! opened is kept as the sentence that says why, and the window opens all the same.

use crate::secrets::Secrets;
use crate::store::Store;
use regatta_client::Client;
use regatta_engine::{Engine, EngineOptions, Environment};
use regatta_protocol::app::Settings;
use regatta_protocol::endpoint::SecretState;
use regatta_protocol::{ErrorCode, UserMessage};
use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tauri::{AppHandle, Manager, Runtime, State};

/// What the commands work on.
pub(crate) struct AppState<R: Runtime> {
    engine: Result<Engine, UserMessage>,
    store: Result<Store<R>, UserMessage>,
    secrets: Secrets,
    /// How it stood with the known agents' keys when they were last looked for.
    agent_keys: Mutex<Option<Vec<SecretState>>>,
    client: Client,
}

/// Opens the engine, which asks `secrets` for keys, and the store in `data_dir`, and puts all
/// of it where the functions below find it.
pub(crate) fn open<R: Runtime>(
    app: &AppHandle<R>,
    data_dir: &Path,
    program: Result<PathBuf, UserMessage>,
    secrets: Secrets,
) {
    let store = Store::open(app, data_dir);
    let limit = store.as_ref().map_or(Settings::default().limit, |s| s.settings().limit);
    let engine = program.and_then(|program| {
        let (data_dir, keys) = (data_dir.to_owned(), Arc::new(secrets.clone()));
        let options = EngineOptions {
            environment: Environment::from_process_with_login_shell(),
            ..EngineOptions::new(data_dir, program, limit, keys)
        };
        tauri::async_runtime::block_on(Engine::open(options)).map_err(UserMessage::from)
    });
    let (agent_keys, client) = (Mutex::default(), Client::new());
    app.manage(AppState { engine, store, secrets, agent_keys, client });
}

/// The engine, or why there is none.
pub(crate) fn engine<R: Runtime>(app: &AppHandle<R>) -> Result<Engine, UserMessage> {
    app_state(app).engine.clone()
}

/// The store, or why there is none.
pub(crate) fn store<R: Runtime>(app: &AppHandle<R>) -> Result<&Store<R>, UserMessage> {
    app_state(app).inner().store.as_ref().map_err(Clone::clone)
}

/// Keys and tokens.
pub(crate) fn secrets<R: Runtime>(app: &AppHandle<R>) -> Secrets {
    app_state(app).secrets.clone()
}

/// How it stood with the known agents' keys when they were last looked for, in the agents'
/// order; `None` if they never were.
pub(crate) fn agent_keys<R: Runtime>(
    app: &AppHandle<R>,
) -> MutexGuard<'_, Option<Vec<SecretState>>> {
    app_state(app).inner().agent_keys.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What calls endpoints and hosts of repositories.
pub(crate) fn client<R: Runtime>(app: &AppHandle<R>) -> Client {
    app_state(app).client.clone()
}

fn app_state<R: Runtime>(app: &AppHandle<R>) -> State<'_, AppState<R>> {
    app.state()
}

/// The program `regatta` beside this one: it makes the copies and drives the agents.
pub(crate) fn worker_program() -> Result<PathBuf, UserMessage> {
    let missing = |details: String| {
        UserMessage::new(
            ErrorCode::Internal,
            "A part of Regatta is missing: the program that works on tasks.",
            "Your projects and batches are safe.",
            "Install Regatta again.",
        )
        .with_details(details)
    };
    let own = std::env::current_exe().map_err(|e| missing(e.to_string()))?;
    let program = own.with_file_name(format!("regatta{EXE_SUFFIX}"));
    if program.is_file() {
        Ok(program)
    } else {
        Err(missing(format!("Looked for {}", program.display())))
    }
}
