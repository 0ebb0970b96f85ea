use super::super::{read, schema};
use super::*;
use crate::EngineError;
use regatta_protocol::ErrorCode;
use std::time::Duration;

/// Waits, with a limit, until the store says that it can or can't be written.
async fn wait_for_store_error(store: &mut OpenStore, there: bool) {
    let wanted = store.store_error.wait_for(|trouble| trouble.is_some() == there);
    tokio::time::timeout(Duration::from_secs(20), wanted).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_full_store_keeps_what_it_has_and_goes_on_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open_store(dir.path());
    store.create(new_batch(1)).await.unwrap();
    store.limit_pages(60);
    let text = "x".repeat(10_000);
    let mut waiting = Vec::new();
    for _ in 0..40 {
        waiting.push(store.send_append(vec![output(0, &text)]));
    }
    wait_for_store_error(&mut store, true).await;
    assert_eq!(store.store_error.borrow().as_ref().unwrap().code, ErrorCode::DiskFull);
    // A person's request is refused at once instead of hanging.
    let mut other = new_batch(1);
    other.id = batch("other");
    other.tasks[0].id = task(7);
    let StoreError(refused) = store.create(other).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::DiskFull);

    store.limit_pages(1_000_000);
    wait_for_store_error(&mut store, false).await;
    for written in waiting {
        written.await.unwrap();
    }
    let view = store.readers.with(|c| read::task(c, &task(0))).await.unwrap();
    assert_eq!(view.lines, 40);
    let found = store.readers.with(|c| read::batch(c, &batch("b"))).await.unwrap();
    assert_eq!(found.last_seq, 2 + 40);
}

#[tokio::test]
async fn what_was_acknowledged_survives_the_end_of_the_program() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    store.create(new_batch(1)).await.unwrap();
    for round in 1..=5 {
        store.append(vec![output(0, "one\ntwo")]).await;
        // The files as they are when the program is killed now.
        let after = tempfile::tempdir().unwrap();
        for file in ["regatta.db", "regatta.db-wal"] {
            std::fs::copy(dir.path().join(file), after.path().join(file)).unwrap();
        }
        let found = open_store(after.path());
        assert_eq!(found.notice, None);
        let view = found.readers.with(|c| read::task(c, &task(0))).await.unwrap();
        let events = found.readers.with(|c| read::events(c, &batch("b"), 0, 99)).await.unwrap();
        assert_eq!((view.lines, events.len()), (2 * round, 2 + round as usize));
        found.close().await;
    }
}

#[tokio::test]
async fn a_second_regatta_is_kept_off() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    let second = open(dir.path(), NOW).err().unwrap();
    assert!(matches!(second, EngineError::DataInUse { .. }));
    store.close().await;
    open_store(dir.path()).close().await;
}

#[tokio::test]
async fn a_newer_file_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    open_store(dir.path()).close().await;
    let path = dir.path().join("regatta.db");
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.pragma_update(None, "user_version", schema::VERSION + 1).unwrap();
    conn.close().unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = open(dir.path(), NOW).err().unwrap();
    assert!(matches!(error, EngineError::StoreTooNew { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let files: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
}

#[tokio::test]
async fn a_newer_file_is_refused_even_when_only_its_log_says_so() {
    let dir = tempfile::tempdir().unwrap();
    open_store(dir.path()).close().await;
    let path = dir.path().join("regatta.db");
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.pragma_update(None, "user_version", schema::VERSION + 1).unwrap();
    // The connection stays open, so the number stays in the write-ahead log.
    let header = std::fs::read(&path).unwrap();
    assert_eq!(u32::from(header[63]), schema::VERSION);
    let error = open(dir.path(), NOW).err().unwrap();
    assert!(matches!(error, EngineError::StoreTooNew { .. }), "{error}");
    drop(conn);
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_told() {
    for damage in [(0, 4_096), (2_000, 60_000)] {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        store.create(new_batch(20)).await.unwrap();
        store.close().await;
        let path = dir.path().join("regatta.db");
        let mut bytes = std::fs::read(&path).unwrap();
        let end = damage.1.min(bytes.len());
        bytes[damage.0..end].fill(0xAB);
        std::fs::write(&path, &bytes).unwrap();

        let store = open_store(dir.path());
        let notice = store.notice.clone().unwrap();
        assert_eq!(notice.code, ErrorCode::StoreCorrupt);
        let aside = dir.path().join(format!("regatta.db.damaged-{NOW}"));
        assert_eq!(std::fs::read(aside).unwrap(), bytes);
        assert_eq!(store.readers.with(read::open_tasks).await.unwrap(), []);
        store.create(new_batch(1)).await.unwrap();
        store.close().await;
    }
}

#[tokio::test]
async fn damage_met_while_working_is_looked_for_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    open_store(dir.path()).close().await;
    std::fs::write(dir.path().join("regatta.db.suspect"), "").unwrap();
    let store = open_store(dir.path());
    assert_eq!(store.notice, None);
    assert!(!dir.path().join("regatta.db.suspect").exists());
    store.close().await;
}

#[test]
fn a_folder_that_cannot_be_made_is_said() {
    let error = open(Path::new("/dev/null/regatta"), NOW).err().unwrap();
    assert_eq!(error.notice().code, ErrorCode::DataReadOnly);
}

#[test]
fn every_version_of_the_schema_comes_up_to_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let mut conn = rusqlite::Connection::open(dir.path().join("x.db")).unwrap();
    schema::migrate(&mut conn).unwrap();
    let version: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, schema::VERSION);
    schema::migrate(&mut conn).unwrap(); // Once more changes nothing.
}
