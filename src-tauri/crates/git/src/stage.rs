//! Brings the files of a folder into an index, whoever made them and whatever they are.
//!
//! `git add` is not used: it runs `git status` inside repositories that lie in the folder,
//! with *their* settings, and gives up at the first file it can't read.

use crate::call::{Call, CallOutput, CallScope};
use crate::error::GitError;
use crate::index_plan::IndexPlan;
use crate::paths_and_ids::{absolute, path_from_bytes};
use crate::program::Git;
use crate::skipped::{SkipReason, SkippedPath, unreadable_folders};
use regatta_trace::LogDropped;
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The most files that may be unreadable before it is a failure.
const MAX_UNREADABLE: usize = 100;
/// The size over which a file is left out: it would fill the disk twice, and no place that
/// holds projects takes it.
const MAX_FILE_BYTES: u64 = 1024 * 1024 * 1024;
/// The largest text in another encoding than the declared one that is kept, in bytes.
const MAX_TEXT_BYTES: u64 = 64 * 1024 * 1024;
/// The most repositories inside a folder whose files are brought in.
const MAX_REPOSITORIES: usize = 100;
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
    /// Whether the folder is a copy that an agent worked in, with an index of the agent's.
    pub(crate) is_copy: bool,
}

impl Git {
    /// Brings every file that isn't ignored into the index, and takes out what is gone.
    /// Files of repositories that lie in the folder are brought in as files, without their
    /// history. Gives the paths that could not be brought in.
    pub(crate) async fn stage(&self, stage: &Stage<'_>) -> Result<Vec<SkippedPath>, GitError> {
        let refresh = ["update-index", "-q", "--refresh", "--ignore-submodules"];
        self.index_call(stage).args(refresh).run_optional().await?;
        let tracked = self
            .index_call(stage)
            .args(["diff-files", "-z", "--raw", "--no-renames", "--ignore-submodules=all"])
            .run()
            .await?;
        let listed = self.list_files(stage).await?;
        let mut plan = IndexPlan::default();
        plan.add_tracked(&tracked);
        self.drop_untouched(stage, &mut plan).await?;
        plan.add_listed(&listed.stdout, |path| is_nonempty_dir(&stage.path_of(path)));
        plan.skipped.extend(unreadable_folders(&listed.stderr));
        self.add_inner_repositories(stage, &mut plan).await?;
        if stage.is_copy {
            let index = self.read_copy_index(stage).await?;
            plan.apply_copy_index(index, &listed.stdout, |path| stage.path_of(path).is_file());
        }
        plan.skip_matching(SkipReason::TooLarge, |path| is_too_large(&stage.path_of(path)));
        self.remove_all(stage, &plan.remove).await?;
        self.add_all(stage, &plan.add, &mut plan.skipped).await?;
        Ok(plan.skipped)
    }

    /// The files of the index and of the folder, as far as they aren't ignored.
    async fn list_files(&self, stage: &Stage<'_>) -> Result<CallOutput, GitError> {
        let listed = self
            .index_call(stage)
            .args(["ls-files", "-z", "-t", "--stage", "--cached", "--others", "--exclude-standard"])
            .output()
            .await?;
        if listed.code == Some(0) && !listed.is_truncated {
            Ok(listed)
        } else {
            Err(listed.to_error())
        }
    }

    /// Takes files out of the plan that are byte for byte what the index holds. They count as
    /// changed where `.gitattributes` says that git would write them in another way, with other
    /// ends of lines; but nobody touched them.
    async fn drop_untouched(
        &self,
        stage: &Stage<'_>,
        plan: &mut IndexPlan,
    ) -> Result<(), GitError> {
        // A pipe would be waited for; and a path is one line here.
        let is_file = |path: &[u8]| {
            std::fs::symlink_metadata(stage.path_of(path)).is_ok_and(|found| found.is_file())
        };
        let can_ask =
            |path: &[u8]| !path.contains(&b'\n') && !path.starts_with(b"\"") && is_file(path);
        let asked: Vec<_> =
            plan.modified.drain(..).filter(|modified| can_ask(&modified.path)).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let paths: Vec<u8> =
            asked.iter().flat_map(|modified| [&modified.path[..], b"\n"].concat()).collect();
        let hashed = self
            .index_call(stage)
            .args(["hash-object", "--no-filters", "--stdin-paths"])
            .stdin(paths)
            .run_text()
            .await;
        let ids = match hashed {
            Ok(ids) => ids,
            // One of them can't be read, which is found again when they are added.
            Err(GitError::Failed { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        let untouched = asked.iter().zip(ids.lines()).filter(|(modified, id)| modified.id == *id);
        let untouched: HashSet<&[u8]> = untouched.map(|(modified, _)| &modified.path[..]).collect();
        plan.add.retain(|path| !untouched.contains(&path[..]));
        Ok(())
    }

    /// Plans to bring in the files of repositories that an agent made in its copy and that aren't
    /// submodules.
    /// Their own `.git` is not looked into: to git each is a folder of files.
    async fn add_inner_repositories(
        &self,
        stage: &Stage<'_>,
        plan: &mut IndexPlan,
    ) -> Result<(), GitError> {
        let mut seen = 0;
        while let Some(path) = plan.repositories.pop() {
            let folder = stage.path_of(&path);
            seen += 1;
            // In a submodule and in another working tree `.git` is a file that leads elsewhere.
            let is_own = stage.is_copy
                && std::fs::symlink_metadata(folder.join(".git")).is_ok_and(|f| f.is_dir());
            if !is_own || seen > MAX_REPOSITORIES {
                plan.skipped.push(SkippedPath::new(&path, SkipReason::Submodule));
                continue;
            }
            let listed = self
                .index_call(stage)
                .work_tree(&folder)
                .env("GIT_INDEX_FILE", absolute(&stage.index.with_extension("none")))
                .args(["ls-files", "-z", "-t", "--others", "--exclude-standard"])
                .run()
                .await?;
            plan.add_inner(&path, &listed);
        }
        Ok(())
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
        skipped: &mut Vec<SkippedPath>,
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
                (GitError::Failed { details, .. }, [path]) if refused < MAX_UNREADABLE => {
                    refused += 1;
                    let reason = SkipReason::from_refusal(&details);
                    if reason != SkipReason::Encoding || !self.add_as_text(stage, path).await? {
                        skipped.push(SkippedPath::new(path, reason));
                    }
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

impl Git {
    /// Puts a file that isn't in its declared encoding into the index as it is, if it is UTF-8:
    /// that is what git keeps of it in any case, and makes the declared encoding of it again.
    async fn add_as_text(&self, stage: &Stage<'_>, path: &[u8]) -> Result<bool, GitError> {
        let file = stage.path_of(path);
        let is_small = std::fs::symlink_metadata(&file)
            .is_ok_and(|found| found.is_file() && found.len() <= MAX_TEXT_BYTES);
        let text = is_small.then(|| std::fs::read(&file).log_dropped("reading a file as text"));
        let text = text.flatten().unwrap_or_default();
        if text.contains(&0) || text.is_empty() || str::from_utf8(&text).is_err() {
            return Ok(false);
        }
        let args = ["hash-object", "-w", "--no-filters", "--stdin"];
        let id = self.index_call(stage).args(args).stdin(text).run_text().await?;
        let mut entry = format!("100644 {id} 0\t").into_bytes();
        entry.extend_from_slice(path);
        entry.push(0);
        let args = ["update-index", "-z", "--add", "--index-info"];
        self.index_call(stage).args(args).stdin(entry).run().await?;
        Ok(true)
    }
}

impl Stage<'_> {
    /// Where a path of the index is on the disk.
    fn path_of(&self, path: &[u8]) -> PathBuf {
        self.folder.join(path_from_bytes(path))
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
fn parse_ignored_paths(complaints: &str) -> impl Iterator<Item = SkippedPath> {
    let paths = complaints.lines().filter_map(|line| line.strip_prefix("Ignoring path "));
    paths.map(|path| SkippedPath::new(path.as_bytes(), SkipReason::Name))
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

    #[test]
    fn what_git_leaves_out_is_heard() {
        let said = "warning: x\nIgnoring path .GIT/config\nIgnoring path a b\n";
        let expected = [&b".GIT/config"[..], b"a b"];
        let expected = expected.map(|path| SkippedPath::new(path, SkipReason::Name));
        assert_eq!(parse_ignored_paths(said).collect::<Vec<_>>(), expected);
    }
}
