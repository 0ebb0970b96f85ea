//! A temporary folder with a project and a cache in it.

use regatta_git::{Git, SaveRequest, Saved};
use regatta_protocol::worker::Author;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// One test's own folder.
pub(crate) struct Room {
    pub(crate) git: Git,
    _folder: TempDir,
    pub(crate) project: PathBuf,
    pub(crate) cache: PathBuf,
}

impl Room {
    /// A room with a project that has no commit.
    pub(crate) async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // On some systems the temporary folder is behind a link.
        let top = folder.path().canonicalize().unwrap();
        let room = Self {
            git: Git::find().await.unwrap(),
            project: top.join("project"),
            cache: top.join("cache.git"),
            _folder: folder,
        };
        std::fs::create_dir(&room.project).unwrap();
        git(&room.project, &["init", "-q", "-b", "main"]);
        room
    }

    /// A room whose project has one commit with two files.
    pub(crate) async fn new() -> Self {
        let room = Self::empty().await;
        write(&room.project, "README.md", "Hello\n");
        write(&room.project, "src/main.txt", "one\ntwo\nthree\n");
        room.commit("First");
        room
    }

    /// Commits everything in the project; gives the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        git(&self.project, &["add", "-A"]);
        git(&self.project, &["commit", "-q", "--allow-empty", "-m", message]);
        git(&self.project, &["rev-parse", "HEAD"])
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.project.parent().unwrap().join(name)
    }

    /// What is checked out in the project, brought into the cache.
    pub(crate) async fn start(&self) -> String {
        let start = self.git.resolve(&self.project, "").await.unwrap();
        self.git.update_cache(&self.project, &self.cache, &start).await.unwrap();
        start
    }

    /// A copy of `start` named `name`.
    pub(crate) async fn copy(&self, start: &str, name: &str) -> PathBuf {
        let copy = self.path(name);
        self.git.copy(&self.cache, start, &copy, "work").await.unwrap();
        copy
    }

    /// Saves the copy on top of `start`.
    pub(crate) async fn save(&self, copy: &Path, start: &str) -> Saved {
        let author = author();
        let request = self.request(copy, start, &author);
        let index = copy.with_extension("index");
        self.git.save(SaveRequest { index: &index, ..request }).await.unwrap()
    }

    pub(crate) fn request<'a>(
        &'a self,
        copy: &'a Path,
        start: &'a str,
        author: &'a Author,
    ) -> SaveRequest<'a> {
        SaveRequest {
            cache: &self.cache,
            copy,
            index: Path::new("replaced"),
            base: start,
            parent: start,
            message: "Save",
            author,
            refname: "refs/regatta/task/1/1",
        }
    }
}

pub(crate) fn author() -> Author {
    Author { name: "Ada".into(), email: "ada@example.invalid".into() }
}

/// Runs the git program as a person would, without this computer's settings.
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let ended = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Person", "-c", "user.email=person@example.invalid"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(ended.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8_lossy(&ended.stdout).trim_end().to_owned()
}

/// Writes a file, with its folders.
pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
