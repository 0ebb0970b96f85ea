//! `regatta run`: one batch from start to end.

use crate::args::RunArgs;
use crate::error::CommandError;
use crate::interrupt::Interrupt;
use crate::print::{self, OutputFormat, write_stderr};
use crate::request::RunRequest;
use crate::secrets::EndpointKey;
use crate::task_names::TaskNames;
use crate::{answers, open_engine, request, sanitize, table};
use regatta_engine::{
    CredentialProvider, Engine, EngineError, Follower, NoCredentials, StartOptions,
};
use regatta_protocol::view::BatchDetail;
use regatta_protocol::{BatchId, BatchRequest, Edge, Status, UserMessage};
use regatta_trace::LogDropped;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long a stopped batch is waited for. Its agents get 8 seconds to end by themselves.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// What is said where the project has changes that are in no commit.
const LEFT_OUT: &str = "The project has uncommitted changes; they stay where they are, and the tasks start \
     without them.";

/// Starts the batch, shows it as it goes, and says how it ended.
pub(crate) async fn run(args: &RunArgs) -> Result<ExitCode, CommandError> {
    let RunRequest { batch, token } = request::build_request(args)?;
    let problems = batch.problems();
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let credentials = credentials(args, &batch)?;
    let mut interrupt = Interrupt::watch()?;
    open_engine::start_log(args.data_dir.as_deref(), args.log.clone())?;
    let (dir, limit) = (args.data_dir.as_deref(), batch.max_parallel);
    let engine = open_engine::open_engine(dir, limit, credentials).await?;
    let started = engine.start_with(batch, StartOptions { token, ..Default::default() }).await?;
    if started.leaves_changes_out {
        write_stderr(LEFT_OUT);
    }
    let ended = follow_batch(&engine, &started.detail, args, &mut interrupt).await;
    engine.close().await;
    Ok(ended.unwrap_or_else(|error| {
        write_stderr(&error.message(Edge::Terminal).to_string());
        ExitCode::FAILURE
    }))
}

/// The key of the endpoint that the batch names, if one is.
fn credentials(
    args: &RunArgs,
    batch: &BatchRequest,
) -> Result<Arc<dyn CredentialProvider>, UserMessage> {
    Ok(match (&args.endpoint_key_file, &batch.endpoint) {
        (Some(file), Some(endpoint)) => Arc::new(EndpointKey::from_file(endpoint, file)?),
        (Some(_), None) => {
            let what = "There is a key for an endpoint, and no endpoint.";
            return Err(request::bad_request(what, "Write endpoint into the batch's file."));
        }
        (None, _) => Arc::new(NoCredentials),
    })
}

async fn follow_batch(
    engine: &Engine,
    batch: &BatchDetail,
    args: &RunArgs,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, EngineError> {
    let id = &batch.batch.id;
    let form = if args.json { OutputFormat::Json } else { OutputFormat::Lines };
    let name = sanitize::task_label(&batch.batch.name);
    let tasks = match batch.tasks.len() {
        1 => "1 task".to_owned(),
        many => format!("{many} tasks"),
    };
    write_stderr(&format!("Started {name} ({id}): {tasks}."));
    let names = TaskNames::load(engine, batch).await?;
    if form == OutputFormat::Json {
        // Whoever doesn't read this is told with the first event.
        print::write_stdout(&print::batch_line(&batch.batch)).log_dropped("naming the batch");
    }
    let mut printing = tokio::spawn(print_events(engine.follow(id, 0), names, form));
    let answering = tokio::spawn(answers::answer_questions(engine.clone(), id.clone()));
    let is_read = tokio::select! {
        _ = &mut printing => true,
        () = interrupt.wait() => stop_batch(engine, id, printing).await?,
    };
    answering.abort();
    let end = engine.batch(id).await?;
    if form == OutputFormat::Lines && is_read {
        print_summary(&end, args);
    }
    let all_finished = end.tasks.iter().all(|task| task.status == Status::Finished);
    Ok(if all_finished { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Stops the batch and waits until its end is printed. Says whether anybody reads that.
async fn stop_batch(
    engine: &Engine,
    batch: &BatchId,
    printing: JoinHandle<()>,
) -> Result<bool, EngineError> {
    write_stderr("Stopping; what was done so far is kept.");
    engine.stop_batch(batch).await?;
    let is_read = tokio::time::timeout(STOP_TIMEOUT, printing).await;
    let is_read = is_read.log_dropped("waiting for the last lines").is_some();
    if !is_read {
        write_stderr("Nobody reads what is printed; regatta show has all of it.");
    }
    Ok(is_read)
}

/// Prints each event once it is in the store. A reader that goes away stops nothing.
async fn print_events(mut follower: Follower, names: TaskNames, form: OutputFormat) {
    let mut read = true;
    while let Some(events) = follower.next().await {
        if !read {
            continue;
        }
        let text = print::format_events(&events, &names, form);
        // A slow reader may hold this up for long; the other tasks must not wait for it.
        if let Err(problem) = tokio::task::block_in_place(|| print::write_stdout(&text)) {
            read = false;
            write_stderr(&format!("Nothing more is printed ({problem}); the batch goes on."));
        }
    }
}

fn print_summary(end: &BatchDetail, args: &RunArgs) {
    let mut text = format!("\n{}", table::format_table(&end.tasks, print::terminal_width()));
    if end.tasks.iter().any(|task| table::has_result(task) && task.branch.is_none()) {
        let dir = args.data_dir.as_ref();
        let dir = dir.map_or_else(String::new, |dir| format!(" --data-dir {}", dir.display()));
        text +=
            &format!("\nBring the results into the project: regatta add {}{dir}\n", end.batch.id);
    }
    // Whoever no longer reads was told so by now, or wants nothing more.
    print::write_stdout(&text).log_dropped("printing the summary");
}
