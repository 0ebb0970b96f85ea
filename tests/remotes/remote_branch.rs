//! Whether a branch is there, and what is on it.

use crate::{RemoteEnv, commit_on, git};
use regatta_git::{GitError, Remote};
use regatta_tests::{READ_TOKEN, TOKEN};

#[tokio::test]
async fn a_branch_is_found_with_its_commits_and_a_missing_one_is_not() {
    let remote_env = RemoteEnv::new().await;
    let mut tip = remote_env.start_commit.clone();
    for n in 0..3 {
        tip = commit_on(&remote_env.bare_repository, &tip, &format!("Commit {n}"));
    }
    git(&remote_env.bare_repository, &["branch", "regatta/b/t", &tip]);
    let folder = Remote::parse(remote_env.bare_repository.to_str().unwrap()).unwrap();
    remote_env
        .git
        .update_cache_from_remote(
            &remote_env.remote("shop", TOKEN),
            &remote_env.cache_dir(),
            &remote_env.start_commit,
        )
        .await
        .unwrap();
    let cache = remote_env.cache_dir();
    let before = git(&cache, &["count-objects", "-v"]);
    for remote in [remote_env.remote("shop", READ_TOKEN), folder] {
        for cache in [Some(cache.as_path()), None] {
            let look = async |branch: &str, base: &str| {
                remote_env.git.look_up_remote_branch(&remote, cache, branch, base).await.unwrap()
            };
            let found = look("regatta/b/t", &remote_env.start_commit).await;
            assert_eq!((found.commit.as_ref(), found.commits_ahead), (Some(&tip), Some(3)));
            let found = look("main", &remote_env.start_commit).await;
            assert_eq!(
                (found.commit.as_ref(), found.commits_ahead),
                (Some(&remote_env.start_commit), Some(0))
            );
            let found = look("regatta/b/other", &remote_env.start_commit).await;
            assert_eq!(
                (found.branch.as_str(), found.commit, found.commits_ahead),
                ("regatta/b/other", None, None)
            );
            // It is there, but what it began from isn't known.
            for base in [String::new(), "1".repeat(40)] {
                let found = look("regatta/b/t", &base).await;
                assert_eq!(
                    (found.commit.as_ref(), found.commits_ahead),
                    (Some(&tip), None),
                    "{base:?}"
                );
            }
        }
    }
    assert_eq!(git(&cache, &["count-objects", "-v"]), before, "the cache is as it was");
    let config = std::fs::read_to_string(cache.join("config")).unwrap();
    assert!(!config.contains("remote") && !config.contains("promisor"), "{config}");
}

#[tokio::test]
async fn a_refused_token_is_told() {
    let remote_env = RemoteEnv::new().await;
    let error = remote_env
        .git
        .look_up_remote_branch(&remote_env.remote("shop", ""), None, "main", "")
        .await
        .unwrap_err();
    assert!(matches!(error, GitError::TokenRefused { had_token: false, .. }), "{error:?}");
}
