//! The documented call, and ours beside it.

use super::{TestServer, printed_text, read_rest, read_until, request_body};
use regatta_tests::TestEnv;
use serde_json::{Value, json};
use std::process::Command;

/// The call as the hosted service's documentation has it, but for the address, the key and
/// the repository.
fn documented_curl(served: &TestServer, repository: &str) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["-X", "POST", &format!("{}/invoke/stdout", served.url)])
        .args(["-H", "Content-Type: application/json"])
        .args(["-H", &format!("x-api-key: {}", served.client.key)])
        .arg("-d")
        .arg(format!(
            r#"{{
    "repo_url": "{repository}",
    "github_token": "",
    "parallel_tasks": [
      {{
        "prompt": "run echo Running tests for component A...",
        "task_name": "testing"
      }},
      {{
        "prompt": "write docs/api.md: The interface",
        "task_name": "documentation"
      }}
    ],
    "haiku": false
  }}"#
        ));
    curl
}

#[test]
fn the_documented_call_works_with_curl_unchanged() {
    let env = TestEnv::new();
    let mut served = TestServer::start(&env, &[]);
    let project = env.project();
    let output = documented_curl(&served, project.to_str().unwrap()).args(["-sS"]).output();
    let output = output.expect("curl is on this computer");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let events: Vec<_> =
        said.split("\n\n").filter_map(super::http_client::SseEvent::parse).collect();
    assert_eq!(printed_text(&events, "testing"), "Running tests for component A...\n");
    assert_eq!((events[0].id, events[0].kind.as_str()), (1, "updates"));
    let run = events[0].data["run_id"].as_str().unwrap();
    assert!(!run.is_empty());
    let end = events.last().unwrap();
    assert_eq!((end.kind.as_str(), &end.data["status"]), ("end", &json!("finished")));
    let names: Vec<&Value> =
        end.data["tasks"].as_array().unwrap().iter().map(|task| &task["task_name"]).collect();
    assert_eq!(names, ["testing", "documentation"]);
    // What was changed is shared as a branch of the repository.
    let (idle, written) = (&end.data["tasks"][0], &end.data["tasks"][1]);
    assert_eq!(idle["branch"], Value::Null, "{idle}");
    let branch = written["branch"].as_str().unwrap();
    assert_eq!(branch, "regatta/testing/documentation");
    assert_eq!(env.git(&["rev-parse", branch]), written["commit"].as_str().unwrap());
    assert_eq!(env.git(&["show", &format!("{branch}:docs/api.md")]), "The interface");
    assert_eq!(served.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_task_may_be_messages() {
    let env = TestEnv::new();
    let served = TestServer::start(&env, &[]);
    let mut body = request_body(&env, &[]);
    body["parallel_tasks"] = json!([]);
    body["messages"] = json!([{"type": "human", "content": "run echo one"},
        {"type": "human", "content": "run echo two"}]);
    let events = served.client.post("/invoke/stdout", &body).await.events();
    assert_eq!(printed_text(&events, "task"), "one\ntwo\n");
    assert_eq!(events.last().unwrap().data["status"], json!("finished"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_by_a_call_and_a_name_is_only_compared() {
    let env = TestEnv::new();
    let served = TestServer::start(&env, &[]);
    let name = "../what? a/b %2F é";
    let body = request_body(&env, &[(name, "ask Which colour? | Red | Blue\nwrite done.txt: x")]);
    let mut pieces = served.invoke(&body).await;
    let run = pieces.head.header("x-regatta-run").to_owned();
    let asked = read_until(&mut pieces, |event| !event.data["question"].is_null()).await;
    let question = &asked.last().unwrap().data["question"];
    let blue = question["options"].as_array().unwrap().iter().find(|o| o["label"] == "Blue");
    let reply = json!({"question": question["id"], "option": blue.unwrap()["id"]});
    let encoded = "..%2Fwhat%3F%20a%2Fb%20%252F%20%C3%A9";
    let path = |name: &str, verb: &str| format!("/v1/runs/{run}/tasks/{name}/{verb}");
    let wrong = json!({"question": question["id"], "option": "no such option"});
    assert_eq!(served.client.post(&path(encoded, "reply"), &wrong).await.status, 404);
    assert_eq!(served.client.post(&path("another", "reply"), &reply).await.status, 404);
    let answered = served.client.post(&path(encoded, "reply"), &reply).await;
    assert_eq!(answered.status, 200, "{}", answered.text());
    assert_eq!(answered.json()["task_name"], json!(name));
    let events = read_rest(&mut pieces).await;
    assert!(events.iter().any(|event| event.data["answered"]["question"] == question["id"]));
    assert_eq!(events.last().unwrap().data["status"], json!("finished"));
    let late = served.client.post(&path(encoded, "reply"), &reply).await;
    assert_eq!((late.status, late.error_code().as_str()), (409, "wrong_state"));

    let diff = served.client.request("GET", &path(encoded, "diff")).await;
    assert_eq!(diff.header("content-type"), "text/plain; charset=utf-8");
    std::fs::write(env.root().join("change.diff"), &diff.body).unwrap();
    env.git(&["apply", "../change.diff"]);
    assert_eq!(std::fs::read_to_string(env.project().join("done.txt")).unwrap(), "x\n");
}
