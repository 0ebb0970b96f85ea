//! Requests of programs that nobody here wrote.

use crate::http_client::{HttpResponse, StreamingResponse};
use crate::server_env::ServerEnv;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

async fn assert_refused(env: &ServerEnv, body: &Value, said: &str) {
    let answer = env.client.post("/invoke/stdout", body).await;
    assert_eq!(answer.status, 400, "{:.200}: {}", body.to_string(), answer.text());
    assert!(answer.text().contains(said), "{said}: {}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn null_is_what_is_not_given() {
    let env = ServerEnv::new().await;
    let mut body = env.batch_body(&["Do it"]);
    for field in [
        "github_token",
        "messages",
        "branch",
        "haiku",
        "thread_id",
        "name",
        "agent",
        "model",
        "max_parallel",
    ] {
        body[field] = Value::Null;
    }
    for field in ["time_limit_s", "agent", "model"] {
        body["parallel_tasks"][0][field] = Value::Null;
    }
    assert_eq!(env.client.post("/invoke/stdout", &body).await.status, 200);
    let mut body = env.batch_body(&["Do it"]);
    body["parallel_tasks"] = Value::Null;
    body["messages"] = json!([{"type": "human", "content": "Do it"}]);
    assert_eq!(env.client.post("/invoke/stdout", &body).await.status, 200);
    body["messages"][0]["content"] = Value::Null;
    assert_refused(&env, &body, "doesn't say what to do").await;
    body["repo_url"] = Value::Null;
    assert_refused(&env, &body, "repository").await;
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_named() {
    let env = ServerEnv::new().await;
    let body = env.batch_body(&["Do it"]).to_string();
    let send = async |kind: &'static str, encoding: &str, body: &[u8]| {
        let mut headers = env.client.headers();
        headers.push(("content-type", kind.to_owned()));
        headers.push(("content-encoding", encoding.to_owned()));
        env.client.send("POST", "/invoke/stdout", &headers, body).await
    };
    let gzip = send("application/json", "gzip", b"\x1f\x8b\x08\x00").await;
    assert_eq!(gzip.status, 415, "{}", gzip.text());
    assert!(gzip.text().contains("Content-Encoding"), "{}", gzip.text());
    assert_eq!(send("application/json", "identity", body.as_bytes()).await.status, 200);

    for body in [
        json!(["https://host/a/b", "", [], [["t", "Do it"]]]),
        json!({"repo_url": "https://host/a/b", "parallel_tasks": [["t", "Do it"]]}),
        json!("x"),
        json!(null),
    ] {
        assert_refused(&env, &body, "{ }").await;
    }
    for name in [".", ".."] {
        let mut body = env.batch_body(&["Do it"]);
        body["parallel_tasks"][0]["task_name"] = json!(name);
        assert_refused(&env, &body, "can't be named").await;
    }
    for (path, status) in [
        ("/v1/runs?status=done", 400),
        ("/v1/runs?limit=1&order=up", 400),
        ("/v1/runs/none/events?from=3", 400),
        ("/v1/agents?x", 400),
        ("/healthz?x=1", 400),
        ("/v1/runs?limit=1", 200),
        ("/v1/runs?", 200),
        ("/nowhere?x=1", 404),
    ] {
        assert_eq!(env.client.request("GET", path).await.status, status, "{path}");
    }
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_too_long_is_refused_before_it_is_built() {
    let env = ServerEnv::new().await;
    // 3 MB of empty tasks, and then no JSON: what isn't read can't be found to be wrong.
    let body = format!(r#"{{"repo_url":"x","parallel_tasks":[{}oops"#, "{},".repeat(1_000_000));
    let mut headers = env.client.headers();
    headers.push(("content-type", "application/json".into()));
    let answer = env.client.send("POST", "/invoke/stdout", &headers, body.as_bytes()).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("more than 200 entries"), "{}", answer.text());
    let body = format!(r#"{{"repo_url":"x","messages":[{}oops"#, "{},".repeat(1_000_000));
    let answer = env.client.send("POST", "/invoke/stdout", &headers, body.as_bytes()).await;
    assert!(answer.text().contains("more than 1000 entries"), "{}", answer.text());
    env.shut_down().await;
}

/// A value that no field is meant to have.
fn extreme() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        Just(json!(1_u64 << 63)),
        Just(json!(u64::MAX)),
        Just(json!(-1)),
        Just(json!(0)),
        Just(json!(1e300)),
        Just(json!(0.5)),
        Just(json!("\u{0}\u{202e}")),
        "\\PC{0,40}".prop_map(Value::from),
        Just(json!([[]])),
        Just(json!({})),
        any::<bool>().prop_map(Value::from),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_extreme_of_any_field_is_a_fault_of_ours() {
    let env = ServerEnv::new().await;
    let whole =
        ["repo_url", "github_token", "messages", "branch", "haiku", "thread_id", "name", "agent"];
    let whole = whole.into_iter().chain(["model", "max_parallel", "parallel_tasks"]);
    let task = ["task_name", "prompt", "time_limit_s", "agent", "model"].into_iter();
    let fields: Vec<_> = whole.map(|f| (f, false)).chain(task.map(|f| (f, true))).collect();
    let mut runner = TestRunner::new(Config { cases: 300, ..Config::default() });
    let handle = tokio::runtime::Handle::current();
    let cases = (prop::sample::select(fields), extreme());
    let ran = tokio::task::block_in_place(|| {
        runner.run(&cases, |((field, is_of_task), value)| {
            let mut body = env.batch_body(&["Do it"]);
            let holder = if is_of_task { &mut body["parallel_tasks"][0] } else { &mut body };
            holder[field] = value;
            let answer = handle.block_on(env.client.post("/invoke/stdout", &body));
            prop_assert!(answer.status < 500, "{} {}: {}", answer.status, body, answer.text());
            Ok(())
        })
    });
    ran.unwrap();
    for limit in [u64::MAX, 1 << 63, 1 << 40] {
        let mut body = env.batch_body(&["Do it"]);
        body["parallel_tasks"][0]["time_limit_s"] = json!(limit);
        assert_refused(&env, &body, "out of range").await;
    }
    env.shut_down().await;
}

/// A batch with one task that asks; its run, and its question once it is open.
async fn ask(env: &ServerEnv) -> (String, StreamingResponse) {
    let mut stream = env.start_batch(&["Ask"]).await;
    let run = stream.head.header("x-regatta-run").to_owned();
    while let Some(event) = stream.next_event().await {
        if event.data.get("question").is_some() {
            return (run, stream);
        }
    }
    panic!("nothing was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_of_many_replies_is_taken() {
    let env = ServerEnv::new().await;
    let (run, mut stream) = ask(&env).await;
    let path = format!("/v1/runs/{run}/tasks/t0/reply");
    let bodies = ["y", "n"].map(|option| json!({"question": "q1", "option": option}));
    let replies = (0..10).map(|n| env.client.post(&path, &bodies[n % 2]));
    let answers: Vec<HttpResponse> = futures::future::join_all(replies).await;
    let taken: Vec<usize> = (0..10).filter(|n| answers[*n].status == 200).collect();
    // Whoever said the same as the first is told so, too.
    assert!(!taken.is_empty() && taken.iter().all(|n| n % 2 == taken[0] % 2), "{taken:?}");
    let said = ["Yes", "No"][taken[0] % 2];
    for (n, answer) in answers.iter().enumerate().filter(|(n, _)| n % 2 != taken[0] % 2) {
        assert_eq!((answer.status, answer.error_code().as_str()), (409, "wrong_state"), "{n}");
        assert!(answer.text().contains(&format!("\u{201c}{said}\u{201d}")), "{}", answer.text());
    }
    stream.read_to_end().await;
    // Also once it is over.
    let late = env.client.post(&path, &bodies[(taken[0] + 1) % 2]).await;
    assert_eq!(late.status, 409);
    assert!(late.text().contains(said), "{}", late.text());
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_also_found_by_its_id() {
    let env = ServerEnv::new().await;
    let answer = env.run_batch(&["Do it", "Do that"]).await;
    let run = answer.header("x-regatta-run").to_owned();
    let begun = answer.events().into_iter().find(|event| event.data["task_name"] == "t1").unwrap();
    let id = begun.data["thread_id"].as_str().unwrap().to_owned();
    let retried = env.client.request("POST", &format!("/v1/runs/{run}/tasks/{id}/retry")).await;
    assert_eq!((retried.status, &retried.json()["task_name"]), (200, &json!("t1")));
    let diff = env.client.request("GET", &format!("/v1/runs/{run}/tasks/{id}/diff")).await;
    assert_eq!(diff.status, 200);
    let other = env.run_batch(&["Do it"]).await.header("x-regatta-run").to_owned();
    let elsewhere = env.client.request("GET", &format!("/v1/runs/{other}/tasks/{id}/diff")).await;
    assert_eq!(elsewhere.status, 404, "it is another batch's");
    env.shut_down().await;
}
