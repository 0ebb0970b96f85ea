//! Caches of projects of all kinds.

use crate::test_env::{TestEnv, git, write};
use regatta_git::GitError;
use tokio::task::JoinSet;

#[tokio::test]
async fn a_cache_holds_the_whole_history_and_no_branch_of_the_project() {
    let env = TestEnv::new().await;
    write(&env.project, "later", "");
    env.commit("Second");
    let start = env.cache_head().await;
    let held = format!("refs/regatta/start/{start}");
    let refs = env.git.list_refs(&env.cache, "refs").await.unwrap();
    assert_eq!(refs, [(held.clone(), start.clone())]);
    assert_eq!(env.git.list_refs(&env.cache, "refs/regatta/nothing").await.unwrap(), []);
    assert_eq!(git(&env.cache, &["rev-list", "--count", &start]), "2");
    git(&env.cache, &["fsck", "--strict"]);

    // With the project gone, what was brought stays.
    std::fs::remove_dir_all(&env.project).unwrap();
    assert_eq!(
        env.git.update_cache(&env.project, &env.cache, &start).await.unwrap_err(),
        GitError::NotAFolder(env.project.clone())
    );
    env.make_copy(&start, "copy").await;
}

#[tokio::test]
async fn a_commit_that_no_branch_holds_can_be_brought_and_a_missing_one_is_said() {
    let env = TestEnv::new().await;
    git(&env.project, &["checkout", "-q", "--detach"]);
    write(&env.project, "loose", "");
    let loose = env.commit("On no branch");
    git(&env.project, &["checkout", "-q", "main"]);
    env.git.update_cache(&env.project, &env.cache, &loose).await.unwrap();
    for missing in ["1".repeat(40), "main".into(), "-x".into(), String::new()] {
        let error = env.git.update_cache(&env.project, &env.cache, &missing).await.unwrap_err();
        assert_eq!(error, GitError::RevisionMissing { rev: missing });
    }
}

#[tokio::test]
async fn many_batches_may_update_one_cache_at_once() {
    let env = TestEnv::new().await;
    for round in 0..3 {
        let mut commits = Vec::new();
        for n in 0..4 {
            write(&env.project, &format!("file{round}-{n}"), "x");
            commits.push(env.commit("More"));
        }
        let mut work = JoinSet::new();
        for n in 0..20 {
            let (git, commit) = (env.git.clone(), commits[n % 4].clone());
            let (project, cache) = (env.project.clone(), env.cache.clone());
            work.spawn(async move { git.update_cache(&project, &cache, &commit).await });
        }
        for done in work.join_all().await {
            done.unwrap();
        }
        let refs = env.git.list_refs(&env.cache, "refs/regatta/start").await.unwrap();
        assert_eq!(refs.len(), (round + 1) * 4);
        git(&env.cache, &["fsck", "--strict"]);
    }
    let left: Vec<_> = std::fs::read_dir(env.top()).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[tokio::test]
async fn many_batches_may_update_one_cache_of_a_cut_history_at_once() {
    let env = TestEnv::new().await;
    let mut projects = Vec::new();
    for n in 0..8 {
        write(&env.project, "file", &n.to_string());
        env.commit("More");
        let from = format!("file://{}", env.project.display());
        let name = format!("shallow-{n}");
        git(env.top(), &["clone", "-q", "--depth=1", &from, &name]);
        projects.push(env.path(&name));
    }
    // Each of these brings another end of the history along.
    let mut work = JoinSet::new();
    for project in projects {
        let (git, cache) = (env.git.clone(), env.cache.clone());
        work.spawn(async move {
            let start = git.resolve(&project, "").await.unwrap();
            git.update_cache(&project, &cache, &start).await
        });
    }
    for done in work.join_all().await {
        done.unwrap();
    }
    git(&env.cache, &["fsck", "--strict"]);
}

#[tokio::test]
async fn odd_folder_names_are_only_names() {
    let env = TestEnv::new().await;
    for name in ["with space", "quote's \"both\"", "-dash", "ünïcode🚀", "semi;colon $(x)", "a:b"]
    {
        let folder = env.path(name);
        std::fs::create_dir(&folder).unwrap();
        let (project, cache, copy) =
            (folder.join(name), folder.join("c ä.git"), folder.join("copy"));
        git(env.top(), &["clone", "-q", "project", "--", project.to_str().unwrap()]);
        let start = env.git.resolve(&project, "main").await.unwrap();
        env.git.update_cache(&project, &cache, &start).await.unwrap();
        env.git.copy(&cache, &start, &copy, "work").await.unwrap();
        assert_eq!(git(&copy, &["status", "--porcelain"]), "", "{name}");
        let branch = env.git.publish(&cache, &start, &project, "result").await.unwrap();
        assert_eq!(git(&project, &["rev-parse", &branch]), start);
    }
}

#[tokio::test]
async fn a_cut_history_goes_all_the_way_and_back() {
    let env = TestEnv::new().await;
    for n in 0..5 {
        write(&env.project, "file", &format!("{n}"));
        env.commit("More");
    }
    let shallow = env.path("shallow");
    let from = format!("file://{}", env.project.display());
    git(env.top(), &["clone", "-q", "--depth=2", &from, shallow.to_str().unwrap()]);
    let start = env.git.resolve(&shallow, "").await.unwrap();
    env.git.update_cache(&shallow, &env.cache, &start).await.unwrap();
    assert_eq!(git(&env.cache, &["rev-list", "--count", &start]), "2");
    let copy = env.make_copy(&start, "copy").await;
    assert_eq!(git(&copy, &["rev-list", "--count", "HEAD"]), "2");
    write(&copy, "new", "n");
    let saved = env.save_copy(&copy, &start).await;
    let branch = env.git.publish(&env.cache, &saved.commit, &shallow, "result").await.unwrap();
    assert_eq!(git(&shallow, &["rev-list", "--count", &branch]), "3");
    git(&shallow, &["fsck", "--strict"]);

    // The project gets its whole history, and keeps it when the next result comes.
    git(&shallow, &["fetch", "-q", "--unshallow"]);
    write(&copy, "new", "n2");
    let saved = env.save_copy(&copy, &start).await;
    let branch = env.git.publish(&env.cache, &saved.commit, &shallow, "result").await.unwrap();
    assert_eq!(branch, "result-2");
    assert_eq!(git(&shallow, &["rev-list", "--count", &branch]), "7");
    assert!(!shallow.join(".git/shallow").exists());

    // A later batch on the same cache works, too.
    write(&shallow, "later", "");
    git(&shallow, &["add", "-A"]);
    git(&shallow, &["commit", "-q", "-m", "Later"]);
    let start = env.git.resolve(&shallow, "").await.unwrap();
    env.git.update_cache(&shallow, &env.cache, &start).await.unwrap();
    env.make_copy(&start, "copy-2").await;
}

#[tokio::test]
async fn a_worktree_a_bare_repository_and_one_with_other_ids_can_be_cached() {
    let env = TestEnv::new().await;
    git(&env.project, &["worktree", "add", "-q", "-b", "side", "../linked"]);
    write(&env.path("linked"), "side", "s");
    git(&env.path("linked"), &["add", "-A"]);
    git(&env.path("linked"), &["commit", "-q", "-m", "Side"]);
    git(env.top(), &["clone", "-q", "--bare", "project", "bare.git"]);
    git(env.top(), &["init", "-q", "-b", "main", "--object-format=sha256", "other"]);
    write(&env.path("other"), "file", "");
    git(&env.path("other"), &["add", "-A"]);
    git(&env.path("other"), &["commit", "-q", "-m", "Other"]);
    for (name, rev) in [("linked", ""), ("bare.git", "side"), ("other", "")] {
        let (project, cache) = (env.path(name), env.path(&format!("{name}-cache")));
        let start = env.git.resolve(&project, rev).await.unwrap();
        env.git.update_cache(&project, &cache, &start).await.unwrap();
        let copy = env.path(&format!("{name}-copy"));
        env.git.copy(&cache, &start, &copy, "work").await.unwrap();
        assert_eq!(git(&copy, &["status", "--porcelain"]), "", "{name}");
        let branch = env.git.publish(&cache, &start, &project, "result").await.unwrap();
        assert_eq!(git(&project, &["rev-parse", &branch]), start, "{name}");
    }
    assert_eq!(
        git(&env.project, &["rev-parse", "result"]),
        git(&env.project, &["rev-parse", "side"])
    );
}

#[tokio::test]
async fn a_history_with_old_slips_is_taken_and_one_that_is_dangerous_is_not() {
    let env = TestEnv::new().await;
    let tree = git(&env.project, &["write-tree"]);
    let commit = |author: &str| {
        let text = format!("tree {tree}\nauthor {author}\ncommitter {author}\n\nOld\n");
        env.write_object("commit", text.as_bytes())
    };
    for slip in ["A<a@b.example> 1 +0000", "A <a@b.example> 1 +051800"] {
        let old = commit(slip);
        env.git.update_cache(&env.project, &env.cache, &old).await.unwrap();
    }
    let blob = git(&env.project, &["rev-parse", "HEAD:README.md"]);
    for slip in [b"a\0".as_slice(), b"b\0"] {
        // Twice the same entry, and two in the wrong order: git itself clones both.
        let entry = |name: &[u8]| [b"100644 ".as_slice(), name, &object_id(&blob)].concat();
        let double = env.write_object("tree", &[entry(slip), entry(b"a\0")].concat());
        let text =
            format!("tree {double}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nOld\n");
        let old = env.write_object("commit", text.as_bytes());
        env.git.update_cache(&env.project, &env.cache, &old).await.unwrap();
    }
    let evil_tree = env.write_tree(&format!("100644 blob {blob}\t.git\n"));
    let text =
        format!("tree {evil_tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nEvil\n");
    let evil = env.write_object("commit", text.as_bytes());
    let error = env.git.update_cache(&env.project, &env.cache, &evil).await.unwrap_err();
    let GitError::Dangerous { what, details, .. } = error else { panic!("{error}") };
    assert!(details.contains("hasDotgit") && what.contains("named .git"), "{what}: {details}");
}

/// An id's bytes.
fn object_id(hex: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

#[tokio::test]
async fn a_list_of_submodules_with_a_slip_is_taken_and_one_that_runs_something_is_not() {
    let env = TestEnv::new().await;
    let list = |line: &str| format!("[submodule \"ui\"]\n\tpath = ui\n\t{line}\n");
    write(&env.project, ".gitmodules", &list("url = https://host:owner/lib.git"));
    env.commit("An address that isn't one");
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "copy").await;
    write(&copy, "fine", "x");
    let saved = env.save_copy(&copy, &start).await;
    env.git.publish(&env.cache, &saved.commit, &env.project, "fine").await.unwrap();

    write(&copy, ".gitmodules", &list("url = x\n\tupdate = !touch mark"));
    let saved = env.save_copy(&copy, &start).await;
    let error = env.git.publish(&env.cache, &saved.commit, &env.project, "evil").await.unwrap_err();
    let GitError::Dangerous { what, .. } = &error else { panic!("{error}") };
    assert!(what.contains(".gitmodules") && what.contains("command"), "{what}");
    let message = regatta_protocol::UserMessage::from(error);
    assert!(message.message.contains(".gitmodules"), "{}", message.message);
    assert!(!message.hint.to_lowercase().contains("try again"), "{}", message.hint);
    git(&env.project, &["rev-parse", "--verify", "-q", "fine"]);
    assert_eq!(git(&env.project, &["branch", "--list", "evil"]), "");
}

/// Texts whose objects lie in the one folder from which git guesses how many there are.
const RAGGED: [u32; 30] = [
    32, 119, 334, 782, 907, 922, 1113, 1173, 1298, 1910, 2085, 2500, 2797, 2920, 3325, 4097, 4226,
    4645, 4725, 4747, 5699, 5796, 6067, 7003, 7256, 7290, 7485, 7673, 7865, 7867,
];

#[tokio::test]
async fn a_ragged_cache_is_packed_on_the_way_to_the_next_batch() {
    let env = TestEnv::new().await;
    let start = env.cache_head().await;
    for n in RAGGED {
        write(&env.path("copy"), &n.to_string(), &n.to_string());
    }
    let saved = env.save_copy(&env.path("copy"), &start).await;
    let loose = || git(&env.cache, &["count-objects"]);
    assert!(!loose().starts_with("0 "), "{}", loose());
    env.git.update_cache(&env.project, &env.cache, &start).await.unwrap();
    assert!(!loose().starts_with("0 "), "nothing was fetched, so nothing is packed");
    write(&env.project, "next", "");
    env.commit("Next");
    env.cache_head().await;
    assert!(loose().starts_with("0 "), "{}", loose());
    let changes = env.git.changes(&env.cache, &start, &saved.commit).await.unwrap();
    assert_eq!(changes.files.len(), RAGGED.len() + 2);
    git(&env.cache, &["fsck", "--strict"]);
}

#[tokio::test]
async fn what_the_person_ignores_for_this_project_is_ignored_in_copies_and_results() {
    let env = TestEnv::new().await;
    write(&env.project, ".git/info/exclude", "build/\n*.own\n");
    git(&env.project, &["config", "core.excludesFile", env.path("general").to_str().unwrap()]);
    write(env.top(), "general", "*.swp\n!kept.own\n*.txt\n");
    write(&env.project, ".gitignore", "!*.txt\n");
    env.commit("The project's own file of patterns wins");
    let start = env.cache_head().await;
    let copy = env.make_copy(&start, "copy").await;
    for name in ["build/out", "mine.own", "kept.own", "x.swp", "result.txt"] {
        write(&copy, name, "x");
    }
    assert_eq!(git(&copy, &["status", "--porcelain"]), "?? result.txt");
    let saved = env.save_copy(&copy, &start).await;
    let changes = env.git.changes(&env.cache, &start, &saved.commit).await.unwrap();
    let names: Vec<_> = changes.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(names, ["result.txt"]);
}

#[tokio::test]
async fn a_partial_project_is_told_apart() {
    let env = TestEnv::new().await;
    git(&env.project, &["config", "uploadpack.allowFilter", "true"]);
    let from = format!("file://{}", env.project.display());
    git(env.top(), &["clone", "-q", "--no-checkout", "--filter=blob:none", &from, "partial"]);
    let partial = env.path("partial");
    let start = env.git.resolve(&partial, "").await.unwrap();
    let error = env.git.update_cache(&partial, &env.cache, &start).await.unwrap_err();
    assert_eq!(error, GitError::PartialClone(partial));
    // The whole one can still be brought.
    env.git.update_cache(&env.project, &env.cache, &start).await.unwrap();
}

#[tokio::test]
async fn a_lock_that_a_power_cut_left_is_no_hindrance_for_ever() {
    let env = TestEnv::new().await;
    let start = env.cache_head().await;
    git(&env.cache, &["update-ref", "-d", &format!("refs/regatta/start/{start}")]);
    let name = format!("refs/regatta/start/{start}.lock");
    write(&env.cache, &name, "");
    let lock = std::fs::File::options().write(true).open(env.cache.join(&name)).unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3_600);
    lock.set_modified(long_ago).unwrap();
    env.git.update_cache(&env.project, &env.cache, &start).await.unwrap();
    assert!(!env.cache.join(&name).exists());
}
