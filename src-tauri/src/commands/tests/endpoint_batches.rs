//! Batches at an endpoint, from their start to their events.

use super::mock_endpoint::{ENDLESS, KEY};
use super::*;
use crate::bridge;
use std::sync::{Arc, Mutex};
use tauri::Listener;

const TIMEOUT: Duration = Duration::from_secs(20);

/// An endpoint with the right key.
fn add_endpoint_with_key(mock: &MockApp) -> String {
    let id = mock.add_endpoint("Ours", &mock_endpoint::start());
    mock.call("set_endpoint_key", json!({ "id": id, "key": KEY })).expect("kept");
    id
}

/// Starts a batch there, on the practice project.
fn start_batch(mock: &MockApp, id: &str, tasks: &[&str]) -> Value {
    let project = mock.call("practice_project", json!({})).expect("a project");
    let tasks: Vec<Value> =
        tasks.iter().map(|name| json!({ "task_name": name, "prompt": "do" })).collect();
    // Of what the page says of an endpoint, only its id counts.
    let named = json!({ "id": id, "name": "Forged", "address": "https://forged.invalid" });
    let request = json!({
        "repo_url": project["path"], "parallel_tasks": tasks, "endpoint": named,
    });
    assert_eq!(mock.call("check_batch", json!({ "request": request })), Ok(json!([])));
    mock.call("start_batch", json!({ "request": request })).expect("started")
}

/// Waits until the task has this status.
fn wait_for_status(mock: &MockApp, task: &Value, status: &str) -> Value {
    let end = Instant::now() + TIMEOUT;
    loop {
        let view = mock.call("task", json!({ "id": task["id"] })).expect("the task");
        if view["status"] == status {
            return view;
        }
        assert!(Instant::now() < end, "wanted {status}, there is {view}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_batch_runs_there_its_branch_is_looked_up_and_it_goes_on_with_a_message() {
    let mock = mock();
    let id = add_endpoint_with_key(&mock);
    let started = start_batch(&mock, &id, &["one"]);
    assert_eq!(started["batch"]["endpoint"]["name"], "Ours");
    let task = wait_for_status(&mock, &started["tasks"][0], "finished");

    let look = mock.call("look_up_branch", json!({ "task": task["id"] })).expect("looked up");
    assert_eq!(look["commit"], Value::Null, "no branch yet");
    let home = mock.call("home", json!({})).expect("home");
    let project = home["repositories"][0]["path"].as_str().expect("remembered").to_owned();
    let refs = Path::new(&project).join(".git/refs/heads");
    let commit = std::fs::read_to_string(refs.join("main")).expect("the commit of main");
    let branch = refs.join(look["branch"].as_str().expect("a branch"));
    std::fs::create_dir_all(branch.parent().expect("a folder")).expect("a folder");
    std::fs::write(branch, &commit).expect("a branch");
    let look = mock.call("look_up_branch", json!({ "task": task["id"] })).expect("looked up");
    assert_eq!(look["commit"], commit.trim());

    let more = json!({ "task": task["id"], "message": "And tea." });
    assert_eq!(mock.call("continue_with", more), Ok(Value::Null));
    let end = Instant::now() + TIMEOUT;
    while wait_for_status(&mock, &task, "finished")["attempt"] != 2 {
        assert!(Instant::now() < end, "it never went on");
    }
    let empty = mock.expect_error("continue_with", json!({ "task": task["id"], "message": " " }));
    assert_eq!(empty.code, ErrorCode::WrongState);
    let absent = json!({ "task": "no-such", "message": "More." });
    assert_eq!(mock.expect_error("continue_with", absent).code, ErrorCode::NotFound);
    let absent = mock.expect_error("look_up_branch", json!({ "task": "no-such" }));
    assert_eq!(absent.code, ErrorCode::NotFound);
}

#[test]
fn a_key_that_was_entered_is_told_nobody_and_written_nowhere() {
    let mock = mock();
    bridge::start(mock.app.handle());
    let id = add_endpoint_with_key(&mock);
    let started = start_batch(&mock, &id, &["one"]);
    let task = wait_for_status(&mock, &started["tasks"][0], "finished");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let events = [("task", &task["id"]), ("batch", &started["batch"]["id"])];
    for (kind, id) in events {
        let (event, heard) = (format!("{kind}:{}", id.as_str().expect("an id")), heard.clone());
        let hear = move |event: tauri::Event| {
            heard.lock().expect("the list").push(event.payload().to_owned());
        };
        mock.app.listen_any(event, hear);
    }
    let more = json!({ "task": task["id"], "message": "And tea." });
    mock.call("continue_with", more).expect("it goes on");
    let end = Instant::now() + TIMEOUT;
    while heard.lock().expect("the list").is_empty() {
        assert!(Instant::now() < end, "no event came");
        std::thread::sleep(Duration::from_millis(20));
    }
    wait_for_status(&mock, &task, "finished");

    let batch = json!({ "id": started["batch"]["id"] });
    let lines = json!({ "task": task["id"], "from": 0, "max": 100 });
    let mut told = heard.lock().expect("the list").clone();
    for (command, args) in [
        ("credentials", json!({})),
        ("settings", json!({})),
        ("home", json!({})),
        ("test_endpoint", json!({ "id": id })),
        ("batch", batch.clone()),
        ("batch_request", batch),
        ("task", json!({ "id": task["id"] })),
        ("read_lines", lines),
    ] {
        told.push(mock.call(command, args).expect(command).to_string());
    }
    assert!(told.iter().all(|text| !text.contains(KEY)), "{told:?}");
    assert_eq!(
        files_with(mock.data.as_ref().expect("its folder").path(), KEY),
        Vec::<PathBuf>::new()
    );
}

/// The window is there, with what ran when the app ended, while the key store still waits for
/// a person.
#[test]
fn opening_waits_neither_for_the_key_store_nor_for_the_network() {
    let first = mock();
    let id = add_endpoint_with_key(&first);
    let started = start_batch(&first, &id, &[ENDLESS]);
    // The endpoint took the batch, so the next start goes on with it.
    let task = json!({ "id": started["tasks"][0]["id"] });
    let end = Instant::now() + TIMEOUT;
    while first.call("task", task.clone()).expect("the task")["lines"] == 0 {
        assert!(Instant::now() < end, "nothing came");
        std::thread::sleep(Duration::from_millis(20));
    }
    let engine = state::engine(first.app.handle()).expect("the engine");
    tauri::async_runtime::block_on(engine.close());
    let data = first.data.expect("its folder");

    let secrets = Secrets::with_stuck_key_store();
    let second = mock_in(data.path(), Ok("/bin/true".into()), secrets);
    let home = second.call("home", json!({})).expect("home");
    assert_eq!(home["running"][0]["id"], started["batch"]["id"]);
    assert_eq!(second.call("settings", json!({})).expect("settings")["endpoints"][0]["id"], id);
}
