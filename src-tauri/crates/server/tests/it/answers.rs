//! What callers get, word by word, kept beside this test: a change of it is a change of the API.

use crate::http_client::{HttpResponse, SseEvent};
use crate::server_env::ServerEnv;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Replaces what is another each time: ids, moments, commits, folders.
fn redact(value: &Value, env: &ServerEnv) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| redact(item, env)).collect(),
        Value::Object(fields) => {
            let is_moment =
                |name: &str| name == "at" || name.ends_with("_at") || name == "uptime_s";
            let redacted = fields.iter().map(|(name, field)| match field {
                Value::Number(_) if is_moment(name) => (name.clone(), json!("TIME")),
                field => (name.clone(), redact(field, env)),
            });
            // By name: whether serde_json keeps the order depends on who else is built.
            let sorted: BTreeMap<_, _> = redacted.collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::String(text) => Value::String(redact_text(text, env)),
        other => other.clone(),
    }
}

fn redact_text(text: &str, env: &ServerEnv) -> String {
    let project = env.project();
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    match text.len() {
        36 if is_hex(text) => "ID".to_owned(),
        40 if is_hex(text) => "COMMIT".to_owned(),
        _ => text.replace(project.to_str().unwrap(), "PROJECT"),
    }
}

fn format_event(event: &SseEvent, env: &ServerEnv) -> String {
    format!("{} {} {}\n", event.id, event.kind, redact(&event.data, env))
}

/// An answer as its status, its type and its body.
fn format_answer(request: &str, answer: &HttpResponse, env: &ServerEnv) -> String {
    let mut text = format!("> {request}\n{} {}\n", answer.status, answer.header("content-type"));
    if answer.header("content-type").starts_with("text/event-stream") {
        // Two tasks' events come in any order; those of one task don't.
        text.extend(answer.events().iter().map(|event| format_event(event, env)));
    } else if !answer.body.is_empty() {
        let body = serde_json::to_string_pretty(&redact(&answer.json(), env)).unwrap();
        writeln!(text, "{body}").unwrap();
    }
    text + "\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_has_its_answer() {
    let env = ServerEnv::new().await;
    let ran = env.run_batch(&["Do it"]).await;
    let run = ran.events()[0].data["run_id"].as_str().unwrap().to_owned();
    let task = format!("/v1/runs/{run}/tasks/t0");
    let mut all = format_answer("POST /invoke/stdout", &ran, &env);
    for (method, path) in [
        ("GET", "/v1/runs".to_owned()),
        ("GET", format!("/v1/runs/{run}")),
        ("GET", format!("{task}/diff")),
        ("POST", format!("{task}/cancel")),
        ("GET", "/v1/runs/none".to_owned()),
        ("GET", "/v1/agents".to_owned()),
        ("GET", "/healthz".to_owned()),
        ("GET", "/elsewhere".to_owned()),
        ("DELETE", "/v1/runs".to_owned()),
    ] {
        let answer = env.client.request(method, &path).await;
        all += &format_answer(&format!("{method} {}", path.replace(&run, "ID")), &answer, &env);
    }
    let mut refused = env.batch_body(&["x"]);
    refused["parallel_tasks"][0]["task_name"] = json!("");
    refused["repo_url"] = json!("ssh://host/x");
    let answer = env.client.post("/invoke/stdout", &refused).await;
    all += &format_answer("POST /invoke/stdout, refused", &answer, &env);
    let stranger = crate::http_client::HttpClient { key: "wrong".into(), ..env.client.clone() };
    all +=
        &format_answer("GET /v1/runs, wrong key", &stranger.request("GET", "/v1/runs").await, &env);
    insta::assert_snapshot!(all);
}
