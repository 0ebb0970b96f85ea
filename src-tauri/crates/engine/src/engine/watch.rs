//! What changed since: how a window keeps up without being told anything twice.

use super::Engine;
use crate::store::read;
use regatta_protocol::view::PlaceView;
use regatta_protocol::{BatchId, BatchView, TaskView};
use std::time::Duration;

/// How long to wait before reading again what couldn't be read.
const READ_RETRY_DELAY: Duration = Duration::from_millis(500);

/// What changed after a revision.
#[derive(Debug, Clone)]
pub struct ChangeSet {
    /// Everything up to this revision is in here: to be asked for next.
    pub revision: u64,
    /// The tasks that changed.
    pub tasks: Vec<TaskView>,
    /// The batches that changed.
    pub batches: Vec<BatchView>,
    /// How busy this computer is now.
    pub place: PlaceView,
}

impl Engine {
    /// The newest revision: where to begin with [`Engine::wait_for_changes`] after reading what
    /// there is.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.0.log.published.borrow().revision
    }

    /// Waits until something is newer than `since`, and returns all of it. A view may
    /// come twice, never in an older state than before. Once the engine is closed this
    /// never returns.
    pub async fn wait_for_changes(&self, since: u64) -> ChangeSet {
        let mut published = self.0.log.published.clone();
        if published.wait_for(|known| known.revision > since).await.is_err() {
            std::future::pending::<()>().await;
        }
        loop {
            let (revision, place, moved) = {
                let known = published.borrow_and_update();
                let moved = known.active.iter().filter(|(_, batch)| batch.queue_revision > since);
                let moved: Vec<BatchId> = moved.map(|(id, _)| id.clone()).collect();
                (known.revision, known.place.clone(), moved)
            };
            let read = move |conn: &_| read::changed_since(conn, since, &moved);
            if let Ok((tasks, batches)) = self.0.log.readers.with(read).await {
                return ChangeSet { revision, tasks, batches: self.present_all(batches), place };
            }
            tokio::time::sleep(READ_RETRY_DELAY).await;
        }
    }

    /// Batches as they are shown.
    pub(super) fn present_all(&self, batches: Vec<BatchView>) -> Vec<BatchView> {
        batches.into_iter().map(|batch| self.present(batch)).collect()
    }

    /// A batch as it is stored, with what isn't: its queue, and what its place can do now.
    pub(super) fn present(&self, mut batch: BatchView) -> BatchView {
        batch.place = self.0.places.place_of(batch.endpoint.as_ref());
        if let Some(active) = self.0.log.published.borrow().active.get(&batch.id) {
            batch.queue.clone_from(&active.queue);
            batch.revision = batch.revision.max(active.queue_revision);
        }
        batch
    }
}
