//! Snapshots that no test compares any more.

use crate::{SourceFile, assert_none, read_sources};

/// Whether the test of a snapshot is still in its source: the snapshot is named after the test's
/// function, or by the test, which may put something behind a name's last `_`.
fn is_compared(snapshot: &SourceFile, sources: &[SourceFile]) -> bool {
    let source = snapshot.text.lines().find_map(|line| line.strip_prefix("source: "));
    let source = sources.iter().find(|file| Some(file.path.as_str()) == source);
    let name = snapshot.path.trim_end_matches(".snap").rsplit("__").next().unwrap_or_default();
    let stem = name.rfind('_').map_or(name, |end| &name[..=end]);
    source.is_some_and(|source| {
        let is_named = |form: String| source.text.contains(&form);
        is_named(format!("fn {name}()"))
            || is_named(format!("\"{name}\""))
            || is_named(format!("\"{stem}{{"))
    })
}

#[test]
fn each_snapshot_has_its_test() {
    let sources = read_sources();
    let snapshots = sources.iter().filter(|file| file.has_extension(&[".snap"]));
    let stale = snapshots.filter(|file| !is_compared(file, &sources));
    let stale: Vec<String> = stale.map(|file| file.path.clone()).collect();
    assert_none("snapshots without a test", &stale);
}

#[test]
fn a_snapshot_whose_test_is_gone_is_found() {
    let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
    let sources = [
        file("a/tests/x.rs", "fn one() { } insta::assert_snapshot!(\"two\", y)"),
        file("a/tests/y.rs", "insta::assert_snapshot!(format!(\"help_{verb}\"), z)"),
    ];
    let snapshot = |name: &str, source: &str| {
        file(&format!("a/snapshots/{name}"), &format!("source: {source}"))
    };
    for (name, source) in [
        ("x__one.snap", "a/tests/x.rs"),
        ("x__two.snap", "a/tests/x.rs"),
        ("y__help_run.snap", "a/tests/y.rs"),
    ] {
        assert!(is_compared(&snapshot(name, source), &sources), "{name}");
    }
    for (name, source) in [
        ("x__three.snap", "a/tests/x.rs"),
        ("x__on.snap", "a/tests/x.rs"),
        ("y__one.snap", "a/tests/y.rs"),
        ("y__help.snap", "a/tests/y.rs"),
        ("z__one.snap", "a/tests/z.rs"),
        ("x__one.snap", ""),
    ] {
        assert!(!is_compared(&snapshot(name, source), &sources), "{name} of {source:?}");
    }
}
