//! Any program as an agent: run once, its output shown, its exit code its word.

use super::{Agent, Ear, Spoken, Turn, hear};
use crate::output::Events;
use crate::process::{Ended, Pipes, Process, Program};
use regatta_protocol::event::LineKind;
use regatta_protocol::worker::WorkerTask;
use regatta_protocol::{ErrorCode, Notice};
use std::io;
use std::path::Path;
use tokio::sync::mpsc;

/// The argument that is replaced by the prompt.
const PROMPT: &str = "{prompt}";

/// Starts the program with the prompt in its place and an input from nowhere.
pub(super) fn start(
    program: &Path,
    args: &[String],
    task: &WorkerTask,
    events: &Events,
) -> io::Result<Agent> {
    let fill = |arg: &String| if arg == PROMPT { task.prompt.clone() } else { arg.clone() };
    let args: Vec<String> = args.iter().map(fill).collect();
    let program = Program {
        program,
        args: &args,
        folder: &task.copy,
        env: &task.env,
        temp: &super::temp(task),
        sandbox: task.sandbox.as_ref().map(|sandbox| (sandbox, &*task.cache)),
    };
    let (process, pipes) = Process::start(program, false)?;
    let Pipes { output, errors, .. } = pipes;
    let refusals = super::refusals(task);
    let ear = |kind| {
        let (process, events) = (process.clone(), events.clone());
        Ear { kind, process, events, refusals: refusals.clone() }
    };
    let heard = hear(output, ear(LineKind::Out));
    let heard = tokio::spawn(async {
        let last_words = heard.await;
        Spoken { last_words, tests: Vec::new() }
    });
    let errors = hear(errors, ear(LineKind::Err));
    let errors = tokio::spawn(async { drop(errors.await) });
    let awaited = process.clone();
    let turn = tokio::spawn(async move { turn(awaited.ended().await) });
    // It has no way to ask: nobody holds the sender.
    let (_, asked) = mpsc::channel(1);
    Ok(Agent { process, turn, heard, errors, asked, tell: None, cancel: None })
}

fn turn(ended: Ended) -> Turn {
    let what = match ended {
        Ended::Code(0) => return Turn::Done,
        Ended::Code(code) => format!("The agent ended with exit code {code}: it did not succeed."),
        Ended::Signal(signal) => format!("The agent was ended by signal {signal}."),
    };
    Turn::Failed(Notice::new(
        ErrorCode::AgentDied,
        what,
        "What it had changed is saved.",
        "Read the end of its output, then try again or continue from here.",
    ))
}
