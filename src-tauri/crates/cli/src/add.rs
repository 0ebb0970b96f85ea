//! `regatta add`: results become branches of the project.

use crate::args::AddArgs;
use crate::error::CommandError;
use crate::{open_engine, print, render, sanitize, table};
use regatta_engine::Engine;
use regatta_protocol::{TaskId, TaskView};
use std::process::ExitCode;

/// Adds every result (or the one that is asked for by name) and prints the branches' names.
pub(crate) async fn add(args: &AddArgs) -> Result<ExitCode, CommandError> {
    let (engine, batch) = open_engine::open_batch(&args.into()).await?;
    let named = args.task.is_some();
    let (add, leave): (Vec<TaskView>, Vec<TaskView>) =
        batch.tasks.into_iter().partition(|task| named || table::has_result(task));
    let left = leave.iter().map(|task| task_line(&task.name, "It has no result to add."));
    let (lines, all_well) = add_all(&engine, &add).await;
    engine.close().await;
    print::write_stdout(&left.chain(lines).collect::<String>())?;
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A line a task, and whether each became a branch.
async fn add_all(engine: &Engine, tasks: &[TaskView]) -> (Vec<String>, bool) {
    let ids: Vec<TaskId> = tasks.iter().map(|task| task.id.clone()).collect();
    let results = engine.publish_results(&ids).await;
    let all_well = results.iter().all(|result| result.branch.is_some());
    let lines = results.iter().map(|result| {
        let task = tasks.iter().find(|task| task.id == result.task);
        let said = match (&result.branch, &result.notice) {
            (Some(branch), _) => sanitize::sanitize(branch),
            (None, Some(notice)) => render::notice_line(notice),
            (None, None) => "Not added.".to_owned(),
        };
        task_line(task.map_or("", |task| &task.name), &said)
    });
    (lines.collect(), all_well)
}

fn task_line(name: &str, text: &str) -> String {
    format!("[{}] {text}\n", sanitize::task_label(name))
}
