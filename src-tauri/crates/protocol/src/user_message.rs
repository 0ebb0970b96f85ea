//! What a person is told when something did not go as asked.

use crate::{Cause, Edge};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// Why a request failed or a task ended as it did. A closed list: the UI and callers
/// branch on it and on nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request itself can't be run: empty or double names, no tasks, too many.
    BadRequest,
    /// No such batch, task, file or question.
    NotFound,
    /// It was asked of a task that isn't in the right state for it.
    WrongState,
    /// The folder isn't there.
    ProjectMissing,
    /// The folder is there but has no git history at all.
    NotARepository,
    /// The repository has no commit yet.
    NoCommit,
    /// The branch or commit to start from isn't there.
    BranchMissing,
    /// The git program is missing or older than 2.39.
    GitMissing,
    /// A git call failed.
    GitFailed,
    /// The agent's program isn't on this computer.
    AgentMissing,
    /// The agent ended before it said that it was done.
    AgentDied,
    /// The agent said that it failed, refused or ran out of room.
    AgentFailed,
    /// The agent's service wants a person to sign in again, or refused its key.
    SignInNeeded,
    /// The agent could not be installed.
    InstallFailed,
    /// The agent doesn't speak the protocol it was started for.
    AgentProtocol,
    /// The task used up its time.
    TimeLimit,
    /// It took as many turns as it may.
    TurnLimit,
    /// It cost as much as it may.
    CostLimit,
    /// The program that works on the task ended unexpectedly.
    WorkerDied,
    /// Too little free disk space.
    DiskFull,
    /// The data folder can't be written.
    DataReadOnly,
    /// Another Regatta uses the data folder.
    DataInUse,
    /// The store is damaged.
    StoreCorrupt,
    /// The store was written by a newer Regatta.
    StoreTooNew,
    /// A settings file is damaged.
    SettingsCorrupt,
    /// Regatta ended while the task worked.
    Interrupted,
    /// The endpoint isn't in the settings any more, or its address isn't one.
    EndpointMissing,
    /// No key is kept for the endpoint's address.
    KeyMissing,
    /// The key was refused (401, 403).
    KeyRefused,
    /// This computer has no key store, or it can't be used now.
    KeyStoreMissing,
    /// The repository's host refused the token, or it may not do enough.
    TokenRefused,
    /// The endpoint can't be reached: unknown host, refused, no trusted certificate.
    EndpointUnreachable,
    /// The endpoint, or the agent's service, asks for payment or for patience (402, 429).
    UsageLimit,
    /// The endpoint failed (5xx).
    EndpointFailed,
    /// The endpoint refused the request (other 4xx); its words are the details.
    EndpointRefused,
    /// What answers at the address doesn't speak the Cloud Coding API.
    EndpointProtocol,
    /// The connection was lost, so the outcome isn't known.
    ConnectionLost,
    /// The repository can't be reached or can't be written to.
    RemoteFailed,
    /// The same `Idempotency-Key` came with another request (409).
    #[serde(rename = "key_reused")]
    IdempotencyKeyReused,
    /// The request is too large (413).
    #[serde(rename = "too_large")]
    PayloadTooLarge,
    /// Too many streams are open, or too much is asked for at once (429).
    #[serde(rename = "too_many")]
    TooManyRequests,
    /// No key or a wrong one came with the request to our server (401).
    Unauthorized,
    /// Our server doesn't take requests of this kind from there: host, origin, folder (403).
    #[serde(rename = "not_allowed")]
    Forbidden,
    /// A bug of ours.
    Internal,
}

/// One message to a person: what happened, whether their work is safe, what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UserMessage {
    /// For callers to branch on.
    pub code: ErrorCode,
    /// What happened, one sentence.
    #[serde(rename = "what")]
    pub message: String,
    /// Whether work is safe, one sentence; empty where no work was touched.
    #[serde(default)]
    #[serde(rename = "safe")]
    pub impact: String,
    /// What to do, one sentence.
    #[serde(default)]
    #[serde(rename = "next")]
    pub hint: String,
    /// The technical part, shown under "Show details".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub details: Option<String>,
    /// Why, for the edges to say what to do; not for others.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_cause")]
    #[cfg_attr(feature = "ts", ts(skip))]
    #[cfg_attr(feature = "schema", schema(ignore))]
    pub cause: Option<Box<Cause>>,
}

impl UserMessage {
    /// A message with its three sentences and no details.
    pub fn new(
        code: ErrorCode,
        what: impl Into<String>,
        safe: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        let (message, impact, hint) = (what.into(), safe.into(), next.into());
        Self { code, message, impact, hint, details: None, cause: None }
    }

    /// A message that says why, and what to do in the window; [`Edge::adapt`] makes it what to
    /// do elsewhere.
    pub fn from_cause(cause: Cause, safe: impl Into<String>) -> Self {
        let mut message = Self::new(cause.code(), cause.what(), safe, cause.hint(Edge::Window));
        message.cause = Some(Box::new(cause));
        message
    }

    /// The same message with another thing to do, which is the same at every edge.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        (self.hint, self.cause) = (hint.into(), None);
        self
    }

    /// The same message with its technical part.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }
}

/// A cause that this version knows: another version's message is read without it.
fn known_cause<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<Cause>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Read {
        Known(Box<Cause>),
        Other(IgnoredAny),
    }
    Ok(match Read::deserialize(deserializer)? {
        Read::Known(cause) => Some(cause),
        Read::Other(IgnoredAny) => None,
    })
}

impl fmt::Display for UserMessage {
    /// The sentences one after the other; details are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentences = [&self.message, &self.impact, &self.hint];
        let said: Vec<&str> =
            sentences.into_iter().map(String::as_str).filter(|s| !s.is_empty()).collect();
        f.write_str(&said.join(" "))
    }
}

impl std::error::Error for UserMessage {}
