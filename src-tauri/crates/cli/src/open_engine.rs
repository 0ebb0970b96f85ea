//! The data folder and the engine on it.

use crate::args::{AddArgs, ShowArgs};
use crate::error::CommandError;
use crate::print::write_stderr;
use crate::render;
use regatta_engine::{CredentialProvider, Engine, EngineOptions, NoCredentials};
use regatta_protocol::app::Settings;
use regatta_protocol::view::BatchDetail;
use regatta_protocol::{ErrorCode, UserMessage};
use regatta_trace::Filter;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The engine on the given folder, or on the usual one.
pub(crate) async fn open_engine(
    dir: Option<&Path>,
    limit: Option<u32>,
    credentials: Arc<dyn CredentialProvider>,
) -> Result<Engine, CommandError> {
    let options = engine_options(absolute_data_dir(dir)?, limit)?;
    open_with(EngineOptions { credentials, ..options }).await
}

/// Starts the log of what goes on in the given folder, or in the usual one. Without a log the
/// work goes on.
pub(crate) fn start_log(dir: Option<&Path>, filter: Option<Filter>) -> Result<(), CommandError> {
    let filter = filter.map_or_else(Filter::from_env, Ok).unwrap_or_else(|bad| {
        write_stderr(&format!("RUST_LOG is passed over: {bad}."));
        Filter::default()
    });
    if let Err(problem) = regatta_trace::log_to_file(&absolute_data_dir(dir)?, filter) {
        write_stderr(&format!("There is no log of this: {problem}."));
    }
    Ok(())
}

/// As [`open_engine`], to look at what there is: nothing that was held goes on.
pub(crate) async fn open_without_resuming(dir: Option<&Path>) -> Result<Engine, CommandError> {
    open_with(EngineOptions {
        resumes_paused_tasks: false,
        ..engine_options(absolute_data_dir(dir)?, None)?
    })
    .await
}

fn absolute_data_dir(dir: Option<&Path>) -> Result<PathBuf, CommandError> {
    Ok(match dir {
        Some(dir) => std::path::absolute(dir)?,
        None => default_data_dir()?,
    })
}

fn engine_options(data_dir: PathBuf, limit: Option<u32>) -> Result<EngineOptions, CommandError> {
    let limit = limit.unwrap_or(Settings::default().limit);
    Ok(EngineOptions::new(data_dir, env::current_exe()?, limit, Arc::new(NoCredentials)))
}

async fn open_with(options: EngineOptions) -> Result<Engine, CommandError> {
    let engine = Engine::open(options).await?;
    for notice in engine.notices() {
        write_stderr(&render::notice_line(&notice));
    }
    Ok(engine)
}

/// The engine on a folder that holds batches already, and one of them with its tasks.
pub(crate) async fn open_batch(
    wanted: &BatchQuery<'_>,
) -> Result<(Engine, BatchDetail), CommandError> {
    let dir = match wanted.data_dir {
        Some(dir) => dir.to_owned(),
        None => default_data_dir()?,
    };
    if !dir.join("regatta.db").is_file() {
        let what = format!("There are no batches in {}.", dir.display());
        return Err(UserMessage::new(ErrorCode::NotFound, what, "", "Say --data-dir DIR.").into());
    }
    let options = engine_options(std::path::absolute(dir)?, None)?;
    let engine = open_with(EngineOptions { resumes_paused_tasks: false, ..options }).await?;
    let id = engine.find_batch(wanted.batch).await?;
    let mut detail = engine.batch(&id).await?;
    if let Some(name) = wanted.task {
        let request = engine.batch_request(&id).await?;
        let asked = |position: u32| request.parallel_tasks.get(position as usize);
        detail.tasks.retain(|task| {
            task.id.as_str() == name
                || asked(task.position).is_some_and(|task| task.task_name.trim() == name.trim())
        });
        if detail.tasks.is_empty() {
            let what = format!("The batch has no task called {name}.");
            let next = "See regatta show BATCH for their names.";
            return Err(UserMessage::new(ErrorCode::NotFound, what, "", next).into());
        }
    }
    Ok((engine, detail))
}

/// What was asked for on the command line.
pub(crate) struct BatchQuery<'a> {
    batch: &'a str,
    task: Option<&'a str>,
    data_dir: Option<&'a Path>,
}

impl<'a> From<&'a ShowArgs> for BatchQuery<'a> {
    fn from(args: &'a ShowArgs) -> Self {
        Self { batch: &args.batch, task: args.task.as_deref(), data_dir: args.data_dir.as_deref() }
    }
}

impl<'a> From<&'a AddArgs> for BatchQuery<'a> {
    fn from(args: &'a AddArgs) -> Self {
        Self { batch: &args.batch, task: args.task.as_deref(), data_dir: args.data_dir.as_deref() }
    }
}

fn default_data_dir() -> Result<PathBuf, UserMessage> {
    let dirs = directories::ProjectDirs::from("org", "Regatta", "regatta");
    dirs.map(|dirs| dirs.data_local_dir().to_owned()).ok_or_else(|| {
        let what = "This computer has no usual place for an app's data.";
        UserMessage::new(ErrorCode::DataReadOnly, what, "", "Say --data-dir DIR.")
    })
}
