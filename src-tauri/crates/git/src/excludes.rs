//! The files that a person keeps out of git by settings of their own, outside of the
//! project's `.gitignore`: for this project (`info/exclude`) and for all (a file that a
//! setting names). Results without them are what the person expects.

use crate::call::{Call, CallScope};
use crate::error::GitError;
use crate::files::{read_small, write_atomically};
use crate::paths_and_ids::path_from_line;
use crate::program::Git;
use std::path::{Path, PathBuf};

/// Where a repository keeps patterns of its own.
pub(crate) const EXCLUDE_FILE: &str = "info/exclude";

impl Git {
    /// Gives the cache the person's patterns, for copies and save points.
    pub(crate) async fn copy_exclude_patterns(
        &self,
        project: &Path,
        cache: &Path,
    ) -> Result<(), GitError> {
        let args = ["rev-parse", "--git-path", EXCLUDE_FILE];
        let own = self.call(CallScope::Folder(project)).args(args).run().await?;
        let mut patterns = Vec::new();
        // The last line that fits a file wins, so the project's own come last.
        for file in self
            .personal_excludes_file(project)
            .await?
            .into_iter()
            .chain([project.join(path_from_line(&own))])
        {
            patterns.extend(read_small(&file));
            patterns.push(b'\n');
        }
        let file = cache.join(EXCLUDE_FILE);
        write_atomically(&file, &patterns)
            .map_err(|error| GitError::io(format!("writing {}", file.display()), &error))
    }

    /// A call on the files of a project that leaves out what the person ignores.
    pub(crate) async fn call_with_personal_excludes(
        &self,
        project: &Path,
    ) -> Result<Call, GitError> {
        let call = self.call(CallScope::Folder(project));
        Ok(match self.personal_excludes_file(project).await? {
            Some(file) => call.setting("core.excludesFile", file),
            None => call,
        })
    }

    /// The person's file of patterns for all projects.
    pub(crate) async fn personal_excludes_file(
        &self,
        project: &Path,
    ) -> Result<Option<PathBuf>, GitError> {
        let args = ["config", "--type=path", "--get", "core.excludesFile"];
        let set = self.read_personal_setting(project, &args).await?;
        Ok(set.map_or_else(default_excludes_file, |path| Some(path_from_line(&path))))
    }
}

/// Where git looks when no setting says where.
fn default_excludes_file() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(folder.join("git/ignore"))
}
