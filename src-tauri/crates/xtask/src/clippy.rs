//! Clippy as the compiler of the build, so that nothing is compiled a second time for its sake.
//!
//! `cargo clippy` is `cargo check` with `clippy-driver` in place of rustc for the workspace's own
//! crates (`RUSTC_WORKSPACE_WRAPPER`), and so checks all others once more. The driver is a whole
//! compiler: given to `cargo build`, it lints and builds in one go. Cargo gives what it built
//! names of their own, so whatever is to find it needs the same environment.

use std::env;
use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};

/// Between two arguments for the driver, and behind the last one: cargo-clippy's own way.
const SEPARATOR: &str = "__CLIPPY_HACKERY__";

/// What has cargo compile our crates with clippy, which takes each warning for an error; `None`
/// where the driver isn't beside cargo.
pub(crate) fn environment() -> Option<[(&'static str, PathBuf); 2]> {
    let cargo = PathBuf::from(env::var_os("CARGO")?);
    let driver = driver_beside(&cargo)?;
    let arguments = ["-D", "warnings", ""].join(SEPARATOR);
    Some([("RUSTC_WORKSPACE_WRAPPER", driver), ("CLIPPY_ARGS", arguments.into())])
}

fn driver_beside(cargo: &Path) -> Option<PathBuf> {
    let driver = cargo.with_file_name(format!("clippy-driver{EXE_SUFFIX}"));
    driver.is_file().then_some(driver)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths;
    use std::fs;

    /// Compiles `code` as cargo would have the driver do it; `None` where there is no driver.
    fn compiles(name: &str, code: &str) -> Option<bool> {
        let environment = environment()?;
        let folder = env::temp_dir().join(format!("regatta-clippy-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("lib.rs"), code).expect("a source");
        let mut driver = paths::command_in_repository(&environment[0].1);
        driver.current_dir(&folder).envs(environment.clone());
        driver.args(["rustc", "--crate-type", "lib", "--emit", "metadata", "lib.rs"]);
        let ended = driver.output().expect("the driver starts");
        fs::remove_dir_all(&folder).expect("the folder goes");
        Some(ended.status.success())
    }

    #[test]
    fn a_lint_of_clippy_and_one_of_rustc_fail_the_build_and_clean_code_does_not() {
        let clean = "pub fn has_none(text: &str) -> bool { text.is_empty() }";
        let clippys = "pub fn has_none(text: &str) -> bool { text.len() == 0 }";
        let rustcs = "pub fn has_none(text: &str) -> bool { let unused = 1; text.is_empty() }";
        let [clean, clippys, rustcs] = [("clean", clean), ("clippys", clippys), ("rustcs", rustcs)]
            .map(|(n, c)| compiles(n, c));
        assert!(matches!(clean, None | Some(true)));
        assert!(matches!(clippys, None | Some(false)));
        assert!(matches!(rustcs, None | Some(false)));
    }

    #[test]
    fn without_a_driver_there_is_no_such_environment() {
        assert_eq!(driver_beside(&env::temp_dir().join("no-such-folder/cargo")), None);
    }
}
