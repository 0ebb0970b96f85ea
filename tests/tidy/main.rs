//! House rules that no compiler checks: who may use whom, and what may stand where.

#![expect(clippy::disallowed_methods, reason = "tests look from outside")]

mod crate_dependencies;
mod definitions;
mod names;
mod pages;
mod snapshots;
mod sources;
mod top_folder;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's top folder.
fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("tests/ is in the repository").to_owned()
}

/// A text file of the repository.
struct SourceFile {
    /// Its path from the top folder, with `/`.
    path: String,
    text: String,
}

impl SourceFile {
    fn has_extension(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.path.ends_with(ending))
    }

    fn is_under(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }
}

/// The path of every file that is, or is about to be, in the repository.
fn repository_paths() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(repository())
        .output()
        .expect("git starts");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let paths = String::from_utf8(listed.stdout).expect("plain paths");
    paths.split_terminator('\0').map(str::to_owned).collect()
}

/// Every text file of them. One that is listed but was removed meanwhile can't be read.
fn read_sources() -> Vec<SourceFile> {
    let read = repository_paths().into_iter().filter_map(|path| {
        let text = fs::read_to_string(repository().join(&path)).ok()?;
        Some(SourceFile { path, text })
    });
    read.collect()
}

/// Fails with every place at which a rule is broken.
fn assert_none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}
