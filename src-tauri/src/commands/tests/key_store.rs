//! The real Secret Service: GNOME Keyring on a bus of the test's own, with a home folder of
//! its own; and a computer without any. The library looks at its environment once, so each
//! start of the app is a process: this program again, with one of the tests marked `ignore`.

#![expect(clippy::disallowed_methods, reason = "tests look from outside")]

use super::{MockApp, files_with, mock_in};
use crate::secrets::Secrets;
use crate::state;
use regatta_engine::CredentialProvider;
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::{ErrorCode, Secret, UserMessage};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Names the folder of a start.
const HOME_VARIABLE: &str = "REGATTA_TEST_HOME";
const UNLOCK_SCRIPT: &str = "printf 'word\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null && exec \"$@\"";

#[test]
fn a_key_is_kept_for_the_next_start_and_only_for_its_address() {
    let home = TempDir::with_prefix("regatta-keys-").expect("a temporary folder");
    run_in_session(home.path(), UNLOCK_SCRIPT, "first_start");
    run_in_session(home.path(), UNLOCK_SCRIPT, "second_start");
    // The bus starts the service by itself; nobody unlocks it.
    run_in_session(home.path(), "exec \"$@\"", "locked_start");
    run_in_session(home.path(), UNLOCK_SCRIPT, "last_start");
    assert_nothing_runs(home.path());
}

#[test]
fn without_a_bus_a_key_is_kept_for_the_session() {
    let home = TempDir::with_prefix("regatta-keys-").expect("a temporary folder");
    let mut start = Command::new(this_program());
    run_test(home.path(), start.args(test_args("start_without_a_store")));
}

#[test]
#[ignore = "a start of the app, made by the tests above"]
fn first_start() {
    let start = AppRun::new();
    let view = start.call("credentials", json!({}));
    assert_eq!(view["store"], Value::Null, "an empty key store can be used");

    let ours = start.add_endpoint("Ours", "https://a.example.com");
    assert_eq!(start.read_key(&ours).expect_err("none yet").code, ErrorCode::KeyMissing);
    assert_eq!(start.set_key(&ours, "canary-1")["endpoints"][0]["key"], "kept");
    assert_eq!(start.read_key(&ours).expect("kept").expose(), "canary-1");
    let view = start.set_key(&ours, "canary-2");
    assert_eq!((&view["endpoints"][0]["key"], &view["store"]), (&json!("kept"), &Value::Null));
    assert_eq!(start.read_key(&ours).expect("kept").expose(), "canary-2");

    let other = start.add_endpoint("Other", "https://b.example.com");
    start.set_key(&other, "canary-3");
    let moved = Endpoint { address: "https://c.example.com".into(), ..other.clone() };
    let view = start.call("save_endpoint", json!({ "endpoint": moved }));
    assert_eq!(view["endpoints"][1]["key"], "missing", "another address asks again");
    for gone in [&other, &moved] {
        assert_eq!(start.read_key(gone).expect_err("removed").code, ErrorCode::KeyMissing);
    }
    start.set_key(&moved, "canary-4");
    let view = start.call("remove_endpoint_key", json!({ "id": moved.id }));
    assert_eq!(view["endpoints"][1]["key"], "missing");
    start.set_key(&moved, "canary-4");
    start.call("remove_endpoint", json!({ "id": moved.id }));
    assert_eq!(start.read_key(&moved).expect_err("removed").code, ErrorCode::KeyMissing);

    let view = start.call("set_github_token", json!({ "token": "canary-5" }));
    assert_eq!(view["github"]["token"], "kept");
}

#[test]
#[ignore = "a start of the app, made by the tests above"]
fn second_start() {
    let start = AppRun::new();
    let view = start.call("credentials", json!({}));
    assert_eq!((&view["endpoints"][0]["key"], &view["store"]), (&json!("kept"), &Value::Null));
    assert_eq!(view["github"]["token"], "kept");
    assert_eq!(start.read_key(&start.first_endpoint()).expect("kept").expose(), "canary-2");
    let secrets = state::secrets(start.mock.app.handle());
    let token = tauri::async_runtime::block_on(secrets.git_token("github.com"));
    assert_eq!(token.expect("kept").expose(), "canary-5");
}

#[test]
#[ignore = "a start of the app, made by the tests above"]
fn locked_start() {
    let start = AppRun::new();
    let locked = "Your computer's key store is locked or waits for you.";
    assert_eq!(start.call("credentials", json!({}))["store"]["what"], locked);
    let ours = start.first_endpoint();
    let refused = start.read_key(&ours).expect_err("it can't be read");
    assert_eq!((refused.code, &*refused.message), (ErrorCode::KeyStoreMissing, locked));
    let view = start.set_key(&ours, "canary-6");
    assert_eq!(view["endpoints"][0]["key"], "for_session");
    assert_eq!(view["store"]["what"], locked);
    assert_eq!(start.read_key(&ours).expect("in memory").expose(), "canary-6");
}

#[test]
#[ignore = "a start of the app, made by the tests above"]
fn last_start() {
    let start = AppRun::new();
    let ours = start.first_endpoint();
    assert_eq!(start.read_key(&ours).expect("as it was").expose(), "canary-2");
    start.call("remove_endpoint", json!({ "id": ours.id }));
    assert_eq!(start.read_key(&ours).expect_err("removed").code, ErrorCode::KeyMissing);
    let view = start.call("remove_github_token", json!({}));
    assert_eq!(view["github"]["token"], "missing");
}

#[test]
#[ignore = "a start of the app, made by the tests above"]
fn start_without_a_store() {
    let start = AppRun::new();
    let view = start.call("credentials", json!({}));
    assert_eq!(view["store"]["code"], "key_store_missing");
    let ours = start.add_endpoint("Ours", "https://a.example.com");
    let view = start.set_key(&ours, "canary-1");
    assert_eq!(view["endpoints"][0]["key"], "for_session");
    let said = view["store"]["what"].as_str().expect("a sentence");
    assert_eq!(said, "This computer has no key store that Regatta can use.");
    assert_eq!(start.read_key(&ours).expect("in memory").expose(), "canary-1");
    start.call("remove_endpoint", json!({ "id": ours.id }));
    assert_eq!(start.read_key(&ours).expect_err("removed").code, ErrorCode::KeyMissing);
}

/// One start of the app, with the computer's own key store. No key may be in an answer to the
/// page, nor, when it ends, in a file.
struct AppRun {
    home: PathBuf,
    mock: MockApp,
}

impl AppRun {
    fn new() -> Self {
        let home = PathBuf::from(std::env::var_os(HOME_VARIABLE).expect("made by the tests above"));
        let mock = mock_in(&home.join("data"), Ok("/bin/true".into()), Secrets::new());
        Self { home, mock }
    }

    fn call(&self, command: &str, args: Value) -> Value {
        let answer = self.mock.call(command, args).expect(command);
        assert!(!answer.to_string().contains("canary"), "{command}: {answer}");
        answer
    }

    fn add_endpoint(&self, name: &str, address: &str) -> Endpoint {
        let endpoint = json!({ "id": "new", "name": name, "address": address });
        let view = self.call("save_endpoint", json!({ "endpoint": endpoint }));
        let all = view["endpoints"].as_array().expect("endpoints");
        let new = all.last().expect("the new one")["endpoint"].clone();
        serde_json::from_value(new).expect("an endpoint")
    }

    fn first_endpoint(&self) -> Endpoint {
        let mut settings = self.call("settings", json!({}));
        serde_json::from_value(settings["endpoints"][0].take()).expect("an endpoint")
    }

    fn set_key(&self, endpoint: &Endpoint, key: &str) -> Value {
        self.call("set_endpoint_key", json!({ "id": endpoint.id, "key": key }))
    }

    /// As the engine reads it.
    fn read_key(&self, endpoint: &Endpoint) -> Result<Secret, UserMessage> {
        let secrets = state::secrets(self.mock.app.handle());
        tauri::async_runtime::block_on(secrets.endpoint_key(endpoint))
    }
}

impl Drop for AppRun {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(files_with(&self.home, "canary"), Vec::<PathBuf>::new());
        }
    }
}

/// Makes a start on a bus of its own, by way of the shell script `how`.
fn run_in_session(home: &Path, how: &str, start: &str) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    for program in ["dbus-run-session", "gnome-keyring-daemon"] {
        let there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
        assert!(there, "{program} is missing: apt-get install dbus gnome-keyring");
    }
    let mut session = Command::new("dbus-run-session");
    session.args(["--", "sh", "-c", how, "sh"]).arg(this_program()).args(test_args(start));
    run_test(home, &mut session);
}

fn run_test(home: &Path, command: &mut Command) {
    let outcome = command
        .env(HOME_VARIABLE, home)
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .env_remove("XDG_DATA_HOME")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&outcome.stdout);
    let errors = String::from_utf8_lossy(&outcome.stderr);
    assert!(outcome.status.success() && said.contains("1 passed"), "{said}\n{errors}");
}

fn this_program() -> PathBuf {
    std::env::current_exe().expect("its own path")
}

fn test_args(start: &str) -> [String; 3] {
    let (_, module) = module_path!().split_once("::").expect("a module of a crate");
    [format!("{module}::{start}"), "--exact".to_owned(), "--ignored".to_owned()]
}

/// The service ends with its bus.
fn assert_nothing_runs(home: &Path) {
    let mark = format!("HOME={}", home.display());
    let left = || {
        let entries = std::fs::read_dir("/proc").expect("the processes").flatten();
        let environs = entries.filter_map(|e| std::fs::read(e.path().join("environ")).ok());
        environs.filter(|text| String::from_utf8_lossy(text).split('\0').any(|e| e == mark)).count()
    };
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while left() > 0 {
        assert!(std::time::Instant::now() < end, "the service is there still");
        std::thread::yield_now();
    }
}
