//! Keys of endpoints and tokens of hosts. They are kept in the computer's own key store, or in
//! memory until Regatta ends where there is none that can be used; never in a file of ours.
//!
//! The store answers at once, or when a person unlocked it, or never. So it has a thread of
//! its own, and whoever asks waits for a limited time only.

mod key_store;

use self::key_store::{KeyStore, KeyStoreError};
use regatta_engine::{BoxFuture, CredentialProvider, missing_key};
use regatta_protocol::endpoint::{Endpoint, SecretState};
use regatta_protocol::{ErrorCode, KnownAgent, Secret, UserMessage};
use regatta_trace::LogDropped;
use std::collections::HashMap;
use std::fmt;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a person may take to unlock the key store.
const UNLOCK_TIMEOUT: Duration = Duration::from_secs(20);

type KeyStoreJob = Box<dyn FnOnce(&mut KeyStore) + Send>;

/// What a secret is for: the name of its entry in the key store. The address that it was
/// entered for is a part of it, so whatever is sent elsewhere finds nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SecretId(String);

impl SecretId {
    /// The key of an endpoint at its address.
    pub(crate) fn for_endpoint(endpoint: &Endpoint) -> Self {
        Self(format!("{} at {}", endpoint.id, endpoint.address))
    }

    /// The key of an agent.
    pub(crate) fn for_agent(agent: KnownAgent) -> Self {
        Self(format!("key of {}", agent.id()))
    }

    /// The token for a host of repositories.
    pub(crate) fn for_host(host: &str) -> Self {
        Self(format!("token for {}", host.to_lowercase()))
    }
}

/// All secrets. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Secrets(Arc<Inner>);

struct Inner {
    for_session: Mutex<HashMap<SecretId, Secret>>,
    /// `None` if there is no key store.
    key_store: Option<Sender<KeyStoreJob>>,
    unlock_timeout: Duration,
}

/// How it stands with some secrets.
pub(crate) struct SecretStates {
    /// Each one's state, in the order in which they were asked for.
    pub(crate) states: Vec<SecretState>,
    /// Why the key store can't be used, if so.
    pub(crate) notice: Option<UserMessage>,
}

impl Secrets {
    /// With the computer's key store, which isn't touched yet.
    pub(crate) fn new() -> Self {
        let (sender, jobs) = mpsc::channel::<KeyStoreJob>();
        let work = move || {
            let mut store = KeyStore::default();
            jobs.into_iter().for_each(|job| job(&mut store));
        };
        let started = std::thread::Builder::new().name("key store".to_owned()).spawn(work);
        let started = started.log_dropped("starting the key store's thread");
        Self::from_parts(started.map(|_| sender), UNLOCK_TIMEOUT)
    }

    /// With memory only: a test must not touch the key store of whoever runs it.
    #[cfg(test)]
    pub(crate) fn without_key_store() -> Self {
        Self::from_parts(None, UNLOCK_TIMEOUT)
    }

    /// With a key store that waits for a person who never comes.
    #[cfg(test)]
    pub(crate) fn with_stuck_key_store() -> Self {
        let (sender, jobs) = mpsc::channel();
        std::mem::forget(jobs);
        Self::from_parts(Some(sender), Duration::from_secs(3_600))
    }

    fn from_parts(key_store: Option<Sender<KeyStoreJob>>, unlock_timeout: Duration) -> Self {
        Self(Arc::new(Inner { for_session: Mutex::default(), key_store, unlock_timeout }))
    }

    /// How it stands with these secrets.
    pub(crate) async fn read_states(&self, secret_ids: Vec<SecretId>) -> SecretStates {
        let wanted = secret_ids.clone();
        let looked = self.run_job(move |store| store.has_entries(&wanted)).await;
        let for_session = self.for_session();
        let state = |(n, secret_id)| match &looked {
            _ if for_session.contains_key(secret_id) => SecretState::ForSession,
            Ok(kept) if kept[n] => SecretState::Stored,
            _ => SecretState::Missing,
        };
        let states = secret_ids.iter().enumerate().map(state).collect();
        drop(for_session);
        SecretStates { states, notice: looked.err().map(KeyStoreError::into_user_message) }
    }

    /// Keeps a secret in the place of the one before. Gives the reason when it could only be
    /// kept in memory.
    pub(crate) async fn save(&self, secret_id: SecretId, secret: Secret) -> Option<UserMessage> {
        let entry = (secret_id.clone(), secret.clone());
        match self.run_job(move |store| store.write(&entry.0, &entry.1)).await {
            Ok(()) => {
                self.for_session().remove(&secret_id);
                None
            }
            Err(error) => {
                self.for_session().insert(secret_id, secret);
                Some(error.into_user_message())
            }
        }
    }

    /// Removes a secret; that there is none is fine.
    ///
    /// # Errors
    /// The key store may have it still.
    pub(crate) async fn remove(&self, secret_id: SecretId) -> Result<(), UserMessage> {
        self.for_session().remove(&secret_id);
        let entry = secret_id.clone();
        let details = match self.run_job(move |store| store.delete(&entry)).await {
            Ok(()) | Err(KeyStoreError::Absent(_)) => return Ok(()),
            Err(KeyStoreError::Locked(details) | KeyStoreError::Failed(details)) => details,
        };
        let what = "The key could not be removed from your computer's key store.";
        let safe = "Regatta uses it only for the address that it was entered for.";
        let next =
            format!("Unlock the key store and try again, or remove “{}” there.", secret_id.0);
        Err(UserMessage::new(ErrorCode::KeyStoreMissing, what, safe, next).with_details(details))
    }

    /// The secret, if there is one.
    ///
    /// # Errors
    /// The key store can't be read now.
    pub(crate) async fn read(&self, secret_id: SecretId) -> Result<Option<Secret>, UserMessage> {
        if let Some(secret) = self.for_session().get(&secret_id) {
            return Ok(Some(secret.clone()));
        }
        match self.run_job(move |store| store.read(&secret_id)).await {
            Err(KeyStoreError::Absent(_)) => Ok(None),
            read => read.map_err(KeyStoreError::into_user_message),
        }
    }

    /// Has the key store's thread do `job`, and waits for it as long as a person may take.
    async fn run_job<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut KeyStore) -> Result<T, KeyStoreError> + Send + 'static,
    ) -> Result<T, KeyStoreError> {
        let absent = || KeyStoreError::Absent("Its thread doesn't run.".to_owned());
        let (reply, answer) = oneshot::channel();
        // Whoever asked may have given up by then; what was done stays done.
        let job = move |store: &mut KeyStore| {
            reply.send(job(store)).log_failed("answering from the key store");
        };
        let key_store = self.0.key_store.as_ref().ok_or_else(absent)?;
        key_store.send(Box::new(job)).map_err(|_| absent())?;
        match tokio::time::timeout(self.0.unlock_timeout, answer).await {
            Ok(answer) => answer.map_err(|_| absent())?,
            Err(late) => Err(KeyStoreError::Locked(late.to_string())),
        }
    }

    fn for_session(&self) -> MutexGuard<'_, HashMap<SecretId, Secret>> {
        self.0.for_session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl CredentialProvider for Secrets {
    fn endpoint_key<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<Secret, UserMessage>> {
        Box::pin(async {
            self.read(SecretId::for_endpoint(endpoint)).await?.ok_or_else(|| missing_key(endpoint))
        })
    }

    fn git_token<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Option<Secret>> {
        Box::pin(async {
            self.read(SecretId::for_host(host)).await.log_dropped("reading a token").flatten()
        })
    }

    fn agent_key(&self, agent: KnownAgent) -> BoxFuture<'_, Option<Secret>> {
        Box::pin(async move {
            self.read(SecretId::for_agent(agent)).await.log_dropped("reading a key").flatten()
        })
    }
}

#[cfg(test)]
mod tests;
