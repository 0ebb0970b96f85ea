//! Places besides this computer: addresses at which a Cloud Coding API answers, and what a
//! person is told of them, of keys, and of the repositories they can choose from.

use crate::EndpointId;
use crate::user_message::UserMessage;
use serde::{Deserialize, Serialize};

/// The address of a Cloud Coding API. Its key is kept elsewhere, bound to the address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Endpoint {
    /// Unique on this computer.
    pub id: EndpointId,
    /// What the person calls it.
    pub name: String,
    /// Its base, such as `https://api.cloudcoding.ai`: https, or http to this machine; without
    /// a slash at its end, without a user, query or fragment.
    pub address: String,
}

/// An endpoint and how it stands with its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EndpointView {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Its key.
    pub key: SecretState,
}

/// The host of repositories and how it stands with its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TokenView {
    /// The host, such as `github.com`.
    pub host: String,
    /// Its token.
    pub token: SecretState,
}

/// Whether a secret is kept. The secret itself never leaves the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SecretState {
    /// None was entered for this address.
    Missing,
    /// In the computer's key store.
    #[serde(rename = "kept")]
    Stored,
    /// In memory until Regatta ends, as the computer has no key store that can be used.
    ForSession,
}

/// Everything that the settings show of places and secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CredentialsView {
    /// The endpoints in order.
    pub endpoints: Vec<EndpointView>,
    /// The host that repositories are listed from.
    pub github: TokenView,
    /// What to say of the key store, when it can't be used.
    #[serde(rename = "store")]
    pub key_store_notice: Option<UserMessage>,
}

/// What a test of a key or token found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ConnectionTest {
    /// Whether it can be used, as far as is known.
    #[serde(rename = "ok")]
    pub passed: bool,
    /// One sentence, such as "The key works. 2 agents are there."
    #[serde(rename = "said")]
    pub message: String,
    /// Why not, when it can't.
    pub notice: Option<UserMessage>,
}

/// A repository that a person can choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Repository {
    /// `owner/name`.
    pub full_name: String,
    /// Its address for git.
    pub address: String,
    /// Whether only some people see it.
    #[serde(rename = "private")]
    pub is_private: bool,
    /// The branch that is its main version.
    pub default_branch: String,
    /// Whether the token may write to it.
    pub can_write: bool,
}

/// A part of a person's list of repositories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RepositoryPage {
    /// The repositories, those changed last first.
    pub repositories: Vec<Repository>,
    /// The number of the next page, if there is one.
    #[serde(rename = "next")]
    pub next_page: Option<u32>,
    /// What to know before starting anything, such as a token that may not do enough.
    pub notice: Option<UserMessage>,
}

/// A task's branch as it is at the remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RemoteBranch {
    /// The branch that was looked for.
    pub branch: String,
    /// The commit it points to; `None` if it isn't there.
    pub commit: Option<String>,
    /// How many commits it has that the start doesn't have, as far as that can be told.
    #[serde(rename = "commits")]
    pub commits_ahead: Option<u32>,
}
