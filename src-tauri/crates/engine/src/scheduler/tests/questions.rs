//! A task that waits for a person, and the places.

use super::*;
use regatta_protocol::event::Question;

#[tokio::test]
async fn a_task_that_asks_leaves_its_place_until_it_is_answered() {
    let table = SchedulerEnv::new(1).await;
    table.start_batch("a", 3, None).await;
    table.wait_until_started(&["a0-1"]).await;
    let question = Question { id: "q".into(), title: "May it?".into(), ..Question::default() };
    table.emit("a0-1", status_event(Status::Working)).await;
    table.emit("a0-1", Event::Question(question)).await;
    table.wait_until_started(&["a0-1", "a1-1"]).await;
    table.emit("a0-1", Event::Answered { question: "q".into(), option: Some("1".into()) }).await;
    table.wait_for_place(|known| known.place.busy == 2).await;
    table.finish("a1-1").await;
    table.wait_for_place(|known| known.place.busy == 1).await;
    assert_eq!(table.runner.started.borrow().len(), 2, "both places were taken");
    table.finish("a0-1").await;
    table.wait_until_started(&["a0-1", "a1-1", "a2-1"]).await;
}
