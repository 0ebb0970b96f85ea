//! Getting at repositories on other computers, with the token that fits.

use crate::dirs::Dirs;
use crate::keys::Keys;
use crate::store::TaskFacts;
use crate::tokens::Tokens;
use regatta_git::{GitError, Remote};
use regatta_protocol::secret::Secret;
use std::path::PathBuf;
use std::sync::Arc;

/// What is needed for that.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// Our own program, which git asks for a token.
    pub(crate) program: PathBuf,
    /// Where the caches are.
    pub(crate) dirs: Dirs,
    /// Those that came with requests.
    pub(crate) tokens: Tokens,
    pub(crate) keys: Arc<dyn Keys>,
}

impl Access {
    /// For tests of what needs none of it.
    #[cfg(test)]
    pub(crate) fn without_keys(dir: &std::path::Path) -> Self {
        let (program, dirs) = (dir.join("regatta"), Dirs(dir.to_owned()));
        Self { program, dirs, tokens: Tokens::default(), keys: Arc::new(crate::keys::NoKeys) }
    }

    /// The repository at `address` (or in that folder), with the token that was `given`, or
    /// else the one that is kept for its host.
    pub(crate) async fn remote(
        &self,
        address: &str,
        given: Option<&Secret>,
    ) -> Result<Remote, GitError> {
        let remote = Remote::parse_any(address)?;
        let Some(host) = remote.host() else { return Ok(remote) };
        let token = match given.filter(|token| !token.is_empty()) {
            Some(token) => token.clone(),
            None => self.keys.git_token(host).await.unwrap_or_default(),
        };
        Ok(remote.with_token(&token, &self.program))
    }

    /// The repository that a task's batch is about.
    pub(crate) async fn repository(&self, facts: &TaskFacts) -> Result<Remote, GitError> {
        let given = self.tokens.of(&facts.view.batch);
        self.remote(&facts.start.project, given.as_ref()).await
    }
}
