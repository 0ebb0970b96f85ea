//! The engine: batches, the queue, and one append-only log from which everything that a
//! person sees is folded.
//!
//! [`Engine`] is the handle. Behind it: the store (`store/`: one SQLite file, one writer),
//! the log and its followers (`log.rs`), the fold from events to views (`fold.rs`), the
//! scheduler (`scheduler/`: one task that owns what waits and what works, and carries attempts),
//! the places where tasks run (`places.rs`: what each can do, and its scheduler; `runner/`: how
//! work is done there), projects (`project.rs`), agents' programs (`agents`), room on the disk
//! (`disk.rs`), and the rescue of what was cut off (`interrupted_work.rs`). Keys come from
//! whoever opens it (`credentials.rs`).

mod agents;
mod batch_tokens;
mod credentials;
mod dirs;
mod disk;
mod engine;
mod error;
mod fold;
mod given_answers;
mod ids;
mod interrupted_work;
mod log;
mod places;
pub mod project;
mod publish;
mod remote_access;
mod runner;
mod scheduler;
mod store;
#[cfg(test)]
mod test_endpoint;

pub use agents::Environment;
pub use credentials::{BoxFuture, CredentialProvider, NoCredentials, missing_key};
pub use engine::{ChangeSet, Engine, EngineOptions, StartOptions, StartedBatch};
pub use error::EngineError;
pub use log::Follower;
pub use regatta_git::ASKPASS_SOCKET;
