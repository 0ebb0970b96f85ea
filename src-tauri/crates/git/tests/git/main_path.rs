//! From a project to a branch with the result.

use crate::test_env::{TestEnv, git, write};
use regatta_git::{PatchRequest, summarize};
use regatta_protocol::view::{ChangeKind, PatchLineKind};

#[tokio::test]
async fn a_result_goes_from_the_project_through_a_copy_to_a_branch() {
    let env = TestEnv::new().await;
    let facts = env.git.inspect(&env.project).await.unwrap();
    assert_eq!(facts.top, env.project);
    assert_eq!((facts.current.as_str(), facts.is_dirty), ("main", false));
    assert_eq!(facts.branches, ["main"]);

    let start = env.cache_head().await;
    assert_eq!(facts.head.as_deref(), Some(start.as_str()));
    let copy = env.make_copy(&start, "copy").await;
    assert_eq!(git(&copy, &["status", "--porcelain"]), "");
    assert_eq!(git(&copy, &["symbolic-ref", "HEAD"]), "refs/heads/work");

    write(&copy, "src/main.txt", "one\n2\nthree\n");
    write(&copy, "src/new.txt", "new\n");
    let saved = env.save_copy(&copy, &start).await;
    assert!(saved.has_changes);
    assert_eq!(saved.skipped, []);

    let changes = env.git.changes(&env.cache, &start, &saved.commit).await.unwrap();
    let kinds: Vec<_> = changes.files.iter().map(|f| (f.path.as_str(), f.kind)).collect();
    assert_eq!(kinds, [("src/main.txt", ChangeKind::Modified), ("src/new.txt", ChangeKind::Added)]);
    let (totals, files) = summarize(&changes);
    assert_eq!((totals.files, totals.added, totals.removed, files.len()), (2, 2, 1, 2));

    let patch = env
        .git
        .patch(PatchRequest {
            cache: &env.cache,
            from: &start,
            to: &saved.commit,
            path: "src/main.txt",
            old_path: None,
        })
        .await
        .unwrap();
    let lines: Vec<_> = patch.lines.iter().map(|l| (l.kind, l.text.as_str())).collect();
    assert_eq!(
        lines,
        [
            (PatchLineKind::Same, "one"),
            (PatchLineKind::Removed, "two"),
            (PatchLineKind::Added, "2"),
            (PatchLineKind::Same, "three"),
        ]
    );

    let branch = env
        .git
        .publish(&env.cache, &saved.commit, &env.project, "regatta/batch/task")
        .await
        .unwrap();
    assert_eq!(branch, "regatta/batch/task");
    assert_eq!(git(&env.project, &["rev-parse", &branch]), saved.commit);
    assert_eq!(git(&env.project, &["rev-parse", &format!("{branch}^")]), start);
    assert_eq!(git(&env.project, &["status", "--porcelain"]), "");
}
