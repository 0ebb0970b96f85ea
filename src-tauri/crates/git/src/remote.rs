//! A project on another computer, and who may be asked there.

use crate::error::GitError;
use regatta_protocol::{RepositoryAddress, Secret};
use std::path::{Path, PathBuf};

/// Where a project is that isn't one of the person's own folders to us, with the token for
/// its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    address: RepositoryAddress,
    credential: Option<AskpassCredential>,
}

/// A token, and the program that git asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AskpassCredential {
    pub(crate) token: Secret,
    pub(crate) askpass: PathBuf,
}

impl Remote {
    /// Takes an address, or a folder. Who may use which folder is the caller's to say.
    ///
    /// # Errors
    /// [`GitError::BadAddress`] for what [`RepositoryAddress::parse`] refuses.
    pub fn parse(address: &str) -> Result<Self, GitError> {
        let address = RepositoryAddress::parse(address).map_err(GitError::BadAddress)?;
        Ok(Self { address, credential: None })
    }

    /// The same with the token for its host. `askpass`: our own program, which git runs to
    /// ask for it. An empty token is none.
    #[must_use]
    pub fn with_token(mut self, token: &Secret, askpass: &Path) -> Self {
        let login = AskpassCredential { token: token.clone(), askpass: askpass.to_owned() };
        self.credential = Some(login).filter(|login| !login.token.is_empty());
        self
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> &RepositoryAddress {
        &self.address
    }

    /// The token, if there is one for there.
    pub(crate) fn credential(&self) -> Option<&AskpassCredential> {
        self.credential.as_ref().filter(|_| self.address.host().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_no_remote() {
        for text in ["", "ext::sh -c touch% x", "https://user:token@host/r"] {
            let error = Remote::parse(text).expect_err(text);
            assert!(matches!(error, GitError::BadAddress(_)), "{text:?}: {error:?}");
            assert!(!error.to_string().contains("token@"), "{error}");
        }
    }

    #[test]
    fn a_token_goes_to_a_host_only_and_is_never_shown() {
        let token = Secret::new("hush");
        let with = |address: &str, token: &Secret| {
            Remote::parse(address).expect(address).with_token(token, Path::new("/regatta"))
        };
        let web = with("https://host/r", &token);
        assert_eq!(web.credential().map(|login| login.token.expose()), Some("hush"));
        assert!(!format!("{web:?}{}", web.address()).contains("hush"));
        assert!(with("/srv/shop", &token).credential().is_none());
        assert!(with("https://host/r", &Secret::new(" ")).credential().is_none());
    }
}
