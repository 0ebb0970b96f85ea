//! The door to git at remotes: a host of our own on this machine, with and without
//! encryption, and the real program as git's askpass.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::disallowed_methods, reason = "tests look from outside")]

mod encrypted;
mod fetch;
mod push;
mod remote_branch;

use regatta_git::{Git, Remote};
use regatta_protocol::Secret;
use regatta_tests::{GitHost, TestEnv, regatta_program};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A project, the host that has it as `shop` and as `public-shop`, and a cache.
struct RemoteEnv {
    env: TestEnv,
    host: GitHost,
    git: Git,
    bare_repository: PathBuf,
    start_commit: String,
}

impl RemoteEnv {
    async fn new() -> Self {
        Self::with_host(GitHost::http()).await
    }

    async fn with_host(host: GitHost) -> Self {
        let env = TestEnv::new();
        env.git(&["branch", "release/1"]);
        env.write("late.txt", "late\n");
        env.commit("Late");
        let there = host.add_repository("shop", &env.project());
        host.add_repository("public-shop", &env.project());
        let start = env.git(&["rev-parse", "main"]);
        Self {
            env,
            host,
            git: Git::find().await.unwrap(),
            bare_repository: there,
            start_commit: start,
        }
    }

    fn remote(&self, name: &str, token: &str) -> Remote {
        let remote = Remote::parse(&self.host.url(name)).unwrap();
        remote.with_token(&Secret::new(token), &regatta_program())
    }

    fn cache_dir(&self) -> PathBuf {
        self.env.root().join("cache.git")
    }

    /// A commit on top of the start that only the cache has.
    async fn commit_result(&self, token: &str, text: &str) -> String {
        let remote = self.remote("shop", token);
        self.git
            .update_cache_from_remote(&remote, &self.cache_dir(), &self.start_commit)
            .await
            .unwrap();
        commit_on(&self.cache_dir(), &self.start_commit, text)
    }

    /// The branches at the host with their commits.
    fn branches(&self) -> Vec<String> {
        let listed = git(
            &self.bare_repository,
            &["for-each-ref", "--format=%(refname:short) %(objectname)"],
        );
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
