//! Who may use whom. Arrows point down only; a wall that isn't checked rots.

use crate::repository;
use std::collections::BTreeSet;
use std::process::Command;

/// Each room and the rooms that it may use.
const ALLOWED_CRATES: [(&str, &[&str]); 13] = [
    ("regatta-protocol", &[]),
    ("regatta-trace", &[]),
    ("regatta-process", &["regatta-trace"]),
    ("regatta-client", &["regatta-protocol", "regatta-trace"]),
    ("regatta-git", &["regatta-process", "regatta-protocol", "regatta-trace"]),
    // The practice agent: for its tests.
    (
        "regatta-worker",
        &[
            "regatta-process",
            "regatta-protocol",
            "regatta-trace",
            "regatta-git",
            "regatta-practice",
        ],
    ),
    (
        "regatta-engine",
        &["regatta-process", "regatta-protocol", "regatta-trace", "regatta-client", "regatta-git"],
    ),
    // The client and the practice agent: for its tests.
    ("regatta-server", &["regatta-protocol", "regatta-trace", "regatta-engine", "regatta-client"]),
    ("regatta-practice", &[]),
    (
        "regatta-cli",
        &[
            "regatta-process",
            "regatta-protocol",
            "regatta-trace",
            "regatta-engine",
            "regatta-server",
            "regatta-worker",
            "regatta-practice",
        ],
    ),
    // The client: lists of repositories, and tests of keys.
    ("regatta-desktop", &["regatta-protocol", "regatta-trace", "regatta-engine", "regatta-client"]),
    ("regatta-tests", &["regatta-protocol", "regatta-git", "regatta-engine", "regatta-client"]),
    ("xtask", &[]),
];

/// Each door and the rooms that have it.
const CRATE_OWNERS: [(&str, &[&str]); 11] = [
    ("tracing-subscriber", &["regatta-trace"]),
    ("rusqlite", &["regatta-engine", "regatta-tests"]),
    ("agent-client-protocol", &["regatta-worker", "regatta-practice"]),
    ("clap", &["regatta-cli"]),
    ("reqwest", &["regatta-client"]),
    ("eventsource-stream", &["regatta-client"]),
    ("axum", &["regatta-server", "regatta-tests"]),
    ("keyring", &["regatta-desktop"]),
    ("tauri", &["regatta-desktop"]),
    ("ts-rs", &["regatta-protocol", "regatta-tests"]),
    // The worker: for its tests.
    ("nix", &["regatta-process", "regatta-worker", "regatta-tests"]),
];

#[test]
fn a_room_uses_only_the_rooms_below_it() {
    for (room, allowed) in ALLOWED_CRATES {
        let used = direct_dependencies(room);
        let rooms = used.iter().filter(|name| ALLOWED_CRATES.iter().any(|(room, _)| room == name));
        let foreign: Vec<_> = rooms.filter(|name| !allowed.contains(&name.as_str())).collect();
        assert!(foreign.is_empty(), "{room} uses {foreign:?}");
    }
}

#[test]
fn a_door_belongs_to_its_room() {
    for (room, _) in ALLOWED_CRATES {
        let used = direct_dependencies(room);
        for (door, owners) in CRATE_OWNERS {
            assert!(!used.contains(door) || owners.contains(&room), "{room} uses {door}");
        }
    }
}

#[test]
fn the_shared_words_need_serde_and_nothing_that_runs() {
    let used: Vec<String> = direct_dependencies("regatta-protocol").into_iter().collect();
    assert_eq!(used, ["insta", "serde", "serde_json"], "insta and serde_json are for its tests");
}

#[test]
fn the_builder_builds_without_anything() {
    assert_eq!(direct_dependencies("xtask"), BTreeSet::new());
}

#[test]
fn nothing_but_the_shell_has_heard_of_tauri() {
    for (room, _) in ALLOWED_CRATES.iter().filter(|(room, _)| *room != "regatta-desktop") {
        let reached = all_dependencies(room, &[]);
        let heard: Vec<_> = reached.iter().filter(|name| name.starts_with("tauri")).collect();
        assert!(heard.is_empty(), "{room} reaches {heard:?}");
    }
}

#[test]
fn the_worker_and_the_engine_share_words_and_git_only() {
    assert!(!all_dependencies("regatta-engine", &[]).contains("regatta-worker"));
    assert!(!all_dependencies("regatta-worker", &[]).contains("regatta-engine"));
}

/// What a crate names itself, for its code, its build and its tests.
fn direct_dependencies(room: &str) -> BTreeSet<String> {
    all_dependencies(room, &["--depth", "1"])
}

/// The names of all crates that `cargo tree` lists below one.
fn all_dependencies(room: &str, more: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let listed = Command::new(cargo)
        .args(["tree", "--package", room, "--prefix", "none", "--format", "{p}"])
        .args(more)
        .current_dir(repository())
        .output()
        .expect("cargo starts");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).expect("plain names");
    let names = listed.lines().filter_map(|line| line.split(' ').next());
    names
        .filter(|name| !name.is_empty() && !name.starts_with('[') && *name != room)
        .map(str::to_owned)
        .collect()
}
