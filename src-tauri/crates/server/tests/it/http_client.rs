//! A caller who writes every byte of a request, and reads every byte of the answer.

use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long anything may take before a test has failed.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// Calls one server with one key.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// An answer that comes piece by piece.
#[derive(Debug)]
pub(crate) struct StreamingResponse {
    pub(crate) head: HttpResponse,
    stream: TcpStream,
    raw: Vec<u8>,
    text: Vec<u8>,
    is_complete: bool,
}

/// One server-sent event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SseEvent {
    pub(crate) id: u64,
    pub(crate) kind: String,
    pub(crate) data: Value,
}

impl HttpClient {
    /// The usual headers.
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        vec![("host", self.address.to_string()), ("x-api-key", self.key.clone())]
    }

    /// A request without a body.
    pub(crate) async fn request(&self, method: &str, path: &str) -> HttpResponse {
        self.send(method, path, &self.headers(), b"").await
    }

    /// A request with a body of JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> HttpResponse {
        let mut headers = self.headers();
        headers.push(("content-type", "application/json".to_owned()));
        self.send("POST", path, &headers, body.to_string().as_bytes()).await
    }

    /// Exactly this request; the answer to its end.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: &[u8],
    ) -> HttpResponse {
        let mut pieces = self.open_stream(method, path, headers, body).await;
        pieces.read_to_end().await;
        HttpResponse { body: std::mem::take(&mut pieces.text), ..pieces.head }
    }

    /// Exactly this request; the answer's head, and its body as it comes.
    pub(crate) async fn open_stream(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: &[u8],
    ) -> StreamingResponse {
        let mut stream = TcpStream::connect(self.address).await.expect("the server is there");
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() || method == "POST" {
            head += &format!("content-length: {}\r\n", body.len());
        }
        head += "\r\n";
        stream.write_all(head.as_bytes()).await.expect("the head is sent");
        // A server may answer before it has read everything.
        drop(stream.write_all(body).await);
        StreamingResponse::read_head(stream).await
    }
}

impl HttpResponse {
    /// The value of a header; empty if it isn't there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// The code of the error that it is.
    pub(crate) fn error_code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The events that it holds.
    pub(crate) fn events(&self) -> Vec<SseEvent> {
        self.text().split("\n\n").filter_map(SseEvent::parse).collect()
    }
}

impl StreamingResponse {
    /// Reads the head of an answer.
    pub(crate) async fn read_head(stream: TcpStream) -> Self {
        let head = HttpResponse { status: 0, headers: Vec::new(), body: Vec::new() };
        let (raw, text) = (Vec::new(), Vec::new());
        let mut pieces = Self { head, stream, raw, text, is_complete: false };
        let end = loop {
            if let Some(end) = pieces.raw.windows(4).position(|w| w == b"\r\n\r\n") {
                break end;
            }
            if !pieces.read_more().await {
                return pieces; // Closed without an answer: status 0.
            }
        };
        let head = String::from_utf8_lossy(&pieces.raw[..end]).into_owned();
        pieces.raw.drain(..end + 4);
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        pieces.head.status = status.and_then(|s| s.parse().ok()).expect("a status");
        let named = lines.filter_map(|line| line.split_once(": "));
        pieces.head.headers = named.map(|(n, v)| (n.to_lowercase(), v.to_owned())).collect();
        pieces
    }

    /// Everything that is still to come.
    pub(crate) async fn read_to_end(&mut self) {
        while self.read_more().await {}
        self.decode_chunks();
    }

    /// The next event, past heartbeats; none at the end.
    pub(crate) async fn next_event(&mut self) -> Option<SseEvent> {
        loop {
            let block = self.next_block().await?;
            if let Some(event) = SseEvent::parse(&block) {
                return Some(event);
            }
        }
    }

    /// The next block of lines: an event or a comment.
    pub(crate) async fn next_block(&mut self) -> Option<String> {
        loop {
            self.decode_chunks();
            if let Some(end) = self.text.windows(2).position(|w| w == b"\n\n") {
                let block = self.text.drain(..end + 2).collect::<Vec<u8>>();
                return Some(String::from_utf8(block).expect("text"));
            }
            if !self.read_more().await {
                return None;
            }
        }
    }

    async fn read_more(&mut self) -> bool {
        let mut piece = [0; 16 * 1024];
        let read = tokio::time::timeout(TIMEOUT, self.stream.read(&mut piece)).await;
        let read = read.expect("something comes or ends").unwrap_or(0);
        self.raw.extend_from_slice(&piece[..read]);
        read > 0
    }

    /// Takes whole chunks out of what came.
    fn decode_chunks(&mut self) {
        if self.head.header("transfer-encoding") != "chunked" {
            self.text.append(&mut self.raw);
            return;
        }
        while let Some(line) = self.raw.windows(2).position(|w| w == b"\r\n") {
            let size = String::from_utf8_lossy(&self.raw[..line]).into_owned();
            let size = usize::from_str_radix(&size, 16).expect("a chunk's size");
            if self.raw.len() < line + 2 + size + 2 {
                return;
            }
            self.is_complete |= size == 0;
            self.text.extend_from_slice(&self.raw[line + 2..line + 2 + size]);
            self.raw.drain(..line + 2 + size + 2);
        }
    }

    /// Whether the answer said itself that it is over.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete
    }
}

impl SseEvent {
    /// Reads one block of lines; `None` means a comment.
    pub(crate) fn parse(block: &str) -> Option<Self> {
        let field = |name: &str| {
            let start = format!("{name}: ");
            block.lines().find_map(|line| line.strip_prefix(&start).map(str::to_owned))
        };
        let data = serde_json::from_str(&field("data")?).expect("data is JSON");
        Some(Self { id: field("id")?.parse().ok()?, kind: field("event")?, data })
    }

    /// The status that it tells of a task.
    pub(crate) fn status(&self) -> &str {
        self.data["status"]["status"].as_str().unwrap_or_default()
    }
}
