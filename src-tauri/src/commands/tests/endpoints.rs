//! Endpoints, keys and repositories, with a server of the test's own at the other end.

use super::{MockApp, mock};
use regatta_protocol::ErrorCode;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

const KEY: &str = "canary-key-1";

/// What was asked of a server, head by head.
#[derive(Clone, Default)]
struct ReceivedRequests(Arc<Mutex<Vec<String>>>);

impl ReceivedRequests {
    fn last(&self) -> String {
        self.0.lock().expect("its list").last().cloned().unwrap_or_default()
    }

    fn count(&self) -> usize {
        self.0.lock().expect("its list").len()
    }
}

/// A server on loopback that gives `answer` for each path. It ends with the test.
fn serve(answer: fn(&str) -> (u16, Value)) -> (String, ReceivedRequests) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("its address"));
    let asked = ReceivedRequests::default();
    let heads = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            reply(stream.expect("a caller"), &heads, answer);
        }
    });
    (address, asked)
}

fn reply(mut stream: TcpStream, asked: &ReceivedRequests, answer: fn(&str) -> (u16, Value)) {
    let mut head = String::new();
    let mut reader = BufReader::new(stream.try_clone().expect("the same stream"));
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).expect("a head") > 0 {}
    // Before the answer: whoever has that may count at once.
    asked.0.lock().expect("its list").push(head.to_lowercase());
    let path = head.split(' ').nth(1).unwrap_or_default();
    let (status, body) = answer(path);
    let body = body.to_string();
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).expect("the caller listens");
}

fn agents(_: &str) -> (u16, Value) {
    (200, json!([{ "name": "practice" }]))
}

impl MockApp {
    /// A new endpoint's id.
    pub(super) fn add_endpoint(&self, name: &str, address: &str) -> String {
        let endpoint = json!({ "id": "new", "name": name, "address": address });
        let view = self.call("save_endpoint", json!({ "endpoint": endpoint })).expect("saved");
        let all = view["endpoints"].as_array().expect("endpoints");
        let id = &all.last().expect("the new one")["endpoint"]["id"];
        id.as_str().expect("an id").to_owned()
    }

    fn set_key(&self, id: &str, key: &str) -> Value {
        self.call("set_endpoint_key", json!({ "id": id, "key": key })).expect("kept")
    }
}

#[test]
fn this_computer_and_each_endpoint_are_places_with_what_can_be_done_there() {
    let mock = mock();
    let id = mock.add_endpoint("Ours", "http://127.0.0.1:9");
    let places = mock.call("places", json!({})).expect("places");
    let known: Vec<_> =
        places.as_array().expect("a list").iter().map(|place| &place["id"]).collect();
    assert_eq!(known, [&json!("local"), &json!(id)]);
    assert_eq!(
        (&places[0]["label"], &places[1]["label"]),
        (&json!("This computer"), &json!("Ours"))
    );
    let can = |place: usize, what: &str| {
        let capabilities = places[place]["capabilities"].as_array().expect("a list");
        capabilities.contains(&json!(what))
    };
    assert!(can(0, "local_folder") && !can(0, "key"), "{places}");
    assert!(can(1, "key") && !can(1, "local_folder"), "{places}");
}

#[test]
fn a_key_is_entered_tested_replaced_and_removed() {
    let mock = mock();
    let (address, asked) = serve(agents);
    let id = mock.add_endpoint("Ours", &address);
    let tested = mock.call("test_endpoint", json!({ "id": id })).expect("tested");
    assert_eq!((&tested["ok"], &tested["notice"]["code"]), (&json!(false), &json!("key_missing")));
    assert_eq!(asked.count(), 0, "nothing is sent without a key");

    let view = mock.set_key(&id, &format!(" {KEY}\n"));
    assert_eq!(view["endpoints"][0]["key"], "for_session");
    assert_eq!(view["store"]["code"], "key_store_missing");
    let tested = mock.call("test_endpoint", json!({ "id": id })).expect("tested");
    assert_eq!((&tested["ok"], &tested["notice"]), (&json!(true), &Value::Null), "{tested}");
    assert!(asked.last().contains("x-api-key: canary-key-1\r\n"), "{}", asked.last());

    mock.set_key(&id, "another");
    mock.call("test_endpoint", json!({ "id": id })).expect("tested");
    assert!(asked.last().contains("x-api-key: another\r\n"), "{}", asked.last());
    let view = mock.call("remove_endpoint_key", json!({ "id": id })).expect("removed");
    assert_eq!(view["endpoints"][0]["key"], "missing");
    mock.call("test_endpoint", json!({ "id": id })).expect("tested");
    assert_eq!(asked.count(), 2);
}

#[test]
fn another_address_asks_for_the_key_again_and_another_name_does_not() {
    let mock = mock();
    let (address, _) = serve(agents);
    let (elsewhere, asked) = serve(agents);
    let id = mock.add_endpoint("Ours", &address);
    mock.set_key(&id, KEY);
    let save = |name: &str, address: &str| {
        let endpoint = json!({ "id": id, "name": name, "address": address });
        mock.call("save_endpoint", json!({ "endpoint": endpoint })).expect("saved")
    };
    assert_eq!(save("Renamed", &address)["endpoints"][0]["key"], "for_session");
    assert_eq!(save("Renamed", &elsewhere)["endpoints"][0]["key"], "missing");
    mock.call("test_endpoint", json!({ "id": id })).expect("tested");
    assert_eq!(asked.count(), 0, "the key of the old address goes nowhere else");
    assert_eq!(save("Renamed", &address)["endpoints"][0]["key"], "missing", "it was removed");

    let view = mock.call("remove_endpoint", json!({ "id": id })).expect("removed");
    assert_eq!(view["endpoints"], json!([]));
    for command in ["remove_endpoint", "remove_endpoint_key", "test_endpoint"] {
        let gone = mock.expect_error(command, json!({ "id": id }));
        assert_eq!(gone.code, ErrorCode::EndpointMissing, "{command}");
    }
    let gone = mock.expect_error("set_endpoint_key", json!({ "id": id, "key": KEY }));
    assert_eq!(gone.code, ErrorCode::EndpointMissing);
}

#[test]
fn what_cannot_be_a_key_or_an_address_is_refused() {
    let mock = mock();
    let id = mock.add_endpoint("Ours", "https://a.example.com");
    for key in ["", "  ", "two words", "a\nb", "clé", &"x".repeat(5_000)] {
        let refused = mock.expect_error("set_endpoint_key", json!({ "id": id, "key": key }));
        assert_eq!(refused.code, ErrorCode::BadRequest);
        let refused = mock.expect_error("set_github_token", json!({ "token": key }));
        assert_eq!(refused.code, ErrorCode::BadRequest);
    }
    for address in ["http://example.com", "https://a:b@example.com", "ext::sh"] {
        let endpoint = json!({ "id": "new", "name": "Other", "address": address });
        let refused = mock.expect_error("save_endpoint", json!({ "endpoint": endpoint }));
        assert_eq!(refused.code, ErrorCode::BadRequest, "{address}");
        let refused = mock.expect_error("set_github_api", json!({ "address": address }));
        assert_eq!(refused.code, ErrorCode::BadRequest, "{address}");
    }
    let view = mock.call("credentials", json!({})).expect("credentials");
    assert_eq!(view["endpoints"].as_array().map(Vec::len), Some(1));
    assert_eq!(view["github"], json!({ "host": "github.com", "token": "missing" }));
}

#[test]
fn settings_from_the_page_neither_lose_nor_forge_an_endpoint() {
    let mock = mock();
    let id = mock.add_endpoint("Ours", "https://a.example.com");
    let mut settings = mock.call("settings", json!({})).expect("settings");
    settings["endpoints"][0]["address"] = json!("https://elsewhere.example.com");
    settings["github_api"] = json!("https://elsewhere.example.com");
    mock.call("save_settings", json!({ "settings": settings })).expect("saved");
    mock.call("set_limit", json!({ "limit": 4 })).expect("saved");
    let kept = mock.call("settings", json!({})).expect("settings");
    let ours = json!([{ "id": id, "name": "Ours", "address": "https://a.example.com" }]);
    assert_eq!((&kept["endpoints"], &kept["limit"]), (&ours, &json!(4)));
    assert_eq!(kept["github_api"], "https://api.github.com");
}

fn github(path: &str) -> (u16, Value) {
    match path.split('?').next().unwrap_or_default() {
        "/user" => (200, json!({ "login": "ada" })),
        "/user/repos" => (
            200,
            json!([{
                "full_name": "shop/boats", "clone_url": "https://github.com/shop/boats.git",
                "private": true, "default_branch": "main", "permissions": { "push": true },
            }]),
        ),
        "/repos/shop/boats/branches" => (200, json!([{ "name": "main" }, { "name": "next" }])),
        _ => (404, json!({ "message": "Not Found" })),
    }
}

fn refusing(_: &str) -> (u16, Value) {
    (401, json!({ "message": "Bad credentials" }))
}

#[test]
fn repositories_and_branches_are_listed_with_the_token() {
    let mock = mock();
    let (api, asked) = serve(github);
    let view = mock.call("set_github_api", json!({ "address": api })).expect("set");
    assert_eq!(view["github"]["host"], api.trim_start_matches("http://"));
    assert_eq!(mock.expect_error("repositories", json!({ "page": 1 })).code, ErrorCode::KeyMissing);
    let tested = mock.call("test_github_token", json!({})).expect("tested");
    assert_eq!(tested["notice"]["code"], "key_missing");
    assert_eq!(asked.count(), 0);

    let view = mock.call("set_github_token", json!({ "token": KEY })).expect("kept");
    assert_eq!(view["github"]["token"], "for_session");
    let tested = mock.call("test_github_token", json!({})).expect("tested");
    assert_eq!(tested["ok"], true, "{tested}");
    assert!(asked.last().contains("authorization: bearer canary-key-1\r\n"), "{}", asked.last());
    let page = mock.call("repositories", json!({ "page": 1 })).expect("a page");
    assert_eq!(page["repositories"][0]["full_name"], "shop/boats");
    let branches = json!({ "address": format!("{api}/shop/boats") });
    assert_eq!(mock.call("branches", branches), Ok(json!(["main", "next"])));
    let count = asked.count();
    let foreign = json!({ "address": "https://elsewhere.example.com/shop/boats" });
    assert_eq!(mock.expect_error("branches", foreign).code, ErrorCode::BadRequest);
    assert_eq!(asked.count(), count, "the token goes to its own host only");

    mock.call("remove_github_token", json!({})).expect("removed");
    assert_eq!(mock.expect_error("repositories", json!({ "page": 1 })).code, ErrorCode::KeyMissing);
}

#[test]
fn a_refused_token_is_said_and_another_host_asks_for_its_own() {
    let mock = mock();
    let (api, _) = serve(refusing);
    mock.call("set_github_api", json!({ "address": api })).expect("set");
    mock.call("set_github_token", json!({ "token": KEY })).expect("kept");
    assert_eq!(
        mock.expect_error("repositories", json!({ "page": 1 })).code,
        ErrorCode::TokenRefused
    );
    let tested = mock.call("test_github_token", json!({})).expect("tested");
    assert_eq!(tested["notice"]["code"], "token_refused");
    let view = mock.call("set_github_api", json!({ "address": "" })).expect("set");
    assert_eq!(view["github"], json!({ "host": "github.com", "token": "missing" }));
    let view = mock.call("set_github_api", json!({ "address": api })).expect("set");
    assert_eq!(view["github"]["token"], "missing", "it was removed");
}

#[test]
fn a_folder_has_its_own_branches() {
    let mock = mock();
    let project = mock.call("practice_project", json!({})).expect("a project");
    let branches = mock.call("branches", json!({ "address": project["path"] })).expect("branches");
    assert_eq!(branches, project["branches"]);
    let gone = mock.expect_error("branches", json!({ "address": "/no/such/folder" }));
    assert_eq!(gone.code, ErrorCode::ProjectMissing);
}

#[test]
fn a_batch_goes_where_the_settings_say_and_its_repository_is_remembered() {
    let mock = mock();
    let (address, asked) = serve(refusing);
    let (elsewhere, forged) = serve(refusing);
    let project = mock.call("practice_project", json!({})).expect("a project");
    let id = mock.add_endpoint("Ours", &address);
    let request = |id: &str| {
        json!({ "request": {
            "repo_url": project["path"],
            "parallel_tasks": [{ "task_name": "a", "prompt": "do" }],
            "endpoint": { "id": id, "name": "Forged", "address": elsewhere },
        } })
    };
    let unknown = mock.call("check_batch", request("no-such")).expect("problems");
    assert_eq!(unknown[0]["field"], "endpoint");
    assert_eq!(unknown[0]["notice"]["code"], "endpoint_missing");
    let refused = mock.expect_error("start_batch", request("no-such"));
    assert_eq!(refused.code, ErrorCode::EndpointMissing);

    mock.set_key(&id, KEY);
    assert_eq!(mock.call("check_batch", request(&id)), Ok(json!([])));
    let started = mock.call("start_batch", request(&id)).expect("started");
    assert_eq!(started["batch"]["endpoint"]["address"], json!(address));
    let task = json!({ "id": started["tasks"][0]["id"] });
    let failed = || mock.call("task", task.clone()).expect("a task")["status"] == "failed";
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !failed() {
        assert!(std::time::Instant::now() < end, "the endpoint's refusal never came");
        std::thread::yield_now();
    }
    assert!(asked.last().starts_with("post /invoke/stdout"), "{}", asked.last());
    assert_eq!(forged.count(), 0);
    let home = mock.call("home", json!({})).expect("home");
    assert_eq!(home["repositories"][0]["path"], project["path"]);

    // The key is in no file, and in no answer but the ones that the page typed it into.
    let shown = ["home", "credentials", "settings"].map(|c| mock.call(c, json!({})).expect(c));
    let batch = json!({ "id": started["batch"]["id"] });
    let batch = ["batch", "batch_request"].map(|c| mock.call(c, batch.clone()).expect(c));
    let said = json!([shown, batch, started]).to_string();
    assert!(!said.contains(KEY), "{said}");
    let data = mock.data.as_ref().expect("its folder").path();
    assert_eq!(super::files_with(data, KEY), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_task_on_this_computer_has_no_conversation_elsewhere() {
    let mock = mock();
    for (command, args) in [
        ("look_up_branch", json!({ "task": "no-such" })),
        ("continue_with", json!({ "task": "no-such", "message": "go on" })),
    ] {
        assert_eq!(mock.expect_error(command, args).code, ErrorCode::NotFound, "{command}");
    }
}
