//! A person's repositories, from GitHub's REST API (or one that speaks like it).

use crate::Client;
use regatta_protocol::endpoint::{RepositoryPage, Tested};
use regatta_protocol::{Notice, Secret};

/// The API of a host of repositories, and a person's token for it.
#[derive(Debug, Clone)]
pub struct GitHub {
    client: Client,
    api: crate::Address,
}

impl GitHub {
    /// `api` is the API's own address, such as `https://api.github.com`.
    ///
    /// # Errors
    /// The address isn't one.
    pub fn new(client: &Client, api: &str, token: Secret) -> Result<Self, Notice> {
        let api = crate::Address::parse(api)?.with_key(token);
        Ok(Self { client: client.clone(), api })
    }

    /// A page of the person's repositories, from 1, those changed last first.
    ///
    /// # Errors
    /// What keeps the list from being read.
    pub async fn repositories(&self, page: u32) -> Result<RepositoryPage, Notice> {
        let _ = page;
        Err(self.client.test(&self.api).await.notice.expect("BUG: not built"))
    }

    /// The names of a repository's branches, by the repository's address.
    ///
    /// # Errors
    /// What keeps them from being read.
    pub async fn branches(&self, address: &str) -> Result<Vec<String>, Notice> {
        let _ = address;
        Ok(Vec::new())
    }

    /// Whether the token is taken, and may do enough.
    pub async fn test(&self) -> Tested {
        self.client.test(&self.api).await
    }
}
