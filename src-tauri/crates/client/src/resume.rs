//! A run's events from the first to the last word, over as many connections as it takes and
//! the endpoint offers.

use crate::error::Broken;
use crate::{Address, CallError, Client, InvokeBody, Item, Received, RunId, Stream};
use regatta_protocol::Notice;
use std::time::Duration;
use tokio::time::Instant;

/// How often the same place of a log may turn out to have a gap.
const MOST_GAPS: u32 = 3;

/// How long to wait for what. Passed in, so that tests need not wait.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Before the first try to connect again; each further wait is twice as long.
    pub first_wait: Duration,
    /// The longest wait between two tries.
    pub longest_wait: Duration,
    /// How long the answer to such a try may take.
    pub answer: Duration,
    /// How often heartbeats are taken to come until that is known; none: as is usual.
    pub beat: Option<Duration>,
    /// From 0 up to 1, each time another.
    pub random: fn() -> f64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            answer: Duration::from_secs(30),
            beat: None,
            random,
        }
    }
}

impl Timing {
    /// The wait after that many failures without an event between them: 0.5 s · 2ⁿ, at most
    /// the longest, and somewhere in the upper half of that, so that not all come at once.
    #[must_use]
    pub fn wait(&self, failures: u32) -> Duration {
        let doubled = self.first_wait.saturating_mul(1_u32 << failures.min(20));
        doubled.min(self.longest_wait).mul_f64(0.5 + 0.5 * (self.random)().clamp(0.0, 1.0))
    }
}

fn random() -> f64 {
    // Without the system's randomness all waits are equal, which is still right.
    let number = getrandom::u32().unwrap_or(u32::MAX);
    f64::from(number) / f64::from(u32::MAX)
}

/// What a session has to say next.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// An event. Numbered ones come exactly once and in order.
    Item(Item),
    /// The connection was lost; it is tried again by itself until the endpoint answers.
    Reconnecting(Notice),
    /// The connection is there again.
    Reconnected,
    /// Nothing more comes.
    Ended(SessionEnd),
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEnd {
    /// The endpoint said its last word.
    Ended,
    /// The connection is lost for good, and how the tasks ended isn't known.
    Lost(Notice),
    /// The endpoint refused to go on with the events, and how the tasks ended isn't known.
    Refused(Notice),
}

/// The events of one run.
#[derive(Debug)]
pub struct Session {
    client: Client,
    to: Address,
    timing: Timing,
    link: Link,
    run: Option<RunId>,
    /// The number of the last event, if they are numbered.
    last: u64,
    /// Whether a number that was left out is a loss: so on our servers.
    is_dense: bool,
    is_resumable: bool,
    has_ended: bool,
    failures: u32,
    gaps: u32,
}

#[derive(Debug)]
enum Link {
    Open(Box<Stream>),
    Wait(Instant),
    Over(SessionEnd),
}

impl Session {
    /// Starts work with one call, and holds its events.
    ///
    /// # Errors
    /// [`CallError`], as [`Client::invoke`].
    pub async fn start(
        client: &Client,
        to: &Address,
        body: &InvokeBody<'_>,
        idempotency_key: &str,
    ) -> Result<Self, CallError> {
        let stream = client.invoke(to, body, idempotency_key).await?;
        let mut session = Self::with(client, to, Link::Wait(Instant::now()));
        session.open(stream);
        Ok(session)
    }

    /// Goes on with a run's events after the one numbered `after`. Connects when the first of
    /// them is asked for.
    #[must_use]
    pub fn resume(client: &Client, to: &Address, run: RunId, after: u64) -> Self {
        let mut session = Self::with(client, to, Link::Wait(Instant::now()));
        (session.run, session.last, session.is_resumable) = (Some(run), after, true);
        session
    }

    /// The same session with other waits.
    #[must_use]
    pub fn timed(mut self, timing: Timing) -> Self {
        self.timing = timing;
        if let Link::Open(stream) = &mut self.link {
            stream.assume_beat(timing.beat);
        }
        self
    }

    /// What comes next. After [`Heard::Ended`] the same again. Whoever stops waiting for it
    /// loses nothing.
    pub async fn next(&mut self) -> Heard {
        loop {
            match &mut self.link {
                Link::Over(end) => return Heard::Ended(end.clone()),
                Link::Wait(until) => {
                    tokio::time::sleep_until(*until).await;
                    if let Some(heard) = self.connect().await {
                        return heard;
                    }
                }
                Link::Open(stream) => {
                    let came = stream.next().await;
                    self.run = stream.run().cloned().or(self.run.take());
                    self.is_resumable |= stream.resumable();
                    match came {
                        Ok(Some(item)) => match self.admit(item) {
                            Ok(Some(item)) => return Heard::Item(item),
                            Ok(None) => {}
                            Err(gap) => return self.broke(gap),
                        },
                        Ok(None) => return self.broke(Broken::without_end()),
                        Err(broken) => return self.broke(broken),
                    }
                }
            }
        }
    }

    /// The run's name at the endpoint, once known.
    #[must_use]
    pub fn run(&self) -> Option<&RunId> {
        self.run.as_ref()
    }

    /// Whether one of our servers answers, which offers more than a stream. Known from the
    /// beginning where the session was started.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.is_dense
    }

    /// The number of the last event; 0: none had one.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Whether the endpoint offered to go on after a break.
    #[must_use]
    pub fn resumable(&self) -> bool {
        self.is_resumable
    }

    fn with(client: &Client, to: &Address, link: Link) -> Self {
        Self {
            client: client.clone(),
            to: to.clone(),
            timing: Timing::default(),
            link,
            run: None,
            last: 0,
            is_dense: false,
            is_resumable: false,
            has_ended: false,
            failures: 0,
            gaps: 0,
        }
    }

    fn open(&mut self, mut stream: Stream) {
        stream.assume_beat(self.timing.beat);
        self.is_dense |= stream.is_ours();
        self.run = stream.run().cloned().or(self.run.take());
        self.link = Link::Open(Box::new(stream));
    }

    /// Lets an event through once and in its place.
    fn admit(&mut self, item: Item) -> Result<Option<Item>, Broken> {
        if let Some(id) = item.id {
            let is_checked = self.is_dense || self.failures > 0;
            if is_checked && id <= self.last {
                return Ok(None);
            }
            if self.is_dense && id > self.last + 1 {
                self.gaps += 1;
                return Err(Broken::gap(self.last, id, self.gaps < MOST_GAPS));
            }
            self.last = id;
        }
        (self.failures, self.gaps) = (0, 0);
        for received in &item.received {
            match received {
                Received::Attempt { .. } => self.has_ended = false,
                received => self.has_ended |= received.is_terminal(),
            }
        }
        Ok(Some(item))
    }

    async fn connect(&mut self) -> Option<Heard> {
        let run = self.run.clone()?;
        let answer = self.client.resume(&self.to, &run, self.last);
        let answer = tokio::time::timeout(self.timing.answer, answer).await;
        match answer {
            Ok(Ok(stream)) => {
                self.open(stream);
                Some(Heard::Reconnected)
            }
            Ok(Err(CallError::Refused(notice, status))) if !passes(status) => {
                let end = SessionEnd::Refused(unknown(notice));
                self.link = Link::Over(end.clone());
                Some(Heard::Ended(end))
            }
            Ok(Err(problem)) => Some(self.wait(problem.into_notice())),
            Err(_) => Some(self.wait(Broken::silent().notice)),
        }
    }

    /// What follows a connection's end.
    fn broke(&mut self, broken: Broken) -> Heard {
        let end = if self.has_ended {
            SessionEnd::Ended
        } else if broken.can_go_on && self.is_resumable {
            return self.wait(broken.notice);
        } else {
            SessionEnd::Lost(broken.notice)
        };
        self.link = Link::Over(end.clone());
        Heard::Ended(end)
    }

    fn wait(&mut self, notice: Notice) -> Heard {
        self.link = Link::Wait(Instant::now() + self.timing.wait(self.failures));
        self.failures += 1;
        Heard::Reconnecting(notice)
    }
}

/// Whether an answer with this status may be another one later.
fn passes(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

/// The sentences of a refusal, where tasks were under way.
fn unknown(mut notice: Notice) -> Notice {
    "Everything received is kept; the tasks may go on at the endpoint."
        .clone_into(&mut notice.safe);
    notice
}
