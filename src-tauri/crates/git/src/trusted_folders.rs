//! The folders of other users that the person told git to trust, as a file of settings.
//!
//! Our calls read none of the person's files of settings, and a setting of the command line
//! doesn't reach the second git that a fetch from a folder starts. So this one setting is handed
//! over in a file of ours, in place of the person's.

use crate::error::GitError;
use crate::private_dir::PrivateDir;
use std::path::PathBuf;

/// A file with nothing but `safe.directory`. Gone when dropped.
#[derive(Debug)]
pub(crate) struct TrustedFolders(PrivateDir);

impl TrustedFolders {
    /// With the values in `git config -z` output.
    pub(crate) fn new(values: &[u8]) -> Result<Self, GitError> {
        let folder = Self(PrivateDir::new()?);
        let writing = |error| GitError::io("writing the list of trusted folders", &error);
        std::fs::write(folder.file(), to_settings(values)).map_err(writing)?;
        Ok(folder)
    }

    /// Where it is.
    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("gitconfig")
    }
}

/// The file's text. An empty value takes back those before it, as it does for git.
fn to_settings(values: &[u8]) -> Vec<u8> {
    let mut text = b"[safe]\n".to_vec();
    for value in values.split_inclusive(|byte| *byte == 0) {
        let value = value.strip_suffix(b"\0").unwrap_or(value);
        text.extend_from_slice(b"directory = \"");
        for byte in value {
            match byte {
                b'\n' => text.extend_from_slice(b"\\n"),
                b'"' | b'\\' => text.extend_from_slice(&[b'\\', *byte]),
                _ => text.push(*byte),
            }
        }
        text.extend_from_slice(b"\"\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_stays_one_value() {
        let settings = |values: &[u8]| String::from_utf8(to_settings(values)).expect("text");
        assert_eq!(settings(b"/srv/a b\0"), "[safe]\ndirectory = \"/srv/a b\"\n");
        assert_eq!(
            settings(b"/a\0\0*\0"),
            "[safe]\ndirectory = \"/a\"\ndirectory = \"\"\ndirectory = \"*\"\n"
        );
        let hostile = b"/a\"\n[core]\n\tsshCommand = x\\\0";
        let text = settings(hostile);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert_eq!(text, "[safe]\ndirectory = \"/a\\\"\\n[core]\\n\tsshCommand = x\\\\\"\n");
    }
}
