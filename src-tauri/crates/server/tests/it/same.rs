//! The same request twice is one batch.

use crate::caller::Answer;
use crate::dock::Dock;
use serde_json::{Value, json};

async fn invoke(dock: &Dock, key: &str, body: &Value) -> Answer {
    let mut headers = dock.caller.headers();
    headers.push(("content-type", "application/json".into()));
    headers.push(("idempotency-key", key.to_owned()));
    dock.caller.send("POST", "/invoke/stdout", &headers, body.to_string().as_bytes()).await
}

async fn count(dock: &Dock) -> usize {
    dock.caller.ask("GET", "/v1/runs").await.json()["runs"].as_array().expect("runs").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_joins_and_another_body_is_refused() {
    let dock = Dock::new().await;
    let body = dock.body(&["Finish"]);
    let first = invoke(&dock, "k1", &body).await;
    let again = invoke(&dock, "k1", &body).await;
    assert_eq!(again.header("x-regatta-run"), first.header("x-regatta-run"));
    assert_eq!(again.text(), first.text(), "from the start, and byte for byte the same");
    let other = invoke(&dock, "k1", &dock.body(&["Finish", "Finish"])).await;
    assert_eq!((other.status, other.code().as_str()), (409, "key_reused"));
    let new = invoke(&dock, "k2", &body).await;
    assert_ne!(new.header("x-regatta-run"), first.header("x-regatta-run"));
    assert_eq!(count(&dock).await, 2);
    dock.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_with_one_key_are_one_batch() {
    let dock = Dock::new().await;
    let body = dock.body(&["Finish"]);
    let asked = (0..8).map(|_| invoke(&dock, "k", &body));
    let answers = futures::future::join_all(asked).await;
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("x-regatta-run"), answers[0].header("x-regatta-run"));
        assert_eq!(answer.text(), answers[0].text());
    }
    assert_eq!(count(&dock).await, 1);
    dock.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_short_and_printable() {
    let dock = Dock::new().await;
    for key in [String::new(), "x".repeat(201), "\u{e9}".to_owned()] {
        let answer = invoke(&dock, &key, &json!({})).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "bad_request"), "{key:?}");
    }
    dock.end().await;
}
