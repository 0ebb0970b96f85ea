//! What a server of ours offers besides the stream: going on after a break, stopping,
//! answering, facts.

use super::*;
use crate::test_endpoint::RUN_ID;
use regatta_protocol::Event;
use regatta_protocol::event::{Outcome, Question, QuestionOption, QuestionOptionKind};

fn status_event(status: Status) -> Event {
    Event::Status { status, notice: None }
}

fn outcome_event(status: Status) -> Event {
    Event::Outcome(Outcome { last_message: "Done.".into(), ..Outcome::without_work(status) })
}

async fn start_work(call: &mut ReceivedCall, tasks: &[&str]) {
    for task in tasks {
        call.send_attempt_started(task).await;
        call.send_fact(task, &status_event(Status::Working)).await;
    }
}

#[tokio::test]
async fn facts_are_taken_with_their_word() {
    let mut fixture = EndpointFixture::new().await;
    let engine = fixture.engine.open().await;
    let detail = fixture.start(&engine, &["one", "two"]).await;
    let [one, two] = [0, 1].map(|n: usize| detail.tasks[n].id.clone());
    let mut call = fixture.endpoint.accept_next().await;
    start_work(&mut call, &["one"]).await;
    wait_for_status(&engine, &one, Status::Working).await;
    assert_eq!(engine.task(&two).await.unwrap().status, Status::Waiting, "it waits there");
    let added = Event::Published { branch: "regatta/x/one".into(), commit: "c".into() };
    call.send_fact("one", &added).await;
    call.send_fact("one", &outcome_event(Status::Finished)).await;
    call.send_fact("one", &status_event(Status::Finished)).await;
    call.send_fact("two", &outcome_event(Status::Interrupted)).await;
    call.send_end().await;
    let finished = wait_for_status(&engine, &one, Status::Finished).await;
    assert_eq!(finished.branch.as_deref(), Some("regatta/x/one"));
    assert_eq!(finished.outcome.unwrap().last_message, "Done.");
    wait_for_status(&engine, &two, Status::Interrupted).await;
    assert!(engine.batch(&detail.batch.id).await.unwrap().batch_channel.is_none());
    let added = engine.publish_results(std::slice::from_ref(&one)).await;
    assert!(added[0].branch.is_none() && added[0].notice.is_some(), "it isn't here");

    // A finished task goes on with a message, in its conversation.
    engine.continue_with(&one, " And now tea. ").await.unwrap();
    let mut next = fixture.endpoint.next_call().await;
    assert_eq!(next.body["thread_id"], "thread-one");
    assert_eq!(next.body["messages"], json!([{ "type": "human", "content": "And now tea." }]));
    assert!(next.task_names().is_empty());
    next.start_stream(true).await;
    start_work(&mut next, &["whatever it is called there"]).await;
    let view = wait_for_status(&engine, &one, Status::Working).await;
    assert_eq!(view.attempt, 2);
    engine.close().await;
}

#[tokio::test]
async fn stopping_and_answering_are_calls_of_their_own() {
    let mut fixture = EndpointFixture::new().await;
    let engine = fixture.engine.open().await;
    let detail = fixture.start(&engine, &["one", "two"]).await;
    let [one, two] = [0, 1].map(|n: usize| detail.tasks[n].id.clone());
    let mut call = fixture.endpoint.accept_next().await;
    start_work(&mut call, &["one", "two"]).await;
    let label = "Yes".to_owned();
    let option = QuestionOption { id: "y".into(), label, kind: QuestionOptionKind::AllowOnce };
    let (id, title, detail) = ("q".to_owned(), "May it?".to_owned(), String::new());
    let question = Question { id, title, detail, options: vec![option], ..Question::default() };
    call.send_fact("one", &Event::Question(question)).await;
    call.send_fact("one", &status_event(Status::NeedsYou)).await;
    wait_for_status(&engine, &one, Status::NeedsYou).await;
    engine.answer(&one, "q", "y").await.unwrap();
    let reply = fixture.endpoint.next_call().await;
    assert_eq!(reply.request_line, format!("POST /v1/runs/{RUN_ID}/tasks/one/reply"));
    assert_eq!((&reply.body["question"], &reply.body["option"]), (&json!("q"), &json!("y")));
    assert_eq!(reply.key_headers().0, KEY);
    reply.respond("200 OK", json!({})).await;
    let answered = Event::Answered { question: "q".into(), option: Some("y".into()) };
    call.send_fact("one", &answered).await;
    wait_until(&engine, &one, |view| view.questions.is_empty()).await;

    engine.stop_task(&two).await.unwrap();
    let cancel = fixture.endpoint.next_call().await;
    assert_eq!(cancel.request_line, format!("POST /v1/runs/{RUN_ID}/tasks/two/cancel"));
    cancel.respond("200 OK", json!({})).await;
    assert_eq!(engine.task(&two).await.unwrap().status, Status::Working, "it says so itself");
    call.send_fact("two", &outcome_event(Status::Stopped)).await;
    wait_for_status(&engine, &two, Status::Stopped).await;
    engine.close().await;
}

/// Sends the events of a run of two tasks with numbers from `from` up to `to`.
async fn send_numbered_events(call: &mut ReceivedCall, from: u64, to: u64) {
    call.set_seq(from - 1);
    for n in from..=to {
        let task = if n % 3 == 0 { "two" } else { "one" };
        match n {
            1 | 2 => call.send_attempt_started(["one", "two"][n as usize - 1]).await,
            3 | 4 => call.send_fact(task, &status_event(Status::Working)).await,
            59 => call.send_fact("one", &outcome_event(Status::Finished)).await,
            60 => call.send_fact("two", &outcome_event(Status::Finished)).await,
            _ => call.send_output(task, &format!("line {n}\n  of {task}")).await,
        }
    }
}

/// The transcripts of both tasks as files.
async fn read_transcripts(
    fixture: &EndpointFixture,
    engine: &Engine,
    tasks: &[TaskId],
) -> Vec<String> {
    let mut found = Vec::new();
    for task in tasks {
        let path = fixture.engine.options.data_dir.join("transcript");
        engine.write_output(task, &path).await.unwrap();
        found.push(std::fs::read_to_string(path).unwrap());
    }
    found
}

/// The number after which a call wants events.
fn last_event_id(call: &ReceivedCall) -> u64 {
    assert_eq!(call.request_line, format!("GET /v1/runs/{RUN_ID}/events"));
    call.header("last-event-id").parse().unwrap()
}

#[tokio::test]
async fn over_a_break_and_a_restart_the_transcript_is_the_same_to_the_byte() {
    // Once without a break, to compare.
    let mut calm = EndpointFixture::new().await;
    let engine = calm.engine.open().await;
    let tasks: Vec<TaskId> =
        calm.start(&engine, &["one", "two"]).await.tasks.into_iter().map(|t| t.id).collect();
    let mut call = calm.endpoint.accept_next().await;
    send_numbered_events(&mut call, 1, 60).await;
    call.send_end().await;
    wait_for_status(&engine, &tasks[1], Status::Finished).await;
    let expected = read_transcripts(&calm, &engine, &tasks).await;
    engine.close().await;

    let mut fixture = EndpointFixture::new().await;
    let engine = fixture.engine.open().await;
    let tasks: Vec<TaskId> =
        fixture.start(&engine, &["one", "two"]).await.tasks.into_iter().map(|t| t.id).collect();
    let mut call = fixture.endpoint.accept_next().await;
    send_numbered_events(&mut call, 1, 20).await;
    wait_until(&engine, &tasks[0], |view| view.last_line.ends_with("of one")).await;
    drop(call); // The connection breaks.
    let mut call = fixture.endpoint.next_call().await;
    let from = last_event_id(&call);
    assert_eq!(from, 20);
    call.start_stream(true).await;
    send_numbered_events(&mut call, from + 1, 40).await;
    let seen = |view: &TaskView| view.lines == 2 * 24;
    wait_until(&engine, &tasks[0], seen).await;
    engine.close().await; // Nothing is stopped there.
    drop(call);

    let engine = fixture.engine.open().await;
    assert_eq!(engine.task(&tasks[0]).await.unwrap().status, Status::Working);
    let mut call = fixture.endpoint.next_call().await;
    let from = last_event_id(&call);
    assert!((30..=40).contains(&from), "{from}");
    call.start_stream(true).await;
    send_numbered_events(&mut call, from + 1, 60).await;
    call.send_end().await;
    wait_for_status(&engine, &tasks[0], Status::Finished).await;
    wait_for_status(&engine, &tasks[1], Status::Finished).await;
    assert_eq!(read_transcripts(&fixture, &engine, &tasks).await, expected);
    assert!(fixture.endpoint.is_idle());
    engine.close().await;
}

#[tokio::test]
async fn a_crash_loses_and_doubles_nothing() {
    let mut fixture = EndpointFixture::new().await;
    let engine = fixture.engine.open().await;
    let tasks: Vec<TaskId> =
        fixture.start(&engine, &["one", "two"]).await.tasks.into_iter().map(|t| t.id).collect();
    let mut call = fixture.endpoint.accept_next().await;
    send_numbered_events(&mut call, 1, 31).await;
    wait_until(&engine, &tasks[0], |view| view.last_line.ends_with("of one")).await;
    // The files as they are when the program is killed now, whatever is under way.
    let copy = fixture.engine.options.data_dir.with_file_name("after");
    std::fs::create_dir(&copy).unwrap();
    for file in ["regatta.db", "regatta.db-wal"] {
        std::fs::copy(fixture.engine.options.data_dir.join(file), copy.join(file)).unwrap();
    }
    let options = EngineOptions { data_dir: copy, ..fixture.engine.options.clone() };
    let after_crash = Engine::open(options).await.unwrap();
    let mut again = fixture.endpoint.next_call().await;
    let from = last_event_id(&again);
    again.start_stream(true).await;
    send_numbered_events(&mut again, from + 1, 60).await;
    again.send_end().await;
    wait_for_status(&after_crash, &tasks[0], Status::Finished).await;
    wait_for_status(&after_crash, &tasks[1], Status::Finished).await;
    for (n, task) in ["one", "two"].into_iter().enumerate() {
        let of = |n: &u64| n.is_multiple_of(3) == (task == "two");
        let numbers = (5..59).filter(of);
        let expected: Vec<String> =
            numbers.flat_map(|n| [format!("line {n}"), format!("  of {task}")]).collect();
        assert_eq!(transcript_lines(&after_crash, &tasks[n]).await, expected);
    }
    after_crash.close().await;
    engine.close().await;
}
