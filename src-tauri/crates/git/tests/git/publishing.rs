//! Results as branches of the project.

use crate::test_env::{TestEnv, git, write};
use regatta_git::GitError;
use std::path::PathBuf;
use tokio::task::JoinSet;

/// A room with one result.
async fn env_with_result() -> (TestEnv, String) {
    let env = TestEnv::new().await;
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "copy").await;
    write(&copy, "README.md", "Changed\n");
    write(&copy, "new", "n");
    let saved = env.save_copy(&copy, &start).await;
    (env, saved.commit)
}

impl TestEnv {
    async fn publish(&self, commit: &str, wanted: &str) -> String {
        self.git.publish(&self.cache, commit, &self.project, wanted).await.unwrap()
    }
}

/// What must stay as it is: everything but objects, and the new branch.
const MAY_CHANGE: [&str; 3] =
    [".git/objects", ".git/refs/heads/regatta", ".git/logs/refs/heads/regatta"];

#[tokio::test]
async fn an_unsaved_checkout_stays_the_same_byte_for_byte() {
    let (env, result) = env_with_result().await;
    write(&env.project, "README.md", "Mine, staged\n");
    git(&env.project, &["add", "README.md"]);
    write(&env.project, "README.md", "Mine, not staged\n");
    write(&env.project, "new", "mine, untracked");
    std::fs::remove_file(env.project.join("src/main.txt")).unwrap();
    let before = TestEnv::snapshot_files(&env.project, &MAY_CHANGE);
    assert!(before.contains_key(".git/index") && before.contains_key(".git/HEAD"));

    assert!(env.git.inspect(&env.project).await.unwrap().is_dirty);
    env.git.author(&env.project).await.unwrap();
    env.cache_head().await;
    let branch = env.publish(&result, "regatta/batch/task").await;

    assert_eq!(TestEnv::snapshot_files(&env.project, &MAY_CHANGE), before);
    assert_eq!(git(&env.project, &["rev-parse", &branch]), result);
    assert_eq!(git(&env.project, &["show", &format!("{branch}:new")]), "n");
    git(&env.project, &["fsck", "--strict"]);
}

#[tokio::test]
async fn a_taken_name_gets_the_next_number() {
    let (env, result) = env_with_result().await;
    assert_eq!(env.publish(&result, "regatta/b/t").await, "regatta/b/t");
    assert_eq!(env.publish(&result, "regatta/b/t").await, "regatta/b/t-2");
    assert_eq!(env.publish(&result, "regatta/b/t").await, "regatta/b/t-3");
    git(&env.project, &["pack-refs", "--all"]);
    git(&env.project, &["branch", "-q", "-D", "regatta/b/t-2"]);
    assert_eq!(env.publish(&result, "regatta/b/t").await, "regatta/b/t-2");
}

#[tokio::test]
async fn a_branch_in_the_way_of_a_folder_is_gone_around() {
    let (env, result) = env_with_result().await;
    git(&env.project, &["branch", "regatta"]);
    assert_eq!(env.publish(&result, "regatta/b/t").await, "regatta-2/b/t");
    git(&env.project, &["branch", "other/b/t/inside"]);
    assert_eq!(env.publish(&result, "other/b/t").await, "other/b/t-2");
    git(&env.project, &["branch", "third/b"]);
    assert_eq!(env.publish(&result, "third/b/t").await, "third/b-2/t");
}

#[tokio::test]
async fn the_branch_that_the_next_commit_makes_is_taken() {
    let (env, result) = env_with_result().await;
    git(&env.project, &["symbolic-ref", "HEAD", "refs/heads/not-yet"]);
    assert_eq!(env.publish(&result, "not-yet").await, "not-yet-2");
    assert_eq!(env.git.inspect(&env.project).await.unwrap().head, None);
}

#[tokio::test]
async fn many_results_at_once_each_get_a_name() {
    let (env, result) = env_with_result().await;
    let mut work = JoinSet::new();
    for _ in 0..6 {
        let (git, cache, project) = (env.git.clone(), env.cache.clone(), env.project.clone());
        let result = result.clone();
        work.spawn(async move { git.publish(&cache, &result, &project, "r/t").await.unwrap() });
    }
    let mut names = work.join_all().await;
    names.sort();
    assert_eq!(names, ["r/t", "r/t-2", "r/t-3", "r/t-4", "r/t-5", "r/t-6"]);
}

#[tokio::test]
async fn a_project_of_another_shape_gets_its_branch_too() {
    let (env, result) = env_with_result().await;
    git(env.top(), &["clone", "-q", "--bare", "project", "bare.git"]);
    git(&env.project, &["worktree", "add", "-q", "-b", "side", "../linked"]);
    for project in [env.path("bare.git"), env.path("linked"), env.project.join("src")] {
        let wanted = format!("from-{}", project.file_name().unwrap().to_string_lossy());
        let branch = env.git.publish(&env.cache, &result, &project, &wanted).await.unwrap();
        assert_eq!(git(&project, &["rev-parse", &branch]), result);
    }
    assert_eq!(git(&env.path("linked"), &["status", "--porcelain"]), "");
}

#[tokio::test]
async fn a_project_that_moved_or_a_result_that_is_gone_is_said_and_nothing_is_made() {
    let (env, result) = env_with_result().await;
    let away = env.path("away");
    let publish = async |commit: &str, project: &PathBuf, wanted: &str| {
        env.git.publish(&env.cache, commit, project, wanted).await.unwrap_err()
    };
    assert_eq!(publish(&result, &away, "r").await, GitError::NotAFolder(away.clone()));
    std::fs::create_dir(&away).unwrap();
    assert_eq!(publish(&result, &away, "r").await, GitError::NotARepository(away));
    for missing in ["1".repeat(40), "main".into()] {
        let error = publish(&missing, &env.project, "r").await;
        assert_eq!(error, GitError::RevisionMissing { rev: missing });
    }
    for bad in ["", "bad..name", "/", "a//b", "x.lock", "a b", "new\nline"] {
        let error = publish(&result, &env.project, bad).await;
        assert!(matches!(error, GitError::Failed { .. }), "{bad:?}: {error}");
    }
    assert_eq!(git(&env.project, &["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
}
