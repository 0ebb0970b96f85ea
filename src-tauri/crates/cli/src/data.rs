//! The data folder and the engine on it.

use crate::args::{AddArgs, ShowArgs};
use crate::print::tell;
use crate::refusal::Refusal;
use regatta_engine::{Engine, EngineOptions, NoKeys};
use regatta_protocol::app::Settings;
use regatta_protocol::view::BatchDetail;
use regatta_protocol::{ErrorCode, Notice};
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The engine on the given folder, or on the usual one.
pub(crate) async fn open(dir: Option<&Path>, limit: Option<u32>) -> Result<Engine, Refusal> {
    open_with(options(whole(dir)?, limit)?).await
}

/// As [`open`], to look at what there is: nothing that was held goes on.
pub(crate) async fn look(dir: Option<&Path>) -> Result<Engine, Refusal> {
    open_with(EngineOptions { goes_on: false, ..options(whole(dir)?, None)? }).await
}

fn whole(dir: Option<&Path>) -> Result<PathBuf, Refusal> {
    Ok(match dir {
        Some(dir) => std::path::absolute(dir)?,
        None => usual()?,
    })
}

fn options(data_dir: PathBuf, limit: Option<u32>) -> Result<EngineOptions, Refusal> {
    let limit = limit.unwrap_or(Settings::default().limit);
    Ok(EngineOptions::new(data_dir, env::current_exe()?, limit, Arc::new(NoKeys)))
}

async fn open_with(options: EngineOptions) -> Result<Engine, Refusal> {
    let engine = Engine::open(options).await?;
    for notice in engine.notices() {
        tell(&notice.to_string());
    }
    Ok(engine)
}

/// The engine on a folder that holds batches already, and one of them with its tasks.
pub(crate) async fn find(wanted: &Wanted<'_>) -> Result<(Engine, BatchDetail), Refusal> {
    let dir = match wanted.data_dir {
        Some(dir) => dir.to_owned(),
        None => usual()?,
    };
    if !dir.join("regatta.db").is_file() {
        let what = format!("There are no batches in {}.", dir.display());
        return Err(Notice::new(ErrorCode::NotFound, what, "", "Say --data-dir DIR.").into());
    }
    let options = options(std::path::absolute(dir)?, None)?;
    let engine = open_with(EngineOptions { goes_on: false, ..options }).await?;
    let id = engine.find_batch(wanted.batch).await?;
    let mut detail = engine.batch(&id).await?;
    if let Some(name) = wanted.task {
        let request = engine.request_of(&id).await?;
        let asked = |position: u32| request.parallel_tasks.get(position as usize);
        detail.tasks.retain(|task| {
            task.id.as_str() == name
                || asked(task.position).is_some_and(|task| task.task_name.trim() == name.trim())
        });
        if detail.tasks.is_empty() {
            let what = format!("The batch has no task called {name}.");
            let next = "See regatta show BATCH for their names.";
            return Err(Notice::new(ErrorCode::NotFound, what, "", next).into());
        }
    }
    Ok((engine, detail))
}

/// What was asked for on the command line.
pub(crate) struct Wanted<'a> {
    batch: &'a str,
    task: Option<&'a str>,
    data_dir: Option<&'a Path>,
}

impl<'a> From<&'a ShowArgs> for Wanted<'a> {
    fn from(args: &'a ShowArgs) -> Self {
        Self { batch: &args.batch, task: args.task.as_deref(), data_dir: args.data_dir.as_deref() }
    }
}

impl<'a> From<&'a AddArgs> for Wanted<'a> {
    fn from(args: &'a AddArgs) -> Self {
        Self { batch: &args.batch, task: args.task.as_deref(), data_dir: args.data_dir.as_deref() }
    }
}

fn usual() -> Result<PathBuf, Notice> {
    let dirs = directories::ProjectDirs::from("org", "Regatta", "regatta");
    dirs.map(|dirs| dirs.data_local_dir().to_owned()).ok_or_else(|| {
        let what = "This computer has no usual place for an app's data.";
        Notice::new(ErrorCode::DataReadOnly, what, "", "Say --data-dir DIR.")
    })
}
