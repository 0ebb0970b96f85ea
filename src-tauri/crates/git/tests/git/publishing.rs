//! Results as branches of the project.

use crate::test_env::{TestEnv, git, write};
use regatta_git::GitError;
use std::path::PathBuf;
use tokio::task::JoinSet;

/// A room with one result.
async fn env_with_result() -> (TestEnv, String) {
    let room = TestEnv::new().await;
    let start = room.cache_head().await;
    let copy = room.make_copy(&start, "copy").await;
    write(&copy, "README.md", "Changed\n");
    write(&copy, "new", "n");
    let saved = room.save_copy(&copy, &start).await;
    (room, saved.commit)
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
    let (room, result) = env_with_result().await;
    write(&room.project, "README.md", "Mine, staged\n");
    git(&room.project, &["add", "README.md"]);
    write(&room.project, "README.md", "Mine, not staged\n");
    write(&room.project, "new", "mine, untracked");
    std::fs::remove_file(room.project.join("src/main.txt")).unwrap();
    let before = TestEnv::snapshot_files(&room.project, &MAY_CHANGE);
    assert!(before.contains_key(".git/index") && before.contains_key(".git/HEAD"));

    assert!(room.git.inspect(&room.project).await.unwrap().is_dirty);
    room.git.author(&room.project).await.unwrap();
    room.cache_head().await;
    let branch = room.publish(&result, "regatta/batch/task").await;

    assert_eq!(TestEnv::snapshot_files(&room.project, &MAY_CHANGE), before);
    assert_eq!(git(&room.project, &["rev-parse", &branch]), result);
    assert_eq!(git(&room.project, &["show", &format!("{branch}:new")]), "n");
    git(&room.project, &["fsck", "--strict"]);
}

#[tokio::test]
async fn a_taken_name_gets_the_next_number() {
    let (room, result) = env_with_result().await;
    assert_eq!(room.publish(&result, "regatta/b/t").await, "regatta/b/t");
    assert_eq!(room.publish(&result, "regatta/b/t").await, "regatta/b/t-2");
    assert_eq!(room.publish(&result, "regatta/b/t").await, "regatta/b/t-3");
    git(&room.project, &["pack-refs", "--all"]);
    git(&room.project, &["branch", "-q", "-D", "regatta/b/t-2"]);
    assert_eq!(room.publish(&result, "regatta/b/t").await, "regatta/b/t-2");
}

#[tokio::test]
async fn a_branch_in_the_way_of_a_folder_is_gone_around() {
    let (room, result) = env_with_result().await;
    git(&room.project, &["branch", "regatta"]);
    assert_eq!(room.publish(&result, "regatta/b/t").await, "regatta-2/b/t");
    git(&room.project, &["branch", "other/b/t/inside"]);
    assert_eq!(room.publish(&result, "other/b/t").await, "other/b/t-2");
    git(&room.project, &["branch", "third/b"]);
    assert_eq!(room.publish(&result, "third/b/t").await, "third/b-2/t");
}

#[tokio::test]
async fn the_branch_that_the_next_commit_makes_is_taken() {
    let (room, result) = env_with_result().await;
    git(&room.project, &["symbolic-ref", "HEAD", "refs/heads/not-yet"]);
    assert_eq!(room.publish(&result, "not-yet").await, "not-yet-2");
    assert_eq!(room.git.inspect(&room.project).await.unwrap().head, None);
}

#[tokio::test]
async fn many_results_at_once_each_get_a_name() {
    let (room, result) = env_with_result().await;
    let mut work = JoinSet::new();
    for _ in 0..6 {
        let (git, cache, project) = (room.git.clone(), room.cache.clone(), room.project.clone());
        let result = result.clone();
        work.spawn(async move { git.publish(&cache, &result, &project, "r/t").await.unwrap() });
    }
    let mut names = work.join_all().await;
    names.sort();
    assert_eq!(names, ["r/t", "r/t-2", "r/t-3", "r/t-4", "r/t-5", "r/t-6"]);
}

#[tokio::test]
async fn a_project_of_another_shape_gets_its_branch_too() {
    let (room, result) = env_with_result().await;
    git(room.top(), &["clone", "-q", "--bare", "project", "bare.git"]);
    git(&room.project, &["worktree", "add", "-q", "-b", "side", "../linked"]);
    for project in [room.path("bare.git"), room.path("linked"), room.project.join("src")] {
        let wanted = format!("from-{}", project.file_name().unwrap().to_string_lossy());
        let branch = room.git.publish(&room.cache, &result, &project, &wanted).await.unwrap();
        assert_eq!(git(&project, &["rev-parse", &branch]), result);
    }
    assert_eq!(git(&room.path("linked"), &["status", "--porcelain"]), "");
}

#[tokio::test]
async fn a_project_that_moved_or_a_result_that_is_gone_is_said_and_nothing_is_made() {
    let (room, result) = env_with_result().await;
    let away = room.path("away");
    let publish = async |commit: &str, project: &PathBuf, wanted: &str| {
        room.git.publish(&room.cache, commit, project, wanted).await.unwrap_err()
    };
    assert_eq!(publish(&result, &away, "r").await, GitError::NotAFolder(away.clone()));
    std::fs::create_dir(&away).unwrap();
    assert_eq!(publish(&result, &away, "r").await, GitError::NotARepository(away));
    for missing in ["1".repeat(40), "main".into()] {
        let error = publish(&missing, &room.project, "r").await;
        assert_eq!(error, GitError::RevisionMissing { rev: missing });
    }
    for bad in ["", "bad..name", "/", "a//b", "x.lock", "a b", "new\nline"] {
        let error = publish(&result, &room.project, bad).await;
        assert!(matches!(error, GitError::Failed { .. }), "{bad:?}: {error}");
    }
    assert_eq!(git(&room.project, &["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
}
