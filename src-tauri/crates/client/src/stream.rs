//! The events of one answer.

use crate::decode;
use crate::error::StreamError;
use crate::event::DecodedEvent;
use crate::frame::{Frame, Framer};
use crate::heartbeat::HeartbeatMonitor;
use crate::{RunId, error};
use regatta_protocol::wire;
use reqwest::Response;
use std::time::{Duration, Instant};

/// The events of one answer, as they come.
#[derive(Debug)]
pub struct ResponseStream {
    response: Response,
    framer: Framer,
    heartbeat: HeartbeatMonitor,
    /// When the last bytes came.
    last_bytes_at: Instant,
    run: Option<RunId>,
    is_ours: bool,
    has_ids: bool,
    is_over: bool,
}

impl ResponseStream {
    /// Begins with an answer whose status and type are right. `beat` is how often heartbeats
    /// are taken to come until that is known.
    pub(crate) fn new(response: Response, beat: Duration) -> Self {
        let is_ours = response.headers().contains_key(wire::RUN_HEADER);
        let named = response.headers().get(wire::RUN_HEADER).and_then(|name| name.to_str().ok());
        let run = named.and_then(RunId::parse);
        let last_bytes_at = Instant::now();
        let heartbeat = HeartbeatMonitor::new(beat, last_bytes_at);
        let framer = Framer::default();
        Self {
            response,
            framer,
            heartbeat,
            last_bytes_at,
            run,
            is_ours,
            has_ids: false,
            is_over: false,
        }
    }

    /// The next event; `None` if the answer came to its end as it should. Whoever stops waiting
    /// for it loses nothing.
    ///
    /// # Errors
    /// [`StreamError`]: reset, cut off, dead by its heartbeats, or an event that is too large.
    pub async fn next(&mut self) -> Result<Option<DecodedEvent>, StreamError> {
        loop {
            while let Some(frame) =
                self.framer.next_frame().map_err(|_| StreamError::too_large())?
            {
                match frame {
                    Frame::Comment => self.heartbeat.on_heartbeat(self.last_bytes_at),
                    Frame::Event(event) => {
                        self.heartbeat.on_event(self.last_bytes_at);
                        return Ok(Some(self.decode_event(event)));
                    }
                }
            }
            if self.is_over {
                return Ok(None);
            }
            match self.next_chunk().await? {
                Some(bytes) => {
                    self.last_bytes_at = Instant::now();
                    self.heartbeat.on_bytes(self.last_bytes_at);
                    self.framer.feed(bytes);
                }
                None => {
                    self.is_over = true;
                    // One with an id comes again when the stream is resumed.
                    let last = self.framer.finish().filter(|event| event.id.is_empty());
                    return Ok(last.map(|event| self.decode_event(event)));
                }
            }
        }
    }

    /// The run's name at the endpoint, once known.
    #[must_use]
    pub fn run(&self) -> Option<&RunId> {
        self.run.as_ref()
    }

    /// Whether the server offers to go on after a break: its events are numbered, or it is
    /// one of ours, and the run has a name.
    #[must_use]
    pub fn is_resumable(&self) -> bool {
        (self.has_ids || self.is_ours) && self.run.is_some()
    }

    /// Whether one of our servers sends it, whose events are numbered without a gap.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.is_ours
    }

    pub(crate) fn assume_heartbeat_period(&mut self, beat: Option<Duration>) {
        if let Some(beat) = beat {
            self.heartbeat = HeartbeatMonitor::new(beat, Instant::now());
        }
    }

    async fn next_chunk(&mut self) -> Result<Option<bytes::Bytes>, StreamError> {
        let piece = self.response.chunk();
        let piece = match self.heartbeat.deadline() {
            None => piece.await,
            Some(at) => match tokio::time::timeout_at(at.into(), piece).await {
                Ok(piece) => piece,
                Err(_) => return Err(StreamError::heartbeat_lost()),
            },
        };
        piece.map_err(|problem| StreamError::disconnected(&error::error_chain(&problem)))
    }

    fn decode_event(&mut self, event: crate::frame::Event) -> DecodedEvent {
        let item = decode::decode(event);
        self.has_ids |= item.id.is_some();
        if self.run.is_none() {
            self.run = decode::find_run_id(&item);
        }
        item
    }
}
