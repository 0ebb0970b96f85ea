//! The gate that each request passes before anything else looks at it: the host that it
//! names, the page that it comes from, the key.

use crate::ApiKey;
use crate::error::ApiError;
use crate::state::SharedState;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use regatta_protocol::wire::KEY_HEADER;
use regatta_protocol::{ErrorCode, UserMessage};
use std::net::SocketAddr;

/// The one path that needs no key.
pub(crate) const PUBLIC_PATH: &str = "/healthz";

/// What a request has to show.
#[derive(Debug)]
pub(crate) struct AuthPolicy {
    key: ApiKey,
    /// Every host under which this server may be called, lower case, with its port where
    /// that isn't the scheme's own.
    hosts: Vec<String>,
    /// The same as origins.
    origins: Vec<String>,
}

impl AuthPolicy {
    /// The gate of a server at `address`, which may be called by `more` names, too.
    pub(crate) fn new(key: ApiKey, address: SocketAddr, more: &[String], is_tls: bool) -> Self {
        let (scheme, usual) = if is_tls { ("https", 443) } else { ("http", 80) };
        let port = address.port();
        let mut names = Vec::new();
        if !address.ip().is_unspecified() {
            names.push(format!("{}:{port}", HostOfAddress(address)));
        }
        if address.ip().is_loopback() || address.ip().is_unspecified() {
            names.extend(["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}:{port}")));
        }
        for name in more.iter().map(|name| name.trim().to_ascii_lowercase()) {
            let has_port =
                name.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            if !has_port {
                names.push(format!("{name}:{port}"));
            }
            names.push(name);
        }
        // A scheme's own port isn't named.
        let bare = |name: &String| name.strip_suffix(&format!(":{usual}")).map(str::to_owned);
        let bare: Vec<String> = names.iter().filter_map(bare).collect();
        names.extend(bare);
        names.sort();
        names.dedup();
        let origins = names.iter().map(|name| format!("{scheme}://{name}")).collect();
        Self { key, hosts: names, origins }
    }

    /// Whether the request may go on.
    fn check(&self, parts: &Parts) -> Result<(), ApiError> {
        let host = single_host(parts).map(str::to_ascii_lowercase);
        if !host.is_some_and(|host| self.hosts.contains(&host)) {
            return Err(forbidden(
                "This server isn't called by that name.",
                "Call it by its own address; more names can be given to it when it starts.",
            ));
        }
        // There is no page of ours, so a page that calls is somebody else's.
        let mut origins = parts.headers.get_all(header::ORIGIN).iter();
        let is_own = |origin: &str| self.origins.contains(&origin.to_ascii_lowercase());
        if !origins.all(|origin| origin.to_str().is_ok_and(is_own)) {
            return Err(forbidden(
                "Pages of other places may not call this server.",
                "Call it from a program.",
            ));
        }
        if parts.uri.path() == PUBLIC_PATH
            || presented_key(&parts.headers).is_some_and(|k| self.key.matches(k))
        {
            return Ok(());
        }
        let (what, next) = ("No key came with the request, or a wrong one.", KEY_HINT);
        Err(UserMessage::new(ErrorCode::Unauthorized, what, "Nothing was started.", next).into())
    }
}

const KEY_HINT: &str =
    "Send the server's key in the header x-api-key, or as Authorization: Bearer KEY.";

/// Lets through what shows everything.
pub(crate) async fn authorize(State(state): SharedState, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match state.auth.check(&parts) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// The one host that a request names.
fn single_host(parts: &Parts) -> Option<&str> {
    let mut named = parts.headers.get_all(header::HOST).iter();
    let host = named.next()?.to_str().ok()?;
    let is_one = named.next().is_none();
    let is_same = parts.uri.authority().is_none_or(|other| other.as_str() == host);
    (is_one && is_same).then_some(host)
}

/// The one key that a request shows.
fn presented_key(headers: &HeaderMap) -> Option<&[u8]> {
    let (name, is_bearer) = match headers.contains_key(KEY_HEADER) {
        true => (KEY_HEADER, false),
        false => (header::AUTHORIZATION.as_str(), true),
    };
    let mut shown = headers.get_all(name).iter();
    let key = shown.next()?.as_bytes();
    if shown.next().is_some() {
        return None;
    }
    if !is_bearer {
        return Some(key);
    }
    let (scheme, key) = key.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| key.trim_ascii())
}

fn forbidden(what: &str, next: &str) -> ApiError {
    UserMessage::new(ErrorCode::Forbidden, what, "Nothing was started.", next).into()
}

/// An address as a host: IPv6 in brackets.
struct HostOfAddress(SocketAddr);

impl std::fmt::Display for HostOfAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            SocketAddr::V4(address) => write!(f, "{}", address.ip()),
            SocketAddr::V6(address) => write!(f, "[{}]", address.ip()),
        }
    }
}

#[cfg(test)]
mod tests;
