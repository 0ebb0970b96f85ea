//! The calls.

use crate::answer::{self, Asked};
use crate::error::CallError;
use crate::{Address, InvokeBody, RunId, Stream};
use regatta_protocol::endpoint::Tested;
use regatta_protocol::wire::{self, AnsweredFact};
use regatta_protocol::{ErrorCode, Notice};
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode, redirect, retry};
use std::time::Duration;

const CONNECT_LIMIT: Duration = Duration::from_secs(15);
/// How long calls may take that aren't streams.
pub(crate) const CALL_LIMIT: Duration = Duration::from_secs(60);
/// How often a quiet connection is probed by the system below us.
const PROBE: Duration = Duration::from_secs(20);
/// How often a foreign server's heartbeats are taken to come until that is known.
const FOREIGN_BEAT: Duration = Duration::from_secs(15);

/// Makes calls. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    /// By the system's proxy, if there is one.
    outside: reqwest::Client,
    /// To this machine, never by a proxy.
    inside: reqwest::Client,
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

/// Something asked of a run.
#[derive(Debug, Clone, Copy)]
pub enum Order<'a> {
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
        Self { outside: build(|builder| builder), inside: build(reqwest::ClientBuilder::no_proxy) }
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
    ) -> Result<Stream, CallError> {
        let mut headers = self.headers(to)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let key = HeaderValue::from_str(idempotency_key).map_err(|_| bad_key("batch's own key"))?;
        headers.insert(wire::IDEMPOTENCY_HEADER, key);
        let body = serde_json::to_vec(body).expect("BUG: the body is text and numbers");
        let url = to.call(&["invoke", "stdout"]);
        let request = self.at(to).request(Method::POST, url).headers(headers).body(body);
        let answer = request.send().await.map_err(|e| answer::failure(&e, Asked::Work))?;
        stream(answer, Asked::Work).await
    }

    /// Goes on with a run's events after the one numbered `after`.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn resume(&self, to: &Address, run: &RunId, after: u64) -> Result<Stream, CallError> {
        let mut headers = self.headers(to)?;
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        headers.insert("last-event-id", HeaderValue::from(after));
        let url = to.call(&["v1", "runs", run.as_str(), "events"]);
        let request = self.at(to).request(Method::GET, url).headers(headers);
        let answer = request.send().await.map_err(|e| answer::failure(&e, Asked::Other))?;
        stream(answer, Asked::Other).await
    }

    /// Asks something of a run.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn order(
        &self,
        to: &Address,
        run: &RunId,
        order: Order<'_>,
    ) -> Result<(), CallError> {
        let run = run.as_str();
        let (url, body) = match order {
            Order::Cancel => (to.call(&["v1", "runs", run, "cancel"]), Vec::new()),
            Order::CancelTask(task) => {
                (to.call(&["v1", "runs", run, "tasks", task, "cancel"]), Vec::new())
            }
            Order::Reply(task, answered) => (
                to.call(&["v1", "runs", run, "tasks", task, "reply"]),
                serde_json::to_vec(answered).expect("BUG: an answer is text"),
            ),
        };
        let mut headers = self.headers(to)?;
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let request = self.at(to).request(Method::POST, url).headers(headers);
        let answer = request.body(body).timeout(CALL_LIMIT).send().await;
        let answer = answer.map_err(|e| answer::failure(&e, Asked::Other))?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(answer::refusal(answer, Asked::Other).await)
    }

    /// Finds out whether the endpoint takes the key, without starting anything. What can't be
    /// found out that way is said so.
    pub async fn test(&self, to: &Address) -> Tested {
        match self.agents(to).await {
            Ok(count) => {
                let agents = if count == 1 { "1 agent is" } else { &format!("{count} agents are") };
                let said = format!("The key works. {agents} there.");
                Tested { ok: true, said, notice: None }
            }
            Err(CallError::Refused(_, 404 | 405)) => {
                let said = "The endpoint answers. It has no call that tests a key, so whether it \
                            takes this one shows when a batch starts.";
                Tested { ok: true, said: said.to_owned(), notice: None }
            }
            Err(problem) => {
                let notice = problem.into_notice();
                Tested { ok: false, said: notice.what.clone(), notice: Some(notice) }
            }
        }
    }

    /// The number of agents that an endpoint of our kind has.
    async fn agents(&self, to: &Address) -> Result<usize, CallError> {
        let request = self.at(to).get(to.call(&["v1", "agents"])).headers(self.headers(to)?);
        let answer = request.timeout(CALL_LIMIT).send().await;
        let answer = answer.map_err(|e| answer::failure(&e, Asked::Other))?;
        if answer.status() != StatusCode::OK {
            return Err(answer::refusal(answer, Asked::Other).await);
        }
        let is_json = has_type(&answer, "application/json");
        if !is_json {
            return Err(answer::foreign(answer, Asked::Other).await);
        }
        let text = answer::beginning(answer).await;
        let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let list = value.as_array().or_else(|| value.get("agents")?.as_array());
        Ok(list.map_or(0, Vec::len))
    }

    pub(crate) fn at(&self, to: &Address) -> &reqwest::Client {
        if to.is_loopback() { &self.inside } else { &self.outside }
    }

    #[expect(clippy::unused_self, reason = "reads as what this client sends")]
    fn headers(&self, to: &Address) -> Result<HeaderMap, CallError> {
        let mut headers = HeaderMap::new();
        let key = to.key();
        if !key.is_empty() {
            let value = HeaderValue::from_str(key.expose()).map_err(|_| bad_key("key"))?;
            headers.insert(wire::KEY_HEADER, sensitive(value));
        }
        Ok(headers)
    }
}

pub(crate) fn sensitive(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

fn bad_key(what: &str) -> CallError {
    CallError::NotSent(Notice::new(
        ErrorCode::KeyRefused,
        format!("The {what} holds characters that no key can have."),
        "Nothing was sent.",
        "Enter it again in the settings.",
    ))
}

fn build(more: fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> reqwest::Client {
    // Fails where another part of the program chose it before, which is as good.
    rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
    let builder = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT_LIMIT)
        .tcp_keepalive(PROBE)
        .http2_keep_alive_interval(PROBE)
        .http2_keep_alive_timeout(PROBE)
        .http2_keep_alive_while_idle(true)
        .user_agent(concat!("regatta/", env!("CARGO_PKG_VERSION")));
    more(builder).build().expect("BUG: these settings fit together")
}

async fn stream(answer: Response, asked: Asked) -> Result<Stream, CallError> {
    if !answer.status().is_success() {
        return Err(answer::refusal(answer, asked).await);
    }
    // Compression wasn't asked for, so what comes compressed can't be read.
    let is_plain = answer.headers().get(CONTENT_ENCODING).is_none_or(|by| by == "identity");
    if !is_plain || !has_type(&answer, "text/event-stream") {
        return Err(answer::foreign(answer, asked).await);
    }
    let is_ours = answer.headers().contains_key(wire::RUN_HEADER);
    let beat = if is_ours { Duration::from_secs(wire::HEARTBEAT_S) } else { FOREIGN_BEAT };
    Ok(Stream::new(answer, beat))
}

fn has_type(answer: &Response, wanted: &str) -> bool {
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(wanted)
}
