//! A data folder of an earlier version, whose program was killed.

use super::*;
use crate::store::tests::version_4::write_version_4;
use regatta_protocol::ErrorCode;

#[tokio::test]
async fn a_store_of_version_4_is_gone_on_with() {
    let fixture = EngineFixture::new().await;
    write_version_4(&fixture.options.data_dir);
    let engine = fixture.open().await;
    let batch = |name: &'static str| async {
        let id = engine.find_batch(name).await.unwrap();
        engine.batch(&id).await.unwrap()
    };
    for task in batch("Cut off").await.tasks {
        assert_eq!(task.status, Status::Interrupted, "{}", task.name);
    }
    let held = batch("Held").await;
    assert_eq!(held.tasks[0].status, Status::Paused);
    assert_eq!(held.tasks[0].notice.as_ref().map(|n| n.code), Some(ErrorCode::UsageLimit));
    let place = batch("At a service").await.batch_channel.unwrap();
    let lines = engine.read_lines(&place.id, 0, 9).await.unwrap();
    assert_eq!(lines.lines[0].text, "Cloning the repository");

    let started = fixture.start(&engine, &["echo new > new.txt; out done"]).await;
    let view = wait_for_status(&engine, &started.tasks[0].id, Status::Finished).await;
    assert_eq!(view.last_line, "done");
    assert_eq!(engine.batches(None, 20).await.unwrap().len(), 12);
    engine.close().await;
}
