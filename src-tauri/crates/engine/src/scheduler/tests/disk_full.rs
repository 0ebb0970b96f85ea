//! What a disk does that is full, or nearly.

use super::*;

#[tokio::test]
async fn a_nearly_full_disk_holds_what_works_and_what_waits() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 2, None).await;
    env.wait_until_started(&["a0-1"]).await;
    env.emit("a0-1", status_event(Status::Working)).await;
    env.scheduler.send(SchedulerCommand::DiskFree(disk::FULL_BYTES - 1)).unwrap();
    env.wait_until_received("a0-1", &WorkerControl::Pause).await;
    let place = env.wait_for_place(|known| known.place.pause_reason.is_some()).await;
    assert_eq!(place.pause_reason.unwrap().code, ErrorCode::DiskFull);
    env.emit("a0-1", status_event(Status::Paused)).await;
    let view = env.wait_for_status("a0", Status::Paused).await;
    assert_eq!(view.notice.map(|n| n.code), Some(ErrorCode::DiskFull));
    env.finish("a0-1").await;
    env.wait_for_status("a0", Status::Finished).await;

    // Room between the two limits changes nothing yet.
    env.scheduler.send(SchedulerCommand::DiskFree(disk::LOW_BYTES - 1)).unwrap();
    env.wait_for_place(|known| known.place.busy == 0 && known.place.pause_reason.is_some()).await;
    env.wait_until_started(&["a0-1"]).await;
    env.scheduler.send(SchedulerCommand::DiskFree(disk::LOW_BYTES)).unwrap();
    env.wait_until_started(&["a0-1", "a1-1"]).await;
    assert_eq!(env.wait_for_place(|known| known.place.busy == 1).await.pause_reason, None);
}

#[tokio::test]
async fn a_full_store_pauses_the_place_and_it_goes_on_by_itself() {
    let env = SchedulerEnv::new(1).await;
    env.start_batch("a", 2, None).await;
    env.wait_until_started(&["a0-1"]).await;
    env.log.limit_pages(60);
    let text = "x".repeat(200_000);
    for _ in 0..5 {
        let (kind, text) = (LineKind::Stdout, text.clone());
        env.emit("a0-1", Event::Output { kind, text, first_line: 0 }).await;
    }
    let place = env.wait_for_place(|known| known.place.pause_reason.is_some()).await;
    assert_eq!(place.pause_reason.unwrap().code, ErrorCode::DiskFull);
    env.finish("a0-1").await;
    env.log.limit_pages(1_000_000);
    let view = env.wait_for_status("a0", Status::Finished).await;
    assert_eq!(view.lines, 5);
    env.wait_until_started(&["a0-1", "a1-1"]).await;
    env.wait_for_place(|known| known.place.pause_reason.is_none()).await;
}
