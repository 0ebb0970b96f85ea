//! What networks do to a stream, and what a session makes of it. Whatever happens: work is
//! asked for exactly once; from a server of ours every event comes once and in order; from a
//! foreign one what came is kept, and the end is unknown.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod server;

use regatta_client::{
    Address, CallError, Client, Heard, InvokeBody, Received, Session, SessionEnd, Timing, Work,
};
use regatta_protocol::{ErrorCode, Notice, Secret, TaskRequest};
use regatta_tests::{Fault, FaultProxy};
use server::{Kind, Server, text};
use std::time::Duration;

/// Of the short stream, with which every byte is tried.
const SHORT: usize = 3;
/// Of the long stream.
const LONG: usize = 3_000;

const QUICK: Timing = Timing {
    first_wait: Duration::from_millis(1),
    longest_wait: Duration::from_millis(4),
    answer: Duration::from_secs(10),
    beat: Some(Duration::from_millis(250)),
    random: || 0.0,
};

/// What came of one session.
#[derive(Debug, PartialEq)]
struct Story {
    lines: Vec<(String, String)>,
    end: Result<SessionEnd, CallError>,
    reconnected: usize,
}

/// Starts work through the proxy and listens until the end.
async fn listen(proxy: &FaultProxy) -> Story {
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
    let to = Address::parse(&proxy.base()).unwrap().with_key(Secret::new("the-key"));
    let mut story = Story { lines: vec![], end: Ok(SessionEnd::Ended), reconnected: 0 };
    let session = match Session::start(&Client::new(), &to, &body, "key").await {
        Ok(session) => session,
        Err(error) => return Story { end: Err(error), ..story },
    };
    let mut session = session.timed(QUICK);
    loop {
        match session.next().await {
            Heard::Item(item) => {
                story.lines.extend(item.received.into_iter().filter_map(|one| match one {
                    Received::Printed { task, text, .. } => Some((task.unwrap(), text)),
                    _ => None,
                }));
            }
            Heard::Reconnecting(_) => {}
            Heard::Reconnected => story.reconnected += 1,
            Heard::Ended(end) => {
                story.end = Ok(end);
                return story;
            }
        }
    }
}

fn lines(count: usize) -> Vec<(String, String)> {
    (0..count).map(text).collect()
}

/// How the tasks ended isn't known, and the sentences say so.
fn assert_unknown(notice: &Notice) {
    assert_eq!(notice.code, ErrorCode::ConnectionLost, "{notice}");
    let is_said = ["go on at the endpoint", "may have been started"];
    assert!(is_said.iter().any(|words| notice.safe.contains(words)), "{notice}");
    assert!(notice.next.starts_with("Look whether their branches are there"), "{notice}");
}

/// One session with these faults, and what must be true of every one.
async fn tried(
    server: &Server,
    faults: impl IntoIterator<Item = Fault>,
    kind: Kind,
    all: usize,
) -> Story {
    let before = server.posts();
    let faults: Vec<Fault> = faults.into_iter().collect();
    let shown = format!("{faults:?}");
    let proxy = FaultProxy::before(server.address, faults);
    let story = listen(&proxy).await;
    assert_eq!(server.posts() - before, 1, "{shown}: asked for once");
    assert_eq!(proxy.posts(), 1, "{shown}: sent once");
    let expected = lines(all);
    match (&story.end, kind) {
        (Ok(SessionEnd::Ended), Kind::Ours) => assert_eq!(story.lines, expected, "{shown}"),
        (Ok(SessionEnd::Lost(notice)), Kind::Foreign) => {
            assert_unknown(notice);
            assert_eq!(story.lines, expected[..story.lines.len()], "{shown}");
        }
        // Cut before the answer's head was there.
        (Err(CallError::Lost(notice)), _) => {
            assert_unknown(notice);
            assert_eq!(story.lines, [], "{shown}");
        }
        (end, _) => panic!("{shown}: {end:?}"),
    }
    story
}

/// About how many bytes the answer to the first call has.
async fn length(kind: Kind, count: usize) -> usize {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::telling(kind, count).await;
    let mut socket = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let request = b"POST /invoke/stdout HTTP/1.1\r\ncontent-length: 0\r\n\r\n";
    socket.write_all(request).await.unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).await.unwrap()
}

/// The next number of a row that looks random and is the same each time.
fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 33).unwrap()
}

#[tokio::test]
async fn a_cut_at_every_byte_of_a_short_stream_loses_nothing_of_ours() {
    let server = Server::telling(Kind::Ours, SHORT).await;
    let mut resumed = 0;
    for at in 0..=length(Kind::Ours, SHORT).await {
        resumed += tried(&server, [Fault::CutAt(at)], Kind::Ours, SHORT).await.reconnected;
    }
    assert!(resumed > 300, "{resumed} of them went on after the cut");
}

#[tokio::test]
async fn a_cut_at_every_byte_of_a_foreign_stream_is_unknown() {
    let server = Server::telling(Kind::Foreign, SHORT).await;
    for at in 0..=length(Kind::Foreign, SHORT).await {
        let story = tried(&server, [Fault::CutAt(at)], Kind::Foreign, SHORT).await;
        assert_eq!(story.reconnected, 0);
    }
}

#[tokio::test]
async fn cuts_and_resets_anywhere_in_a_long_stream_lose_nothing_of_ours() {
    let server = Server::telling(Kind::Ours, LONG).await;
    let length = length(Kind::Ours, LONG).await;
    let seed = &mut 4;
    for _ in 0..200 {
        let faults: Vec<Fault> = (0..1 + next(seed) % 3)
            .map(|_| match (next(seed) % 2, next(seed) % length) {
                (0, at) => Fault::CutAt(at),
                (_, at) => Fault::ResetAt(at),
            })
            .collect();
        tried(&server, faults, Kind::Ours, LONG).await;
    }
}

#[tokio::test]
async fn resets_anywhere_in_a_foreign_stream_are_unknown() {
    let server = Server::telling(Kind::Foreign, LONG).await;
    let length = length(Kind::Foreign, LONG).await;
    let seed = &mut 5;
    for _ in 0..50 {
        let fault = Fault::ResetAt(next(seed) % length);
        tried(&server, [fault], Kind::Foreign, LONG).await;
    }
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_taken_for_dead_after_three_heartbeats() {
    let server = Server::telling(Kind::Ours, SHORT).await;
    let length = length(Kind::Ours, SHORT).await;
    for part in 4..8 {
        let at = length * part / 8;
        let story = tried(&server, [Fault::SilentAt(at)], Kind::Ours, SHORT).await;
        assert_eq!(story.reconnected, 1, "silent at {at} of {length}");
    }
}

#[tokio::test]
async fn byte_by_byte_it_is_the_same() {
    let pause = Duration::from_millis(10);
    for kind in [Kind::Ours, Kind::Foreign] {
        let server = Server::telling(kind, 1).await;
        let story = tried(&server, [Fault::Trickle(pause)], kind, 1).await;
        assert_eq!(story.lines, lines(1));
        assert_eq!(story.reconnected, 0, "slow isn't dead");
    }
}

#[tokio::test]
async fn a_chunk_that_is_cut_off_is_no_end() {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n";
    let event = "data: {\"task_name\":\"task 0\",\"stdout\":\"line 0 · é\\n\"}\n\n";
    for run in ["", "x-regatta-run: b1\r\n"] {
        let kind = if run.is_empty() { Kind::Foreign } else { Kind::Ours };
        let server = Server::telling(kind, SHORT).await;
        for said in [event.len() + 50, event.len()] {
            let answer = format!("{head}{run}\r\n{said:x}\r\n");
            // Ours comes again from its beginning: nothing of it had a number.
            let body = if kind == Kind::Ours { &event[..20] } else { event };
            let answer = format!("{answer}{body}").into_bytes();
            tried(&server, [Fault::Instead(answer)], kind, SHORT).await;
        }
    }
}

/// An answer of somebody on the way.
fn instead(status: &str, headers: &str, body: &[u8]) -> Fault {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    Fault::Instead([head.as_bytes(), body].concat())
}

#[tokio::test]
async fn somebody_elses_answers_are_said_and_nothing_is_sent_again() {
    let stream = "content-type: text/event-stream\r\n";
    let gzip = format!("{stream}content-encoding: gzip\r\n");
    let cases = [
        (instead("401 No", "", b""), ErrorCode::KeyRefused),
        (instead("429 Slow", "retry-after: 9\r\n", b""), ErrorCode::UsageLimit),
        (instead("500 Oh", "", b""), ErrorCode::EndpointFailed),
        (instead("302 There", "location: /elsewhere\r\n", b""), ErrorCode::EndpointProtocol),
        (instead("308 There", "location: /elsewhere\r\n", b""), ErrorCode::EndpointProtocol),
        (instead("200 OK", "content-type: text/html\r\n", b"<html>"), ErrorCode::EndpointProtocol),
        (instead("200 OK", &gzip, b"\x1f\x8b\x08\0"), ErrorCode::EndpointProtocol),
    ];
    let server = Server::telling(Kind::Ours, SHORT).await;
    for (fault, code) in cases {
        let before = server.posts();
        let proxy = FaultProxy::before(server.address, [fault.clone()]);
        let story = listen(&proxy).await;
        let Err(CallError::Refused(notice, _)) = story.end else { panic!("{fault:?}: {story:?}") };
        assert_eq!(notice.code, code);
        assert_eq!((server.posts() - before, proxy.seen().len()), (1, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn what_passes_is_waited_for_and_what_stays_is_an_end() {
    let server = Server::telling(Kind::Ours, SHORT).await;
    let cut = || Fault::CutAt(300);
    let passing = [
        cut(),
        instead("503 Oh", "", b""),
        instead("429 Slow", "retry-after: 1\r\n", b""),
        Fault::Instead(vec![]),
        Fault::ResetAt(0),
    ];
    assert_eq!(tried(&server, passing, Kind::Ours, SHORT).await.reconnected, 1);

    let staying = [
        (instead("401 No", "", b""), ErrorCode::KeyRefused),
        (instead("404 None", "", b""), ErrorCode::EndpointRefused),
        (instead("410 Gone", "", b""), ErrorCode::EndpointRefused),
        (instead("200 OK", "content-type: text/html\r\n", b"<html>"), ErrorCode::EndpointProtocol),
    ];
    for (answer, code) in staying {
        let proxy = FaultProxy::before(server.address, [cut(), answer]);
        let story = listen(&proxy).await;
        let Ok(SessionEnd::Refused(notice)) = story.end else { panic!("{:?}", story.end) };
        assert_eq!(notice.code, code);
        assert!(notice.safe.contains("go on at the endpoint"), "{notice}");
        assert_eq!(story.lines, lines(story.lines.len()), "what came is kept");
        assert_eq!((proxy.posts(), proxy.seen().len()), (1, 2));
    }
}
