//! A temporary folder with a project and a cache in it.

use regatta_git::{Git, SaveRequest, SaveResult};
use regatta_protocol::worker::Author;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// One test's own folder.
pub(crate) struct TestEnv {
    pub(crate) git: Git,
    _folder: TempDir,
    pub(crate) project: PathBuf,
    pub(crate) cache: PathBuf,
}

impl TestEnv {
    /// A room with a project that has no commit.
    pub(crate) async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // On some systems the temporary folder is behind a link.
        let top = folder.path().canonicalize().unwrap();
        let env = Self {
            git: Git::find().await.unwrap(),
            project: top.join("project"),
            cache: top.join("cache.git"),
            _folder: folder,
        };
        std::fs::create_dir(&env.project).unwrap();
        git(&env.project, &["init", "-q", "-b", "main"]);
        env
    }

    /// A room whose project has one commit with two files.
    pub(crate) async fn new() -> Self {
        let env = Self::empty().await;
        write(&env.project, "README.md", "Hello\n");
        write(&env.project, "src/main.txt", "one\ntwo\nthree\n");
        env.commit("First");
        env
    }

    /// Commits everything in the project; gives the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        git(&self.project, &["add", "-A"]);
        git(&self.project, &["commit", "-q", "--allow-empty", "-m", message]);
        git(&self.project, &["rev-parse", "HEAD"])
    }

    /// A commit of `tree` on top of what is checked out, made at `date`.
    pub(crate) fn commit_tree(&self, tree: &str, date: &str) -> String {
        let ended = git_command(&self.project, &["commit-tree", "-p", "HEAD", "-m", "Dated", tree])
            .env("GIT_COMMITTER_DATE", date)
            .output()
            .unwrap();
        String::from_utf8(ended.stdout).unwrap().trim_end().to_owned()
    }

    /// An object of the project, as it is: nothing is checked.
    pub(crate) fn write_object(&self, kind: &str, bytes: &[u8]) -> String {
        let args = ["hash-object", "-t", kind, "-w", "--stdin", "--literally"];
        run_with_stdin(git_command(&self.project, &args), bytes)
    }

    /// A tree of the project, from lines as `git ls-tree` has them.
    pub(crate) fn write_tree(&self, lines: &str) -> String {
        run_with_stdin(git_command(&self.project, &["mktree"]), lines.as_bytes())
    }

    /// Every file below `folder` but those whose path begins with one of `but`: its mode and
    /// content. An empty folder counts, too.
    pub(crate) fn snapshot_files(folder: &Path, but: &[&str]) -> BTreeMap<String, (u32, Vec<u8>)> {
        let mut files = BTreeMap::new();
        let mut open = vec![folder.to_owned()];
        while let Some(next) = open.pop() {
            let name = next.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            if but.iter().any(|but| name.starts_with(but)) {
                continue;
            }
            let facts = std::fs::symlink_metadata(&next).unwrap();
            let content = if facts.is_dir() {
                let entries = std::fs::read_dir(&next).unwrap();
                let inside: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
                let is_empty = inside.is_empty();
                open.extend(inside);
                if !is_empty {
                    continue;
                }
                Vec::new()
            } else if facts.is_symlink() {
                std::fs::read_link(&next).unwrap().into_os_string().into_encoded_bytes()
            } else {
                std::fs::read(&next).unwrap()
            };
            files.insert(name, (mode(&facts), content));
        }
        files
    }

    /// The folder that all else is in.
    pub(crate) fn top(&self) -> &Path {
        self.project.parent().unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.top().join(name)
    }

    /// What is checked out in the project, brought into the cache.
    pub(crate) async fn cache_head(&self) -> String {
        let start = self.git.resolve(&self.project, "").await.unwrap();
        self.git.update_cache(&self.project, &self.cache, &start).await.unwrap();
        start
    }

    /// A copy of `start` named `name`.
    pub(crate) async fn make_copy(&self, start: &str, name: &str) -> PathBuf {
        let copy = self.path(name);
        self.git.copy(&self.cache, start, &copy, "work").await.unwrap();
        copy
    }

    /// Saves the copy on top of `start`.
    pub(crate) async fn save_copy(&self, copy: &Path, start: &str) -> SaveResult {
        let author = author();
        let request = self.save_request(copy, start, &author);
        let index = copy.with_extension("index");
        self.git.save(SaveRequest { index: &index, ..request }).await.unwrap()
    }

    pub(crate) fn save_request<'a>(
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
    let ended = git_command(folder, args).output().unwrap();
    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "git {args:?}: {complaint}");
    String::from_utf8_lossy(&ended.stdout).trim_end_matches('\n').to_owned()
}

/// Runs `command` on `bytes`; what it says.
fn run_with_stdin(mut command: Command, bytes: &[u8]) -> String {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success());
    String::from_utf8(ended.stdout).unwrap().trim_end().to_owned()
}

/// The call that [`git`] makes.
pub(crate) fn git_command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"GIT_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(folder)
        .args(["-c", "user.name=Person", "-c", "user.email=person@example.invalid"])
        .args(["-c", "protocol.file.allow=always", "-c", "advice.detachedHead=false"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

#[cfg(unix)]
fn mode(facts: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(facts)
}

#[cfg(not(unix))]
fn mode(_: &std::fs::Metadata) -> u32 {
    0
}

/// Writes a file, with its folders.
pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
