//! Separate copies.

use crate::test_env::{TestEnv, git, write};
use regatta_git::{GitError, SkipReason, SkippedPath};
use std::collections::BTreeMap;
use tokio::task::JoinSet;

#[tokio::test]
async fn a_copy_leads_back_to_nothing() {
    let env = TestEnv::new().await;
    git(&env.project, &["tag", "v1"]);
    git(&env.project, &["remote", "add", "origin", "https://example.invalid/x"]);
    git(&env.project, &["config", "user.name", "Private"]);
    write(&env.project, ".git/hooks/post-checkout", "#!/bin/sh\nexit 1\n");
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "copy").await;
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
    let env = TestEnv::new().await;
    let names =
        ["sp ace", "quo\"te", "new\nline", "tab\t", "-dash", "ünï/cödé🚀", "back\\slash", "*?[x]"];
    for name in names {
        write(&env.project, name, name);
    }
    std::os::unix::fs::symlink("nowhere", env.project.join("link")).unwrap();
    let tool = env.project.join("tool");
    write(&env.project, "tool", "#!/bin/sh\n");
    std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    env.commit("All kinds");
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "copy").await;
    let files = |folder| -> BTreeMap<_, _> { TestEnv::snapshot_files(folder, &[".git"]) };
    assert_eq!(files(&env.project), files(&copy));
}

#[tokio::test]
async fn a_copy_starts_from_an_older_branch_or_a_save_point() {
    let env = TestEnv::new().await;
    let old = env.git.resolve(&env.project, "").await.unwrap();
    git(&env.project, &["branch", "old"]);
    write(&env.project, "later", "");
    env.commit("Later");
    env.cache_head().await;
    let start = env.git.resolve(&env.project, "old").await.unwrap();
    assert_eq!(start, old);
    env.git.update_cache(&env.project, &env.cache, &start).await.unwrap();
    let copy = env.make_copy(&start, "copy").await;
    assert!(!copy.join("later").exists());
    write(&copy, "README.md", "Changed\n");
    let saved = env.save_copy(&copy, &start).await;
    let again = env.make_copy(&saved.commit, "again").await;
    assert_eq!(std::fs::read_to_string(again.join("README.md")).unwrap(), "Changed\n");
    assert_eq!(git(&again, &["rev-parse", "HEAD~1"]), start);
}

#[tokio::test]
async fn a_copy_that_cannot_be_made_leaves_nothing() {
    let env = TestEnv::new().await;
    let start = env.cache_head().await;
    let there = env.path("there");
    write(&there, "precious", "p");
    assert!(matches!(
        env.git.copy(&env.cache, &start, &there, "work").await,
        Err(GitError::Io { .. })
    ));
    assert!(there.join("precious").exists());
    let dest = env.path("dest");
    for (cache, commit, branch) in [
        (env.path("no-cache"), start.clone(), "work"),
        (env.cache.clone(), "1".repeat(40), "work"),
        (env.cache.clone(), "main".into(), "work"),
        (env.cache.clone(), start.clone(), "bad..name"),
    ] {
        assert!(env.git.copy(&cache, &commit, &dest, branch).await.is_err());
        assert!(!dest.exists(), "{commit} {branch}");
    }
    env.git.copy(&env.cache, &start, &env.path("new/folders/dest"), "work").await.unwrap();
}

#[tokio::test]
async fn many_copies_are_made_and_saved_at_once() {
    let env = std::sync::Arc::new(TestEnv::new().await);
    for n in 0..300 {
        write(&env.project, &format!("many/{n}"), &n.to_string());
    }
    env.commit("Many");
    let start = env.cache_head().await;
    let mut work = JoinSet::new();
    for n in 0..20 {
        let (env, start) = (env.clone(), start.clone());
        work.spawn(async move {
            let copy = env.make_copy(&start, &format!("copy-{n}")).await;
            write(&copy, "result", &format!("{n}"));
            write(&copy, "same", "the same in all");
            let author = crate::test_env::author();
            let (index, refname) =
                (copy.with_extension("i"), format!("refs/regatta/t{n}/1/result"));
            let mut request = env.save_request(&copy, &start, &author);
            (request.index, request.refname) = (&index, &refname);
            env.git.save(request).await.unwrap();
        });
    }
    assert_eq!(work.join_all().await.len(), 20);
    for n in 0..20 {
        let file = format!("refs/regatta/t{n}/1/result:result");
        assert_eq!(git(&env.cache, &["cat-file", "-p", &file]), n.to_string());
    }
    git(&env.cache, &["fsck", "--strict"]);
}

#[tokio::test]
async fn a_submodule_stays_as_the_project_has_it() {
    let env = TestEnv::new().await;
    git(env.top(), &["clone", "-q", "project", "lib"]);
    git(&env.project, &["submodule", "--quiet", "add", "../lib", "sub"]);
    env.commit("With a submodule");
    assert!(!env.git.inspect(&env.project).await.unwrap().is_dirty);
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "copy").await;
    assert_eq!(std::fs::read_dir(copy.join("sub")).unwrap().count(), 0);
    write(&copy, "new", "n");
    let saved = env.save_copy(&copy, &start).await;
    assert_eq!(saved.skipped, []);
    let changes = env.git.changes(&env.cache, &start, &saved.commit).await.unwrap();
    assert_eq!(changes.files.len(), 1, "{changes:?}");
    let branch = env.git.publish(&env.cache, &saved.commit, &env.project, "r").await.unwrap();
    assert!(git(&env.project, &["ls-tree", &branch, "sub"]).starts_with("160000"));

    // Filled by an agent, it is said that its content isn't saved.
    git(&copy, &["clone", "-q", "../lib", "sub"]);
    git(&copy.join("sub"), &["commit", "-q", "--allow-empty", "-m", "Moved on"]);
    let saved = env.save_copy(&copy, &start).await;
    let expected = SkippedPath { path: "sub".into(), reason: SkipReason::Submodule };
    assert_eq!(saved.skipped, [expected]);
    let changes = env.git.changes(&env.cache, &start, &saved.commit).await.unwrap();
    assert_eq!(changes.files.len(), 1, "{changes:?}");
}
