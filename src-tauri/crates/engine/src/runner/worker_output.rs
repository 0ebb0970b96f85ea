//! What a worker prints becomes events: one JSON value a line, in order.

use super::RunnerEvent;
use regatta_protocol::event::LineKind;
use regatta_protocol::worker::{TraceLevel, WorkerLine, WorkerTrace};
use regatta_protocol::{Event, Millis};
use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio::sync::mpsc;
use tracing::{debug, error, info, trace, warn};

/// The longest line that is taken from a worker: a line of output at its limit, with every
/// character escaped, and room to spare.
const MAX_LINE_BYTES: usize = 8 * 1024 * 1024;
/// How much is shown of a line that isn't an event.
const MAX_RAW_BYTES: usize = 64 * 1024;

/// Hands on everything that comes out of `from`, until it ends or nobody takes it. What
/// isn't an event is kept as text, in its place.
pub(super) async fn forward_events(
    mut from: impl AsyncBufRead + Unpin,
    to: mpsc::Sender<RunnerEvent>,
    now: fn() -> Millis,
) {
    let mut line = Vec::new();
    while let Ok(Some(())) = read_line(&mut from, &mut line).await {
        let happened = match serde_json::from_slice::<WorkerLine>(&line) {
            Ok(line) => line.into(),
            Err(_) => match serde_json::from_slice(&line) {
                Ok(trace) => {
                    write_trace(&trace);
                    continue;
                }
                Err(_) => RunnerEvent {
                    at: now(),
                    event: unparsed_line(&line),
                    remote_seq: None,
                    memory_permit: None,
                },
            },
        };
        if to.send(happened).await.is_err() {
            return;
        }
    }
}

/// Writes a worker's line into our log, where it stands under the attempt's ids.
fn write_trace(WorkerTrace { level, text }: &WorkerTrace) {
    const ROOM: &str = "regatta_worker";
    match level {
        TraceLevel::Error => error!(target: ROOM, "{text}"),
        TraceLevel::Warn => warn!(target: ROOM, "{text}"),
        TraceLevel::Info => info!(target: ROOM, "{text}"),
        TraceLevel::Debug => debug!(target: ROOM, "{text}"),
        TraceLevel::Trace => trace!(target: ROOM, "{text}"),
    }
}

fn unparsed_line(line: &[u8]) -> Event {
    let text = String::from_utf8_lossy(&line[..line.len().min(MAX_RAW_BYTES)]).into_owned();
    Event::Output { kind: LineKind::Note, text, first_line: 0 }
}

/// Reads one line without its end into `line`; what is over the limit is left out. None:
/// there are no more.
async fn read_line(
    from: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> std::io::Result<Option<()>> {
    line.clear();
    let mut any = false;
    loop {
        let bytes = from.fill_buf().await?;
        if bytes.is_empty() {
            return Ok(any.then_some(()));
        }
        any = true;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let room = MAX_LINE_BYTES.saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = end.map_or(bytes.len(), |end| end + 1);
        from.consume(used);
        if end.is_some() {
            return Ok(Some(()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regatta_protocol::Status;
    use regatta_trace::LevelFilter;
    use tracing::{Instrument, Level};

    async fn forwarded(bytes: &[u8]) -> Vec<(Millis, Event)> {
        let (to, mut lines) = mpsc::channel::<RunnerEvent>(1);
        let mut found = Vec::new();
        let read = async {
            while let Some(line) = lines.recv().await {
                found.push((line.at, line.event));
            }
        };
        // A buffer of three bytes: lines come in many pieces.
        tokio::join!(forward_events(tokio::io::BufReader::with_capacity(3, bytes), to, || 7), read);
        found
    }

    #[tokio::test]
    async fn events_and_raw_text_keep_their_order() {
        let text = b"{\"seq\":1,\"at\":5,\"event\":\"status\",\"status\":\"working\"}\nhey \xff\n\n{\"seq\":2,\"at\":6,\"event\":\"later\"}";
        let found = forwarded(text).await;
        let status = Event::Status { status: Status::Working, notice: None };
        let note =
            |text: &str| Event::Output { kind: LineKind::Note, text: text.into(), first_line: 0 };
        let expected = [(5, status), (7, note("hey \u{fffd}")), (7, note("")), (6, Event::Unknown)];
        assert_eq!(found, expected);
    }

    #[tokio::test]
    async fn a_trace_is_a_line_of_the_log_and_no_event() {
        let (send, lines) = std::sync::mpsc::channel();
        let send = move |level, line| send.send((level, line)).expect("it is read");
        let log = regatta_trace::log_to(LevelFilter::DEBUG, send);
        let text =
            b"{\"trace\":\"debug\",\"text\":\"worked\"}\n{\"trace\":\"loud\",\"text\":\"x\"}";
        let span = tracing::error_span!("attempt", task = "t1");
        let found = forwarded(text).instrument(span).await;
        drop(log);
        assert_eq!(found.len(), 1, "what isn't known is kept as text: {found:?}");
        let expected = "attempt{task=\"t1\"}: regatta_worker: worked".to_owned();
        assert_eq!(lines.iter().collect::<Vec<_>>(), [(Level::DEBUG, expected)]);
    }

    #[tokio::test]
    async fn an_endless_line_takes_no_more_room_than_the_limit() {
        let found = forwarded(&vec![b'x'; MAX_LINE_BYTES + 100]).await;
        assert_eq!(found.len(), 1);
    }
}
