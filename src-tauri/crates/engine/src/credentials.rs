//! Where keys and tokens come from: the engine asks when it needs one and keeps none.

use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::secret::Secret;
use regatta_protocol::{Cause, KnownAgent, RepositoryAddress, UserMessage};
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

/// The token for a repository: the one that came with the request, else the one that is kept
/// for the address's host. Empty if there is neither, and for what has no host. The one rule for
/// our own calls and for what an endpoint is sent.
pub(crate) async fn repository_token(
    credentials: &dyn CredentialProvider,
    given: Option<&Secret>,
    address: Option<&RepositoryAddress>,
) -> Secret {
    if let Some(given) = given.filter(|token| !token.is_empty()) {
        return given.clone();
    }
    match address.and_then(RepositoryAddress::host) {
        Some(host) => credentials.git_token(host).await.unwrap_or_default(),
        None => Secret::default(),
    }
}

/// What is said of an endpoint that no key is kept for.
#[must_use]
pub fn missing_key(endpoint: &Endpoint) -> UserMessage {
    let (name, address) = (endpoint.name.clone(), endpoint.address.clone());
    UserMessage::from_cause(Cause::EndpointKeyMissing { name, address }, "Nothing was started.")
}

/// For where nobody keeps a key: there is none.
#[derive(Debug, Clone, Copy)]
pub struct NoCredentials;

impl CredentialProvider for NoCredentials {
    fn endpoint_key<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<Secret, UserMessage>> {
        Box::pin(std::future::ready(Err(missing_key(endpoint))))
    }

    fn git_token<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Option<Secret>> {
        Box::pin(std::future::ready(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct HostToken;

    impl CredentialProvider for HostToken {
        fn endpoint_key<'a>(
            &'a self,
            endpoint: &'a Endpoint,
        ) -> BoxFuture<'a, Result<Secret, UserMessage>> {
            NoCredentials.endpoint_key(endpoint)
        }

        fn git_token<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Option<Secret>> {
            let kept = (host == "git.example").then(|| Secret::new("kept"));
            Box::pin(std::future::ready(kept))
        }
    }

    #[tokio::test]
    async fn the_token_that_came_goes_before_the_kept_one_of_that_host() {
        for (given, address, token) in [
            (Some("came"), "https://git.example/r", "came"),
            (Some(" "), "https://git.example/r", "kept"),
            (None, "https://git.example/r", "kept"),
            (None, "https://GIT.example:443/r", "kept"),
            (None, "https://git.example:8443/r", ""),
            (None, "https://git.example.evil/r", ""),
            (None, "https://git.example@evil/r", ""),
            (None, "/srv/git.example", ""),
        ] {
            let (given, parsed) = (given.map(Secret::new), RepositoryAddress::parse(address).ok());
            let chosen = repository_token(&HostToken, given.as_ref(), parsed.as_ref()).await;
            assert_eq!(chosen.expose(), token, "{address}");
        }
    }
}
