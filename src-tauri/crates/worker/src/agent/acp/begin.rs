//! How a conversation begins: initialize, then a session that goes on or a new one.
//!
//! Answers are read as plain JSON: agents differ in what else stands in them.

use super::ends;
use crate::agent::Turn;
use crate::output::Events;
use crate::text::one_line;
use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::{Agent, Error, ErrorCode as AcpCode, UntypedMessage};
use regatta_protocol::event::AgentSession;
use regatta_protocol::{ErrorCode, Notice};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long an agent may take to answer before it has a session. Some install themselves.
const TO_BEGIN: Duration = Duration::from_secs(120);
/// The longest name of a session that is kept, in bytes.
const MAX_ID: usize = 200;

/// What an agent said of itself.
#[derive(Debug, Default)]
pub(super) struct Greeted {
    pub(super) version: String,
    pub(super) resumes: bool,
    pub(super) loads: bool,
}

/// What a session is begun with.
pub(super) struct Beginning<'a> {
    pub(super) connection: &'a ConnectionTo<Agent>,
    pub(super) copy: &'a Path,
    /// What the agent wants to hear in `_meta`, as JSON; empty: nothing.
    pub(super) meta: &'a str,
}

/// A session that was begun.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) id: String,
    /// What the agent answered.
    pub(super) answer: Value,
    /// Whether it is the earlier conversation.
    pub(super) went_on: bool,
}

/// Says hello.
pub(super) async fn greet(connection: &ConnectionTo<Agent>) -> Result<Greeted, Turn> {
    // Output of commands may come in pieces beside the protocol; agents that can do that
    // ask for either of these names.
    let able = json!({ "_meta": { "terminal_output": true, "terminal_output_delta": true } });
    let us = json!({
        "name": "regatta", "title": "Regatta", "version": env!("CARGO_PKG_VERSION"),
    });
    let hello = json!({ "protocolVersion": 1, "clientCapabilities": able, "clientInfo": us });
    let agent = call(connection, "initialize", hello).await.map_err(turn)?;
    if agent["protocolVersion"] != 1 {
        let version = format!("It offers version {}.", agent["protocolVersion"]);
        return Err(Turn::Failed(unspoken("The agent speaks another version of ACP.", &version)));
    }
    let able = &agent["agentCapabilities"];
    Ok(Greeted {
        version: one_line(agent["agentInfo"]["version"].as_str().unwrap_or_default(), 100),
        // There is an object where it can.
        resumes: able["sessionCapabilities"]["resume"].is_object(),
        loads: able["loadSession"].as_bool().unwrap_or_default(),
    })
}

impl Beginning<'_> {
    /// Begins a new session.
    pub(super) async fn anew(&self) -> Result<Begun, Turn> {
        let answer = call(self.connection, "session/new", self.params()).await.map_err(turn)?;
        let Some(id) = answer["sessionId"].as_str() else {
            let details = "There is no sessionId in the answer to session/new.";
            return Err(Turn::Failed(unspoken(UNABLE, details)));
        };
        Ok(Begun { id: id.to_owned(), answer, went_on: false })
    }

    /// Goes on with the earlier session as the agent can; else begins a new one. What it
    /// tells again is `replayed`, which is taken back by whoever speaks next.
    pub(super) async fn again(
        &self,
        earlier: &AgentSession,
        greeted: &Greeted,
        replayed: &AtomicBool,
        events: &Events,
    ) -> Result<Begun, Turn> {
        let ways = [("session/resume", greeted.resumes), ("session/load", greeted.loads)];
        for (method, _) in ways.into_iter().filter(|(_, able)| *able) {
            replayed.store(true, Ordering::Release);
            let mut params = self.params();
            params["sessionId"] = json!(earlier.id);
            match call(self.connection, method, params).await {
                Ok(answer) => return Ok(Begun { id: earlier.id.clone(), answer, went_on: true }),
                Err(Unanswered::Error(problem)) if !needs_sign_in(&problem) => {}
                Err(other) => return Err(turn(other)),
            }
        }
        events.note(
            "The agent can't go on with its earlier conversation. It begins a new one and is \
             told how the earlier one ended.",
        );
        self.anew().await
    }

    fn params(&self) -> Value {
        let mut params = json!({ "cwd": self.copy, "mcpServers": [] });
        if let Ok(meta @ Value::Object(_)) = serde_json::from_str(self.meta) {
            params["_meta"] = meta;
        }
        params
    }
}

/// The session as it is told to the engine; none: its name is too long to be kept.
pub(super) fn session(begun: &Begun, greeted: &Greeted) -> Option<AgentSession> {
    let Greeted { resumes, loads, .. } = *greeted;
    let fits = begun.id.len() <= MAX_ID;
    fits.then(|| AgentSession { id: begun.id.clone(), resumes, loads })
}

/// Why there is no answer.
pub(super) enum Unanswered {
    /// The connection is gone.
    Lost(String),
    /// The agent answered with an error.
    Error(Error),
    /// It took too long.
    Late,
}

/// The answer to a request before the turn has begun.
pub(super) async fn call(
    connection: &ConnectionTo<Agent>,
    method: &str,
    params: Value,
) -> Result<Value, Unanswered> {
    let message = UntypedMessage::new(method, params).map_err(Unanswered::Error)?;
    let sent = connection.send_request(message).block_task();
    match tokio::time::timeout(TO_BEGIN, sent).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(problem))
            if connection.is_incoming_closed() && ends::of_error(&problem).is_none() =>
        {
            Err(Unanswered::Lost(problem.to_string()))
        }
        Ok(Err(problem)) => Err(Unanswered::Error(problem)),
        Err(_) => Err(Unanswered::Late),
    }
}

fn needs_sign_in(problem: &Error) -> bool {
    problem.code == AcpCode::AUTH_REQUIRED
}

const UNABLE: &str = "The agent could not begin a conversation.";

/// The end of an attempt that could not begin.
fn turn(unanswered: Unanswered) -> Turn {
    match unanswered {
        Unanswered::Lost(problem) => Turn::Lost(problem),
        Unanswered::Error(problem) => match ends::of_error(&problem) {
            Some(turn) => turn,
            None => Turn::Failed(unspoken(UNABLE, &problem.to_string())),
        },
        Unanswered::Late => {
            let what = "The agent did not answer for two minutes.";
            Turn::Failed(unspoken(what, "No answer to the first messages of ACP."))
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
