//! The few files that are read and written without git.

use regatta_trace::LogDropped;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The largest file that is read here.
const MAX_BYTES: u64 = 1024 * 1024;

/// What is in a plain, small file; nothing when it isn't one or can't be read.
pub(crate) fn read_small(file: &Path) -> Vec<u8> {
    match std::fs::metadata(file) {
        Ok(found) if found.is_file() && found.len() <= MAX_BYTES => {
            std::fs::read(file).log_dropped("reading a small file").unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// Makes `file` hold `bytes`: a reader sees the old ones or the new ones, never a part.
pub(crate) fn write_atomically(file: &Path, bytes: &[u8]) -> io::Result<()> {
    if std::fs::read(file).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let new = temp_sibling(file);
    std::fs::write(&new, bytes)?;
    std::fs::rename(new, file)
}

/// Removes a file, if it is there.
pub(crate) fn remove_if_exists(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes a file that nobody has written for as long as `age`, if it is there.
pub(crate) fn remove_if_older(file: &Path, age: Duration) -> io::Result<()> {
    let written = std::fs::metadata(file).and_then(|found| found.modified());
    match written.map(|at| at.elapsed()) {
        Ok(Ok(old)) if old >= age => remove_if_exists(file),
        _ => Ok(()), // not there, or from now on
    }
}

/// Copies a file, if it is there.
pub(crate) fn copy_if_exists(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::copy(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A name beside `path` that no other call of any process uses.
pub(crate) fn temp_sibling(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut name = OsString::from(path);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".new-{}-{number}", std::process::id()));
    PathBuf::from(name)
}

/// `path` with `ending` added to its name.
pub(crate) fn with_suffix(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}
