//! Who does the work: agents and models by name, at both ends.

use super::{SseEvent, TestServer, request_body};
use regatta_tests::TestEnv;
use serde_json::{Value, json};

/// `regatta agents` about the practice agent; what it prints.
fn agents_output(env: &TestEnv, more: &[&str]) -> String {
    let mut command = env.regatta(&["agents", "--agent", "practice"]);
    let output = command.args(more).arg("--data-dir").arg(env.data_dir()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Whether a task printed something like it, or it was said about the task.
fn has_text(events: &[SseEvent], task: &str, text: &str) -> bool {
    let of_task = events.iter().filter(|event| event.data["task_name"] == task);
    of_task.filter_map(|event| event.data["stdout"].as_str()).any(|line| line.contains(text))
}

async fn listed_models(served: &TestServer) -> Value {
    served.client.request("GET", "/v1/agents").await.json()["agents"][0]["models"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_the_agents_business_until_it_was_asked() {
    let env = TestEnv::new();
    let mut served = TestServer::start(&env, &[]);
    assert_eq!(listed_models(&served).await, Value::Null);
    let mut one = request_body(&env, &[("one", "settings"), ("two", "settings")]);
    one["model"] = json!("steel");
    one["parallel_tasks"][1]["model"] = json!("haiku");
    let events = served.client.post("/invoke/stdout", &one).await.events();
    assert_eq!(events.last().unwrap().data["status"], json!("finished"));
    assert!(
        has_text(&events, "one", "doesn't offer the model \u{201c}steel\u{201d}"),
        "{events:?}"
    );
    assert!(has_text(&events, "one", "model paper"), "{events:?}");
    assert!(has_text(&events, "two", "model haiku"), "{events:?}");
    assert_eq!(served.terminate(), Some(0));

    assert!(agents_output(&env, &[]).contains("not asked yet"));
    let asked = agents_output(&env, &["--check"]);
    assert!(asked.contains("models: paper, haiku"), "{asked}");
    assert_eq!(agents_output(&env, &[]), asked, "it is kept");
    let served = TestServer::start(&env, &[]);
    assert_eq!(listed_models(&served).await[0]["id"], json!("paper"));
    let refused = served.client.post("/invoke/stdout", &one).await;
    assert_eq!((refused.status, refused.error_code().as_str()), (400, "bad_request"));
    assert_eq!(refused.json()["error"]["hint"], json!("It offers: paper, haiku."));
}

/// The same file for the call to a server and for the terminal.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_the_body_of_the_call() {
    let env = TestEnv::new();
    let mut served = TestServer::start(&env, &[]);
    let mut body = request_body(&env, &[("one", "settings"), ("two", "settings")]);
    body["agent"] = json!("practice");
    body["haiku"] = json!(true);
    body["parallel_tasks"][1]["model"] = json!("paper");
    let events = served.client.post("/invoke/stdout", &body).await.events();
    assert!(has_text(&events, "one", "model haiku"), "{events:?}");
    assert!(has_text(&events, "two", "model paper"), "{events:?}");
    assert_eq!(served.terminate(), Some(0));

    let file = super::write_file(&env, "batch.json", &body.to_string());
    let mut command = env.regatta(&["run", "--file", file.to_str().unwrap()]);
    let output = command.arg("--data-dir").arg(env.data_dir()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    for line in ["[one] mode work, model haiku", "[two] mode work, model paper"] {
        assert!(said.contains(line), "{said}");
    }
}
