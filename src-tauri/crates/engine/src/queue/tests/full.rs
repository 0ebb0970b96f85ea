//! What a disk does that is full, or nearly.

use super::*;

#[tokio::test]
async fn a_nearly_full_disk_holds_what_works_and_what_waits() {
    let table = Table::new(1).await;
    table.start("a", 2, None).await;
    table.begun(&["a0-1"]).await;
    table.says("a0-1", status(Status::Working)).await;
    table.queue.tell(Message::Disk(disk::FULL - 1)).unwrap();
    table.heard("a0-1", &WorkerControl::Pause).await;
    let place = table.place(|known| known.place.paused.is_some()).await;
    assert_eq!(place.paused.unwrap().code, ErrorCode::DiskFull);
    table.says("a0-1", status(Status::Paused)).await;
    let view = table.stands("a0", Status::Paused).await;
    assert_eq!(view.notice.map(|n| n.code), Some(ErrorCode::DiskFull));
    table.finishes("a0-1").await;
    table.stands("a0", Status::Finished).await;

    // Room between the two limits changes nothing yet.
    table.queue.tell(Message::Disk(disk::LOW - 1)).unwrap();
    table.place(|known| known.place.busy == 0 && known.place.paused.is_some()).await;
    table.begun(&["a0-1"]).await;
    table.queue.tell(Message::Disk(disk::LOW)).unwrap();
    table.begun(&["a0-1", "a1-1"]).await;
    assert_eq!(table.place(|known| known.place.busy == 1).await.paused, None);
}

#[tokio::test]
async fn a_full_store_pauses_the_place_and_it_goes_on_by_itself() {
    let table = Table::new(1).await;
    table.start("a", 2, None).await;
    table.begun(&["a0-1"]).await;
    table.log.limit_pages(60);
    let text = "x".repeat(200_000);
    for _ in 0..5 {
        let (kind, text) = (LineKind::Out, text.clone());
        table.says("a0-1", Event::Output { kind, text, first_line: 0 }).await;
    }
    let place = table.place(|known| known.place.paused.is_some()).await;
    assert_eq!(place.paused.unwrap().code, ErrorCode::DiskFull);
    table.finishes("a0-1").await;
    table.log.limit_pages(1_000_000);
    let view = table.stands("a0", Status::Finished).await;
    assert_eq!(view.lines, 5);
    table.begun(&["a0-1", "a1-1"]).await;
    table.place(|known| known.place.paused.is_none()).await;
}
