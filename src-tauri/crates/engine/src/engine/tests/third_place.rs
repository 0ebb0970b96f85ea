//! A third kind of place needs its runner and its settings, and nothing else: here one that works
//! in copies on this computer as if it were a cluster.

use super::*;
use crate::engine::open::Opening;
use crate::places::{PlaceHost, PlaceSpec};
use crate::runner::{
    AttemptId, AttemptState, Continuation, EventReceiver, LocalRunner, Progress, Runner,
};
use crate::scheduler::PersistedQueue;
use crate::store::TaskFacts;
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::event::Outcome;
use regatta_protocol::worker::{WorkerControl, WorkerTask};
use regatta_protocol::{Capability, EndpointId, Event};

const CLUSTER: &str = "https://cluster.example.invalid";

/// Workers of this computer, with fewer capabilities.
#[derive(Debug)]
struct ClusterRunner(LocalRunner);

impl Runner for ClusterRunner {
    type Task = WorkerTask;

    fn capabilities(&self) -> &'static [Capability] {
        &[Capability::LocalFolder, Capability::LocalCopies, Capability::Diff, Capability::Publish]
    }

    async fn prepare(
        &self,
        id: &AttemptId,
        facts: TaskFacts,
        continuation: Option<Continuation>,
    ) -> Result<WorkerTask, EngineError> {
        self.0.prepare(id, facts, continuation).await
    }

    async fn submit(&self, id: &AttemptId, task: &WorkerTask) -> Result<(), UserMessage> {
        self.0.submit(id, task).await
    }

    async fn events(&self, id: &AttemptId) -> Result<EventReceiver, UserMessage> {
        self.0.events(id).await
    }

    async fn status(&self, id: &AttemptId) -> AttemptState {
        self.0.status(id).await
    }

    async fn send(&self, id: &AttemptId, control: WorkerControl) {
        self.0.send(id, control).await;
    }

    async fn list(&self) -> Vec<AttemptId> {
        self.0.list().await
    }

    async fn finalise(
        &self,
        id: &AttemptId,
        task: &WorkerTask,
        progress: &Progress,
    ) -> Option<(Vec<Event>, Outcome)> {
        self.0.finalise(id, task, progress).await
    }

    async fn release(&self, id: &AttemptId) {
        self.0.release(id).await;
    }

    async fn detach(&self) {
        self.0.detach().await;
    }
}

/// Opens an engine that knows clusters, too.
async fn open(fixture: &EngineFixture) -> Engine {
    let opening = Opening::new(fixture.options.clone()).await.unwrap();
    let driver = opening.driver(ClusterRunner(opening.local_runner()));
    let accepts = |endpoint: Option<&Endpoint>| endpoint.is_some_and(|e| e.address == CLUSTER);
    let spec = PlaceSpec::new("cluster", accepts, &driver.runner);
    let host = PlaceHost::start(spec, driver, u32::MAX, PersistedQueue::default());
    opening.finish(vec![host]).await.unwrap()
}

fn request(fixture: &EngineFixture, prompts: &[&str]) -> BatchRequest {
    let (id, name) = (EndpointId::parse("c").unwrap(), "Cluster".to_owned());
    let endpoint = Some(Endpoint { id, name, address: CLUSTER.to_owned() });
    BatchRequest { endpoint, max_parallel: Some(1), ..fixture.request(prompts) }
}

#[tokio::test]
async fn a_third_place_runs_stops_and_retries_and_refuses_what_it_cannot() {
    let mut fixture = EngineFixture::new().await;
    fixture.options.limit = 1;
    let engine = open(&fixture).await;
    // Neither a key nor a number at the same time is asked of it.
    let wide = BatchRequest { max_parallel: Some(999), ..request(&fixture, &["out x"]) };
    assert_eq!(engine.check(&wide).await, []);
    let started = engine.start(request(&fixture, &["out one", "session; hang", "hang"])).await;
    let started = started.unwrap();
    let [one, two, three] = [0, 1, 2].map(|n: usize| started.tasks[n].id.clone());
    assert_eq!(started.tasks[0].agent, "", "who works there is its own business");

    // No limit of ours holds them, and nothing of it counts as busy here.
    wait_until(&engine, &two, |view| view.session.is_some()).await;
    wait_for_status(&engine, &three, Status::Working).await;
    assert_eq!((engine.place().busy, engine.place().waiting), (0, 0));
    assert!(matches!(engine.run_next(&three).await, Err(EngineError::WrongState(_))));
    let said = engine.send_message(&two, "Hurry", false).await;
    assert!(matches!(said, Err(EngineError::WrongState(_))), "it passes no messages on");

    wait_for_status(&engine, &one, Status::Finished).await;
    assert_eq!(engine.read_changes(&one).await.unwrap().totals.files, 0);
    assert!(matches!(engine.continue_task(&one).await, Err(EngineError::WrongState(_))));
    assert!(matches!(engine.continue_with(&one, "").await, Err(EngineError::WrongState(_))));

    engine.stop_task(&two).await.unwrap();
    wait_for_status(&engine, &two, Status::Stopped).await;
    engine.retry(&[one.clone(), two.clone()]).await.unwrap();
    wait_until(&engine, &one, |v| v.attempt == 2 && v.status == Status::Finished).await;
    wait_until(&engine, &two, |v| v.attempt == 2 && v.status == Status::Working).await;

    // A batch of this computer beside it has the queue to itself.
    let here = fixture.start(&engine, &["out here"]).await;
    let here = wait_for_status(&engine, &here.tasks[0].id, Status::Finished).await;
    assert_eq!(here.agent, "Practice agent");
    engine.close().await;
    drop(engine);

    // It ends with us, as it can't be left alone.
    let engine = open(&fixture).await;
    for task in [&two, &three] {
        assert_eq!(engine.task(task).await.unwrap().status, Status::Stopped);
    }
    engine.close().await;
}
