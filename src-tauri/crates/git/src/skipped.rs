//! What of a copy isn't in a save point, and why.

use crate::paths_and_ids::to_lossy_string;
use std::fmt;

/// A path that isn't in a save point.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SkippedPath {
    /// The path in the copy, as text.
    pub path: String,
    /// Why it was left out.
    pub reason: SkipReason,
}

/// Why a path isn't in a save point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// It is a submodule, or another copy of a repository: its files belong to that.
    Submodule,
    /// It can't be read, or is neither a file nor a link.
    Unreadable,
    /// It is larger than 1 GiB.
    TooLarge,
    /// It isn't written in the encoding that `.gitattributes` gives it.
    Encoding,
    /// git takes no file of that name, such as `.GIT/config`.
    Name,
}

impl SkippedPath {
    pub(crate) fn new(path: &[u8], reason: SkipReason) -> Self {
        Self { path: to_lossy_string(path), reason }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Submodule => "it is a project of its own",
            Self::Unreadable => "it can't be read",
            Self::TooLarge => "it is larger than 1 GiB",
            Self::Encoding => "it isn't in the encoding that .gitattributes gives it",
            Self::Name => "git takes no file of that name",
        })
    }
}

impl SkipReason {
    /// Why git refused one file, by what it said.
    pub(crate) fn from_refusal(said: &str) -> Self {
        let words = ["failed to encode", "BOM is required", "BOM is prohibited"];
        if words.iter().any(|words| said.contains(words)) {
            Self::Encoding
        } else {
            Self::Unreadable
        }
    }
}

/// The folders that git could not look into, by what it said:
/// `warning: could not open directory 'a/b/': Permission denied`.
pub(crate) fn unreadable_folders(said: &str) -> impl Iterator<Item = SkippedPath> {
    said.lines().filter_map(|line| {
        let rest = line.strip_prefix("warning: could not open directory '")?;
        let (folder, _) = rest.rsplit_once("': ")?;
        Some(SkippedPath::new(folder.trim_end_matches('/').as_bytes(), SkipReason::Unreadable))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_can_not_be_looked_into_are_heard() {
        let said = "warning: could not open directory 'a/it's: b/': Permission denied\n\
                    warning: could not open directory x\nfatal: 'y': no\n";
        let found: Vec<_> = unreadable_folders(said).map(|skipped| skipped.path).collect();
        assert_eq!(found, ["a/it's: b"]);
    }

    #[test]
    fn a_wrong_encoding_is_told_from_what_can_not_be_read() {
        let said = "error: failed to encode 'app.rc' from UTF-16 to UTF-8\nfatal: x";
        assert_eq!(SkipReason::from_refusal(said), SkipReason::Encoding);
        let said = "fatal: BOM is required in 'app.rc' if encoded as UTF-16";
        assert_eq!(SkipReason::from_refusal(said), SkipReason::Encoding);
        let said = "error: open(\"a\"): Permission denied";
        assert_eq!(SkipReason::from_refusal(said), SkipReason::Unreadable);
    }
}
