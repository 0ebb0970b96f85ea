//! An agent that is only asked what it is and what it offers.

use crate::agent;
use crate::control::Controls;
use crate::error::WorkerError;
use crate::keys::Keys;
use crate::process;
use regatta_protocol::worker::{ProbeReport, ProbeTask};
use std::io::{self, BufReader, Write};

/// Reads the probe from standard input and writes its report, one line, to standard output.
pub(crate) fn answer() -> io::Result<()> {
    process::stand_alone()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut controls = Controls::listen(BufReader::new(io::stdin()));
    let (report, keys) = runtime.block_on(async {
        let task: Option<Result<ProbeTask, String>> = controls.task().await;
        let keys = task.as_ref().and_then(|task| Some(Keys::of(&task.as_ref().ok()?.env)));
        (ask(task).await, keys.unwrap_or_default())
    });
    // Something may still read standard input; nothing waits for it.
    runtime.shutdown_background();
    writeln!(io::stdout(), "{}", keys.hide_in(&report)?)
}

async fn ask(task: Option<Result<ProbeTask, String>>) -> ProbeReport {
    let task = match task {
        Some(Ok(task)) => task,
        Some(Err(problem)) => return unable(WorkerError::BadTask(problem)),
        None => return unable(WorkerError::BadTask("there is none".to_owned())),
    };
    match agent::probe(&task).await {
        Ok(report) => report,
        Err(problem) => unable(WorkerError::start(task.agent.program(), problem)),
    }
}

fn unable(problem: WorkerError) -> ProbeReport {
    ProbeReport { problem: Some(problem.into()), ..ProbeReport::default() }
}
