//! Where things are.

#![expect(clippy::disallowed_methods, reason = "starts cargo, npm and what they built")]

use std::env;
use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The repository's top folder.
pub(crate) fn repository() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(3).expect("BUG: this crate is three folders deep")
}

/// The folder that cargo builds into, and marks as such: this program stands in it.
pub(crate) fn target_dir() -> PathBuf {
    let own = env::current_exe().expect("BUG: this program was started from a file");
    let marked = own.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    marked.expect("BUG: cargo marks the folder it builds into").to_owned()
}

/// A built program.
pub(crate) fn built_program(profile: &str, name: &str) -> PathBuf {
    target_dir().join(profile).join(format!("{name}{EXE_SUFFIX}"))
}

/// Our own notes: logs of steps, and what is done already.
pub(crate) fn state_dir() -> PathBuf {
    target_dir().join("xtask")
}

/// A program to start in the repository's top folder. Nothing else here starts one.
pub(crate) fn command_in_repository(name: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(repository());
    // What cargo told this program about itself must not look like news to another cargo.
    for (variable, _) in env::vars_os() {
        let told = variable.to_string_lossy();
        if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
            command.env_remove(variable);
        }
    }
    command
}

/// Cargo, the same one that started this program.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = command_in_repository(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).env("CARGO_TERM_COLOR", "never");
    command
}

/// Whether cargo has a command of that name, such as one that was installed.
pub(crate) fn cargo_has(name: &str) -> bool {
    is_successful(cargo(&[name, "--version"]))
}

/// Whether the program starts and ends well. Nothing that it prints is shown.
pub(crate) fn is_successful(mut command: Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Where a program of that name is on the PATH.
pub(crate) fn find_on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd"] } else { &[""] };
    let mut places = env::split_paths(&path)
        .flat_map(|folder| endings.iter().map(move |end| folder.join(format!("{name}{end}"))));
    places.find(|place| place.is_file())
}
