//! An agent that speaks the Agent Client Protocol on its standard streams.
//!
//! [`listener`] hears its output, sorts the lines ([`wire`]) and shows what it says
//! ([`message_buffer`]), does ([`tool_calls`], [`tool_output`], [`tool_titles`]) and plans
//! ([`plan`]). Here is the conversation ([`session`]): initialize, a session in the copy
//! ([`handshake`]), set as it was asked for ([`session_options`], [`apply_options`]), a prompt
//! and what its end means ([`turn_end`]); [`permission`] makes its requests for permission
//! questions. [`mod@probe`] is a conversation without a prompt. The protocol's crate is used
//! nowhere else. Source: <https://agentclientprotocol.com/protocol/schema>.

mod apply_options;
mod handshake;
mod listener;
mod message_buffer;
mod permission;
mod plan;
mod probe;
mod raw_log;
mod session;
mod session_options;
mod test_runs;
mod tool_calls;
mod tool_output;
mod tool_titles;
mod turn_end;
mod usage;
mod wire;

use super::{OutputReader, RunningAgent, read_output};
use crate::output::EventSender;
use crate::program::ProgramSpec;
use crate::redact::Redactor;
use listener::Listener;
use message_buffer::MessageBuffer;
pub(super) use probe::probe;
use raw_log::RawLog;
use regatta_process::StdioPipes;
use regatta_protocol::event::{LineKind, PlanEntry, Step, Usage};
use regatta_protocol::worker::WorkerTask;
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot};
use tool_calls::ToolCalls;
use usage::UsageMeter;

/// How many messages may wait for the protocol's crate. It takes them at once.
const MAX_QUEUED_MESSAGES: usize = 16;
/// How many questions may wait for their turn to be shown.
const MAX_QUEUED_QUESTIONS: usize = 64;

/// Something of an agent's to show.
#[derive(Debug, PartialEq)]
enum DisplayItem {
    Step(Box<Step>),
    Lines(LineKind, String),
    Plan(Vec<PlanEntry>),
    Usage(Usage),
}

/// Starts the program and the conversation with it.
pub(super) fn start(
    program: &Path,
    args: &[String],
    task: &Arc<WorkerTask>,
    events: &EventSender,
) -> io::Result<RunningAgent> {
    let program = ProgramSpec {
        program,
        args,
        working_dir: &task.copy,
        env: &task.env,
        temp_dir: &super::temp_dir(task),
        sandbox: task.sandbox.as_ref().map(|sandbox| (sandbox, &*task.cache)),
    };
    let (process, pipes) = program.start(true)?;
    let StdioPipes { stdin: input, stdout: output, stderr: errors } = pipes;
    let input = input.expect("BUG: its input is piped");
    let raw = Arc::new(Mutex::new(RawLog::create_in(&task.scratch, Redactor::from_env(&task.env))));
    let calls = Arc::new(Mutex::new(ToolCalls::new(&task.copy)));
    let (to_crate, messages) = mpsc::channel(MAX_QUEUED_MESSAGES);
    let (ask, asked) = mpsc::channel(MAX_QUEUED_QUESTIONS);
    let (cancel, cancelled) = oneshot::channel();
    let (tell, said) = mpsc::unbounded_channel();
    let (meter, over) = UsageMeter::with_limit(task.cost_limit_cents);
    let replayed = Arc::new(AtomicBool::new(false));

    let listener = Listener {
        events: events.clone(),
        denials: super::denial_reporter(task),
        messages: to_crate,
        tool_calls: calls.clone(),
        raw_log: raw.clone(),
        message_buffer: MessageBuffer::new(),
        unknown_kinds: HashSet::new(),
        is_replaying: replayed.clone(),
        usage_meter: meter,
    };
    let heard = tokio::spawn(listener.run(output, process.clone()));
    let ear = OutputReader {
        kind: LineKind::Stderr,
        process: process.clone(),
        events: events.clone(),
        denials: super::denial_reporter(task),
    };
    let errors = read_output(errors, ear);
    let errors = tokio::spawn(async { drop(errors.await) });
    let talk = session::Session {
        context: session::SessionContext { task: task.clone(), is_replaying: replayed },
        events: events.clone(),
        questions: ask,
        tool_calls: calls,
        inputs: session::TurnInputs::new(cancelled, over, said),
    };
    let turn = tokio::spawn(talk.run(session::Transport { input, messages, raw_log: raw }));
    Ok(RunningAgent {
        process,
        turn,
        output_task: heard,
        stderr_task: errors,
        questions: asked,
        messages: Some(tell),
        cancel: Some(cancel),
    })
}
