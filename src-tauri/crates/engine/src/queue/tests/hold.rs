//! A usage limit and an expired sign-in hold an agent's tasks.

use super::*;
use regatta_protocol::Millis;
use regatta_protocol::event::ChangeTotals;

fn limited_until(code: ErrorCode, retry_at: Option<Millis>) -> Event {
    let notice = Some(Notice::new(code, "It is refused.", "", ""));
    let outcome = Outcome::without_work(Status::Failed);
    Event::Outcome(Outcome { notice, retry_at, ..outcome })
}

#[tokio::test]
async fn a_usage_limit_holds_the_agent_with_growing_pauses_and_at_most_five() {
    let table = Table::new(1).await;
    table.start("a", 2, None).await;
    let mut begun = vec!["a0-1"];
    table.begun(&begun).await;
    let mut now = 5; // As the carrier's clock always says.
    for (resume, attempt) in ["a0-1", "a0-2", "a0-3", "a0-4", "a0-5"].into_iter().enumerate() {
        table.says(attempt, status(Status::Working)).await;
        let told = (resume == 1).then_some(20_000);
        table.says(attempt, limited_until(ErrorCode::UsageLimit, told)).await;
        let place = table.place(|known| !known.place.holds.is_empty()).await;
        let until = told.unwrap_or(5 + (60_000 << resume));
        assert_eq!((place.holds[0].until, place.holds[0].tasks), (Some(until), 2));
        let view = table.stands("a0", Status::Paused).await;
        let notice = view.notice.unwrap();
        assert_eq!(notice.code, ErrorCode::UsageLimit);
        assert!(notice.next.contains("goes on by itself"), "{}", notice.next);
        table.queue.tell(Message::Time(until - 1)).unwrap();
        // It goes on before the other, as it had its turn.
        table.queue.ask(|reply| Message::RunNext { task: view.id, reply }).await.unwrap();
        table.begun(&begun).await;
        now = until;
        table.queue.tell(Message::Time(now)).unwrap();
        begun.push(["a0-2", "a0-3", "a0-4", "a0-5", "a0-6"][resume]);
        table.begun(&begun).await;
        table.place(|known| known.place.holds.is_empty()).await;
    }
    assert!(now > 900_000);
    table.says("a0-6", status(Status::Working)).await;
    table.says("a0-6", limited_until(ErrorCode::UsageLimit, None)).await;
    table.stands("a0", Status::Failed).await;
}

#[tokio::test]
async fn an_expired_sign_in_holds_the_agent_until_a_person_says_so() {
    let table = Table::new(1).await;
    table.start("a", 2, None).await;
    table.begun(&["a0-1"]).await;
    table.says("a0-1", limited_until(ErrorCode::SignInNeeded, None)).await;
    let place = table.place(|known| !known.place.holds.is_empty()).await;
    assert_eq!((place.holds[0].until, place.holds[0].tasks), (None, 2));
    table.queue.tell(Message::Time(Millis::MAX)).unwrap();
    table.stop("a1").await;
    table.begun(&["a0-1"]).await;
    table.queue.tell(Message::ResumeAgent(AgentChoice::Practice)).unwrap();
    table.begun(&["a0-1", "a0-2"]).await;
    table.finishes("a0-2").await;
    table.stands("a0", Status::Finished).await;
}

/// The next queue finds what was held, as after a restart.
#[tokio::test]
async fn what_is_held_is_held_after_the_next_start_too() {
    let mut table = Table::new(1).await;
    table.start("a", 2, None).await;
    table.begun(&["a0-1"]).await;
    table.says("a0-1", status(Status::Working)).await;
    table.says("a0-1", limited_until(ErrorCode::UsageLimit, None)).await;
    table.place(|known| known.place.holds.first().is_some_and(|hold| hold.tasks == 2)).await;
    let (done, closed) = oneshot::channel();
    table.queue.tell(Message::Close { done }).unwrap();
    limited(closed).await.unwrap();
    table.stands("a0", Status::Paused).await;
    table.stands("a1", Status::Waiting).await;

    table.log.note(Vec::new()).unwrap().wait().await.unwrap(); // All before it is on disk.
    let body = table.log.readers.with(read::held).await.unwrap();
    let kept: Kept = serde_json::from_str(&body).unwrap();
    table.queue = Table::queue(&table.dir, (&table.log, &table.fake), (2, kept));
    let place = table.place(|known| known.place.limit == 2).await;
    assert_eq!((place.holds[0].until, place.holds[0].tasks), (Some(60_005), 2));
    table.queue.tell(Message::Time(60_004)).unwrap();
    table.begun(&["a0-1"]).await;
    table.queue.tell(Message::Time(60_005)).unwrap();
    table.begun(&["a0-1", "a0-2", "a1-1"]).await;
    table.place(|known| known.place.holds.is_empty()).await;
    // It knows how often it went on.
    table.says("a0-2", status(Status::Working)).await;
    table.says("a0-2", limited_until(ErrorCode::UsageLimit, None)).await;
    let place = table.place(|known| !known.place.holds.is_empty()).await;
    assert_eq!(place.holds[0].until, Some(5 + 120_000));
}

#[tokio::test]
async fn a_stop_counts_even_when_the_task_is_held_before_it_hears_it() {
    let table = Table::new(1).await;
    table.start("a", 1, None).await;
    table.begun(&["a0-1"]).await;
    table.says("a0-1", status(Status::Working)).await;
    table.stop("a0").await;
    table.heard("a0-1", &WorkerControl::Stop).await;
    let Event::Outcome(outcome) = limited_until(ErrorCode::SignInNeeded, None) else {
        unreachable!("it is one");
    };
    let totals = ChangeTotals { files: 2, ..ChangeTotals::default() };
    let outcome = Outcome { commit: Some("c1".into()), totals, ..outcome };
    table.says("a0-1", Event::Outcome(outcome)).await;
    let view = table.stands("a0", Status::Stopped).await;
    let end = view.outcome.unwrap();
    assert_eq!((end.commit.as_deref(), end.totals), (Some("c1"), totals), "its result isn't lost");
    // Nothing waits for somebody to sign in: the next task may try.
    table.place(|known| known.place.holds.is_empty()).await;
    table.start("b", 1, None).await;
    table.begun(&["a0-1", "b0-1"]).await;
}

#[tokio::test]
async fn nobody_is_asked_to_sign_in_for_tasks_that_were_stopped() {
    let table = Table::new(1).await;
    table.start("a", 2, None).await;
    table.begun(&["a0-1"]).await;
    table.says("a0-1", limited_until(ErrorCode::SignInNeeded, None)).await;
    table.place(|known| !known.place.holds.is_empty()).await;
    table.stop("a0").await;
    table.place(|known| known.place.holds.first().is_some_and(|hold| hold.tasks == 1)).await;
    table.stop("a1").await;
    table.place(|known| known.place.holds.is_empty()).await;
}
