//! The text of one file's change.

use crate::call::CallScope;
use crate::changes::BIG_FILE_THRESHOLD;
use crate::error::GitError;
use crate::paths_and_ids::check_commit_id;
use crate::program::Git;
use regatta_protocol::view::{FilePatch, MAX_LINE_SHOWN, PatchLine, PatchLineKind};
use std::path::Path;

/// The most lines that are shown.
const MAX_LINES: usize = 5_000;
/// The most bytes that are read for them.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Which file's change is wanted.
#[derive(Debug, Clone, Copy)]
pub struct PatchRequest<'a> {
    /// The cache.
    pub cache: &'a Path,
    /// The commit before.
    pub from: &'a str,
    /// The commit after.
    pub to: &'a str,
    /// The file's path, as `changes` gave it.
    pub path: &'a str,
    /// Its path before, when it moved.
    pub old_path: Option<&'a str>,
}

impl Git {
    /// The text of one file's change, with three lines around each.
    ///
    /// # Errors
    /// [`GitError::RevisionMissing`], or the call failed. A path that didn't change, or that
    /// isn't text, gives no lines.
    pub async fn patch(&self, request: PatchRequest<'_>) -> Result<FilePatch, GitError> {
        check_commit_id(request.from)?;
        check_commit_id(request.to)?;
        let ended = self
            .call(CallScope::Repository(request.cache))
            .setting("core.bigFileThreshold", BIG_FILE_THRESHOLD)
            .args(["diff-tree", "-r", "-p", "-U3", "-M"])
            .args(["--no-ext-diff", "--no-textconv", "--no-color", "--end-of-options"])
            .args([request.from, request.to, "--"])
            .args(
                [Some(request.path), request.old_path].into_iter().flatten().map(literal_pathspec),
            )
            .output_limit(MAX_BYTES)
            .output()
            .await?;
        if ended.code != Some(0) && !ended.is_truncated {
            return Err(ended.to_error());
        }
        let mut patch = parse_patch(&ended.stdout);
        patch.has_more |= ended.is_truncated;
        Ok(patch)
    }
}

/// `path` as a pathspec that means exactly it; a sign that stands for bytes which are not
/// UTF-8 means any.
fn literal_pathspec(path: &str) -> String {
    let mut spec = String::from(":(top,glob)");
    for c in path.chars() {
        match c {
            '*' | '?' | '[' | '\\' => spec.extend(['\\', c]),
            char::REPLACEMENT_CHARACTER => spec.push('*'),
            _ => spec.push(c),
        }
    }
    spec
}

/// Reads a unified diff. Headers are left out; counts in `@@` lines say where the text
/// begins and ends, so text that looks like a header is text.
fn parse_patch(diff: &[u8]) -> FilePatch {
    let mut patch = FilePatch::default();
    let mut hunk = Hunk::default();
    for line in diff.split(|b| *b == b'\n') {
        if patch.lines.len() >= MAX_LINES {
            patch.has_more = true;
            break;
        }
        if hunk.old_left == 0 && hunk.new_left == 0 {
            if let Some(next) = Hunk::parse_header(line) {
                if next.old > 1 || !patch.lines.is_empty() {
                    let text = String::new();
                    patch.lines.push(PatchLine {
                        kind: PatchLineKind::Gap,
                        old: None,
                        new: None,
                        text,
                    });
                }
                hunk = next;
            }
            continue;
        }
        patch.lines.extend(hunk.consume_line(line));
    }
    patch
}

/// Where in a hunk we are.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Hunk {
    old: u32,
    old_left: u32,
    new: u32,
    new_left: u32,
}

impl Hunk {
    /// Reads `@@ -3,7 +3,8 @@ anything`; a count of 1 may be left out.
    fn parse_header(line: &[u8]) -> Option<Self> {
        let line = String::from_utf8_lossy(line);
        let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
        let (new, _) = rest.split_once(" @@")?;
        let range = |text: &str| {
            let (start, count) = text.split_once(',').unwrap_or((text, "1"));
            Some((start.parse().ok()?, count.parse().ok()?))
        };
        let ((old, old_left), (new, new_left)) = (range(old)?, range(new)?);
        Some(Self { old, old_left, new, new_left })
    }

    /// Takes one line of the hunk; none for "\ No newline at end of file".
    fn consume_line(&mut self, line: &[u8]) -> Option<PatchLine> {
        let (sign, text) = line.split_first().unwrap_or((&b' ', &[]));
        let kind = match sign {
            b'+' => PatchLineKind::Added,
            b'-' => PatchLineKind::Removed,
            b'\\' => return None,
            _ => PatchLineKind::Same,
        };
        let old = (kind != PatchLineKind::Added).then_some(self.old);
        let new = (kind != PatchLineKind::Removed).then_some(self.new);
        if old.is_some() {
            self.old = self.old.saturating_add(1);
            self.old_left = self.old_left.saturating_sub(1);
        }
        if new.is_some() {
            self.new = self.new.saturating_add(1);
            self.new_left = self.new_left.saturating_sub(1);
        }
        Some(PatchLine { kind, old, new, text: truncate_line(text) })
    }
}

/// A line's text, cut between two characters.
fn truncate_line(text: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(text).into_owned();
    let end = (0..=MAX_LINE_SHOWN.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or(0));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_that_looks_like_a_header_is_text() {
        let diff = b"diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n\
            @@ -2,3 +2,4 @@ fn main() {\n @@ -1 +1 @@\n--- a/x\n+++ b/x\n+\n last\n\
            \\ No newline at end of file\n@@ -9 +10 @@\n-old\n\\ No newline at end of file\n+new\n";
        let patch = parse_patch(diff);
        let lines: Vec<_> =
            patch.lines.iter().map(|l| (l.kind, l.old, l.new, l.text.as_str())).collect();
        use PatchLineKind::{Added, Gap, Removed, Same};
        assert_eq!(
            lines,
            [
                (Gap, None, None, ""),
                (Same, Some(2), Some(2), "@@ -1 +1 @@"),
                (Removed, Some(3), None, "-- a/x"),
                (Added, None, Some(3), "++ b/x"),
                (Added, None, Some(4), ""),
                (Same, Some(4), Some(5), "last"),
                (Gap, None, None, ""),
                (Removed, Some(9), None, "old"),
                (Added, None, Some(10), "new"),
            ]
        );
    }

    #[test]
    fn a_file_that_begins_or_ends_with_the_change_has_no_gap_there() {
        let added = parse_patch(b"--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+a\n+b\n");
        assert_eq!(added.lines.len(), 2);
        let removed = parse_patch(b"--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
        assert_eq!((removed.lines[0].old, removed.lines[0].new), (Some(1), None));
    }

    #[test]
    fn a_path_means_itself() {
        assert_eq!(literal_pathspec("a*b?[c]\\d"), ":(top,glob)a\\*b\\?\\[c]\\\\d");
        assert_eq!(literal_pathspec("x\u{fffd}y"), ":(top,glob)x*y");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(lines in proptest::collection::vec(
            prop_oneof!["@@ -[0-9]{1,10}(,[0-9]{1,10})? \\+[0-9]{1,10}(,[0-9]{1,10})? @@", "[-+ \\\\]?.{0,9}"],
            0..40
        )) {
            let patch = parse_patch(lines.join("\n").as_bytes());
            prop_assert!(patch.lines.len() <= lines.len());
        }

        #[test]
        fn a_shown_line_is_bounded_text(bytes in proptest::collection::vec(any::<u8>(), 0..9_000)) {
            prop_assert!(truncate_line(&bytes).len() <= MAX_LINE_SHOWN);
        }
    }
}
