//! Connections that break, tasks that are stopped, and what is tried again.

use super::*;

#[tokio::test]
async fn a_stream_without_a_last_word_leaves_the_outcome_unknown_and_all_that_came() {
    let mut fixture = EndpointFixture::new().await;
    let engine = fixture.engine.open().await;
    let detail = fixture.start(&engine, &["one", "two"]).await;
    let [one, two] = [0, 1].map(|n: usize| detail.tasks[n].id.clone());
    let mut first = fixture.endpoint.next_call().await;
    first.start_stream(false).await;
    send_foreign_output(&mut first, "one", "kept\nhalf a li").await;
    let first_key = first.key_headers().1.to_owned();
    drop(first);
    let lost = wait_for_status(&engine, &one, Status::Unknown).await;
    assert_eq!(lost.notice.unwrap().code, ErrorCode::ConnectionLost);
    assert_eq!(transcript_lines(&engine, &one).await, ["kept", "half a li"]);
    wait_for_status(&engine, &two, Status::Unknown).await;
    assert!(fixture.endpoint.is_idle(), "what may have been taken is never sent again");

    // A person wants it again: a new request with only that task.
    engine.retry(std::slice::from_ref(&two)).await.unwrap();
    let mut second = fixture.endpoint.next_call().await;
    assert_eq!(second.task_names(), ["two"]);
    assert_ne!(second.key_headers().1, first_key);
    second.start_stream(false).await;
    let view = wait_for_status(&engine, &two, Status::Working).await;
    assert_eq!(view.attempt, 2);
    send_foreign_event(&mut second, "error", json!({ "error": "E", "message": "out of tea" }))
        .await;
    drop(second);
    let failed = wait_for_status(&engine, &two, Status::Failed).await;
    assert!(failed.notice.unwrap().message.contains("out of tea"));
    engine.close().await;
}

#[tokio::test]
async fn a_call_without_an_answer_is_unknown() {
    let mut fixture = EndpointFixture::new().await;
    let engine = fixture.engine.open().await;
    let detail = fixture.start(&engine, &["one"]).await;
    drop(fixture.endpoint.next_call().await);
    let lost = wait_for_status(&engine, &detail.tasks[0].id, Status::Unknown).await;
    assert_eq!(lost.notice.unwrap().code, ErrorCode::ConnectionLost);
    assert!(fixture.endpoint.is_idle());
    engine.close().await;
}

#[tokio::test]
async fn where_a_task_cannot_be_stopped_we_stop_listening() {
    let mut fixture = EndpointFixture::new().await;
    let engine = fixture.engine.open().await;
    let detail = fixture.start(&engine, &["one", "two"]).await;
    let [one, two] = [0, 1].map(|n: usize| detail.tasks[n].id.clone());
    let mut call = fixture.endpoint.next_call().await;
    call.start_stream(false).await;
    wait_for_status(&engine, &one, Status::Working).await;
    engine.stop_task(&one).await.unwrap();
    let left = wait_for_status(&engine, &one, Status::Unknown).await;
    assert!(left.notice.unwrap().message.contains("no way to stop"));
    // The other one is listened to; what is said of the first one is kept with the batch.
    send_foreign_output(&mut call, "one", "later\n").await;
    send_foreign_output(&mut call, "two", "still here\n").await;
    wait_until(&engine, &two, |view| view.last_line == "still here").await;
    engine.stop_batch(&detail.batch.id).await.unwrap();
    wait_for_status(&engine, &two, Status::Unknown).await;
    let whole = engine.batch(&detail.batch.id).await.unwrap().batch_channel.unwrap();
    wait_until(&engine, &whole.id, |view| view.last_line == "later").await;
    assert!(fixture.endpoint.is_idle());
    engine.close().await;
}

#[tokio::test]
async fn what_a_foreign_service_works_on_when_regatta_ends_is_unknown_afterwards() {
    let mut fixture = EndpointFixture::new().await;
    let engine = fixture.engine.open().await;
    let detail = fixture.start(&engine, &["one"]).await;
    let task = detail.tasks[0].id.clone();
    let mut call = fixture.endpoint.next_call().await;
    call.start_stream(false).await;
    send_foreign_output(&mut call, "one", "kept\n").await;
    wait_until(&engine, &task, |view| view.last_line == "kept").await;
    engine.close().await;
    let engine = fixture.engine.open().await;
    let view = engine.task(&task).await.unwrap();
    assert_eq!((view.status, view.lines), (Status::Unknown, 1));
    assert!(fixture.endpoint.is_idle());
    engine.close().await;
}

#[tokio::test]
async fn what_was_never_sent_when_regatta_ended_is_interrupted() {
    let fixture = EndpointFixture::new().await;
    let engine = fixture.engine.open().await;
    assert_eq!(engine.check(&fixture.request(&["one"])).await, []);
    // As when the program ends between the batch and the record of what will be sent.
    let mut batch = sample_batch(&fixture.request(&["one"]));
    batch.tasks[0].id = TaskId::parse("t").unwrap();
    engine.0.log.create(batch).await.unwrap();
    engine.close().await;
    let engine = fixture.engine.open().await;
    let view = engine.task(&TaskId::parse("t").unwrap()).await.unwrap();
    assert_eq!(view.status, Status::Interrupted);
    assert!(view.notice.unwrap().impact.contains("Nothing was started"));
    engine.close().await;
}

fn sample_batch(request: &BatchRequest) -> crate::store::NewBatch {
    let author = regatta_protocol::worker::Author { name: "A".into(), email: "a".into() };
    let (project, cache, commit) = (request.project.clone(), String::new(), String::new());
    crate::store::NewBatch {
        place: crate::places::sample_place(&[]),
        id: BatchId::parse("b").unwrap(),
        at: 1,
        idempotency_key: None,
        request: BatchRequest { parallel_tasks: Vec::new(), ..request.clone() },
        title: "b".into(),
        start_from: String::new(),
        start: crate::store::BatchStart { project, cache, commit, author, publish: false },
        max_parallel: 1,
        tasks: vec![crate::store::NewTask {
            id: TaskId::parse("t").unwrap(),
            name: "one".into(),
            prompt: "do".into(),
            time_limit_s: None,
            extra: Default::default(),
        }],
    }
}
