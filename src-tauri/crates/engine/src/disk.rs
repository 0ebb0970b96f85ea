//! How much room is left on the disk.

use regatta_protocol::{ErrorCode, UserMessage};
use std::path::Path;

const MB: u64 = 1024 * 1024;
/// With less than this nothing new is started, and what was held stays held.
pub(crate) const LOW_BYTES: u64 = 200 * MB;
/// With less than this, what works is held.
pub(crate) const FULL_BYTES: u64 = 100 * MB;

/// The bytes that are free for us where `path` is. None where the system doesn't say.
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let found = nix::sys::statvfs::statvfs(path).ok()?;
    Some(to_u64(found.blocks_available()) * to_u64(found.fragment_size()))
}

/// The types of these numbers differ from system to system.
fn to_u64(number: impl Into<u64>) -> u64 {
    number.into()
}

/// Why a batch isn't started.
pub(crate) fn low_notice(free: u64) -> UserMessage {
    UserMessage::new(
        ErrorCode::DiskFull,
        format!("Only {} MB are free on the disk; a batch needs at least 200 MB.", free / MB),
        "Nothing was changed.",
        "Make room on the disk, then start again.",
    )
}

/// Why work is held.
pub(crate) fn full_notice(free: u64) -> UserMessage {
    UserMessage::new(
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
        assert!(super::free_bytes(std::path::Path::new("/")).is_some());
        assert_eq!(super::free_bytes(std::path::Path::new("/nowhere/at/all")), None);
    }
}
