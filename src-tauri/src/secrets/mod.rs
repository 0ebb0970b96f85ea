//! Keys of endpoints and tokens of hosts. They are kept in the computer's own key store, or in
//! memory until Regatta ends where there is none that can be used; never in a file of ours.
//!
//! The store answers at once, or when a person unlocked it, or never. So it has a thread of
//! its own, and whoever asks waits for a limited time only.

mod key_store;

use self::key_store::{KeyStore, Trouble};
use regatta_engine::{Asked, Keys};
use regatta_protocol::endpoint::{Endpoint, SecretState};
use regatta_protocol::{ErrorCode, KnownAgent, Notice, Secret};
use std::collections::HashMap;
use std::fmt;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a person may take to unlock the key store.
const PATIENCE: Duration = Duration::from_secs(20);

type Job = Box<dyn FnOnce(&mut KeyStore) + Send>;

/// What a secret is for: the name of its entry in the key store. The address that it was
/// entered for is a part of it, so whatever is sent elsewhere finds nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Slot(String);

impl Slot {
    /// The key of an endpoint at its address.
    pub(crate) fn key(endpoint: &Endpoint) -> Self {
        Self(format!("{} at {}", endpoint.id, endpoint.address))
    }

    /// The key of an agent.
    pub(crate) fn agent(agent: KnownAgent) -> Self {
        Self(format!("key of {}", agent.id()))
    }

    /// The token for a host of repositories.
    pub(crate) fn token(host: &str) -> Self {
        Self(format!("token for {}", host.to_lowercase()))
    }
}

/// All secrets. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Secrets(Arc<Inner>);

struct Inner {
    for_session: Mutex<HashMap<Slot, Secret>>,
    /// None: there is no key store.
    key_store: Option<Sender<Job>>,
    patience: Duration,
}

/// How it stands with some secrets.
pub(crate) struct Look {
    /// Each one's state, in the order in which they were asked for.
    pub(crate) states: Vec<SecretState>,
    /// Why the key store can't be used, if so.
    pub(crate) notice: Option<Notice>,
}

impl Secrets {
    /// With the computer's key store, which isn't touched yet.
    pub(crate) fn new() -> Self {
        let (sender, jobs) = mpsc::channel::<Job>();
        let work = move || {
            let mut store = KeyStore::default();
            jobs.into_iter().for_each(|job| job(&mut store));
        };
        let started = std::thread::Builder::new().name("key store".to_owned()).spawn(work);
        Self::with(started.is_ok().then_some(sender), PATIENCE)
    }

    /// With memory only: a test must not touch the key store of whoever runs it.
    #[cfg(test)]
    pub(crate) fn without_key_store() -> Self {
        Self::with(None, PATIENCE)
    }

    /// With a key store that waits for a person who never comes.
    #[cfg(test)]
    pub(crate) fn waiting_for_a_person() -> Self {
        let (sender, jobs) = mpsc::channel();
        std::mem::forget(jobs);
        Self::with(Some(sender), Duration::from_secs(3_600))
    }

    fn with(key_store: Option<Sender<Job>>, patience: Duration) -> Self {
        Self(Arc::new(Inner { for_session: Mutex::default(), key_store, patience }))
    }

    /// How it stands with these secrets.
    pub(crate) async fn look(&self, slots: Vec<Slot>) -> Look {
        let wanted = slots.clone();
        let looked = self.ask(move |store| store.look(&wanted)).await;
        let for_session = self.for_session();
        let state = |(n, slot)| match &looked {
            _ if for_session.contains_key(slot) => SecretState::ForSession,
            Ok(kept) if kept[n] => SecretState::Kept,
            _ => SecretState::Missing,
        };
        let states = slots.iter().enumerate().map(state).collect();
        drop(for_session);
        Look { states, notice: looked.err().map(Trouble::notice) }
    }

    /// Keeps a secret in the place of the one before. Gives the reason when it could only be
    /// kept in memory.
    pub(crate) async fn keep(&self, slot: Slot, secret: Secret) -> Option<Notice> {
        let entry = (slot.clone(), secret.clone());
        match self.ask(move |store| store.keep(&entry.0, &entry.1)).await {
            Ok(()) => {
                self.for_session().remove(&slot);
                None
            }
            Err(trouble) => {
                self.for_session().insert(slot, secret);
                Some(trouble.notice())
            }
        }
    }

    /// Removes a secret; that there is none is fine.
    ///
    /// # Errors
    /// The key store may have it still.
    pub(crate) async fn forget(&self, slot: Slot) -> Result<(), Notice> {
        self.for_session().remove(&slot);
        let entry = slot.clone();
        let details = match self.ask(move |store| store.forget(&entry)).await {
            Ok(()) | Err(Trouble::Absent(_)) => return Ok(()),
            Err(Trouble::Locked(details) | Trouble::Failed(details)) => details,
        };
        let what = "The key could not be removed from your computer's key store.";
        let safe = "Regatta uses it only for the address that it was entered for.";
        let next = format!("Unlock the key store and try again, or remove “{}” there.", slot.0);
        Err(Notice::new(ErrorCode::KeyStoreMissing, what, safe, next).with_details(details))
    }

    /// The secret, if there is one.
    ///
    /// # Errors
    /// The key store can't be read now.
    pub(crate) async fn read(&self, slot: Slot) -> Result<Option<Secret>, Notice> {
        if let Some(secret) = self.for_session().get(&slot) {
            return Ok(Some(secret.clone()));
        }
        match self.ask(move |store| store.read(&slot)).await {
            Err(Trouble::Absent(_)) => Ok(None),
            read => read.map_err(Trouble::notice),
        }
    }

    /// Has the key store's thread do `job`, and waits for it as long as a person may take.
    async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut KeyStore) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Trouble> {
        let absent = || Trouble::Absent("Its thread doesn't run.".to_owned());
        let (reply, answer) = oneshot::channel();
        // Whoever asked may have given up by then; what was done stays done.
        let job = move |store: &mut KeyStore| drop(reply.send(job(store)));
        let key_store = self.0.key_store.as_ref().ok_or_else(absent)?;
        key_store.send(Box::new(job)).map_err(|_| absent())?;
        match tokio::time::timeout(self.0.patience, answer).await {
            Ok(answer) => answer.map_err(|_| absent())?,
            Err(late) => Err(Trouble::Locked(late.to_string())),
        }
    }

    fn for_session(&self) -> MutexGuard<'_, HashMap<Slot, Secret>> {
        self.0.for_session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Keys for Secrets {
    fn endpoint_key<'a>(&'a self, endpoint: &'a Endpoint) -> Asked<'a, Result<Secret, Notice>> {
        Box::pin(async { self.read(Slot::key(endpoint)).await?.ok_or_else(|| no_key(endpoint)) })
    }

    fn git_token<'a>(&'a self, host: &'a str) -> Asked<'a, Option<Secret>> {
        Box::pin(async { self.read(Slot::token(host)).await.ok().flatten() })
    }

    fn agent_key(&self, agent: KnownAgent) -> Asked<'_, Option<Secret>> {
        Box::pin(async move { self.read(Slot::agent(agent)).await.ok().flatten() })
    }
}

fn no_key(endpoint: &Endpoint) -> Notice {
    let what = format!("There is no key for “{}” at {}.", endpoint.name, endpoint.address);
    let next = "Enter it in the settings, under Endpoints.";
    Notice::new(ErrorCode::KeyMissing, what, "Nothing was started.", next)
}

#[cfg(test)]
mod tests;
