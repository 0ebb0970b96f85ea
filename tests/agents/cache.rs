//! Where the real agents of the tests are kept. Whoever installs them and whoever runs them reads
//! this one file.

use std::env;
use std::fs;
use std::path::PathBuf;

/// An agent's name, then its packages, each with its version; a line each.
pub(crate) const VERSIONS: &str = include_str!("versions");

/// An agent's folder, or `None` if nobody says where caches are.
pub(crate) fn agent_dir(agent: &str) -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(env::home_dir()?.join(".cache")))?;
    Some(cache.join("regatta/test-agents").join(agent))
}

/// The file in its folder that holds its line of the table once npm was done.
pub(crate) const MARKER_FILE: &str = "installed";

/// Whether the agent of a line is there, whole and in these versions.
pub(crate) fn is_installed(line: &str) -> bool {
    let mark = line.split(' ').next().and_then(agent_dir).map(|dir| dir.join(MARKER_FILE));
    mark.and_then(|mark| fs::read(mark).ok()).is_some_and(|kept| kept == line.as_bytes())
}
