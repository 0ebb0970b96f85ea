//! An agent that speaks the Agent Client Protocol on its standard streams.
//!
//! [`listen`] hears its output, sorts the lines ([`wire`]) and shows what it says
//! ([`voice`]), does ([`calls`], [`printed`], [`words`]) and plans ([`plan`]). Here is the
//! conversation ([`talk`]): initialize, a session in the copy ([`begin`]), set as it was
//! asked for ([`offers`], [`options`]), a prompt and what its end means ([`ends`]);
//! [`ask`] makes its requests for permission questions. [`probe`] is a conversation without
//! a prompt. The protocol's crate is used nowhere else.

mod ask;
mod begin;
mod calls;
mod ends;
mod listen;
mod meter;
mod offers;
mod options;
mod plan;
mod printed;
mod probe;
mod raw_log;
mod talk;
mod tests_run;
mod voice;
mod wire;
mod words;

use super::{Agent, Ear, hear};
use crate::keys::Keys;
use crate::output::Events;
use crate::process::{Pipes, Process, Program};
use calls::Calls;
use listen::Listener;
use meter::Meter;
pub(super) use probe::probe;
use raw_log::RawLog;
use regatta_protocol::event::{LineKind, PlanEntry, Step, Usage};
use regatta_protocol::worker::WorkerTask;
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot};
use voice::Voice;

/// How many messages may wait for the protocol's crate. It takes them at once.
const MESSAGES: usize = 16;
/// How many questions may wait for their turn to be shown.
const QUESTIONS: usize = 64;

/// Something of an agent's to show.
#[derive(Debug, PartialEq)]
enum Shown {
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
    events: &Events,
) -> io::Result<Agent> {
    let program = Program {
        program,
        args,
        folder: &task.copy,
        env: &task.env,
        temp: &super::temp(task),
        sandbox: task.sandbox.as_ref().map(|sandbox| (sandbox, &*task.cache)),
    };
    let (process, pipes) = Process::start(program, true)?;
    let Pipes { input, output, errors } = pipes;
    let input = input.expect("BUG: its input is piped");
    let raw = Arc::new(Mutex::new(RawLog::in_folder(&task.scratch, Keys::of(&task.env))));
    let calls = Arc::new(Mutex::new(Calls::new(&task.copy)));
    let (to_crate, messages) = mpsc::channel(MESSAGES);
    let (ask, asked) = mpsc::channel(QUESTIONS);
    let (cancel, cancelled) = oneshot::channel();
    let (tell, said) = mpsc::unbounded_channel();
    let (meter, over) = Meter::with_limit(task.cost_limit_cents);
    let replayed = Arc::new(AtomicBool::new(false));

    let listener = Listener {
        events: events.clone(),
        refusals: super::refusals(task),
        messages: to_crate,
        calls: calls.clone(),
        raw: raw.clone(),
        voice: Voice::new(),
        unknown: HashSet::new(),
        replayed: replayed.clone(),
        meter,
    };
    let heard = tokio::spawn(listener.hear(output, process.clone()));
    let ear = Ear {
        kind: LineKind::Err,
        process: process.clone(),
        events: events.clone(),
        refusals: super::refusals(task),
    };
    let errors = hear(errors, ear);
    let errors = tokio::spawn(async { drop(errors.await) });
    let talk = talk::Talk {
        subject: talk::Subject { task: task.clone(), replayed },
        events: events.clone(),
        ask,
        calls,
        signs: talk::Signs::new(cancelled, over, said),
    };
    let turn = tokio::spawn(talk.hold(talk::Line { input, messages, raw }));
    Ok(Agent { process, turn, heard, errors, asked, tell: Some(tell), cancel: Some(cancel) })
}
