//! The computer's key store: Secret Service, Keychain or Credential Manager. The only door to
//! the crate `keyring`. Each call may wait for a person.

use super::SecretId;
use keyring::v1::{Entry, Error};
use regatta_protocol::{ErrorCode, Secret, UserMessage};

/// Who the entries belong to.
const SERVICE: &str = "Regatta";

/// Why the key store can't be used, with the technical part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyStoreError {
    /// There is none.
    Absent(String),
    /// It is locked, or waits for a person.
    Locked(String),
    /// It failed.
    Failed(String),
}

impl KeyStoreError {
    /// What a person is told, when a key is asked for or was entered.
    pub(super) fn into_user_message(self) -> UserMessage {
        let (what, safe, next, details) = match self {
            Self::Absent(details) => (
                "This computer has no key store that Regatta can use.",
                "Keys are kept until Regatta ends, and are never written to a file.",
                "Enter them again after the next start, or set up a key store such as GNOME Keyring.",
                details,
            ),
            Self::Locked(details) => (
                "Your computer's key store is locked or waits for you.",
                "What is in it stays there. A key that you enter now is kept until Regatta ends.",
                "Unlock it, then try again.",
                details,
            ),
            Self::Failed(details) => (
                "Your computer's key store failed.",
                "A key that you enter now is kept until Regatta ends.",
                "Look whether the key store runs, then start Regatta again.",
                details,
            ),
        };
        UserMessage::new(ErrorCode::KeyStoreMissing, what, safe, next).with_details(details)
    }
}

/// The key store, opened with the first call.
#[derive(Default)]
pub(super) struct KeyStore {
    /// Whether something could be written, as far as that is known.
    write_check: Option<Result<(), KeyStoreError>>,
}

impl KeyStore {
    /// Whether there is an entry, for each slot.
    pub(super) fn has_entries(
        &mut self,
        secret_ids: &[SecretId],
    ) -> Result<Vec<bool>, KeyStoreError> {
        let there =
            secret_ids.iter().map(has_entry).collect::<Result<Vec<bool>, KeyStoreError>>()?;
        if !there.contains(&true) {
            self.check_writable()?;
        }
        Ok(there)
    }

    /// The entry's secret.
    pub(super) fn read(&mut self, secret_id: &SecretId) -> Result<Option<Secret>, KeyStoreError> {
        let read = entry(secret_id)?.get_password().map(|text| Some(Secret::new(&text)));
        no_entry_as(read, None)
    }

    /// Writes an entry.
    pub(super) fn write(
        &mut self,
        secret_id: &SecretId,
        secret: &Secret,
    ) -> Result<(), KeyStoreError> {
        let kept = entry(secret_id)?.set_password(secret.expose()).map_err(|e| key_store_error(&e));
        self.write_check = Some(kept.clone());
        kept
    }

    /// Removes an entry.
    pub(super) fn delete(&mut self, secret_id: &SecretId) -> Result<(), KeyStoreError> {
        no_entry_as(entry(secret_id)?.delete_credential(), ())
    }

    /// "No entry" is also the answer of a store that can't take any. So one is written and
    /// removed again, once.
    fn check_writable(&mut self) -> Result<(), KeyStoreError> {
        if let Some(known) = &self.write_check {
            return known.clone();
        }
        let secret_id = SecretId("a test, removed at once".to_owned());
        self.write(&secret_id, &Secret::new("test"))?;
        self.delete(&secret_id)
    }
}

fn entry(secret_id: &SecretId) -> Result<Entry, KeyStoreError> {
    Entry::new(SERVICE, &secret_id.0).map_err(|error| key_store_error(&error))
}

fn has_entry(secret_id: &SecretId) -> Result<bool, KeyStoreError> {
    no_entry_as(entry(secret_id)?.inner.get_credential().map(|_| true), false)
}

fn no_entry_as<T>(answer: Result<T, Error>, none: T) -> Result<T, KeyStoreError> {
    match answer {
        Err(Error::NoEntry) => Ok(none),
        answer => answer.map_err(|error| key_store_error(&error)),
    }
}

fn key_store_error(error: &Error) -> KeyStoreError {
    match error {
        Error::NoDefaultStore => match Entry::store_status() {
            Err(why) => KeyStoreError::Absent(why.to_string()),
            Ok(()) => KeyStoreError::Absent(error.to_string()),
        },
        Error::NoStorageAccess(why) => KeyStoreError::Locked(why.to_string()),
        other => KeyStoreError::Failed(other.to_string()),
    }
}
