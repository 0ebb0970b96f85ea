//! Brings the files of a folder into an index, whoever made them and whatever they are.
//!
//! `git add` is not used: it runs `git status` inside repositories that lie in the folder,
//! with *their* settings, and gives up at the first file it can't read.

use crate::call::{Call, CallScope};
use crate::error::GitError;
use crate::paths_and_ids::{absolute, path_from_bytes, to_lossy_string};
use crate::program::Git;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The most files that may be unreadable before it is a failure.
const MAX_UNREADABLE: usize = 100;
/// The size over which a file is left out: it would fill the disk twice, and no place that
/// holds projects takes it.
const MAX_FILE_BYTES: u64 = 1024 * 1024 * 1024;
/// The size from which a file isn't held in memory as a whole.
const BIG_FILE_THRESHOLD: &str = "64m";

/// A folder, and the index and repository its files go into.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    /// The repository.
    pub(crate) repository: &'a Path,
    /// The folder.
    pub(crate) folder: &'a Path,
    /// The index.
    pub(crate) index: &'a Path,
    /// Patterns of files to leave out, beside those that the folder and the repository have.
    pub(crate) excludes_file: Option<PathBuf>,
    /// Settings of the repository that are overridden.
    pub(crate) settings: Vec<(OsString, OsString)>,
}

impl Git {
    /// Brings every file that isn't ignored into the index, and takes out what is gone.
    /// Gives the paths that could not be brought in: embedded repositories, files that
    /// can't be read or stored.
    pub(crate) async fn stage(&self, stage: &Stage<'_>) -> Result<Vec<String>, GitError> {
        let refresh = ["update-index", "-q", "--refresh", "--ignore-submodules"];
        self.index_call(stage).args(refresh).run_optional().await?;
        let tracked = self
            .index_call(stage)
            .args(["diff-files", "-z", "--raw", "--no-renames", "--ignore-submodules=all"])
            .run()
            .await?;
        let listed = self
            .index_call(stage)
            .args(["ls-files", "-z", "-t", "--stage", "--cached", "--others", "--exclude-standard"])
            .run()
            .await?;
        let mut plan = IndexPlan::default();
        plan.add_tracked(&tracked);
        plan.add_listed(&listed, |path| is_nonempty_dir(&stage.folder.join(path_from_bytes(path))));
        plan.skip_matching(|path| is_too_large(&stage.folder.join(path_from_bytes(path))));
        self.remove_all(stage, &plan.remove).await?;
        self.add_all(stage, &plan.add, &mut plan.skipped).await?;
        Ok(plan.skipped)
    }

    /// A call on the stage's index and folder.
    pub(crate) fn index_call(&self, stage: &Stage<'_>) -> Call {
        let call = self
            .call(CallScope::Repository(stage.repository))
            .work_tree(stage.folder)
            .env("GIT_INDEX_FILE", absolute(stage.index))
            .override_settings(&stage.settings)
            .setting("core.bigFileThreshold", BIG_FILE_THRESHOLD)
            .durable();
        match &stage.excludes_file {
            Some(file) => call.setting("core.excludesFile", file),
            None => call,
        }
    }

    async fn remove_all(&self, stage: &Stage<'_>, paths: &[Vec<u8>]) -> Result<(), GitError> {
        if paths.is_empty() {
            return Ok(());
        }
        let args = ["update-index", "-z", "--force-remove", "--stdin"];
        self.index_call(stage).args(args).stdin(join_with_nul(paths)).run().await.map(drop)
    }

    /// Puts `paths` into the index. One that git refuses makes it refuse all, so they are
    /// halved until the refused ones are alone.
    async fn add_all(
        &self,
        stage: &Stage<'_>,
        paths: &[Vec<u8>],
        skipped: &mut Vec<String>,
    ) -> Result<(), GitError> {
        let mut refused = 0;
        let mut parts = vec![paths];
        while let Some(part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            let ended = self
                .index_call(stage)
                .args(["update-index", "-z", "--add", "--remove", "--replace", "--stdin"])
                .stdin(join_with_nul(part))
                .output()
                .await?;
            if ended.code == Some(0) {
                skipped.extend(parse_ignored_paths(&ended.stderr));
                continue;
            }
            match (ended.to_error(), part) {
                (GitError::Failed { .. }, [path]) if refused < MAX_UNREADABLE => {
                    refused += 1;
                    skipped.push(to_lossy_string(path));
                }
                (GitError::Failed { .. }, part) if part.len() > 1 => {
                    let (first, last) = part.split_at(part.len() / 2);
                    parts.extend([last, first]);
                }
                (error, _) => return Err(error),
            }
        }
        Ok(())
    }
}

/// What is to be done to an index.
#[derive(Debug, Default, PartialEq, Eq)]
struct IndexPlan {
    add: Vec<Vec<u8>>,
    remove: Vec<Vec<u8>>,
    skipped: Vec<String>,
}

const GITLINK: &[u8] = b"160000";

impl IndexPlan {
    /// Reads `diff-files -z --raw`: `:mode mode id id letter\0path\0`…
    fn add_tracked(&mut self, raw: &[u8]) {
        let mut parts = raw.split(|b| *b == 0);
        while let (Some(facts), Some(path)) = (parts.next(), parts.next()) {
            let facts: Vec<&[u8]> = facts.split(|b| *b == b' ').collect();
            let [_, new_mode, _, _, letter] = facts[..] else { continue };
            let now_a_repository = new_mode == GITLINK;
            if now_a_repository {
                self.skipped.push(to_lossy_string(path));
            }
            if letter == b"D" || now_a_repository {
                self.remove.push(path.to_owned());
            } else {
                self.add.push(path.to_owned());
            }
        }
    }

    /// Reads `ls-files -z -t --stage`: `? path\0` for a file that isn't in the index (a
    /// path with `/` at its end is a repository), `H mode id stage\tpath\0` for one that is.
    fn add_listed(&mut self, listed: &[u8], has_content: impl Fn(&[u8]) -> bool) {
        for entry in listed.split(|b| *b == 0) {
            if let Some(path) = entry.strip_prefix(b"? ") {
                match path.strip_suffix(b"/") {
                    Some(folder) => self.skipped.push(to_lossy_string(folder)),
                    None => self.add.push(path.to_owned()),
                }
                continue;
            }
            let Some(tab) = entry.iter().position(|b| *b == b'\t') else { continue };
            let (facts, path) = (&entry[..tab], &entry[tab + 1..]);
            if facts.split(|b| *b == b' ').nth(1) == Some(GITLINK) && has_content(path) {
                self.skipped.push(to_lossy_string(path));
            }
        }
    }

    /// Leaves out the files of which `unwanted` says so.
    fn skip_matching(&mut self, unwanted: impl Fn(&[u8]) -> bool) {
        let (skipped, put) = std::mem::take(&mut self.add).into_iter().partition(|p| unwanted(p));
        let skipped: Vec<Vec<u8>> = skipped;
        self.add = put;
        self.skipped.extend(skipped.iter().map(|path| to_lossy_string(path)));
    }
}

/// Whether there is anything in the folder.
fn is_nonempty_dir(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

/// Whether it is a file that is too large to be saved.
fn is_too_large(file: &Path) -> bool {
    std::fs::symlink_metadata(file)
        .is_ok_and(|found| found.is_file() && found.len() > MAX_FILE_BYTES)
}

/// The paths that git left out by itself, such as `.GIT/config`.
fn parse_ignored_paths(complaints: &str) -> impl Iterator<Item = String> {
    complaints.lines().filter_map(|line| line.strip_prefix("Ignoring path ")).map(str::to_owned)
}

fn join_with_nul(paths: &[Vec<u8>]) -> Vec<u8> {
    let mut all = Vec::new();
    for path in paths {
        all.extend_from_slice(path);
        all.push(0);
    }
    all
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
        let listed = format!(
            "? new\nfile\0? inner/\0H 100644 {id} 0\tsame\0H 160000 {id} 0\tempty\0\
             H 160000 {id} 0\tfilled\0"
        );
        plan.add_listed(listed.as_bytes(), |path| path == b"filled");
        assert_eq!(plan.add, paths(&["a b", "link", "new\nfile"]));
        assert_eq!(plan.remove, paths(&["gone", "now a repository"]));
        assert_eq!(plan.skipped, ["now a repository", "inner", "filled"]);
        plan.skip_matching(|path| path == b"link");
        assert_eq!(plan.add, paths(&["a b", "new\nfile"]));
        assert_eq!(plan.skipped.last().map(String::as_str), Some("link"));
    }

    #[test]
    fn what_git_leaves_out_is_heard() {
        let said = "warning: x\nIgnoring path .GIT/config\nIgnoring path a b\n";
        assert_eq!(parse_ignored_paths(said).collect::<Vec<_>>(), [".GIT/config", "a b"]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut plan = IndexPlan::default();
            plan.add_tracked(&bytes);
            plan.add_listed(&bytes, |_| true);
            let named = plan.add.len() + plan.remove.len() + plan.skipped.len();
            prop_assert!(named <= 3 * (bytes.len() + 1));
        }
    }
}
