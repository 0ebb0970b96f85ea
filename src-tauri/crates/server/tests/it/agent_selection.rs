//! Who does the work: agents and models by the names that the server offers.

use crate::http_client::HttpResponse;
use crate::openapi::{OpenApiDocument, Route};
use crate::server_env::ServerEnv;
use serde_json::{Value, json};

/// A request whose tasks each say which model they were given.
fn model_body(env: &ServerEnv, batch: &Value, tasks: &[Value]) -> Value {
    let mut body = env.batch_body(&vec!["Model?"; tasks.len()]);
    for (name, value) in batch.as_object().unwrap() {
        body[name] = value.clone();
    }
    for (place, task) in tasks.iter().enumerate() {
        for (name, value) in task.as_object().unwrap() {
            body["parallel_tasks"][place][name] = value.clone();
        }
    }
    body
}

/// The models that the tasks were given, in their order.
fn models_given(answer: &HttpResponse) -> Vec<String> {
    let events = answer.events();
    let of = |task: &Value| {
        let name = &task["task_name"];
        let mut said = events.iter().filter(|event| event.data["task_name"] == *name);
        said.find_map(|event| event.data["stdout"].as_str()).unwrap().trim_end().to_owned()
    };
    events.last().unwrap().data["tasks"].as_array().unwrap().iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_models_of_an_agent_are_shown_as_far_as_it_told_them() {
    let env = ServerEnv::new().await;
    let api = OpenApiDocument(env.client.request("GET", "/openapi.json").await.json());
    let answer = env.client.request("GET", "/v1/agents").await;
    let route = Route { method: "GET".into(), path: "/v1/agents".into() };
    assert_eq!(api.find_mismatch(&route, &answer), None);
    let agents = &answer.json()["agents"];
    let ids: Vec<&Value> =
        agents[0]["models"].as_array().unwrap().iter().map(|model| &model["id"]).collect();
    assert_eq!(ids, ["paper", "tin"]);
    assert_eq!((&agents[1]["name"], &agents[1]["models"]), (&json!("never"), &Value::Null));
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_names_an_agent_and_a_model_and_so_may_each_task() {
    let env = ServerEnv::new().await;
    let api = OpenApiDocument(env.client.request("GET", "/openapi.json").await.json());
    let own = [
        json!({}),
        json!({"model": "tin"}),
        json!({"agent": "practice"}),
        json!({"agent": "never"}),
        json!({"agent": "never", "model": "anything"}),
    ];
    let body = model_body(&env, &json!({"model": "paper"}), &own);
    let answer = env.client.post("/invoke/stdout", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(models_given(&answer), ["paper", "tin", "paper", "", "anything"]);
    let run =
        env.client.request("GET", &format!("/v1/runs/{}", answer.header("x-regatta-run"))).await;
    let route = Route { method: "GET".into(), path: "/v1/runs/{run_id}".into() };
    assert_eq!(api.find_mismatch(&route, &run), None);
    let who = |task: &Value| (task["agent"].clone(), task["model"].clone());
    let who: Vec<_> = run.json()["tasks"].as_array().unwrap().iter().map(who).collect();
    let expected = [
        ("practice", "paper"),
        ("practice", "tin"),
        ("practice", "paper"),
        ("never", ""),
        ("never", "anything"),
    ];
    assert_eq!(who, expected.map(|(agent, model)| (json!(agent), json!(model))));
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smaller_model_is_the_one_that_is_called_so_unless_another_is_named() {
    let env = ServerEnv::new().await;
    let own = [json!({}), json!({"model": "paper"}), json!({"agent": "never"})];
    let body = model_body(&env, &json!({"haiku": true}), &own);
    let answer = env.client.post("/invoke/stdout", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    // Of the last one no models are known: it is asked for the word itself.
    assert_eq!(models_given(&answer), ["tin", "paper", "haiku"]);
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_an_agent_is_known_not_to_have_is_refused_with_those_it_has() {
    let env = ServerEnv::new().await;
    let of_batch = model_body(&env, &json!({"model": "steel"}), &[json!({})]);
    let of_task = model_body(&env, &json!({}), &[json!({}), json!({"model": "steel"})]);
    for (body, whose) in [(of_batch, ""), (of_task, "Task 2: ")] {
        let answer = env.client.post("/invoke/stdout", &body).await;
        assert_eq!((answer.status, answer.error_code().as_str()), (400, "bad_request"));
        let error = &answer.json()["error"];
        let said = format!("{whose}Practice agent doesn't offer the model \"steel\".");
        assert!(error["message"].as_str().unwrap().starts_with(&said), "{error}");
        assert_eq!(error["hint"], json!("It offers: paper, tin."));
    }
    let runs = env.client.request("GET", "/v1/runs").await.json();
    assert_eq!(runs["runs"], json!([]), "nothing was started");
    env.shut_down().await;
}
