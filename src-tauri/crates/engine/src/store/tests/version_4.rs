//! A file that the program of version 4 wrote (`fixtures/store-v4.sql`: SQLite's own words for
//! it), beside what that program showed of it (`fixtures/store-v4.json`).

use super::super::{lines, read, schema, steps};
use super::*;
use rusqlite::Connection;
use serde_json::{Value, json};

/// The file as it was when its program was killed: tasks that are over in every way, also at
/// endpoints, one that is held at a usage limit, one that asks, others that work and wait.
const FILE: &str = include_str!("../../../fixtures/store-v4.sql");
const SHOWN: &str = include_str!("../../../fixtures/store-v4.json");

pub(crate) fn write_version_4(dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    let conn = Connection::open(dir.join("regatta.db")).unwrap();
    // A dump has its tables in the order of their names, whatever they refer to.
    conn.pragma_update(None, "foreign_keys", false).unwrap();
    conn.execute_batch(FILE).unwrap();
    assert_eq!(schema::version(&conn).unwrap(), 4);
}

/// What is shown of a batch, as the golden file has it.
fn shown_batch(conn: &Connection, before: &Value) -> rusqlite::Result<Value> {
    let id = batch(before["detail"]["batch"]["id"].as_str().unwrap());
    let detail = read::detail(conn, &id)?.unwrap();
    let mut tasks = serde_json::Map::new();
    for task in detail.tasks.iter().chain(&detail.batch_channel) {
        let lines = lines::read_page(conn, &task.id, 0, 2_000)?;
        let steps = steps::read(conn, &task.id, 0, 1_000)?;
        tasks.insert(task.id.to_string(), json!({ "lines": lines, "steps": steps }));
    }
    let request = read::request(conn, &id)?;
    let events = read::events(conn, &id, 0, 10_000)?;
    Ok(json!({ "detail": detail, "request": request, "tasks": tasks, "events": events }))
}

#[tokio::test]
async fn all_that_version_4_showed_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    write_version_4(dir.path());
    let store = open_store(dir.path());
    assert_eq!(store.notice, None);
    let shown: Vec<Value> = serde_json::from_str(SHOWN).unwrap();
    assert_eq!(shown.len(), 11);
    for mut before in shown {
        // Who waits in which order is the scheduler's to say, and it isn't there; its changes
        // count as revisions.
        before["detail"]["batch"]["queue"] = json!([]);
        let wanted = before.clone();
        let mut now = store.readers.with(move |conn| shown_batch(conn, &wanted)).await.unwrap();
        assert!(
            now["detail"]["batch"]["revision"].as_u64()
                <= before["detail"]["batch"]["revision"].as_u64()
        );
        now["detail"]["batch"]["revision"] = before["detail"]["batch"]["revision"].clone();
        for part in ["detail", "request", "tasks", "events"] {
            assert_eq!(now[part], before[part], "{part} of {}", before["detail"]["batch"]["name"]);
        }
    }

    // Numbers go on, and so does what was held; a project has the cache it had.
    let held = store.readers.with(read::persisted_queue).await.unwrap();
    assert!(held.contains("99999999999999"), "{held}");
    store.create(new_batch(2)).await.unwrap();
    store.append(vec![status(0, Status::Working), output(0, "hello")]).await;
    let found = store.readers.with(|c| read::batch(c, &batch("b"))).await.unwrap();
    assert_eq!((found.counts.working, found.counts.waiting), (1, 1));
    assert!(found.created_at >= NOW && found.revision > 210);
    store.close().await;
    let conn = Connection::open(dir.path().join("regatta.db")).unwrap();
    assert_eq!(schema::version(&conn).unwrap(), schema::VERSION);
}
