//! Folders of all kinds as projects.

use crate::test_env::{TestEnv, author, git, git_command, write};
use regatta_git::GitError;
use regatta_protocol::{ErrorCode, UserMessage};
use std::path::Path;

#[tokio::test]
async fn a_folder_that_is_no_project_is_told_apart() {
    let env = TestEnv::empty().await;
    let missing = env.path("missing");
    assert_eq!(env.git.inspect(&missing).await.unwrap_err(), GitError::NotAFolder(missing.clone()));
    write(env.top(), "file", "");
    let file = env.path("file");
    assert_eq!(env.git.inspect(&file).await.unwrap_err(), GitError::NotAFolder(file));
    let plain = env.path("plain");
    std::fs::create_dir(&plain).unwrap();
    let error = env.git.inspect(&plain).await.unwrap_err();
    assert_eq!(error, GitError::NotARepository(plain.clone()));
    assert_eq!(UserMessage::from(error).code, ErrorCode::NotARepository);
    assert_eq!(env.git.resolve(&plain, "main").await.unwrap_err(), GitError::NotARepository(plain));
}

#[tokio::test]
async fn a_repository_without_a_commit_is_seen_as_that() {
    let env = TestEnv::empty().await;
    write(&env.project, "file", "");
    let facts = env.git.inspect(&env.project).await.unwrap();
    assert_eq!((facts.head, facts.current.as_str(), facts.is_dirty), (None, "main", true));
    assert_eq!(facts.branches, Vec::<String>::new());
    let error = env.git.resolve(&env.project, "").await.unwrap_err();
    assert_eq!(error, GitError::NoCommit(env.project.clone()));
}

#[tokio::test]
async fn branches_come_newest_first_and_a_detached_head_by_its_id() {
    let env = TestEnv::new().await;
    let old = env.git.resolve(&env.project, "").await.unwrap();
    for (branch, date) in [("older", "2001-01-01T00:00:00Z"), ("newest", "2030-01-01T00:00:00Z")] {
        git(&env.project, &["checkout", "-q", "-b", branch, &old]);
        write(&env.project, branch, "x");
        git(&env.project, &["add", "-A"]);
        let tree = git(&env.project, &["write-tree"]);
        let commit = env.commit_tree(&tree, date);
        git(&env.project, &["reset", "-q", "--hard", &commit]);
    }
    git(&env.project, &["checkout", "-q", "--detach", &old]);
    let facts = env.git.inspect(&env.project).await.unwrap();
    assert_eq!(facts.branches, ["newest", "main", "older"]);
    assert_eq!(facts.head.as_deref(), Some(old.as_str()));
    assert!(old.starts_with(&facts.current) && facts.current.len() >= 4, "{}", facts.current);
}

#[tokio::test]
async fn a_revision_can_be_named_in_many_ways() {
    let env = TestEnv::new().await;
    let first = env.git.resolve(&env.project, "").await.unwrap();
    git(&env.project, &["tag", "-a", "v1", "-m", "One"]);
    git(&env.project, &["branch", "same"]);
    write(&env.project, "later", "");
    let second = env.commit("Second");
    git(&env.project, &["tag", "same"]);
    git(&env.project, &["update-ref", "refs/remotes/origin/only-there", &first]);
    git(&env.project, &["branch", "-f", "-q", "schön/größe", &first]);
    for (rev, commit) in [
        ("", &second),
        ("main", &second),
        ("HEAD~1", &first),
        ("v1", &first),
        ("same", &first), // the branch, not the tag
        ("only-there", &first),
        ("origin/only-there", &first),
        ("schön/größe", &first),
        (&first[..12], &first),
    ] {
        assert_eq!(&env.git.resolve(&env.project, rev).await.unwrap(), commit, "{rev:?}");
    }
}

#[tokio::test]
async fn a_revision_that_is_not_there_is_said_so_whatever_it_is_made_of() {
    let env = TestEnv::new().await;
    git(&env.project, &["tag", "a-file", "HEAD:README.md"]);
    let long = "x".repeat(100_000);
    for rev in [
        "nope",
        "-x",
        "--all",
        "a-file",
        "HEAD~99",
        "a b",
        "a\nb",
        "a\0b",
        "..",
        "main..HEAD",
        "^main",
        "@{9999}",
        ":/nope",
        "refs/heads/",
        "1234567890123456789012345678901234567890",
        &long,
        "🚀",
        "--output=/nope",
    ] {
        let error = env.git.resolve(&env.project, rev).await.unwrap_err();
        assert_eq!(error, GitError::RevisionMissing { rev: rev.into() });
        assert!(UserMessage::from(error).message.len() < 400);
    }
}

#[tokio::test]
async fn a_folder_inside_a_project_leads_to_its_top() {
    let env = TestEnv::new().await;
    for inside in ["src", ".git", ".git/refs"] {
        let facts = env.git.inspect(&env.project.join(inside)).await.unwrap();
        assert_eq!((facts.top, facts.is_dirty), (env.project.clone(), false), "{inside}");
    }
}

#[tokio::test]
async fn a_bare_repository_and_a_linked_worktree_are_projects_too() {
    let env = TestEnv::new().await;
    let bare = env.path("bare.git");
    git(&env.project, &["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let facts = env.git.inspect(&bare).await.unwrap();
    assert_eq!((&facts.top, facts.current.as_str(), facts.is_dirty), (&bare, "main", false));

    let linked = env.path("linked");
    git(&env.project, &["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    let facts = env.git.inspect(&linked).await.unwrap();
    assert_eq!((&facts.top, facts.current.as_str(), facts.is_dirty), (&linked, "side", false));
}

#[tokio::test]
async fn every_kind_of_unsaved_change_is_noticed() {
    let env = TestEnv::new().await;
    write(&env.project, ".gitignore", "ignored\n");
    env.commit("Ignore");
    write(&env.project, "ignored", "");
    write(&env.project, ".git/info/exclude", "*.own\n");
    write(&env.project, "mine.own", "");
    let dirty = async || env.git.inspect(&env.project).await.unwrap().is_dirty;
    assert!(!dirty().await);
    write(&env.project, "untracked", "");
    assert!(dirty().await);
    std::fs::remove_file(env.project.join("untracked")).unwrap();
    write(&env.project, "README.md", "Changed\n");
    assert!(dirty().await);
    git(&env.project, &["add", "-A"]);
    assert!(dirty().await);
    git(&env.project, &["reset", "-q", "--hard"]);
    assert!(!dirty().await);
    std::fs::remove_file(env.project.join("README.md")).unwrap();
    assert!(dirty().await);
}

#[tokio::test]
async fn the_persons_name_comes_from_the_project_or_from_nowhere() {
    let env = TestEnv::new().await;
    git(&env.project, &["config", "user.name", "Zoë <z>"]);
    git(&env.project, &["config", "user.email", "zoe@example.invalid"]);
    let author = env.git.author(&env.project).await.unwrap();
    assert_eq!((author.name.as_str(), author.email.as_str()), ("Zoë z", "zoe@example.invalid"));
}

#[tokio::test]
async fn a_folder_is_set_up_with_its_files_as_they_are() {
    let env = TestEnv::empty().await;
    let folder = env.path("new project");
    write(&folder, "a.txt", "a\r\nb");
    write(&folder, "deep/ä \"b\".txt", "");
    write(&folder, ".gitignore", "secret\n");
    write(&folder, "secret", "s");
    write(&folder, "inner/file", "x");
    git(&folder.join("inner"), &["init", "-q"]);
    let before = TestEnv::snapshot_files(&folder, &[]);
    env.git.init_project(&folder, &author(), "").await.unwrap();
    let mut after = TestEnv::snapshot_files(&folder, &[]);
    after.retain(|path, _| !path.starts_with(".git/"));
    assert_eq!(before, after);
    let facts = env.git.inspect(&folder).await.unwrap();
    assert_eq!((facts.current.as_str(), facts.branches), ("main", vec!["main".to_owned()]));
    let saved = git(&folder, &["ls-tree", "-r", "-z", "--name-only", "HEAD"]);
    assert_eq!(saved, ".gitignore\0a.txt\0deep/ä \"b\".txt\0");
    assert_eq!(git(&folder, &["log", "--format=%an %ae"]), "Ada ada@example.invalid");

    // Again: nothing more happens.
    env.git.init_project(&folder, &author(), "").await.unwrap();
    assert_eq!(env.git.inspect(&folder).await.unwrap().head, facts.head);
}

#[tokio::test]
async fn an_empty_folder_and_one_without_a_commit_are_set_up() {
    let env = TestEnv::empty().await;
    let empty = env.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let bare = env.path("bare.git");
    git(env.top(), &["init", "-q", "--bare", "bare.git"]);
    write(&env.project, "file", "text");
    for folder in [&empty, &bare, &env.project] {
        env.git.init_project(folder, &author(), "").await.unwrap();
        let facts = env.git.inspect(folder).await.unwrap();
        assert!(facts.head.is_some() && !facts.is_dirty, "{}", folder.display());
    }
    assert_eq!(git(&empty, &["ls-tree", "HEAD"]), "");
    assert_eq!(git(&env.project, &["show", "HEAD:file"]), "text");
}

#[tokio::test]
async fn what_is_left_out_of_the_first_version_is_written_down() {
    let env = TestEnv::empty().await;
    let patterns = "# made anew\nnode_modules/\n.env\n";
    for own in [None, Some("mine\n")] {
        let folder = env.path(if own.is_some() { "with a list" } else { "without" });
        for file in ["a.txt", ".env", "mine", "node_modules/x/index.js", "deep/.env"] {
            write(&folder, file, "text");
        }
        if let Some(own) = own {
            write(&folder, ".gitignore", own);
        }
        env.git.init_project(&folder, &author(), patterns).await.unwrap();
        let saved = git(&folder, &["ls-tree", "-r", "--name-only", "HEAD"]);
        let list = std::fs::read_to_string(folder.join(".gitignore")).unwrap();
        assert_eq!(list, own.unwrap_or(patterns), "a list of the person's own stays");
        assert_eq!(
            saved,
            if own.is_some() { ".gitignore\na.txt" } else { ".gitignore\na.txt\nmine" }
        );
        assert!(!env.git.inspect(&folder).await.unwrap().is_dirty);
    }
}

#[tokio::test]
async fn a_set_up_that_does_not_end_leaves_nothing() {
    let env = TestEnv::empty().await;
    let folder = env.path("new");
    write(&folder, "a.txt", "text");
    let before = TestEnv::snapshot_files(&folder, &[]);
    let who = author();
    let begun = async {
        while !folder.join(".git/HEAD").exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = begun => {}
        ended = env.git.init_project(&folder, &who, ".env\n") => panic!("it ended: {ended:?}"),
    }
    assert_eq!(TestEnv::snapshot_files(&folder, &[]), before);
    assert!(!folder.join(".git").exists());

    // What was there before is not ours to remove.
    write(&folder, ".git", "gitdir: nowhere\n");
    env.git.init_project(&folder, &who, "").await.unwrap_err();
    assert!(folder.join(".git").exists());
}

/// What a folder from somewhere else may hold: programs in its settings, for any occasion.
fn plant_programs(project: &Path, mark: &Path) {
    let run = format!("touch {}; cat", mark.display());
    write(project, ".gitattributes", "* filter=evil diff=evil merge=evil\n");
    for key in [
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "filter.a=b.clean",
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "gpg.program",
        "credential.helper",
        "remote.origin.uploadpack",
        "uploadpack.packObjectsHook",
        "alias.status",
    ] {
        git(project, &["config", key, &run]);
    }
    git(project, &["config", "filter.evil.required", "true"]);
    git(project, &["config", "core.hooksPath", ".githooks"]);
    for hook in ["post-checkout", "reference-transaction", "pre-commit", "post-index-change"] {
        for folder in [".githooks", ".git/hooks"] {
            let file = project.join(folder).join(hook);
            write(project, &format!("{folder}/{hook}"), &format!("#!/bin/sh\n{run}\n"));
            make_executable(&file);
        }
    }
}

#[cfg(unix)]
fn make_executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn looking_at_a_project_and_adding_to_it_runs_nothing_that_it_names() {
    let env = TestEnv::new().await;
    let mark = env.path("mark");
    plant_programs(&env.project, &mark);
    // Younger than the index, so that git has to read the content.
    write(&env.project, "README.md", "Hello\n");
    assert!(env.git.inspect(&env.project).await.unwrap().is_dirty);
    let start = env.cache_head().await;
    env.git.publish(&env.cache, &start, &env.project, "result").await.unwrap();
    assert!(!mark.exists());

    let fresh = env.path("fresh");
    write(&fresh, "file", "text");
    git(&fresh, &["init", "-q"]);
    plant_programs(&fresh, &mark);
    env.git.init_project(&fresh, &author(), "").await.unwrap();
    assert!(!mark.exists());
    assert_eq!(git(&fresh, &["cat-file", "-p", "HEAD:file"]), "text");

    // The bait is good: a plain call takes it.
    write(&fresh, "file", "other");
    git_command(&fresh, &["status"]).output().unwrap();
    assert!(mark.exists());
}

#[tokio::test]
async fn an_open_branch_that_is_not_there_is_said_and_others_can_be_started_from() {
    let env = TestEnv::new().await;
    let start = git(&env.project, &["rev-parse", "HEAD"]);
    git(&env.project, &["checkout", "-q", "-b", "develop"]);
    git(&env.project, &["symbolic-ref", "HEAD", "refs/heads/gone"]);
    let facts = env.git.inspect(&env.project).await.unwrap();
    assert_eq!((facts.head.as_deref(), facts.current.as_str()), (None, "gone"));
    let error = env.git.resolve(&env.project, "").await.unwrap_err();
    let project = env.project.clone();
    assert_eq!(error, GitError::HeadMissing { project, branch: "gone".into() });
    assert!(UserMessage::from(error).message.contains("gone"));
    assert_eq!(env.git.resolve(&env.project, "develop").await.unwrap(), start);
}

#[cfg(unix)]
#[tokio::test]
async fn a_project_of_another_user_is_refused_with_its_own_words() {
    let env = TestEnv::new().await;
    // Only root may give a folder away; for anyone else there is nothing to try.
    if std::os::unix::fs::chown(&env.project, Some(12_345), None).is_err() {
        return;
    }
    let error = env.git.inspect(&env.project).await.unwrap_err();
    assert_eq!(error, GitError::DubiousOwnership(env.project.clone()));
    let error = env.git.resolve(&env.project, "").await.unwrap_err();
    assert!(UserMessage::from(error).message.contains("another user"));
}
