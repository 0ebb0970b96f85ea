//! A folder that nobody else can look into, for the time of a call.

use crate::error::GitError;
use regatta_trace::LogDropped;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A new, empty folder, of which only this user sees anything. Gone when dropped.
#[derive(Debug)]
pub(crate) struct PrivateDir(PathBuf);

impl PrivateDir {
    /// Makes one among the system's temporary files.
    pub(crate) fn new() -> Result<Self, GitError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("regatta-git-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            match regatta_process::create_private_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                // Of an earlier process with our number; it isn't ours to use.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(GitError::io("making a temporary folder", &error)),
            }
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        // What stays is empty of secrets, and the system removes it some day.
        std::fs::remove_dir_all(&self.0).log_dropped("removing a private folder");
    }
}
