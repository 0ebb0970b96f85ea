//! Does what the directives of a prompt say, each as one visible step.

use crate::script::Directive;
use crate::session_output::{QuestionAnswer, SessionOutput};
use crate::shell;
use crate::stop_behaviour::StopBehaviour;
use agent_client_protocol::Error;
use agent_client_protocol::v1::schema::{
    Diff, StopReason, ToolCall, ToolCallLocation, ToolCallUpdateFields, ToolKind,
};
use serde_json::json;
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

/// How many lines one message of `print` carries.
const LINES_PER_MESSAGE: u64 = 1_000;

/// The plan that was shown, and how far it is.
#[derive(Default)]
struct PlanProgress {
    entries: Vec<String>,
    done: usize,
}

/// Plays the whole script; the answer to the prompt.
pub(crate) async fn run_script(
    stage: &SessionOutput,
    project: &Path,
    manners: &StopBehaviour,
    script: &[Directive],
) -> Result<StopReason, Error> {
    let mut progress = PlanProgress::default();
    for directive in script {
        if let Directive::Plan { entries } = directive {
            progress = PlanProgress { entries: entries.clone(), done: 0 };
            stage.send_plan(&progress.entries, 0).await?;
            continue;
        }
        if run_directive(stage, project, manners, directive).await? == StopReason::Cancelled {
            return Ok(StopReason::Cancelled);
        }
        // A step is an entry; the last one is done when the turn is.
        if progress.done + 1 < progress.entries.len() {
            progress.done += 1;
            stage.send_plan(&progress.entries, progress.done).await?;
        }
    }
    if !progress.entries.is_empty() {
        stage.send_plan(&progress.entries, progress.entries.len()).await?;
    }
    Ok(StopReason::EndTurn)
}

async fn run_directive(
    stage: &SessionOutput,
    project: &Path,
    manners: &StopBehaviour,
    directive: &Directive,
) -> Result<StopReason, Error> {
    match directive {
        Directive::Write { path, text } => {
            edit_file(stage, project, path, |_| text.clone()).await?
        }
        Directive::Append { path, text } => {
            edit_file(stage, project, path, |old| format!("{old}{text}")).await?;
        }
        Directive::Remove { path } => remove_file(stage, project, path).await?,
        Directive::Run { command } => shell::run_command(stage, project, command).await?,
        Directive::Say { text } => stage.send_message(text).await?,
        Directive::Think { text } => stage.send_thought(text).await?,
        Directive::Plan { .. } => unreachable!("BUG: the script shows plans itself"),
        Directive::Print { lines } => print_lines(stage, *lines).await?,
        Directive::Wait { seconds, time } => {
            let call = stage.next_call_id();
            stage
                .begin_call(ToolCall::new(call.clone(), format!("Wait {seconds} seconds")))
                .await?;
            tokio::time::sleep(*time).await;
            stage.end_call(&call, true, ToolCallUpdateFields::new()).await?;
        }
        Directive::Ask { question, options } => {
            return ask_question(stage, question, options).await;
        }
        Directive::Fail { message } => {
            return Err(Error::new(-32603, message.clone()));
        }
        Directive::Cost { cents } => stage.send_usage(*cents).await?,
        Directive::Settings => stage.send_message(&stage.settings).await?,
        Directive::Exit { code } => {
            stage.backpressure.wait_until_drained().await;
            std::process::exit(*code);
        }
        Directive::Hang => {
            manners.ignore_cancel();
            std::future::pending::<()>().await;
        }
        Directive::IgnoreStop => manners.ignore_all_stops()?,
    }
    Ok(StopReason::EndTurn)
}

/// Changes one file as one step, with its text before and after.
pub(crate) async fn edit_file(
    stage: &SessionOutput,
    project: &Path,
    path: &str,
    change: impl Fn(&str) -> String,
) -> Result<(), Error> {
    let call = stage.next_call_id();
    let shown = ToolCall::new(call.clone(), format!("Write {path}")).kind(ToolKind::Edit);
    let file = match resolve_in_project(project, path) {
        Ok(file) => file,
        Err(problem) => return fail_step(stage, shown, &problem).await,
    };
    let shown = shown.locations(vec![ToolCallLocation::new(file.clone())]);
    let before = match fs::read(&file) {
        Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => None,
        Err(problem) => return fail_step(stage, shown, &problem.to_string()).await,
    };
    stage.begin_call(shown.clone()).await?;
    let after = change(before.as_deref().unwrap_or_default());
    let written = file.parent().map_or(Ok(()), fs::create_dir_all);
    if let Err(problem) = written.and_then(|()| fs::write(&file, &after)) {
        return fail_step(stage, shown, &problem.to_string()).await;
    }
    let diff = Diff::new(file, after).old_text(before);
    stage.end_call(&call, true, ToolCallUpdateFields::new().content(vec![diff.into()])).await
}

async fn remove_file(stage: &SessionOutput, project: &Path, path: &str) -> Result<(), Error> {
    let call = stage.next_call_id();
    let shown = ToolCall::new(call.clone(), format!("Remove {path}")).kind(ToolKind::Delete);
    let file = match resolve_in_project(project, path) {
        Ok(file) => file,
        Err(problem) => return fail_step(stage, shown, &problem).await,
    };
    let shown = shown.locations(vec![ToolCallLocation::new(file.clone())]);
    stage.begin_call(shown.clone()).await?;
    if let Err(problem) = fs::remove_file(&file) {
        return fail_step(stage, shown, &problem.to_string()).await;
    }
    stage.end_call(&call, true, ToolCallUpdateFields::new()).await
}

/// The step did not work out, and neither does the turn.
async fn fail_step(stage: &SessionOutput, call: ToolCall, problem: &str) -> Result<(), Error> {
    let (id, title) = (call.tool_call_id.clone(), call.title.clone());
    stage.begin_call(call).await?;
    let fields = ToolCallUpdateFields::new().content(vec![problem.into()]);
    stage.end_call(&id, false, fields).await?;
    Err(Error::new(-32603, format!("{title}: {problem}")))
}

/// The file, when `path` stays inside the project.
fn resolve_in_project(project: &Path, path: &str) -> Result<PathBuf, String> {
    let path = Path::new(path);
    let stays = path.components().all(|part| matches!(part, Component::Normal(_)));
    if stays && path.components().next().is_some() {
        Ok(project.join(path))
    } else {
        Err("Only files inside the project can be changed.".to_owned())
    }
}

async fn print_lines(stage: &SessionOutput, lines: u64) -> Result<(), Error> {
    let call = stage.next_call_id();
    stage.begin_call(ToolCall::new(call.clone(), format!("Print {lines} lines"))).await?;
    let mut next = 1;
    while next <= lines {
        let last = lines.min(next + LINES_PER_MESSAGE - 1);
        let mut piece = String::new();
        for n in next..=last {
            writeln!(piece, "line {n}").expect("BUG: writing to a text can't fail");
        }
        stage.send_output(&call, &piece).await?;
        next = last + 1;
    }
    stage.end_call(&call, true, ToolCallUpdateFields::new()).await
}

async fn ask_question(
    stage: &SessionOutput,
    question: &str,
    options: &[String],
) -> Result<StopReason, Error> {
    let call = stage.next_call_id();
    let raw = json!({ "question": question });
    stage.begin_call(ToolCall::new(call.clone(), question.to_owned()).raw_input(raw)).await?;
    let answer = stage.ask_permission(&call, question, options).await?;
    let well = matches!(answer, QuestionAnswer::Option(_));
    stage.end_call(&call, well, ToolCallUpdateFields::new()).await?;
    let QuestionAnswer::Option(number) = answer else { return Ok(StopReason::Cancelled) };
    stage.send_message(&format!("You chose: {}", options[number])).await?;
    Ok(StopReason::EndTurn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_never_leaves_the_project() {
        let project = Path::new("/p");
        assert_eq!(resolve_in_project(project, "a/b.txt"), Ok(PathBuf::from("/p/a/b.txt")));
        for path in ["", "/etc/passwd", "../x", "a/../../x", "."] {
            assert!(resolve_in_project(project, path).is_err(), "{path}");
        }
    }
}
