//! House rules that no compiler checks: who may use whom, and what may stand where.

mod sources;
mod top;
mod walls;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's top folder.
fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("tests/ is in the repository").to_owned()
}

/// A text file of the repository.
struct Source {
    /// Its path from the top folder, with `/`.
    path: String,
    text: String,
}

impl Source {
    fn is(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.path.ends_with(ending))
    }

    fn under(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }
}

/// The path of every file that is, or is about to be, in the repository.
fn paths() -> Vec<String> {
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
fn sources() -> Vec<Source> {
    let read = paths().into_iter().filter_map(|path| {
        let text = fs::read_to_string(repository().join(&path)).ok()?;
        Some(Source { path, text })
    });
    read.collect()
}

/// Fails with every place at which a rule is broken.
fn assert_none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}
