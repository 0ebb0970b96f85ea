//! Branches and commits of a remote.

use crate::{Room, git};
use regatta_git::{Git, GitError, Remote, Trouble};
use regatta_protocol::{ErrorCode, Notice};
use regatta_tests::{READ_TOKEN, TOKEN};
use std::net::TcpListener;

#[tokio::test]
async fn its_branches_are_told_with_the_one_that_is_its_main_version() {
    let room = Room::new().await;
    for (name, token) in [("shop", TOKEN), ("shop", READ_TOKEN), ("public-shop", "")] {
        let heads = room.git.remote_heads(&room.remote(name, token)).await.unwrap();
        assert_eq!(heads.default.as_deref(), Some("main"));
        let names: Vec<_> = heads.branches.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["main", "release/1"]);
        assert_eq!(heads.commit("main"), Some(room.start.as_str()));
    }
    git(&room.there, &["symbolic-ref", "HEAD", "refs/heads/release/1"]);
    let heads = room.git.remote_heads(&room.remote("shop", TOKEN)).await.unwrap();
    assert_eq!(heads.default.as_deref(), Some("release/1"));
    git(&room.there, &["symbolic-ref", "HEAD", "refs/heads/gone"]);
    let heads = room.git.remote_heads(&room.remote("shop", TOKEN)).await.unwrap();
    assert_eq!((heads.default, heads.branches.len()), (None, 2));
}

#[tokio::test]
async fn a_commit_comes_into_the_cache_and_nothing_else() {
    let room = Room::new().await;
    let remote = room.remote("shop", READ_TOKEN);
    let earlier = room.yard.git(&["rev-parse", "main~1"]);
    for commit in [&room.start, &earlier, &room.start] {
        room.git.update_cache_from(&remote, &room.cache(), commit).await.unwrap();
    }
    let refs = git(&room.cache(), &["for-each-ref", "--format=%(refname)"]);
    let mut expected = [&room.start, &earlier].map(|c| format!("refs/regatta/start/{c}"));
    expected.sort();
    assert_eq!(refs.lines().collect::<Vec<_>>(), expected);
    git(&room.cache(), &["fsck", "--strict"]);
    let copy = room.yard.root().join("copy");
    room.git.copy(&room.cache(), &room.start, &copy, "work").await.unwrap();
    assert!(copy.join("late.txt").is_file());

    for folder in [room.cache(), copy.join(".git")] {
        let config = std::fs::read_to_string(folder.join("config")).unwrap();
        assert!(!config.contains(room.host.name()), "{config}");
    }
    let missing = "1".repeat(40);
    let error = room.git.update_cache_from(&remote, &room.cache(), &missing).await.unwrap_err();
    assert_eq!(error, GitError::RevisionMissing { rev: missing });
}

#[tokio::test]
async fn a_dangerous_history_is_not_taken() {
    let room = Room::new().await;
    let blob = git(&room.there, &["rev-parse", "main:README.md"]);
    let listing = room.yard.root().join("tree");
    std::fs::write(&listing, format!("100644 blob {blob}\t.git\n")).unwrap();
    let mut mktree = std::process::Command::new("git");
    mktree.arg("mktree").current_dir(&room.there).stdin(std::fs::File::open(listing).unwrap());
    let tree = String::from_utf8(mktree.output().unwrap().stdout).unwrap();
    let evil = git(&room.there, &["commit-tree", "-m", "Evil", tree.trim()]);
    git(&room.there, &["update-ref", "refs/heads/evil", &evil]);
    let remote = room.remote("shop", READ_TOKEN);
    let error = room.git.update_cache_from(&remote, &room.cache(), &evil).await.unwrap_err();
    assert!(error.to_string().contains("hasDotgit"), "{error}");
    assert_eq!(room.git.refs(&room.cache(), "refs/").await.unwrap(), []);
}

#[tokio::test]
async fn no_token_a_wrong_one_and_one_for_elsewhere_are_refused() {
    let room = Room::new().await;
    for (token, given) in [("", false), ("wrong", true), ("x", true)] {
        let error = room.git.remote_heads(&room.remote("shop", token)).await.unwrap_err();
        let GitError::TokenRefused { host, given: got, .. } = &error else { panic!("{error:?}") };
        assert_eq!((host.as_str(), *got), (room.host.name(), given));
        assert_eq!(Notice::from(&error).code, ErrorCode::TokenRefused);
        if given {
            assert!(!error.to_string().contains(&format!(" {token} ")), "{error}");
        }
        let (remote, cache) = (room.remote("shop", token), room.cache());
        let update = room.git.update_cache_from(&remote, &cache, &room.start).await;
        assert!(matches!(update, Err(GitError::TokenRefused { .. })));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let room = Room::new().await;
    let error = room.git.remote_heads(&room.remote("moved/shop", TOKEN)).await.unwrap_err();
    assert!(matches!(error, GitError::Remote { trouble: Trouble::Moved, .. }), "{error:?}");
    assert_eq!(room.host.seen().len(), 1, "{:?}", room.host.seen());
    assert!(room.host.seen()[0].ends_with("302 nobody"), "no token went there");
}

#[tokio::test]
async fn what_is_wrong_at_the_other_end_is_told_apart() {
    let room = Room::new().await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = Remote::parse(&format!("http://127.0.0.1:{free}/shop")).unwrap();
    let folder = Remote::parse_any(room.yard.root().to_str().unwrap()).unwrap();
    for (remote, expected) in [
        (room.remote("none", TOKEN), Trouble::Missing),
        (room.remote("broken/shop", TOKEN), Trouble::Failed),
        (nobody, Trouble::Unreachable),
        (folder, Trouble::Missing),
    ] {
        let error = room.git.remote_heads(&remote).await.unwrap_err();
        let GitError::Remote { trouble, .. } = error else { panic!("{remote:?}: {error:?}") };
        assert_eq!(trouble, expected, "{remote:?}");
        assert_eq!(Notice::from(&error).code, ErrorCode::RemoteFailed);
    }
}

#[tokio::test]
async fn a_folder_is_a_remote_where_that_is_allowed() {
    let room = Room::new().await;
    let remote = Remote::parse_any(&format!("file://{}", room.there.display())).unwrap();
    let git = Git::find().await.unwrap();
    assert_eq!(git.remote_heads(&remote).await.unwrap().branches.len(), 2);
    git.update_cache_from(&remote, &room.cache(), &room.start).await.unwrap();
    assert!(room.host.seen().is_empty());
}
