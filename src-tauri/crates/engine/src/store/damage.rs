//! What is wrong with the file, and what a person is told of it.

use regatta_protocol::UserMessage;
use rusqlite::{Connection, ErrorCode as Sqlite};
use std::fs::File;

/// What a person is told when the store can't be written. Damage is remembered for the next
/// start.
pub(super) fn store_error_notice(conn: &Connection, error: &rusqlite::Error) -> UserMessage {
    let notice = crate::error::store_notice(error);
    if is_damage(error)
        && let Some(path) = conn.path()
        && let Err(error) = File::create(format!("{path}.suspect"))
    {
        return notice.with_details(format!("the damage could not be noted: {error}"));
    }
    notice
}

/// Whether the file itself is at fault.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(Sqlite::DatabaseCorrupt | Sqlite::NotADatabase))
}
