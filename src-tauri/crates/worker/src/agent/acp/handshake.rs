//! How a conversation begins: initialize, then a session that goes on or a new one.
//!
//! Answers are read as plain JSON: agents differ in what else stands in them.

use super::turn_end;
use crate::agent::TurnEnd;
use crate::output::EventSender;
use crate::text::one_line;
use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::{Agent, Error, ErrorCode as AcpCode, UntypedMessage};
use regatta_protocol::event::AgentSession;
use regatta_protocol::{ErrorCode, UserMessage};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long an agent may take to answer before it has a session. Some install themselves.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(120);
/// The longest name of a session that is kept, in bytes.
const MAX_ID: usize = 200;

/// What an agent said of itself.
#[derive(Debug, Default)]
pub(super) struct AgentInfo {
    pub(super) version: String,
    pub(super) can_resume: bool,
    pub(super) can_load: bool,
}

/// What a session is begun with.
pub(super) struct SessionOpener<'a> {
    pub(super) connection: &'a ConnectionTo<Agent>,
    pub(super) copy: &'a Path,
    /// What the agent wants to hear in `_meta`, as JSON; empty means nothing.
    pub(super) meta: &'a str,
}

/// A session that was begun.
#[derive(Debug)]
pub(super) struct OpenSession {
    pub(super) id: String,
    /// What the agent answered.
    pub(super) answer: Value,
    /// Whether it is the earlier conversation.
    pub(super) is_resumed: bool,
}

/// Says hello.
pub(super) async fn initialize(connection: &ConnectionTo<Agent>) -> Result<AgentInfo, TurnEnd> {
    // Output of commands may come in pieces beside the protocol; agents that can do that
    // ask for either of these names.
    let able = json!({ "_meta": { "terminal_output": true, "terminal_output_delta": true } });
    let us = json!({
        "name": "regatta", "title": "Regatta", "version": env!("CARGO_PKG_VERSION"),
    });
    let hello = json!({ "protocolVersion": 1, "clientCapabilities": able, "clientInfo": us });
    let agent = send_request(connection, "initialize", hello).await.map_err(to_turn_end)?;
    if agent["protocolVersion"] != 1 {
        let version = format!("It offers version {}.", agent["protocolVersion"]);
        return Err(TurnEnd::Failed(protocol_notice(
            "The agent speaks another version of ACP.",
            &version,
        )));
    }
    let able = &agent["agentCapabilities"];
    Ok(AgentInfo {
        version: one_line(agent["agentInfo"]["version"].as_str().unwrap_or_default(), 100),
        // There is an object where it can.
        can_resume: able["sessionCapabilities"]["resume"].is_object(),
        can_load: able["loadSession"].as_bool().unwrap_or_default(),
    })
}

impl SessionOpener<'_> {
    /// Begins a new session.
    pub(super) async fn new_session(&self) -> Result<OpenSession, TurnEnd> {
        let answer = send_request(self.connection, "session/new", self.session_params())
            .await
            .map_err(to_turn_end)?;
        let Some(id) = answer["sessionId"].as_str() else {
            let details = "There is no sessionId in the answer to session/new.";
            return Err(TurnEnd::Failed(protocol_notice(UNABLE, details)));
        };
        Ok(OpenSession { id: id.to_owned(), answer, is_resumed: false })
    }

    /// Goes on with the earlier session as the agent can; else begins a new one. What it
    /// tells again is `replayed`, which is taken back by whoever speaks next.
    pub(super) async fn resume_session(
        &self,
        earlier: &AgentSession,
        greeted: &AgentInfo,
        replayed: &AtomicBool,
        events: &EventSender,
    ) -> Result<OpenSession, TurnEnd> {
        let ways = [("session/resume", greeted.can_resume), ("session/load", greeted.can_load)];
        for (method, _) in ways.into_iter().filter(|(_, able)| *able) {
            replayed.store(true, Ordering::Release);
            let mut params = self.session_params();
            params["sessionId"] = json!(earlier.id);
            match send_request(self.connection, method, params).await {
                Ok(answer) => {
                    return Ok(OpenSession { id: earlier.id.clone(), answer, is_resumed: true });
                }
                Err(RequestError::Agent(problem)) if !needs_sign_in(&problem) => {}
                Err(other) => return Err(to_turn_end(other)),
            }
        }
        events.send_note(
            "The agent can't go on with its earlier conversation. It begins a new one and is \
             told how the earlier one ended.",
        );
        self.new_session().await
    }

    fn session_params(&self) -> Value {
        let mut params = json!({ "cwd": self.copy, "mcpServers": [] });
        if let Ok(meta @ Value::Object(_)) = serde_json::from_str(self.meta) {
            params["_meta"] = meta;
        }
        params
    }
}

/// The session as it is told to the engine; `None` if its name is too long to be kept.
pub(super) fn to_agent_session(begun: &OpenSession, greeted: &AgentInfo) -> Option<AgentSession> {
    let AgentInfo { can_resume: resumes, can_load: loads, .. } = *greeted;
    let fits = begun.id.len() <= MAX_ID;
    fits.then(|| AgentSession { id: begun.id.clone(), can_resume: resumes, can_load: loads })
}

/// Why there is no answer.
pub(super) enum RequestError {
    /// The connection is gone.
    ConnectionLost(String),
    /// The agent answered with an error.
    Agent(Error),
    /// It took too long.
    Timeout,
}

/// The answer to a request before the turn has begun.
pub(super) async fn send_request(
    connection: &ConnectionTo<Agent>,
    method: &str,
    params: Value,
) -> Result<Value, RequestError> {
    let message = UntypedMessage::new(method, params).map_err(RequestError::Agent)?;
    let sent = connection.send_request(message).block_task();
    match tokio::time::timeout(HANDSHAKE_TIMEOUT, sent).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(problem))
            if connection.is_incoming_closed() && turn_end::from_error(&problem).is_none() =>
        {
            Err(RequestError::ConnectionLost(problem.to_string()))
        }
        Ok(Err(problem)) => Err(RequestError::Agent(problem)),
        Err(_) => Err(RequestError::Timeout),
    }
}

fn needs_sign_in(problem: &Error) -> bool {
    problem.code == AcpCode::AUTH_REQUIRED
}

const UNABLE: &str = "The agent could not begin a conversation.";

/// The end of an attempt that could not begin.
fn to_turn_end(unanswered: RequestError) -> TurnEnd {
    match unanswered {
        RequestError::ConnectionLost(problem) => TurnEnd::ConnectionLost(problem),
        RequestError::Agent(problem) => match turn_end::from_error(&problem) {
            Some(turn) => turn,
            None => TurnEnd::Failed(protocol_notice(UNABLE, &problem.to_string())),
        },
        RequestError::Timeout => {
            let what = "The agent did not answer for two minutes.";
            TurnEnd::Failed(protocol_notice(what, "No answer to the first messages of ACP."))
        }
    }
}

fn protocol_notice(what: &str, details: &str) -> UserMessage {
    UserMessage::new(
        ErrorCode::AgentProtocol,
        what,
        "Nothing was changed.",
        "Check that the program speaks ACP and how it has to be started; its output may say more.",
    )
    .with_details(details)
}
