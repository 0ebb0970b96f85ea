#![expect(clippy::unwrap_used, reason = "a test may fail anywhere")]

use super::super::conformance::{Play, check};
use super::*;
use crate::keys::Asked as Answer;
use crate::scripted::{Asked, Scripted};
use crate::store::invocations::{NewInvocation, Note};
use crate::store::{self, BatchStart, Entry, NewBatch, NewTask};
use regatta_protocol::worker::Author;
use regatta_protocol::{BatchId, EndpointId, Secret, TaskId};

#[derive(Debug)]
struct OneKey;

impl Keys for OneKey {
    fn endpoint_key<'a>(&'a self, _: &'a Endpoint) -> Answer<'a, Result<Secret, Notice>> {
        Box::pin(std::future::ready(Ok(Secret::new("hush"))))
    }

    fn git_token<'a>(&'a self, _: &'a str) -> Answer<'a, Option<Secret>> {
        Box::pin(std::future::ready(None))
    }
}

fn status(status: Status) -> Event {
    Event::Status { status, notice: None }
}

fn outcome(status: Status) -> Event {
    Event::Outcome(Outcome::without_work(status))
}

/// Plays what a task's name says.
async fn play(mut endpoint: Scripted) {
    let mut waits: Option<Asked> = None;
    loop {
        let mut asked = endpoint.next().await;
        match (asked.line.as_str(), asked.names().first().copied().unwrap_or_default()) {
            ("POST /invoke/stdout", "Finish") => {
                asked.accept(true).await;
                asked.began("Finish").await;
                asked.tells("Finish", &status(Status::Working)).await;
                for n in 0..200 {
                    asked.prints("Finish", &format!("line {n}")).await;
                }
                asked.tells("Finish", &outcome(Status::Finished)).await;
                asked.ends().await;
            }
            ("POST /invoke/stdout", "Wait") => {
                asked.accept(true).await;
                asked.began("Wait").await;
                asked.tells("Wait", &status(Status::Working)).await;
                waits = Some(asked);
            }
            ("POST /invoke/stdout", _) => asked.accept(false).await,
            (line, _) if line.ends_with("/tasks/Wait/reply") => {
                let said = format!("heard {}", asked.body["question"]);
                asked.answer("200 OK", serde_json::json!({})).await;
                waits.as_mut().unwrap().prints("Wait", &said).await;
            }
            (line, _) if line.ends_with("/tasks/Wait/cancel") => {
                asked.answer("200 OK", serde_json::json!({})).await;
                let mut waits = waits.take().unwrap();
                waits.tells("Wait", &outcome(Status::Stopped)).await;
                waits.ends().await;
            }
            (line, _) => panic!("{line}"),
        }
    }
}

/// A store with one batch whose tasks are called as what they play.
async fn store(dir: &std::path::Path, address: &str) -> (Log, Endpoint) {
    let log = Log::of(&store::open::open(dir, 1).unwrap());
    let endpoint = Endpoint {
        id: EndpointId::parse("e").unwrap(),
        name: "Here".into(),
        address: address.into(),
    };
    let new_task = |play: Play| NewTask {
        id: TaskId::parse(&format!("{play:?}").to_lowercase()).unwrap(),
        name: format!("{play:?}"),
        prompt: "do".into(),
        time_limit_s: None,
        extra: Default::default(),
    };
    let author = Author { name: "A".into(), email: "a@example.invalid".into() };
    let (project, commit) = ("https://example.invalid/r".to_owned(), String::new());
    let batch = NewBatch {
        id: BatchId::parse("b").unwrap(),
        at: 1,
        idempotency_key: None,
        request: BatchRequest { endpoint: Some(endpoint.clone()), ..BatchRequest::default() },
        title: "b".into(),
        start_from: String::new(),
        start: BatchStart { project, cache: String::new(), commit, author, share: false },
        max_parallel: 3,
        tasks: [Play::Finish, Play::Wait, Play::Die].map(new_task).into(),
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
        log.keep(Note::Planned(new)).unwrap().wait().await.unwrap();
    }
    (log, endpoint)
}

#[tokio::test]
async fn an_endpoint_keeps_to_the_contract() {
    let scripted = Scripted::new().await;
    let dir = tempfile::tempdir().unwrap();
    let (log, endpoint) = store(dir.path(), &scripted.address).await;
    let playing = tokio::spawn(play(scripted));
    let means =
        Means { keys: Arc::new(OneKey), tokens: Tokens::default(), timing: Timing::default() };
    let runner = Cloud::new(log, means, || 1);
    let invoked = |id: &AttemptId, _| Invoked {
        invocation: Invocation {
            id: format!("i-{}", id.task),
            batch: BatchId::parse("b").unwrap(),
            sent: false,
            run: None,
            follow_up: None,
        },
        endpoint: endpoint.clone(),
        request: BatchRequest::default(),
        title: "b".into(),
    };
    tokio::select! {
        () = check(&runner, invoked) => {}
        ended = playing => ended.unwrap(),
    }
}
