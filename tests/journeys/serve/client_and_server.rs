//! Both ends at once: the engine of an app calls a real `regatta serve` through a proxy that
//! breaks the connection, and what a person sees is whole.

use super::*;
use crate::remote::wait_for as seen;
use regatta_engine::{BoxFuture, CredentialProvider, Engine, EngineOptions};
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::{
    BatchRequest, EndpointId, Secret, Status, TaskId, TaskRequest, UserMessage,
};
use regatta_tests::{Fault, FaultProxy, regatta_program};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

#[derive(Debug)]
struct EndpointKeys(Secret);

impl CredentialProvider for EndpointKeys {
    fn endpoint_key<'a>(&'a self, _: &'a Endpoint) -> BoxFuture<'a, Result<Secret, UserMessage>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }

    fn git_token<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Option<Secret>> {
        Box::pin(std::future::ready(None))
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn open_app_engine(env: &TestEnv, key: &str) -> Engine {
    let data_dir = env.root().join("app");
    let keys = Arc::new(EndpointKeys(Secret::new(key)));
    let options = EngineOptions::new(data_dir, regatta_program(), 3, keys);
    Engine::open(options).await.unwrap()
}

async fn printed_lines(engine: &Engine, task: &TaskId) -> Vec<String> {
    let page = engine.read_lines(task, 0, 999).await.unwrap();
    page.lines.into_iter().map(|line| line.text).filter(|text| text.starts_with("line")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn breaks_and_a_restart_of_the_app_lose_nothing_and_start_nothing_twice() {
    let env = TestEnv::new();
    let address = free_address();
    // The first answer ends in the middle; so does the one that goes on with it.
    let proxy = FaultProxy::start(address, [Fault::CutAt(1_500), Fault::ResetAt(900)]);
    let listen = address.to_string();
    let host = proxy.base_url().trim_start_matches("http://").to_owned();
    let served = TestServer::start(&env, &["--listen", &listen, "--host", &host]);
    let key = served.client.key.clone();

    let engine = open_app_engine(&env, &key).await;
    let id = EndpointId::parse("here").unwrap();
    let task = |name: &str, prompt: &str| TaskRequest {
        task_name: name.into(),
        prompt: prompt.into(),
        ..TaskRequest::default()
    };
    let request = BatchRequest {
        name: "Spring".into(),
        haiku: true,
        project: env.project().display().to_string(),
        endpoint: Some(Endpoint { id, name: "Here".into(), address: proxy.base_url() }),
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
    assert!(finished.outcome.unwrap().last_message.contains(model), "it is the one asked for");
    seen(&engine, &wait, |view| !view.questions.is_empty()).await;
    engine.close().await;

    let engine = open_app_engine(&env, &key).await;
    let asking = engine.task(&wait).await.unwrap();
    let question = asking.questions.first().cloned().expect("it goes on as it was");
    engine.answer(&wait, &question.id, &question.options[0].id).await.unwrap();
    let finished = seen(&engine, &wait, |view| view.status.is_over()).await;
    assert_eq!(finished.status, Status::Finished, "{:?}", finished.notice);
    assert_eq!(printed_lines(&engine, &print).await.len(), 40);
    assert_eq!(printed_lines(&engine, &wait).await.len(), 40);
    assert_eq!(proxy.invoke_count(), 1, "{:?}", proxy.requests());
    engine.close().await;
}
