//! Binding, serving and coming to an end.

use crate::auth::AuthPolicy;
use crate::options::{Limits, ServerOptions, Tls};
use crate::repository::resolve_roots;
use crate::state::AppState;
use crate::task_names::TaskNamesCache;
use crate::{AgentRegistry, ApiKey, routes};
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use regatta_engine::Engine;
use regatta_protocol::{ErrorCode, Safety, UserMessage};
use regatta_trace::LogDropped;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tracing::info;

/// How long open streams get to read the last of what they are sent.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// A server that has its address and takes no request yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<RustlsConfig>,
    roots: Vec<PathBuf>,
    key: ApiKey,
    hosts: Vec<String>,
    agents: AgentRegistry,
    safety: Safety,
    limits: Limits,
}

impl Server {
    /// Takes the address, so that the caller can say where it is before anybody calls.
    ///
    /// # Errors
    /// The address is in use or would send keys over the network unprotected; a certificate,
    /// a key or an allowed folder can't be read.
    pub async fn bind(options: ServerOptions) -> Result<Self, UserMessage> {
        let roots = resolve_roots(&options.roots)?;
        require_secure_transport(&options)?;
        let tls = match &options.tls {
            Some(files) => Some(read_tls(files).await?),
            None => None,
        };
        let failed = |problem: std::io::Error| {
            let what = format!("Regatta can't listen on {}: {problem}.", options.listen);
            let next = "Choose another address with --listen, or end what uses it.";
            UserMessage::new(ErrorCode::BadRequest, what, "Nothing was started.", next)
        };
        let listener = TcpListener::bind(options.listen).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let ServerOptions { key, hosts, agents, safety, limits, .. } = options;
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
    pub async fn run(
        self,
        engine: Engine,
        shutdown: impl Future<Output = ()>,
    ) -> std::io::Result<()> {
        let auth = AuthPolicy::new(self.key, self.address, &self.hosts, self.tls.is_some());
        let state = AppState {
            engine: engine.clone(),
            auth,
            roots: self.roots,
            agents: self.agents,
            safety: self.safety,
            limits: self.limits,
            task_names_cache: TaskNamesCache::default(),
            stream_permits: Arc::new(Semaphore::new(self.limits.max_streams)),
        };
        let app = routes::router(Arc::new(state)).into_make_service();
        let handle = Handle::new();
        let mut server = axum_server::from_tcp(self.listener)?.handle(handle.clone());
        let patience = self.limits.read_timeout;
        server.http_builder().http1().header_read_timeout(patience);
        // A stream each connection: HTTP/2 would let the slow reader of one hold up others.
        let server = server.http1_only().first_request_timeout(patience);
        let serving = match self.tls {
            Some(tls) => tokio::spawn(server.acceptor(RustlsAcceptor::new(tls)).serve(app)),
            None => tokio::spawn(server.serve(app)),
        };
        info!(address = %self.address, "the server listens");
        shutdown.await;
        info!("the server closes");
        handle.graceful_shutdown(None);
        engine.close().await;
        handle.graceful_shutdown(Some(SHUTDOWN_GRACE));
        serving.await.expect("BUG: serving panicked")
    }
}

/// Keys don't go over a network that others can read.
fn require_secure_transport(options: &ServerOptions) -> Result<(), UserMessage> {
    let ip = options.listen.ip();
    let refuse = |what: &str, next: &str| {
        Err(UserMessage::new(ErrorCode::BadRequest, what, "Nothing was started.", next))
    };
    if !ip.is_loopback() && options.tls.is_none() && !options.allow_insecure_http {
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

async fn read_tls(files: &Tls) -> Result<RustlsConfig, UserMessage> {
    // Another room may have chosen it already; it is the same one.
    rustls::crypto::ring::default_provider().install_default().log_failed("choosing TLS");
    let read = RustlsConfig::from_pem_file(&files.cert, &files.key).await.map_err(|problem| {
        let what = "The certificate or its key can't be used.";
        let next = "Both have to be PEM files that belong together.";
        UserMessage::new(ErrorCode::BadRequest, what, "Nothing was started.", next)
            .with_details(format!("{}, {}: {problem}", files.cert.display(), files.key.display()))
    })?;
    let mut config = read.get_inner().as_ref().clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}
