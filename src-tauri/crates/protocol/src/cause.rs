//! Why something did not go as asked, as facts. Rooms that don't know who reads a message say it
//! with one of these; what to do about it is said where it is read ([`Edge`]).

mod git;
mod hint;
mod store;

pub use git::GitCause;
pub use store::StoreCause;

use crate::{Edge, ErrorCode};
use serde::{Deserialize, Serialize};

/// The most characters of others' words in a sentence.
const MAX_WORDS: usize = 300;
/// The most characters of a name in a sentence.
const MAX_NAME: usize = 80;

/// Why something did not go as asked. Its facts are no secrets: they are kept in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// No endpoint of this id is known.
    EndpointUnknown,
    /// No key is kept for the endpoint.
    EndpointKeyMissing {
        /// What people call the endpoint.
        name: String,
        /// Where it is.
        address: String,
    },
    /// The key can't stand in a header.
    EndpointKeyInvalid,
    /// The endpoint refused the key (401, 403).
    EndpointKeyRefused,
    /// No computer has the name that the address holds.
    EndpointHostUnknown {
        /// The name.
        host: String,
    },
    /// The certificate isn't one for this host, or nobody trusts it.
    EndpointUnproven {
        /// The host.
        host: String,
    },
    /// Nothing came back in time.
    EndpointSilent {
        /// The host.
        host: String,
    },
    /// There was no connection.
    EndpointUnreachable {
        /// The host.
        host: String,
    },
    /// The address leads to something that doesn't know the call (404).
    EndpointCallUnknown,
    /// The address sends elsewhere (3xx).
    EndpointRedirects,
    /// A web page came instead of events.
    EndpointIsWebPage,
    /// What came is nothing of the Cloud Coding API.
    EndpointIsAnotherApi,
    /// The endpoint refused the request for a reason of its own (other 4xx).
    EndpointRefused {
        /// The status.
        status: u16,
        /// What it said; empty when it said nothing.
        said: String,
        /// What it said to do; empty when it said nothing.
        hint: String,
    },
    /// No token is kept for a host of repositories.
    HostTokenMissing {
        /// The host.
        host: String,
    },
    /// What answers isn't the API of a host of repositories.
    HostIsAnotherApi,
    /// The agent's program isn't there.
    AgentProgramMissing {
        /// The program.
        program: String,
    },
    /// The agent isn't signed in, or its key was refused.
    AgentSignedOut,
    /// The project, its host or the program git can't be used.
    Git(GitCause),
    /// What is kept can't be read, written or found.
    Store(StoreCause),
}

impl Cause {
    /// What callers branch on.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::EndpointUnknown => ErrorCode::EndpointMissing,
            Self::EndpointKeyMissing { .. } | Self::HostTokenMissing { .. } => {
                ErrorCode::KeyMissing
            }
            Self::EndpointKeyInvalid | Self::EndpointKeyRefused => ErrorCode::KeyRefused,
            Self::EndpointHostUnknown { .. }
            | Self::EndpointUnproven { .. }
            | Self::EndpointSilent { .. }
            | Self::EndpointUnreachable { .. } => ErrorCode::EndpointUnreachable,
            Self::EndpointCallUnknown | Self::EndpointRefused { .. } => ErrorCode::EndpointRefused,
            Self::EndpointRedirects
            | Self::EndpointIsWebPage
            | Self::EndpointIsAnotherApi
            | Self::HostIsAnotherApi => ErrorCode::EndpointProtocol,
            Self::AgentProgramMissing { .. } => ErrorCode::AgentMissing,
            Self::AgentSignedOut => ErrorCode::SignInNeeded,
            Self::Git(cause) => cause.code(),
            Self::Store(cause) => cause.code(),
        }
    }

    /// What happened, one sentence that is true wherever it is read.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::EndpointUnknown => "This endpoint isn't known any more.".to_owned(),
            Self::EndpointKeyMissing { name, address } => {
                format!("There is no key for “{}” at {}.", named(name), named(address))
            }
            Self::EndpointKeyInvalid => "The key holds characters that no key can have.".to_owned(),
            Self::EndpointKeyRefused => "The endpoint refused the key.".to_owned(),
            Self::EndpointHostUnknown { host } => {
                format!("There is no computer called {}.", named(host))
            }
            Self::EndpointUnproven { host } => {
                format!("{} can't prove who it is, so nothing was sent to it.", named(host))
            }
            Self::EndpointSilent { host } => format!("{} doesn't answer.", named(host)),
            Self::EndpointUnreachable { host } => format!("{} can't be reached.", named(host)),
            Self::EndpointCallUnknown => {
                "The endpoint doesn't know this call, or what it is about.".to_owned()
            }
            Self::EndpointRedirects => {
                "The address sends elsewhere, which Regatta doesn't follow with a key.".to_owned()
            }
            Self::EndpointIsWebPage => {
                "The endpoint answered with a web page instead of events.".to_owned()
            }
            Self::EndpointIsAnotherApi => {
                "The endpoint's answer isn't one of the Cloud Coding API.".to_owned()
            }
            Self::EndpointRefused { status, said, .. } => {
                format!("The endpoint refused the request ({status}){}", quote(said))
            }
            Self::HostTokenMissing { host } => format!("There is no token for {}.", named(host)),
            Self::HostIsAnotherApi => {
                "What answers at this address isn't the API of a host of repositories.".to_owned()
            }
            Self::AgentProgramMissing { program } => {
                let program = one_line(program, 200);
                format!("The agent's program \"{program}\" isn't on this computer.")
            }
            Self::AgentSignedOut => "The agent isn't signed in, or its key was refused.".to_owned(),
            Self::Git(cause) => cause.what(),
            Self::Store(cause) => cause.what(),
        }
    }

    /// What to do about it, for who reads it at `edge`.
    #[must_use]
    pub fn hint(&self, edge: Edge) -> String {
        if let Self::EndpointRefused { hint, .. } = self {
            return refusal_hint(hint);
        }
        match edge {
            Edge::Window => hint::in_window(self),
            Edge::Terminal => hint::in_terminal(self),
            Edge::Api => hint::in_api(self),
        }
        .to_owned()
    }
}

/// What the endpoint itself says to do: it knows why it refused.
fn refusal_hint(said: &str) -> String {
    match one_line(said, MAX_WORDS) {
        said if said.is_empty() => "Read what it says under the details.".to_owned(),
        said => said,
    }
}

/// A name as it can stand in a sentence.
fn named(name: &str) -> String {
    one_line(name, MAX_NAME)
}

/// Others' words as the end of a sentence: `: words.`, or `.` when there are none.
#[must_use]
pub fn quote(said: &str) -> String {
    let said = one_line(said, MAX_WORDS);
    match said.chars().last() {
        None => ".".to_owned(),
        Some('.' | '!' | '?') => format!(": {said}"),
        Some(_) => format!(": {said}."),
    }
}

/// Others' text in one line of at most `max` characters, without what drives a terminal or turns
/// the direction of writing.
fn one_line(text: &str, max: usize) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut line: String = text
        .trim()
        .chars()
        .take(max)
        .map(|c| if c.is_control() || turns(c) { ' ' } else { c })
        .collect();
    if text.trim().chars().nth(max).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests;
