//! Caches of projects of all kinds.

use crate::test_env::{TestEnv, git, write};
use regatta_git::GitError;
use tokio::task::JoinSet;

#[tokio::test]
async fn a_cache_holds_the_whole_history_and_no_branch_of_the_project() {
    let room = TestEnv::new().await;
    write(&room.project, "later", "");
    room.commit("Second");
    let start = room.cache_head().await;
    let held = format!("refs/regatta/start/{start}");
    let refs = room.git.list_refs(&room.cache, "refs").await.unwrap();
    assert_eq!(refs, [(held.clone(), start.clone())]);
    assert_eq!(room.git.list_refs(&room.cache, "refs/regatta/nothing").await.unwrap(), []);
    assert_eq!(git(&room.cache, &["rev-list", "--count", &start]), "2");
    git(&room.cache, &["fsck", "--strict"]);

    // With the project gone, what was brought stays.
    std::fs::remove_dir_all(&room.project).unwrap();
    assert_eq!(
        room.git.update_cache(&room.project, &room.cache, &start).await.unwrap_err(),
        GitError::NotAFolder(room.project.clone())
    );
    room.make_copy(&start, "copy").await;
}

#[tokio::test]
async fn a_commit_that_no_branch_holds_can_be_brought_and_a_missing_one_is_said() {
    let room = TestEnv::new().await;
    git(&room.project, &["checkout", "-q", "--detach"]);
    write(&room.project, "loose", "");
    let loose = room.commit("On no branch");
    git(&room.project, &["checkout", "-q", "main"]);
    room.git.update_cache(&room.project, &room.cache, &loose).await.unwrap();
    for missing in ["1".repeat(40), "main".into(), "-x".into(), String::new()] {
        let error = room.git.update_cache(&room.project, &room.cache, &missing).await.unwrap_err();
        assert_eq!(error, GitError::RevisionMissing { rev: missing });
    }
}

#[tokio::test]
async fn many_batches_may_update_one_cache_at_once() {
    let room = TestEnv::new().await;
    for round in 0..3 {
        let mut commits = Vec::new();
        for n in 0..4 {
            write(&room.project, &format!("file{round}-{n}"), "x");
            commits.push(room.commit("More"));
        }
        let mut work = JoinSet::new();
        for n in 0..20 {
            let (git, commit) = (room.git.clone(), commits[n % 4].clone());
            let (project, cache) = (room.project.clone(), room.cache.clone());
            work.spawn(async move { git.update_cache(&project, &cache, &commit).await });
        }
        for done in work.join_all().await {
            done.unwrap();
        }
        let refs = room.git.list_refs(&room.cache, "refs/regatta/start").await.unwrap();
        assert_eq!(refs.len(), (round + 1) * 4);
        git(&room.cache, &["fsck", "--strict"]);
    }
    let left: Vec<_> = std::fs::read_dir(room.top()).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[tokio::test]
async fn many_batches_may_update_one_cache_of_a_cut_history_at_once() {
    let room = TestEnv::new().await;
    let mut projects = Vec::new();
    for n in 0..8 {
        write(&room.project, "file", &n.to_string());
        room.commit("More");
        let from = format!("file://{}", room.project.display());
        let name = format!("shallow-{n}");
        git(room.top(), &["clone", "-q", "--depth=1", &from, &name]);
        projects.push(room.path(&name));
    }
    // Each of these brings another end of the history along.
    let mut work = JoinSet::new();
    for project in projects {
        let (git, cache) = (room.git.clone(), room.cache.clone());
        work.spawn(async move {
            let start = git.resolve(&project, "").await.unwrap();
            git.update_cache(&project, &cache, &start).await
        });
    }
    for done in work.join_all().await {
        done.unwrap();
    }
    git(&room.cache, &["fsck", "--strict"]);
}

#[tokio::test]
async fn odd_folder_names_are_only_names() {
    let room = TestEnv::new().await;
    for name in ["with space", "quote's \"both\"", "-dash", "ünïcode🚀", "semi;colon $(x)", "a:b"]
    {
        let folder = room.path(name);
        std::fs::create_dir(&folder).unwrap();
        let (project, cache, copy) =
            (folder.join(name), folder.join("c ä.git"), folder.join("copy"));
        git(room.top(), &["clone", "-q", "project", "--", project.to_str().unwrap()]);
        let start = room.git.resolve(&project, "main").await.unwrap();
        room.git.update_cache(&project, &cache, &start).await.unwrap();
        room.git.copy(&cache, &start, &copy, "work").await.unwrap();
        assert_eq!(git(&copy, &["status", "--porcelain"]), "", "{name}");
        let branch = room.git.publish(&cache, &start, &project, "result").await.unwrap();
        assert_eq!(git(&project, &["rev-parse", &branch]), start);
    }
}

#[tokio::test]
async fn a_cut_history_goes_all_the_way_and_back() {
    let room = TestEnv::new().await;
    for n in 0..5 {
        write(&room.project, "file", &format!("{n}"));
        room.commit("More");
    }
    let shallow = room.path("shallow");
    let from = format!("file://{}", room.project.display());
    git(room.top(), &["clone", "-q", "--depth=2", &from, shallow.to_str().unwrap()]);
    let start = room.git.resolve(&shallow, "").await.unwrap();
    room.git.update_cache(&shallow, &room.cache, &start).await.unwrap();
    assert_eq!(git(&room.cache, &["rev-list", "--count", &start]), "2");
    let copy = room.make_copy(&start, "copy").await;
    assert_eq!(git(&copy, &["rev-list", "--count", "HEAD"]), "2");
    write(&copy, "new", "n");
    let saved = room.save_copy(&copy, &start).await;
    let branch = room.git.publish(&room.cache, &saved.commit, &shallow, "result").await.unwrap();
    assert_eq!(git(&shallow, &["rev-list", "--count", &branch]), "3");
    git(&shallow, &["fsck", "--strict"]);

    // The project gets its whole history, and keeps it when the next result comes.
    git(&shallow, &["fetch", "-q", "--unshallow"]);
    write(&copy, "new", "n2");
    let saved = room.save_copy(&copy, &start).await;
    let branch = room.git.publish(&room.cache, &saved.commit, &shallow, "result").await.unwrap();
    assert_eq!(branch, "result-2");
    assert_eq!(git(&shallow, &["rev-list", "--count", &branch]), "7");
    assert!(!shallow.join(".git/shallow").exists());

    // A later batch on the same cache works, too.
    write(&shallow, "later", "");
    git(&shallow, &["add", "-A"]);
    git(&shallow, &["commit", "-q", "-m", "Later"]);
    let start = room.git.resolve(&shallow, "").await.unwrap();
    room.git.update_cache(&shallow, &room.cache, &start).await.unwrap();
    room.make_copy(&start, "copy-2").await;
}

#[tokio::test]
async fn a_worktree_a_bare_repository_and_one_with_other_ids_can_be_cached() {
    let room = TestEnv::new().await;
    git(&room.project, &["worktree", "add", "-q", "-b", "side", "../linked"]);
    write(&room.path("linked"), "side", "s");
    git(&room.path("linked"), &["add", "-A"]);
    git(&room.path("linked"), &["commit", "-q", "-m", "Side"]);
    git(room.top(), &["clone", "-q", "--bare", "project", "bare.git"]);
    git(room.top(), &["init", "-q", "-b", "main", "--object-format=sha256", "other"]);
    write(&room.path("other"), "file", "");
    git(&room.path("other"), &["add", "-A"]);
    git(&room.path("other"), &["commit", "-q", "-m", "Other"]);
    for (name, rev) in [("linked", ""), ("bare.git", "side"), ("other", "")] {
        let (project, cache) = (room.path(name), room.path(&format!("{name}-cache")));
        let start = room.git.resolve(&project, rev).await.unwrap();
        room.git.update_cache(&project, &cache, &start).await.unwrap();
        let copy = room.path(&format!("{name}-copy"));
        room.git.copy(&cache, &start, &copy, "work").await.unwrap();
        assert_eq!(git(&copy, &["status", "--porcelain"]), "", "{name}");
        let branch = room.git.publish(&cache, &start, &project, "result").await.unwrap();
        assert_eq!(git(&project, &["rev-parse", &branch]), start, "{name}");
    }
    assert_eq!(
        git(&room.project, &["rev-parse", "result"]),
        git(&room.project, &["rev-parse", "side"])
    );
}

#[tokio::test]
async fn a_history_with_old_slips_is_taken_and_one_that_is_dangerous_is_not() {
    let room = TestEnv::new().await;
    let tree = git(&room.project, &["write-tree"]);
    let commit = |author: &str| {
        let text = format!("tree {tree}\nauthor {author}\ncommitter {author}\n\nOld\n");
        room.write_object("commit", text.as_bytes())
    };
    for slip in ["A<a@b.example> 1 +0000", "A <a@b.example> 1 +051800"] {
        let old = commit(slip);
        room.git.update_cache(&room.project, &room.cache, &old).await.unwrap();
    }
    let blob = git(&room.project, &["rev-parse", "HEAD:README.md"]);
    let evil_tree = room.write_tree(&format!("100644 blob {blob}\t.git\n"));
    let text =
        format!("tree {evil_tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nEvil\n");
    let evil = room.write_object("commit", text.as_bytes());
    let error = room.git.update_cache(&room.project, &room.cache, &evil).await.unwrap_err();
    let GitError::Failed { details, .. } = error else { panic!("{error}") };
    assert!(details.contains("hasDotgit"), "{details}");
}

/// Texts whose objects lie in the one folder from which git guesses how many there are.
const RAGGED: [u32; 30] = [
    32, 119, 334, 782, 907, 922, 1113, 1173, 1298, 1910, 2085, 2500, 2797, 2920, 3325, 4097, 4226,
    4645, 4725, 4747, 5699, 5796, 6067, 7003, 7256, 7290, 7485, 7673, 7865, 7867,
];

#[tokio::test]
async fn a_ragged_cache_is_packed_on_the_way_to_the_next_batch() {
    let room = TestEnv::new().await;
    let start = room.cache_head().await;
    for n in RAGGED {
        write(&room.path("copy"), &n.to_string(), &n.to_string());
    }
    let saved = room.save_copy(&room.path("copy"), &start).await;
    let loose = || git(&room.cache, &["count-objects"]);
    assert!(!loose().starts_with("0 "), "{}", loose());
    room.git.update_cache(&room.project, &room.cache, &start).await.unwrap();
    assert!(!loose().starts_with("0 "), "nothing was fetched, so nothing is packed");
    write(&room.project, "next", "");
    room.commit("Next");
    room.cache_head().await;
    assert!(loose().starts_with("0 "), "{}", loose());
    let changes = room.git.changes(&room.cache, &start, &saved.commit).await.unwrap();
    assert_eq!(changes.files.len(), RAGGED.len() + 2);
    git(&room.cache, &["fsck", "--strict"]);
}

#[tokio::test]
async fn what_the_person_ignores_for_this_project_is_ignored_in_copies_and_results() {
    let room = TestEnv::new().await;
    write(&room.project, ".git/info/exclude", "build/\n*.own\n");
    git(&room.project, &["config", "core.excludesFile", room.path("general").to_str().unwrap()]);
    write(room.top(), "general", "*.swp\n!kept.own\n*.txt\n");
    write(&room.project, ".gitignore", "!*.txt\n");
    room.commit("The project's own file of patterns wins");
    let start = room.cache_head().await;
    let copy = room.make_copy(&start, "copy").await;
    for name in ["build/out", "mine.own", "kept.own", "x.swp", "result.txt"] {
        write(&copy, name, "x");
    }
    assert_eq!(git(&copy, &["status", "--porcelain"]), "?? result.txt");
    let saved = room.save_copy(&copy, &start).await;
    let changes = room.git.changes(&room.cache, &start, &saved.commit).await.unwrap();
    let names: Vec<_> = changes.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(names, ["result.txt"]);
}

#[tokio::test]
async fn a_partial_project_is_told_apart() {
    let room = TestEnv::new().await;
    git(&room.project, &["config", "uploadpack.allowFilter", "true"]);
    let from = format!("file://{}", room.project.display());
    git(room.top(), &["clone", "-q", "--no-checkout", "--filter=blob:none", &from, "partial"]);
    let partial = room.path("partial");
    let start = room.git.resolve(&partial, "").await.unwrap();
    let error = room.git.update_cache(&partial, &room.cache, &start).await.unwrap_err();
    assert_eq!(error, GitError::PartialClone(partial));
    // The whole one can still be brought.
    room.git.update_cache(&room.project, &room.cache, &start).await.unwrap();
}

#[tokio::test]
async fn a_lock_that_a_power_cut_left_is_no_hindrance_for_ever() {
    let room = TestEnv::new().await;
    let start = room.cache_head().await;
    git(&room.cache, &["update-ref", "-d", &format!("refs/regatta/start/{start}")]);
    let name = format!("refs/regatta/start/{start}.lock");
    write(&room.cache, &name, "");
    let lock = std::fs::File::options().write(true).open(room.cache.join(&name)).unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3_600);
    lock.set_modified(long_ago).unwrap();
    room.git.update_cache(&room.project, &room.cache, &start).await.unwrap();
    assert!(!room.cache.join(&name).exists());
}
