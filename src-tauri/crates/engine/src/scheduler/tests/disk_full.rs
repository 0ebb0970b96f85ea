//! What a disk does that is full, or nearly.

use super::*;

#[tokio::test]
async fn a_nearly_full_disk_holds_what_works_and_what_waits() {
    let table = SchedulerEnv::new(1).await;
    table.start_batch("a", 2, None).await;
    table.wait_until_started(&["a0-1"]).await;
    table.emit("a0-1", status_event(Status::Working)).await;
    table.scheduler.send(SchedulerCommand::DiskFree(disk::FULL_BYTES - 1)).unwrap();
    table.wait_until_received("a0-1", &WorkerControl::Pause).await;
    let place = table.wait_for_place(|known| known.place.pause_reason.is_some()).await;
    assert_eq!(place.pause_reason.unwrap().code, ErrorCode::DiskFull);
    table.emit("a0-1", status_event(Status::Paused)).await;
    let view = table.wait_for_status("a0", Status::Paused).await;
    assert_eq!(view.notice.map(|n| n.code), Some(ErrorCode::DiskFull));
    table.finish("a0-1").await;
    table.wait_for_status("a0", Status::Finished).await;

    // Room between the two limits changes nothing yet.
    table.scheduler.send(SchedulerCommand::DiskFree(disk::LOW_BYTES - 1)).unwrap();
    table.wait_for_place(|known| known.place.busy == 0 && known.place.pause_reason.is_some()).await;
    table.wait_until_started(&["a0-1"]).await;
    table.scheduler.send(SchedulerCommand::DiskFree(disk::LOW_BYTES)).unwrap();
    table.wait_until_started(&["a0-1", "a1-1"]).await;
    assert_eq!(table.wait_for_place(|known| known.place.busy == 1).await.pause_reason, None);
}

#[tokio::test]
async fn a_full_store_pauses_the_place_and_it_goes_on_by_itself() {
    let table = SchedulerEnv::new(1).await;
    table.start_batch("a", 2, None).await;
    table.wait_until_started(&["a0-1"]).await;
    table.log.limit_pages(60);
    let text = "x".repeat(200_000);
    for _ in 0..5 {
        let (kind, text) = (LineKind::Stdout, text.clone());
        table.emit("a0-1", Event::Output { kind, text, first_line: 0 }).await;
    }
    let place = table.wait_for_place(|known| known.place.pause_reason.is_some()).await;
    assert_eq!(place.pause_reason.unwrap().code, ErrorCode::DiskFull);
    table.finish("a0-1").await;
    table.log.limit_pages(1_000_000);
    let view = table.wait_for_status("a0", Status::Finished).await;
    assert_eq!(view.lines, 5);
    table.wait_until_started(&["a0-1", "a1-1"]).await;
    table.wait_for_place(|known| known.place.pause_reason.is_none()).await;
}
