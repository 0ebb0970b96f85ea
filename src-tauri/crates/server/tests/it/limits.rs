//! What is too much, too slow or of the wrong kind.

use crate::http_client::StreamingResponse;
use crate::server_env::ServerEnv;
use regatta_server::Limits;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const MIB: usize = 1024 * 1024;

async fn post_refused(env: &ServerEnv, body: &Value) -> (u16, String) {
    let answer = env.client.post("/invoke/stdout", body).await;
    assert_eq!(answer.header("content-type"), "application/json");
    (answer.status, answer.error_code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_4_mib_and_is_json() {
    let env = ServerEnv::new().await;
    let mut body = env.batch_body(&["Finish"]);
    body["later"] = json!("x".repeat(4 * MIB - 2_000));
    assert_eq!(env.client.post("/invoke/stdout", &body).await.status, 200, "just within");
    for more in [4 * MIB, 12 * MIB] {
        body["later"] = json!("x".repeat(more));
        assert_eq!(post_refused(&env, &body).await, (413, "too_large".into()), "{more}");
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"] {
        let mut headers = env.client.headers();
        headers.push(("content-type", kind.into()));
        let answer = env.client.send("POST", "/invoke/stdout", &headers, b"{}").await;
        assert_eq!((answer.status, answer.error_code().as_str()), (415, "bad_request"), "{kind}");
    }
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_has_its_limits() {
    let env = ServerEnv::new().await;
    let bad = (400, "bad_request".to_owned());
    let with = |field: &str, value: Value| {
        let mut body = env.batch_body(&["Finish"]);
        body[field] = value;
        body
    };
    let task = |name: &str, prompt: &str| json!([{"task_name": name, "prompt": prompt}]);
    let many: Vec<&str> = vec!["Finish"; 201];
    let cases = [
        env.batch_body(&many),
        with("parallel_tasks", task(&"n".repeat(10_001), "Finish")),
        with("parallel_tasks", task("t", &"p".repeat(100_001))),
        with("parallel_tasks", task(" ", "Finish")),
        with("parallel_tasks", json!([])),
        with("messages", json!([{"type": "human", "content": "both"}])),
        with("name", json!("n".repeat(10_001))),
        with("max_parallel", json!(65)),
        with("agent", json!("nobody")),
        with("model", json!("large")),
        with("repo_url", json!("")),
        with("parallel_tasks", json!([{"task_name": "t", "prompt": "p", "model": "large"}])),
        with("parallel_tasks", json!([{"task_name": "t", "prompt": "p", "agent": "nobody"}])),
    ];
    for body in &cases {
        assert_eq!(post_refused(&env, body).await, bad, "{:.300}", body.to_string());
    }
    let elsewhere = with("repo_url", json!(env.dir.path()));
    assert_eq!(post_refused(&env, &elsewhere).await, (403, "not_allowed".into()));
    let no_branch = with("branch", json!("gone"));
    assert_eq!(post_refused(&env, &no_branch).await, (422, "branch_missing".into()));
    let runs = env.client.request("GET", "/v1/runs").await.json();
    assert_eq!(runs["runs"], json!([]), "nothing was started");
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_beyond_the_limit_are_refused_and_their_end_makes_room() {
    let env = ServerEnv::with_limits(Limits { max_streams: 2, ..Limits::default() }).await;
    let first = env.start_batch(&["Wait"]).await;
    let run = first.head.header("x-regatta-run").to_owned();
    let second = env.open_events(&run, 0).await;
    let mut refused = env.open_events(&run, 0).await;
    assert_eq!((refused.head.status, refused.head.header("retry-after")), (429, "5"));
    refused.read_to_end().await;
    let body = env.batch_body(&["Wait"]);
    let answer = env.client.post("/invoke/stdout", &body).await;
    assert_eq!((answer.status, answer.error_code().as_str()), (429, "too_many"));
    let runs = env.client.request("GET", "/v1/runs").await.json();
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(1), "nothing more was started");
    drop(second);
    let again = tokio::time::timeout(crate::http_client::TIMEOUT, async {
        while env.open_events(&run, 0).await.head.status != 200 {}
    });
    again.await.expect("there is room again");
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_too_slowly_is_not_waited_for() {
    let patience = Duration::from_millis(400);
    let env = ServerEnv::with_limits(Limits { read_timeout: patience, ..Limits::default() }).await;
    let address = env.client.address;
    // Nothing at all, and a head that never ends: closed without an answer, or with one.
    for start in ["", "GET /healthz HTTP/1.1\r\nhost: "] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        let answer = StreamingResponse::read_head(stream).await;
        assert!([0, 408].contains(&answer.head.status), "{start:?}: {}", answer.head.status);
    }
    let head = format!(
        "POST /invoke/stdout HTTP/1.1\r\nhost: {address}\r\nx-api-key: {}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
        env.client.key,
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = StreamingResponse::read_head(stream).await;
    assert_eq!(answer.head.status, 408);
    env.shut_down().await;
}

#[tokio::test]
async fn the_safety_level_is_the_servers_whatever_a_request_says() {
    let env = ServerEnv::new().await;
    let mut body = env.batch_body(&["Careful?"]);
    body["safety"] = json!("hands_off");
    let answer = env.client.post("/invoke/stdout", &body).await;
    let text = answer.text();
    assert!(text.contains(r#"data: {"status":"finished""#), "{text}");
    env.shut_down().await;
}
