//! The tokens that came with requests. In memory only: they end with the program.

use regatta_protocol::BatchId;
use regatta_protocol::secret::Secret;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Which batch may use which token for its repository's host.
#[derive(Debug, Clone, Default)]
pub(crate) struct BatchTokens(Arc<Mutex<HashMap<BatchId, Secret>>>);

impl BatchTokens {
    /// Keeps a batch's token for as long as the program runs: its tasks may be tried again.
    pub(crate) fn insert(&self, batch: &BatchId, token: Secret) {
        if !token.is_empty() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(batch.clone(), token);
        }
    }

    /// The token that came with a batch, if one did.
    pub(crate) fn get(&self, batch: &BatchId) -> Option<Secret> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(batch).cloned()
    }
}
