//! A host of repositories on this machine: git's own smart HTTP behind Basic auth, encrypted
//! or not, for whatever talks to a remote.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use base64::Engine as _;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

/// The token that may read and write.
pub const TOKEN: &str = "ghp-canary-7d1f9a52c0b84e63";
/// The token that may only read.
pub const READ_TOKEN: &str = "ghp-reader-3b6e0c9d51f2a784";

const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// The running host. Everything of it is gone when it is dropped.
#[derive(Debug)]
pub struct GitHost {
    dir: TempDir,
    address: String,
    shared: Arc<HostState>,
    handle: Handle<SocketAddr>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct HostState {
    repositories: PathBuf,
    requests: Mutex<Vec<String>>,
}

impl GitHost {
    /// A host with https, as `localhost`; its certificate is in [`GitHost::certificate`].
    #[must_use]
    pub fn https() -> Self {
        Self::start(true)
    }

    /// A host with plain http, as `127.0.0.1`.
    #[must_use]
    pub fn http() -> Self {
        Self::start(false)
    }

    fn start(encrypted: bool) -> Self {
        let dir = TempDir::with_prefix("regatta-host-").expect("a temporary folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("its mode");
        let port = listener.local_addr().expect("its address").port();
        let tls = encrypted.then(|| make_certificate(&dir.path().join("certificate.pem")));
        let repositories = dir.path().join("repositories");
        fs::create_dir(&repositories).expect("a folder");
        let shared = Arc::new(HostState { repositories, requests: Mutex::default() });
        let app = axum::Router::new().fallback(handle_request).with_state(Arc::clone(&shared));
        let handle = Handle::new();
        let ours = handle.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let service = app.into_make_service();
                let ended = match tls {
                    Some(tls) => {
                        let server = axum_server::from_tcp_rustls(listener, tls).expect("TLS");
                        server.handle(ours).serve(service).await
                    }
                    None => {
                        let server = axum_server::from_tcp(listener).expect("a server");
                        server.handle(ours).serve(service).await
                    }
                };
                ended.expect("the host serves");
            });
        });
        let address = match encrypted {
            true => format!("https://localhost:{port}"),
            false => format!("http://127.0.0.1:{port}"),
        };
        Self { dir, address, shared, handle, thread: Some(thread) }
    }

    /// Takes a repository in, as it is now. One named `public…` may be read by anybody.
    ///
    /// # Panics
    /// When git fails.
    pub fn add_repository(&self, name: &str, project: &Path) -> PathBuf {
        let there = self.repository(name);
        let args = ["clone", "--quiet", "--bare", "--no-hardlinks", "--"];
        let mut clone = Command::new("git");
        clone.args(args).arg(project).arg(&there);
        run_git(&mut clone);
        let mut set = Command::new("git");
        set.arg("-C").arg(&there).args(["config", "uploadpack.allowFilter", "true"]);
        run_git(&mut set);
        there
    }

    /// The folder of the repository of that name.
    #[must_use]
    pub fn repository(&self, name: &str) -> PathBuf {
        self.shared.repositories.join(format!("{name}.git"))
    }

    /// The address of the repository of that name. In front of the name, `moved/` is a
    /// redirect to it and `broken/` fails.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("{}/{name}.git", self.address)
    }

    /// The host with its port, as a token is kept for it.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.address.split_once("://").expect("an address").1
    }

    /// The file with its certificate, for `GIT_SSL_CAINFO`.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.dir.path().join("certificate.pem")
    }

    /// Everything that was asked: method, path, status, and who asked.
    ///
    /// # Panics
    /// When a request panicked.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().expect("no request panicked").clone()
    }
}

impl Drop for GitHost {
    fn drop(&mut self) {
        self.handle.shutdown();
        if let Some(thread) = self.thread.take() {
            thread.join().ok(); // A host that failed has failed its test already.
        }
    }
}

fn make_certificate(file: &Path) -> RustlsConfig {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    fs::write(file, made.cert.pem()).expect("the certificate's file");
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the usual versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .expect("a certificate with its key");
    RustlsConfig::from_config(Arc::new(config))
}

async fn handle_request(State(shared): State<Arc<HostState>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await.expect("a whole body");
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    let who = caller_role(&parts.headers);
    let answer = if let Some(rest) = path.strip_prefix("/moved/") {
        (StatusCode::FOUND, [(header::LOCATION, format!("/{rest}?{query}"))]).into_response()
    } else if path.starts_with("/broken/") {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    } else {
        let writes = path.ends_with("/git-receive-pack") || query.contains("git-receive-pack");
        match who {
            "nobody" if writes || !path.starts_with("/public") => unauthorized(),
            "reader" if writes => StatusCode::FORBIDDEN.into_response(),
            _ => run_http_backend(&shared.repositories, &parts, &body).await,
        }
    };
    let line = format!("{} {path}?{query} {} {who}", parts.method, answer.status().as_u16());
    shared.requests.lock().expect("no request panicked").push(line);
    answer
}

/// Whose token came.
fn caller_role(headers: &HeaderMap) -> &'static str {
    let given = headers.get(header::AUTHORIZATION).map(|value| value.as_bytes());
    let login = |token: &str| {
        let code =
            base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{token}"));
        format!("Basic {code}")
    };
    match given {
        Some(given) if given == login(TOKEN).as_bytes() => "writer",
        Some(given) if given == login(READ_TOKEN).as_bytes() => "reader",
        _ => "nobody",
    }
}

fn unauthorized() -> Response {
    let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"repositories\"")];
    (StatusCode::UNAUTHORIZED, ask).into_response()
}

/// Has git answer, as a web server would.
async fn run_http_backend(
    root: &Path,
    parts: &axum::http::request::Parts,
    body: &[u8],
) -> Response {
    let header = |name: &str| {
        let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let mut child = tokio::process::Command::new("git")
        .arg("http-backend")
        .envs([
            ("GIT_PROJECT_ROOT", root.display().to_string()),
            ("GIT_HTTP_EXPORT_ALL", "1".to_owned()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("REMOTE_USER", "somebody".to_owned()),
            ("REQUEST_METHOD", parts.method.to_string()),
            ("PATH_INFO", parts.uri.path().to_owned()),
            ("QUERY_STRING", parts.uri.query().unwrap_or_default().to_owned()),
            ("CONTENT_TYPE", header("content-type")),
            ("CONTENT_LENGTH", body.len().to_string()),
            ("HTTP_CONTENT_ENCODING", header("content-encoding")),
            ("GIT_PROTOCOL", header("git-protocol")),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("git starts");
    let mut to = child.stdin.take().expect("a pipe");
    let feeding = async {
        // It may have heard enough.
        to.write_all(body).await.ok();
        drop(to);
    };
    let ((), ended) = tokio::join!(feeding, child.wait_with_output());
    let said = ended.expect("git ends").stdout;
    let end = said.windows(4).position(|four| four == b"\r\n\r\n").expect("headers");
    let mut answer = Response::builder();
    for line in String::from_utf8_lossy(&said[..end]).lines() {
        let (name, value) = line.split_once(": ").expect("a header");
        answer = match name {
            "Status" => answer.status(&value[..3]),
            _ => answer.header(name, value),
        };
    }
    answer.body(Body::from(said[end + 4..].to_vec())).expect("an answer")
}

fn run_git(command: &mut Command) {
    let output = command.output().expect("git starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
