//! A file of an earlier version is taken over with all that is in it.

use super::super::{read, schema};
use super::*;
use crate::fold;
use regatta_protocol::event::Outcome;
use rusqlite::{Connection, params};

/// A file as version 1 wrote it: one batch with one task that is over.
fn write_v1(dir: &Path) {
    let conn = Connection::open(dir.join("regatta.db")).unwrap();
    conn.execute_batch(schema::MIGRATIONS[0]).unwrap();
    conn.pragma_update(None, "user_version", 1).unwrap();
    let mut view = fold::new_view(task(1), batch("b"), "Task 1", 0, NOW);
    view.status = Status::Finished;
    let view = serde_json::to_string(&view).unwrap();
    // Without what came later: `endpoint`, `whole_batch`, `haiku`, `share` …
    let view = view.replace(r#""whole_batch":false,"#, "");
    let view = view.replace(r#","agent":"","row":0,"session":null"#, "");
    assert!(!view.contains("session"));
    let batch = r#"{"id":"b","name":"Footer","project_path":"/x/shop","project_name":"shop",
        "start_from":"main","start_commit":"00","agent":{"kind":"practice"},"max_parallel":3,
        "created_at":1,"ended_at":2,"revision":1,"last_seq":1,"counts":{"finished":1},"queue":[]}"#;
    let start = r#"{"project":"/x/shop","cache":"c","commit":"00",
        "author":{"name":"A","email":"a@example.invalid"}}"#;
    let insert = |sql: &str, values: &[&dyn rusqlite::ToSql]| conn.execute(sql, values).unwrap();
    insert("INSERT INTO projects VALUES ('/x/shop', 'c', 7)", params![]);
    insert("INSERT INTO batches VALUES (1, 'b', 1, 1, 1, 1, ?1)", params![batch]);
    insert(
        "INSERT INTO requests VALUES (1, ?1, ?2, 'Footer', 'footer', 'footer')",
        params![r#"{"name":"Footer","agent":{"kind":"practice"}}"#, start],
    );
    insert("INSERT INTO tasks VALUES (1, 'task-1', 1, 0, 'finished', 1, NULL, ?1)", params![view]);
    insert("INSERT INTO prompts VALUES (1, 'Task 1', 'do', NULL)", params![]);
    let event = r#"{"event":"attempt","number":1,"continues":false}"#;
    insert("INSERT INTO events VALUES (1, 1, 1, 1, 1, ?1)", params![event]);
    insert("INSERT INTO chunks VALUES (1, 0, 0, 1, 'out', 1, 'hello')", params![]);
}

#[tokio::test]
async fn a_file_of_the_first_version_is_taken_over_whole() {
    let dir = tempfile::tempdir().unwrap();
    write_v1(dir.path());
    let store = open_store(dir.path());
    assert_eq!(store.notice, None);
    let facts = store.readers.with(|c| read::facts(c, &task(1))).await.unwrap();
    assert_eq!((facts.view.status, facts.task_request.prompt.as_str()), (Status::Finished, "do"));
    assert!(
        !facts.view.is_batch_channel && !facts.start.publish && facts.request.endpoint.is_none()
    );
    let history = store.readers.with(|c| read::history(c, "", None, 9)).await.unwrap();
    assert_eq!(history.len(), 1);
    let page =
        store.readers.with(|c| super::super::lines::read_page(c, &task(1), 0, 9)).await.unwrap();
    assert_eq!(page.lines[0].text, "hello");

    // It can be written, and its numbers go on.
    let again = Event::Attempt { number: 2, continues: false, message: String::new() };
    store.append(vec![entry(1, again), status(1, Status::Waiting)]).await;
    let found = store.readers.with(|c| read::batch(c, &batch("b"))).await.unwrap();
    assert_eq!((found.last_seq, found.counts.waiting), (3, 1));
    let (done, cache) = oneshot::channel();
    let (path, fresh_cache) = ("/x/shop".into(), "other".into());
    store.send(StoreCommand::UseProject { project: path, fresh_cache, done });
    assert_eq!(cache.await.unwrap().unwrap(), "c");
    store.close().await;
    let conn = Connection::open(dir.path().join("regatta.db")).unwrap();
    assert_eq!(schema::version(&conn).unwrap(), schema::VERSION);
}

#[tokio::test]
async fn a_file_of_the_second_version_gets_rows_agents_and_copies() {
    let dir = tempfile::tempdir().unwrap();
    write_v1(dir.path());
    let conn = Connection::open(dir.path().join("regatta.db")).unwrap();
    conn.execute_batch(schema::MIGRATIONS[1]).unwrap();
    conn.pragma_update(None, "user_version", 2).unwrap();
    conn.execute_batch(
        "UPDATE tasks SET position = 4, status = 'needs_you', view = json_set(view,
             '$.attempt', 3, '$.status', 'needs_you', '$.outcome',
             json('{\"status\":\"failed\",\"last_words\":\"Half.\",\"commit\":\"c9\"}'))",
    )
    .unwrap();
    drop(conn);
    let store = open_store(dir.path());
    let facts = store.readers.with(|c| read::facts(c, &task(1))).await.unwrap();
    assert_eq!((facts.view.row, facts.view.agent.as_str()), (4, "Practice agent"));
    assert_eq!((facts.copy_attempt, facts.last_message.as_str()), (3, "Half."));
    assert_eq!(facts.agent_selection, Default::default());
    let asking = store.readers.with(read::tasks_with_questions).await.unwrap();
    assert_eq!(asking.len(), 1);
    let request = store.readers.with(|c| read::request(c, &batch("b"))).await.unwrap();
    assert_eq!(request.parallel_tasks[0].task_name, "Task 1");

    // What its attempt left is the result of one that goes on with it and never works.
    let again = |continues| Event::Attempt { number: 4, continues, message: String::new() };
    let end = || Event::Outcome(Outcome::without_work(Status::Stopped));
    for (continues, commit) in [(true, Some("c9")), (false, None)] {
        store.append(vec![entry(1, again(continues)), entry(1, end())]).await;
        let view = store.readers.with(|c| read::task(c, &task(1))).await.unwrap();
        assert_eq!(view.outcome.unwrap().commit.as_deref(), commit);
    }
    store.close().await;
}
