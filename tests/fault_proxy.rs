//! A proxy that does to a connection what networks do: cuts, resets, silence, trickles, and
//! answers of somebody else.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// What happens to one connection's answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// It ends after that many bytes.
    CutAt(usize),
    /// The connection is reset after that many bytes.
    ResetAt(usize),
    /// After that many bytes nothing comes any more, and the connection stays open.
    StallAt(usize),
    /// It comes byte by byte with this between them.
    Trickle(Duration),
    /// The request is handed on, and this is answered instead.
    ReplaceWith(Vec<u8>),
}

/// A running proxy; ended when dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<ProxyState>,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Debug)]
struct ProxyState {
    server: SocketAddr,
    faults: Mutex<VecDeque<Fault>>,
    requests: Mutex<Vec<String>>,
}

impl FaultProxy {
    /// Stands before `server`. The first connection gets the first fault, and so on; those
    /// after the last fault get none.
    ///
    /// # Panics
    /// When this machine has no free port.
    #[must_use]
    pub fn start(server: SocketAddr, faults: impl IntoIterator<Item = Fault>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("its mode");
        let address = listener.local_addr().expect("its address");
        let faults = Mutex::new(faults.into_iter().collect());
        let shared = Arc::new(ProxyState { server, faults, requests: Mutex::default() });
        let (end, ended) = oneshot::channel();
        let kept = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let listener = TcpListener::from_std(listener).expect("a listener");
                tokio::select! {
                    () = accept_connections(listener, kept) => {}
                    _ = ended => {}
                }
            });
        });
        Self { address, shared, shutdown: Some(end), thread: Some(thread) }
    }

    /// Where it listens, as the base of an endpoint.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds faults for the next connections.
    ///
    /// # Panics
    /// When a thread of it did.
    pub fn add_faults(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.faults.lock().expect("unpoisoned").extend(faults);
    }

    /// The first line of each request that was handed on, in order.
    ///
    /// # Panics
    /// When a thread of it did.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().expect("unpoisoned").clone()
    }

    /// How many of them start work.
    #[must_use]
    pub fn invoke_count(&self) -> usize {
        self.requests().iter().filter(|line| line.starts_with("POST /invoke")).count()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        drop(self.shutdown.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the proxy's thread");
        }
    }
}

async fn accept_connections(listener: TcpListener, shared: Arc<ProxyState>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let fault = shared.faults.lock().expect("unpoisoned").pop_front().unwrap_or_default();
        let shared = Arc::clone(&shared);
        // A connection that breaks by itself is what this is about.
        connections.spawn(async move {
            proxy_connection(client, &shared, fault).await.unwrap_or_default()
        });
    }
}

async fn proxy_connection(
    mut client: TcpStream,
    shared: &ProxyState,
    fault: Fault,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    let own = client.local_addr()?.to_string();
    let mut server = TcpStream::connect(shared.server).await?;
    server.write_all(&read_request(&mut client, shared, &own).await?).await?;
    let most = match fault {
        Fault::CutAt(most) | Fault::ResetAt(most) | Fault::StallAt(most) => most,
        Fault::None | Fault::Trickle(_) => usize::MAX,
        Fault::ReplaceWith(answer) => {
            // The server has it once it answers.
            server.read_u8().await?;
            client.write_all(&answer).await?;
            return client.shutdown().await;
        }
    };
    let pause = if let Fault::Trickle(pause) = fault { Some(pause) } else { None };
    forward_response(&mut server, &mut client, most, pause).await?;
    match fault {
        Fault::ResetAt(_) => client.set_zero_linger(),
        Fault::StallAt(_) => std::future::pending().await,
        _ => client.shutdown().await,
    }
}

/// The request's head and body, as it is sent to the server itself.
async fn read_request(
    client: &mut TcpStream,
    shared: &ProxyState,
    own: &str,
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        read_more(client, &mut bytes).await?;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let lines = || head.lines().map(str::to_lowercase);
    let length = lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    while bytes.len() < end + length.unwrap_or(0) {
        read_more(client, &mut bytes).await?;
    }
    let line = head.lines().next().unwrap_or_default().to_owned();
    shared.requests.lock().expect("unpoisoned").push(line);
    let head = head.replace(own, &shared.server.to_string());
    Ok([head.as_bytes(), &bytes[end..]].concat())
}

async fn read_more(from: &mut (impl AsyncRead + Unpin), into: &mut Vec<u8>) -> io::Result<()> {
    match from.read_buf(into).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// Hands on up to `most` bytes of the answer, until it ends or the client is gone.
async fn forward_response(
    server: &mut TcpStream,
    client: &mut TcpStream,
    most: usize,
    pause: Option<Duration>,
) -> io::Result<()> {
    let mut left = most;
    let mut piece = vec![0; if pause.is_some() { 1 } else { 16 * 1024 }];
    let (mut gone, mut to_client) = client.split();
    let mut ignored = [0; 64];
    while left > 0 {
        let wanted = piece.len().min(left);
        let read = tokio::select! {
            read = server.read(&mut piece[..wanted]) => read?,
            _ = gone.read(&mut ignored) => return Ok(()),
        };
        if read == 0 {
            return Ok(());
        }
        to_client.write_all(&piece[..read]).await?;
        left -= read;
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
    }
    Ok(())
}
