//! Where things are in the data folder. Every name in it is an id of ours.

use crate::runner::AttemptId;
use std::path::PathBuf;

/// The data folder.
#[derive(Debug, Clone)]
pub(crate) struct Dirs(pub(crate) PathBuf);

impl Dirs {
    /// A project's bare cache.
    pub(crate) fn cache(&self, name: &str) -> PathBuf {
        self.0.join("caches").join(name)
    }

    /// An attempt's separate copy.
    pub(crate) fn copy(&self, id: &AttemptId) -> PathBuf {
        self.copies().join(id.to_string())
    }

    /// The folder of all copies.
    pub(crate) fn copies(&self) -> PathBuf {
        self.0.join("copies")
    }

    /// An attempt's folder for what isn't part of its copy.
    pub(crate) fn scratch(&self, id: &AttemptId) -> PathBuf {
        self.scratches().join(id.to_string())
    }

    /// The folder of these.
    pub(crate) fn scratches(&self) -> PathBuf {
        self.0.join("scratch")
    }

    /// The built-in project.
    pub(crate) fn practice_project(&self) -> PathBuf {
        self.0.join("practice-project")
    }
}
