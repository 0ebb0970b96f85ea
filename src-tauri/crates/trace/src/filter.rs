//! Which lines are written.

use std::env;
use std::fmt;
use std::str::FromStr;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// The variable that chooses, as everywhere in Rust.
const VARIABLE: &str = "RUST_LOG";

/// Which lines are written: a level (`debug`), or levels of rooms
/// (`info,regatta_engine=trace`), as
/// [`Targets`](https://docs.rs/tracing-subscriber/latest/tracing_subscriber/filter/targets/struct.Targets.html#filtering-with-targets)
/// reads them.
#[derive(Debug, Clone)]
pub struct Filter(pub(crate) Targets);

impl Filter {
    /// Returns what `RUST_LOG` asks for; `info` when it is unset.
    ///
    /// # Errors
    /// It can't be read.
    pub fn from_env() -> Result<Self, BadFilter> {
        match env::var(VARIABLE) {
            Ok(text) if !text.trim().is_empty() => text.parse(),
            Ok(_) | Err(env::VarError::NotPresent) => Ok(Self::default()),
            Err(env::VarError::NotUnicode(_)) => Err(BadFilter),
        }
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self(Targets::new().with_default(LevelFilter::INFO))
    }
}

impl FromStr for Filter {
    type Err = BadFilter;

    fn from_str(text: &str) -> Result<Self, BadFilter> {
        text.trim().parse().map(Self).map_err(|_| BadFilter)
    }
}

/// A filter that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadFilter;

impl fmt::Display for BadFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write it as a level (error, warn, info, debug, trace) or as ROOM=LEVEL,…")
    }
}

impl std::error::Error for BadFilter {}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn a_filter_is_a_level_or_levels_of_rooms() {
        let rooms: Filter = "warn,regatta_engine=trace".parse().expect("a filter");
        assert!(rooms.0.would_enable("regatta_engine::log", &Level::TRACE));
        assert!(!rooms.0.would_enable("regatta_git", &Level::INFO));
        let level: Filter = " debug ".parse().expect("a filter");
        assert!(level.0.would_enable("regatta_git", &Level::DEBUG));
        assert!(Filter::default().0.would_enable("regatta_git", &Level::INFO));
        assert!(!Filter::default().0.would_enable("regatta_git", &Level::DEBUG));
        for bad in ["regatta_engine=loud", "a=b=c"] {
            assert!(bad.parse::<Filter>().is_err(), "{bad}");
        }
    }
}
