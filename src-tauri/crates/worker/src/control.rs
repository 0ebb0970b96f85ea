//! What the engine writes to the worker's standard input: the task, then controls.

use regatta_protocol::worker::WorkerControl;
use regatta_trace::LogDropped;
use serde::de::DeserializeOwned;
use std::io::BufRead;
use tokio::sync::mpsc;

/// The controls that may wait to be taken up.
const MAX_QUEUED: usize = 64;

/// The worker's standard input, line by line.
pub(crate) struct ControlReader {
    lines: mpsc::Receiver<String>,
}

impl ControlReader {
    /// Reads `input` on a thread of its own, which ends with it.
    pub(crate) fn listen(input: impl BufRead + Send + 'static) -> Self {
        let (send, lines) = mpsc::channel(MAX_QUEUED);
        std::thread::spawn(move || {
            for line in input.lines().map_while(Result::ok) {
                if send.blocking_send(line).is_err() {
                    break;
                }
            }
        });
        Self { lines }
    }

    /// The task: the first line. An error: what is wrong with it; `None` if there is no line.
    pub(crate) async fn read_task<T: DeserializeOwned>(&mut self) -> Option<Result<T, String>> {
        let line = self.lines.recv().await?;
        Some(serde_json::from_str(&line).map_err(|problem| problem.to_string()))
    }

    /// The next control; `None` if the input has ended. A line that isn't understood is left
    /// out: a newer engine may know more controls.
    pub(crate) async fn next_control(&mut self) -> Option<WorkerControl> {
        loop {
            let line = self.lines.recv().await?;
            if let Some(control) = serde_json::from_str(&line).log_failed("reading a control") {
                return Some(control);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regatta_protocol::worker::WorkerTask;

    #[tokio::test]
    async fn controls_come_in_order_and_what_is_unknown_is_left_out() {
        let input = "{\"control\":\"pause\"}\n{\"control\":\"sing\"}\n\n{\"control\":\"stop\"}\n";
        let mut controls = ControlReader::listen(input.as_bytes());
        assert_eq!(controls.next_control().await, Some(WorkerControl::Pause));
        assert_eq!(controls.next_control().await, Some(WorkerControl::Stop));
        assert_eq!(controls.next_control().await, None);
    }

    #[tokio::test]
    async fn a_task_that_is_no_task_is_told() {
        let task = ControlReader::listen(&b"{\"prompt\":1}\n"[..]).read_task::<WorkerTask>().await;
        assert!(task.expect("a line").is_err());
        assert!(ControlReader::listen(&b""[..]).read_task::<WorkerTask>().await.is_none());
    }
}
