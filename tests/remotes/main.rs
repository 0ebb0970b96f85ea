//! The door to git at remotes: a host of our own on this machine, with and without
//! encryption, and the real program as git's askpass.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod encrypted;
mod looking;
mod pushing;
mod reading;

use regatta_git::{Git, Remote};
use regatta_protocol::Secret;
use regatta_tests::{GitHost, Yard, program};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A project, the host that has it as `shop` and as `public-shop`, and a cache.
struct Room {
    yard: Yard,
    host: GitHost,
    git: Git,
    there: PathBuf,
    start: String,
}

impl Room {
    async fn new() -> Self {
        Self::of(GitHost::http()).await
    }

    async fn of(host: GitHost) -> Self {
        let yard = Yard::new();
        yard.git(&["branch", "release/1"]);
        yard.write("late.txt", "late\n");
        yard.commit("Late");
        let there = host.add("shop", &yard.project());
        host.add("public-shop", &yard.project());
        let start = yard.git(&["rev-parse", "main"]);
        Self { yard, host, git: Git::find().await.unwrap(), there, start }
    }

    fn remote(&self, name: &str, token: &str) -> Remote {
        let remote = Remote::parse(&self.host.address(name)).unwrap();
        remote.with_token(&Secret::new(token), &program())
    }

    fn cache(&self) -> PathBuf {
        self.yard.root().join("cache.git")
    }

    /// A commit on top of the start that only the cache has.
    async fn result(&self, token: &str, text: &str) -> String {
        let remote = self.remote("shop", token);
        self.git.update_cache_from(&remote, &self.cache(), &self.start).await.unwrap();
        commit_on(&self.cache(), &self.start, text)
    }

    /// The branches at the host with their commits.
    fn branches(&self) -> Vec<String> {
        let listed = git(&self.there, &["for-each-ref", "--format=%(refname:short) %(objectname)"]);
        listed.lines().map(str::to_owned).collect()
    }
}

fn commit_on(repository: &Path, parent: &str, text: &str) -> String {
    let tree = format!("{parent}^{{tree}}");
    git(repository, &["commit-tree", "-p", parent, "-m", text, &tree])
}

fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@localhost"])
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}
