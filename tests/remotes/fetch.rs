//! Branches and commits of a remote.

use crate::{RemoteEnv, git};
use regatta_git::{Git, GitError, Remote, RemoteErrorKind};
use regatta_protocol::{ErrorCode, UserMessage};
use regatta_tests::{READ_TOKEN, TOKEN};
use std::net::TcpListener;

#[tokio::test]
async fn its_branches_are_told_with_the_one_that_is_its_main_version() {
    let remote_env = RemoteEnv::new().await;
    for (name, token) in [("shop", TOKEN), ("shop", READ_TOKEN), ("public-shop", "")] {
        let heads = remote_env.git.remote_heads(&remote_env.remote(name, token)).await.unwrap();
        assert_eq!(heads.default_branch.as_deref(), Some("main"));
        let names: Vec<_> = heads.branches.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["main", "release/1"]);
        assert_eq!(heads.commit("main"), Some(remote_env.start_commit.as_str()));
    }
    git(&remote_env.bare_repository, &["symbolic-ref", "HEAD", "refs/heads/release/1"]);
    let heads = remote_env.git.remote_heads(&remote_env.remote("shop", TOKEN)).await.unwrap();
    assert_eq!(heads.default_branch.as_deref(), Some("release/1"));
    git(&remote_env.bare_repository, &["symbolic-ref", "HEAD", "refs/heads/gone"]);
    let heads = remote_env.git.remote_heads(&remote_env.remote("shop", TOKEN)).await.unwrap();
    assert_eq!((heads.default_branch, heads.branches.len()), (None, 2));
}

#[tokio::test]
async fn a_commit_comes_into_the_cache_and_nothing_else() {
    let remote_env = RemoteEnv::new().await;
    let remote = remote_env.remote("shop", READ_TOKEN);
    let earlier = remote_env.env.git(&["rev-parse", "main~1"]);
    for commit in [&remote_env.start_commit, &earlier, &remote_env.start_commit] {
        remote_env
            .git
            .update_cache_from_remote(&remote, &remote_env.cache_dir(), commit)
            .await
            .unwrap();
    }
    let refs = git(&remote_env.cache_dir(), &["for-each-ref", "--format=%(refname)"]);
    let mut expected =
        [&remote_env.start_commit, &earlier].map(|c| format!("refs/regatta/start/{c}"));
    expected.sort();
    assert_eq!(refs.lines().collect::<Vec<_>>(), expected);
    git(&remote_env.cache_dir(), &["fsck", "--strict"]);
    let copy = remote_env.env.root().join("copy");
    remote_env
        .git
        .copy(&remote_env.cache_dir(), &remote_env.start_commit, &copy, "work")
        .await
        .unwrap();
    assert!(copy.join("late.txt").is_file());

    for folder in [remote_env.cache_dir(), copy.join(".git")] {
        let config = std::fs::read_to_string(folder.join("config")).unwrap();
        assert!(!config.contains(remote_env.host.authority()), "{config}");
    }
    let missing = "1".repeat(40);
    let error = remote_env
        .git
        .update_cache_from_remote(&remote, &remote_env.cache_dir(), &missing)
        .await
        .unwrap_err();
    assert_eq!(error, GitError::RevisionMissing { rev: missing });
}

#[tokio::test]
async fn a_dangerous_history_is_not_taken() {
    let remote_env = RemoteEnv::new().await;
    let blob = git(&remote_env.bare_repository, &["rev-parse", "main:README.md"]);
    let listing = remote_env.env.root().join("tree");
    std::fs::write(&listing, format!("100644 blob {blob}\t.git\n")).unwrap();
    let mut mktree = std::process::Command::new("git");
    mktree
        .arg("mktree")
        .current_dir(&remote_env.bare_repository)
        .stdin(std::fs::File::open(listing).unwrap());
    let tree = String::from_utf8(mktree.output().unwrap().stdout).unwrap();
    let evil = git(&remote_env.bare_repository, &["commit-tree", "-m", "Evil", tree.trim()]);
    git(&remote_env.bare_repository, &["update-ref", "refs/heads/evil", &evil]);
    let remote = remote_env.remote("shop", READ_TOKEN);
    let error = remote_env
        .git
        .update_cache_from_remote(&remote, &remote_env.cache_dir(), &evil)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("hasDotgit"), "{error}");
    assert_eq!(remote_env.git.list_refs(&remote_env.cache_dir(), "refs/").await.unwrap(), []);
}

#[tokio::test]
async fn no_token_a_wrong_one_and_one_for_elsewhere_are_refused() {
    let remote_env = RemoteEnv::new().await;
    for (token, given) in [("", false), ("wrong", true), ("x", true)] {
        let error =
            remote_env.git.remote_heads(&remote_env.remote("shop", token)).await.unwrap_err();
        let GitError::TokenRefused { host, had_token: got, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!((host.as_str(), *got), (remote_env.host.authority(), given));
        assert_eq!(UserMessage::from(&error).code, ErrorCode::TokenRefused);
        if given {
            assert!(!error.to_string().contains(&format!(" {token} ")), "{error}");
        }
        let (remote, cache) = (remote_env.remote("shop", token), remote_env.cache_dir());
        let update = remote_env
            .git
            .update_cache_from_remote(&remote, &cache, &remote_env.start_commit)
            .await;
        assert!(matches!(update, Err(GitError::TokenRefused { .. })));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let remote_env = RemoteEnv::new().await;
    let error =
        remote_env.git.remote_heads(&remote_env.remote("moved/shop", TOKEN)).await.unwrap_err();
    assert!(
        matches!(error, GitError::Remote { kind: RemoteErrorKind::Redirected, .. }),
        "{error:?}"
    );
    assert_eq!(remote_env.host.requests().len(), 1, "{:?}", remote_env.host.requests());
    assert!(remote_env.host.requests()[0].ends_with("302 nobody"), "no token went there");
}

#[tokio::test]
async fn what_is_wrong_at_the_other_end_is_told_apart() {
    let remote_env = RemoteEnv::new().await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = Remote::parse(&format!("http://127.0.0.1:{free}/shop")).unwrap();
    let folder = Remote::parse(remote_env.env.root().to_str().unwrap()).unwrap();
    for (remote, expected) in [
        (remote_env.remote("none", TOKEN), RemoteErrorKind::NotFound),
        (remote_env.remote("broken/shop", TOKEN), RemoteErrorKind::Other),
        (nobody, RemoteErrorKind::Unreachable),
        (folder, RemoteErrorKind::NotFound),
    ] {
        let error = remote_env.git.remote_heads(&remote).await.unwrap_err();
        let GitError::Remote { kind: trouble, .. } = error else { panic!("{remote:?}: {error:?}") };
        assert_eq!(trouble, expected, "{remote:?}");
        assert_eq!(UserMessage::from(&error).code, ErrorCode::RemoteFailed);
    }
}

#[tokio::test]
async fn a_folder_is_a_remote_where_that_is_allowed() {
    let remote_env = RemoteEnv::new().await;
    let remote =
        Remote::parse(&format!("file://{}", remote_env.bare_repository.display())).unwrap();
    let git = Git::find().await.unwrap();
    assert_eq!(git.remote_heads(&remote).await.unwrap().branches.len(), 2);
    git.update_cache_from_remote(&remote, &remote_env.cache_dir(), &remote_env.start_commit)
        .await
        .unwrap();
    assert!(remote_env.host.requests().is_empty());
}
