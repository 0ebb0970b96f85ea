//! How much room is left on the disk.

use regatta_protocol::{ErrorCode, Notice};
use std::path::Path;

const MB: u64 = 1024 * 1024;
/// With less than this nothing new is started, and what was held stays held.
pub(crate) const LOW: u64 = 200 * MB;
/// With less than this, what works is held.
pub(crate) const FULL: u64 = 100 * MB;

/// The bytes that are free for us where `path` is. None where the system doesn't say.
pub(crate) fn free(path: &Path) -> Option<u64> {
    let found = nix::sys::statvfs::statvfs(path).ok()?;
    Some(wide(found.blocks_available()) * wide(found.fragment_size()))
}

/// The types of these numbers differ from system to system.
fn wide(number: impl Into<u64>) -> u64 {
    number.into()
}

/// Why a batch isn't started.
pub(crate) fn low_notice(free: u64) -> Notice {
    Notice::new(
        ErrorCode::DiskFull,
        format!("Only {} MB are free on the disk; a batch needs at least 200 MB.", free / MB),
        "Nothing was changed.",
        "Make room on the disk, then start again.",
    )
}

/// Why work is held.
pub(crate) fn full_notice(free: u64) -> Notice {
    Notice::new(
        ErrorCode::DiskFull,
        format!("The disk is nearly full ({} MB are free), so tasks are paused.", free / MB),
        "Everything up to now is saved.",
        "Make room on the disk: at 200 MB free, work goes on by itself.",
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn free_room_is_told_where_there_is_a_folder() {
        assert!(super::free(std::path::Path::new("/")).is_some());
        assert_eq!(super::free(std::path::Path::new("/nowhere/at/all")), None);
    }
}
