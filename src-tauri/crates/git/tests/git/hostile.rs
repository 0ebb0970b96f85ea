//! A copy whose agent means harm.
#![cfg(unix)]

use crate::test_env::{TestEnv, git, git_command, write};
use regatta_git::{GitError, SkipReason, SkippedPath};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// Plants, in a repository's settings, a program for every occasion that git has.
fn plant_programs(repository: &Path, mark: &Path) {
    let run = format!("touch '{}'; cat", mark.display());
    for key in [
        "filter.evil.clean",
        "filter.evil.smudge",
        "core.fsmonitor",
        "core.sshCommand",
        "core.alternateRefsCommand",
        "diff.external",
        "diff.evil.textconv",
        "uploadpack.packObjectsHook",
    ] {
        git(repository, &["config", key, &run]);
    }
    git(repository, &["config", "filter.evil.required", "true"]);
    git(repository, &["config", "url./nowhere/.insteadOf", "/"]);
    let git_dir = git(repository, &["rev-parse", "--absolute-git-dir"]);
    let git_dir = Path::new(&git_dir);
    write(git_dir, "info/attributes", "* filter=evil diff=evil\n");
    for hook in ["reference-transaction", "post-index-change", "pre-commit", "update"] {
        let file = git_dir.join("hooks").join(hook);
        write(git_dir, &format!("hooks/{hook}"), &format!("#!/bin/sh\n{run}\n"));
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    }
}

#[tokio::test]
async fn nothing_planted_in_a_copy_is_ever_run_or_believed() {
    let env = TestEnv::new().await;
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "copy").await;
    let mark = env.path("mark");
    plant_programs(&copy, &mark);
    write(&copy, ".gitattributes", "* filter=evil diff=evil\n");
    write(&copy, "src/main.txt", "one\n2\nthree\n");
    // Refs that lie, an index that hides a change, objects that lead elsewhere.
    git(&copy, &["-c", "core.hooksPath=/dev/null", "update-ref", "refs/regatta/task/1/1", &start]);
    git(
        &copy,
        &["-c", "core.hooksPath=/dev/null", "update-index", "--assume-unchanged", "src/main.txt"],
    );
    write(&copy, ".git/objects/info/alternates", "/nowhere\n");
    write(&copy, ".git/HEAD", "ref: refs/heads/../../../nowhere\n");
    remove_mark(&mark);

    let saved = env.save_copy(&copy, &start).await;
    assert_eq!(saved.skipped, []);
    let text = git(&env.cache, &["cat-file", "-p", &format!("{}:src/main.txt", saved.commit)]);
    assert_eq!(text, "one\n2\nthree");
    let changes = env.git.changes(&env.cache, &start, &saved.commit).await.unwrap();
    assert_eq!(changes.files.len(), 2);
    let branch = env.git.publish(&env.cache, &saved.commit, &env.project, "r").await.unwrap();
    assert_eq!(git(&env.project, &["rev-parse", &branch]), saved.commit);
    assert!(!mark.exists());
    let settings = git(&env.cache, &["config", "--local", "--list"]);
    assert!(!settings.contains("evil"), "{settings}");
}

#[tokio::test]
async fn a_repository_inside_the_copy_cannot_bite_either() {
    let env = TestEnv::new().await;
    git(env.top(), &["clone", "-q", "project", "lib"]);
    git(&env.project, &["submodule", "--quiet", "add", "../lib", "sub"]);
    env.commit("With a submodule");
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "copy").await;
    let mark = env.path("mark");
    for inner in ["sub", "other"] {
        git(&copy, &["clone", "-q", "../lib", inner]);
        plant_programs(&copy.join(inner), &mark);
        write(&copy.join(inner), "README.md", "Changed\n");
    }
    // Make git look into the submodule as deep as it can.
    write(
        &copy,
        ".gitmodules",
        "[submodule \"sub\"]\n\tpath = sub\n\turl = ../lib\n\tignore = none\n",
    );
    remove_mark(&mark);
    let saved = env.save_copy(&copy, &start).await;
    let expected = SkippedPath { path: "sub".into(), reason: SkipReason::Submodule };
    assert_eq!(saved.skipped, [expected]);
    assert!(!mark.exists());

    // The bait is good: what git itself would do takes it.
    git_command(&copy, &["add", "-A"]).output().unwrap();
    assert!(mark.exists());
}

#[tokio::test]
async fn a_copy_without_or_with_a_strange_git_folder_is_saved_as_its_files_are() {
    let env = TestEnv::new().await;
    let start = env.cache_head().await;
    for (n, kind) in ["none", "a file", "a link", "an empty folder"].into_iter().enumerate() {
        let copy = env.make_copy(&start, &format!("copy-{n}")).await;
        let inner = copy.join(".git");
        std::fs::remove_dir_all(&inner).unwrap();
        match kind {
            "a file" => {
                std::fs::write(&inner, format!("gitdir: {}/.git\n", env.project.display())).unwrap()
            }
            "a link" => symlink(env.project.join(".git"), &inner).unwrap(),
            "an empty folder" => std::fs::create_dir(&inner).unwrap(),
            _ => {}
        }
        write(&copy, "new", "n");
        let saved = env.save_copy(&copy, &start).await;
        assert_eq!(saved.skipped, [], "{kind}");
        let names = git(&env.cache, &["ls-tree", "-r", "--name-only", &saved.commit]);
        assert_eq!(names, "README.md\nnew\nsrc/main.txt", "{kind}");
    }
    assert_eq!(git(&env.project, &["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
}

#[tokio::test]
async fn a_link_in_the_place_of_the_copy_is_not_followed() {
    let env = TestEnv::new().await;
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "copy").await;
    std::fs::remove_dir_all(&copy).unwrap();
    let secrets = env.path("secrets");
    write(&secrets, "key", "k");
    symlink(&secrets, &copy).unwrap();
    let author = crate::test_env::author();
    let index = env.path("index");
    let mut request = env.save_request(&copy, &start, &author);
    request.index = &index;
    assert_eq!(env.git.save(request).await.unwrap_err(), GitError::NotAFolder(copy.clone()));
}

#[tokio::test]
async fn a_result_that_would_harm_the_project_is_not_added() {
    let env = TestEnv::new().await;
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "copy").await;
    // A submodule's address that is an option to the program that would fetch it.
    write(&copy, ".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = --upload-pack=evil\n");
    let saved = env.save_copy(&copy, &start).await;
    let error = env.git.publish(&env.cache, &saved.commit, &env.project, "r").await.unwrap_err();
    let GitError::Dangerous { details, .. } = error else { panic!("{error}") };
    assert!(details.contains("gitmodulesUrl"), "{details}");
    assert_eq!(git(&env.project, &["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
}

/// The planting itself may have run what was planted.
fn remove_mark(mark: &Path) {
    if mark.exists() {
        std::fs::remove_file(mark).unwrap();
    }
}
