//! The only door to the git program: looking at a project ([`Git::inspect`]), setting one
//! up ([`Git::init_project`]), the bare cache that copies share ([`Git::update_cache`]), a task's
//! separate copy ([`Git::copy`]), save points ([`Git::save`]), what a task changed
//! ([`Git::changes`], [`Git::patch`]), and bringing a result into the project
//! ([`Git::publish`]). A project may also be a [`Remote`]: asked for its branches
//! ([`Git::remote_heads`]), brought into the cache ([`Git::update_cache_from_remote`]), given a
//! result ([`Git::push`]), looked at afterwards ([`Git::look_up_remote_branch`]). Nothing that a
//! project or a copy carries is ever run: hooks, filters, monitors and drivers stay asleep.

mod askpass;
mod cache;
mod call;
mod changes;
mod copy;
mod copy_index;
mod diff;
mod error;
mod error_message;
mod excludes;
mod files;
mod fsck;
mod heads;
mod index_plan;
mod init_project;
mod inspect;
mod patch;
mod paths_and_ids;
mod private_dir;
mod program;
mod publish;
mod push;
mod remote;
mod remote_branch;
mod remote_call;
mod save;
mod skipped;
mod slug;
mod stage;
mod trusted_folders;
mod unfinished;

pub use askpass::ASKPASS_SOCKET;
pub use changes::summarize;
pub use error::{GitError, RemoteErrorKind};
pub use heads::Heads;
pub use inspect::ProjectFacts;
pub use patch::PatchRequest;
pub use program::Git;
pub use remote::Remote;
pub use save::{MAX_IGNORED, SaveRequest, SaveResult};
pub use skipped::{SkipReason, SkippedPath};
pub use slug::slug;
