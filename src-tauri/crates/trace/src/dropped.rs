//! Errors that are dropped on purpose.

use std::fmt::Display;
use std::panic::Location;

/// What becomes of an error that changes nothing: it is said at debug level.
pub trait LogDropped<T, E> {
    /// Returns the value; `None` once the error and `doing`, what was tried, are in the log.
    fn log_dropped(self, doing: &str) -> Option<T>
    where
        E: Display;

    /// As [`log_dropped`](Self::log_dropped), for an error that isn't ours to write down: it
    /// carries what was sent, or quotes what was read.
    fn log_failed(self, doing: &str) -> Option<T>;
}

impl<T, E> LogDropped<T, E> for Result<T, E> {
    #[track_caller]
    fn log_dropped(self, doing: &str) -> Option<T>
    where
        E: Display,
    {
        let at = Location::caller();
        self.inspect_err(|error| tracing::debug!(%at, %error, "dropped an error: {doing}")).ok()
    }

    #[track_caller]
    fn log_failed(self, doing: &str) -> Option<T> {
        let at = Location::caller();
        self.inspect_err(|_| tracing::debug!(%at, "dropped an error: {doing}")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LevelFilter, log_to};
    use std::sync::mpsc;

    #[test]
    fn an_error_is_said_with_its_place_and_what_was_sent_is_not() {
        let (send, lines) = mpsc::channel();
        let guard = log_to(LevelFilter::DEBUG, move |_, line| send.send(line).expect("it is read"));
        assert_eq!("7".parse::<u8>().log_dropped("reading seven"), Some(7));
        assert_eq!("x".parse::<u8>().log_dropped("reading a number"), None);
        assert_eq!(Err::<(), _>("a secret").log_failed("telling nobody"), None);
        drop(guard);
        let lines: Vec<String> = lines.iter().collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("dropped an error: reading a number"), "{lines:?}");
        assert!(
            lines[0].contains("invalid digit") && lines[0].contains("dropped.rs:"),
            "{lines:?}"
        );
        assert!(lines[1].contains("telling nobody") && !lines[1].contains("a secret"), "{lines:?}");
    }
}
