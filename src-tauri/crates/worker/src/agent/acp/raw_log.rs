//! Every protocol line of an attempt as it was sent, but for keys, for whoever wants to know exactly.

use crate::redact::Redactor;
use regatta_trace::LogDropped;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// The most bytes that are kept; what comes later is left out.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The file of raw lines. Losing it never stops a task.
#[derive(Debug)]
pub(super) struct RawLog {
    file: Option<File>,
    remaining_bytes: usize,
    redactor: Redactor,
}

impl RawLog {
    /// In the attempt's own folder, as `agent.jsonl`, without the keys in `hidden`.
    pub(super) fn create_in(scratch: &Path, redactor: Redactor) -> Self {
        let file = File::options().create(true).append(true).open(scratch.join("agent.jsonl"));
        let file = file.log_dropped("opening the file of raw lines");
        Self { file, remaining_bytes: MAX_BYTES, redactor }
    }

    /// Nowhere.
    pub(super) fn disabled() -> Self {
        Self { file: None, remaining_bytes: 0, redactor: Redactor::default() }
    }

    /// Adds one line, sent either way.
    pub(super) fn add(&mut self, line: &str) {
        let Some(file) = &mut self.file else { return };
        let bytes = format!("{}\n", self.redactor.redact(line));
        let written = (bytes.len() <= self.remaining_bytes)
            .then(|| file.write_all(bytes.as_bytes()).log_dropped("writing a raw line"));
        if written.flatten().is_none() {
            self.file = None;
            return;
        }
        self.remaining_bytes -= bytes.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_up_to_a_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut raw = RawLog::create_in(folder.path(), Redactor::default());
        raw.remaining_bytes = 10;
        for line in ["{\"a\"}", "x", "too long for what is left"] {
            raw.add(line);
        }
        let kept = std::fs::read_to_string(folder.path().join("agent.jsonl")).expect("the file");
        assert_eq!(kept, "{\"a\"}\nx\n");
        RawLog::create_in(Path::new("/nowhere/at/all"), Redactor::default())
            .add("lost, and nothing else happens");
    }
}
