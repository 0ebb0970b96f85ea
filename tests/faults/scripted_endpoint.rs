//! An endpoint with a log that is written beforehand: one of ours, which numbers its events
//! and goes on after any of them, or a foreign one, which does neither.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndpointKind {
    Ours,
    Foreign,
}

/// A running endpoint; ended when dropped.
pub(crate) struct ScriptedEndpoint {
    pub(crate) address: SocketAddr,
    posts: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl ScriptedEndpoint {
    pub(crate) async fn start(kind: EndpointKind, lines: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let posts = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&posts);
        let log = Arc::new(event_log(kind, lines));
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (counted, log) = (Arc::clone(&counted), Arc::clone(&log));
                // A client that hangs up is what this is about.
                tokio::spawn(async move {
                    serve_connection(socket, kind, &log, &counted).await.unwrap_or_default();
                });
            }
        });
        Self { address, posts, task }
    }

    /// How many times work was asked for.
    pub(crate) fn invoke_count(&self) -> usize {
        self.posts.load(Ordering::SeqCst)
    }
}

impl Drop for ScriptedEndpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The text that the log holds, task by task.
pub(crate) fn log_line(line: usize) -> (String, String) {
    (format!("task {}", line % 3), format!("line {line} · é\n"))
}

/// The events as they go over the wire, from the one numbered 1.
fn event_log(kind: EndpointKind, lines: usize) -> Vec<String> {
    let mut events = vec![
        "event: updates\ndata: {\"run_id\":\"b1\",\"messages\":[],\"stream_events\":[]}\n"
            .to_owned(),
    ];
    for line in 0..lines {
        let (task, text) = log_line(line);
        let data = serde_json::json!({ "task_name": task, "stdout": text });
        events.push(format!("event: custom\ndata: {data}\n"));
    }
    if kind == EndpointKind::Ours {
        let last = events.len() + 1;
        let data = format!("{{\"status\":\"finished\",\"last_seq\":{last},\"tasks\":[]}}");
        events.push(format!("event: end\ndata: {data}\n"));
    }
    let numbered = events.into_iter().zip(1..).map(|(event, number): (String, usize)| match kind {
        EndpointKind::Ours => format!("id: {number}\n{event}\n"),
        EndpointKind::Foreign => format!("{event}\n"),
    });
    numbered.collect()
}

async fn serve_connection(
    mut socket: TcpStream,
    kind: EndpointKind,
    log: &[String],
    posts: &AtomicUsize,
) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let head = read_request_head(&mut socket).await?;
    let from = if head.starts_with("post /invoke/stdout ") {
        posts.fetch_add(1, Ordering::SeqCst);
        0
    } else if kind == EndpointKind::Ours && head.starts_with("get /v1/runs/b1/events ") {
        let last = head.lines().find_map(|line| line.strip_prefix("last-event-id: "));
        last.and_then(|last| last.parse().ok()).unwrap_or(0)
    } else {
        let nothing = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
        return socket.write_all(nothing.as_bytes()).await;
    };
    let run = if kind == EndpointKind::Ours { "x-regatta-run: b1\r\n" } else { "" };
    let mut bytes = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{run}\
         transfer-encoding: chunked\r\n\r\n"
    );
    let beat = (kind == EndpointKind::Ours).then(|| ": still here\n\n".to_owned());
    for piece in beat.iter().chain(&log[from.min(log.len())..]) {
        write!(bytes, "{:x}\r\n{piece}\r\n", piece.len()).unwrap();
    }
    bytes.push_str("0\r\n\r\n");
    socket.write_all(bytes.as_bytes()).await?;
    // Until the client has it all and hangs up.
    socket.shutdown().await?;
    socket.read_to_end(&mut Vec::new()).await.map(|_| ())
}

/// The request's head, lower case; its body is read, too.
async fn read_request_head(socket: &mut TcpStream) -> io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return Ok(head);
            }
        }
        if socket.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
