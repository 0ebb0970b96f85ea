//! Branches and commits of a remote.

use crate::{RemoteEnv, git};
use regatta_git::{Git, GitError, Remote, RemoteErrorKind};
use regatta_protocol::{ErrorCode, UserMessage};
use regatta_tests::{READ_TOKEN, TOKEN};
use std::net::TcpListener;

#[tokio::test]
async fn its_branches_are_told_with_the_one_that_is_its_main_version() {
    let room = RemoteEnv::new().await;
    for (name, token) in [("shop", TOKEN), ("shop", READ_TOKEN), ("public-shop", "")] {
        let heads = room.git.remote_heads(&room.remote(name, token)).await.unwrap();
        assert_eq!(heads.default_branch.as_deref(), Some("main"));
        let names: Vec<_> = heads.branches.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["main", "release/1"]);
        assert_eq!(heads.commit("main"), Some(room.start_commit.as_str()));
    }
    git(&room.bare_repository, &["symbolic-ref", "HEAD", "refs/heads/release/1"]);
    let heads = room.git.remote_heads(&room.remote("shop", TOKEN)).await.unwrap();
    assert_eq!(heads.default_branch.as_deref(), Some("release/1"));
    git(&room.bare_repository, &["symbolic-ref", "HEAD", "refs/heads/gone"]);
    let heads = room.git.remote_heads(&room.remote("shop", TOKEN)).await.unwrap();
    assert_eq!((heads.default_branch, heads.branches.len()), (None, 2));
}

#[tokio::test]
async fn a_commit_comes_into_the_cache_and_nothing_else() {
    let room = RemoteEnv::new().await;
    let remote = room.remote("shop", READ_TOKEN);
    let earlier = room.env.git(&["rev-parse", "main~1"]);
    for commit in [&room.start_commit, &earlier, &room.start_commit] {
        room.git.update_cache_from_remote(&remote, &room.cache_dir(), commit).await.unwrap();
    }
    let refs = git(&room.cache_dir(), &["for-each-ref", "--format=%(refname)"]);
    let mut expected = [&room.start_commit, &earlier].map(|c| format!("refs/regatta/start/{c}"));
    expected.sort();
    assert_eq!(refs.lines().collect::<Vec<_>>(), expected);
    git(&room.cache_dir(), &["fsck", "--strict"]);
    let copy = room.env.root().join("copy");
    room.git.copy(&room.cache_dir(), &room.start_commit, &copy, "work").await.unwrap();
    assert!(copy.join("late.txt").is_file());

    for folder in [room.cache_dir(), copy.join(".git")] {
        let config = std::fs::read_to_string(folder.join("config")).unwrap();
        assert!(!config.contains(room.host.authority()), "{config}");
    }
    let missing = "1".repeat(40);
    let error =
        room.git.update_cache_from_remote(&remote, &room.cache_dir(), &missing).await.unwrap_err();
    assert_eq!(error, GitError::RevisionMissing { rev: missing });
}

#[tokio::test]
async fn a_dangerous_history_is_not_taken() {
    let room = RemoteEnv::new().await;
    let blob = git(&room.bare_repository, &["rev-parse", "main:README.md"]);
    let listing = room.env.root().join("tree");
    std::fs::write(&listing, format!("100644 blob {blob}\t.git\n")).unwrap();
    let mut mktree = std::process::Command::new("git");
    mktree
        .arg("mktree")
        .current_dir(&room.bare_repository)
        .stdin(std::fs::File::open(listing).unwrap());
    let tree = String::from_utf8(mktree.output().unwrap().stdout).unwrap();
    let evil = git(&room.bare_repository, &["commit-tree", "-m", "Evil", tree.trim()]);
    git(&room.bare_repository, &["update-ref", "refs/heads/evil", &evil]);
    let remote = room.remote("shop", READ_TOKEN);
    let error =
        room.git.update_cache_from_remote(&remote, &room.cache_dir(), &evil).await.unwrap_err();
    assert!(error.to_string().contains("hasDotgit"), "{error}");
    assert_eq!(room.git.list_refs(&room.cache_dir(), "refs/").await.unwrap(), []);
}

#[tokio::test]
async fn no_token_a_wrong_one_and_one_for_elsewhere_are_refused() {
    let room = RemoteEnv::new().await;
    for (token, given) in [("", false), ("wrong", true), ("x", true)] {
        let error = room.git.remote_heads(&room.remote("shop", token)).await.unwrap_err();
        let GitError::TokenRefused { host, had_token: got, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!((host.as_str(), *got), (room.host.authority(), given));
        assert_eq!(UserMessage::from(&error).code, ErrorCode::TokenRefused);
        if given {
            assert!(!error.to_string().contains(&format!(" {token} ")), "{error}");
        }
        let (remote, cache) = (room.remote("shop", token), room.cache_dir());
        let update = room.git.update_cache_from_remote(&remote, &cache, &room.start_commit).await;
        assert!(matches!(update, Err(GitError::TokenRefused { .. })));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let room = RemoteEnv::new().await;
    let error = room.git.remote_heads(&room.remote("moved/shop", TOKEN)).await.unwrap_err();
    assert!(
        matches!(error, GitError::Remote { kind: RemoteErrorKind::Redirected, .. }),
        "{error:?}"
    );
    assert_eq!(room.host.requests().len(), 1, "{:?}", room.host.requests());
    assert!(room.host.requests()[0].ends_with("302 nobody"), "no token went there");
}

#[tokio::test]
async fn what_is_wrong_at_the_other_end_is_told_apart() {
    let room = RemoteEnv::new().await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = Remote::parse(&format!("http://127.0.0.1:{free}/shop")).unwrap();
    let folder = Remote::parse_any(room.env.root().to_str().unwrap()).unwrap();
    for (remote, expected) in [
        (room.remote("none", TOKEN), RemoteErrorKind::NotFound),
        (room.remote("broken/shop", TOKEN), RemoteErrorKind::Other),
        (nobody, RemoteErrorKind::Unreachable),
        (folder, RemoteErrorKind::NotFound),
    ] {
        let error = room.git.remote_heads(&remote).await.unwrap_err();
        let GitError::Remote { kind: trouble, .. } = error else { panic!("{remote:?}: {error:?}") };
        assert_eq!(trouble, expected, "{remote:?}");
        assert_eq!(UserMessage::from(&error).code, ErrorCode::RemoteFailed);
    }
}

#[tokio::test]
async fn a_folder_is_a_remote_where_that_is_allowed() {
    let room = RemoteEnv::new().await;
    let remote = Remote::parse_any(&format!("file://{}", room.bare_repository.display())).unwrap();
    let git = Git::find().await.unwrap();
    assert_eq!(git.remote_heads(&remote).await.unwrap().branches.len(), 2);
    git.update_cache_from_remote(&remote, &room.cache_dir(), &room.start_commit).await.unwrap();
    assert!(room.host.requests().is_empty());
}
