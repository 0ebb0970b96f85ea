#![expect(clippy::unwrap_used, reason = "a test may fail anywhere")]

use super::super::conformance::{TestBehaviour, check_runner};
use super::*;
use crate::credentials::BoxFuture as Answer;
use crate::store::{self, BatchStart, Entry, NewBatch, NewTask};
use crate::store::{NewInvocation, Record};
use crate::test_endpoint::{ReceivedCall, TestEndpoint};
use regatta_protocol::worker::Author;
use regatta_protocol::{BatchId, EndpointId, Secret, TaskId};

#[derive(Debug)]
struct ConformanceKeys;

impl CredentialProvider for ConformanceKeys {
    fn endpoint_key<'a>(&'a self, _: &'a Endpoint) -> Answer<'a, Result<Secret, UserMessage>> {
        Box::pin(std::future::ready(Ok(Secret::new("hush"))))
    }

    fn git_token<'a>(&'a self, _: &'a str) -> Answer<'a, Option<Secret>> {
        Box::pin(std::future::ready(None))
    }
}

fn status_event(status: Status) -> Event {
    Event::Status { status, notice: None }
}

fn outcome_event(status: Status) -> Event {
    Event::Outcome(Outcome::without_work(status))
}

/// Plays what a task's name says.
async fn serve_calls(mut endpoint: TestEndpoint) {
    let mut waits: Option<ReceivedCall> = None;
    loop {
        let mut asked = endpoint.next_call().await;
        match (asked.request_line.as_str(), asked.task_names().first().copied().unwrap_or_default())
        {
            ("POST /invoke/stdout", "Finish") => {
                asked.start_stream(true).await;
                asked.send_attempt_started("Finish").await;
                asked.send_fact("Finish", &status_event(Status::Working)).await;
                for n in 0..200 {
                    asked.send_output("Finish", &format!("line {n}")).await;
                }
                asked.send_fact("Finish", &outcome_event(Status::Finished)).await;
                asked.send_end().await;
            }
            ("POST /invoke/stdout", "Wait") => {
                asked.start_stream(true).await;
                asked.send_attempt_started("Wait").await;
                asked.send_fact("Wait", &status_event(Status::Working)).await;
                waits = Some(asked);
            }
            ("POST /invoke/stdout", _) => asked.start_stream(false).await,
            (line, _) if line.ends_with("/tasks/Wait/reply") => {
                let said = format!("heard {}", asked.body["question"]);
                asked.respond("200 OK", serde_json::json!({})).await;
                waits.as_mut().unwrap().send_output("Wait", &said).await;
            }
            (line, _) if line.ends_with("/tasks/Wait/cancel") => {
                asked.respond("200 OK", serde_json::json!({})).await;
                let mut waits = waits.take().unwrap();
                waits.send_fact("Wait", &outcome_event(Status::Stopped)).await;
                waits.send_end().await;
            }
            (line, _) => panic!("{line}"),
        }
    }
}

/// A store with one batch whose tasks are called as what they play.
async fn create_store(dir: &std::path::Path, address: &str) -> (Log, Endpoint) {
    let log = Log::new(&store::open::open(dir, 1).unwrap());
    let endpoint = Endpoint {
        id: EndpointId::parse("e").unwrap(),
        name: "Here".into(),
        address: address.into(),
    };
    let new_task = |play: TestBehaviour| NewTask {
        id: TaskId::parse(&format!("{play:?}").to_lowercase()).unwrap(),
        name: format!("{play:?}"),
        prompt: "do".into(),
        time_limit_s: None,
        extra: Default::default(),
    };
    let author = Author { name: "A".into(), email: "a@example.invalid".into() };
    let (project, commit) = ("https://example.invalid/r".to_owned(), String::new());
    let batch = NewBatch {
        place: crate::places::sample_place(&[]),
        id: BatchId::parse("b").unwrap(),
        at: 1,
        idempotency_key: None,
        request: BatchRequest { endpoint: Some(endpoint.clone()), ..BatchRequest::default() },
        title: "b".into(),
        start_from: String::new(),
        start: BatchStart { project, cache: String::new(), commit, author, publish: false },
        max_parallel: 3,
        tasks: [TestBehaviour::Finish, TestBehaviour::Wait, TestBehaviour::Die]
            .map(new_task)
            .into(),
    };
    log.create(batch).await.unwrap();
    for (number, task) in (1..).zip(["finish", "wait", "die"]) {
        let id = TaskId::parse(task).unwrap();
        let event = Event::Attempt { number, continues: false, message: String::new() };
        log.append(vec![Entry { task: id.clone(), attempt: number, at: 1, event }]).await.unwrap();
        let new = NewInvocation {
            id: format!("i-{task}"),
            batch: BatchId::parse("b").unwrap(),
            attempts: vec![(id, number)],
            follow_up: None,
        };
        log.write_record(Record::Planned(new)).unwrap().wait().await.unwrap();
    }
    (log, endpoint)
}

#[tokio::test]
async fn an_endpoint_keeps_to_the_contract() {
    let scripted = TestEndpoint::new().await;
    let dir = tempfile::tempdir().unwrap();
    let (log, endpoint) = create_store(dir.path(), &scripted.address).await;
    let playing = tokio::spawn(serve_calls(scripted));
    let means = CloudDeps {
        keys: Arc::new(ConformanceKeys),
        tokens: BatchTokens::default(),
        timing: Timing::default(),
    };
    let runner = CloudRunner::new(log, means, || 1);
    let invoked = |id: &AttemptId, _| CallTask {
        invocation: Invocation {
            id: format!("i-{}", id.task),
            batch: BatchId::parse("b").unwrap(),
            may_have_left: false,
            run: None,
            follow_up: None,
        },
        endpoint: endpoint.clone(),
        request: BatchRequest::default(),
        title: "b".into(),
    };
    tokio::select! {
        () = check_runner(&runner, invoked) => {}
        ended = playing => ended.unwrap(),
    }
}
