//! An error that is the server's: its caller gets an id, and the log says why under that id.

use super::TestServer;
use crate::log::read_log;
use regatta_tests::TestEnv;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn why_is_in_the_log_under_the_id_that_the_caller_got() {
    let env = TestEnv::new();
    let mut served = TestServer::start(&env, &[]);
    let fine = served.client.request("GET", "/v1/runs").await;
    assert_eq!(fine.status, 200);
    let store = rusqlite::Connection::open(env.data_dir().join("regatta.db")).unwrap();
    store.execute_batch("ALTER TABLE batches RENAME TO gone").unwrap();
    let failed = served.client.request("GET", "/v1/runs").await;
    store.execute_batch("ALTER TABLE gone RENAME TO batches").unwrap();
    assert_eq!(failed.status, 500, "{}", failed.text());

    let body: Value = serde_json::from_str(&failed.text()).unwrap();
    let id = body["error"]["request_id"].as_str().unwrap();
    assert!(!id.is_empty() && failed.header("x-request-id") == id, "{body}");
    let log = read_log(&env.data_dir());
    let line = log.lines().find(|line| line.contains(id)).unwrap();
    assert!(line.contains("ERROR") && line.contains("/v1/runs"), "{line}");
    assert!(line.contains("no such table: batches"), "{line}");
    assert_eq!(served.terminate(), Some(0));
}
