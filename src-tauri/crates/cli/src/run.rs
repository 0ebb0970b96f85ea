//! `regatta run`: one batch from start to end.

use crate::args::RunArgs;
use crate::interrupt::Interrupt;
use crate::names::Names;
use crate::print::{self, Form, tell};
use crate::refusal::Refusal;
use crate::{answers, data, plain, request, table};
use regatta_engine::{Engine, EngineError, Follower};
use regatta_protocol::view::BatchDetail;
use regatta_protocol::{BatchId, Status};
use std::process::ExitCode;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long a stopped batch is waited for. Its agents get 8 seconds to end by themselves.
const STOPPING: Duration = Duration::from_secs(20);

/// Starts the batch, shows it as it goes, and says how it ended.
pub(crate) async fn run(args: &RunArgs) -> Result<ExitCode, Refusal> {
    let request = request::of(args)?;
    let problems = request.problems();
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let mut interrupt = Interrupt::watch()?;
    let engine = data::open(args.data_dir.as_deref(), request.max_parallel).await?;
    let batch = engine.start(request).await?;
    let ended = follow(&engine, &batch, args, &mut interrupt).await;
    engine.close().await;
    Ok(ended.unwrap_or_else(|error| {
        tell(&error.notice().to_string());
        ExitCode::FAILURE
    }))
}

async fn follow(
    engine: &Engine,
    batch: &BatchDetail,
    args: &RunArgs,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, EngineError> {
    let id = &batch.batch.id;
    let form = if args.json { Form::Json } else { Form::Lines };
    let name = plain::name(&batch.batch.name);
    let tasks = match batch.tasks.len() {
        1 => "1 task".to_owned(),
        many => format!("{many} tasks"),
    };
    tell(&format!("Started {name} ({id}): {tasks}."));
    let names = Names::of(engine, batch).await?;
    let mut printing = tokio::spawn(print_all(engine.follow(id, 0), names, form));
    let answering = tokio::spawn(answers::answer(engine.clone(), id.clone()));
    let is_read = tokio::select! {
        _ = &mut printing => true,
        () = interrupt.came() => stop(engine, id, printing).await?,
    };
    answering.abort();
    let end = engine.batch(id).await?;
    if form == Form::Lines && is_read {
        show_end(&end, args);
    }
    let all_finished = end.tasks.iter().all(|task| task.status == Status::Finished);
    Ok(if all_finished { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Stops the batch and waits until its end is printed. Says whether anybody reads that.
async fn stop(
    engine: &Engine,
    batch: &BatchId,
    printing: JoinHandle<()>,
) -> Result<bool, EngineError> {
    tell("Stopping; what was done so far is kept.");
    engine.stop_batch(batch).await?;
    let is_read = tokio::time::timeout(STOPPING, printing).await.is_ok();
    if !is_read {
        tell("Nobody reads what is printed; regatta show has all of it.");
    }
    Ok(is_read)
}

/// Prints each event once it is in the store. A reader that goes away stops nothing.
async fn print_all(mut follower: Follower, names: Names, form: Form) {
    let mut read = true;
    while let Some(events) = follower.next().await {
        if !read {
            continue;
        }
        let text = print::text_of(&events, &names, form);
        // A slow reader may hold this up for long; the other tasks must not wait for it.
        if let Err(problem) = tokio::task::block_in_place(|| print::out(&text)) {
            read = false;
            tell(&format!("Nothing more is printed ({problem}); the batch goes on."));
        }
    }
}

fn show_end(end: &BatchDetail, args: &RunArgs) {
    let mut text = format!("\n{}", table::table(&end.tasks));
    if end.tasks.iter().any(|task| table::has_result(task) && task.branch.is_none()) {
        let dir = args.data_dir.as_ref();
        let dir = dir.map_or_else(String::new, |dir| format!(" --data-dir {}", dir.display()));
        text +=
            &format!("\nBring the results into the project: regatta add {}{dir}\n", end.batch.id);
    }
    // Whoever no longer reads was told so by now, or wants nothing more.
    print::out(&text).unwrap_or_default();
}
