use super::super::{read, steps, view_cache::ViewCache};
use super::*;
use regatta_protocol::event::{SavePoint, SaveReason, Step, StepKind, StepState};
use regatta_protocol::view::{PlaceView, QueuePosition};
use std::collections::HashMap;

#[tokio::test]
async fn a_batch_is_there_as_it_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    store.create(new_batch(2)).await.unwrap();
    let found = store.readers.with(|c| read::batch(c, &batch("b"))).await.unwrap();
    assert_eq!((found.name.as_str(), found.counts.waiting), ("Footer", 2));
    assert_eq!((found.project_name.as_str(), found.last_seq), ("shop", 4));
    let request = store.readers.with(|c| read::request(c, &batch("b"))).await.unwrap();
    assert_eq!(request.parallel_tasks[1].prompt, "do 1");
    let facts = store.readers.with(|c| read::facts(c, &task(1))).await.unwrap();
    assert_eq!((facts.view.position, facts.task_request.task_name.as_str()), (1, "Task 1"));
    assert_eq!(facts.save_commit, None);
}

#[tokio::test]
async fn numbers_are_dense_and_output_is_not_stored_twice() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    store.create(new_batch(3)).await.unwrap();
    let long = "x".repeat(200_000);
    for round in 0..10 {
        let entries = (0..3).map(|n| output(n, &format!("round {round}\n{long}\nend"))).collect();
        drop(store.send_append(entries));
    }
    store.append(vec![status(0, Status::Working)]).await;
    let mut events = Vec::new();
    loop {
        let after = events.len() as u64;
        let page = store.readers.with(move |c| read::events(c, &batch("b"), after, 7)).await;
        let page = page.unwrap();
        if page.is_empty() {
            break;
        }
        events.extend(page);
    }
    let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
    let text: Vec<&str> = events
        .iter()
        .filter(|event| event.task == Some(task(2)))
        .filter_map(|event| match &event.event {
            Event::Output { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let expected: Vec<String> = (0..10).map(|r| format!("round {r}\n{long}\nend")).collect();
    assert_eq!(text.join("\n"), expected.join("\n"));
    let bodies: i64 = store
        .readers
        .with(|c| c.query_row("SELECT max(length(body)) FROM events", [], |row| row.get(0)))
        .await
        .unwrap();
    assert!(bodies < 1_000, "{bodies}");
}

#[tokio::test]
async fn counts_and_the_end_follow_the_tasks() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open_store(dir.path());
    store.create(new_batch(2)).await.unwrap();
    assert_eq!(store.published.borrow_and_update().active[&batch("b")].last_seq, 4);
    store.append(vec![status(0, Status::Working), status(1, Status::Stopped)]).await;
    store.append(vec![status(0, Status::Finished)]).await;
    let found = store.readers.with(|c| read::batch(c, &batch("b"))).await.unwrap();
    assert_eq!((found.counts.finished, found.counts.stopped, found.counts.waiting), (1, 1, 0));
    assert_eq!(found.ended_at, Some(NOW));
    assert!(store.published.borrow_and_update().active.is_empty());

    // A new attempt opens it again.
    let again = Event::Attempt { number: 2, continues: false, message: String::new() };
    store.append(vec![entry(0, again), status(0, Status::Waiting)]).await;
    let found = store.readers.with(|c| read::batch(c, &batch("b"))).await.unwrap();
    assert_eq!((found.ended_at, found.counts.waiting, found.last_seq), (None, 1, 10));
    assert_eq!(store.published.borrow().active[&batch("b")].last_seq, 10);
    store.append(vec![status(0, Status::Stopped), output(1, "late")]).await;
    assert_eq!(end_seqs(&store).await, [8, 12], "each time it was over, at once");
    let events = store.readers.with(|c| read::events(c, &batch("b"), 7, 1)).await.unwrap();
    assert_eq!((events[0].task.as_ref(), events[0].attempt), (None, 0));
}

/// The numbers of the entries that say that the batch is over.
async fn end_seqs(store: &OpenStore) -> Vec<u64> {
    let events = store.readers.with(|c| read::events(c, &batch("b"), 0, 99)).await.unwrap();
    events.iter().filter(|event| event.event == Event::End).map(|event| event.seq).collect()
}

#[tokio::test]
async fn a_step_is_one_step_whatever_is_said_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    store.create(new_batch(1)).await.unwrap();
    let step = |id: &str, title: &str, state| {
        entry(0, Event::Step(Step::new(id, StepKind::Read, title, state)))
    };
    store.append(vec![output(0, "one\ntwo"), step("a", "Read", StepState::Working)]).await;
    store.append(vec![output(0, "three"), step("b", "Look", StepState::Working)]).await;
    store.append(vec![step("a", "Read 3 files", StepState::Done)]).await;
    let steps = store.readers.with(|c| steps::read(c, &task(0), 0, 10)).await.unwrap();
    let told: Vec<_> = steps.iter().map(|s| (s.title.as_str(), s.line, s.state)).collect();
    assert_eq!(told, [("Read 3 files", 2, StepState::Done), ("Look", 3, StepState::Working)]);
    assert_eq!((steps[0].attempt, steps[0].started_at), (1, NOW));
    let view = store.readers.with(|c| read::task(c, &task(0))).await.unwrap();
    assert_eq!((view.steps, view.lines), (2, 3));
    let second = store.readers.with(|c| steps::read(c, &task(0), 1, 10)).await.unwrap();
    assert_eq!(second.len(), 1);
}

#[tokio::test]
async fn what_changed_is_found_by_its_revision() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    store.create(new_batch(3)).await.unwrap();
    let before = store.published.borrow().revision;
    store.append(vec![output(1, "x")]).await;
    let (tasks, batches) =
        store.readers.with(move |c| read::changed_since(c, before, &[])).await.unwrap();
    assert_eq!((tasks.len(), tasks[0].id.clone(), batches.len()), (1, task(1), 1));
    assert_eq!(tasks[0].revision, store.published.borrow().revision);
    assert_eq!(store.readers.with(read::revision).await.unwrap(), before + 1);
}

#[tokio::test]
async fn the_queue_is_told_without_being_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open_store(dir.path());
    store.create(new_batch(2)).await.unwrap();
    let before = store.published.borrow_and_update().revision;
    let place =
        PlaceView { busy: 1, limit: 3, waiting: 1, pause_reason: None, agent_pauses: Vec::new() };
    let queue = vec![QueuePosition { task: task(1), position: 1 }];
    let queues = HashMap::from([(batch("b"), queue.clone())]);
    store.send(StoreCommand::PublishPlace { place: place.clone(), queues });
    store.published.changed().await.unwrap();
    let known = store.published.borrow().clone();
    assert_eq!((known.revision, known.place), (before + 1, place));
    assert_eq!(known.active[&batch("b")].queue, queue);
}

#[tokio::test]
async fn the_last_save_point_is_kept_until_a_fresh_attempt() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    store.create(new_batch(1)).await.unwrap();
    let saved = SavePoint { number: 1, commit: "abc".into(), reason: SaveReason::Timer };
    store.append(vec![entry(0, Event::SavePoint(saved))]).await;
    let facts = store.readers.with(|c| read::facts(c, &task(0))).await.unwrap();
    assert_eq!(facts.save_commit.as_deref(), Some("abc"));
    store
        .append(vec![entry(
            0,
            Event::Attempt { number: 2, continues: true, message: String::new() },
        )])
        .await;
    let facts = store.readers.with(|c| read::facts(c, &task(0))).await.unwrap();
    assert_eq!(facts.save_commit.as_deref(), Some("abc"));
    store
        .append(vec![entry(
            0,
            Event::Attempt { number: 3, continues: false, message: String::new() },
        )])
        .await;
    let facts = store.readers.with(|c| read::facts(c, &task(0))).await.unwrap();
    assert_eq!(facts.save_commit, None);
}

#[tokio::test]
async fn history_is_in_one_order_and_found_by_words() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    for n in 0..5 {
        let mut new = new_batch(1);
        new.id = batch(&format!("b{n}"));
        new.title = format!("Batch Ä{n}");
        new.tasks[0].id = task(n);
        store.create(new).await.unwrap();
        store.append(vec![status(n, Status::Stopped)]).await;
    }
    let first = store.readers.with(|c| read::history(c, "", None, 2)).await.unwrap();
    let names: Vec<&str> = first.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(names, ["Batch Ä4", "Batch Ä3"]);
    let before = Some(first[1].created_at);
    let next = store.readers.with(move |c| read::history(c, "", before, 9)).await.unwrap();
    assert_eq!(next.len(), 3);
    let found = store.readers.with(|c| read::history(c, " bATCH ä2", None, 9)).await.unwrap();
    assert_eq!(found.len(), 1);
    let by_name = store.readers.with(|c| read::resolve_batch(c, "Batch ä3")).await.unwrap();
    assert_eq!(by_name, Some(batch("b3")));
    let by_id = store.readers.with(|c| read::resolve_batch(c, "b1")).await.unwrap();
    assert_eq!(by_id, Some(batch("b1")));
    let unclear = store.readers.with(|c| read::resolve_batch(c, "b")).await.unwrap();
    assert_eq!(unclear, None);
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    store.create(new_batch(1)).await.unwrap();
    store.append(vec![status(0, Status::Working), output(0, "one\ntwo")]).await;
    let before = store.published.borrow().revision;
    store.close().await;

    let store = open_store(dir.path());
    assert_eq!(store.published.borrow().revision, before);
    let open = store.readers.with(read::open_tasks).await.unwrap();
    assert_eq!((open.len(), open[0].lines), (1, 2));
    // The writer's memory is filled from the file.
    store.append(vec![output(0, "three")]).await;
    let view = store.readers.with(|c| read::task(c, &task(0))).await.unwrap();
    assert_eq!((view.lines, view.last_line.as_str()), (3, "three"));
    let events = store.readers.with(|c| read::events(c, &batch("b"), 4, 9)).await.unwrap();
    assert_eq!(events.last().map(|event| event.seq), Some(5));
}

#[tokio::test]
async fn only_what_is_under_way_is_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    store.create(new_batch(1)).await.unwrap();
    store.append(vec![status(0, Status::Stopped)]).await;
    store.close().await;
    let conn = rusqlite::Connection::open(dir.path().join("regatta.db")).unwrap();
    let mut views = ViewCache::starting_at(9);
    views.load_task(&conn, &task(0)).unwrap();
    assert_eq!(views.task(&task(0)).view.status, Status::Stopped);
    views.mark_committed(10);
    assert_eq!(views.cached_count(), 0);
}
