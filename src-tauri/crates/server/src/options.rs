//! How a server is started.

use crate::{AgentRegistry, ApiKey};
use regatta_protocol::Safety;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How a server is started.
#[derive(Debug)]
pub struct ServerOptions {
    /// Where it listens. Port 0: a free one.
    pub listen: SocketAddr,
    /// The key that every caller has to know.
    pub key: ApiKey,
    /// More names under which it may be called, each `NAME` or `NAME:PORT`.
    pub hosts: Vec<String>,
    /// Certificate and private key; `None` means plain HTTP.
    pub tls: Option<Tls>,
    /// Whether plain HTTP may leave this computer.
    pub allow_insecure_http: bool,
    /// The folders below which projects of this computer may be.
    pub roots: Vec<PathBuf>,
    /// The agents that requests may name.
    pub agents: AgentRegistry,
    /// How much agents may do without asking. No request can change it.
    pub safety: Safety,
    /// What is enough.
    pub limits: Limits,
}

/// The files for TLS, both PEM.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The certificate and those above it.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What is enough.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many streams may be open at the same time.
    pub max_streams: usize,
    /// How long a request's head may take to come, and its body.
    pub read_timeout: Duration,
    /// How often a stream shows that it is there.
    pub heartbeat_interval: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_streams: 2_000,
            read_timeout: Duration::from_secs(30),
            heartbeat_interval: Duration::from_secs(regatta_protocol::wire::HEARTBEAT_S),
        }
    }
}
