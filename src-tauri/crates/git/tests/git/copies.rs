//! Separate copies.

use crate::test_env::{TestEnv, git, write};
use regatta_git::GitError;
use std::collections::BTreeMap;
use tokio::task::JoinSet;

#[tokio::test]
async fn a_copy_leads_back_to_nothing() {
    let room = TestEnv::new().await;
    git(&room.project, &["tag", "v1"]);
    git(&room.project, &["remote", "add", "origin", "https://example.invalid/x"]);
    git(&room.project, &["config", "user.name", "Private"]);
    write(&room.project, ".git/hooks/post-checkout", "#!/bin/sh\nexit 1\n");
    let start = room.cache_head().await;
    let copy = room.make_copy(&start, "copy").await;
    let refs = git(&copy, &["for-each-ref", "--format=%(refname) %(objectname)"]);
    assert_eq!(refs, format!("refs/heads/work {start}"));
    assert_eq!(git(&copy, &["remote"]), "");
    assert!(!copy.join(".git/hooks").exists());
    let settings = git(&copy, &["config", "--local", "--name-only", "--list"]);
    assert!(settings.lines().all(|name| name.starts_with("core.")), "{settings}");
    assert_eq!(std::fs::read_dir(copy.join(".git/objects/pack")).unwrap().count(), 0);
    // It is a whole repository to the one who works in it.
    write(&copy, "new", "");
    git(&copy, &["add", "-A"]);
    git(&copy, &["commit", "-q", "-m", "Agents commit, too"]);
    assert_eq!(git(&copy, &["rev-list", "--count", "HEAD"]), "2");
}

#[cfg(unix)]
#[tokio::test]
async fn every_kind_of_file_is_in_a_copy() {
    let room = TestEnv::new().await;
    let names =
        ["sp ace", "quo\"te", "new\nline", "tab\t", "-dash", "ünï/cödé🚀", "back\\slash", "*?[x]"];
    for name in names {
        write(&room.project, name, name);
    }
    std::os::unix::fs::symlink("nowhere", room.project.join("link")).unwrap();
    let tool = room.project.join("tool");
    write(&room.project, "tool", "#!/bin/sh\n");
    std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    room.commit("All kinds");
    let start = room.cache_head().await;
    let copy = room.make_copy(&start, "copy").await;
    let files = |folder| -> BTreeMap<_, _> { TestEnv::snapshot_files(folder, &[".git"]) };
    assert_eq!(files(&room.project), files(&copy));
}

#[tokio::test]
async fn a_copy_starts_from_an_older_branch_or_a_save_point() {
    let room = TestEnv::new().await;
    let old = room.git.resolve(&room.project, "").await.unwrap();
    git(&room.project, &["branch", "old"]);
    write(&room.project, "later", "");
    room.commit("Later");
    room.cache_head().await;
    let start = room.git.resolve(&room.project, "old").await.unwrap();
    assert_eq!(start, old);
    room.git.update_cache(&room.project, &room.cache, &start).await.unwrap();
    let copy = room.make_copy(&start, "copy").await;
    assert!(!copy.join("later").exists());
    write(&copy, "README.md", "Changed\n");
    let saved = room.save_copy(&copy, &start).await;
    let again = room.make_copy(&saved.commit, "again").await;
    assert_eq!(std::fs::read_to_string(again.join("README.md")).unwrap(), "Changed\n");
    assert_eq!(git(&again, &["rev-parse", "HEAD~1"]), start);
}

#[tokio::test]
async fn a_copy_that_cannot_be_made_leaves_nothing() {
    let room = TestEnv::new().await;
    let start = room.cache_head().await;
    let there = room.path("there");
    write(&there, "precious", "p");
    assert!(matches!(
        room.git.copy(&room.cache, &start, &there, "work").await,
        Err(GitError::Io { .. })
    ));
    assert!(there.join("precious").exists());
    let dest = room.path("dest");
    for (cache, commit, branch) in [
        (room.path("no-cache"), start.clone(), "work"),
        (room.cache.clone(), "1".repeat(40), "work"),
        (room.cache.clone(), "main".into(), "work"),
        (room.cache.clone(), start.clone(), "bad..name"),
    ] {
        assert!(room.git.copy(&cache, &commit, &dest, branch).await.is_err());
        assert!(!dest.exists(), "{commit} {branch}");
    }
    room.git.copy(&room.cache, &start, &room.path("new/folders/dest"), "work").await.unwrap();
}

#[tokio::test]
async fn many_copies_are_made_and_saved_at_once() {
    let room = std::sync::Arc::new(TestEnv::new().await);
    for n in 0..300 {
        write(&room.project, &format!("many/{n}"), &n.to_string());
    }
    room.commit("Many");
    let start = room.cache_head().await;
    let mut work = JoinSet::new();
    for n in 0..20 {
        let (room, start) = (room.clone(), start.clone());
        work.spawn(async move {
            let copy = room.make_copy(&start, &format!("copy-{n}")).await;
            write(&copy, "result", &format!("{n}"));
            write(&copy, "same", "the same in all");
            let author = crate::test_env::author();
            let (index, refname) =
                (copy.with_extension("i"), format!("refs/regatta/t{n}/1/result"));
            let mut request = room.save_request(&copy, &start, &author);
            (request.index, request.refname) = (&index, &refname);
            room.git.save(request).await.unwrap();
        });
    }
    assert_eq!(work.join_all().await.len(), 20);
    for n in 0..20 {
        let file = format!("refs/regatta/t{n}/1/result:result");
        assert_eq!(git(&room.cache, &["cat-file", "-p", &file]), n.to_string());
    }
    git(&room.cache, &["fsck", "--strict"]);
}

#[tokio::test]
async fn a_submodule_stays_as_the_project_has_it() {
    let room = TestEnv::new().await;
    git(room.top(), &["clone", "-q", "project", "lib"]);
    git(&room.project, &["submodule", "--quiet", "add", "../lib", "sub"]);
    room.commit("With a submodule");
    assert!(!room.git.inspect(&room.project).await.unwrap().is_dirty);
    let start = room.cache_head().await;
    let copy = room.make_copy(&start, "copy").await;
    assert_eq!(std::fs::read_dir(copy.join("sub")).unwrap().count(), 0);
    write(&copy, "new", "n");
    let saved = room.save_copy(&copy, &start).await;
    assert_eq!(saved.skipped, Vec::<String>::new());
    let changes = room.git.changes(&room.cache, &start, &saved.commit).await.unwrap();
    assert_eq!(changes.files.len(), 1, "{changes:?}");
    let branch = room.git.publish(&room.cache, &saved.commit, &room.project, "r").await.unwrap();
    assert!(git(&room.project, &["ls-tree", &branch, "sub"]).starts_with("160000"));

    // Filled by an agent, it is said that its content isn't saved.
    git(&copy, &["clone", "-q", "../lib", "sub"]);
    git(&copy.join("sub"), &["commit", "-q", "--allow-empty", "-m", "Moved on"]);
    let saved = room.save_copy(&copy, &start).await;
    assert_eq!(saved.skipped, ["sub"]);
    let changes = room.git.changes(&room.cache, &start, &saved.commit).await.unwrap();
    assert_eq!(changes.files.len(), 1, "{changes:?}");
}
