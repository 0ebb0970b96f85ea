//! What a server of ours offers besides the stream: going on after a break, stopping,
//! answering, facts.

use super::*;
use crate::scripted::RUN;
use regatta_protocol::Event;
use regatta_protocol::event::{OptionKind, Outcome, Question, QuestionOption};

fn status(status: Status) -> Event {
    Event::Status { status, notice: None }
}

fn outcome(status: Status) -> Event {
    Event::Outcome(Outcome { last_words: "Done.".into(), ..Outcome::without_work(status) })
}

async fn work(asked: &mut Asked, tasks: &[&str]) {
    for task in tasks {
        asked.began(task).await;
        asked.tells(task, &status(Status::Working)).await;
    }
}

#[tokio::test]
async fn facts_are_taken_with_their_word() {
    let mut shore = Shore::new().await;
    let engine = shore.table.open().await;
    let detail = shore.start(&engine, &["one", "two"]).await;
    let [one, two] = [0, 1].map(|n: usize| detail.tasks[n].id.clone());
    let mut asked = shore.endpoint.takes().await;
    work(&mut asked, &["one"]).await;
    stands(&engine, &one, Status::Working).await;
    assert_eq!(engine.task(&two).await.unwrap().status, Status::Waiting, "it waits there");
    let added = Event::Added { branch: "regatta/x/one".into(), commit: "c".into() };
    asked.tells("one", &added).await;
    asked.tells("one", &outcome(Status::Finished)).await;
    asked.tells("one", &status(Status::Finished)).await;
    asked.tells("two", &outcome(Status::Interrupted)).await;
    asked.ends().await;
    let finished = stands(&engine, &one, Status::Finished).await;
    assert_eq!(finished.branch.as_deref(), Some("regatta/x/one"));
    assert_eq!(finished.outcome.unwrap().last_words, "Done.");
    stands(&engine, &two, Status::Interrupted).await;
    assert!(engine.batch(&detail.batch.id).await.unwrap().whole.is_none());
    let added = engine.add_to_project(std::slice::from_ref(&one)).await;
    assert!(added[0].branch.is_none() && added[0].notice.is_some(), "it isn't here");

    // A finished task goes on with a message, in its conversation.
    engine.continue_with(&one, " And now tea. ").await.unwrap();
    let mut next = shore.endpoint.next().await;
    assert_eq!(next.body["thread_id"], "thread-one");
    assert_eq!(next.body["messages"], json!([{ "type": "human", "content": "And now tea." }]));
    assert!(next.names().is_empty());
    next.accept(true).await;
    work(&mut next, &["whatever it is called there"]).await;
    let view = stands(&engine, &one, Status::Working).await;
    assert_eq!(view.attempt, 2);
    engine.close().await;
}

#[tokio::test]
async fn stopping_and_answering_are_calls_of_their_own() {
    let mut shore = Shore::new().await;
    let engine = shore.table.open().await;
    let detail = shore.start(&engine, &["one", "two"]).await;
    let [one, two] = [0, 1].map(|n: usize| detail.tasks[n].id.clone());
    let mut asked = shore.endpoint.takes().await;
    work(&mut asked, &["one", "two"]).await;
    let label = "Yes".to_owned();
    let option = QuestionOption { id: "y".into(), label, kind: OptionKind::AllowOnce };
    let (id, title, detail) = ("q".to_owned(), "May it?".to_owned(), String::new());
    let question = Question { id, title, detail, options: vec![option], ..Question::default() };
    asked.tells("one", &Event::Question(question)).await;
    asked.tells("one", &status(Status::NeedsYou)).await;
    stands(&engine, &one, Status::NeedsYou).await;
    engine.answer(&one, "q", "y").await.unwrap();
    let reply = shore.endpoint.next().await;
    assert_eq!(reply.line, format!("POST /v1/runs/{RUN}/tasks/one/reply"));
    assert_eq!((&reply.body["question"], &reply.body["option"]), (&json!("q"), &json!("y")));
    assert_eq!(reply.keys().0, KEY);
    reply.answer("200 OK", json!({})).await;
    let answered = Event::Answered { question: "q".into(), option: Some("y".into()) };
    asked.tells("one", &answered).await;
    until(&engine, &one, |view| view.questions.is_empty()).await;

    engine.stop_task(&two).await.unwrap();
    let cancel = shore.endpoint.next().await;
    assert_eq!(cancel.line, format!("POST /v1/runs/{RUN}/tasks/two/cancel"));
    cancel.answer("200 OK", json!({})).await;
    assert_eq!(engine.task(&two).await.unwrap().status, Status::Working, "it says so itself");
    asked.tells("two", &outcome(Status::Stopped)).await;
    stands(&engine, &two, Status::Stopped).await;
    engine.close().await;
}

/// Sends the events of a run of two tasks with numbers from `from` up to `to`.
async fn numbered(asked: &mut Asked, from: u64, to: u64) {
    asked.after(from - 1);
    for n in from..=to {
        let task = if n % 3 == 0 { "two" } else { "one" };
        match n {
            1 | 2 => asked.began(["one", "two"][n as usize - 1]).await,
            3 | 4 => asked.tells(task, &status(Status::Working)).await,
            59 => asked.tells("one", &outcome(Status::Finished)).await,
            60 => asked.tells("two", &outcome(Status::Finished)).await,
            _ => asked.prints(task, &format!("line {n}\n  of {task}")).await,
        }
    }
}

/// The transcripts of both tasks as files.
async fn transcripts(shore: &Shore, engine: &Engine, tasks: &[TaskId]) -> Vec<String> {
    let mut found = Vec::new();
    for task in tasks {
        let path = shore.table.options.data_dir.join("transcript");
        engine.write_output(task, &path).await.unwrap();
        found.push(std::fs::read_to_string(path).unwrap());
    }
    found
}

/// The number after which a call wants events.
fn after(asked: &Asked) -> u64 {
    assert_eq!(asked.line, format!("GET /v1/runs/{RUN}/events"));
    asked.header("last-event-id").parse().unwrap()
}

#[tokio::test]
async fn over_a_break_and_a_restart_the_transcript_is_the_same_to_the_byte() {
    // Once without a break, to compare.
    let mut calm = Shore::new().await;
    let engine = calm.table.open().await;
    let tasks: Vec<TaskId> =
        calm.start(&engine, &["one", "two"]).await.tasks.into_iter().map(|t| t.id).collect();
    let mut asked = calm.endpoint.takes().await;
    numbered(&mut asked, 1, 60).await;
    asked.ends().await;
    stands(&engine, &tasks[1], Status::Finished).await;
    let expected = transcripts(&calm, &engine, &tasks).await;
    engine.close().await;

    let mut shore = Shore::new().await;
    let engine = shore.table.open().await;
    let tasks: Vec<TaskId> =
        shore.start(&engine, &["one", "two"]).await.tasks.into_iter().map(|t| t.id).collect();
    let mut asked = shore.endpoint.takes().await;
    numbered(&mut asked, 1, 20).await;
    until(&engine, &tasks[0], |view| view.last_line.ends_with("of one")).await;
    drop(asked); // The connection breaks.
    let mut asked = shore.endpoint.next().await;
    let from = after(&asked);
    assert_eq!(from, 20);
    asked.accept(true).await;
    numbered(&mut asked, from + 1, 40).await;
    let seen = |view: &TaskView| view.lines == 2 * 24;
    until(&engine, &tasks[0], seen).await;
    engine.close().await; // Nothing is stopped there.
    drop(asked);

    let engine = shore.table.open().await;
    assert_eq!(engine.task(&tasks[0]).await.unwrap().status, Status::Working);
    let mut asked = shore.endpoint.next().await;
    let from = after(&asked);
    assert!((30..=40).contains(&from), "{from}");
    asked.accept(true).await;
    numbered(&mut asked, from + 1, 60).await;
    asked.ends().await;
    stands(&engine, &tasks[0], Status::Finished).await;
    stands(&engine, &tasks[1], Status::Finished).await;
    assert_eq!(transcripts(&shore, &engine, &tasks).await, expected);
    assert!(shore.endpoint.is_quiet());
    engine.close().await;
}

#[tokio::test]
async fn a_crash_loses_and_doubles_nothing() {
    let mut shore = Shore::new().await;
    let engine = shore.table.open().await;
    let tasks: Vec<TaskId> =
        shore.start(&engine, &["one", "two"]).await.tasks.into_iter().map(|t| t.id).collect();
    let mut asked = shore.endpoint.takes().await;
    numbered(&mut asked, 1, 31).await;
    until(&engine, &tasks[0], |view| view.last_line.ends_with("of one")).await;
    // The files as they are when the program is killed now, whatever is under way.
    let copy = shore.table.options.data_dir.with_file_name("after");
    std::fs::create_dir(&copy).unwrap();
    for file in ["regatta.db", "regatta.db-wal"] {
        std::fs::copy(shore.table.options.data_dir.join(file), copy.join(file)).unwrap();
    }
    let options = EngineOptions { data_dir: copy, ..shore.table.options.clone() };
    let after_crash = Engine::open(options).await.unwrap();
    let mut again = shore.endpoint.next().await;
    let from = after(&again);
    again.accept(true).await;
    numbered(&mut again, from + 1, 60).await;
    again.ends().await;
    stands(&after_crash, &tasks[0], Status::Finished).await;
    stands(&after_crash, &tasks[1], Status::Finished).await;
    for (n, task) in ["one", "two"].into_iter().enumerate() {
        let of = |n: &u64| n.is_multiple_of(3) == (task == "two");
        let numbers = (5..59).filter(of);
        let expected: Vec<String> =
            numbers.flat_map(|n| [format!("line {n}"), format!("  of {task}")]).collect();
        assert_eq!(lines(&after_crash, &tasks[n]).await, expected);
    }
    after_crash.close().await;
    engine.close().await;
}
