//! `regatta show`: what the store holds of a batch.

use crate::args::ShowArgs;
use crate::error::CommandError;
use crate::print::{self, OutputFormat};
use crate::sanitize::{self, sanitize};
use crate::task_names::TaskNames;
use crate::{open_engine, render, table};
use regatta_engine::Engine;
use regatta_protocol::view::{BatchDetail, MAX_PAGE_LINES};
use regatta_protocol::{AgentChoice, TaskId, TaskView};
use std::process::ExitCode;

/// How many events are read at a time.
const PAGE_EVENTS: u32 = 1_000;

/// Prints the batch, or one of its tasks, or its events.
pub(crate) async fn show(args: &ShowArgs) -> Result<ExitCode, CommandError> {
    let (engine, batch) = open_engine::open_batch(&args.into()).await?;
    let shown = if args.json {
        show_events(&engine, &batch, args).await
    } else if let (Some(_), Some(task)) = (&args.task, batch.tasks.first()) {
        show_task(&engine, task).await
    } else {
        print::write_stdout(&format_summary(&batch)).map_err(CommandError::from)
    };
    engine.close().await;
    shown.map(|()| ExitCode::SUCCESS)
}

async fn show_events(
    engine: &Engine,
    batch: &BatchDetail,
    args: &ShowArgs,
) -> Result<(), CommandError> {
    let names = TaskNames::load(engine, batch).await?;
    let chosen: Option<&TaskId> = args.task.as_ref().and(batch.tasks.first()).map(|task| &task.id);
    print::write_stdout(&print::batch_line(&batch.batch))?;
    let mut after = 0;
    loop {
        let mut events = engine.events(&batch.batch.id, after, PAGE_EVENTS).await?;
        let Some(last) = events.last() else { return Ok(()) };
        after = last.seq;
        events.retain(|event| chosen.is_none() || event.task.as_ref() == chosen);
        print::write_stdout(&print::format_events(&events, &names, OutputFormat::Json))?;
    }
}

async fn show_task(engine: &Engine, task: &TaskView) -> Result<(), CommandError> {
    let mut head = vec![format!("{}: {}", sanitize::task_label(&task.name), task.status.label())];
    head.extend(task.notice.as_ref().map(render::notice_line));
    head.extend(task.branch.as_ref().map(|branch| format!("Branch {}", sanitize(branch))));
    let changes = engine.read_changes(&task.id).await?;
    head.extend(
        changes
            .files
            .iter()
            .map(|file| format!("  +{} -{} {}", file.added, file.removed, sanitize(&file.path))),
    );
    print::write_stdout(&(head.join("\n") + "\n\n"))?;
    let mut from = 0;
    loop {
        let page = engine.read_lines(&task.id, from, MAX_PAGE_LINES).await?;
        let Some(last) = page.lines.last() else { return Ok(()) };
        from = last.number + 1;
        let text: String = page.lines.iter().map(|line| sanitize(&line.text) + "\n").collect();
        print::write_stdout(&text)?;
    }
}

fn format_summary(detail: &BatchDetail) -> String {
    let batch = &detail.batch;
    let agent = match &batch.agent {
        AgentChoice::Practice => "the practice agent".to_owned(),
        named => sanitize(&named.label()),
    };
    let from = sanitize(&batch.start_from);
    format!(
        "{} ({})\n{}, from {from}, by {agent}\n\n{}",
        sanitize(&batch.name),
        batch.id,
        sanitize(&batch.project),
        table::format_table(&detail.tasks, print::terminal_width())
    )
}
