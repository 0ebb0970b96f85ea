//! The practice agent's own way to run a command, as real agents have theirs.

#![expect(
    clippy::disallowed_methods,
    reason = "a foreign program to the rest of us: it runs what its prompt says"
)]

use crate::session_output::SessionOutput;
use agent_client_protocol::Error;
use agent_client_protocol::v1::schema::{ToolCall, ToolCallId, ToolCallUpdateFields, ToolKind};
use serde_json::json;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

/// How long output is still awaited after the command ended: something it started may
/// hold its output open for ever.
const AFTER_THE_END: Duration = Duration::from_millis(300);

/// Runs `command` in the project as one step and shows what it prints as it comes.
pub(crate) async fn run_command(
    stage: &SessionOutput,
    project: &Path,
    command: &str,
) -> Result<(), Error> {
    let call = stage.next_call_id();
    let shown = ToolCall::new(call.clone(), format!("`{command}`"))
        .kind(ToolKind::Execute)
        .raw_input(json!({ "command": command }));
    stage.begin_call(shown).await?;
    let mut child = shell_command(command)
        .current_dir(project)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(Error::into_internal_error)?;
    let out = child.stdout.take().expect("BUG: standard output is piped");
    let err = child.stderr.take().expect("BUG: standard error is piped");
    let showing = async {
        tokio::try_join!(forward_output(stage, &call, out), forward_output(stage, &call, err))
    };
    tokio::pin!(showing);
    let ended = tokio::select! {
        shown = &mut showing => {
            shown?;
            child.wait().await
        }
        ended = child.wait() => {
            if let Ok(shown) = tokio::time::timeout(AFTER_THE_END, showing).await {
                shown?;
            }
            ended
        }
    };
    let ended = ended.map_err(Error::into_internal_error)?;
    let fields = ToolCallUpdateFields::new().raw_output(json!({ "exit_code": ended.code() }));
    stage.end_call(&call, ended.success(), fields).await
}

#[cfg(unix)]
fn shell_command(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

#[cfg(not(unix))]
fn shell_command(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").arg(command);
    shell
}

/// Shows what comes out of `pipe` until it ends. A piece never ends inside a character.
async fn forward_output(
    stage: &SessionOutput,
    call: &ToolCallId,
    mut pipe: impl AsyncRead + Unpin,
) -> Result<(), Error> {
    let mut bytes = Vec::new();
    loop {
        let read = pipe.read_buf(&mut bytes).await.map_err(Error::into_internal_error)?;
        let whole = if read == 0 { bytes.len() } else { whole_characters(&bytes) };
        let piece: Vec<u8> = bytes.drain(..whole).collect();
        if !piece.is_empty() {
            stage.send_output(call, &String::from_utf8_lossy(&piece)).await?;
        }
        if read == 0 {
            return Ok(());
        }
    }
}

/// How many of `bytes` may be shown without cutting a character that goes on.
fn whole_characters(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    let starts = (tail..bytes.len()).rev().find(|n| bytes[*n] & 0xC0 != 0x80);
    let Some(start) = starts else { return bytes.len() };
    match std::str::from_utf8(&bytes[start..]) {
        Err(problem) if problem.error_len().is_none() => start,
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_ends_between_characters() {
        let table: [(&[u8], usize); 7] = [
            (b"", 0),
            (b"abc", 3),
            ("né".as_bytes(), 3),
            (b"n\xC3", 1),
            (b"\xF0\x9F\x9A", 0),
            (b"a\xFF", 2),
            (b"\x80\x80\x80\x80", 4),
        ];
        for (bytes, whole) in table {
            assert_eq!(whole_characters(bytes), whole, "{bytes:?}");
        }
    }
}
