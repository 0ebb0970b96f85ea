//! The last step into a sandbox.

use crate::sandbox;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// What our program is told to take this step.
pub(super) const SUBCOMMAND: &str = "enter";

/// Gives up what a sandbox shuts off besides files, and becomes the program that `command` names,
/// with the arguments that follow. It comes back only when that program can't be started.
pub(crate) fn sandbox_exec(command: &[OsString]) -> ExitCode {
    let [program, args @ ..] = command else { return ExitCode::from(2) };
    // What can't be shut off here was said when the task began.
    sandbox::restrict_self();
    let problem = regatta_process::exec(program, args);
    eprintln!("{} can't be started: {problem}", Path::new(program).display());
    ExitCode::from(127)
}
