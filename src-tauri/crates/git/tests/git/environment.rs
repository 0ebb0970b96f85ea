//! What a process inherits. A process can't safely change its own environment, so tests
//! start this very program again, with one test and another environment.
#![cfg(unix)]

use crate::test_env::{TestEnv, author, git, write};
use regatta_git::{Git, GitError};
use regatta_protocol::{ErrorCode, UserMessage};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Runs the test `name` of this module by itself, with `environment` on top.
fn run_test_alone(name: &str, environment: &[(&str, &str)]) {
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &format!("environment::{name}")])
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn nothing_inherited_makes_a_difference() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let home = folder.path().join("home");
    let run = format!("touch '{}'; cat", mark.display());
    let settings = format!(
        "[core]\n\thooksPath = {home}/hooks\n\tfsmonitor = {run:?}\n\tautocrlf = true\n\
         \tattributesFile = {home}/attributes\n\tbare = true\n\
         [filter \"evil\"]\n\tclean = {run:?}\n\tsmudge = {run:?}\n\trequired = true\n\
         [url \"/nowhere/\"]\n\tinsteadOf = /\n[init]\n\ttemplateDir = {home}\n\
         [protocol]\n\tallow = never\n[commit]\n\tgpgSign = true\n[gc]\n\tauto = 1\n",
        home = home.display(),
    );
    for file in [".gitconfig", ".config/git/config", "settings"] {
        write(&home, file, &settings);
    }
    write(&home, "attributes", "* filter=evil\n");
    write(&home, ".config/git/attributes", "* filter=evil\n");
    for hook in ["reference-transaction", "post-checkout", "post-index-change"] {
        write_program(&home.join("hooks").join(hook), &run);
    }
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    run_test_alone(
        "the_main_path",
        &[
            ("HOME", &path("home")),
            ("XDG_CONFIG_HOME", &path("home/.config")),
            ("GIT_CONFIG_GLOBAL", &path("home/settings")),
            ("GIT_CONFIG_SYSTEM", &path("home/settings")),
            ("GIT_CONFIG_PARAMETERS", "'core.bare'='true'"),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "core.bare"),
            ("GIT_CONFIG_VALUE_0", "true"),
            ("GIT_DIR", &path("nowhere")),
            ("GIT_WORK_TREE", &path("nowhere")),
            ("GIT_INDEX_FILE", &path("nowhere")),
            ("GIT_OBJECT_DIRECTORY", &path("nowhere")),
            ("GIT_ALTERNATE_OBJECT_DIRECTORIES", &path("nowhere")),
            ("GIT_NAMESPACE", "elsewhere"),
            ("GIT_CEILING_DIRECTORIES", "/"),
            ("GIT_LITERAL_PATHSPECS", "1"),
            ("GIT_EXTERNAL_DIFF", &run),
            ("GIT_TRACE", &path("mark")),
            ("GIT_TEMPLATE_DIR", &path("home")),
            ("GIT_DEFAULT_HASH", "sha256"),
            ("GIT_AUTHOR_DATE", "nonsense"),
            ("LC_ALL", "de_DE.UTF-8"),
            ("LANGUAGE", "de"),
        ],
    );
    assert!(!mark.exists());
}

#[test]
#[ignore = "run by nothing_inherited_makes_a_difference"]
fn the_main_path() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let env = TestEnv::new().await;
        assert!(!env.git.inspect(&env.project).await.unwrap().is_dirty);
        let start = env.cache_head().await;
        let copy = env.make_copy(&start, "copy").await;
        write(&copy, "new", "a\r\nb\n");
        let saved = env.save_copy(&copy, &start).await;
        assert_eq!(saved.commit.len(), 40);
        let changes = env.git.changes(&env.cache, &start, &saved.commit).await.unwrap();
        assert_eq!((changes.files.len(), changes.totals.added), (1, 2));
        let branch = env.git.publish(&env.cache, &saved.commit, &env.project, "r").await.unwrap();
        assert_eq!(git(&env.project, &["rev-parse", &branch]), saved.commit);
        assert_eq!(git(&env.project, &["ls-tree", "--format=%(objectsize)", &branch, "new"]), "5");
        let fresh = env.path("fresh");
        write(&fresh, "file", "text");
        env.git.init_project(&fresh, &author(), "").await.unwrap();
    });
}

#[test]
fn what_a_person_set_for_all_projects_is_respected_where_it_is_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    write(home, ".gitconfig", "[user]\n\tname = Grace\n\temail = grace@example.invalid\n");
    write(home, ".config/git/ignore", "*.swp\n");
    let home = home.to_str().unwrap();
    run_test_alone("a_person_with_settings", &[("HOME", home), ("XDG_CONFIG_HOME", "")]);
    write(folder.path(), ".gitconfig", "[user\n broken");
    run_test_alone("a_person_without_a_name", &[("HOME", home), ("XDG_CONFIG_HOME", "/nowhere")]);
}

#[tokio::test]
#[ignore = "run by what_a_person_set_for_all_projects_is_respected_where_it_is_theirs"]
async fn a_person_with_settings() {
    let env = TestEnv::new().await;
    let person = env.git.author(&env.project).await.unwrap();
    assert_eq!((person.name.as_str(), person.email.as_str()), ("Grace", "grace@example.invalid"));
    write(&env.project, "x.swp", "");
    assert!(!env.git.inspect(&env.project).await.unwrap().is_dirty);
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "copy").await;
    write(&copy, "y.swp", "");
    assert!(!env.save_copy(&copy, &start).await.has_changes);
    let fresh = env.path("fresh");
    write(&fresh, "z.swp", "");
    write(&fresh, "file", "");
    // The name is known before there is a repository.
    let person = env.git.author(&fresh).await.unwrap();
    assert_eq!(person.name, "Grace");
    env.git.init_project(&fresh, &person, "").await.unwrap();
    assert_eq!(git(&fresh, &["ls-tree", "--name-only", "HEAD"]), "file");
}

#[tokio::test]
#[ignore = "run by what_a_person_set_for_all_projects_is_respected_where_it_is_theirs"]
async fn a_person_without_a_name() {
    let env = TestEnv::new().await;
    let nobody = env.git.author(&env.project).await.unwrap();
    assert_eq!((nobody.name.as_str(), nobody.email.as_str()), ("Regatta", "regatta@localhost"));
    env.git.inspect(&env.project).await.unwrap();
    env.cache_head().await;
}

#[test]
fn a_folder_of_another_user_is_used_if_the_person_trusts_it() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let environment = [("HOME", home), ("XDG_CONFIG_HOME", "/nowhere")];
    let trusting = |values: &str| format!("[core]\n\tbare = true\n[safe]\n{values}");
    write(folder.path(), ".gitconfig", &trusting("\tdirectory = /elsewhere\n\tdirectory = *\n"));
    run_test_alone("one_that_is_trusted", &environment);
    // An empty value takes back what stands before it.
    write(folder.path(), ".gitconfig", &trusting("\tdirectory = *\n\tdirectory =\n"));
    run_test_alone("one_that_is_not_trusted", &environment);
}

/// A project that belongs to somebody else; `None` where that can't be had.
async fn foreign_project() -> Option<TestEnv> {
    let env = TestEnv::new().await;
    // Only root may give a folder away; for anyone else there is nothing to try.
    let given = |path: &Path| std::os::unix::fs::chown(path, Some(12_345), None).is_ok();
    (given(&env.project) && given(&env.project.join(".git"))).then_some(env)
}

#[tokio::test]
#[ignore = "run by a_folder_of_another_user_is_used_if_the_person_trusts_it"]
async fn one_that_is_trusted() {
    let Some(env) = foreign_project().await else { return };
    assert!(!env.git.inspect(&env.project).await.unwrap().is_dirty);
    let start = env.cache_head().await;
    let branch = env.git.publish(&env.cache, &start, &env.project, "r").await.unwrap();
    assert_eq!(branch, "r");
}

#[tokio::test]
#[ignore = "run by a_folder_of_another_user_is_used_if_the_person_trusts_it"]
async fn one_that_is_not_trusted() {
    let Some(env) = foreign_project().await else { return };
    let error = env.git.inspect(&env.project).await.unwrap_err();
    assert_eq!(error, GitError::DubiousOwnership(env.project.clone()));
}

#[test]
fn a_missing_or_an_old_git_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    run_test_alone("git_is_missing", &[("PATH", path)]);
    run_test_alone("git_is_missing", &[("PATH", "")]);
    // A file that can't be started is no program.
    write(folder.path(), "git", "#!/bin/sh\n");
    run_test_alone("git_is_missing", &[("PATH", path)]);
    write_program(&folder.path().join("git"), "echo git version 2.38.9");
    run_test_alone("git_is_old", &[("PATH", path)]);
    write_program(&folder.path().join("git"), "echo hello");
    run_test_alone("git_is_old", &[("PATH", path)]);
}

#[tokio::test]
#[ignore = "run by a_missing_or_an_old_git_is_told_apart"]
async fn git_is_missing() {
    assert_eq!(Git::find().await.unwrap_err(), GitError::NotInstalled);
}

#[tokio::test]
#[ignore = "run by a_missing_or_an_old_git_is_told_apart"]
async fn git_is_old() {
    let error = Git::find().await.unwrap_err();
    assert!(matches!(error, GitError::TooOld { .. }));
    assert_eq!(UserMessage::from(error).code, ErrorCode::GitMissing);
}

/// Makes `file` a program that does `what`.
fn write_program(file: &Path, what: &str) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, format!("#!/bin/sh\n{what}\n")).unwrap();
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o755)).unwrap();
}
