//! What is said when little room is left on the disk, and how little that is.

use regatta_protocol::{ErrorCode, UserMessage};

const MB: u64 = 1024 * 1024;
/// With less than this nothing new is started, and what was held stays held.
pub(crate) const LOW_BYTES: u64 = 200 * MB;
/// With less than this, what works is held.
pub(crate) const FULL_BYTES: u64 = 100 * MB;

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
