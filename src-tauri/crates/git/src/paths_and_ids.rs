//! What goes to git and comes from it in bytes: paths and ids.

use crate::error::GitError;
use std::path::{Path, PathBuf};

/// `path` seen from the root, so that it means the same in every folder.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()) // fails for "" only
}

/// A path from git's output.
#[cfg(unix)]
pub(crate) fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

/// A path from git's output, which is UTF-8 here.
#[cfg(not(unix))]
pub(crate) fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// Whether `text` is a whole commit id, and so can stand as an argument.
pub(crate) fn is_commit_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Refuses what isn't a whole commit id.
pub(crate) fn check_commit_id(text: &str) -> Result<(), GitError> {
    if is_commit_id(text) {
        Ok(())
    } else {
        Err(GitError::RevisionMissing { rev: text.to_owned() })
    }
}

/// One line of output that is a path.
pub(crate) fn path_from_line(bytes: &[u8]) -> PathBuf {
    path_from_bytes(bytes.strip_suffix(b"\n").unwrap_or(bytes))
}

/// A path as it is shown: what isn't UTF-8 is replaced.
pub(crate) fn to_lossy_string(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_ids_are_ids() {
        assert_eq!(check_commit_id(&"a1".repeat(20)), Ok(()));
        assert_eq!(check_commit_id(&"0".repeat(64)), Ok(()));
        for bad in ["", "HEAD", "-x", &"g".repeat(40), &"a".repeat(39)] {
            assert!(check_commit_id(bad).is_err(), "{bad:?}");
        }
    }
}
