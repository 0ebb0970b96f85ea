//! Every protocol line of an attempt as it was sent, but for keys, for whoever wants to know exactly.

use crate::keys::Keys;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// The most bytes that are kept; what comes later is left out.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The file of raw lines. Losing it never stops a task.
#[derive(Debug)]
pub(super) struct RawLog {
    file: Option<File>,
    left: usize,
    hidden: Keys,
}

impl RawLog {
    /// In the attempt's own folder, as `agent.jsonl`, without the keys in `hidden`.
    pub(super) fn in_folder(scratch: &Path, hidden: Keys) -> Self {
        let file = File::options().create(true).append(true).open(scratch.join("agent.jsonl"));
        Self { file: file.ok(), left: MAX_BYTES, hidden }
    }

    /// Nowhere.
    pub(super) fn none() -> Self {
        Self { file: None, left: 0, hidden: Keys::default() }
    }

    /// Adds one line, sent either way.
    pub(super) fn add(&mut self, line: &str) {
        let Some(file) = &mut self.file else { return };
        let bytes = format!("{}\n", self.hidden.hide(line));
        if bytes.len() > self.left || file.write_all(bytes.as_bytes()).is_err() {
            self.file = None;
            return;
        }
        self.left -= bytes.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_up_to_a_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut raw = RawLog::in_folder(folder.path(), Keys::default());
        raw.left = 10;
        for line in ["{\"a\"}", "x", "too long for what is left"] {
            raw.add(line);
        }
        let kept = std::fs::read_to_string(folder.path().join("agent.jsonl")).expect("the file");
        assert_eq!(kept, "{\"a\"}\nx\n");
        RawLog::in_folder(Path::new("/nowhere/at/all"), Keys::default())
            .add("lost, and nothing else happens");
    }
}
