//! The key that every caller has to know.

use regatta_protocol::{ErrorCode, UserMessage};
use std::fmt;
use std::path::Path;
use subtle::{Choice, ConstantTimeEq};

/// The longest key, in bytes.
const MAX_KEY_BYTES: usize = 512;
/// The bytes of a key that we make: 256 bits.
const GENERATED_KEY_BYTES: usize = 32;

/// The key that every caller has to know. Its `Debug` says nothing.
#[derive(Clone)]
pub struct ApiKey {
    bytes: [u8; MAX_KEY_BYTES],
    length: usize,
}

impl ApiKey {
    /// Takes a text as the key; white space around it is left out.
    ///
    /// # Errors
    /// It is empty, longer than 512 characters, or can't stand in a header.
    pub fn parse(text: &str) -> Result<Self, UserMessage> {
        let text = text.trim();
        let plain = text.bytes().all(|b| b.is_ascii_graphic());
        if text.is_empty() || text.len() > MAX_KEY_BYTES || !plain {
            return Err(UserMessage::new(
                ErrorCode::BadRequest,
                "The API key can't be used.",
                "Nothing was started.",
                "A key is 1 to 512 letters, digits and signs in one line, without spaces.",
            ));
        }
        Ok(Self::from_padded(text.as_bytes()))
    }

    /// Reads the key from a file.
    ///
    /// # Errors
    /// The file can't be read, or as [`ApiKey::parse`].
    pub fn from_file(file: &Path) -> Result<Self, UserMessage> {
        let text = std::fs::read_to_string(file).map_err(|problem| {
            let what = format!("The key's file {} can't be read: {problem}.", file.display());
            let (safe, next) = ("Nothing was started.", "Check its path and who may read it.");
            UserMessage::new(ErrorCode::BadRequest, what, safe, next)
        })?;
        Self::parse(&text)
    }

    /// Makes a new key of 256 random bits; returns its text, too, for the one time that
    /// it is shown.
    ///
    /// # Errors
    /// The system has no random bits.
    pub fn generate() -> Result<(Self, String), UserMessage> {
        let mut bits = [0; GENERATED_KEY_BYTES];
        getrandom::fill(&mut bits).map_err(|problem| {
            let what = "This computer gave no random numbers to make a key of.";
            let next = "Write a key of your own into a file and name it with --api-key-file.";
            UserMessage::new(ErrorCode::Internal, what, "Nothing was started.", next)
                .with_details(problem.to_string())
        })?;
        let text: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((Self::from_padded(text.as_bytes()), text))
    }

    /// Whether `shown` is the key. Takes the same time whatever is shown and however long
    /// the key is.
    pub(crate) fn matches(&self, shown: &[u8]) -> bool {
        if shown.len() > MAX_KEY_BYTES {
            return false;
        }
        let shown = Self::from_padded(shown);
        let same: Choice =
            self.bytes.ct_eq(&shown.bytes) & (self.length as u64).ct_eq(&(shown.length as u64));
        same.into()
    }

    fn from_padded(text: &[u8]) -> Self {
        let mut bytes = [0; MAX_KEY_BYTES];
        bytes[..text.len()].copy_from_slice(text);
        Self { bytes, length: text.len() }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_key_is_the_key() {
        let key = ApiKey::parse(" open sesame\n".replace(' ', "").as_str()).expect("a key");
        assert!(key.matches(b"opensesame"));
        let long = [b'x'; MAX_KEY_BYTES + 1];
        let wrong: [&[u8]; 7] = [
            b"",
            b"opensesam",
            b"opensesame\0",
            b"opensesamf",
            b" opensesame",
            b"OPENSESAME",
            &long,
        ];
        for shown in wrong {
            assert!(!key.matches(shown), "{shown:?}");
        }
        assert_eq!(format!("{key:?}"), "Key(…)");
    }

    #[test]
    fn a_made_key_has_256_bits_and_is_never_the_same() {
        let ((one, text), (_, other)) =
            (ApiKey::generate().expect("one"), ApiKey::generate().expect("two"));
        assert_eq!(text.len(), 64);
        assert!(one.matches(text.as_bytes()) && text != other);
    }

    #[test]
    fn what_cannot_stand_in_a_header_is_no_key() {
        for text in ["", " \n", "two words", "é", &"x".repeat(MAX_KEY_BYTES + 1)] {
            assert!(ApiKey::parse(text).is_err(), "{text:?}");
        }
    }
}
