//! The same request twice is one batch.

use crate::http_client::HttpResponse;
use crate::server_env::ServerEnv;
use serde_json::{Value, json};

async fn invoke_with_key(env: &ServerEnv, key: &str, body: &Value) -> HttpResponse {
    let mut headers = env.client.headers();
    headers.push(("content-type", "application/json".into()));
    headers.push(("idempotency-key", key.to_owned()));
    env.client.send("POST", "/invoke/stdout", &headers, body.to_string().as_bytes()).await
}

async fn count_runs(env: &ServerEnv) -> usize {
    env.client.request("GET", "/v1/runs").await.json()["runs"].as_array().expect("runs").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_joins_and_another_body_is_refused() {
    let env = ServerEnv::new().await;
    let body = env.batch_body(&["Finish"]);
    let first = invoke_with_key(&env, "k1", &body).await;
    let again = invoke_with_key(&env, "k1", &body).await;
    assert_eq!(again.header("x-regatta-run"), first.header("x-regatta-run"));
    assert_eq!(again.text(), first.text(), "from the start, and byte for byte the same");
    let other = invoke_with_key(&env, "k1", &env.batch_body(&["Finish", "Finish"])).await;
    assert_eq!((other.status, other.error_code().as_str()), (409, "key_reused"));
    let new = invoke_with_key(&env, "k2", &body).await;
    assert_ne!(new.header("x-regatta-run"), first.header("x-regatta-run"));
    assert_eq!(count_runs(&env).await, 2);
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_with_one_key_are_one_batch() {
    let env = ServerEnv::new().await;
    let body = env.batch_body(&["Finish"]);
    let asked = (0..8).map(|_| invoke_with_key(&env, "k", &body));
    let answers = futures::future::join_all(asked).await;
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("x-regatta-run"), answers[0].header("x-regatta-run"));
        assert_eq!(answer.text(), answers[0].text());
    }
    assert_eq!(count_runs(&env).await, 1);
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_short_and_printable() {
    let env = ServerEnv::new().await;
    for key in [String::new(), "x".repeat(201), "\u{e9}".to_owned()] {
        let answer = invoke_with_key(&env, &key, &json!({})).await;
        assert_eq!((answer.status, answer.error_code().as_str()), (400, "bad_request"), "{key:?}");
    }
    env.shut_down().await;
}
