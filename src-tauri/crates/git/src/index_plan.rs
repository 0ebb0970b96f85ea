//! What is to be done to an index, from what git lists. Pure.

use crate::copy_index::CopyIndex;
use crate::skipped::{SkipReason, SkippedPath};
use std::collections::HashSet;

/// What is to be done to an index.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct IndexPlan {
    pub(crate) add: Vec<Vec<u8>>,
    pub(crate) remove: Vec<Vec<u8>>,
    pub(crate) skipped: Vec<SkippedPath>,
    /// Files of the index that seem to be changed and are of the same kind as before; they are in
    /// `add`, too.
    pub(crate) modified: Vec<ModifiedFile>,
    /// Folders that are repositories of their own, and in no index.
    pub(crate) repositories: Vec<Vec<u8>>,
}

/// A file of the index that seems to be changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ModifiedFile {
    pub(crate) path: Vec<u8>,
    /// The id of the content that the index holds.
    pub(crate) id: String,
}

const GITLINK: &[u8] = b"160000";

impl IndexPlan {
    /// Reads `diff-files -z --raw`: `:mode mode id id letter\0path\0`…
    pub(crate) fn add_tracked(&mut self, raw: &[u8]) {
        let mut parts = raw.split(|b| *b == 0);
        while let (Some(facts), Some(path)) = (parts.next(), parts.next()) {
            let facts: Vec<&[u8]> = facts.split(|b| *b == b' ').collect();
            let [old_mode, new_mode, id, _, letter] = facts[..] else { continue };
            if new_mode == GITLINK {
                self.repositories.push(path.to_owned());
                self.remove.push(path.to_owned());
            } else if letter == b"D" {
                self.remove.push(path.to_owned());
            } else {
                if old_mode.strip_prefix(b":") == Some(new_mode) {
                    let id = String::from_utf8_lossy(id).into_owned();
                    self.modified.push(ModifiedFile { path: path.to_owned(), id });
                }
                self.add.push(path.to_owned());
            }
        }
    }

    /// Reads `ls-files -z -t --stage`: `? path\0` for a file that isn't in the index (a
    /// path with `/` at its end is a repository), `H mode id stage\tpath\0` for one that is.
    pub(crate) fn add_listed(&mut self, listed: &[u8], has_content: impl Fn(&[u8]) -> bool) {
        for entry in listed.split(|b| *b == 0) {
            if let Some(path) = entry.strip_prefix(b"? ") {
                match path.strip_suffix(b"/") {
                    Some(folder) if self.repositories.iter().any(|known| known == folder) => {}
                    Some(folder) => self.repositories.push(folder.to_owned()),
                    None => self.add.push(path.to_owned()),
                }
                continue;
            }
            let Some(tab) = entry.iter().position(|b| *b == b'\t') else { continue };
            let (facts, path) = (&entry[..tab], &entry[tab + 1..]);
            if facts.split(|b| *b == b' ').nth(1) == Some(GITLINK) && has_content(path) {
                self.skipped.push(SkippedPath::new(path, SkipReason::Submodule));
            }
        }
    }

    /// Reads the same for a repository inside the folder, whose files are all in no index.
    pub(crate) fn add_inner(&mut self, repository: &[u8], listed: &[u8]) {
        for entry in listed.split(|b| *b == 0) {
            let Some(path) = entry.strip_prefix(b"? ") else { continue };
            let whole = |path: &[u8]| [repository, b"/", path].concat();
            match path.strip_suffix(b"/") {
                Some(folder) => self.repositories.push(whole(folder)),
                None => self.add.push(whole(path)),
            }
        }
    }

    /// Follows what the copy's own index says: what it leaves out of the folder isn't removed,
    /// and what it holds is brought in, ignored or not. `listed`: as for [`Self::add_listed`].
    pub(crate) fn apply_copy_index(
        &mut self,
        index: CopyIndex,
        listed: &[u8],
        is_file: impl Fn(&[u8]) -> bool,
    ) {
        self.remove.retain(|path| !index.left_out.contains(path));
        let known: HashSet<&[u8]> = listed
            .split(|b| *b == 0)
            .filter_map(|entry| match entry.iter().position(|b| *b == b'\t') {
                Some(tab) => Some(&entry[tab + 1..]),
                None => entry.strip_prefix(b"? "),
            })
            .collect();
        let ignored = index.held.into_iter().filter(|path| !known.contains(&path[..]));
        self.add.extend(ignored.filter(|path| is_file(path)));
    }

    /// Leaves out the files of which `unwanted` says so.
    pub(crate) fn skip_matching(&mut self, reason: SkipReason, unwanted: impl Fn(&[u8]) -> bool) {
        let (skipped, put) = std::mem::take(&mut self.add).into_iter().partition(|p| unwanted(p));
        let skipped: Vec<Vec<u8>> = skipped;
        self.add = put;
        self.skipped.extend(skipped.iter().map(|path| SkippedPath::new(path, reason)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn paths(paths: &[&str]) -> Vec<Vec<u8>> {
        paths.iter().map(|path| path.as_bytes().to_vec()).collect()
    }

    #[test]
    fn what_git_lists_becomes_a_plan() {
        let id = "0".repeat(40);
        let mut plan = IndexPlan::default();
        let tracked = format!(
            ":100644 100644 {id} {id} M\0a b\0:100644 000000 {id} {id} D\0gone\0\
             :100644 120000 {id} {id} T\0link\0:100644 160000 {id} {id} T\0now a repository\0"
        );
        plan.add_tracked(tracked.as_bytes());
        assert_eq!(plan.modified, [ModifiedFile { path: b"a b".to_vec(), id: id.clone() }]);
        let listed = format!(
            "? new\nfile\0? inner/\0H 100644 {id} 0\tsame\0H 160000 {id} 0\tempty\0\
             H 160000 {id} 0\tfilled\0"
        );
        plan.add_listed(listed.as_bytes(), |path| path == b"filled");
        assert_eq!(plan.add, paths(&["a b", "link", "new\nfile"]));
        assert_eq!(plan.remove, paths(&["gone", "now a repository"]));
        assert_eq!(plan.repositories, paths(&["now a repository", "inner"]));
        assert_eq!(plan.skipped, [SkippedPath::new(b"filled", SkipReason::Submodule)]);
        plan.add_inner(b"inner", b"? a\0? deep/er/\0");
        assert_eq!(plan.add.last().map(Vec::as_slice), Some(&b"inner/a"[..]));
        assert_eq!(plan.repositories.last().map(Vec::as_slice), Some(&b"inner/deep/er"[..]));
        plan.skip_matching(SkipReason::TooLarge, |path| path == b"link");
        assert_eq!(plan.add, paths(&["a b", "new\nfile", "inner/a"]));
        assert_eq!(plan.skipped[1], SkippedPath::new(b"link", SkipReason::TooLarge));
    }

    #[test]
    fn what_the_copys_index_says_is_followed() {
        let left_out = HashSet::from([b"outside".to_vec()]);
        let held = paths(&["same", "forced.log", "no file", "new"]);
        let mut plan = IndexPlan { remove: paths(&["outside", "gone"]), ..IndexPlan::default() };
        let listed = b"H 100644 00 0\tsame\0? new\0";
        plan.apply_copy_index(CopyIndex { left_out, held }, listed, |path| path != b"no file");
        assert_eq!(plan.remove, paths(&["gone"]));
        assert_eq!(plan.add, paths(&["forced.log"]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut plan = IndexPlan::default();
            plan.add_tracked(&bytes);
            plan.add_listed(&bytes, |_| true);
            plan.add_inner(b"x", &bytes);
            let named = plan.add.len() + plan.remove.len() + plan.skipped.len();
            let named = named + plan.modified.len() + plan.repositories.len();
            prop_assert!(named <= 5 * (bytes.len() + 1));
        }
    }
}
