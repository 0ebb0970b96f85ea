//! The computer's key store: Secret Service, Keychain or Credential Manager. The only door to
//! the crate `keyring`. Each call may wait for a person.

use super::Slot;
use keyring::v1::{Entry, Error};
use regatta_protocol::{ErrorCode, Notice, Secret};

/// Who the entries belong to.
const SERVICE: &str = "Regatta";

/// Why the key store can't be used, with the technical part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is none.
    Absent(String),
    /// It is locked, or waits for a person.
    Locked(String),
    /// It failed.
    Failed(String),
}

impl Trouble {
    /// What a person is told, when a key is asked for or was entered.
    pub(super) fn notice(self) -> Notice {
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
        Notice::new(ErrorCode::KeyStoreMissing, what, safe, next).with_details(details)
    }
}

/// The key store, opened with the first call.
#[derive(Default)]
pub(super) struct KeyStore {
    /// Whether something could be written, as far as that is known.
    takes: Option<Result<(), Trouble>>,
}

impl KeyStore {
    /// Whether there is an entry, for each slot.
    pub(super) fn look(&mut self, slots: &[Slot]) -> Result<Vec<bool>, Trouble> {
        let there = slots.iter().map(has).collect::<Result<Vec<bool>, Trouble>>()?;
        if !there.contains(&true) {
            self.try_out()?;
        }
        Ok(there)
    }

    /// The entry's secret.
    pub(super) fn read(&mut self, slot: &Slot) -> Result<Option<Secret>, Trouble> {
        let read = entry(slot)?.get_password().map(|text| Some(Secret::new(&text)));
        none_is_fine(read, None)
    }

    /// Writes an entry.
    pub(super) fn keep(&mut self, slot: &Slot, secret: &Secret) -> Result<(), Trouble> {
        let kept = entry(slot)?.set_password(secret.expose()).map_err(|e| trouble(&e));
        self.takes = Some(kept.clone());
        kept
    }

    /// Removes an entry.
    pub(super) fn forget(&mut self, slot: &Slot) -> Result<(), Trouble> {
        none_is_fine(entry(slot)?.delete_credential(), ())
    }

    /// "No entry" is also the answer of a store that can't take any. So one is written and
    /// removed again, once.
    fn try_out(&mut self) -> Result<(), Trouble> {
        if let Some(takes) = &self.takes {
            return takes.clone();
        }
        let slot = Slot("a test, removed at once".to_owned());
        self.keep(&slot, &Secret::new("test"))?;
        self.forget(&slot)
    }
}

fn entry(slot: &Slot) -> Result<Entry, Trouble> {
    Entry::new(SERVICE, &slot.0).map_err(|error| trouble(&error))
}

fn has(slot: &Slot) -> Result<bool, Trouble> {
    none_is_fine(entry(slot)?.inner.get_credential().map(|_| true), false)
}

fn none_is_fine<T>(answer: Result<T, Error>, none: T) -> Result<T, Trouble> {
    match answer {
        Err(Error::NoEntry) => Ok(none),
        answer => answer.map_err(|error| trouble(&error)),
    }
}

fn trouble(error: &Error) -> Trouble {
    match error {
        Error::NoDefaultStore => match Entry::store_status() {
            Err(why) => Trouble::Absent(why.to_string()),
            Ok(()) => Trouble::Absent(error.to_string()),
        },
        Error::NoStorageAccess(why) => Trouble::Locked(why.to_string()),
        other => Trouble::Failed(other.to_string()),
    }
}
