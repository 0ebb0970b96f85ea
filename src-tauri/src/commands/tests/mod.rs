//! The commands as the window meets them: through the real permissions, on a mock window.

mod endpoint_batches;
mod endpoints;
#[cfg(target_os = "linux")]
mod key_store;
mod mock_endpoint;

use crate::secrets::Secrets;
use crate::{state, with_plugins};
use regatta_protocol::endpoint::SecretState;
use regatta_protocol::{ErrorCode, KnownAgent, UserMessage};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tauri::ipc::{CallbackFn, InvokeBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{App, WebviewWindow, WebviewWindowBuilder};
use tempfile::TempDir;

macro_rules! names {
    ($($module:ident::$name:ident,)*) => { &[$(stringify!($name)),*] };
}

const COMMANDS: &[&str] = commands!(names);

/// The app with everything but a display, in a data folder of its own.
struct MockApp {
    app: App<MockRuntime>,
    window: WebviewWindow<MockRuntime>,
    data: Option<TempDir>,
}

fn mock_in(data: &Path, program: Result<PathBuf, UserMessage>, secrets: Secrets) -> MockApp {
    let app = with_plugins(mock_builder())
        .invoke_handler(super::handler())
        .build(tauri::generate_context!(test = true))
        .expect("a mock app");
    state::open(app.handle(), data, program, secrets);
    let window = WebviewWindowBuilder::new(&app, "main", Default::default());
    let window = window.build().expect("a mock window");
    MockApp { app, window, data: None }
}

/// No task is started in these tests, so any program will do.
fn mock() -> MockApp {
    mock_with(Ok("/bin/true".into()))
}

fn mock_without_engine() -> MockApp {
    mock_with(Err(engine_error()))
}

/// In a folder that goes with it, and without the key store of whoever runs the tests.
fn mock_with(program: Result<PathBuf, UserMessage>) -> MockApp {
    let data = TempDir::new().expect("a temporary folder");
    let mock = mock_in(data.path(), program, Secrets::without_key_store());
    MockApp { data: Some(data), ..mock }
}

fn engine_error() -> UserMessage {
    UserMessage::new(ErrorCode::DataInUse, "In use.", "Safe.", "Close the other.")
}

impl MockApp {
    fn call(&self, command: &str, args: Value) -> Result<Value, Value> {
        self.call_from("tauri://localhost", command, args)
    }

    fn call_from(&self, page: &str, command: &str, args: Value) -> Result<Value, Value> {
        let request = InvokeRequest {
            cmd: command.into(),
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url: page.parse().expect("a URL"),
            body: InvokeBody::Json(args),
            headers: Default::default(),
            invoke_key: INVOKE_KEY.into(),
        };
        let answer = get_ipc_response(&self.window, request)?;
        Ok(answer.deserialize().expect("JSON"))
    }

    fn expect_error(&self, command: &str, args: Value) -> UserMessage {
        let refused = self.call(command, args).expect_err("it is refused");
        serde_json::from_value(refused).expect("every error is a notice")
    }
}

#[test]
fn home_is_empty_at_first_and_settings_are_kept() {
    let mock = mock();
    let home = mock.call("home", json!({})).expect("home");
    assert_eq!(home["projects"], json!([]));
    assert_eq!(home["running"], json!([]));
    assert_eq!(home["place"]["limit"], 3);
    let mut settings = mock.call("settings", json!({})).expect("settings");
    settings["theme"] = json!("dark");
    mock.call("save_settings", json!({ "settings": settings })).expect("saved");
    mock.call("set_limit", json!({ "limit": 5 })).expect("saved");
    let settings = mock.call("settings", json!({})).expect("settings");
    assert_eq!((&settings["theme"], &settings["limit"]), (&json!("dark"), &json!(5)));
    // The queue takes the new limit in its own time.
    let end = Instant::now() + Duration::from_secs(10);
    while mock.call("home", json!({})).expect("home")["place"]["limit"] != 5 {
        assert!(Instant::now() < end, "the limit never changed");
        std::thread::yield_now();
    }
}

/// An installation tells each of its steps: the key store isn't asked for each.
#[test]
fn how_agents_stand_is_told_again_without_asking_for_their_keys() {
    let data = TempDir::new().expect("a temporary folder");
    let secrets = Secrets::with_stuck_key_store();
    let mock = mock_in(data.path(), Ok("/bin/true".into()), secrets);
    let app = mock.app.handle();
    let kept = vec![SecretState::Stored; KnownAgent::ALL.len()];
    state::agent_keys(app).replace(kept);
    let told = async {
        tokio::time::timeout(Duration::from_secs(20), crate::agents::view_with_cached_keys(app))
            .await
    };
    let view = tauri::async_runtime::block_on(told).expect("nobody waits for the key store");
    let view = view.expect("there is an engine");
    let keys: BTreeSet<bool> =
        view.agents.iter().map(|agent| agent.key == SecretState::Stored).collect();
    assert_eq!(keys, [true].into());
}

#[test]
fn drafts_and_templates_are_kept() {
    let mock = mock();
    assert_eq!(mock.call("load_draft", json!({})), Ok(Value::Null));
    let draft = json!({ "title": "Checkout", "tasks": [{ "task_name": "a", "prompt": "b" }] });
    mock.call("save_draft", json!({ "draft": draft })).expect("saved");
    let kept = mock.call("load_draft", json!({})).expect("a draft");
    assert_eq!(kept["tasks"][0]["task_name"], "a");
    let template = json!({ "id": "1", "name": "Weekly", "tasks": [] });
    mock.call("save_template", json!({ "template": template })).expect("saved");
    assert_eq!(mock.call("templates", json!({})).expect("templates")[0]["name"], "Weekly");
    mock.call("remove_template", json!({ "id": "1" })).expect("removed");
    assert_eq!(mock.call("templates", json!({})), Ok(json!([])));
}

#[test]
fn a_request_that_fails_says_so_in_sentences() {
    let mock = mock();
    assert_eq!(mock.expect_error("task", json!({ "id": "no-such" })).code, ErrorCode::NotFound);
    assert_eq!(mock.expect_error("batch", json!({ "id": "no-such" })).code, ErrorCode::NotFound);
    let gone = mock.expect_error("show_project", json!({ "path": "/no/such/folder" }));
    assert_eq!(gone.code, ErrorCode::ProjectMissing);
    assert!(gone.message.ends_with('.') && gone.hint.ends_with('.'), "{gone}");
}

/// What the desktop does with another address, nobody can say.
#[test]
fn only_links_to_the_web_are_opened() {
    let mock = mock();
    for url in ["file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "/bin/sh", "-x"] {
        let refused = mock.expect_error("open_link", json!({ "url": url }));
        assert_eq!(refused.details.as_deref(), Some(url));
    }
}

#[test]
fn what_keeps_a_batch_from_starting_is_said_at_its_place() {
    let mock = mock();
    let request = json!({
        "repo_url": "/no/such/folder",
        "parallel_tasks": [{ "task_name": "a", "prompt": "" }],
    });
    let problems = mock.call("check_batch", json!({ "request": request })).expect("problems");
    let fields: BTreeSet<&str> =
        problems.as_array().into_iter().flatten().filter_map(|p| p["field"].as_str()).collect();
    assert_eq!(fields, BTreeSet::from(["project", "prompt"]));
}

#[test]
fn a_practice_project_is_made_and_remembered() {
    let mock = mock();
    let project = mock.call("practice_project", json!({})).expect("a project");
    assert_eq!(project["state"], "ready");
    let checked = mock.call("check_project", json!({ "path": project["path"] }));
    assert_eq!(checked.expect("a project")["path"], project["path"]);
    let home = mock.call("home", json!({})).expect("home");
    assert_eq!(home["projects"][0]["path"], project["path"]);
}

#[test]
fn without_an_engine_the_window_still_gets_its_settings_and_the_reason() {
    let mock = mock_without_engine();
    assert_eq!(mock.expect_error("home", json!({})), engine_error());
    assert_eq!(mock.expect_error("task", json!({ "id": "any" })), engine_error());
    assert_eq!(mock.call("settings", json!({})).expect("settings")["limit"], 3);
}

#[test]
fn the_page_may_call_nothing_but_our_own_commands() {
    let mock = mock_without_engine();
    for foreign in [
        "plugin:store|load",
        "plugin:dialog|open",
        "plugin:opener|open_path",
        "plugin:notification|notify",
        "plugin:window|close",
        "plugin:webview|create_webview",
        "plugin:event|emit",
        "plugin:path|resolve",
    ] {
        let refused = mock.call(foreign, json!({})).expect_err(foreign).to_string();
        assert!(refused.contains("not allowed"), "{foreign}: {refused}");
    }
    let refused = mock.call_from("https://example.com", "home", json!({})).expect_err("remote");
    assert!(refused.to_string().contains("not allowed"), "{refused}");
}

/// The list makes the handler and the permissions; the capability and the page are compared.
#[test]
fn the_commands_of_the_list_are_granted_and_called() {
    let ours: BTreeSet<String> = COMMANDS.iter().map(ToString::to_string).collect();
    assert_eq!(ours.len(), COMMANDS.len(), "no command twice");

    let capability: Value = serde_json::from_str(include_str!("../../../capabilities/main.json"))
        .expect("the capability is JSON");
    let given = ["core:event:allow-listen", "core:event:allow-unlisten", "commands"];
    assert_eq!(capability["permissions"], json!(given), "capabilities/main.json");

    let set: Value = serde_json::from_str(include_str!("../../../permissions/commands.json"))
        .expect("the set is JSON");
    let granted: BTreeSet<String> = set["set"][0]["permissions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|p| p.as_str()?.strip_prefix("allow-"))
        .map(|name| name.replace('-', "_"))
        .collect();
    assert_eq!(granted, ours, "the set that the build script makes");

    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/backend/tauri.ts");
    let page = std::fs::read_to_string(page).expect("the page's backend");
    let called: BTreeSet<String> = page
        .split("call('")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('\'')?.0.to_owned()))
        .collect();
    assert_eq!(called, ours, "ui/src/backend/tauri.ts");
}

#[test]
fn nothing_in_the_configuration_names_another_origin() {
    let config: Value =
        serde_json::from_str(include_str!("../../../tauri.conf.json")).expect("JSON");
    let csp = config["app"]["security"]["csp"].as_str().expect("a policy");
    let origins: Vec<&str> = csp.split([' ', ';']).filter(|word| word.contains("://")).collect();
    assert_eq!(origins, ["http://ipc.localhost"], "the shell's own door");
    for word in ["unsafe-eval", "data:", "blob:", "*"] {
        assert!(!csp.contains(word), "{word} in {csp}");
    }
    let capability = include_str!("../../../capabilities/main.json");
    assert!(!capability.contains("remote"), "{capability}");
}

/// The files below `folder` that hold `text`.
fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry")) {
        let kind = entry.file_type().expect("its kind");
        if kind.is_dir() {
            found.extend(files_with(&entry.path(), text));
        } else if kind.is_file() {
            let bytes = std::fs::read(entry.path()).expect("its bytes");
            if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
                found.push(entry.path());
            }
        }
    }
    found
}
