//! One task: what it is, what it printed, did and changed, and what a person tells it.

use super::CommandResult;
use crate::state;
use regatta_protocol::endpoint::RemoteBranch;
use regatta_protocol::event::Step;
use regatta_protocol::request::AgentChoice;
use regatta_protocol::view::{Changes, FilePatch, LinePage, Matches};
use regatta_protocol::{TaskId, TaskView};
use regatta_trace::LogDropped;
use tauri::{AppHandle, Runtime, command};
use tauri_plugin_dialog::DialogExt;
use tokio::sync::oneshot;

#[command]
pub(crate) async fn task<R: Runtime>(app: AppHandle<R>, id: TaskId) -> CommandResult<TaskView> {
    Ok(state::engine(&app)?.task(&id).await?)
}

#[command]
pub(crate) async fn task_prompt<R: Runtime>(
    app: AppHandle<R>,
    id: TaskId,
) -> CommandResult<String> {
    Ok(state::engine(&app)?.prompt(&id).await?)
}

#[command]
pub(crate) async fn needs_you<R: Runtime>(app: AppHandle<R>) -> CommandResult<Vec<TaskView>> {
    Ok(state::engine(&app)?.needs_you().await?)
}

#[command]
pub(crate) async fn read_lines<R: Runtime>(
    app: AppHandle<R>,
    task: TaskId,
    from: u64,
    max: u32,
) -> CommandResult<LinePage> {
    Ok(state::engine(&app)?.read_lines(&task, from, max).await?)
}

#[command]
pub(crate) async fn search_lines<R: Runtime>(
    app: AppHandle<R>,
    task: TaskId,
    query: String,
) -> CommandResult<Matches> {
    Ok(state::engine(&app)?.search_lines(&task, &query).await?)
}

#[command]
pub(crate) async fn read_steps<R: Runtime>(
    app: AppHandle<R>,
    task: TaskId,
    from: u32,
    max: u32,
) -> CommandResult<Vec<Step>> {
    Ok(state::engine(&app)?.read_steps(&task, from, max).await?)
}

#[command]
pub(crate) async fn read_changes<R: Runtime>(
    app: AppHandle<R>,
    task: TaskId,
) -> CommandResult<Changes> {
    Ok(state::engine(&app)?.read_changes(&task).await?)
}

#[command]
pub(crate) async fn read_patch<R: Runtime>(
    app: AppHandle<R>,
    task: TaskId,
    path: String,
) -> CommandResult<FilePatch> {
    Ok(state::engine(&app)?.read_patch(&task, &path).await?)
}

#[command]
pub(crate) async fn save_output<R: Runtime>(
    app: AppHandle<R>,
    task: TaskId,
) -> CommandResult<Option<String>> {
    let engine = state::engine(&app)?;
    let (chose, choice) = oneshot::channel();
    let dialog = app.dialog().file().set_title("Save the output");
    let dialog = dialog.set_file_name(file_name(&engine.task(&task).await?.name));
    // The answer has nowhere to go only when the app is gone.
    dialog.save_file(move |file| {
        chose.send(file).log_failed("telling what was chosen");
    });
    let Some(path) = choice
        .await
        .log_dropped("waiting for a choice")
        .flatten()
        .and_then(|file| file.into_path().log_failed("reading a file's path"))
    else {
        return Ok(None);
    };
    engine.write_output(&task, &path).await?;
    Ok(path.file_name().map(|name| name.to_string_lossy().into_owned()))
}

#[command]
pub(crate) async fn stop_task<R: Runtime>(app: AppHandle<R>, task: TaskId) -> CommandResult<()> {
    Ok(state::engine(&app)?.stop_task(&task).await?)
}

#[command]
pub(crate) async fn continue_task<R: Runtime>(
    app: AppHandle<R>,
    task: TaskId,
) -> CommandResult<()> {
    Ok(state::engine(&app)?.continue_task(&task).await?)
}

#[command]
pub(crate) async fn say_to_task<R: Runtime>(
    app: AppHandle<R>,
    task: TaskId,
    text: String,
    interrupt: bool,
) -> CommandResult<()> {
    Ok(state::engine(&app)?.send_message(&task, &text, interrupt).await?)
}

#[command]
pub(crate) async fn resume_agent<R: Runtime>(
    app: AppHandle<R>,
    agent: AgentChoice,
) -> CommandResult<()> {
    Ok(state::engine(&app)?.resume_agent(agent)?)
}

#[command]
pub(crate) async fn run_next<R: Runtime>(app: AppHandle<R>, task: TaskId) -> CommandResult<()> {
    Ok(state::engine(&app)?.run_next(&task).await?)
}

#[command]
pub(crate) async fn answer_question<R: Runtime>(
    app: AppHandle<R>,
    task: TaskId,
    question: String,
    option: String,
    for_batch: bool,
) -> CommandResult<()> {
    let engine = state::engine(&app)?;
    match for_batch {
        true => Ok(engine.answer_for_batch(&task, &question, &option).await?),
        false => Ok(engine.answer(&task, &question, &option).await?),
    }
}

#[command]
pub(crate) async fn look_up_branch<R: Runtime>(
    app: AppHandle<R>,
    task: TaskId,
) -> CommandResult<RemoteBranch> {
    Ok(state::engine(&app)?.find_remote_branch(&task).await?)
}

#[command]
pub(crate) async fn continue_with<R: Runtime>(
    app: AppHandle<R>,
    task: TaskId,
    message: String,
) -> CommandResult<()> {
    Ok(state::engine(&app)?.continue_with(&task, &message).await?)
}

/// A name for a file that any disk takes, from a task's name.
fn file_name(task: &str) -> String {
    let kept = task.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' });
    let kept: String = kept.take(60).collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    let name = if words.is_empty() { "Task".to_owned() } else { words.join(" ") };
    format!("{name}.txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_of_a_task_makes_a_plain_file_name() {
        for (task, file) in [
            ("Fix footer", "Fix footer.txt"),
            ("../../etc/passwd", "etc passwd.txt"),
            ("  \u{7}🚀 ", "Task.txt"),
            ("Überschrift: ändern", "Überschrift ändern.txt"),
        ] {
            assert_eq!(file_name(task), file);
        }
        assert!(file_name(&"x".repeat(10_000)).len() < 70);
    }
}
