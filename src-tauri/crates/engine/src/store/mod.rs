//! The store: one SQLite file that holds every batch. One thread writes ([`writer`]),
//! everyone else reads on connections of their own ([`read`], [`lines`], [`search`]).

mod chunk;
mod command;
mod damage;
pub(crate) mod idempotency;
pub(crate) mod invocations;
mod json;
pub(crate) mod lines;
pub(crate) mod list;
mod lock;
pub(crate) mod open;
pub(crate) mod read;
mod schema;
pub(crate) mod search;
pub(crate) mod steps;
mod task_row;
mod transaction;
mod view_cache;
mod writer;

pub(crate) use command::{
    BatchStart, CreateResult, Entry, FollowUp, NewBatch, NewInvocation, NewTask, Record,
    StoreCommand, StoreError,
};
pub(crate) use open::OpenStore;
pub(crate) use read::{ReaderPool, TaskFacts};
pub(crate) use task_row::TaskExtra;
pub(crate) use writer::PublishedState;

#[cfg(test)]
pub(crate) mod tests;
