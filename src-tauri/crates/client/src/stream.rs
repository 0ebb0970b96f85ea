//! The events of one answer.

use crate::decode;
use crate::error::Broken;
use crate::frame::{Frame, Framer};
use crate::pulse::Pulse;
use crate::received::Item;
use crate::{RunId, error};
use regatta_protocol::wire;
use reqwest::Response;
use std::time::{Duration, Instant};

/// The events of one answer, as they come.
#[derive(Debug)]
pub struct Stream {
    answer: Response,
    framer: Framer,
    pulse: Pulse,
    /// When the last bytes came.
    came: Instant,
    run: Option<RunId>,
    is_ours: bool,
    has_ids: bool,
    is_over: bool,
}

impl Stream {
    /// Begins with an answer whose status and type are right. `beat` is how often heartbeats
    /// are taken to come until that is known.
    pub(crate) fn new(answer: Response, beat: Duration) -> Self {
        let is_ours = answer.headers().contains_key(wire::RUN_HEADER);
        let named = answer.headers().get(wire::RUN_HEADER).and_then(|name| name.to_str().ok());
        let run = named.and_then(RunId::parse);
        let came = Instant::now();
        let pulse = Pulse::new(beat, came);
        let framer = Framer::default();
        Self { answer, framer, pulse, came, run, is_ours, has_ids: false, is_over: false }
    }

    /// The next event; none: the answer came to its end as it should. Whoever stops waiting
    /// for it loses nothing.
    ///
    /// # Errors
    /// [`Broken`]: reset, cut off, dead by its heartbeats, or an event that is too large.
    pub async fn next(&mut self) -> Result<Option<Item>, Broken> {
        loop {
            while let Some(frame) = self.framer.next_frame().map_err(|_| Broken::too_large())? {
                match frame {
                    Frame::Comment => self.pulse.beat(self.came),
                    Frame::Event(event) => {
                        self.pulse.event(self.came);
                        return Ok(Some(self.take(event)));
                    }
                }
            }
            if self.is_over {
                return Ok(None);
            }
            match self.piece().await? {
                Some(bytes) => {
                    self.came = Instant::now();
                    self.pulse.sign(self.came);
                    self.framer.feed(bytes);
                }
                None => self.is_over = true,
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
    pub fn resumable(&self) -> bool {
        (self.has_ids || self.is_ours) && self.run.is_some()
    }

    /// Whether one of our servers sends it, whose events are numbered without a gap.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.is_ours
    }

    pub(crate) fn assume_beat(&mut self, beat: Option<Duration>) {
        if let Some(beat) = beat {
            self.pulse = Pulse::new(beat, Instant::now());
        }
    }

    async fn piece(&mut self) -> Result<Option<bytes::Bytes>, Broken> {
        let piece = self.answer.chunk();
        let piece = match self.pulse.dead_at() {
            None => piece.await,
            Some(at) => match tokio::time::timeout_at(at.into(), piece).await {
                Ok(piece) => piece,
                Err(_) => return Err(Broken::silent()),
            },
        };
        piece.map_err(|problem| Broken::cut(&error::chain(&problem)))
    }

    fn take(&mut self, event: crate::frame::Event) -> Item {
        let item = decode::decode(event);
        self.has_ids |= item.id.is_some();
        if self.run.is_none() {
            self.run = decode::run_of(&item);
        }
        item
    }
}
