//! Installing an agent in a folder of ours, with npm.

use super::environment::EnvMap;
use super::find;
use super::probe::isolated_command;
use regatta_protocol::{ErrorCode, UserMessage};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

/// How long an installation may take.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(20 * 60);
/// How many of npm's last lines tell why it failed.
const MAX_KEPT_LINES: usize = 20;

/// Where programs are looked for, and what they find in their environment.
pub(super) struct ProgramSearch<'a> {
    pub(super) folders: &'a [PathBuf],
    pub(super) env: &'a EnvMap,
}

/// Installs npm packages in `folder`, telling each line of progress.
pub(super) async fn install(
    packages: &[&str],
    folder: &Path,
    programs: ProgramSearch<'_>,
    mut on_progress: impl FnMut(String),
) -> Result<(), UserMessage> {
    let Some(npm) = find::find_program("npm", programs.folders) else {
        let next = "Install Node.js from nodejs.org (it brings npm), then try again.";
        return Err(install_failed(
            "npm, which installs this agent, isn't on this computer.",
            next,
        ));
    };
    let problem = |error: io::Error| {
        install_failed("The installation could not begin.", "Try again.")
            .with_details(error.to_string())
    };
    std::fs::create_dir_all(folder).map_err(problem)?;
    let mut command = isolated_command(&npm, programs.env);
    command.arg("install").arg("--prefix").arg(folder);
    command.args(["--no-audit", "--no-fund", "--loglevel=http", "--"]);
    // On an older Node, npm picks old versions unless it is told otherwise.
    command.args(packages.iter().map(|name| format!("{name}@latest")));
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(problem)?;
    let mut last = Vec::new();
    let work = follow(&mut child, &mut last, &mut on_progress);
    match timeout(INSTALL_TIMEOUT, work).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(_) => {
            Err(install_failed("The installation failed.", "Look at the details, then try again.")
                .with_details(last.join("\n")))
        }
        Err(_) => {
            Err(install_failed("The installation took too long and was ended.", "Try again."))
        }
    }
}

/// Follows an installation to its end and keeps the last of what it says.
async fn follow(
    child: &mut Child,
    last: &mut Vec<String>,
    on_progress: &mut impl FnMut(String),
) -> io::Result<ExitStatus> {
    let mut lines = BufReader::new(child.stderr.take().expect("BUG: it is piped")).lines();
    let mut fetched = 0;
    while let Ok(Some(line)) = lines.next_line().await {
        fetched += usize::from(line.contains("http fetch"));
        on_progress(format!("Installing: {fetched} parts fetched"));
        last.push(line);
        last.drain(..last.len().saturating_sub(MAX_KEPT_LINES));
    }
    child.wait().await
}

fn install_failed(what: &str, next: &str) -> UserMessage {
    let safe = "Nothing else on this computer was changed.";
    UserMessage::new(ErrorCode::InstallFailed, what, safe, next)
}
