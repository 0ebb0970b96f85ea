//! The agent's program: how it is started, in its sandbox or without one, and with nothing of our
//! environment.

#![expect(clippy::disallowed_methods, reason = "starts agents")]

mod sandbox_exec;

use crate::sandbox::{self, RequiredPaths};
use regatta_process::{Process, StdioPipes};
use regatta_protocol::agent::EnvVar;
use regatta_protocol::worker::Sandbox;
pub(crate) use sandbox_exec::sandbox_exec;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;

/// What an agent gets of our environment when nobody says what it gets.
const DEFAULT_ENV_NAMES: [&str; 3] = ["PATH", "HOME", "LANG"];

/// A program to start in the copy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProgramSpec<'a> {
    pub(crate) program: &'a Path,
    pub(crate) args: &'a [String],
    pub(crate) working_dir: &'a Path,
    /// Its whole environment, but for the folder for temporary files.
    pub(crate) env: &'a [EnvVar],
    /// The folder for temporary files. It is made.
    pub(crate) temp_dir: &'a Path,
    /// The sandbox, and what it must be able to read there besides.
    pub(crate) sandbox: Option<(&'a Sandbox, &'a Path)>,
}

impl ProgramSpec<'_> {
    /// Starts it; with an input that can be written, or one from nowhere.
    pub(crate) fn start(self, input: bool) -> io::Result<(Process, StdioPipes)> {
        let mut command = self.to_command()?;
        command.stdin(if input { Stdio::piped() } else { Stdio::null() });
        Process::start(command, self.sandbox.is_some())
    }

    /// How it is started: in its sandbox, with nothing of our environment.
    fn to_command(self) -> io::Result<Command> {
        fs::create_dir_all(self.temp_dir)?;
        let mut command = match self.sandbox {
            None => Command::new(self.program),
            Some((sandbox, cache)) => {
                // The sandbox would tell that in words of its own.
                fs::metadata(self.program)?;
                let ours = std::env::current_exe()?;
                let found = [self.program, cache, &ours];
                let needs =
                    RequiredPaths { copy: self.working_dir, temp: self.temp_dir, readable: &found };
                let mut command = Command::new(&sandbox.program);
                command.args(sandbox::bwrap_args(sandbox, &needs)?);
                command.args([ours.as_os_str(), sandbox_exec::SUBCOMMAND.as_ref(), "--".as_ref()]);
                command.arg(self.program);
                command
            }
        };
        command.args(self.args).current_dir(self.working_dir).env_clear();
        if self.env.is_empty() {
            let known =
                DEFAULT_ENV_NAMES.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
            command.envs(known);
        }
        command.envs(self.env.iter().map(|var| (&var.name, &var.value)));
        let temp =
            if self.sandbox.is_some() { Path::new(sandbox::TEMP_DIR) } else { self.temp_dir };
        command.env("TMPDIR", temp);
        Ok(command)
    }
}
