//! A usage limit and an expired sign-in hold an agent's tasks.

use super::*;
use regatta_protocol::Millis;
use regatta_protocol::event::ChangeTotals;

fn failed_with_retry_at(code: ErrorCode, retry_at: Option<Millis>) -> Event {
    let notice = Some(UserMessage::new(code, "It is refused.", "", ""));
    let outcome = Outcome::without_work(Status::Failed);
    Event::Outcome(Outcome { notice, retry_at, ..outcome })
}

#[tokio::test]
async fn a_usage_limit_holds_the_agent_with_growing_pauses_and_at_most_five() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 2, None).await;
    let mut begun = vec!["a0-1"];
    env.wait_until_started(&begun).await;
    let mut now = 5; // As the carrier's clock always says.
    for (resume, attempt) in ["a0-1", "a0-2", "a0-3", "a0-4", "a0-5"].into_iter().enumerate() {
        env.emit(attempt, status_event(Status::Working)).await;
        let told = (resume == 1).then_some(20_000);
        env.emit(attempt, failed_with_retry_at(ErrorCode::UsageLimit, told)).await;
        let place = env.wait_for_place(|known| !known.place.agent_pauses.is_empty()).await;
        let until = told.unwrap_or(5 + (60_000 << resume));
        assert_eq!((place.agent_pauses[0].until, place.agent_pauses[0].tasks), (Some(until), 2));
        let view = env.wait_for_status("a0", Status::Paused).await;
        let notice = view.notice.unwrap();
        assert_eq!(notice.code, ErrorCode::UsageLimit);
        assert!(notice.hint.contains("goes on by itself"), "{}", notice.hint);
        env.scheduler.send(SchedulerCommand::Tick(until - 1)).unwrap();
        // It goes on before the other, as it had its turn.
        env.scheduler
            .request(|reply| SchedulerCommand::RunNext { task: view.id, reply })
            .await
            .unwrap();
        env.wait_until_started(&begun).await;
        now = until;
        env.scheduler.send(SchedulerCommand::Tick(now)).unwrap();
        begun.push(["a0-2", "a0-3", "a0-4", "a0-5", "a0-6"][resume]);
        env.wait_until_started(&begun).await;
        env.wait_for_place(|known| known.place.agent_pauses.is_empty()).await;
    }
    assert!(now > 900_000);
    env.emit("a0-6", status_event(Status::Working)).await;
    env.emit("a0-6", failed_with_retry_at(ErrorCode::UsageLimit, None)).await;
    env.wait_for_status("a0", Status::Failed).await;
}

#[tokio::test]
async fn an_expired_sign_in_holds_the_agent_until_a_person_says_so() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 2, None).await;
    env.wait_until_started(&["a0-1"]).await;
    env.emit("a0-1", failed_with_retry_at(ErrorCode::SignInNeeded, None)).await;
    let place = env.wait_for_place(|known| !known.place.agent_pauses.is_empty()).await;
    assert_eq!((place.agent_pauses[0].until, place.agent_pauses[0].tasks), (None, 2));
    env.scheduler.send(SchedulerCommand::Tick(Millis::MAX)).unwrap();
    env.stop_task("a1").await;
    env.wait_until_started(&["a0-1"]).await;
    env.scheduler.send(SchedulerCommand::ResumeAgent(AgentChoice::Practice)).unwrap();
    env.wait_until_started(&["a0-1", "a0-2"]).await;
    env.finish("a0-2").await;
    env.wait_for_status("a0", Status::Finished).await;
}

/// The end of an attempt in whose last words the limit was read.
fn doubtful(code: ErrorCode) -> Event {
    let Event::Outcome(outcome) = failed_with_retry_at(code, None) else { unreachable!() };
    Event::Outcome(Outcome { is_doubtful: true, ..outcome })
}

#[tokio::test]
async fn one_tasks_doubt_holds_that_task_only_until_a_second_says_the_same() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 3, None).await;
    env.wait_until_started(&["a0-1"]).await;
    env.emit("a0-1", status_event(Status::Working)).await;
    env.emit("a0-1", doubtful(ErrorCode::UsageLimit)).await;
    env.wait_for_status("a0", Status::Paused).await;
    // The others of that agent go on.
    env.wait_until_started(&["a0-1", "a1-1"]).await;
    let place = env.wait_for_place(|known| !known.place.agent_pauses.is_empty()).await;
    let [hold] = &place.agent_pauses[..] else { panic!("{place:?}") };
    assert_eq!((hold.task.as_ref().map(TaskId::as_str), hold.tasks), (Some("a0"), 1));

    env.emit("a1-1", status_event(Status::Working)).await;
    env.emit("a1-1", doubtful(ErrorCode::UsageLimit)).await;
    env.wait_for_status("a1", Status::Paused).await;
    let whole = env.wait_for_place(|known| {
        matches!(&known.place.agent_pauses[..], [hold] if hold.task.is_none() && hold.tasks == 3)
    });
    let until = whole.await.agent_pauses[0].until.expect("it ends by itself");
    env.scheduler.send(SchedulerCommand::Tick(until - 1)).unwrap();
    env.stop_task("a2").await;
    env.wait_until_started(&["a0-1", "a1-1"]).await;
    env.scheduler.send(SchedulerCommand::Tick(until)).unwrap();
    env.wait_until_started(&["a0-1", "a1-1", "a0-2"]).await;
}

#[tokio::test]
async fn a_certain_sign_holds_the_agent_after_a_doubt_of_the_same_task_too() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 2, None).await;
    env.wait_until_started(&["a0-1"]).await;
    env.emit("a0-1", doubtful(ErrorCode::SignInNeeded)).await;
    env.wait_until_started(&["a0-1", "a1-1"]).await;
    let place = env.wait_for_place(|known| !known.place.agent_pauses.is_empty()).await;
    assert_eq!((place.agent_pauses[0].until, place.agent_pauses[0].tasks), (None, 1));
    env.emit("a1-1", failed_with_retry_at(ErrorCode::SignInNeeded, None)).await;
    env.wait_for_place(|known| {
        matches!(&known.place.agent_pauses[..], [hold] if hold.task.is_none() && hold.tasks == 2)
    })
    .await;
    env.scheduler.send(SchedulerCommand::ResumeAgent(AgentChoice::Practice)).unwrap();
    env.wait_until_started(&["a0-1", "a1-1", "a0-2"]).await;
}

/// The next queue finds what was held, as after a restart.
#[tokio::test]
async fn what_is_held_is_held_after_the_next_start_too() {
    let mut env = SchedulerEnv::new(1).await;
    env.start_batch("a", 2, None).await;
    env.wait_until_started(&["a0-1"]).await;
    env.emit("a0-1", status_event(Status::Working)).await;
    env.emit("a0-1", failed_with_retry_at(ErrorCode::UsageLimit, None)).await;
    env.wait_for_place(|known| {
        known.place.agent_pauses.first().is_some_and(|hold| hold.tasks == 2)
    })
    .await;
    let (done, closed) = oneshot::channel();
    env.scheduler.send(SchedulerCommand::Close { done }).unwrap();
    with_timeout(closed).await.unwrap();
    env.wait_for_status("a0", Status::Paused).await;
    env.wait_for_status("a1", Status::Waiting).await;

    env.log.append_now(Vec::new()).unwrap().wait().await.unwrap(); // All before it is on disk.
    let body = env.log.readers.with(read::persisted_queue).await.unwrap();
    let kept: PersistedQueue = serde_json::from_str(&body).unwrap();
    env.scheduler =
        Scheduler::start(SchedulerEnv::driver(&env.dir, &env.log, &env.runner), 2, kept);
    let place = env.wait_for_place(|known| known.place.limit == 2).await;
    assert_eq!((place.agent_pauses[0].until, place.agent_pauses[0].tasks), (Some(60_005), 2));
    env.scheduler.send(SchedulerCommand::Tick(60_004)).unwrap();
    env.wait_until_started(&["a0-1"]).await;
    env.scheduler.send(SchedulerCommand::Tick(60_005)).unwrap();
    env.wait_until_started(&["a0-1", "a0-2", "a1-1"]).await;
    env.wait_for_place(|known| known.place.agent_pauses.is_empty()).await;
    // It knows how often it went on.
    env.emit("a0-2", status_event(Status::Working)).await;
    env.emit("a0-2", failed_with_retry_at(ErrorCode::UsageLimit, None)).await;
    let place = env.wait_for_place(|known| !known.place.agent_pauses.is_empty()).await;
    assert_eq!(place.agent_pauses[0].until, Some(5 + 120_000));
}

#[tokio::test]
async fn a_stop_counts_even_when_the_task_is_held_before_it_hears_it() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 1, None).await;
    env.wait_until_started(&["a0-1"]).await;
    env.emit("a0-1", status_event(Status::Working)).await;
    env.stop_task("a0").await;
    env.wait_until_received("a0-1", &WorkerControl::Stop).await;
    let Event::Outcome(outcome) = failed_with_retry_at(ErrorCode::SignInNeeded, None) else {
        unreachable!("it is one");
    };
    let totals = ChangeTotals { files: 2, ..ChangeTotals::default() };
    let outcome = Outcome { commit: Some("c1".into()), totals, ..outcome };
    env.emit("a0-1", Event::Outcome(outcome)).await;
    let view = env.wait_for_status("a0", Status::Stopped).await;
    let end = view.outcome.unwrap();
    assert_eq!((end.commit.as_deref(), end.totals), (Some("c1"), totals), "its result isn't lost");
    // Nothing waits for somebody to sign in: the next task may try.
    env.wait_for_place(|known| known.place.agent_pauses.is_empty()).await;
    env.start_batch("b", 1, None).await;
    env.wait_until_started(&["a0-1", "b0-1"]).await;
}

#[tokio::test]
async fn nobody_is_asked_to_sign_in_for_tasks_that_were_stopped() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 2, None).await;
    env.wait_until_started(&["a0-1"]).await;
    env.emit("a0-1", failed_with_retry_at(ErrorCode::SignInNeeded, None)).await;
    env.wait_for_place(|known| !known.place.agent_pauses.is_empty()).await;
    env.stop_task("a0").await;
    env.wait_for_place(|known| {
        known.place.agent_pauses.first().is_some_and(|hold| hold.tasks == 1)
    })
    .await;
    env.stop_task("a1").await;
    env.wait_for_place(|known| known.place.agent_pauses.is_empty()).await;
}
