//! The only door to the git program: looking at a project ([`Git::inspect`]), setting one
//! up ([`Git::set_up`]), the bare cache that copies share ([`Git::update_cache`]), a task's
//! separate copy ([`Git::copy`]), save points ([`Git::save`]), what a task changed
//! ([`Git::changes`], [`Git::patch`]), and bringing a result into the project
//! ([`Git::publish`]). Nothing that a project or a copy carries is ever run: hooks,
//! filters, monitors and drivers stay asleep.

mod cache;
mod call;
mod changes;
mod copy;
mod error;
mod files;
mod ignored;
mod inspect;
mod patch;
mod program;
mod publish;
mod save;
mod set_up;
mod slug;
mod stage;
mod words;

pub use changes::summary;
pub use error::GitError;
pub use inspect::ProjectFacts;
pub use patch::PatchRequest;
pub use program::Git;
pub use save::{SaveRequest, Saved};
pub use slug::slug;
