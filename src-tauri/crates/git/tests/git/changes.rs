//! What changed, counted and as text.

use crate::test_env::{TestEnv, git, write};
use regatta_git::{GitError, PatchRequest, summarize};
use regatta_protocol::view::{ChangeKind, Changes, FileChange, FilePatch, PatchLineKind};
use std::path::PathBuf;

/// The project's second commit is made by `change`; what it changed is counted.
async fn commit_change(change: impl FnOnce(&PathBuf)) -> (TestEnv, String, String, Changes) {
    let env = TestEnv::empty().await;
    let long: String = (0..100).map(|n| format!("line {n}\n")).collect();
    write(&env.project, "long.txt", &long);
    write(&env.project, "short.txt", "one\ntwo\n");
    write(&env.project, "removed.txt", "a\nb\nc\n");
    std::fs::write(env.project.join("picture"), [0, 159, 146, 150]).unwrap();
    let from = env.commit("Before");
    change(&env.project);
    let to = env.commit("After");
    env.cache_head().await;
    let changes = env.git.changes(&env.cache, &from, &to).await.unwrap();
    (env, from, to, changes)
}

async fn read_patch(env: &TestEnv, ends: (&str, &str), file: &FileChange) -> FilePatch {
    let (from, to) = ends;
    let (path, old_path) = (file.path.as_str(), file.old_path.as_deref());
    let request = PatchRequest { cache: &env.cache, from, to, path, old_path };
    env.git.patch(request).await.unwrap()
}

fn render_patch(patch: &FilePatch) -> String {
    let sign = |kind| match kind {
        PatchLineKind::Same => ' ',
        PatchLineKind::Added => '+',
        PatchLineKind::Removed => '-',
        PatchLineKind::Gap => '~',
    };
    patch.lines.iter().map(|line| format!("{}{}\n", sign(line.kind), line.text)).collect()
}

#[cfg(unix)]
#[tokio::test]
async fn every_kind_of_change_is_counted() {
    let (_, _, _, changes) = commit_change(|project| {
        std::fs::create_dir(project.join("moved")).unwrap();
        std::fs::rename(project.join("long.txt"), project.join("moved/long 2.txt")).unwrap();
        let long = std::fs::read_to_string(project.join("moved/long 2.txt")).unwrap();
        write(project, "moved/long 2.txt", &long.replace("line 50\n", "fifty\nand more\n"));
        std::fs::remove_file(project.join("removed.txt")).unwrap();
        std::fs::write(project.join("picture"), [0, 1, 2]).unwrap();
        std::fs::write(project.join("new.bin"), [0; 10]).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(project.join("short.txt"), mode).unwrap();
        std::os::unix::fs::symlink("short.txt", project.join("link")).unwrap();
        write(project, "empty", "");
    })
    .await;
    let file = |path: &str, kind, counts: Option<(u64, u64)>| FileChange {
        path: path.into(),
        old_path: (kind == ChangeKind::Moved).then(|| "long.txt".into()),
        kind,
        is_binary: counts.is_none(),
        added: counts.unwrap_or_default().0,
        removed: counts.unwrap_or_default().1,
    };
    assert_eq!(
        changes.files,
        [
            file("empty", ChangeKind::Added, Some((0, 0))),
            file("link", ChangeKind::Added, Some((1, 0))),
            file("moved/long 2.txt", ChangeKind::Moved, Some((2, 1))),
            file("new.bin", ChangeKind::Added, None),
            file("picture", ChangeKind::Modified, None),
            file("removed.txt", ChangeKind::Removed, Some((0, 3))),
            file("short.txt", ChangeKind::Modified, Some((0, 0))),
        ]
    );
    let totals = changes.totals;
    assert_eq!((totals.files, totals.added, totals.removed), (7, 3, 4));
    assert!(!changes.has_more);
}

#[cfg(unix)]
#[tokio::test]
async fn odd_names_are_found_again_by_the_name_that_was_given() {
    use std::os::unix::ffi::OsStrExt;
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
        "@@ -1 +1 @@",
    ];
    let (env, from, to, changes) = commit_change(|project| {
        for name in names {
            write(project, name, &format!("I am {name}\n"));
        }
        std::fs::write(project.join(std::ffi::OsStr::from_bytes(b"not\xff\xfeutf8")), "I am odd\n")
            .unwrap();
    })
    .await;
    assert_eq!(changes.files.len(), names.len() + 1);
    for file in &changes.files {
        let said = render_patch(&read_patch(&env, (&from, &to), file).await);
        if file.path == "not\u{fffd}\u{fffd}utf8" {
            assert_eq!(said, "+I am odd\n");
        } else {
            let lines: String =
                format!("I am {}\n", file.path).lines().map(|l| format!("+{l}\n")).collect();
            assert_eq!(said, lines);
        }
    }
}

#[tokio::test]
async fn a_patch_shows_lines_with_their_numbers_and_gaps_between() {
    let (env, from, to, changes) = commit_change(|project| {
        let long = std::fs::read_to_string(project.join("long.txt")).unwrap();
        let long = long.replace("line 10\n", "ten\n").replace("line 90\n", "");
        write(project, "long.txt", long.trim_end());
    })
    .await;
    let patch = read_patch(&env, (&from, &to), &changes.files[0]).await;
    assert_eq!(
        render_patch(&patch),
        "~\n line 7\n line 8\n line 9\n-line 10\n+ten\n line 11\n line 12\n line 13\n\
         ~\n line 87\n line 88\n line 89\n-line 90\n line 91\n line 92\n line 93\n\
         ~\n line 96\n line 97\n line 98\n-line 99\n+line 99\n"
    );
    let ten = patch.lines.iter().find(|line| line.text == "ten").unwrap();
    assert_eq!((ten.old, ten.new), (None, Some(11)));
    let same = patch.lines.iter().find(|line| line.text == "line 92").unwrap();
    assert_eq!((same.old, same.new), (Some(93), Some(92)));
    assert!(!patch.has_more);
}

#[tokio::test]
async fn a_moved_file_shows_only_what_changed_in_it() {
    let (env, from, to, changes) = commit_change(|project| {
        let long = std::fs::read_to_string(project.join("long.txt")).unwrap();
        std::fs::remove_file(project.join("long.txt")).unwrap();
        write(project, "else/where.txt", &long.replace("line 0\n", "zero\n"));
    })
    .await;
    assert_eq!(changes.files[0].old_path.as_deref(), Some("long.txt"));
    let patch = read_patch(&env, (&from, &to), &changes.files[0]).await;
    assert_eq!(render_patch(&patch), "-line 0\n+zero\n line 1\n line 2\n line 3\n");
}

#[tokio::test]
async fn a_patch_of_what_is_no_text_or_did_not_change_has_no_lines() {
    let (env, from, to, changes) =
        commit_change(|project| std::fs::write(project.join("picture"), [0, 1]).unwrap()).await;
    assert_eq!(read_patch(&env, (&from, &to), &changes.files[0]).await, FilePatch::default());
    for path in ["short.txt", "nowhere", "", "/", "../..", "-x"] {
        let file = FileChange { path: path.into(), ..changes.files[0].clone() };
        assert!(
            read_patch(&env, (&from, &to), &file).await.lines.iter().all(|l| l.text.is_empty()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn much_is_cut_and_said_to_be() {
    let (env, from, to, changes) = commit_change(|project| {
        for n in 0..2_100 {
            write(project, &format!("many/{n:04}"), "x\n");
        }
        write(project, "a-wide.txt", &"é".repeat(100_000));
        write(project, "b-tall.txt", &"line\n".repeat(20_000));
        write(project, "c-huge.txt", &"0123456789abcdef\n".repeat(2_100_000));
    })
    .await;
    assert_eq!((changes.files.len(), changes.has_more), (2_000, true));
    assert_eq!(changes.totals.files, 2_103);
    assert_eq!(changes.totals.added, 2_100 + 1 + 20_000);
    let (totals, files) = summarize(&changes);
    assert_eq!((totals, files.len()), (changes.totals, 20));
    let wide = read_patch(&env, (&from, &to), &changes.files[0]).await;
    assert_eq!(wide.lines[0].text, "é".repeat(2_048));
    let tall = read_patch(&env, (&from, &to), &changes.files[1]).await;
    assert_eq!((tall.lines.len(), tall.has_more), (5_000, true));
    // Counting lines of such a size takes longer than they are worth.
    assert!(changes.files[2].is_binary);
    assert_eq!(read_patch(&env, (&from, &to), &changes.files[2]).await, FilePatch::default());
}

#[tokio::test]
async fn only_commits_that_are_there_can_be_compared() {
    let env = TestEnv::new().await;
    let start = env.cache_head().await;
    assert_eq!(env.git.changes(&env.cache, &start, &start).await.unwrap(), Changes::default());
    for bad in ["HEAD", "--output=x", ""] {
        let error = env.git.changes(&env.cache, &start, bad).await.unwrap_err();
        assert_eq!(error, GitError::RevisionMissing { rev: bad.into() });
    }
    let gone = "1".repeat(40);
    let error = env.git.changes(&env.cache, &start, &gone).await.unwrap_err();
    assert!(matches!(error, GitError::Failed { .. }), "{error}");
    let second = git(&env.project, &["rev-parse", "HEAD"]);
    assert_eq!(second, start);
}
