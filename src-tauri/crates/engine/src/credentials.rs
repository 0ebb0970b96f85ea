//! Where keys and tokens come from: the engine asks when it needs one and keeps none.

use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::secret::Secret;
use regatta_protocol::{ErrorCode, KnownAgent, UserMessage};
use std::fmt::Debug;
use std::pin::Pin;

/// An answer that may take a moment, such as until a person unlocked their key store.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Knows the keys of endpoints and the tokens of hosts.
pub trait CredentialProvider: Debug + Send + Sync + 'static {
    /// The key that was entered for the endpoint's address, or why there is none.
    fn endpoint_key<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<Secret, UserMessage>>;

    /// The token for a host of repositories, such as `github.com`, if there is one.
    fn git_token<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Option<Secret>>;

    /// The key that was entered for an agent, if there is one. Most who keep keys of endpoints
    /// keep none of agents.
    fn agent_key(&self, _: KnownAgent) -> BoxFuture<'_, Option<Secret>> {
        Box::pin(std::future::ready(None))
    }
}

/// For where nobody keeps a key: there is none.
#[derive(Debug, Clone, Copy)]
pub struct NoCredentials;

impl CredentialProvider for NoCredentials {
    fn endpoint_key<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<Secret, UserMessage>> {
        let missing = UserMessage::new(
            ErrorCode::KeyMissing,
            format!("There is no key for \"{}\".", endpoint.name),
            "Nothing was started.",
            "Enter the key in the settings.",
        );
        Box::pin(std::future::ready(Err(missing)))
    }

    fn git_token<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Option<Secret>> {
        Box::pin(std::future::ready(None))
    }
}
