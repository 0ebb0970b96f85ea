//! Asking an agent how it stands, without a prompt and so without cost.

#![expect(clippy::disallowed_methods, reason = "asks agents, and starts what installs them")]

use super::environment::EnvMap;
use super::specs::AgentSpec;
use regatta_protocol::worker::{ProbeReport, ProbeTask};
use regatta_protocol::{ErrorCode, UserMessage};
use regatta_trace::LogDropped;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

/// How long an agent may take to say its version or whether somebody is signed in.
const QUERY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long it may take to begin a conversation.
const PROBE_TIMEOUT: Duration = Duration::from_secs(180);

/// The version that `program --version` prints; empty means none that could be found.
pub(super) async fn query_version(program: &Path, env: &EnvMap) -> String {
    let said = run_and_capture(program, &["--version"], env)
        .await
        .map(|(_, said)| said)
        .unwrap_or_default();
    parse_version(&said).to_owned()
}

/// The last word that looks like a version. It may be the last of a sentence.
fn parse_version(said: &str) -> &str {
    let is_version = |word: &&str| {
        word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit()) && word.len() <= 40
    };
    let words = said.split_whitespace();
    let words = words.map(|word| word.trim_start_matches('v').trim_end_matches(['.', ',']));
    words.rev().find(is_version).unwrap_or_default()
}

/// Whether somebody is signed in, by the word of the agent's own program.
pub(super) async fn query_signed_in(
    program: &Path,
    spec: &AgentSpec,
    env: &EnvMap,
) -> Option<bool> {
    if spec.sign_in_status_args.is_empty() {
        return None;
    }
    run_and_capture(program, spec.sign_in_status_args, env).await.map(|(well, _)| well)
}

/// Whether the program ended well, and what it printed; `None` if it can't be asked.
async fn run_and_capture(program: &Path, args: &[&str], env: &EnvMap) -> Option<(bool, String)> {
    let mut command = isolated_command(program, env);
    command.args(args).stdout(Stdio::piped()).stderr(Stdio::null());
    let output =
        timeout(QUERY_TIMEOUT, command.output()).await.log_dropped("waiting for an agent")?;
    let output = output.log_dropped("asking an agent")?;
    Some((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// Has a worker ask the agent what it offers.
pub(super) async fn probe(regatta_program: &Path, task: &ProbeTask) -> ProbeReport {
    match timeout(PROBE_TIMEOUT, run_probe_worker(regatta_program, task)).await {
        Ok(Ok(report)) => report,
        Ok(Err(problem)) => probe_failed("The agent could not be asked.", &problem.to_string()),
        Err(_) => probe_failed("The agent did not answer for three minutes.", ""),
    }
}

async fn run_probe_worker(ours: &Path, task: &ProbeTask) -> std::io::Result<ProbeReport> {
    std::fs::create_dir_all(&task.folder)?;
    let mut worker = Command::new(ours);
    worker.args(["worker", "--probe"]).kill_on_drop(true);
    worker.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut worker = worker.spawn()?;
    let mut line = serde_json::to_vec(task)?;
    line.push(b'\n');
    // Its input stays open until it has answered: its end would be the end of the worker.
    let mut input = worker.stdin.take().expect("BUG: it is piped");
    input.write_all(&line).await?;
    let output = worker.stdout.take().expect("BUG: it is piped");
    let mut answer = String::new();
    BufReader::new(output).read_line(&mut answer).await?;
    drop(input);
    worker.wait().await?;
    Ok(serde_json::from_str(&answer)?)
}

fn probe_failed(what: &str, details: &str) -> ProbeReport {
    let next = "Check that it starts in a terminal, then ask it again.";
    let notice = UserMessage::new(ErrorCode::AgentProtocol, what, "Nothing was changed.", next);
    ProbeReport { problem: Some(notice.with_details(details)), ..ProbeReport::default() }
}

/// A program with this environment and nothing else, which ends when nobody waits for it.
pub(super) fn isolated_command(program: &Path, env: &EnvMap) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(env).stdin(Stdio::null()).kill_on_drop(true);
    command
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn a_version_is_found_in_what_a_program_says_of_itself() {
        for (said, version) in [
            ("2.1.330 (Claude Code)", "2.1.330"),
            ("codex-cli 0.169.0\n", "0.169.0"),
            ("GitHub Copilot CLI 1.0.102.\nRun copilot update.", "1.0.102"),
            ("v0.61.0", "0.61.0"),
            ("no number here.", ""),
        ] {
            assert_eq!(parse_version(said), version, "{said}");
        }
    }
}
