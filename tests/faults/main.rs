//! What networks do to a stream, and what a session makes of it. Whatever happens: work is
//! asked for exactly once; from a server of ours every event comes once and in order; from a
//! foreign one what came is kept, and the end is unknown.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod scripted_endpoint;

use regatta_client::{
    Address, CallError, Client, EventPart, InvokeBody, Session, SessionEnd, SessionEvent, Timing,
    Work,
};
use regatta_protocol::{ErrorCode, Secret, TaskRequest, UserMessage};
use regatta_tests::{Fault, FaultProxy};
use scripted_endpoint::{EndpointKind, ScriptedEndpoint, log_line};
use std::time::Duration;

/// Of the short stream, with which every byte is tried.
const SHORT_LINES: usize = 3;
/// Of the long stream.
const LONG_LINES: usize = 3_000;

const FAST_TIMING: Timing = Timing {
    initial_backoff: Duration::from_millis(1),
    max_backoff: Duration::from_millis(4),
    answer_timeout: Duration::from_secs(10),
    heartbeat_period: Some(Duration::from_millis(250)),
    random: || 0.0,
};

/// What came of one session.
#[derive(Debug, PartialEq)]
struct SessionRecord {
    lines: Vec<(String, String)>,
    end: Result<SessionEnd, CallError>,
    reconnected: usize,
}

/// Starts work through the proxy and listens until the end.
async fn run_session(proxy: &FaultProxy) -> SessionRecord {
    let token = Secret::new("the-token");
    let task =
        TaskRequest { task_name: "task 0".into(), prompt: "go".into(), ..TaskRequest::default() };
    let body = InvokeBody {
        repo_url: "https://example.com/r",
        token: &token,
        work: Work::Tasks(&[task]),
        branch: "",
        haiku: false,
        thread_id: "",
        name: "",
        max_parallel: None,
    };
    let to = Address::parse(&proxy.base_url()).unwrap().with_key(Secret::new("the-key"));
    let mut record = SessionRecord { lines: vec![], end: Ok(SessionEnd::Ended), reconnected: 0 };
    let session = match Session::start(&Client::new(), &to, &body, "key").await {
        Ok(session) => session,
        Err(error) => return SessionRecord { end: Err(error), ..record },
    };
    let mut session = session.with_timing(FAST_TIMING);
    loop {
        match session.next().await {
            SessionEvent::Event(item) => {
                record.lines.extend(item.parts.into_iter().filter_map(|one| match one {
                    EventPart::Output { task, text, .. } => Some((task.unwrap(), text)),
                    _ => None,
                }));
            }
            SessionEvent::Reconnecting(_) => {}
            SessionEvent::Reconnected => record.reconnected += 1,
            SessionEvent::Ended(end) => {
                record.end = Ok(end);
                return record;
            }
        }
    }
}

fn expected_lines(count: usize) -> Vec<(String, String)> {
    (0..count).map(log_line).collect()
}

/// How the tasks ended isn't known, and the sentences say so.
fn assert_unknown(notice: &UserMessage) {
    assert_eq!(notice.code, ErrorCode::ConnectionLost, "{notice}");
    let is_said = ["go on at the endpoint", "may have been started"];
    assert!(is_said.iter().any(|words| notice.impact.contains(words)), "{notice}");
    assert!(notice.hint.starts_with("Look whether their branches are there"), "{notice}");
}

/// One session with these faults, and what must be true of every one.
async fn check_session(
    server: &ScriptedEndpoint,
    faults: impl IntoIterator<Item = Fault>,
    kind: EndpointKind,
    all: usize,
) -> SessionRecord {
    let before = server.invoke_count();
    let faults: Vec<Fault> = faults.into_iter().collect();
    let shown = format!("{faults:?}");
    let proxy = FaultProxy::start(server.address, faults);
    let record = run_session(&proxy).await;
    assert_eq!(server.invoke_count() - before, 1, "{shown}: asked for once");
    assert_eq!(proxy.invoke_count(), 1, "{shown}: sent once");
    let expected = expected_lines(all);
    match (&record.end, kind) {
        (Ok(SessionEnd::Ended), EndpointKind::Ours) => {
            assert_eq!(record.lines, expected, "{shown}")
        }
        (Ok(SessionEnd::Lost(notice)), EndpointKind::Foreign) => {
            assert_unknown(notice);
            assert_eq!(record.lines, expected[..record.lines.len()], "{shown}");
        }
        // Cut before the answer's head was there.
        (Err(CallError::Lost(notice)), _) => {
            assert_unknown(notice);
            assert_eq!(record.lines, [], "{shown}");
        }
        (end, _) => panic!("{shown}: {end:?}"),
    }
    record
}

/// About how many bytes the answer to the first call has.
async fn response_length(kind: EndpointKind, count: usize) -> usize {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = ScriptedEndpoint::start(kind, count).await;
    let mut socket = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let request = b"POST /invoke/stdout HTTP/1.1\r\ncontent-length: 0\r\n\r\n";
    socket.write_all(request).await.unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).await.unwrap()
}

/// The next number of a row that looks random and is the same each time.
fn next_random(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 33).unwrap()
}

#[tokio::test]
async fn a_cut_at_every_byte_of_a_short_stream_loses_nothing_of_ours() {
    let server = ScriptedEndpoint::start(EndpointKind::Ours, SHORT_LINES).await;
    let mut resumed = 0;
    for at in 0..=response_length(EndpointKind::Ours, SHORT_LINES).await {
        resumed += check_session(&server, [Fault::CutAt(at)], EndpointKind::Ours, SHORT_LINES)
            .await
            .reconnected;
    }
    assert!(resumed > 300, "{resumed} of them went on after the cut");
}

#[tokio::test]
async fn a_cut_at_every_byte_of_a_foreign_stream_is_unknown() {
    let server = ScriptedEndpoint::start(EndpointKind::Foreign, SHORT_LINES).await;
    for at in 0..=response_length(EndpointKind::Foreign, SHORT_LINES).await {
        let record =
            check_session(&server, [Fault::CutAt(at)], EndpointKind::Foreign, SHORT_LINES).await;
        assert_eq!(record.reconnected, 0);
    }
}

#[tokio::test]
async fn cuts_and_resets_anywhere_in_a_long_stream_lose_nothing_of_ours() {
    let server = ScriptedEndpoint::start(EndpointKind::Ours, LONG_LINES).await;
    let length = response_length(EndpointKind::Ours, LONG_LINES).await;
    let seed = &mut 4;
    for _ in 0..200 {
        let faults: Vec<Fault> = (0..1 + next_random(seed) % 3)
            .map(|_| match (next_random(seed) % 2, next_random(seed) % length) {
                (0, at) => Fault::CutAt(at),
                (_, at) => Fault::ResetAt(at),
            })
            .collect();
        check_session(&server, faults, EndpointKind::Ours, LONG_LINES).await;
    }
}

#[tokio::test]
async fn resets_anywhere_in_a_foreign_stream_are_unknown() {
    let server = ScriptedEndpoint::start(EndpointKind::Foreign, LONG_LINES).await;
    let length = response_length(EndpointKind::Foreign, LONG_LINES).await;
    let seed = &mut 5;
    for _ in 0..50 {
        let fault = Fault::ResetAt(next_random(seed) % length);
        check_session(&server, [fault], EndpointKind::Foreign, LONG_LINES).await;
    }
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_taken_for_dead_after_three_heartbeats() {
    let server = ScriptedEndpoint::start(EndpointKind::Ours, SHORT_LINES).await;
    let length = response_length(EndpointKind::Ours, SHORT_LINES).await;
    for part in 4..8 {
        let at = length * part / 8;
        let record =
            check_session(&server, [Fault::StallAt(at)], EndpointKind::Ours, SHORT_LINES).await;
        assert_eq!(record.reconnected, 1, "silent at {at} of {length}");
    }
}

#[tokio::test]
async fn byte_by_byte_it_is_the_same() {
    let pause = Duration::from_millis(10);
    for kind in [EndpointKind::Ours, EndpointKind::Foreign] {
        let server = ScriptedEndpoint::start(kind, 1).await;
        let record = check_session(&server, [Fault::Trickle(pause)], kind, 1).await;
        assert_eq!(record.lines, expected_lines(1));
        assert_eq!(record.reconnected, 0, "slow isn't dead");
    }
}

#[tokio::test]
async fn a_chunk_that_is_cut_off_is_no_end() {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n";
    let event = "data: {\"task_name\":\"task 0\",\"stdout\":\"line 0 · é\\n\"}\n\n";
    for run in ["", "x-regatta-run: b1\r\n"] {
        let kind = if run.is_empty() { EndpointKind::Foreign } else { EndpointKind::Ours };
        let server = ScriptedEndpoint::start(kind, SHORT_LINES).await;
        for said in [event.len() + 50, event.len()] {
            let answer = format!("{head}{run}\r\n{said:x}\r\n");
            // Ours comes again from its beginning: nothing of it had a number.
            let body = if kind == EndpointKind::Ours { &event[..20] } else { event };
            let answer = format!("{answer}{body}").into_bytes();
            check_session(&server, [Fault::ReplaceWith(answer)], kind, SHORT_LINES).await;
        }
    }
}

/// An answer of somebody on the way.
fn replacement(status: &str, headers: &str, body: &[u8]) -> Fault {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    Fault::ReplaceWith([head.as_bytes(), body].concat())
}

#[tokio::test]
async fn somebody_elses_answers_are_said_and_nothing_is_sent_again() {
    let stream = "content-type: text/event-stream\r\n";
    let gzip = format!("{stream}content-encoding: gzip\r\n");
    let cases = [
        (replacement("401 No", "", b""), ErrorCode::KeyRefused),
        (replacement("429 Slow", "retry-after: 9\r\n", b""), ErrorCode::UsageLimit),
        (replacement("500 Oh", "", b""), ErrorCode::EndpointFailed),
        (replacement("302 There", "location: /elsewhere\r\n", b""), ErrorCode::EndpointProtocol),
        (replacement("308 There", "location: /elsewhere\r\n", b""), ErrorCode::EndpointProtocol),
        (
            replacement("200 OK", "content-type: text/html\r\n", b"<html>"),
            ErrorCode::EndpointProtocol,
        ),
        (replacement("200 OK", &gzip, b"\x1f\x8b\x08\0"), ErrorCode::EndpointProtocol),
    ];
    let server = ScriptedEndpoint::start(EndpointKind::Ours, SHORT_LINES).await;
    for (fault, code) in cases {
        let before = server.invoke_count();
        let proxy = FaultProxy::start(server.address, [fault.clone()]);
        let record = run_session(&proxy).await;
        let Err(CallError::Refused(notice, _)) = record.end else {
            panic!("{fault:?}: {record:?}")
        };
        assert_eq!(notice.code, code);
        assert_eq!((server.invoke_count() - before, proxy.requests().len()), (1, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn what_passes_is_waited_for_and_what_stays_is_an_end() {
    let server = ScriptedEndpoint::start(EndpointKind::Ours, SHORT_LINES).await;
    let cut = || Fault::CutAt(300);
    let passing = [
        cut(),
        replacement("503 Oh", "", b""),
        replacement("429 Slow", "retry-after: 1\r\n", b""),
        Fault::ReplaceWith(vec![]),
        Fault::ResetAt(0),
    ];
    assert_eq!(
        check_session(&server, passing, EndpointKind::Ours, SHORT_LINES).await.reconnected,
        1
    );

    let staying = [
        (replacement("401 No", "", b""), ErrorCode::KeyRefused),
        (replacement("404 None", "", b""), ErrorCode::EndpointRefused),
        (replacement("410 Gone", "", b""), ErrorCode::EndpointRefused),
        (
            replacement("200 OK", "content-type: text/html\r\n", b"<html>"),
            ErrorCode::EndpointProtocol,
        ),
    ];
    for (answer, code) in staying {
        let proxy = FaultProxy::start(server.address, [cut(), answer]);
        let record = run_session(&proxy).await;
        let Ok(SessionEnd::Refused(notice)) = record.end else { panic!("{:?}", record.end) };
        assert_eq!(notice.code, code);
        assert!(notice.impact.contains("go on at the endpoint"), "{notice}");
        assert_eq!(record.lines, expected_lines(record.lines.len()), "what came is kept");
        assert_eq!((proxy.invoke_count(), proxy.requests().len()), (1, 2));
    }
}
