//! One task: copy, agent, save points, changes. A program of its own that the engine
//! starts (`regatta worker`): it reads the task and controls from standard input and writes
//! events to standard output, one JSON value a line.
//!
//! - [`task`]: an attempt from beginning to end; [`copy`]: where it works; [`attempt_loop`]: the
//!   loop while the agent works.
//! - [`agent`]: ACP programs and commands, behind one face; [`program`]: how they are started;
//!   [`sandbox`]: what is round them.
//! - [`mod@probe`]: an agent that is only asked what it is and what it offers.
//! - [`save_points`]: save points and changes; [`outcome`], [`agent_error`]: what the end means.
//! - [`control`] and [`output`]: the two pipes to the engine, of which the second never carries
//!   keys ([`redact`]); [`line_splitter`], [`screen`], [`text`]: bytes to lines, lines that change, lines
//!   to titles; [`status`], [`steps`]: what is told by the way.

mod agent;
mod agent_error;
mod attempt_loop;
mod control;
mod copy;
mod error;
mod line_splitter;
mod outcome;
mod output;
mod policy;
mod probe;
mod program;
mod redact;
mod sandbox;
mod save_points;
mod screen;
mod status;
mod steps;
mod task;
mod text;

use control::ControlReader;
use regatta_protocol::Event;
use regatta_trace::{LevelFilter, log_to};
use std::ffi::OsString;
use std::io::BufReader;
use std::process::ExitCode;

/// Works on the task that standard input tells, until its outcome was told. What it writes for
/// the log, up to `trace`, goes to whoever started it.
#[must_use]
pub fn main(trace: LevelFilter) -> ExitCode {
    to_exit_code(run_worker(trace))
}

/// Inside a sandbox: becomes the program that `command` names, once it has given up what the
/// sandbox shuts off besides files.
#[must_use]
pub fn sandbox_exec(command: &[OsString]) -> ExitCode {
    program::sandbox_exec(command)
}

/// Asks the agent that standard input tells what it is and what it offers, without a prompt
/// and so without cost; its report is one line on standard output.
#[must_use]
pub fn probe() -> ExitCode {
    to_exit_code(probe::run())
}

fn to_exit_code(worked: std::io::Result<()>) -> ExitCode {
    match worked {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("The worker can't go on: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run_worker(trace: LevelFilter) -> std::io::Result<()> {
    regatta_process::become_session_leader()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let controls = ControlReader::listen(BufReader::new(std::io::stdin()));
    let worked = runtime.block_on(async {
        let (events, outlet) = output::channel();
        let to_engine = events.clone();
        // All of this runs on one thread, so the log is the thread's.
        let log = log_to(trace, move |level, line| to_engine.send_trace(level, line));
        let writing = tokio::spawn(outlet.write_to(tokio::io::stdout()));
        let outcome = task::run(controls, &events).await;
        events.send(Event::Outcome(outcome));
        drop((events, log));
        writing.await.expect("BUG: writing panicked")
    });
    // The engine may be gone already; then nobody misses what was not written.
    match worked {
        Err(problem) if problem.kind() != std::io::ErrorKind::BrokenPipe => Err(problem),
        _ => Ok(()),
    }
}
