//! What the window may ask for. A command unpacks, makes one call, and hands over the answer
//! or the sentences that say why there is none.

pub(crate) mod agents;
mod batch;
mod endpoints;
#[macro_use]
mod names;
mod project;
mod repositories;
mod settings;
mod task;

use regatta_protocol::UserMessage;
use tauri::Runtime;
use tauri::ipc::Invoke;

/// What every command gives.
type CommandResult<T> = Result<T, UserMessage>;

macro_rules! handler {
    ($($module:ident::$name:ident,)*) => { tauri::generate_handler![$($module::$name),*] };
}

/// Takes a call from the window to its command.
pub(crate) fn handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    commands!(handler)
}

#[cfg(test)]
mod tests;
