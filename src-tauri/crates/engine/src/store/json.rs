//! How values stand in the file: as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A stored word, such as a line's kind or a status: its name in JSON without the quotes.
pub(super) fn enum_text<T: Serialize>(value: T) -> String {
    to_json(&value).trim_matches('"').to_owned()
}

pub(super) fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("BUG: what we store is always JSON")
}

/// Reads what [`to_json`] wrote; what can't be read is damage of the file.
pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
    })
}
