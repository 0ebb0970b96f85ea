//! Binding, serving and coming to an end.

use crate::gate::Gate;
use crate::names::KnownNames;
use crate::options::{Limits, Options, Tls};
use crate::repository::resolve_roots;
use crate::state::State;
use crate::{Agents, Key, routes};
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use regatta_engine::Engine;
use regatta_protocol::{ErrorCode, Notice, Safety};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long open streams get to read the last of what they are sent.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A server that has its address and takes no request yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<RustlsConfig>,
    roots: Vec<PathBuf>,
    key: Key,
    hosts: Vec<String>,
    agents: Agents,
    safety: Safety,
    limits: Limits,
}

impl Server {
    /// Takes the address, so that the caller can say where it is before anybody calls.
    ///
    /// # Errors
    /// The address is in use or would send keys over the network unprotected; a certificate,
    /// a key or an allowed folder can't be read.
    pub async fn bind(options: Options) -> Result<Self, Notice> {
        let roots = resolve_roots(&options.roots)?;
        refuse_open_network(&options)?;
        let tls = match &options.tls {
            Some(files) => Some(read_tls(files).await?),
            None => None,
        };
        let failed = |problem: std::io::Error| {
            let what = format!("Regatta can't listen on {}: {problem}.", options.listen);
            let next = "Choose another address with --listen, or end what uses it.";
            Notice::new(ErrorCode::BadRequest, what, "Nothing was started.", next)
        };
        let listener = TcpListener::bind(options.listen).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let Options { key, hosts, agents, safety, limits, .. } = options;
        Ok(Self { listener, address, tls, roots, key, hosts, agents, safety, limits })
    }

    /// Where it listens; the port is the real one.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address to call it by.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Serves until `end` comes; then takes no more requests, stops all tasks, closes the
    /// engine, and lets open streams read their last words.
    ///
    /// # Errors
    /// The system takes the address away.
    pub async fn run(self, engine: Engine, end: impl Future<Output = ()>) -> std::io::Result<()> {
        let gate = Gate::new(self.key, self.address, &self.hosts, self.tls.is_some());
        let state = State {
            engine: engine.clone(),
            gate,
            roots: self.roots,
            agents: self.agents,
            safety: self.safety,
            limits: self.limits,
            names: KnownNames::default(),
            streams: Arc::new(Semaphore::new(self.limits.streams)),
        };
        let app = routes::router(Arc::new(state)).into_make_service();
        let handle = Handle::new();
        let mut server = axum_server::from_tcp(self.listener)?.handle(handle.clone());
        let patience = self.limits.patience;
        server.http_builder().http1().header_read_timeout(patience);
        // A stream each connection: HTTP/2 would let the slow reader of one hold up others.
        let server = server.http1_only().first_request_timeout(patience);
        let serving = match self.tls {
            Some(tls) => tokio::spawn(server.acceptor(RustlsAcceptor::new(tls)).serve(app)),
            None => tokio::spawn(server.serve(app)),
        };
        end.await;
        handle.graceful_shutdown(None);
        engine.close().await;
        handle.graceful_shutdown(Some(LAST_WORDS));
        serving.await.expect("BUG: serving panicked")
    }
}

/// Keys don't go over a network that others can read.
fn refuse_open_network(options: &Options) -> Result<(), Notice> {
    let ip = options.listen.ip();
    let refuse = |what: &str, next: &str| {
        Err(Notice::new(ErrorCode::BadRequest, what, "Nothing was started.", next))
    };
    if !ip.is_loopback() && options.tls.is_none() && !options.insecure_http {
        return refuse(
            "Without TLS, the key and the work would be readable on the network.",
            "Name a certificate with --tls-cert and --tls-key, or say --insecure-http.",
        );
    }
    if ip.is_unspecified() && options.hosts.is_empty() {
        return refuse(
            "A server on all addresses has to know by which names it is called.",
            "Name them with --host, or listen on one address.",
        );
    }
    Ok(())
}

async fn read_tls(files: &Tls) -> Result<RustlsConfig, Notice> {
    // Another room may have chosen it already; it is the same one.
    drop(rustls::crypto::ring::default_provider().install_default());
    let read = RustlsConfig::from_pem_file(&files.cert, &files.key).await.map_err(|problem| {
        let what = "The certificate or its key can't be used.";
        let next = "Both have to be PEM files that belong together.";
        Notice::new(ErrorCode::BadRequest, what, "Nothing was started.", next)
            .with_details(format!("{}, {}: {problem}", files.cert.display(), files.key.display()))
    })?;
    let mut config = read.get_inner().as_ref().clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}
