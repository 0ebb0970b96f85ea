//! What changed between two commits, file by file, as git counts it.

use crate::call::CallScope;
use crate::error::GitError;
use crate::paths_and_ids::{check_commit_id, to_lossy_string};
use crate::program::Git;
use regatta_protocol::event::{ChangeTotals, FileDiffStat, MAX_FILES_NAMED};
use regatta_protocol::view::{ChangeKind, Changes, FileChange};
use std::collections::HashMap;
use std::path::Path;

/// The most files that are listed.
const MAX_FILES: usize = 2_000;
/// A file over this size is counted as not being text: comparing it would take minutes.
pub(crate) const BIG_FILE_THRESHOLD: &str = "32m";

impl Git {
    /// What changed from the commit `from` to the commit `to` in `cache`.
    ///
    /// # Errors
    /// [`GitError::RevisionMissing`], or the call failed.
    pub async fn changes(&self, cache: &Path, from: &str, to: &str) -> Result<Changes, GitError> {
        check_commit_id(from)?;
        check_commit_id(to)?;
        let listed = self
            .call(CallScope::Repository(cache))
            .setting("core.bigFileThreshold", BIG_FILE_THRESHOLD)
            .args(["diff-tree", "-r", "-z", "--raw", "--numstat", "-M"])
            .args(["--no-ext-diff", "--no-textconv", "--end-of-options", from, to])
            .run()
            .await?;
        Ok(parse_changes(&listed))
    }
}

/// The sums, and the first files with their counts: what an event and a view carry.
#[must_use]
pub fn summarize(changes: &Changes) -> (ChangeTotals, Vec<FileDiffStat>) {
    let count = |file: &FileChange| FileDiffStat {
        path: file.path.clone(),
        added: file.added,
        removed: file.removed,
    };
    (changes.totals, changes.files.iter().take(MAX_FILES_NAMED).map(count).collect())
}

/// Reads `diff-tree -z --raw --numstat`: first `:mode mode id id letter\0path\0` for each
/// file (two paths when it moved), then `added\tremoved\tpath\0` for each (when it moved
/// `added\tremoved\t\0old\0new\0`).
fn parse_changes(listed: &[u8]) -> Changes {
    let mut parts = listed.split(|b| *b == 0).peekable();
    let mut files = Vec::new();
    while let Some(facts) = parts.next_if(|part| part.starts_with(b":")) {
        let letter = facts.rsplit(|b| *b == b' ').next().and_then(|l| l.first()).copied();
        let first = to_lossy_string(parts.next().unwrap_or_default());
        let moved = matches!(letter, Some(b'R' | b'C'));
        let second = if moved { parts.next().map(to_lossy_string) } else { None };
        let kind = match letter {
            Some(b'A' | b'C') => ChangeKind::Added,
            Some(b'D') => ChangeKind::Removed,
            Some(b'R') => ChangeKind::Moved,
            _ => ChangeKind::Modified,
        };
        let (path, old_path) = match second {
            Some(path) => (path, Some(first)),
            None => (first, None),
        };
        files.push(FileChange { path, old_path, kind, is_binary: false, added: 0, removed: 0 });
    }
    let counts = parse_counts(parts);
    let mut changes = Changes::default();
    for mut file in files {
        match counts.get(&file.path) {
            Some(Some((added, removed))) => (file.added, file.removed) = (*added, *removed),
            Some(None) => file.is_binary = true,
            None => {}
        }
        changes.totals.files = changes.totals.files.saturating_add(1);
        changes.totals.added = changes.totals.added.saturating_add(file.added);
        changes.totals.removed = changes.totals.removed.saturating_add(file.removed);
        if changes.files.len() < MAX_FILES {
            changes.files.push(file);
        } else {
            changes.has_more = true;
        }
    }
    changes
}

/// The counts by path; `None` for a file that isn't text.
fn parse_counts<'a>(
    mut parts: impl Iterator<Item = &'a [u8]>,
) -> HashMap<String, Option<(u64, u64)>> {
    let mut counts = HashMap::new();
    while let Some(part) = parts.next() {
        let mut fields = part.splitn(3, |b| *b == b'\t');
        let (Some(added), Some(removed), Some(path)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let path = if path.is_empty() { parts.nth(1).unwrap_or_default() } else { path };
        let number = |field: &[u8]| std::str::from_utf8(field).ok()?.parse().ok();
        counts.insert(to_lossy_string(path), number(added).zip(number(removed)));
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_list_is_read_as_git_writes_it() {
        let id = "0".repeat(40);
        let listed = format!(
            ":100644 100644 {id} {id} M\0a\tb\nc\0:100644 000000 {id} {id} D\0gone\0\
             :100644 100755 {id} {id} R087\0old\0new\0:000000 120000 {id} {id} A\0link\0\
             :100644 120000 {id} {id} T\0kind\0\
             3\t1\ta\tb\nc\0-\t-\tgone\0002\t0\t\0old\0new\0001\t0\tlink\0001\t9\tkind\0"
        );
        let changes = parse_changes(listed.as_bytes());
        let read: Vec<_> = changes
            .files
            .iter()
            .map(|f| {
                (f.path.as_str(), f.old_path.as_deref(), f.kind, f.is_binary, f.added, f.removed)
            })
            .collect();
        assert_eq!(
            read,
            [
                ("a\tb\nc", None, ChangeKind::Modified, false, 3, 1),
                ("gone", None, ChangeKind::Removed, true, 0, 0),
                ("new", Some("old"), ChangeKind::Moved, false, 2, 0),
                ("link", None, ChangeKind::Added, false, 1, 0),
                ("kind", None, ChangeKind::Modified, false, 1, 9),
            ]
        );
        assert_eq!(changes.totals, ChangeTotals { files: 5, added: 7, removed: 10 });
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(prop_oneof![
            Just(0), Just(b':'), Just(b'\t'), Just(b' '), Just(b'R'), Just(b'9'), any::<u8>()
        ], 0..300)) {
            let changes = parse_changes(&bytes);
            prop_assert_eq!(changes.totals.files as usize, changes.files.len());
        }
    }
}
