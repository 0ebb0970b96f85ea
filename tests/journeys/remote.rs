//! Batches on a repository that is on another computer: where they start, what becomes of
//! their results, and that a token is nowhere but where it must be.

use regatta_engine::{Engine, EngineError, EngineOptions, NoCredentials, StartOptions};
use regatta_protocol::view::BatchDetail;
use regatta_protocol::{BatchRequest, ErrorCode, Secret, Status, TaskId, TaskRequest, TaskView};
use regatta_tests::{GitHost, READ_TOKEN, TOKEN, TestEnv, regatta_program};
use std::sync::Arc;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) async fn open_engine(env: &TestEnv) -> Engine {
    let keys = Arc::new(NoCredentials);
    let options = EngineOptions::new(env.data_dir(), regatta_program(), 3, keys);
    Engine::open(options).await.unwrap()
}

pub(crate) fn batch_request(address: &str, prompt: &str) -> BatchRequest {
    let task = TaskRequest {
        task_name: "Fix footer".into(),
        prompt: prompt.into(),
        ..TaskRequest::default()
    };
    BatchRequest {
        name: "Spring".into(),
        project: address.into(),
        parallel_tasks: vec![task],
        ..BatchRequest::default()
    }
}

pub(crate) fn publish_options(token: &str) -> StartOptions {
    StartOptions { token: Some(Secret::new(token)), publish: true, ..StartOptions::default() }
}

/// The task as soon as `done` says yes.
pub(crate) async fn wait_for(
    engine: &Engine,
    task: &TaskId,
    done: impl Fn(&TaskView) -> bool,
) -> TaskView {
    let wait = async {
        let mut seen = 0;
        loop {
            let view = engine.task(task).await.unwrap();
            if done(&view) {
                return view;
            }
            seen = engine.wait_for_changes(seen).await.revision;
        }
    };
    tokio::time::timeout(TIMEOUT, wait).await.expect("it takes too long")
}

async fn start_batch(engine: &Engine, request: BatchRequest, options: StartOptions) -> BatchDetail {
    engine.start_with(request, options).await.unwrap().detail
}

async fn wait_until_over(engine: &Engine, batch: &BatchDetail) -> TaskView {
    wait_for(engine, &batch.tasks[0].id, |view| view.status.is_over()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_becomes_a_branch_of_the_remote_and_is_found_there() {
    let (env, host) = (TestEnv::new(), GitHost::http());
    host.add_repository("shop", &env.project());
    let engine = open_engine(&env).await;
    let asked = batch_request(&host.url("shop"), "write a.txt: a");
    let batch = start_batch(&engine, asked.clone(), publish_options(TOKEN)).await;
    assert_eq!(batch.batch.start_from, "main");
    let task = wait_until_over(&engine, &batch).await;
    assert_eq!((task.status, task.notice), (Status::Finished, None));
    assert_eq!(task.branch.as_deref(), Some("regatta/spring/fix-footer"));
    let commit = task.outcome.unwrap().commit;
    let look = engine.find_remote_branch(&task.id).await.unwrap();
    assert_eq!((look.commit, look.commits_ahead), (commit.clone(), Some(1)));

    // The branch is told before the end is.
    let events = engine.events(&batch.batch.id, 0, 500).await.unwrap();
    let events: Vec<String> = events.iter().map(|event| format!("{:?}", event.event)).collect();
    let place = |word: &str| events.iter().position(|event| event.starts_with(word)).unwrap();
    assert!(place("Published") < place("Outcome"), "{events:#?}");

    // What follows it starts from there, and has a branch of its own.
    let next = BatchRequest { thread_id: task.id.to_string(), ..asked };
    let next = start_batch(&engine, next, publish_options(TOKEN)).await;
    assert_eq!(Some(next.batch.start_commit.clone()), commit);
    let next = wait_until_over(&engine, &next).await;
    assert_eq!(next.status, Status::Finished);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_can_not_be_shared_is_kept_and_says_so() {
    let (env, host) = (TestEnv::new(), GitHost::http());
    for name in ["shop", "public-shop"] {
        host.add_repository(name, &env.project());
    }
    let engine = open_engine(&env).await;
    for (name, token) in [("shop", READ_TOKEN), ("public-shop", "")] {
        let asked = batch_request(&host.url(name), "write a.txt: a");
        let task =
            wait_until_over(&engine, &start_batch(&engine, asked, publish_options(token)).await)
                .await;
        assert_eq!((task.status, task.branch.as_ref()), (Status::Finished, None), "{name}");
        let outcome = task.outcome.unwrap();
        assert!(outcome.commit.is_some());
        let notice = outcome.notice.unwrap();
        assert_eq!(notice.code, ErrorCode::TokenRefused, "{notice}");
        assert!(notice.impact.contains("kept"), "{notice}");
        assert_eq!(engine.read_changes(&task.id).await.unwrap().files.len(), 1);
    }
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_gets_its_branch_by_itself_only_where_that_is_wanted() {
    let env = TestEnv::new();
    let engine = open_engine(&env).await;
    let asked = batch_request(env.project().to_str().unwrap(), "write a.txt: a");
    let alone = start_batch(&engine, asked.clone(), StartOptions::default()).await;
    assert_eq!(wait_until_over(&engine, &alone).await.branch, None);
    let task =
        wait_until_over(&engine, &start_batch(&engine, asked, publish_options("")).await).await;
    let branch = task.branch.unwrap();
    assert_eq!(Some(env.git(&["rev-parse", &branch])), task.outcome.unwrap().commit);
    assert_eq!(env.git(&["status", "--porcelain"]), "");
    engine.close().await;
}

/// It did something, and then its service wanted patience.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_task_did_before_it_was_held_is_shared_when_it_is_stopped() {
    let env = TestEnv::new();
    let engine = open_engine(&env).await;
    let prompt = "write a.txt: a\nfail usage limit reached";
    let asked = batch_request(env.project().to_str().unwrap(), prompt);
    let batch = start_batch(&engine, asked, publish_options("")).await;
    let task = batch.tasks[0].id.clone();
    let held = wait_for(&engine, &task, |view| view.status == Status::Paused).await;
    assert_eq!((held.attempt, held.branch), (2, None));
    engine.stop_task(&task).await.unwrap();
    let task = wait_until_over(&engine, &batch).await;
    assert_eq!((task.status, task.totals.files), (Status::Stopped, 1));
    let branch = task.branch.unwrap();
    assert_eq!(Some(env.git(&["rev-parse", &branch])), task.outcome.unwrap().commit);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_start_is_refused_before_anything_does() {
    let (env, host) = (TestEnv::new(), GitHost::http());
    host.add_repository("shop", &env.project());
    let engine = open_engine(&env).await;
    let shop = host.url("shop");
    let with = |change: fn(&mut BatchRequest)| {
        let mut asked = batch_request(&shop, "write a.txt: a");
        change(&mut asked);
        asked
    };
    for (asked, token, field, code) in [
        (with(|_| ()), "", "project", ErrorCode::TokenRefused),
        (with(|_| ()), "wrong", "project", ErrorCode::TokenRefused),
        (with(|r| r.start_from = "gone".into()), TOKEN, "branch", ErrorCode::BranchMissing),
        (with(|r| r.thread_id = "nothing".into()), TOKEN, "thread", ErrorCode::NotFound),
        (with(|r| r.project += "x"), TOKEN, "project", ErrorCode::RemoteFailed),
        (with(|r| r.project = "ssh://host/r".into()), TOKEN, "project", ErrorCode::BadRequest),
    ] {
        let EngineError::BadRequest(problems) =
            engine.start_with(asked, publish_options(token)).await.unwrap_err()
        else {
            panic!("{field}")
        };
        assert_eq!((problems[0].field.as_str(), problems[0].notice.code), (field, code));
    }
    assert!(engine.running_batches().await.unwrap().is_empty());
    engine.close().await;
}
