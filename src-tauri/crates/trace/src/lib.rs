//! What Regatta writes about itself: one log for the window or the server, with the lines of
//! its workers in it.
//!
//! - [`log_to_file`] writes it into the data folder, as [`Filter`] chooses; [`log_to`] hands
//!   each line to whoever carries it to another process's log.
//! - [`LogDropped`] is for errors that are dropped on purpose.
//!
//! No secret and nothing of a prompt may be in it. Our own rooms write ids, numbers and errors;
//! what the libraries below us trace (headers, bodies, messages of agents) is left out at every
//! level, whatever the filter says.

mod dropped;
mod filter;
mod log_file;
mod subscriber;

pub use dropped::LogDropped;
pub use filter::{BadFilter, Filter};
pub use subscriber::{log_to, log_to_file};
pub use tracing::level_filters::LevelFilter;
pub use tracing::subscriber::DefaultGuard;
