//! Any program as an agent: run once, its output shown, its exit code its word.

use super::{AgentSummary, OutputReader, RunningAgent, TurnEnd, read_output};
use crate::output::EventSender;
use crate::program::ProgramSpec;
use regatta_process::{ProgramExit, StdioPipes};
use regatta_protocol::event::LineKind;
use regatta_protocol::worker::WorkerTask;
use regatta_protocol::{ErrorCode, UserMessage};
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
    events: &EventSender,
) -> io::Result<RunningAgent> {
    let fill = |arg: &String| if arg == PROMPT { task.prompt.clone() } else { arg.clone() };
    let args: Vec<String> = args.iter().map(fill).collect();
    let program = ProgramSpec {
        program,
        args: &args,
        working_dir: &task.copy,
        env: &task.env,
        temp_dir: &super::temp_dir(task),
        sandbox: task.sandbox.as_ref().map(|sandbox| (sandbox, &*task.cache)),
    };
    let (process, pipes) = program.start(false)?;
    let StdioPipes { stdout: output, stderr: errors, .. } = pipes;
    let refusals = super::denial_reporter(task);
    let ear = |kind| {
        let (process, events) = (process.clone(), events.clone());
        OutputReader { kind, process, events, denials: refusals.clone() }
    };
    let heard = read_output(output, ear(LineKind::Stdout));
    let heard = tokio::spawn(async {
        let last_words = heard.await;
        AgentSummary { last_message: last_words, tests: Vec::new() }
    });
    let errors = read_output(errors, ear(LineKind::Stderr));
    let errors = tokio::spawn(async { drop(errors.await) });
    let awaited = process.clone();
    let turn = tokio::spawn(async move { to_turn_end(awaited.wait_for_exit().await) });
    // It has no way to ask: nobody holds the sender.
    let (_, asked) = mpsc::channel(1);
    Ok(RunningAgent {
        process,
        turn,
        output_task: heard,
        stderr_task: errors,
        questions: asked,
        messages: None,
        cancel: None,
    })
}

fn to_turn_end(ended: ProgramExit) -> TurnEnd {
    let what = match ended {
        ProgramExit::Code(0) => return TurnEnd::Done,
        ProgramExit::Code(code) => {
            format!("The agent ended with exit code {code}: it did not succeed.")
        }
        ProgramExit::Signal(signal) => format!("The agent was ended by signal {signal}."),
    };
    TurnEnd::Failed(UserMessage::new(
        ErrorCode::AgentDied,
        what,
        "What it had changed is saved.",
        "Read the end of its output, then try again or continue from here.",
    ))
}
