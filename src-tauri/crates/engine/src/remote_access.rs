//! Getting at repositories on other computers, with the token that fits.

use crate::batch_tokens::BatchTokens;
use crate::credentials::{CredentialProvider, repository_token};
use crate::dirs::Dirs;
use crate::store::TaskFacts;
use regatta_git::{GitError, Remote};
use regatta_protocol::secret::Secret;
use std::path::PathBuf;
use std::sync::Arc;

/// What is needed for that.
#[derive(Debug, Clone)]
pub(crate) struct RemoteAccess {
    /// Our own program, which git asks for a token.
    pub(crate) program: PathBuf,
    /// Where the caches are.
    pub(crate) dirs: Dirs,
    /// Those that came with requests.
    pub(crate) tokens: BatchTokens,
    pub(crate) credentials: Arc<dyn CredentialProvider>,
}

impl RemoteAccess {
    /// For tests of what needs none of it.
    #[cfg(test)]
    pub(crate) fn without_credentials(dir: &std::path::Path) -> Self {
        let (program, dirs) = (dir.join("regatta"), Dirs(dir.to_owned()));
        Self {
            program,
            dirs,
            tokens: BatchTokens::default(),
            credentials: Arc::new(crate::credentials::NoCredentials),
        }
    }

    /// The repository at `address` (or in that folder), with the token that was `given`, or
    /// else the one that is kept for its host.
    pub(crate) async fn authenticated_remote(
        &self,
        address: &str,
        given: Option<&Secret>,
    ) -> Result<Remote, GitError> {
        let remote = Remote::parse(address)?;
        let credentials = self.credentials.as_ref();
        let token = repository_token(credentials, given, Some(remote.address())).await;
        Ok(remote.with_token(&token, &self.program))
    }

    /// The repository that a task's batch is about.
    pub(crate) async fn task_remote(&self, facts: &TaskFacts) -> Result<Remote, GitError> {
        let given = self.tokens.get(&facts.view.batch);
        self.authenticated_remote(&facts.start.project, given.as_ref()).await
    }
}
