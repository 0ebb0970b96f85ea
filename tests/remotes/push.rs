//! Results as branches of a remote.

use crate::{RemoteEnv, commit_on, git};
use regatta_git::{GitError, RemoteErrorKind};
use regatta_tests::{READ_TOKEN, TOKEN};
use std::os::unix::fs::PermissionsExt;
use tokio::task::JoinSet;

#[tokio::test]
async fn a_result_becomes_a_new_branch_and_nothing_else_changes() {
    let remote_env = RemoteEnv::new().await;
    let result = remote_env.commit_result(TOKEN, "Result").await;
    let before = remote_env.branches();
    let remote = remote_env.remote("shop", TOKEN);
    let push = async || {
        remote_env.git.push(&remote_env.cache_dir(), &result, &remote, "regatta/b/t").await
    };
    assert_eq!(push().await.unwrap(), "regatta/b/t");
    assert_eq!(push().await.unwrap(), "regatta/b/t", "it is there already");
    let mut after = remote_env.branches();
    after.retain(|line| *line != format!("regatta/b/t {result}"));
    assert_eq!(after, before);
    git(&remote_env.bare_repository, &["fsck", "--strict"]);
    let pushes = remote_env
        .host
        .requests()
        .into_iter()
        .filter(|line| line.starts_with("POST /shop.git/git-rec"));
    assert_eq!(pushes.count(), 1);
}

#[tokio::test]
async fn a_taken_name_gets_the_next_number_and_is_never_moved() {
    let remote_env = RemoteEnv::new().await;
    let result = remote_env.commit_result(TOKEN, "Result").await;
    let remote = remote_env.remote("shop", TOKEN);
    // One that our commit would even be a plain continuation of, and one that leads elsewhere.
    let other = commit_on(&remote_env.bare_repository, &remote_env.start_commit, "Other");
    git(&remote_env.bare_repository, &["branch", "regatta/b/t", &remote_env.start_commit]);
    git(&remote_env.bare_repository, &["branch", "regatta/b/t-2", &other]);
    git(&remote_env.bare_repository, &["branch", "regatta/x"]);
    let before = remote_env.branches();
    let push = async |wanted: &str| {
        remote_env.git.push(&remote_env.cache_dir(), &result, &remote, wanted).await
    };
    assert_eq!(push("regatta/b/t").await.unwrap(), "regatta/b/t-3");
    assert_eq!(push("regatta/x/t").await.unwrap(), "regatta/x-2/t");
    let after = remote_env.branches();
    assert!(before.iter().all(|line| after.contains(line)), "{before:?} {after:?}");
    for bad in ["", "a..b", "a b", "/", "x.lock", "a:b", "+x", "-x", "a\nb"] {
        let pushed = push(bad).await;
        assert!(pushed.is_err() || ["+x", "-x"].contains(&bad), "{bad:?}");
    }
}

#[tokio::test]
async fn many_at_once_each_get_a_name() {
    let remote_env = RemoteEnv::new().await;
    remote_env.commit_result(TOKEN, "First").await;
    let mut work = JoinSet::new();
    for n in 0..5 {
        let commit =
            commit_on(&remote_env.cache_dir(), &remote_env.start_commit, &format!("Result {n}"));
        let (git, cache, remote) =
            (remote_env.git.clone(), remote_env.cache_dir(), remote_env.remote("shop", TOKEN));
        work.spawn(async move { git.push(&cache, &commit, &remote, "r/t").await.unwrap() });
    }
    let mut names = work.join_all().await;
    names.sort();
    assert_eq!(names, ["r/t", "r/t-2", "r/t-3", "r/t-4", "r/t-5"]);
}

#[tokio::test]
async fn a_token_that_may_only_read_and_none_are_refused() {
    let remote_env = RemoteEnv::new().await;
    let result = remote_env.commit_result(READ_TOKEN, "Result").await;
    let before = remote_env.branches();
    for (name, token) in [("shop", READ_TOKEN), ("public-shop", ""), ("public-shop", "wrong")] {
        let remote = remote_env.remote(name, token);
        let error = remote_env
            .git
            .push(&remote_env.cache_dir(), &result, &remote, "r/t")
            .await
            .unwrap_err();
        assert!(matches!(error, GitError::TokenRefused { .. }), "{error:?}");
    }
    assert_eq!(remote_env.branches(), before);
}

#[tokio::test]
async fn a_rule_of_the_remote_is_told_and_not_gone_around() {
    let remote_env = RemoteEnv::new().await;
    let result = remote_env.commit_result(TOKEN, "Result").await;
    let hook = remote_env.bare_repository.join("hooks/pre-receive");
    std::fs::write(&hook, "#!/bin/sh\necho 'names must begin with x/' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, PermissionsExt::from_mode(0o755)).unwrap();
    let remote = remote_env.remote("shop", TOKEN);
    let error =
        remote_env.git.push(&remote_env.cache_dir(), &result, &remote, "r/t").await.unwrap_err();
    let GitError::Remote { kind: RemoteErrorKind::Rejected, details, .. } = error else {
        panic!("{error:?}")
    };
    assert!(details.contains("names must begin with x/"), "{details}");
    let pushes = remote_env
        .host
        .requests()
        .into_iter()
        .filter(|line| line.starts_with("POST /shop.git/git-rec"));
    assert_eq!(pushes.count(), 1);
}
