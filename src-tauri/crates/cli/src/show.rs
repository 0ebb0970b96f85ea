//! `regatta show`: what the store holds of a batch.

use crate::args::ShowArgs;
use crate::names::Names;
use crate::plain::{self, plain};
use crate::print::{self, Form};
use crate::refusal::Refusal;
use crate::{data, lines, table};
use regatta_engine::Engine;
use regatta_protocol::view::{BatchDetail, MAX_PAGE_LINES};
use regatta_protocol::{AgentChoice, TaskId, TaskView};
use std::process::ExitCode;

/// How many events are read at a time.
const PAGE: u32 = 1_000;

/// Prints the batch, or one of its tasks, or its events.
pub(crate) async fn show(args: &ShowArgs) -> Result<ExitCode, Refusal> {
    let (engine, batch) = data::find(&args.into()).await?;
    let shown = if args.json {
        show_events(&engine, &batch, args).await
    } else if let (Some(_), Some(task)) = (&args.task, batch.tasks.first()) {
        show_task(&engine, task).await
    } else {
        print::out(&summary(&batch)).map_err(Refusal::from)
    };
    engine.close().await;
    shown.map(|()| ExitCode::SUCCESS)
}

async fn show_events(engine: &Engine, batch: &BatchDetail, args: &ShowArgs) -> Result<(), Refusal> {
    let names = Names::of(engine, batch).await?;
    let chosen: Option<&TaskId> = args.task.as_ref().and(batch.tasks.first()).map(|task| &task.id);
    let mut after = 0;
    loop {
        let mut events = engine.events(&batch.batch.id, after, PAGE).await?;
        let Some(last) = events.last() else { return Ok(()) };
        after = last.seq;
        events.retain(|event| chosen.is_none() || event.task.as_ref() == chosen);
        print::out(&print::text_of(&events, &names, Form::Json))?;
    }
}

async fn show_task(engine: &Engine, task: &TaskView) -> Result<(), Refusal> {
    let mut head = vec![format!("{}: {}", plain::name(&task.name), task.status.word())];
    head.extend(task.notice.as_ref().map(lines::notice));
    head.extend(task.branch.as_ref().map(|branch| format!("Branch {}", plain(branch))));
    let changes = engine.read_changes(&task.id).await?;
    head.extend(
        changes
            .files
            .iter()
            .map(|file| format!("  +{} -{} {}", file.added, file.removed, plain(&file.path))),
    );
    print::out(&(head.join("\n") + "\n\n"))?;
    let mut from = 0;
    loop {
        let page = engine.read_lines(&task.id, from, MAX_PAGE_LINES).await?;
        let Some(last) = page.lines.last() else { return Ok(()) };
        from = last.number + 1;
        let text: String = page.lines.iter().map(|line| plain(&line.text) + "\n").collect();
        print::out(&text)?;
    }
}

fn summary(detail: &BatchDetail) -> String {
    let batch = &detail.batch;
    let agent = match &batch.agent {
        AgentChoice::Practice => "the practice agent".to_owned(),
        named => plain(&named.label()),
    };
    let from = plain(&batch.start_from);
    format!(
        "{} ({})\n{}, from {from}, by {agent}\n\n{}",
        plain(&batch.name),
        batch.id,
        plain(&batch.project_path),
        table::table(&detail.tasks)
    )
}
