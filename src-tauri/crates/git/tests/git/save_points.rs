//! Save points of copies in every state.

use crate::test_env::{TestEnv, author, git, write};
use regatta_git::{GitError, SaveRequest, SaveResult, SkipReason, SkippedPath};
use regatta_protocol::worker::Author;
use std::path::Path;

/// The paths in a saved tree, with their modes.
fn saved_tree(env: &TestEnv, saved: &SaveResult) -> Vec<(String, String)> {
    let listed = git(&env.cache, &["ls-tree", "-r", "-z", &saved.commit]);
    let entry = |line: &str| {
        let (facts, path) = line.split_once('\t').unwrap();
        (path.to_owned(), facts.split(' ').next().unwrap().to_owned())
    };
    listed.split('\0').filter(|line| !line.is_empty()).map(entry).collect()
}

fn saved_paths(env: &TestEnv, saved: &SaveResult) -> Vec<String> {
    saved_tree(env, saved).into_iter().map(|(path, _)| path).collect()
}

/// A room, its start, and a copy.
async fn env_with_copy() -> (TestEnv, String, std::path::PathBuf) {
    let env = TestEnv::new().await;
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "copy").await;
    (env, start, copy)
}

#[tokio::test]
async fn nothing_changed_is_said_and_still_saved() {
    let (env, start, copy) = env_with_copy().await;
    let saved = env.save_copy(&copy, &start).await;
    assert!(!saved.has_changes);
    assert_eq!(git(&env.cache, &["rev-parse", &format!("{start}^{{tree}}")]), saved.tree);
    assert_eq!(git(&env.cache, &["rev-parse", "refs/regatta/task/1/1"]), saved.commit);
    // Everything is as in the project, so no object but the commit was made.
    assert!(
        git(&env.cache, &["cat-file", "-p", &saved.commit]).contains(&format!("parent {start}"))
    );
}

#[tokio::test]
async fn a_second_save_point_sees_what_was_added_changed_and_removed_since() {
    let (env, start, copy) = env_with_copy().await;
    write(&copy, "new/deep/file", "1");
    std::fs::remove_file(copy.join("README.md")).unwrap();
    let first = env.save_copy(&copy, &start).await;
    assert_eq!(saved_paths(&env, &first), ["new/deep/file", "src/main.txt"]);
    // The same length within the same moment: only the content tells.
    write(&copy, "new/deep/file", "2");
    write(&copy, "README.md", "Hello\n");
    let second = env.save_copy(&copy, &start).await;
    assert_eq!(saved_paths(&env, &second), ["README.md", "new/deep/file", "src/main.txt"]);
    assert_eq!(
        git(&env.cache, &["cat-file", "-p", &format!("{}:new/deep/file", second.commit)]),
        "2"
    );
    std::fs::remove_dir_all(copy.join("new")).unwrap();
    let third = env.save_copy(&copy, &start).await;
    assert!(!third.has_changes);
}

#[cfg(unix)]
#[tokio::test]
async fn names_modes_and_links_are_kept_as_they_are() {
    let (env, start, copy) = env_with_copy().await;
    let names = [
        "sp ace",
        "quo\"te",
        "new\nline",
        "tab\t",
        "-dash",
        "ünï/cödé🚀",
        "back\\slash",
        "*?[x]",
        ":(top)x",
    ];
    for name in names {
        write(&copy, name, name);
    }
    std::os::unix::fs::symlink("/etc/passwd", copy.join("link")).unwrap();
    let readme = copy.join("README.md");
    std::fs::set_permissions(&readme, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let saved = env.save_copy(&copy, &start).await;
    assert_eq!(saved.skipped, []);
    let tree = saved_tree(&env, &saved);
    for name in names {
        assert!(tree.contains(&(name.to_owned(), "100644".to_owned())), "{name:?} in {tree:?}");
    }
    assert!(tree.contains(&("link".into(), "120000".into())));
    assert!(tree.contains(&("README.md".into(), "100755".into())));
    assert_eq!(
        git(&env.cache, &["cat-file", "-p", &format!("{}:link", saved.commit)]),
        "/etc/passwd"
    );
    // Back in a copy, all of it is the same.
    let again = env.make_copy(&saved.commit, "again").await;
    assert_eq!(
        TestEnv::snapshot_files(&copy, &[".git"]),
        TestEnv::snapshot_files(&again, &[".git"])
    );
}

#[cfg(unix)]
#[tokio::test]
async fn files_folders_and_links_may_take_each_others_place() {
    let (env, _, _) = env_with_copy().await;
    write(&env.project, "folder/a", "a");
    write(&env.project, "folder/b/c", "c");
    write(&env.project, "file", "f");
    write(&env.project, "other/x", "x");
    env.commit("More");
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "second").await;
    let outside = env.path("outside");
    write(&outside, "a", "not ours");
    std::fs::remove_dir_all(copy.join("folder")).unwrap();
    std::os::unix::fs::symlink(&outside, copy.join("folder")).unwrap();
    std::fs::remove_file(copy.join("file")).unwrap();
    write(&copy, "file/now/a/folder", "x");
    std::fs::remove_dir_all(copy.join("other")).unwrap();
    write(&copy, "other", "now a file");
    let saved = env.save_copy(&copy, &start).await;
    assert_eq!(saved.skipped, []);
    let tree = saved_tree(&env, &saved);
    let tree: Vec<_> = tree.iter().map(|(p, m)| (p.as_str(), m.as_str())).collect();
    assert_eq!(
        tree,
        [
            ("README.md", "100644"),
            ("file/now/a/folder", "100644"),
            ("folder", "120000"),
            ("other", "100644"),
            ("src/main.txt", "100644"),
        ]
    );
}

#[tokio::test]
async fn ignored_files_stay_out_unless_the_project_has_them() {
    let (env, _, _) = env_with_copy().await;
    write(&env.project, "kept.log", "1");
    env.commit("A log");
    write(&env.project, ".gitignore", "*.log\nnode_modules/\n");
    env.commit("Ignore logs");
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "second").await;
    write(&copy, "kept.log", "2");
    write(&copy, "other.log", "x");
    write(&copy, "node_modules/x/y", "x");
    let saved = env.save_copy(&copy, &start).await;
    assert_eq!(saved_paths(&env, &saved), [".gitignore", "README.md", "kept.log", "src/main.txt"]);
    assert_eq!(git(&env.cache, &["cat-file", "-p", &format!("{}:kept.log", saved.commit)]), "2");
}

#[tokio::test]
async fn files_of_repositories_inside_a_copy_are_saved_as_files() {
    let (env, start, copy) = env_with_copy().await;
    write(&copy, "beside", "b");
    for (name, has_commit) in [("with", true), ("without", false), ("deep/with", true)] {
        write(&copy.join(name), "file", "f");
        write(&copy.join(name), "built", "f");
        write(&copy.join(name), ".gitignore", "built\n");
        git(&copy.join(name), &["init", "-q"]);
        if has_commit {
            git(&copy.join(name), &["add", "-A"]);
            git(&copy.join(name), &["commit", "-q", "-m", "Inner"]);
        }
    }
    git(&copy, &["clone", "-q", "with", "with/inner"]);
    // A file of the project becomes a repository; a folder of it, too.
    std::fs::remove_file(copy.join("README.md")).unwrap();
    git(&copy, &["clone", "-q", "with", "README.md"]);
    git(&copy.join("src"), &["init", "-q"]);
    write(&copy, "src/more", "m");
    let saved = env.save_copy(&copy, &start).await;
    assert_eq!(saved.skipped, []);
    let mut expected = vec!["beside", "src/main.txt", "src/more"];
    let inner = ["README.md", "deep/with", "with", "with/inner", "without"]
        .map(|folder| [format!("{folder}/.gitignore"), format!("{folder}/file")]);
    expected.extend(inner.iter().flatten().map(String::as_str));
    expected.sort_unstable();
    assert_eq!(saved_paths(&env, &saved), expected);
    // Nothing of it changes with the next save.
    assert_eq!(env.save_copy(&copy, &start).await.tree, saved.tree);
}

#[tokio::test]
async fn another_working_tree_inside_a_copy_is_left_out_and_named() {
    let (env, start, copy) = env_with_copy().await;
    git(&copy, &["worktree", "add", "-q", "--detach", "other"]);
    write(&copy, "other/new", "n");
    let saved = env.save_copy(&copy, &start).await;
    assert_eq!(saved.skipped, [skipped("other", SkipReason::Submodule)]);
    assert_eq!(saved_paths(&env, &saved), ["README.md", "src/main.txt"]);
}

#[tokio::test]
async fn a_sparse_checkout_of_the_agents_removes_nothing() {
    let (env, start, copy) = env_with_copy().await;
    git(&copy, &["sparse-checkout", "set", "--no-cone", "/src/"]);
    assert!(!copy.join("README.md").exists());
    write(&copy, "docs/new", "n");
    let saved = env.save_copy(&copy, &start).await;
    assert_eq!(saved.skipped, []);
    assert_eq!(saved_paths(&env, &saved), ["README.md", "docs/new", "src/main.txt"]);
    // What is in the checkout and removed is removed.
    std::fs::remove_file(copy.join("src/main.txt")).unwrap();
    let saved = env.save_copy(&copy, &start).await;
    assert_eq!(saved_paths(&env, &saved), ["README.md", "docs/new"]);
}

#[tokio::test]
async fn what_an_agent_added_although_it_is_ignored_is_saved() {
    let (env, start, copy) = env_with_copy().await;
    write(&copy, ".gitignore", "*.log\n");
    for name in ["meant.log", "gone.log", "built.log"] {
        write(&copy, name, name);
    }
    git(&copy, &["add", "-f", "meant.log", "gone.log"]);
    std::fs::remove_file(copy.join("gone.log")).unwrap();
    let saved = env.save_copy(&copy, &start).await;
    let expected = [".gitignore", "README.md", "meant.log", "src/main.txt"];
    assert_eq!(saved_paths(&env, &saved), expected);
    // An index that isn't one says nothing, and neither does one that lies elsewhere.
    write(&copy, ".git/index", "not an index");
    assert_eq!(saved_paths(&env, &env.save_copy(&copy, &start).await).len(), 4);
}

#[tokio::test]
async fn what_is_ignored_is_named_where_nothing_else_was_changed() {
    let env = TestEnv::new().await;
    write(&env.project, ".gitignore", "docs/\n*.log\n");
    env.commit("Ignore");
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "copy").await;
    assert_eq!(env.save_copy(&copy, &start).await.ignored, [""; 0]);
    for name in ["docs/a", "docs/b", "x.log"] {
        write(&copy, name, "x");
    }
    assert_eq!(env.save_copy(&copy, &start).await.ignored, ["docs/", "x.log"]);
    write(&copy, "new", "x");
    assert_eq!(env.save_copy(&copy, &start).await.ignored, [""; 0]);
}

#[tokio::test]
async fn files_that_nobody_touched_are_not_changed_by_rules_about_ends_of_lines() {
    let env = TestEnv::new().await;
    write(&env.project, "old.txt", "a\r\nb\r\n");
    write(&env.project, "edited.txt", "a\r\nb\r\n");
    env.commit("With CRLF");
    write(&env.project, ".gitattributes", "*.txt text\n");
    git(&env.project, &["add", ".gitattributes"]);
    git(&env.project, &["commit", "-q", "-m", "A rule"]);
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "copy").await;
    write(&copy, "new.txt", "n\n");
    write(&copy, "edited.txt", "a\r\nc\r\n");
    let saved = env.save_copy(&copy, &start).await;
    let changes = env.git.changes(&env.cache, &start, &saved.commit).await.unwrap();
    let paths: Vec<_> = changes.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["edited.txt", "new.txt"]);
}

fn skipped(path: &str, reason: SkipReason) -> SkippedPath {
    SkippedPath { path: path.into(), reason }
}

#[cfg(unix)]
#[tokio::test]
async fn what_cannot_be_saved_is_named_and_all_else_is_saved() {
    let (env, start, copy) = env_with_copy().await;
    write(&copy, ".gitattributes", "*.utf16 working-tree-encoding=UTF-16\n");
    for n in 0..20 {
        write(&copy, &format!("good/{n}"), "g");
    }
    std::fs::write(copy.join("odd.utf16"), b"\xff").unwrap(); // one byte is no UTF-16
    // Neither is this, but it is what git keeps of one.
    write(&copy, "text.utf16", "Ahoy\n");
    write(&copy, "huge", "");
    let huge = std::fs::File::options().write(true).open(copy.join("huge")).unwrap();
    huge.set_len(5_000_000_000).unwrap(); // takes no space
    let large = std::fs::File::create(copy.join("large")).unwrap();
    large.set_len(70_000_000).unwrap();
    write(&copy, ".GIT/config", "x");
    std::fs::remove_file(copy.join("README.md")).unwrap();
    make_fifo(&copy.join("README.md"));
    make_fifo(&copy.join("pipe"));
    let mut saved = env.save_copy(&copy, &start).await;
    saved.skipped.sort();
    let expected = [
        skipped(".GIT/config", SkipReason::Name),
        skipped("README.md", SkipReason::Unreadable),
        skipped("huge", SkipReason::TooLarge),
        skipped("odd.utf16", SkipReason::Encoding),
    ];
    assert_eq!(saved.skipped, expected);
    let paths = saved_paths(&env, &saved);
    assert_eq!(paths.iter().filter(|path| path.starts_with("good/")).count(), 20);
    for kept in [".gitattributes", "large", "text.utf16"] {
        assert!(paths.contains(&kept.to_owned()), "{kept}");
    }
    let text = git(&env.cache, &["cat-file", "-p", &format!("{}:text.utf16", saved.commit)]);
    assert_eq!(text, "Ahoy");
}

#[cfg(unix)]
fn make_fifo(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[tokio::test]
async fn a_message_and_an_author_may_be_any_text() {
    let (env, start, copy) = env_with_copy().await;
    let author = Author { name: " <<A\nb>\0 ".into(), email: "x>\ny".into() };
    let index = env.path("index");
    for message in ["", "-m\n--amend", "a\0b\u{202e}🚀\r\n", &"x".repeat(300_000)] {
        let request =
            SaveRequest { message, index: &index, ..env.save_request(&copy, &start, &author) };
        let saved = env.git.save(request).await.unwrap();
        let said = git(&env.cache, &["log", "-1", "--format=%an|%ae|%B", &saved.commit]);
        let expected = format!("Ab|xy|{}", message.replace('\0', "\u{fffd}").trim_end());
        assert_eq!(said.trim_end(), expected);
    }
    let nobody = Author { name: "\n".into(), email: String::new() };
    let request = SaveRequest { index: &index, ..env.save_request(&copy, &start, &nobody) };
    let saved = env.git.save(request).await.unwrap();
    assert_eq!(git(&env.cache, &["log", "-1", "--format=%an", &saved.commit]), "Regatta");
}

#[tokio::test]
async fn what_a_save_that_was_cut_off_left_is_no_hindrance() {
    let (env, start, copy) = env_with_copy().await;
    let before = env.save_copy(&copy, &start).await;
    write(env.top(), "copy.index.lock", "");
    assert_eq!(env.save_copy(&copy, &start).await.tree, before.tree);
    for spoilt in ["", "not an index", &"x".repeat(10_000)] {
        write(env.top(), "copy.index", spoilt);
        assert_eq!(env.save_copy(&copy, &start).await.tree, before.tree);
    }
}

#[tokio::test]
async fn a_copy_or_a_cache_that_is_gone_is_said() {
    let (env, start, copy) = env_with_copy().await;
    let author = author();
    let index = env.path("index");
    let request = SaveRequest { index: &index, ..env.save_request(&copy, &start, &author) };
    let cache = env.path("no-cache");
    assert_eq!(
        env.git.save(SaveRequest { cache: &cache, ..request }).await.unwrap_err(),
        GitError::NotAFolder(cache)
    );
    for id in ["main", "", "-x"] {
        let error = env.git.save(SaveRequest { parent: id, ..request }).await.unwrap_err();
        assert_eq!(error, GitError::RevisionMissing { rev: id.into() });
    }
    std::fs::remove_dir_all(&copy).unwrap();
    assert_eq!(env.git.save(request).await.unwrap_err(), GitError::NotAFolder(copy.clone()));
    assert_eq!(env.git.list_refs(&env.cache, "refs/regatta/task").await.unwrap(), []);
}
