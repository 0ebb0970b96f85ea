//! A task that waits for a person, and the places.

use super::*;
use regatta_protocol::event::Question;

#[tokio::test]
async fn a_task_that_asks_leaves_its_place_until_it_is_answered() {
    let table = Table::new(1).await;
    table.start("a", 3, None).await;
    table.begun(&["a0-1"]).await;
    let question = Question { id: "q".into(), title: "May it?".into(), ..Question::default() };
    table.says("a0-1", status(Status::Working)).await;
    table.says("a0-1", Event::Question(question)).await;
    table.begun(&["a0-1", "a1-1"]).await;
    table.says("a0-1", Event::Answered { question: "q".into(), option: Some("1".into()) }).await;
    table.place(|known| known.place.busy == 2).await;
    table.finishes("a1-1").await;
    table.place(|known| known.place.busy == 1).await;
    assert_eq!(table.fake.begun.borrow().len(), 2, "both places were taken");
    table.finishes("a0-1").await;
    table.begun(&["a0-1", "a1-1", "a2-1"]).await;
}
