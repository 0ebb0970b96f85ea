//! A task that waits for a person, and the places.

use super::*;
use regatta_protocol::event::Question;

#[tokio::test]
async fn a_task_that_asks_leaves_its_place_until_it_is_answered() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 3, None).await;
    env.wait_until_started(&["a0-1"]).await;
    let question = Question { id: "q".into(), title: "May it?".into(), ..Question::default() };
    env.emit("a0-1", status_event(Status::Working)).await;
    env.emit("a0-1", Event::Question(question)).await;
    env.wait_until_started(&["a0-1", "a1-1"]).await;
    env.emit("a0-1", Event::Answered { question: "q".into(), option: Some("1".into()) }).await;
    env.wait_for_place(|known| known.place.busy == 2).await;
    env.finish("a1-1").await;
    env.wait_for_place(|known| known.place.busy == 1).await;
    assert_eq!(env.runner.started.borrow().len(), 2, "both places were taken");
    env.finish("a0-1").await;
    env.wait_until_started(&["a0-1", "a1-1", "a2-1"]).await;
}
