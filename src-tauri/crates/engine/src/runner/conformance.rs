//! What every place keeps to. Each kind of runner is put through [`check`] by a test of its
//! own, with a way to make attempts that do what a [`Play`] says.

use super::{AttemptId, AttemptState, Runner, RunnerEvent};
use regatta_protocol::event::Outcome;
use regatta_protocol::worker::WorkerControl;
use regatta_protocol::{Event, Status, TaskId};
use std::time::Duration;
use tokio::time::timeout;

/// What an attempt does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TestBehaviour {
    /// Says "working", prints 200 lines, one an event, and finishes.
    Finish,
    /// Says "working" and then waits until it is told something: an answer is printed,
    /// "stop" ends it as stopped.
    Wait,
    /// Says "working" and ends without an outcome.
    Die,
}

/// Puts a runner through everything that is asked of one.
pub(super) async fn check_runner<R: Runner>(
    runner: &R,
    task: impl Fn(&AttemptId, TestBehaviour) -> R::Task,
) {
    let id = |name: &str, number| AttemptId { task: TaskId::parse(name).expect("an id"), number };
    let (one, two, three) = (id("finish", 1), id("wait", 2), id("die", 3));
    assert_eq!(runner.status(&one).await, AttemptState::Unknown);
    tells_everything_once_and_in_order(runner, &one, &task(&one, TestBehaviour::Finish)).await;
    listens_while_it_works(runner, &two, &task(&two, TestBehaviour::Wait)).await;
    says_when_it_ended_without_a_word(runner, &three, &task(&three, TestBehaviour::Die)).await;
    assert_eq!(runner.list().await, []);
}

async fn tells_everything_once_and_in_order<R: Runner>(runner: &R, id: &AttemptId, task: &R::Task) {
    runner.submit(id, task).await.expect("it starts");
    runner.submit(id, task).await.expect("once more changes nothing");
    assert_eq!(runner.list().await, std::slice::from_ref(id));
    let lines = collect_events(runner, id).await;
    assert_eq!(lines.len(), 202);
    for (n, line) in lines[1..201].iter().enumerate() {
        assert!(
            matches!(&line.event, Event::Output { text, .. } if *text == format!("line {n}")),
            "{line:?}"
        );
    }
    assert_eq!(find_outcome(&lines).map(|o| o.status), Some(Status::Finished));
    assert!(runner.events(id).await.is_err(), "there is one reader");
    runner.send(id, WorkerControl::Stop).await; // Too late, and no error.
    runner.release(id).await;
    assert_eq!(runner.status(id).await, AttemptState::Unknown);
}

async fn listens_while_it_works<R: Runner>(runner: &R, id: &AttemptId, task: &R::Task) {
    runner.submit(id, task).await.expect("it starts");
    let mut events = runner.events(id).await.expect("its events");
    let first = with_timeout(events.recv()).await.expect("it works");
    assert_eq!(first.event, Event::Status { status: Status::Working, notice: None });
    assert_eq!(runner.status(id).await, AttemptState::Working);
    let answer = WorkerControl::Answer { question: "q1".into(), option: "yes".into() };
    runner.send(id, answer).await;
    let heard = with_timeout(events.recv()).await.expect("it heard");
    assert!(matches!(&heard.event, Event::Output { text, .. } if text.contains("q1")), "{heard:?}");
    runner.send(id, WorkerControl::Stop).await;
    let mut lines = Vec::new();
    while let Some(line) = with_timeout(events.recv()).await {
        lines.push(line);
    }
    assert_eq!(find_outcome(&lines).map(|o| o.status), Some(Status::Stopped));
    runner.release(id).await;
}

async fn says_when_it_ended_without_a_word<R: Runner>(runner: &R, id: &AttemptId, task: &R::Task) {
    runner.submit(id, task).await.expect("it starts");
    let lines = collect_events(runner, id).await;
    assert_eq!(find_outcome(&lines), None);
    assert!(matches!(runner.status(id).await, AttemptState::Ended(how) if !how.is_empty()));
    runner.release(id).await;
}

async fn collect_events<R: Runner>(runner: &R, id: &AttemptId) -> Vec<RunnerEvent> {
    let mut events = runner.events(id).await.expect("its events");
    let mut lines = Vec::new();
    while let Some(line) = with_timeout(events.recv()).await {
        lines.push(line);
    }
    lines
}

fn find_outcome(lines: &[RunnerEvent]) -> Option<&Outcome> {
    lines.iter().find_map(|line| match &line.event {
        Event::Outcome(outcome) => Some(outcome),
        _ => None,
    })
}

async fn with_timeout<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(30), what).await.expect("it takes too long")
}
