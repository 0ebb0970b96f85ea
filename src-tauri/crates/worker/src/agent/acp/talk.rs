//! The conversation with an ACP agent, through the protocol's crate.

use super::begin::{self, Beginning};
use super::calls::Calls;
use super::raw_log::RawLog;
use super::{ask, ends, options};
use crate::agent::{Asked, Told, Turn};
use crate::output::Events;
use agent_client_protocol::v1::schema::{
    CancelNotification, PromptRequest, RequestPermissionOutcome, RequestPermissionRequest,
    RequestPermissionResponse, SelectedPermissionOutcome, SessionId,
};
use agent_client_protocol::v1::{ConnectionTo, Responder};
use agent_client_protocol::{Client, Error, Lines, UntypedMessage};
use futures::future::Fuse;
use futures::{FutureExt, Sink, Stream};
use regatta_protocol::worker::WorkerTask;
use regatta_protocol::{Event, Safety};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::{mpsc, oneshot};

/// How long what was sent may take to be read once the turn is over.
const TO_DRAIN: Duration = Duration::from_secs(1);
/// How long an agent may take to end a turn that costs too much, or that a person interrupts.
/// Those that can do it in half a second.
const TO_CANCEL: Duration = Duration::from_secs(5);

/// Both directions of the connection.
pub(super) struct Line {
    pub(super) input: ChildStdin,
    pub(super) messages: mpsc::Receiver<String>,
    pub(super) raw: Arc<Mutex<RawLog>>,
}

/// One conversation: what it is about, and who hears of it.
pub(super) struct Talk {
    pub(super) subject: Subject,
    pub(super) events: Events,
    pub(super) ask: mpsc::Sender<Asked>,
    pub(super) calls: Arc<Mutex<Calls>>,
    pub(super) signs: Signs,
}

/// What a conversation is about.
pub(super) struct Subject {
    pub(super) task: Arc<WorkerTask>,
    /// Whether what the agent tells now is what it told in an earlier attempt.
    pub(super) replayed: Arc<AtomicBool>,
}

impl Talk {
    /// Talks until the turn is over.
    pub(super) async fn hold(self, line: Line) -> Turn {
        let Self { subject, events, ask, calls, signs } = self;
        let safety = subject.task.safety;
        let asker = Arc::new(Asker { ask, calls, count: AtomicU64::new(0), safety });
        let (tell, mut told) = oneshot::channel();
        let talking = Client
            .v1()
            .name("regatta")
            .on_receive_request(
                async move |request: RequestPermissionRequest, responder, connection| {
                    asker.clone().put(request, responder, &connection)
                },
                agent_client_protocol::on_receive_request!(),
            )
            .connect_with(transport(line), async move |connection| {
                let turn = converse(&connection, &subject, &events, signs).await;
                // An error can't come: the receiver lives until the connection is closed.
                drop(tell.send(turn));
                Ok(())
            });
        tokio::pin!(talking);
        let ended = tokio::select! {
            ended = &mut talking => ended,
            turn = &mut told => {
                // The turn counts, whether or not the connection closes well.
                drop(tokio::time::timeout(TO_DRAIN, &mut talking).await);
                return turn.unwrap_or_else(|_| Turn::Lost(String::new()));
            }
        };
        told.try_recv().unwrap_or_else(|_| {
            Turn::Lost(ended.err().map(|problem| problem.to_string()).unwrap_or_default())
        })
    }
}

/// Lines to and from the agent, kept as they are.
pub(super) fn transport(
    line: Line,
) -> Lines<
    impl Sink<String, Error = io::Error> + Send + 'static,
    impl Stream<Item = io::Result<String>> + Send + 'static,
> {
    let Line { input, messages, raw } = line;
    let outgoing =
        futures::sink::unfold((input, raw), async |(mut input, raw), mut line: String| {
            raw.lock().unwrap_or_else(PoisonError::into_inner).add(&line);
            line.push('\n');
            input.write_all(line.as_bytes()).await?;
            Ok((input, raw))
        });
    let incoming = futures::stream::unfold(messages, async |mut messages| {
        messages.recv().await.map(|line| (Ok(line), messages))
    });
    Lines::new(outgoing, incoming)
}

/// Initialize, a session, a prompt and what a person says after it; the end of the last
/// turn in each case.
async fn converse(
    connection: &ConnectionTo<agent_client_protocol::Agent>,
    subject: &Subject,
    events: &Events,
    mut signs: Signs,
) -> Turn {
    let (session, mut prompt) = tokio::select! {
        begun = begin(connection, subject, events) => match begun {
            Ok(begun) => begun,
            Err(turn) => return turn,
        },
        Ok(()) = &mut signs.cancelled => return Turn::Cancelled,
    };
    // What an earlier conversation told again came before this.
    subject.replayed.store(false, Ordering::Release);
    loop {
        let turn = signs.turn(connection, &session, prompt).await;
        match (&turn, signs.next_words()) {
            (Turn::Done | Turn::Cancelled | Turn::Failed(_), Some(words)) => prompt = words,
            _ => return turn,
        }
    }
}

/// What may come while the agent works.
pub(super) struct Signs {
    cancelled: Fuse<oneshot::Receiver<()>>,
    /// It cost as much as it may.
    over: Fuse<oneshot::Receiver<()>>,
    said: mpsc::UnboundedReceiver<Told>,
    /// What was said and isn't told yet.
    waiting: Vec<String>,
    /// Whether nothing more is told, whatever was said.
    last: bool,
}

impl Signs {
    pub(super) fn new(
        cancelled: oneshot::Receiver<()>,
        over: oneshot::Receiver<()>,
        said: mpsc::UnboundedReceiver<Told>,
    ) -> Self {
        let (cancelled, over) = (cancelled.fuse(), over.fuse());
        Self { cancelled, over, said, waiting: Vec::new(), last: false }
    }

    /// One prompt and the end of its turn.
    async fn turn(
        &mut self,
        connection: &ConnectionTo<agent_client_protocol::Agent>,
        session: &SessionId,
        prompt: String,
    ) -> Turn {
        // Read as plain JSON: a reason for the end that the crate doesn't know is still an end.
        let prompt = PromptRequest::new(session.clone(), vec![prompt.into()]);
        let Ok(prompt) = UntypedMessage::new("session/prompt", prompt) else {
            unreachable!("BUG: a prompt is always JSON")
        };
        let cancel = || {
            // An error: the connection is gone, which the answer tells as well.
            drop(connection.send_notification(CancelNotification::new(session.clone())));
        };
        let answer = connection.send_request(prompt).block_task();
        tokio::pin!(answer);
        let mut interrupted = false;
        let too_late = Fuse::terminated();
        tokio::pin!(too_late);
        let answer = loop {
            tokio::select! {
                biased;
                answer = &mut answer => break answer,
                Ok(()) = &mut self.cancelled => {
                    self.last = true;
                    cancel();
                }
                Ok(()) = &mut self.over => {
                    self.last = true;
                    cancel();
                    drop(tokio::time::timeout(TO_CANCEL, &mut answer).await);
                    return ends::too_dear();
                }
                Some(told) = self.said.recv() => {
                    self.waiting.push(told.text);
                    if told.interrupt && !interrupted {
                        interrupted = true;
                        cancel();
                        too_late.set(tokio::time::sleep(TO_CANCEL).fuse());
                    }
                }
                () = &mut too_late => {
                    self.last = true;
                    return ends::deaf();
                }
            }
        };
        match answer {
            Ok(result) => ends::ended(result["stopReason"].as_str().unwrap_or_default()),
            // What it said counts, even if it left right after.
            Err(problem) if connection.is_incoming_closed() => {
                ends::of_error(&problem).unwrap_or_else(|| Turn::Lost(problem.to_string()))
            }
            // Some tell in this way that they were interrupted.
            Err(_) if interrupted => Turn::Cancelled,
            Err(problem) => {
                self.last = true;
                ends::refused(&problem)
            }
        }
    }

    /// What was said meanwhile; none: nothing, and from now on nothing can be.
    fn next_words(&mut self) -> Option<String> {
        if self.last {
            return None;
        }
        self.take();
        if self.waiting.is_empty() {
            // What is sent from now on is refused; what was sent just before is taken.
            self.said.close();
            self.take();
        }
        let words = std::mem::take(&mut self.waiting).join("\n\n");
        (!words.is_empty()).then_some(words)
    }

    fn take(&mut self) {
        while let Ok(told) = self.said.try_recv() {
            self.waiting.push(told.text);
        }
    }
}

/// The session, set as it was asked for, and what is said first in it.
async fn begin(
    connection: &ConnectionTo<agent_client_protocol::Agent>,
    subject: &Subject,
    events: &Events,
) -> Result<(SessionId, String), Turn> {
    let task = &subject.task;
    let greeted = begin::greet(connection).await?;
    let beginning = Beginning { connection, copy: &task.copy, meta: &task.session_meta };
    let mut begun = match &task.session {
        Some(earlier) => beginning.again(earlier, &greeted, &subject.replayed, events).await?,
        None => beginning.anew().await?,
    };
    if let Some(session) = begin::session(&begun, &greeted) {
        events.send(Event::Session(session));
    }
    options::set(connection, &mut begun, &task.options, events).await;
    let prompt = first_words(task, begun.went_on);
    Ok((SessionId::new(begun.id), prompt))
}

/// The prompt; a new conversation is told first how an earlier one ended.
fn first_words(task: &WorkerTask, went_on: bool) -> String {
    let WorkerTask { earlier, prompt, .. } = task;
    if went_on || earlier.trim().is_empty() {
        return prompt.clone();
    }
    let earlier = earlier.trim();
    format!("An earlier attempt said: {earlier}\nIts changes are in this folder.\n\n{prompt}")
}

/// Turns requests for permission into questions and answers them.
struct Asker {
    ask: mpsc::Sender<Asked>,
    calls: Arc<Mutex<Calls>>,
    count: AtomicU64,
    safety: Safety,
}

impl Asker {
    fn put(
        self: Arc<Self>,
        request: RequestPermissionRequest,
        responder: Responder<RequestPermissionResponse>,
        connection: &ConnectionTo<agent_client_protocol::Agent>,
    ) -> Result<(), Error> {
        let (question, decision) = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            let id = format!("q{}", self.count.fetch_add(1, Ordering::Relaxed) + 1);
            calls.learn(&request.tool_call);
            ask::question(id, &request, (&calls, self.safety))
        };
        let (answer, answered) = oneshot::channel();
        let asked = Asked { question, decision, answer };
        // Too many questions, or nobody to answer: the agent hears that it was cancelled.
        drop(self.ask.try_send(asked));
        connection.spawn(async move {
            let withdrawn = responder.cancellation();
            let option = tokio::select! {
                answered = answered => answered.ok(),
                () = withdrawn.cancelled() => None,
            };
            let number = option.and_then(|option| option.parse::<usize>().ok());
            let chosen = number.and_then(|n| request.options.get(n.checked_sub(1)?));
            let outcome = chosen.map_or(RequestPermissionOutcome::Cancelled, |option| {
                let id = option.option_id.clone();
                RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(id))
            });
            responder.respond(RequestPermissionResponse::new(outcome))
        })
    }
}
