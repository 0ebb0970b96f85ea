//! The calls.

use crate::error::CallError;
use crate::response_error::{self, CallKind};
use crate::{Address, InvokeBody, ResponseStream, RunId};
use regatta_protocol::endpoint::ConnectionTest;
use regatta_protocol::wire::{self, AnsweredFact};
use regatta_protocol::{Cause, ErrorCode, UserMessage};
use regatta_trace::LogDropped;
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode, redirect, retry};
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long calls may take that aren't streams.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// How often a quiet connection is probed by the system below us.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
/// The heartbeat period assumed of a foreign server until it was measured.
const ASSUMED_HEARTBEAT_PERIOD: Duration = Duration::from_secs(15);

/// Makes calls. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    /// By the system's proxy, if there is one.
    proxied: reqwest::Client,
    /// To this machine, never by a proxy.
    direct: reqwest::Client,
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

/// Something asked of a run.
#[derive(Debug, Clone, Copy)]
pub enum RunCommand<'a> {
    /// That it ends.
    Cancel,
    /// That one of its tasks ends.
    CancelTask(&'a str),
    /// That a task's question is answered.
    Reply(&'a str, &'a AnsweredFact),
}

impl Client {
    /// Follows no redirect, sends nothing twice, and uses each connection for one call only:
    /// so a call whose connection was never made is known not to have left this machine.
    #[must_use]
    pub fn new() -> Self {
        Self {
            proxied: build_http_client(|builder| builder),
            direct: build_http_client(reqwest::ClientBuilder::no_proxy),
        }
    }

    /// Starts work: `POST {base}/invoke/stdout`, once.
    ///
    /// # Errors
    /// [`CallError`] says whether the request may have left this machine.
    pub async fn invoke(
        &self,
        to: &Address,
        body: &InvokeBody<'_>,
        idempotency_key: &str,
    ) -> Result<ResponseStream, CallError> {
        let mut headers = self.auth_headers(to)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let key = HeaderValue::from_str(idempotency_key).map_err(|_| invalid_idempotency_key())?;
        headers.insert(wire::IDEMPOTENCY_HEADER, key);
        let body = serde_json::to_vec(body).expect("BUG: the body is text and numbers");
        let url = to.url_for(&["invoke", "stdout"]);
        let request =
            self.http_client_for(to).request(Method::POST, url).headers(headers).body(body);
        let answer = request
            .send()
            .await
            .map_err(|e| response_error::from_send_error(&e, CallKind::StartWork))?;
        open_stream(answer, CallKind::StartWork).await
    }

    /// Goes on with a run's events after the one numbered `after`; `None` if the run is over and
    /// has no more of them.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn resume(
        &self,
        to: &Address,
        run: &RunId,
        after: u64,
    ) -> Result<Option<ResponseStream>, CallError> {
        let mut headers = self.auth_headers(to)?;
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        headers.insert("last-event-id", HeaderValue::from(after));
        let url = to.url_for(&["v1", "runs", run.as_str(), "events"]);
        let request = self.http_client_for(to).request(Method::GET, url).headers(headers);
        let answer = request
            .send()
            .await
            .map_err(|e| response_error::from_send_error(&e, CallKind::Other))?;
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        open_stream(answer, CallKind::Other).await.map(Some)
    }

    /// Asks something of a run.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn send_command(
        &self,
        to: &Address,
        run: &RunId,
        command: RunCommand<'_>,
    ) -> Result<(), CallError> {
        let run = run.as_str();
        let (url, body) = match command {
            RunCommand::Cancel => (to.url_for(&["v1", "runs", run, "cancel"]), Vec::new()),
            RunCommand::CancelTask(task) => {
                (to.url_for(&["v1", "runs", run, "tasks", task, "cancel"]), Vec::new())
            }
            RunCommand::Reply(task, answered) => (
                to.url_for(&["v1", "runs", run, "tasks", task, "reply"]),
                serde_json::to_vec(answered).expect("BUG: an answer is text"),
            ),
        };
        let mut headers = self.auth_headers(to)?;
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let request = self.http_client_for(to).request(Method::POST, url).headers(headers);
        let answer = request.body(body).timeout(CALL_TIMEOUT).send().await;
        let answer = answer.map_err(|e| response_error::from_send_error(&e, CallKind::Other))?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(response_error::from_error_status(answer, CallKind::Other).await)
    }

    /// Finds out whether the endpoint takes the key, without starting anything. What can't be
    /// found out that way is said so.
    pub async fn test_connection(&self, to: &Address) -> ConnectionTest {
        match self.count_agents(to).await {
            Ok(count) => {
                let agents = if count == 1 { "1 agent is" } else { &format!("{count} agents are") };
                let said = format!("The key works. {agents} there.");
                ConnectionTest { passed: true, message: said, notice: None }
            }
            Err(CallError::Refused(_, 404 | 405)) => {
                let said = "The endpoint answers. It has no call that tests a key, so whether it \
                            takes this one shows when a batch starts.";
                ConnectionTest { passed: true, message: said.to_owned(), notice: None }
            }
            Err(problem) => {
                let notice = problem.into_user_message();
                ConnectionTest {
                    passed: false,
                    message: notice.message.clone(),
                    notice: Some(notice),
                }
            }
        }
    }

    /// The number of agents that an endpoint of our kind has.
    async fn count_agents(&self, to: &Address) -> Result<usize, CallError> {
        let request = self
            .http_client_for(to)
            .get(to.url_for(&["v1", "agents"]))
            .headers(self.auth_headers(to)?);
        let answer = request.timeout(CALL_TIMEOUT).send().await;
        let answer = answer.map_err(|e| response_error::from_send_error(&e, CallKind::Other))?;
        if answer.status() != StatusCode::OK {
            return Err(response_error::from_error_status(answer, CallKind::Other).await);
        }
        let is_json = has_content_type(&answer, "application/json");
        if !is_json {
            return Err(response_error::from_unexpected_content(answer, CallKind::Other).await);
        }
        let text = response_error::read_body_prefix(answer).await;
        let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let list = value.as_array().or_else(|| value.get("agents")?.as_array());
        Ok(list.map_or(0, Vec::len))
    }

    pub(crate) fn http_client_for(&self, to: &Address) -> &reqwest::Client {
        if to.is_loopback() { &self.direct } else { &self.proxied }
    }

    #[expect(clippy::unused_self, reason = "reads as what this client sends")]
    fn auth_headers(&self, to: &Address) -> Result<HeaderMap, CallError> {
        let mut headers = HeaderMap::new();
        let key = to.key();
        if !key.is_empty() {
            let value = HeaderValue::from_str(key.expose()).map_err(|_| invalid_key())?;
            headers.insert(wire::KEY_HEADER, mark_sensitive(value));
        }
        Ok(headers)
    }
}

pub(crate) fn mark_sensitive(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

fn invalid_idempotency_key() -> CallError {
    CallError::NotSent(UserMessage::new(
        ErrorCode::Internal,
        "The batch's own key holds characters that no key can have.",
        "Nothing was sent.",
        "Start it as a new batch.",
    ))
}

fn invalid_key() -> CallError {
    CallError::NotSent(UserMessage::from_cause(Cause::EndpointKeyInvalid, "Nothing was sent."))
}

fn build_http_client(
    more: fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> reqwest::Client {
    // Fails where another part of the program chose it before, which is as good.
    rustls::crypto::ring::default_provider().install_default().log_failed("choosing TLS");
    let builder = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_keepalive(KEEPALIVE_INTERVAL)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .http2_keep_alive_timeout(KEEPALIVE_INTERVAL)
        .http2_keep_alive_while_idle(true)
        .user_agent(concat!("regatta/", env!("CARGO_PKG_VERSION")));
    more(builder).build().expect("BUG: these settings fit together")
}

async fn open_stream(answer: Response, asked: CallKind) -> Result<ResponseStream, CallError> {
    if !answer.status().is_success() {
        return Err(response_error::from_error_status(answer, asked).await);
    }
    // Compression wasn't asked for, so what comes compressed can't be read.
    let is_plain = answer.headers().get(CONTENT_ENCODING).is_none_or(|by| by == "identity");
    if !is_plain || !has_content_type(&answer, "text/event-stream") {
        return Err(response_error::from_unexpected_content(answer, asked).await);
    }
    let is_ours = answer.headers().contains_key(wire::RUN_HEADER);
    let beat =
        if is_ours { Duration::from_secs(wire::HEARTBEAT_S) } else { ASSUMED_HEARTBEAT_PERIOD };
    Ok(ResponseStream::new(answer, beat))
}

fn has_content_type(answer: &Response, wanted: &str) -> bool {
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(wanted)
}
