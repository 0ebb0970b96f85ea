//! The words that rooms exchange stay the same on both sides: every message has a fixture,
//! the window's types are generated from ours, and it calls the commands that there are.

mod bindings;
mod commands;
mod fixtures;

use std::path::{Path, PathBuf};

/// The repository's top folder.
fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("tests/ is in the repository").to_owned()
}
