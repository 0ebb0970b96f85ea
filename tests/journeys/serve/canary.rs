//! The token is in memory only.

use super::{Served, body, rest, until};
use regatta_tests::Yard;
use serde_json::json;
use std::fs;
use std::path::Path;

const CANARY: &str = "ghp_canaryCANARY0123456789";

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_nowhere_to_be_found() {
    let yard = Yard::new();
    let served = Served::start(&yard, &[]);
    let prompt = "run env\nrun cat /proc/self/environ | tr '\\0' '\\n'\nask Go on? | Yes | No";
    let mut body = body(&yard, &[("Look", prompt)]);
    body["github_token"] = json!(CANARY);
    let mut pieces = served.invoke(&body).await;
    let run = pieces.head.header("x-regatta-run").to_owned();
    let mut events = until(&mut pieces, |event| !event.data["question"].is_null()).await;
    let processes = yard.processes();
    assert!(processes.len() >= 3, "the server, a worker and an agent: {processes:?}");
    for (id, arguments) in &processes {
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        let environment = String::from_utf8_lossy(&environment).into_owned();
        assert!(!arguments.contains(CANARY) && !environment.contains(CANARY), "{arguments}");
    }
    let cancelled = served.caller.ask("POST", &format!("/v1/runs/{run}/cancel")).await;
    assert_eq!(cancelled.status, 200);
    events.extend(rest(&mut pieces).await);
    assert!(!format!("{events:?}").contains(CANARY));
    for path in ["/v1/runs".to_owned(), format!("/v1/runs/{run}")] {
        assert!(!served.caller.ask("GET", &path).await.text().contains(CANARY));
    }
    let mut files = 0;
    search(yard.root(), &mut files);
    assert!(files > 20, "the store, the cache and the copy were searched: {files}");
}

/// Fails when a file below `dir` holds the canary.
fn search(dir: &Path, files: &mut usize) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            search(&path, files);
        } else if let Ok(bytes) = fs::read(&path) {
            *files += 1;
            let found = bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
}
