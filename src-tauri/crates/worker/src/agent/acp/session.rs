//! The conversation with an ACP agent, through the protocol's crate.

use super::handshake::{self, SessionOpener};
use super::raw_log::RawLog;
use super::tool_calls::ToolCalls;
use super::{apply_options, permission, turn_end};
use crate::agent::{PendingQuestion, PersonMessage, TurnEnd};
use crate::output::EventSender;
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
use regatta_trace::LogDropped;
use serde_json::Value;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::{mpsc, oneshot};

/// How long what was sent may take to be read once the turn is over.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
/// How long an agent may take to end a turn that costs too much, or that a person interrupts.
/// Those that can do it in half a second.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// Both directions of the connection.
pub(super) struct Transport {
    pub(super) input: ChildStdin,
    pub(super) messages: mpsc::Receiver<String>,
    pub(super) raw_log: Arc<Mutex<RawLog>>,
}

/// One conversation: what it is about, and who hears of it.
pub(super) struct Session {
    pub(super) context: SessionContext,
    pub(super) events: EventSender,
    pub(super) questions: mpsc::Sender<PendingQuestion>,
    pub(super) tool_calls: Arc<Mutex<ToolCalls>>,
    pub(super) inputs: TurnInputs,
}

/// What a conversation is about.
pub(super) struct SessionContext {
    pub(super) task: Arc<WorkerTask>,
    /// Whether what the agent tells now is what it told in an earlier attempt.
    pub(super) is_replaying: Arc<AtomicBool>,
}

impl Session {
    /// Talks until the turn is over.
    pub(super) async fn run(self, line: Transport) -> TurnEnd {
        let Self { context: subject, events, questions: ask, tool_calls: calls, inputs: signs } =
            self;
        let safety = subject.task.safety;
        let asker = Arc::new(PermissionAsker {
            questions: ask,
            tool_calls: calls,
            count: AtomicU64::new(0),
            safety,
        });
        let (tell, mut told) = oneshot::channel();
        let talking = Client
            .v1()
            .name("regatta")
            .on_receive_request(
                async move |request: RequestPermissionRequest, responder, connection| {
                    asker.clone().handle_request(request, responder, &connection)
                },
                agent_client_protocol::on_receive_request!(),
            )
            .connect_with(transport_lines(line), async move |connection| {
                let turn = run_turns(&connection, &subject, &events, signs).await;
                // An error can't come: the receiver lives until the connection is closed.
                tell.send(turn).log_failed("telling the turn's end");
                Ok(())
            });
        tokio::pin!(talking);
        let ended = tokio::select! {
            ended = &mut talking => ended,
            turn = &mut told => {
                // The turn counts, whether or not the connection closes well.
                let closed = tokio::time::timeout(DRAIN_TIMEOUT, &mut talking).await;
                closed.log_dropped("closing the connection");
                return turn.unwrap_or_else(|_| TurnEnd::ConnectionLost(String::new()));
            }
        };
        told.try_recv().unwrap_or_else(|_| {
            TurnEnd::ConnectionLost(
                ended.err().map(|problem| problem.to_string()).unwrap_or_default(),
            )
        })
    }
}

/// Lines to and from the agent, kept as they are.
pub(super) fn transport_lines(
    line: Transport,
) -> Lines<
    impl Sink<String, Error = io::Error> + Send + 'static,
    impl Stream<Item = io::Result<String>> + Send + 'static,
> {
    let Transport { input, messages, raw_log: raw } = line;
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
async fn run_turns(
    connection: &ConnectionTo<agent_client_protocol::Agent>,
    subject: &SessionContext,
    events: &EventSender,
    mut signs: TurnInputs,
) -> TurnEnd {
    let (session, mut prompt) = tokio::select! {
        begun = open_session(connection, subject, events) => match begun {
            Ok(begun) => begun,
            Err(turn) => return turn,
        },
        Ok(()) = &mut signs.cancelled => return TurnEnd::Cancelled,
    };
    // What an earlier conversation told again came before this.
    subject.is_replaying.store(false, Ordering::Release);
    loop {
        let turn = signs.run_turn(connection, &session, prompt).await;
        match (&turn, signs.next_prompt()) {
            (TurnEnd::Done | TurnEnd::Cancelled | TurnEnd::Failed(_), Some(words)) => {
                prompt = words
            }
            _ => return turn,
        }
    }
}

/// What may come while the agent works.
pub(super) struct TurnInputs {
    cancelled: Fuse<oneshot::Receiver<()>>,
    /// It cost as much as it may.
    cost_limit_reached: Fuse<oneshot::Receiver<()>>,
    messages: mpsc::UnboundedReceiver<PersonMessage>,
    /// What was said and isn't told yet.
    pending: Vec<String>,
    /// Whether nothing more is told, whatever was said.
    is_last_turn: bool,
}

impl TurnInputs {
    pub(super) fn new(
        cancelled: oneshot::Receiver<()>,
        over: oneshot::Receiver<()>,
        messages: mpsc::UnboundedReceiver<PersonMessage>,
    ) -> Self {
        let (cancelled, cost_limit_reached) = (cancelled.fuse(), over.fuse());
        Self { cancelled, cost_limit_reached, messages, pending: Vec::new(), is_last_turn: false }
    }

    /// One prompt and the end of its turn.
    async fn run_turn(
        &mut self,
        connection: &ConnectionTo<agent_client_protocol::Agent>,
        session: &SessionId,
        prompt: String,
    ) -> TurnEnd {
        let answer = connection.send_request(prompt_message(session, prompt)).block_task();
        tokio::pin!(answer);
        let mut interrupted = false;
        let too_late = Fuse::terminated();
        tokio::pin!(too_late);
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => return self.turn_end(answer, connection, interrupted),
                Ok(()) = &mut self.cancelled => {
                    self.is_last_turn = true;
                    cancel_turn(connection, session);
                }
                Ok(()) = &mut self.cost_limit_reached => {
                    self.is_last_turn = true;
                    cancel_turn(connection, session);
                    let ended = tokio::time::timeout(CANCEL_TIMEOUT, &mut answer).await;
                    ended.log_dropped("waiting for the turn's end");
                    return turn_end::cost_limit_reached();
                }
                Some(told) = self.messages.recv() => {
                    self.pending.push(told.text);
                    if told.interrupts_turn && !interrupted {
                        interrupted = true;
                        cancel_turn(connection, session);
                        too_late.set(tokio::time::sleep(CANCEL_TIMEOUT).fuse());
                    }
                }
                () = &mut too_late => {
                    self.is_last_turn = true;
                    return turn_end::cancel_timed_out();
                }
            }
        }
    }

    /// What the answer to a prompt means.
    fn turn_end(
        &mut self,
        answer: Result<Value, Error>,
        connection: &ConnectionTo<agent_client_protocol::Agent>,
        interrupted: bool,
    ) -> TurnEnd {
        match answer {
            Ok(result) => {
                turn_end::from_stop_reason(result["stopReason"].as_str().unwrap_or_default())
            }
            // What it said counts, even if it left right after.
            Err(problem) if connection.is_incoming_closed() => turn_end::from_error(&problem)
                .unwrap_or_else(|| TurnEnd::ConnectionLost(problem.to_string())),
            // Some tell in this way that they were interrupted.
            Err(_) if interrupted => TurnEnd::Cancelled,
            Err(problem) => {
                self.is_last_turn = true;
                turn_end::from_prompt_error(&problem)
            }
        }
    }

    /// What was said meanwhile; `None` means nothing, and from now on nothing can be.
    fn next_prompt(&mut self) -> Option<String> {
        if self.is_last_turn {
            return None;
        }
        self.take_messages();
        if self.pending.is_empty() {
            // What is sent from now on is refused; what was sent just before is taken.
            self.messages.close();
            self.take_messages();
        }
        let words = std::mem::take(&mut self.pending).join("\n\n");
        (!words.is_empty()).then_some(words)
    }

    fn take_messages(&mut self) {
        while let Ok(told) = self.messages.try_recv() {
            self.pending.push(told.text);
        }
    }
}

/// A prompt as plain JSON: a reason for its turn's end that the crate doesn't know is still an
/// end.
fn prompt_message(session: &SessionId, prompt: String) -> UntypedMessage {
    let prompt = PromptRequest::new(session.clone(), vec![prompt.into()]);
    UntypedMessage::new("session/prompt", prompt).expect("BUG: a prompt is always JSON")
}

fn cancel_turn(connection: &ConnectionTo<agent_client_protocol::Agent>, session: &SessionId) {
    // An error: the connection is gone, which the answer tells as well.
    let sent = connection.send_notification(CancelNotification::new(session.clone()));
    sent.log_failed("cancelling the turn");
}

/// The session, set as it was asked for, and what is said first in it.
async fn open_session(
    connection: &ConnectionTo<agent_client_protocol::Agent>,
    subject: &SessionContext,
    events: &EventSender,
) -> Result<(SessionId, String), TurnEnd> {
    let task = &subject.task;
    let greeted = handshake::initialize(connection).await?;
    let beginning = SessionOpener { connection, copy: &task.copy, meta: &task.session_meta };
    let mut begun = match &task.session {
        Some(earlier) => {
            beginning.resume_session(earlier, &greeted, &subject.is_replaying, events).await?
        }
        None => beginning.new_session().await?,
    };
    if let Some(session) = handshake::to_agent_session(&begun, &greeted) {
        events.send(Event::Session(session));
    }
    apply_options::apply(connection, &mut begun, &task.options, events).await;
    let prompt = first_prompt(task, begun.is_resumed);
    Ok((SessionId::new(begun.id), prompt))
}

/// The prompt; a new conversation is told first how an earlier one ended.
fn first_prompt(task: &WorkerTask, went_on: bool) -> String {
    let WorkerTask { previous_summary: earlier, prompt, .. } = task;
    if went_on || earlier.trim().is_empty() {
        return prompt.clone();
    }
    let earlier = earlier.trim();
    format!("An earlier attempt said: {earlier}\nIts changes are in this folder.\n\n{prompt}")
}

/// Turns requests for permission into questions and answers them.
struct PermissionAsker {
    questions: mpsc::Sender<PendingQuestion>,
    tool_calls: Arc<Mutex<ToolCalls>>,
    count: AtomicU64,
    safety: Safety,
}

impl PermissionAsker {
    fn handle_request(
        self: Arc<Self>,
        request: RequestPermissionRequest,
        responder: Responder<RequestPermissionResponse>,
        connection: &ConnectionTo<agent_client_protocol::Agent>,
    ) -> Result<(), Error> {
        let (question, decision) = {
            let mut calls = self.tool_calls.lock().unwrap_or_else(PoisonError::into_inner);
            let id = format!("q{}", self.count.fetch_add(1, Ordering::Relaxed) + 1);
            calls.apply(&request.tool_call);
            permission::build_question(id, &request, &calls, self.safety)
        };
        let (answer, answered) = oneshot::channel();
        let asked = PendingQuestion { question, decision, answer };
        // Too many questions, or nobody to answer: the agent hears that it was cancelled.
        self.questions.try_send(asked).log_dropped("asking a question");
        connection.spawn(async move {
            let withdrawn = responder.cancellation();
            let option = tokio::select! {
                answered = answered => answered.log_dropped("waiting for an answer"),
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
