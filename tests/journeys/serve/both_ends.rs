//! Both ends at once: the engine of an app calls a real `regatta serve` through a proxy that
//! breaks the connection, and what a person sees is whole.

use super::*;
use crate::remote::until as seen;
use regatta_engine::{Asked, Engine, EngineOptions, Keys};
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::{BatchRequest, EndpointId, Notice, Secret, Status, TaskId, TaskRequest};
use regatta_tests::{Fault, FaultProxy, program};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

#[derive(Debug)]
struct ItsKey(Secret);

impl Keys for ItsKey {
    fn endpoint_key<'a>(&'a self, _: &'a Endpoint) -> Asked<'a, Result<Secret, Notice>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }

    fn git_token<'a>(&'a self, _: &'a str) -> Asked<'a, Option<Secret>> {
        Box::pin(std::future::ready(None))
    }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn app(yard: &Yard, key: &str) -> Engine {
    let data_dir = yard.root().join("app");
    let keys = Arc::new(ItsKey(Secret::new(key)));
    let options = EngineOptions::new(data_dir, program(), 3, keys);
    Engine::open(options).await.unwrap()
}

async fn transcript(engine: &Engine, task: &TaskId) -> Vec<String> {
    let page = engine.read_lines(task, 0, 999).await.unwrap();
    page.lines.into_iter().map(|line| line.text).filter(|text| text.starts_with("line")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn breaks_and_a_restart_of_the_app_lose_nothing_and_start_nothing_twice() {
    let yard = Yard::new();
    let address = free();
    // The first answer ends in the middle; so does the one that goes on with it.
    let proxy = FaultProxy::before(address, [Fault::CutAt(1_500), Fault::ResetAt(900)]);
    let listen = address.to_string();
    let host = proxy.base().trim_start_matches("http://").to_owned();
    let served = Served::start(&yard, &["--listen", &listen, "--host", &host]);
    let key = served.caller.key.clone();

    let engine = app(&yard, &key).await;
    let id = EndpointId::parse("here").unwrap();
    let task = |name: &str, prompt: &str| TaskRequest {
        task_name: name.into(),
        prompt: prompt.into(),
        ..TaskRequest::default()
    };
    let request = BatchRequest {
        name: "Spring".into(),
        haiku: true,
        repo_url: yard.project().display().to_string(),
        endpoint: Some(Endpoint { id, name: "Here".into(), address: proxy.base() }),
        parallel_tasks: vec![
            task("Print", "print 40 lines\nwrite a.txt: a\nsettings"),
            task("Wait", "print 20 lines\nask Go on? | Yes | No\nprint 20 lines"),
        ],
        ..BatchRequest::default()
    };
    let batch = engine.start(request).await.unwrap();
    let [print, wait] = [0, 1].map(|n: usize| batch.tasks[n].id.clone());
    let finished = seen(&engine, &print, |view| view.status.is_over()).await;
    assert_eq!(finished.status, Status::Finished, "{:?}", finished.notice);
    assert!(finished.branch.is_some(), "its result is a branch of the repository");
    let model = "model haiku";
    assert!(finished.outcome.unwrap().last_words.contains(model), "it is the one asked for");
    seen(&engine, &wait, |view| !view.questions.is_empty()).await;
    engine.close().await;

    let engine = app(&yard, &key).await;
    let asking = engine.task(&wait).await.unwrap();
    let question = asking.questions.first().cloned().expect("it goes on as it was");
    engine.answer(&wait, &question.id, &question.options[0].id).await.unwrap();
    let finished = seen(&engine, &wait, |view| view.status.is_over()).await;
    assert_eq!(finished.status, Status::Finished, "{:?}", finished.notice);
    assert_eq!(transcript(&engine, &print).await.len(), 40);
    assert_eq!(transcript(&engine, &wait).await.len(), 40);
    assert_eq!(proxy.posts(), 1, "{:?}", proxy.seen());
    engine.close().await;
}
