//! The top folder, the README's map, and the lists of dependencies.

use crate::{assert_none, repository, repository_paths};
use std::collections::BTreeSet;
use std::fs;

/// What stands at the top, besides hidden files.
const TOP_ENTRIES: [&str; 8] =
    ["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "icons", "src-tauri", "tests", "ui"];

#[test]
fn the_top_folder_holds_these_and_nothing_else() {
    let all = repository_paths();
    let tops = all.iter().filter_map(|path| path.split('/').next());
    let tops: BTreeSet<&str> = tops.filter(|name| !name.starts_with('.')).collect();
    assert_eq!(tops, BTreeSet::from(TOP_ENTRIES));
}

#[test]
fn the_readmes_map_names_every_room() {
    let readme = fs::read_to_string(repository().join("README.md")).expect("the README");
    let crates = fs::read_dir(repository().join("src-tauri/crates")).expect("the crates");
    let mut rooms: Vec<String> = crates
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("Cargo.toml").is_file())
        .filter_map(|path| Some(format!("src-tauri/crates/{}", path.file_name()?.to_str()?)))
        .collect();
    rooms.extend(["src-tauri/src", "ui", "tests", "icons"].map(str::to_owned));
    let missing: Vec<String> =
        rooms.into_iter().filter(|room| !readme.contains(&format!("`{room}`"))).collect();
    assert_none("rooms that the README's map doesn't name", &missing);
}

#[test]
fn each_dependency_says_what_it_saves() {
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).expect("the manifest");
    let after = manifest.split("[workspace.dependencies]").nth(1).expect("dependencies");
    let lines = after.lines().take_while(|line| !line.starts_with('['));
    let foreign = lines.filter(|line| line.contains(" = ") && !line.contains("path = "));
    let silent: Vec<String> =
        foreign.filter(|line| !line.contains(" # ")).map(str::to_owned).collect();
    assert_none("dependencies without their reason", &silent);
}

#[test]
fn lock_files_name_no_other_place() {
    let cargo = fs::read_to_string(repository().join("Cargo.lock")).expect("Cargo.lock");
    let usual = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let foreign = cargo.lines().filter(|line| line.starts_with("source = ") && *line != usual);
    assert_none("sources in Cargo.lock", &foreign.map(str::to_owned).collect::<Vec<_>>());

    let npm = fs::read_to_string(repository().join("ui/package-lock.json")).expect("the lock");
    let resolved = npm.lines().filter(|line| line.contains("\"resolved\":"));
    assert_none("addresses in package-lock.json", &resolved.map(str::to_owned).collect::<Vec<_>>());
}
