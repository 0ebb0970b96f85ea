//! The store: one SQLite file that holds every batch. One thread writes ([`writer`]),
//! everyone else reads on connections of their own ([`read`], [`lines`], [`search`]).

mod asked;
mod chunk;
mod group;
pub(crate) mod idempotency;
pub(crate) mod invocations;
mod json;
pub(crate) mod lines;
pub(crate) mod open;
pub(crate) mod pages;
pub(crate) mod read;
mod schema;
pub(crate) mod search;
pub(crate) mod steps;
mod views;
mod writer;

pub(crate) use asked::Extra;
pub(crate) use idempotency::Created;
pub(crate) use open::Opened;
pub(crate) use read::{Readers, TaskFacts};
pub(crate) use writer::{BatchStart, Entry, Message, NewBatch, NewTask, Published, StoreTrouble};

#[cfg(test)]
mod tests;
