//! An agent at work: started in the copy, heard, asked to end. Two kinds: one that speaks
//! ACP ([`acp`]) and any command ([`command`]).

mod acp;
mod command;

use crate::line_splitter::LineSplitter;
use crate::output::EventSender;
use crate::policy::Decision;
use crate::sandbox::{self, DenialReporter};
use regatta_process::Process;
use regatta_protocol::event::{LineKind, Question, TestRun};
use regatta_protocol::worker::{AgentProgram, ProbeReport, ProbeTask, WorkerTask};
use regatta_protocol::{Millis, UserMessage};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// How much is read at once.
const CHUNK: usize = 64 * 1024;
/// How long output is still awaited after everything was ended: whoever holds the pipe is
/// none of the agent's.
const OUTPUT_GRACE: std::time::Duration = std::time::Duration::from_millis(500);

/// An agent at work.
pub(crate) struct RunningAgent {
    /// Its program, with everything that it started.
    pub(crate) process: Process,
    /// Ends when the agent's turn does.
    pub(crate) turn: JoinHandle<TurnEnd>,
    /// End when everything that it printed was sent; the first gives what is told of it.
    pub(crate) output_task: JoinHandle<AgentSummary>,
    pub(crate) stderr_task: JoinHandle<()>,
    /// What it asks a person.
    pub(crate) questions: mpsc::Receiver<PendingQuestion>,
    /// Tells it what a person says; `None` if it can't hear while it works.
    pub(crate) messages: Option<mpsc::UnboundedSender<PersonMessage>>,
    /// Asks it to end its turn; `None` if it knows only signals.
    pub(crate) cancel: Option<oneshot::Sender<()>>,
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TurnEnd {
    /// By the agent's own word that it is done.
    Done,
    /// Cancelled, as the agent says.
    Cancelled,
    /// By the agent's own word that it is not done, or not as it was asked for.
    Failed(UserMessage),
    /// Its service wants patience; until when, if it said so.
    Limited(UserMessage, Option<Millis>),
    /// The connection ended before the turn did. How the program ended says more.
    ConnectionLost(String),
}

/// What a person says to the agent.
#[derive(Debug)]
pub(crate) struct PersonMessage {
    pub(crate) text: String,
    /// Whether its turn is cut off for it.
    pub(crate) interrupts_turn: bool,
}

/// What is told of an agent that was heard to its end.
#[derive(Debug, Default)]
pub(crate) struct AgentSummary {
    pub(crate) last_message: String,
    pub(crate) tests: Vec<TestRun>,
}

/// A question and the way for its answer: the number of the option. Dropped: withdrawn.
pub(crate) struct PendingQuestion {
    pub(crate) question: Question,
    /// What the safety level says to it.
    pub(crate) decision: Decision,
    pub(crate) answer: oneshot::Sender<String>,
}

/// Starts the task's agent.
pub(crate) fn start(task: &Arc<WorkerTask>, events: &EventSender) -> io::Result<RunningAgent> {
    let agent = match &task.agent {
        AgentProgram::Acp { program, args } => acp::start(program, args, task, events),
        AgentProgram::Command { program, args } => command::start(program, args, task, events),
    };
    if agent.is_ok() {
        let open = task.sandbox.as_ref().map(|_| sandbox::probe_unrestricted());
        events.send_note(sandbox::describe_sandbox(open.as_deref()));
        if task.is_autonomous {
            let mode = &task.options.mode;
            events.send_note(format!(
                "In the mode \"{mode}\" the agent decides by itself what it asks: the safety level \
                 doesn't hold."
            ));
        }
    }
    agent
}

/// The task's folder for temporary files.
fn temp_dir(task: &WorkerTask) -> PathBuf {
    task.scratch.join("tmp")
}

/// What the task's sandbox may be seen to refuse.
fn denial_reporter(task: &WorkerTask) -> DenialReporter {
    task.sandbox.as_ref().map_or(DenialReporter::disabled(), DenialReporter::for_sandbox)
}

/// One of a program's outputs, and where its lines go.
struct OutputReader {
    kind: LineKind,
    process: Process,
    events: EventSender,
    denials: DenialReporter,
}

/// Asks the task's agent what it is and what it offers. A command says nothing of itself.
pub(crate) async fn probe(task: &ProbeTask) -> io::Result<ProbeReport> {
    match &task.agent {
        AgentProgram::Acp { program, args } => acp::probe(program, args, task).await,
        AgentProgram::Command { .. } => Ok(ProbeReport::default()),
    }
}

/// Reads the next bytes into `bytes`; false: there are no more, or `over` came first.
async fn read_chunk(
    pipe: &mut (impl AsyncRead + Unpin),
    over: impl Future<Output = ()>,
    bytes: &mut Vec<u8>,
) -> bool {
    bytes.clear();
    bytes.reserve(CHUNK);
    // An error reads like an end: there is nothing more to be had.
    tokio::select! {
        biased;
        read = pipe.read_buf(bytes) => read.is_ok_and(|read| read > 0),
        () = over => false,
    }
}

/// Sends everything that comes out of `pipe` as lines; the last of them.
async fn read_output(mut pipe: impl AsyncRead + Unpin, ear: OutputReader) -> String {
    let (mut lines, mut last) = (LineSplitter::new(), OutputTail::default());
    let mut bytes = Vec::new();
    loop {
        let over = async {
            ear.process.wait_for_cleanup().await;
            tokio::time::sleep(OUTPUT_GRACE).await;
        };
        if !read_chunk(&mut pipe, over, &mut bytes).await {
            break;
        }
        for text in lines.push(&bytes) {
            ear.forward(text, &mut last).await;
        }
    }
    for text in lines.finish() {
        ear.forward(text, &mut last).await;
    }
    last.0
}

impl OutputReader {
    async fn forward(&self, text: String, last: &mut OutputTail) {
        last.add(&text);
        self.denials.forward_lines(&self.events, self.kind, text).await;
    }
}

/// The last lines of an output that may have no end.
#[derive(Default)]
struct OutputTail(String);

impl OutputTail {
    /// How much is kept, in bytes.
    const MAX: usize = 2_000;

    fn add(&mut self, lines: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        let from = lines.len().saturating_sub(Self::MAX);
        self.0.push_str(&lines[ceil_char_boundary(lines, from)..]);
        if self.0.len() > Self::MAX {
            let from = ceil_char_boundary(&self.0, self.0.len() - Self::MAX);
            // Begin with a whole line where there is one.
            let line = self.0[from..].find('\n').map_or(from, |end| from + end + 1);
            self.0.drain(..line);
        }
    }
}

/// The first character boundary of `text` that is not before `at`.
fn ceil_char_boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|n| text.is_char_boundary(*n)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_whole_and_few() {
        let mut last = OutputTail::default();
        for n in 0..10_000 {
            last.add(&format!("line {n}é"));
        }
        assert!(last.0.len() <= OutputTail::MAX && last.0.ends_with("\nline 9999é"));
        assert!(last.0.starts_with("line "));
        last.add(&"é".repeat(100_000));
        assert!(last.0.len() <= OutputTail::MAX && last.0.ends_with('é'));
    }
}
