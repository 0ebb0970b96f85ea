//! What the index of a copy says of its files: an agent leaves word there of what it meant. It is
//! read as data, by a call on the cache: nothing of the copy's settings takes part.

use crate::error::GitError;
use crate::program::Git;
use crate::stage::Stage;
use std::collections::HashSet;
use std::path::Path;

/// The largest index that is read, in bytes: more than a million files have.
const MAX_INDEX_BYTES: u64 = 256 * 1024 * 1024;

/// What a copy's own index says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CopyIndex {
    /// Files that are left out of the folder on purpose ([`git sparse-checkout`]), and so aren't
    /// removed.
    ///
    /// [`git sparse-checkout`]: https://git-scm.com/docs/git-sparse-checkout
    pub(crate) left_out: HashSet<Vec<u8>>,
    /// Files that it holds, also those that are ignored and were added all the same.
    pub(crate) held: Vec<Vec<u8>>,
}

impl Git {
    /// Reads the index of the copy; an empty one where there is none that can be read.
    pub(crate) async fn read_copy_index(&self, stage: &Stage<'_>) -> Result<CopyIndex, GitError> {
        let index = stage.folder.join(".git/index");
        if !is_ordinary(&stage.folder.join(".git"), &index) {
            return Ok(CopyIndex::default());
        }
        let call = self
            .index_call(stage)
            .args(["ls-files", "-z", "-t", "--stage", "--cached"])
            .env("GIT_INDEX_FILE", &index);
        match call.run().await {
            Ok(listed) => Ok(CopyIndex::parse(&listed)),
            // Whatever an agent left there.
            Err(GitError::Failed { .. }) => Ok(CopyIndex::default()),
            Err(error) => Err(error),
        }
    }
}

/// Whether it is a file inside a folder, with no link on the way, and not too large.
fn is_ordinary(git_dir: &Path, index: &Path) -> bool {
    std::fs::symlink_metadata(git_dir).is_ok_and(|found| found.is_dir())
        && std::fs::symlink_metadata(index)
            .is_ok_and(|found| found.is_file() && found.len() <= MAX_INDEX_BYTES)
}

impl CopyIndex {
    /// Reads `ls-files -z -t --stage`: `S mode id stage\tpath\0` for one that is left out, `H …`
    /// for others.
    fn parse(listed: &[u8]) -> Self {
        let mut index = Self::default();
        for entry in listed.split(|byte| *byte == 0) {
            let Some(tab) = entry.iter().position(|byte| *byte == b'\t') else { continue };
            let path = entry[tab + 1..].to_owned();
            match entry {
                [b'S', ..] => drop(index.left_out.insert(path)),
                [b'H', b' ', mode @ ..] if !mode.starts_with(b"160000") => index.held.push(path),
                _ => {}
            }
        }
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_lists_is_read() {
        let id = "0".repeat(40);
        let listed = format!(
            "H 100644 {id} 0\ta b\0S 100644 {id} 0\tgone\0H 160000 {id} 0\tsub\0M 100644 {id} 1\tx\0"
        );
        let index = CopyIndex::parse(listed.as_bytes());
        assert_eq!(index.held, [b"a b".to_vec()]);
        assert_eq!(index.left_out, HashSet::from([b"gone".to_vec()]));
        assert_eq!(CopyIndex::parse(b""), CopyIndex::default());
        assert_eq!(CopyIndex::parse(b"\0\tx\0S\0"), CopyIndex::default());
    }
}
