//! An agent that is only asked what it is and what it offers.

use crate::agent;
use crate::control::ControlReader;
use crate::error::WorkerError;
use crate::redact::Redactor;
use regatta_protocol::worker::{ProbeReport, ProbeTask};
use std::io::{self, BufReader, Write};

/// Reads the probe from standard input and writes its report, one line, to standard output.
pub(crate) fn run() -> io::Result<()> {
    regatta_process::become_session_leader()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut controls = ControlReader::listen(BufReader::new(io::stdin()));
    let (report, keys) = runtime.block_on(async {
        let task: Option<Result<ProbeTask, String>> = controls.read_task().await;
        let keys =
            task.as_ref().and_then(|task| Some(Redactor::from_env(&task.as_ref().ok()?.env)));
        (run_probe(task).await, keys.unwrap_or_default())
    });
    // Something may still read standard input; nothing waits for it.
    runtime.shutdown_background();
    writeln!(io::stdout(), "{}", keys.to_redacted_json(&report)?)
}

async fn run_probe(task: Option<Result<ProbeTask, String>>) -> ProbeReport {
    let task = match task {
        Some(Ok(task)) => task,
        Some(Err(problem)) => return failed_report(WorkerError::BadTask(problem)),
        None => return failed_report(WorkerError::BadTask("there is none".to_owned())),
    };
    match agent::probe(&task).await {
        Ok(report) => report,
        Err(problem) => failed_report(WorkerError::from_spawn_error(task.agent.program(), problem)),
    }
}

fn failed_report(problem: WorkerError) -> ProbeReport {
    ProbeReport { problem: Some(problem.into()), ..ProbeReport::default() }
}
