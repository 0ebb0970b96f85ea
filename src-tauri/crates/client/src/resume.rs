//! A run's events from the first to the last word, over as many connections as it takes and
//! the endpoint offers. Source of `Last-Event-ID`:
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header>.

use crate::error::StreamError;
use crate::{
    Address, CallError, Client, DecodedEvent, EventPart, InvokeBody, ResponseStream, RunId,
};
use regatta_protocol::UserMessage;
use std::time::Duration;
use tokio::time::Instant;
use tracing::debug;

/// How often the same place of a log may turn out to have a gap.
const MAX_GAPS: u32 = 3;

/// How long to wait for what. Passed in, so that tests need not wait.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Before the first try to connect again; each further wait is twice as long.
    pub initial_backoff: Duration,
    /// The longest wait between two tries.
    pub max_backoff: Duration,
    /// How long the answer to such a try may take.
    pub answer_timeout: Duration,
    /// The heartbeat period assumed until it was measured; `None` means the usual one.
    pub heartbeat_period: Option<Duration>,
    /// From 0 up to 1, each time another.
    pub random: fn() -> f64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(30),
            heartbeat_period: None,
            random: random_fraction,
        }
    }
}

impl Timing {
    /// The wait after that many failures without an event between them: 0.5 s · 2ⁿ, at most
    /// the longest, and somewhere in the upper half of that, so that not all come at once.
    #[must_use]
    pub fn backoff(&self, failures: u32) -> Duration {
        let doubled = self.initial_backoff.saturating_mul(1_u32 << failures.min(20));
        doubled.min(self.max_backoff).mul_f64(0.5 + 0.5 * (self.random)().clamp(0.0, 1.0))
    }
}

fn random_fraction() -> f64 {
    // Without the system's randomness all waits are equal, which is still right.
    let number = getrandom::u32().unwrap_or(u32::MAX);
    f64::from(number) / f64::from(u32::MAX)
}

/// What a session has to say next.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionEvent {
    /// An event. Numbered ones come exactly once and in order.
    Event(DecodedEvent),
    /// The connection was lost; it is tried again by itself until the endpoint answers.
    Reconnecting(UserMessage),
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
    Lost(UserMessage),
    /// The endpoint refused to go on with the events, and how the tasks ended isn't known.
    Refused(UserMessage),
}

/// The events of one run.
#[derive(Debug)]
pub struct Session {
    client: Client,
    to: Address,
    timing: Timing,
    connection: Connection,
    run: Option<RunId>,
    /// The number of the last event, if they are numbered.
    last_event_id: u64,
    /// Whether a number that was left out is a loss: so on our servers.
    is_dense: bool,
    is_resumable: bool,
    has_ended: bool,
    failures: u32,
    gaps: u32,
}

#[derive(Debug)]
enum Connection {
    Open(Box<ResponseStream>),
    WaitingUntil(Instant),
    Closed(SessionEnd),
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
        let mut session = Self::new(client, to, Connection::WaitingUntil(Instant::now()));
        session.attach(stream);
        Ok(session)
    }

    /// Goes on with a run's events after the one numbered `after`. Connects when the first of
    /// them is asked for.
    #[must_use]
    pub fn resume(client: &Client, to: &Address, run: RunId, after: u64) -> Self {
        let mut session = Self::new(client, to, Connection::WaitingUntil(Instant::now()));
        (session.run, session.last_event_id, session.is_resumable) = (Some(run), after, true);
        session
    }

    /// The same session with other waits.
    #[must_use]
    pub fn with_timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        if let Connection::Open(stream) = &mut self.connection {
            stream.assume_heartbeat_period(timing.heartbeat_period);
        }
        self
    }

    /// What comes next. After [`SessionEvent::Ended`] the same again. Whoever stops waiting for it
    /// loses nothing.
    pub async fn next(&mut self) -> SessionEvent {
        loop {
            match &mut self.connection {
                Connection::Closed(end) => return SessionEvent::Ended(end.clone()),
                Connection::WaitingUntil(until) => {
                    tokio::time::sleep_until(*until).await;
                    if let Some(heard) = self.reconnect().await {
                        return heard;
                    }
                }
                Connection::Open(stream) => {
                    let came = stream.next().await;
                    self.run = stream.run().cloned().or(self.run.take());
                    self.is_resumable |= stream.is_resumable();
                    match came {
                        Ok(Some(item)) => match self.accept_event(item) {
                            Ok(Some(item)) => return SessionEvent::Event(item),
                            Ok(None) => {}
                            Err(gap) => return self.on_disconnect(gap),
                        },
                        Ok(None) => return self.on_disconnect(StreamError::ended_early()),
                        Err(broken) => return self.on_disconnect(broken),
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
    pub fn last_event_id(&self) -> u64 {
        self.last_event_id
    }

    /// Whether the endpoint offered to go on after a break.
    #[must_use]
    pub fn is_resumable(&self) -> bool {
        self.is_resumable
    }

    fn new(client: &Client, to: &Address, connection: Connection) -> Self {
        Self {
            client: client.clone(),
            to: to.clone(),
            timing: Timing::default(),
            connection,
            run: None,
            last_event_id: 0,
            is_dense: false,
            is_resumable: false,
            has_ended: false,
            failures: 0,
            gaps: 0,
        }
    }

    fn attach(&mut self, mut stream: ResponseStream) {
        stream.assume_heartbeat_period(self.timing.heartbeat_period);
        self.is_dense |= stream.is_ours();
        self.run = stream.run().cloned().or(self.run.take());
        self.connection = Connection::Open(Box::new(stream));
    }

    /// Lets an event through once and in its place.
    fn accept_event(&mut self, item: DecodedEvent) -> Result<Option<DecodedEvent>, StreamError> {
        if let Some(id) = item.id {
            let is_checked = self.is_dense || self.failures > 0;
            if is_checked && id <= self.last_event_id {
                return Ok(None);
            }
            if self.is_dense && id > self.last_event_id + 1 {
                self.gaps += 1;
                return Err(StreamError::missing_events(
                    self.last_event_id,
                    id,
                    self.gaps < MAX_GAPS,
                ));
            }
            self.last_event_id = id;
        }
        (self.failures, self.gaps) = (0, 0);
        for received in &item.parts {
            match received {
                EventPart::Attempt { .. } => self.has_ended = false,
                received => self.has_ended |= received.is_terminal(),
            }
        }
        Ok(Some(item))
    }

    async fn reconnect(&mut self) -> Option<SessionEvent> {
        let run = self.run.clone()?;
        let answer = self.client.resume(&self.to, &run, self.last_event_id);
        let answer = tokio::time::timeout(self.timing.answer_timeout, answer).await;
        match answer {
            Ok(Ok(None)) => {
                self.connection = Connection::Closed(SessionEnd::Ended);
                Some(SessionEvent::Ended(SessionEnd::Ended))
            }
            Ok(Ok(Some(stream))) => {
                self.attach(stream);
                debug!(after = self.last_event_id, "connected again");
                Some(SessionEvent::Reconnected)
            }
            Ok(Err(CallError::Refused(notice, status))) if !is_transient(status) => {
                let end = SessionEnd::Refused(with_unknown_outcome(notice));
                self.connection = Connection::Closed(end.clone());
                Some(SessionEvent::Ended(end))
            }
            Ok(Err(problem)) => Some(self.schedule_reconnect(problem.into_user_message())),
            Err(_) => Some(self.schedule_reconnect(StreamError::heartbeat_lost().user_message)),
        }
    }

    /// What follows a connection's end.
    fn on_disconnect(&mut self, broken: StreamError) -> SessionEvent {
        let end = if self.has_ended {
            SessionEnd::Ended
        } else if broken.can_resume && self.is_resumable {
            return self.schedule_reconnect(broken.user_message);
        } else {
            SessionEnd::Lost(broken.user_message)
        };
        self.connection = Connection::Closed(end.clone());
        SessionEvent::Ended(end)
    }

    fn schedule_reconnect(&mut self, notice: UserMessage) -> SessionEvent {
        debug!(code = ?notice.code, failures = self.failures, "will connect again");
        self.connection =
            Connection::WaitingUntil(Instant::now() + self.timing.backoff(self.failures));
        self.failures += 1;
        SessionEvent::Reconnecting(notice)
    }
}

/// Whether an answer with this status may be another one later.
fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

/// The sentences of a refusal, where tasks were under way.
fn with_unknown_outcome(mut notice: UserMessage) -> UserMessage {
    "Everything received is kept; the tasks may go on at the endpoint."
        .clone_into(&mut notice.impact);
    notice
}
