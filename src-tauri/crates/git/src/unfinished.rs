//! What is made before it is known whether all of it can be made.

use regatta_trace::LogDropped;
use std::io;
use std::path::{Path, PathBuf};

/// How often a folder is removed anew: a program that was just ended may have added to it.
const MAX_TRIES: usize = 5;

/// Files and folders that go again unless they are retained, however their maker ends: by an error or
/// because nobody waits for it any more.
#[derive(Debug, Default)]
pub(crate) struct Unfinished(Vec<PathBuf>);

impl Unfinished {
    /// Says that `path` is about to be made. What is there already stays.
    pub(crate) fn expect(&mut self, path: PathBuf) {
        if std::fs::symlink_metadata(&path).is_err() {
            self.0.push(path);
        }
    }

    /// All of it was made: it stays.
    pub(crate) fn retain(mut self) {
        self.0.clear();
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        for path in &self.0 {
            let tried = (0..MAX_TRIES).map(|_| remove(path)).find(Result::is_ok);
            tried.unwrap_or_else(|| remove(path)).log_dropped("removing what was half made");
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_kept_goes_and_what_was_there_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let [old, new, missing, kept] =
            ["old", "new", "missing", "kept"].map(|name| folder.path().join(name));
        std::fs::write(&old, "old").expect("a file");
        let mut unfinished = Unfinished::default();
        for path in [&old, &new, &missing] {
            unfinished.expect(path.clone());
        }
        std::fs::create_dir_all(new.join("deep")).expect("a folder");
        drop(unfinished);
        assert!(old.exists() && !new.exists());

        let mut unfinished = Unfinished::default();
        unfinished.expect(kept.clone());
        std::fs::write(&kept, "new").expect("a file");
        unfinished.retain();
        assert!(kept.exists());
    }
}
