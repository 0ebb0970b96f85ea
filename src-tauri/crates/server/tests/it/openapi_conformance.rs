//! What is answered is what the document says, whatever is asked.

use crate::http_client::HttpClient;
use crate::openapi::{OpenApiDocument, Route};
use crate::server_env::ServerEnv;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn events_fit_the_schemas_of_the_document() {
    let env = ServerEnv::new().await;
    let api = OpenApiDocument(env.client.request("GET", "/openapi.json").await.json());
    let events = env.run_batch(&["Finish", "Finish"]).await.events();
    let ids: Vec<u64> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids, (1..=events.len() as u64).collect::<Vec<_>>(), "dense from 1");
    for event in &events {
        let name = match event.kind.as_str() {
            "updates" => "Update",
            "end" => "End",
            "custom" if event.data["stdout"].is_string() => "OutputEvent",
            _ => "FactEvent",
        };
        assert_eq!(api.named_schema_mismatch(name, &event.data), None, "{event:?}");
    }
    let first = &events[0];
    assert_eq!((first.kind.as_str(), first.data["messages"].clone()), ("updates", json!([])));
    let last = events.last().expect("an end");
    assert_eq!(last.kind, "end");
    assert_eq!(last.data["last_seq"], json!(last.id));
    assert_eq!(last.data["status"], json!("finished"));
    env.shut_down().await;
}

/// Small whole numbers, the same in each run.
struct XorShift(u64);

impl XorShift {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).expect("small")
    }

    fn odd_value(&mut self) -> Value {
        let odd = [
            json!(null),
            json!(true),
            json!(-1),
            json!(0),
            json!(1e300),
            json!(u64::MAX),
            json!(""),
            json!(" \u{0}\u{202e}\u{1b}[2J🚀"),
            json!("x".repeat(20_000)),
            json!("-oProxyCommand=x"),
            json!("ext::sh -c x"),
            json!("/"),
            json!("/proc/self"),
            json!("file:///etc"),
            json!("../../.."),
            json!([]),
            json!({}),
            json!([[[{"a": []}]]]),
            json!([{"type": "human", "content": "x"}]),
            json!([{"task_name": "a", "prompt": "x"}, {"task_name": "a", "prompt": "x"}]),
            json!([{"task_name": "../a", "prompt": "x", "time_limit_s": 0}]),
        ];
        odd[self.below(odd.len())].clone()
    }
}

const FIELDS: [&str; 11] = [
    "repo_url",
    "github_token",
    "messages",
    "parallel_tasks",
    "branch",
    "haiku",
    "thread_id",
    "name",
    "agent",
    "model",
    "max_parallel",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_body_whatever_is_a_fault_of_ours() {
    let env = ServerEnv::new().await;
    let api = OpenApiDocument(env.client.request("GET", "/openapi.json").await.json());
    let route = Route { method: "POST".into(), path: "/invoke/stdout".into() };
    let mut chance = XorShift(0x5eed);
    for _ in 0..400 {
        let mut body = env.batch_body(&["Finish"]);
        for _ in 0..=chance.below(3) {
            body[FIELDS[chance.below(FIELDS.len())]] = chance.odd_value();
        }
        let mut bytes = body.to_string().into_bytes();
        match chance.below(8) {
            0 => bytes.truncate(chance.below(bytes.len())),
            1 => {
                let at = chance.below(bytes.len());
                bytes[at] = u8::try_from(chance.below(256)).expect("a byte");
            }
            _ => {}
        }
        assert_never_5xx(&env.client, &api, &route, &bytes).await;
    }
    for bytes in [&b"\xff\xfe"[..], b"\0", b"[]", b"\"\"", b"1", b"{\"repo_url\":\"\\ud800\"}"] {
        assert_never_5xx(&env.client, &api, &route, bytes).await;
    }
    let deep = "[".repeat(100_000);
    assert_never_5xx(&env.client, &api, &route, deep.as_bytes()).await;
    env.shut_down().await;
}

async fn assert_never_5xx(caller: &HttpClient, api: &OpenApiDocument, route: &Route, body: &[u8]) {
    let mut headers = caller.headers();
    headers.push(("content-type", "application/json; charset=utf-8".into()));
    let answer = caller.send(&route.method, &route.path, &headers, body).await;
    let shown = String::from_utf8_lossy(&body[..body.len().min(500)]).into_owned();
    assert!(answer.status < 500, "{}: {shown}", answer.text());
    assert_eq!(api.find_mismatch(route, &answer), None, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_or_query_whatever_is_a_fault_of_ours() {
    let env = ServerEnv::new().await;
    let run = env.run_batch(&["Finish"]).await.header("x-regatta-run").to_owned();
    let api = OpenApiDocument(env.client.request("GET", "/openapi.json").await.json());
    let odd =
        ["..", "%2e%2e", "%00", "%ff", "a%2Fb", "%F0%9F%9A%80", "-x", "t0 ", &"x".repeat(9_000)];
    for route in api.routes() {
        for id in odd.iter().copied().chain([run.as_str()]) {
            for name in odd {
                let path = route.path.replace("{run_id}", id).replace("{task_name}", name);
                let path = path.replace(' ', "%20");
                let answer = env.client.request(&route.method, &path).await;
                assert!(answer.status < 500, "{path}: {}", answer.text());
                // A path that a caller's `..` made another one is another one.
                if answer.status != 404 {
                    assert_eq!(api.find_mismatch(&route, &answer), None, "{path}");
                }
            }
            if !route.path.contains("{task_name}") && !route.path.contains("{run_id}") {
                break;
            }
        }
    }
    let queries = ["limit=0", "limit=201", "limit=-1", "limit=x", "before=..", "before=%ff"];
    for query in queries {
        let answer = env.client.request("GET", &format!("/v1/runs?{query}")).await;
        assert!([400, 404].contains(&answer.status), "{query}: {}", answer.text());
        assert!(!answer.error_code().is_empty());
    }
    for after in ["-1", "x", "99999999999999999999", "18446744073709551615"] {
        let answer =
            env.client.request("GET", &format!("/v1/runs/{run}/events?after={after}")).await;
        assert_eq!((answer.status, answer.error_code().as_str()), (400, "bad_request"), "{after}");
    }
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_batches_hold_each_once() {
    let env = ServerEnv::new().await;
    let mut started = Vec::new();
    for _ in 0..5 {
        started.push(env.run_batch(&["Finish"]).await.header("x-regatta-run").to_owned());
    }
    started.reverse();
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = env.client.request("GET", &format!("/v1/runs?limit=2{next}")).await.json();
        let runs = page["runs"].as_array().expect("a page");
        seen.extend(runs.iter().filter_map(|run| run["run_id"].as_str().map(str::to_owned)));
        match page["next"].as_str() {
            Some(before) => next = format!("&before={before}"),
            None => break,
        }
    }
    assert_eq!(seen, started);
    assert_eq!(env.client.request("GET", "/v1/runs?before=gone").await.error_code(), "not_found");
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_parameter_of_a_path_a_query_or_a_header_may_be_null() {
    let env = ServerEnv::new().await;
    let api = env.client.request("GET", "/openapi.json").await.json();
    let paths = api["paths"].as_object().expect("paths").values();
    let operations = paths.flat_map(|path| path.as_object().expect("operations").values());
    let parameters = operations.filter_map(|operation| operation["parameters"].as_array());
    let parameters: Vec<&Value> = parameters.flatten().collect();
    assert!(parameters.len() > 10, "{parameters:?}");
    for parameter in parameters {
        assert!(parameter["schema"]["type"].is_string(), "{parameter}");
    }
    env.shut_down().await;
}
