//! One Regatta to a data folder.

use crate::EngineError;
use regatta_trace::LogDropped;
use std::fs::{self, File, TryLockError};
use std::path::Path;

/// Makes the folder and takes its lock, which is held until it is released.
pub(super) fn acquire_lock(dir: &Path) -> Result<File, EngineError> {
    fs::create_dir_all(dir).map_err(|error| EngineError::data_read_only(dir, &error))?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join("lock"))
        .map_err(|error| EngineError::data_read_only(dir, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EngineError::DataInUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(EngineError::data_read_only(dir, &error)),
    }
}

/// Gives a lock back. Closing its file isn't enough: a program that is being started by another
/// thread has the file, too, until it runs.
pub(super) fn release_lock(lock: &File) {
    // An error leaves it to the end of the file.
    lock.unlock().log_dropped("giving the lock back");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_was_given_back_is_free_though_somebody_else_has_its_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let held = acquire_lock(dir.path()).expect("it is free");
        let inherited = held.try_clone().expect("a second handle, as a started program has");
        assert!(matches!(acquire_lock(dir.path()), Err(EngineError::DataInUse { .. })));
        release_lock(&held);
        drop(held);
        assert!(acquire_lock(dir.path()).is_ok());
        drop(inherited);
    }
}
