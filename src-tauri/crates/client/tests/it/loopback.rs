//! A server of a few lines that answers each connection once, with whatever bytes it is told
//! to, and records the requests.

use regatta_client::Address;
use regatta_protocol::Secret;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct RecordedRequest {
    /// `POST /invoke/stdout`.
    pub(crate) line: String,
    /// All headers, lower case.
    pub(crate) headers: String,
    body: String,
}

impl RecordedRequest {
    /// The body; `None` if it was empty.
    pub(crate) fn body(&self) -> Option<&str> {
        Some(self.body.as_str()).filter(|body| !body.is_empty())
    }
}

pub(crate) struct LoopbackServer {
    pub(crate) address: Address,
    requests: Arc<Mutex<Vec<RecordedRequest>>>,
    task: JoinHandle<()>,
}

impl LoopbackServer {
    /// Answers each request with these bytes, then closes the connection.
    pub(crate) async fn responding(
        answer: impl Fn(&RecordedRequest) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let address = Address::parse(&base).expect("an address").with_key(Secret::new("the-key"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&requests);
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve_connection(socket, Arc::clone(&answer), Arc::clone(&recorded)));
            }
        });
        Self { address, requests, task }
    }

    /// The requests, in order.
    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.requests.lock().expect("unpoisoned").clone()
    }
}

impl Drop for LoopbackServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve_connection(
    mut socket: TcpStream,
    answer: Arc<impl Fn(&RecordedRequest) -> Vec<u8>>,
    recorded: Arc<Mutex<Vec<RecordedRequest>>>,
) {
    let Some(request) = read_request(&mut socket).await else { return };
    recorded.lock().expect("unpoisoned").push(request.clone());
    let bytes = answer(&request);
    // A client that has seen enough hangs up.
    socket.write_all(&bytes).await.unwrap_or_default();
    socket.shutdown().await.unwrap_or_default();
}

async fn read_request(socket: &mut TcpStream) -> Option<RecordedRequest> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let (line, headers) = head.split_once("\r\n")?;
            let headers = headers.to_lowercase();
            let length = headers.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length = length.map_or(0, |length| length.parse().expect("a length"));
            while bytes.len() < end + 4 + length {
                socket.read_buf(&mut bytes).await.ok().filter(|read| *read > 0)?;
            }
            let body = String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
            let line = line.trim_end_matches(" HTTP/1.1").to_owned();
            return Some(RecordedRequest { line, headers, body });
        }
        socket.read_buf(&mut bytes).await.ok().filter(|read| *read > 0)?;
    }
}

/// An answer with its status line, headers and body.
pub(crate) fn http_response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes()
}
