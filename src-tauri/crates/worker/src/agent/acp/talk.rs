//! The conversation with an ACP agent, through the protocol's crate.

use super::ask;
use super::calls::Calls;
use super::raw_log::RawLog;
use crate::agent::{Asked, Turn};
use crate::output::Events;
use crate::text::one_line;
use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::schema::{
    CancelNotification, ClientCapabilities, Implementation, InitializeRequest, NewSessionRequest,
    PromptRequest, RequestPermissionOutcome, RequestPermissionRequest, RequestPermissionResponse,
    SelectedPermissionOutcome, SessionId,
};
use agent_client_protocol::v1::{ConnectionTo, Responder};
use agent_client_protocol::{
    Client, Error, ErrorCode as AcpCode, JsonRpcRequest, Lines, UntypedMessage,
};
use futures::{Sink, Stream};
use regatta_protocol::event::{Event, Usage};
use regatta_protocol::{ErrorCode, Notice};
use serde_json::{Value, json};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::{mpsc, oneshot};

/// How long an agent may take to answer before it has a session. Some install themselves.
const TO_BEGIN: Duration = Duration::from_secs(120);
/// How long what was sent may take to be read once the turn is over.
const TO_DRAIN: Duration = Duration::from_secs(1);

const SAVED: &str = "What it had changed is saved.";

/// Both directions of the connection.
pub(super) struct Line {
    pub(super) input: ChildStdin,
    pub(super) messages: mpsc::Receiver<String>,
    pub(super) raw: Arc<Mutex<RawLog>>,
}

/// One conversation: what it is about, and who hears of it.
pub(super) struct Talk {
    pub(super) copy: PathBuf,
    pub(super) prompt: String,
    pub(super) events: Events,
    pub(super) ask: mpsc::Sender<Asked>,
    pub(super) calls: Arc<Mutex<Calls>>,
    pub(super) cancelled: oneshot::Receiver<()>,
}

impl Talk {
    /// Talks until the turn is over.
    pub(super) async fn hold(self, line: Line) -> Turn {
        let Self { copy, prompt, events, ask, calls, cancelled } = self;
        let asker = Arc::new(Asker { ask, calls, count: AtomicU64::new(0) });
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
                let turn = converse(&connection, &events, (copy, prompt), cancelled).await;
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
fn transport(
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

/// Initialize, a session, one prompt; an end of the turn in each case.
async fn converse(
    connection: &ConnectionTo<agent_client_protocol::Agent>,
    events: &Events,
    (copy, prompt): (PathBuf, String),
    mut cancelled: oneshot::Receiver<()>,
) -> Turn {
    let session = tokio::select! {
        session = begin(connection, copy) => match session {
            Ok(session) => session,
            Err(turn) => return turn,
        },
        Ok(()) = &mut cancelled => return Turn::Cancelled,
    };
    // Read as plain JSON: a reason for the end that the crate doesn't know is still an end.
    let prompt = PromptRequest::new(session.clone(), vec![prompt.into()]);
    let Ok(prompt) = UntypedMessage::new("session/prompt", prompt) else {
        unreachable!("BUG: a prompt is always JSON")
    };
    let answer = connection.send_request(prompt).block_task();
    tokio::pin!(answer);
    let answer = tokio::select! {
        answer = &mut answer => answer,
        Ok(()) = &mut cancelled => {
            // An error: the connection is gone, which the answer tells as well.
            drop(connection.send_notification(CancelNotification::new(session)));
            answer.await
        }
    };
    match answer {
        Ok(result) => {
            if let Some(tokens) = result["usage"]["totalTokens"].as_u64() {
                events.send(Event::Usage(Usage { tokens, cost_usd: None }));
            }
            ended(result["stopReason"].as_str().unwrap_or_default())
        }
        Err(problem) if connection.is_incoming_closed() => Turn::Lost(problem.to_string()),
        Err(problem) => Turn::Failed(refused(&problem)),
    }
}

async fn begin(
    connection: &ConnectionTo<agent_client_protocol::Agent>,
    copy: PathBuf,
) -> Result<SessionId, Turn> {
    // Output of commands may come in pieces beside the protocol; agents that can do that
    // ask for either of these names.
    let pieces = json!({ "terminal_output": true, "terminal_output_delta": true });
    let Value::Object(pieces) = pieces else { unreachable!("BUG: an object") };
    let us = Implementation::new("regatta", env!("CARGO_PKG_VERSION")).title("Regatta".to_owned());
    let request = InitializeRequest::new(ProtocolVersion::V1)
        .client_capabilities(ClientCapabilities::new().meta(pieces))
        .client_info(us);
    let agent = answer(connection, request).await?;
    if agent.protocol_version != ProtocolVersion::V1 {
        let version = format!("It offers version {:?}.", agent.protocol_version);
        return Err(Turn::Failed(unspoken("The agent speaks another version of ACP.", &version)));
    }
    Ok(answer(connection, NewSessionRequest::new(copy)).await?.session_id)
}

/// The answer to a request before the turn has begun.
async fn answer<R: JsonRpcRequest>(
    connection: &ConnectionTo<agent_client_protocol::Agent>,
    request: R,
) -> Result<R::Response, Turn> {
    let sent = connection.send_request(request).block_task();
    match tokio::time::timeout(TO_BEGIN, sent).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(problem)) if connection.is_incoming_closed() => Err(Turn::Lost(problem.to_string())),
        Ok(Err(problem)) if problem.code == AcpCode::AUTH_REQUIRED => {
            Err(Turn::Failed(refused(&problem)))
        }
        Ok(Err(problem)) => {
            let details = problem.to_string();
            Err(Turn::Failed(unspoken("The agent could not begin a conversation.", &details)))
        }
        Err(_) => {
            let what = "The agent did not answer for two minutes.";
            Err(Turn::Failed(unspoken(what, "No answer to the first messages of ACP.")))
        }
    }
}

fn unspoken(what: &str, details: &str) -> Notice {
    Notice::new(
        ErrorCode::AgentProtocol,
        what,
        "Nothing was changed.",
        "Check that the program speaks ACP and how it has to be started; its output may say more.",
    )
    .with_details(details)
}

/// The agent answered with an error.
fn refused(problem: &Error) -> Notice {
    if problem.code == AcpCode::AUTH_REQUIRED {
        return Notice::new(
            ErrorCode::AgentFailed,
            "The agent isn't signed in.",
            SAVED,
            "Sign in again with the agent's own program, then try again.",
        )
        .with_details(problem.to_string());
    }
    let said = one_line(&problem.message, 300);
    let said = said.trim_end_matches('.');
    Notice::new(
        ErrorCode::AgentFailed,
        format!("The agent says that it failed: \u{201c}{said}\u{201d}."),
        SAVED,
        "Read what it said, then try again or continue from here.",
    )
    .with_details(problem.to_string())
}

/// What the reason for a turn's end means.
fn ended(reason: &str) -> Turn {
    let failed = |code, what: String, next: &str| {
        let notice = Notice::new(code, what, SAVED, next);
        Turn::Failed(notice.with_details(format!("stopReason: {reason}")))
    };
    match reason {
        "end_turn" => Turn::Done,
        "cancelled" => Turn::Cancelled,
        "refusal" => failed(
            ErrorCode::AgentFailed,
            "The agent refused to go on.".into(),
            "Read what it said, and word the task in another way.",
        ),
        "max_tokens" => failed(
            ErrorCode::AgentFailed,
            "The agent stopped: the conversation became too long for its model.".into(),
            "Continue from here, or split the task.",
        ),
        "max_turn_requests" => failed(
            ErrorCode::AgentFailed,
            "The agent stopped: it made as many requests as it may for one task.".into(),
            "Continue from here.",
        ),
        other => failed(
            ErrorCode::AgentProtocol,
            format!(
                "The agent ended for a reason that isn't known: \u{201c}{}\u{201d}.",
                one_line(other, 60)
            ),
            "Look at what it did, then try again or continue from here.",
        ),
    }
}

/// Turns requests for permission into questions and answers them.
struct Asker {
    ask: mpsc::Sender<Asked>,
    calls: Arc<Mutex<Calls>>,
    count: AtomicU64,
}

impl Asker {
    fn put(
        self: Arc<Self>,
        request: RequestPermissionRequest,
        responder: Responder<RequestPermissionResponse>,
        connection: &ConnectionTo<agent_client_protocol::Agent>,
    ) -> Result<(), Error> {
        let question = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            let id = format!("q{}", self.count.fetch_add(1, Ordering::Relaxed) + 1);
            calls.learn(&request.tool_call);
            ask::question(id, &request, &calls)
        };
        let (answer, answered) = oneshot::channel();
        let asked = Asked { question, answer };
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
