//! Tasks at an endpoint, from the request to what a person sees, against an endpoint that
//! answers what the test says.

mod disconnects;
mod event_shapes;
mod regatta_server;

use super::*;
use crate::test_endpoint::{ReceivedCall, TestEndpoint};
use crate::{BoxFuture as Answer, CredentialProvider};
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::{EndpointId, ErrorCode, Secret};
use serde_json::json;

const KEY: &str = "key-of-the-endpoint";

#[derive(Debug)]
struct SingleKeyProvider;

impl CredentialProvider for SingleKeyProvider {
    fn endpoint_key<'a>(&'a self, _: &'a Endpoint) -> Answer<'a, Result<Secret, UserMessage>> {
        Box::pin(std::future::ready(Ok(Secret::new(KEY))))
    }

    fn git_token<'a>(&'a self, _: &'a str) -> Answer<'a, Option<Secret>> {
        Box::pin(std::future::ready(None))
    }
}

/// An engine and an endpoint.
struct EndpointFixture {
    engine: EngineFixture,
    endpoint: TestEndpoint,
}

impl EndpointFixture {
    async fn new() -> Self {
        let mut fixture = EngineFixture::new().await;
        fixture.options.credentials = Arc::new(SingleKeyProvider);
        Self { engine: fixture, endpoint: TestEndpoint::new().await }
    }

    async fn start(&self, engine: &Engine, tasks: &[&str]) -> BatchDetail {
        engine.start(self.request(tasks)).await.unwrap()
    }

    fn request(&self, tasks: &[&str]) -> BatchRequest {
        let id = EndpointId::parse("e").unwrap();
        let address = self.endpoint.address.clone();
        let task = |name: &&str| TaskRequest {
            task_name: (*name).to_owned(),
            prompt: format!("do {name}"),
            ..TaskRequest::default()
        };
        BatchRequest {
            endpoint: Some(Endpoint { id, name: "There".into(), address }),
            parallel_tasks: tasks.iter().map(task).collect(),
            ..self.engine.request(&[])
        }
    }
}

/// A task's transcript.
async fn transcript_lines(engine: &Engine, task: &TaskId) -> Vec<String> {
    let page = engine.read_lines(task, 0, 999).await.unwrap();
    page.lines.into_iter().map(|line| line.text).collect()
}

/// Sends an event of a foreign service.
async fn send_foreign_event(call: &mut ReceivedCall, kind: &str, data: serde_json::Value) {
    call.send_raw(&format!("event: {kind}\ndata: {data}\n\n")).await;
}

async fn send_foreign_output(call: &mut ReceivedCall, task: &str, text: &str) {
    send_foreign_event(call, "custom", json!({ "task_name": task, "stdout": text })).await;
}

#[tokio::test]
async fn a_foreign_service_gets_one_documented_call_and_its_word_is_taken() {
    let mut fixture = EndpointFixture::new().await;
    let engine = fixture.engine.open().await;
    let detail = fixture.start(&engine, &["one", "two"]).await;
    let [one, two] = [0, 1].map(|n: usize| detail.tasks[n].id.clone());
    let mut call = fixture.endpoint.next_call().await;
    assert_eq!(
        (call.request_line.as_str(), call.task_names()),
        ("POST /invoke/stdout", vec!["one", "two"])
    );
    assert_eq!(call.key_headers().0, KEY);
    assert_eq!(call.body["parallel_tasks"][1]["prompt"], "do two");
    assert_eq!(call.body["repo_url"], fixture.engine.project);
    assert_eq!(engine.task(&one).await.unwrap().status, Status::Waiting);

    call.start_stream(false).await;
    wait_for_status(&engine, &one, Status::Working).await;
    send_foreign_output(&mut call, "two", "second: on").await;
    send_foreign_output(&mut call, "one", "first\n").await;
    send_foreign_output(&mut call, "two", "e\nsecond: two").await;
    send_foreign_output(&mut call, "", "for all\n").await;
    send_foreign_event(&mut call, "end", json!(null)).await;
    drop(call);
    let finished = wait_for_status(&engine, &two, Status::Finished).await;
    assert!(finished.outcome.unwrap().exit_status.contains("end"));
    wait_for_status(&engine, &one, Status::Finished).await;
    let said = transcript_lines(&engine, &two).await;
    assert_eq!(said[..2], ["second: one", "second: two"]);
    assert!(said[2].contains("doesn't say how each task went"), "{said:?}");

    let detail = engine.batch(&detail.batch.id).await.unwrap();
    assert_eq!((detail.tasks.len(), detail.batch.counts.total()), (2, 2));
    let whole = detail.batch_channel.unwrap();
    assert!(whole.is_batch_channel);
    wait_until(&engine, &whole.id, |view| view.last_line == "for all").await;
    assert_eq!(engine.place().busy, 0, "how busy this computer is");
    assert!(fixture.endpoint.is_idle());
    engine.close().await;
}

#[tokio::test]
async fn what_a_service_refuses_is_said_and_nothing_is_sent_again() {
    for (status, code) in [
        ("401 Unauthorized", ErrorCode::KeyRefused),
        ("429 Too Many Requests", ErrorCode::UsageLimit),
        ("500 Oh", ErrorCode::EndpointFailed),
    ] {
        let mut fixture = EndpointFixture::new().await;
        let engine = fixture.engine.open().await;
        let detail = fixture.start(&engine, &["one"]).await;
        fixture.endpoint.next_call().await.respond(status, json!({ "detail": "because" })).await;
        let failed = wait_for_status(&engine, &detail.tasks[0].id, Status::Failed).await;
        assert_eq!(failed.notice.unwrap().code, code);
        assert!(fixture.endpoint.is_idle());
        engine.close().await;
    }
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_got_nothing() {
    let mut fixture = EndpointFixture::new().await;
    let engine = fixture.engine.open().await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    fixture.endpoint.address = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let detail = fixture.start(&engine, &["one"]).await;
    let failed = wait_for_status(&engine, &detail.tasks[0].id, Status::Failed).await;
    let notice = failed.notice.unwrap();
    assert_eq!(notice.code, ErrorCode::EndpointUnreachable);
    assert!(notice.impact.contains("Nothing was started"), "{notice:?}");
    engine.close().await;
}

#[tokio::test]
async fn the_same_request_with_the_same_key_is_one_batch() {
    let mut fixture = EndpointFixture::new().await;
    let engine = fixture.engine.open().await;
    let keyed = |tasks: &[&str]| {
        let options = StartOptions { idempotency_key: Some("k".into()), ..StartOptions::default() };
        engine.start_with(fixture.request(tasks), options)
    };
    let (one, two) = tokio::join!(keyed(&["one"]), keyed(&["one"]));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.detail.batch.id, two.detail.batch.id);
    assert_ne!(one.was_joined, two.was_joined);
    assert!(keyed(&["one"]).await.unwrap().was_joined);
    assert!(matches!(keyed(&["other"]).await, Err(EngineError::KeyReused)));
    let mut call = fixture.endpoint.next_call().await;
    call.start_stream(false).await;
    wait_for_status(&engine, &one.detail.tasks[0].id, Status::Working).await;
    assert!(fixture.endpoint.is_idle());
    engine.close().await;
}
