//! Everything that can be looked at.

use super::Engine;
use crate::EngineError;
use crate::log::Follower;
use crate::store::{TaskFacts, lines, list, read, search, steps};
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::event::Step;
use regatta_protocol::view::{BatchDetail, LinePage, Matches, PlaceView};
use regatta_protocol::{
    BatchId, BatchRequest, BatchView, LogEvent, Millis, Place, TaskId, TaskView,
};
use std::io::{BufWriter, Write};
use std::path::Path;

impl Engine {
    /// Where a batch can run: this computer first, then each of `endpoints` under its id.
    pub fn places(&self, endpoints: &[Endpoint]) -> Vec<Place> {
        let named = endpoints.iter().map(Some);
        [None].into_iter().chain(named).map(|name| self.0.places.place_of(name)).collect()
    }

    /// Batches with a task that waits or works, the newest first.
    ///
    /// # Errors
    /// The store can't be read; so for all that reads.
    pub async fn running_batches(&self) -> Result<Vec<BatchView>, EngineError> {
        Ok(self.present_all(self.0.log.readers.with(read::running_batches).await?))
    }

    /// Batches that are over, the newest first: those created before a moment, if one is
    /// given, in whose name, project or tasks' names the words are.
    pub async fn history(
        &self,
        words: &str,
        before: Option<Millis>,
        max: u32,
    ) -> Result<Vec<BatchView>, EngineError> {
        let words = words.to_owned();
        let found = self.0.log.readers.with(move |conn| read::history(conn, &words, before, max));
        Ok(self.present_all(found.await?))
    }

    /// Up to `max` batches, the newest first: those that were started before a batch, if one
    /// is given.
    ///
    /// # Errors
    /// There is no such batch, or the store can't be read.
    pub async fn batches(
        &self,
        before: Option<&BatchId>,
        max: u32,
    ) -> Result<Vec<BatchView>, EngineError> {
        let before = before.cloned();
        let found =
            self.0.log.readers.with(move |conn| list::list_batches(conn, before.as_ref(), max));
        Ok(self.present_all(found.await?))
    }

    /// A batch with its tasks.
    pub async fn batch(&self, id: &BatchId) -> Result<BatchDetail, EngineError> {
        let id = id.clone();
        let found = self.0.log.readers.with(move |conn| read::detail(conn, &id)).await?;
        let detail = found.ok_or(EngineError::NotFound("batch"))?;
        Ok(BatchDetail { batch: self.present(detail.batch), ..detail })
    }

    /// The batch that `text` names: its id, the beginning of an id that no other has, or
    /// the newest of that name.
    pub async fn find_batch(&self, text: &str) -> Result<BatchId, EngineError> {
        let text = text.to_owned();
        let found = self.0.log.readers.with(move |conn| read::resolve_batch(conn, &text)).await?;
        found.ok_or(EngineError::NotFound("batch"))
    }

    /// One task.
    pub async fn task(&self, id: &TaskId) -> Result<TaskView, EngineError> {
        let id = id.clone();
        self.0.log.readers.with(move |conn| read::task(conn, &id)).await
    }

    /// What a task's agent was asked to do.
    pub async fn prompt(&self, id: &TaskId) -> Result<String, EngineError> {
        let id = id.clone();
        Ok(self.0.log.readers.with(move |conn| read::facts(conn, &id)).await?.task_request.prompt)
    }

    /// The tasks with an open question, the oldest first.
    pub async fn needs_you(&self) -> Result<Vec<TaskView>, EngineError> {
        self.0.log.readers.with(read::tasks_with_questions).await
    }

    /// The request that a batch was started with, to use it again.
    pub async fn batch_request(&self, id: &BatchId) -> Result<BatchRequest, EngineError> {
        let id = id.clone();
        self.0.log.readers.with(move |conn| read::request(conn, &id)).await
    }

    /// Up to `max` lines of a task's transcript from line `from` on, but at most
    /// [`MAX_PAGE_LINES`](regatta_protocol::view::MAX_PAGE_LINES).
    pub async fn read_lines(
        &self,
        id: &TaskId,
        from: u64,
        max: u32,
    ) -> Result<LinePage, EngineError> {
        let id = id.clone();
        self.0.log.readers.with(move |conn| lines::read_page(conn, &id, from, max)).await
    }

    /// The lines of a task's transcript that hold `query`, whatever its case.
    pub async fn search_lines(&self, id: &TaskId, query: &str) -> Result<Matches, EngineError> {
        let (id, query) = (id.clone(), query.to_owned());
        self.0.log.readers.with(move |conn| search::search(conn, &id, &query)).await
    }

    /// Up to `max` of a task's steps from the `from`th on, over all its attempts.
    pub async fn read_steps(
        &self,
        id: &TaskId,
        from: u32,
        max: u32,
    ) -> Result<Vec<Step>, EngineError> {
        let id = id.clone();
        self.0.log.readers.with(move |conn| steps::read(conn, &id, from, max)).await
    }

    /// Writes a task's whole transcript into a file as text; returns its bytes.
    ///
    /// # Errors
    /// [`EngineError::File`] when the file can't be written.
    pub async fn write_output(&self, id: &TaskId, path: &Path) -> Result<u64, EngineError> {
        let (id, to) = (id.clone(), path.to_owned());
        let write = move |conn: &_| {
            let mut file = match std::fs::File::create(&to) {
                Ok(file) => BufWriter::new(file),
                Err(error) => return Ok(Err(error)),
            };
            let written = lines::write_transcript(conn, &id, &mut file)?;
            Ok(written.and_then(|bytes| file.flush().map(|()| bytes)))
        };
        let written = self.0.log.readers.with(write).await?;
        written.map_err(|source| EngineError::File { path: path.to_owned(), source })
    }

    /// Up to `max` events of a batch's log after number `after`; fewer when they hold much
    /// text, none when there are no more yet.
    pub async fn events(
        &self,
        id: &BatchId,
        after: u64,
        max: u32,
    ) -> Result<Vec<LogEvent>, EngineError> {
        let id = id.clone();
        self.0.log.readers.with(move |conn| read::events(conn, &id, after, max)).await
    }

    /// Follows a batch's log from after number `after` on.
    #[must_use]
    pub fn follow(&self, id: &BatchId, after: u64) -> Follower {
        Follower::new(&self.0.log, id.clone(), after)
    }

    /// How busy this computer is.
    #[must_use]
    pub fn place(&self) -> PlaceView {
        self.0.log.published.borrow().place.clone()
    }

    pub(super) async fn task_facts(&self, id: &TaskId) -> Result<TaskFacts, EngineError> {
        let id = id.clone();
        self.0.log.readers.with(move |conn| read::facts(conn, &id)).await
    }
}
