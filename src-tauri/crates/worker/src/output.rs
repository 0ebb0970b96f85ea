//! The worker's standard output: events in order, each with its number, lines coalesced.
//!
//! Whoever has lines waits until there is room ([`EventSender::send_lines`]), so a slow reader
//! slows the agent down and nothing is kept in memory without bound. What the worker itself has to
//! say is never held up ([`EventSender::send`]): there is little of it.

use crate::redact::Redactor;
use regatta_protocol::Millis;
use regatta_protocol::event::{Event, LineKind};
use regatta_protocol::worker::{TraceLevel, WorkerLine, WorkerTrace};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};
use tracing::Level;

/// The most text that lines of one event have, unless it is a single line.
const MAX_TEXT: usize = 64 * 1024;
/// How long a line waits for others to go with it.
const MAX_BATCH_DELAY: Duration = Duration::from_millis(10);
/// How much may be on its way to the reader, in bytes.
const CAPACITY_BYTES: usize = 4 * 1024 * 1024;
/// What an event that isn't lines counts for; more than any has.
const EVENT_BYTES: usize = 16 * 1024;

/// Where events go. Clones go to the same place.
#[derive(Debug, Clone)]
pub(crate) struct EventSender {
    items: mpsc::UnboundedSender<OutputItem>,
    capacity: Arc<Semaphore>,
    activity: Arc<Notify>,
    redactor: Arc<OnceLock<Redactor>>,
}

#[derive(Debug)]
struct OutputItem {
    payload: Payload,
    /// Gives its room back when it was written.
    _permit: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
enum Payload {
    Lines(LineKind, String),
    Event(Box<Event>),
    Trace(WorkerTrace),
}

/// The other end of [`EventSender`].
#[derive(Debug)]
pub(crate) struct OutputWriter {
    items: mpsc::UnboundedReceiver<OutputItem>,
    capacity: Arc<Semaphore>,
    redactor: Arc<OnceLock<Redactor>>,
}

/// Opens the way out.
pub(crate) fn channel() -> (EventSender, OutputWriter) {
    let (send, items) = mpsc::unbounded_channel();
    let room = Arc::new(Semaphore::new(CAPACITY_BYTES));
    let (stirred, hidden) = (Arc::new(Notify::new()), Arc::default());
    let outlet = OutputWriter { items, capacity: Arc::clone(&room), redactor: Arc::clone(&hidden) };
    (EventSender { items: send, capacity: room, activity: stirred, redactor: hidden }, outlet)
}

impl EventSender {
    /// From now on these keys aren't in anything that is written.
    pub(crate) fn set_redactor(&self, keys: Redactor) {
        self.redactor.set(keys).expect("BUG: keys are known once");
    }

    /// Sends an event of our own.
    pub(crate) fn send(&self, event: Event) {
        self.enqueue(Payload::Event(Box::new(event)), None);
    }

    /// Says something to the person, one line.
    pub(crate) fn send_note(&self, text: impl Into<String>) {
        self.enqueue(Payload::Lines(LineKind::Note, text.into()), None);
    }

    /// Sends a line for the engine's log.
    pub(crate) fn send_trace(&self, level: Level, text: String) {
        let level = match level {
            Level::ERROR => TraceLevel::Error,
            Level::WARN => TraceLevel::Warn,
            Level::INFO => TraceLevel::Info,
            Level::DEBUG => TraceLevel::Debug,
            Level::TRACE => TraceLevel::Trace,
        };
        self.enqueue(Payload::Trace(WorkerTrace { level, text }), None);
    }

    /// Sends an event that the agent caused, when there is room.
    pub(crate) async fn send_with_backpressure(&self, event: Event) {
        let room = self.acquire_capacity(EVENT_BYTES).await;
        self.enqueue(Payload::Event(Box::new(event)), room);
    }

    /// Sends whole lines joined by `\n`, when there is room.
    pub(crate) async fn send_lines(&self, kind: LineKind, text: String) {
        let room = self.acquire_capacity(text.len()).await;
        self.enqueue(Payload::Lines(kind, text), room);
    }

    /// Waits until nobody reads any more.
    pub(crate) async fn closed(&self) {
        self.items.closed().await;
    }

    /// Waits until the agent has caused something since this was last asked. One may ask.
    pub(crate) async fn wait_for_activity(&self) {
        self.activity.notified().await;
    }

    /// Waits for room for something that the agent caused.
    async fn acquire_capacity(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        self.activity.notify_one();
        let bytes = u32::try_from(bytes.clamp(1, CAPACITY_BYTES)).expect("BUG: the room is small");
        // An error: nobody reads any more, and what is sent goes nowhere.
        self.capacity.clone().acquire_many_owned(bytes).await.ok()
    }

    fn enqueue(&self, what: Payload, room: Option<OwnedSemaphorePermit>) {
        // An error: nobody reads any more; the task's loop sees that by itself.
        drop(self.items.send(OutputItem { payload: what, _permit: room }));
    }
}

impl OutputWriter {
    /// Writes what is sent until all senders are gone or nobody reads any more.
    pub(crate) async fn write_to(mut self, out: impl AsyncWrite + Unpin) -> io::Result<()> {
        let mut writer = JsonLineWriter { out, seq: 0, redactor: Arc::clone(&self.redactor) };
        let written = self.write_items(&mut writer).await;
        self.capacity.close();
        written
    }

    async fn write_items(
        &mut self,
        writer: &mut JsonLineWriter<impl AsyncWrite + Unpin>,
    ) -> io::Result<()> {
        let mut gathered = LineBatcher::default();
        let mut due = Instant::now();
        loop {
            let next = match gathered.is_empty() {
                true => self.items.recv().await,
                false => match timeout_at(due, self.items.recv()).await {
                    Ok(next) => next,
                    Err(_) => {
                        writer.write_event(gathered.flush()).await?;
                        writer.out.flush().await?;
                        continue;
                    }
                },
            };
            let Some(item) = next else { break };
            match item.payload {
                Payload::Lines(kind, text) => {
                    if gathered.is_empty() {
                        due = Instant::now() + MAX_BATCH_DELAY;
                    }
                    for event in gathered.push(kind, &text) {
                        writer.write_event(Some(event)).await?;
                    }
                }
                Payload::Event(event) => {
                    writer.write_event(gathered.flush()).await?;
                    writer.write_event(Some(*event)).await?;
                }
                Payload::Trace(trace) => writer.write_line(&trace).await?,
            }
            if self.items.is_empty() {
                writer.out.flush().await?;
            }
        }
        writer.write_event(gathered.flush()).await?;
        writer.out.flush().await
    }
}

struct JsonLineWriter<W> {
    out: W,
    seq: u64,
    redactor: Arc<OnceLock<Redactor>>,
}

impl<W: AsyncWrite + Unpin> JsonLineWriter<W> {
    async fn write_event(&mut self, event: Option<Event>) -> io::Result<()> {
        let Some(event) = event else { return Ok(()) };
        self.seq += 1;
        self.write_line(&WorkerLine { seq: self.seq, at: now(), event }).await
    }

    async fn write_line(&mut self, line: &(impl Serialize + DeserializeOwned)) -> io::Result<()> {
        let mut line =
            self.redactor.get().unwrap_or(&Redactor::default()).to_redacted_json(line)?;
        line.push('\n');
        self.out.write_all(line.as_bytes()).await
    }
}

/// Now, as times are told.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or_default()
}

/// Lines of one kind that wait to go together. Pure.
#[derive(Debug, Default)]
struct LineBatcher {
    kind: Option<LineKind>,
    text: String,
}

impl LineBatcher {
    fn is_empty(&self) -> bool {
        self.kind.is_none()
    }

    /// Adds whole lines; gives out what is full or of another kind.
    fn push(&mut self, kind: LineKind, text: &str) -> Vec<Event> {
        let mut given = Vec::new();
        if self.kind != Some(kind) {
            given.extend(self.flush());
        }
        let mut rest = text;
        loop {
            let room = MAX_TEXT.saturating_sub(self.text.len() + 1);
            if rest.len() <= room {
                self.append(kind, rest);
                return given;
            }
            // As many whole lines as there is room for; one at least when there is nothing.
            let fits = rest.as_bytes()[..room].iter().rposition(|b| *b == b'\n');
            let cut = match fits {
                Some(cut) => cut,
                None if !self.is_empty() => {
                    given.extend(self.flush());
                    continue;
                }
                None => rest.find('\n').unwrap_or(rest.len()),
            };
            self.append(kind, &rest[..cut]);
            given.extend(self.flush());
            if cut == rest.len() {
                return given;
            }
            rest = &rest[cut + 1..];
        }
    }

    fn append(&mut self, kind: LineKind, lines: &str) {
        if self.kind.is_some() {
            self.text.push('\n');
        }
        self.kind = Some(kind);
        self.text.push_str(lines);
    }

    fn flush(&mut self) -> Option<Event> {
        let kind = self.kind.take()?;
        Some(Event::Output { kind, text: std::mem::take(&mut self.text), first_line: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::io::{AsyncBufReadExt, BufReader};

    fn texts(events: &[Event]) -> Vec<(LineKind, &str)> {
        let text = |event| match event {
            &Event::Output { kind, ref text, .. } => (kind, text.as_str()),
            other => panic!("no output: {other:?}"),
        };
        events.iter().map(text).collect()
    }

    #[test]
    fn lines_of_one_kind_go_together() {
        let mut gathered = LineBatcher::default();
        assert_eq!(gathered.push(LineKind::Stdout, "a"), []);
        assert_eq!(gathered.push(LineKind::Stdout, ""), []);
        let given = gathered.push(LineKind::Stderr, "c\nd");
        assert_eq!(texts(&given), [(LineKind::Stdout, "a\n")]);
        let rest: Vec<Event> = gathered.flush().into_iter().collect();
        assert_eq!(texts(&rest), [(LineKind::Stderr, "c\nd")]);
        assert_eq!(gathered.flush(), None);
    }

    #[test]
    fn a_long_line_goes_alone_and_whole() {
        let mut gathered = LineBatcher::default();
        let long = "x".repeat(MAX_TEXT * 3);
        let mut given = gathered.push(LineKind::Stdout, "a");
        given.extend(gathered.push(LineKind::Stdout, &long));
        given.extend(gathered.push(LineKind::Stdout, "b"));
        given.extend(gathered.flush());
        let lines: Vec<&str> = texts(&given).into_iter().map(|(_, text)| text).collect();
        assert_eq!(lines, ["a", long.as_str(), "b"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_event_is_too_large(
            lengths in proptest::collection::vec((0_usize..40_000, 1_usize..6), 1..12),
        ) {
            let mut gathered = LineBatcher::default();
            let (mut sent, mut given) = (Vec::new(), Vec::new());
            for (length, count) in lengths {
                let text = vec!["y".repeat(length); count].join("\n");
                given.extend(gathered.push(LineKind::Stdout, &text));
                sent.push(text);
            }
            given.extend(gathered.flush());
            let given: Vec<&str> = texts(&given).into_iter().map(|(_, text)| text).collect();
            for text in &given {
                prop_assert!(text.len() <= MAX_TEXT || !text.contains('\n'), "{}", text.len());
            }
            prop_assert_eq!(given.join("\n"), sent.join("\n"));
        }
    }

    #[tokio::test]
    async fn events_are_numbered_and_in_order() {
        let (events, outlet) = channel();
        let (reader, writer) = tokio::io::duplex(64 * 1024);
        let writing = tokio::spawn(outlet.write_to(writer));
        events.send_lines(LineKind::Stdout, "a".into()).await;
        events.send_lines(LineKind::Stdout, "b".into()).await;
        events.send(Event::Plan { entries: Vec::new() });
        events.send_note("end");
        drop(events);
        let mut lines = BufReader::new(reader).lines();
        let mut read = Vec::new();
        while let Some(line) = lines.next_line().await.expect("the other end writes") {
            read.push(serde_json::from_str::<WorkerLine>(&line).expect("a worker's line"));
        }
        writing.await.expect("no panic").expect("all is written");
        let numbers: Vec<u64> = read.iter().map(|line| line.seq).collect();
        assert_eq!(numbers, [1, 2, 3]);
        let text = |text: &str, kind| Event::Output { kind, text: text.into(), first_line: 0 };
        assert_eq!(read[0].event, text("a\nb", LineKind::Stdout));
        assert_eq!(read[1].event, Event::Plan { entries: Vec::new() });
        assert_eq!(read[2].event, text("end", LineKind::Note));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_does_not_read_holds_lines_up_but_not_our_own_words() {
        let (events, outlet) = channel();
        let (reader, writer) = tokio::io::duplex(1024);
        let writing = tokio::spawn(outlet.write_to(writer));
        let more = async {
            loop {
                events.send_lines(LineKind::Stdout, "x".repeat(MAX_TEXT)).await;
            }
        };
        let held = tokio::time::timeout(Duration::from_secs(60), more).await;
        assert!(held.is_err(), "lines wait");
        events.send_note("still heard");
        drop(reader);
        assert!(writing.await.expect("no panic").is_err(), "nobody reads");
        events.closed().await;
        events.send_lines(LineKind::Stdout, "into nowhere".into()).await;
    }
}
