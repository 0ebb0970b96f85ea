//! Every answer but the wanted one: its sentence, and that nothing is sent twice.

use crate::loopback::{LoopbackServer, http_response};
use regatta_client::{
    Address, CallError, Client, EventPart, InvokeBody, ResponseStream, RunCommand, RunId, Session,
    SessionEnd, SessionEvent, Work,
};
use regatta_protocol::{ErrorCode, Secret, TaskRequest, wire::AnsweredFact};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

async fn call(to: &Address) -> Result<ResponseStream, CallError> {
    let token = Secret::new("the-token");
    let task = TaskRequest { task_name: "a".into(), prompt: "go".into(), ..TaskRequest::default() };
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
    Client::new().invoke(to, &body, "the-idempotency-key").await
}

async fn invoke(to: &Address) -> CallError {
    call(to).await.expect_err("it can't work")
}

/// Status, headers, body; then the code and the sentences.
type Case = (&'static str, &'static str, &'static str, ErrorCode, &'static str);

const CASES: [Case; 21] = [
    (
        "401 No",
        "",
        "no",
        ErrorCode::KeyRefused,
        "The endpoint refused the key. Nothing was started. Enter the key again in the settings, or ask who gave it to you.",
    ),
    (
        "403 No",
        "",
        "",
        ErrorCode::KeyRefused,
        "The endpoint refused the key. Nothing was started. Enter the key again in the settings, or ask who gave it to you.",
    ),
    (
        "403 Not here",
        "",
        r#"{"error":{"code":"not_allowed","message":"This folder isn't offered here.","hint":"Choose another one."}}"#,
        ErrorCode::EndpointRefused,
        "The endpoint refused the request (403): This folder isn't offered here. Nothing was started. Choose another one.",
    ),
    (
        "402 Pay",
        "",
        r#"{"error":"No credit left"}"#,
        ErrorCode::UsageLimit,
        "The endpoint asks for payment: No credit left. Nothing was started. Look at your account there.",
    ),
    (
        "404 None",
        "",
        "<html>",
        ErrorCode::EndpointRefused,
        "The endpoint doesn't know this call, or what it is about. Nothing was started. Check the address in the settings.",
    ),
    (
        "409 Twice",
        "",
        r#"{"error":{"code":"key_reused","message":"The key came with another request.","hint":"x"}}"#,
        ErrorCode::IdempotencyKeyReused,
        "The endpoint says that this contradicts what it has: The key came with another request. Nothing was started. Start it as a new batch.",
    ),
    (
        "413 Large",
        "",
        "",
        ErrorCode::PayloadTooLarge,
        "The endpoint doesn't take requests of this size. Nothing was started. Shorten the prompts, or split the batch.",
    ),
    (
        "422 No",
        "",
        r#"{"detail":"repo_url is missing"}"#,
        ErrorCode::EndpointRefused,
        "The endpoint refused the request (422): repo_url is missing. Nothing was started. Read what it says under the details.",
    ),
    (
        "400 No",
        "",
        r#"{"error":{"code":"bad_request","message":"No tasks.","hint":"Write one."}}"#,
        ErrorCode::EndpointRefused,
        "The endpoint refused the request (400): No tasks. Nothing was started. Write one.",
    ),
    (
        "429 Slow",
        "retry-after: 7\r\n",
        "slow down",
        ErrorCode::UsageLimit,
        "The endpoint asks for patience: slow down. Nothing was started. Try again in 7 s.",
    ),
    (
        "429 Slow",
        "retry-after: 600\r\n",
        "",
        ErrorCode::UsageLimit,
        "The endpoint asks for patience. Nothing was started. Try again in 10 minutes.",
    ),
    (
        "429 Slow",
        "retry-after: 90000\r\n",
        "",
        ErrorCode::UsageLimit,
        "The endpoint asks for patience. Nothing was started. Try again in 25 hours.",
    ),
    (
        "429 Slow",
        "retry-after: Wed, 21 Oct 2026 07:28:00 GMT\r\n",
        "",
        ErrorCode::UsageLimit,
        "The endpoint asks for patience. Nothing was started. Try again after Wed, 21 Oct 2026 07:28:00 GMT.",
    ),
    (
        "429 Slow",
        "retry-after: soon\r\n",
        "",
        ErrorCode::UsageLimit,
        "The endpoint asks for patience. Nothing was started. Try again later.",
    ),
    (
        "500 Oh",
        "",
        "boom",
        ErrorCode::EndpointFailed,
        "The endpoint failed (500): boom. The tasks may have been started all the same; nothing was sent again. Look whether their branches are there before you start them again.",
    ),
    (
        "503 Oh",
        "retry-after: 5\r\n",
        "",
        ErrorCode::EndpointFailed,
        "The endpoint failed (503). The tasks may have been started all the same; nothing was sent again. Look whether their branches are there; if not, try again in 5 s.",
    ),
    (
        "302 There",
        "location: /other\r\n",
        "",
        ErrorCode::EndpointProtocol,
        "The address sends elsewhere, which Regatta doesn't follow with a key. Nothing was started. Enter the address that it really is in the settings.",
    ),
    (
        "307 There",
        "location: /other\r\n",
        "",
        ErrorCode::EndpointProtocol,
        "The address sends elsewhere, which Regatta doesn't follow with a key. Nothing was started. Enter the address that it really is in the settings.",
    ),
    (
        "200 OK",
        "content-type: text/html; charset=utf-8\r\n",
        "<html>",
        ErrorCode::EndpointProtocol,
        "The endpoint answered with a web page instead of events. The tasks may have been started all the same; nothing was sent again. Check the address in the settings.",
    ),
    (
        "200 OK",
        "content-type: application/json\r\n",
        "{}",
        ErrorCode::EndpointProtocol,
        "The endpoint's answer isn't one of the Cloud Coding API. The tasks may have been started all the same; nothing was sent again. Check the address in the settings.",
    ),
    (
        "204 None",
        "",
        "",
        ErrorCode::EndpointProtocol,
        "The endpoint's answer isn't one of the Cloud Coding API. The tasks may have been started all the same; nothing was sent again. Check the address in the settings.",
    ),
];

#[tokio::test]
async fn each_refusal_has_its_sentences_and_is_asked_once() {
    for (status, headers, body, code, sentences) in CASES {
        let server =
            LoopbackServer::responding(move |_| http_response(status, headers, body)).await;
        let error = invoke(&server.address).await;
        let CallError::Refused(notice, number) = error else { panic!("{status}: {error:?}") };
        assert_eq!((notice.code, notice.to_string().as_str()), (code, sentences), "{status}");
        assert!(status.starts_with(&number.to_string()));
        assert!(notice.details.is_some_and(|details| details.contains(body)), "{status}");
        let requests = server.requests();
        assert_eq!(requests.len(), 1, "{status}");
        assert_eq!(requests[0].line, "POST /invoke/stdout");
        for header in [
            "x-api-key: the-key",
            "idempotency-key: the-idempotency-key",
            "content-type: application/json",
        ] {
            assert!(requests[0].headers.lines().any(|line| line == header), "{header}");
        }
        let body = requests[0].body().expect("a body");
        assert!(body.contains(r#""github_token":"the-token""#));
    }
}

#[tokio::test]
async fn an_answer_that_never_comes_is_lost_and_not_asked_for_again() {
    for beginning in
        ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\ncontent-type: text/event", "words\r\n\r\n"]
    {
        let server = LoopbackServer::responding(|_| beginning.as_bytes().to_vec()).await;
        let error = invoke(&server.address).await;
        let CallError::Lost(notice) = error else { panic!("{beginning}: {error:?}") };
        assert_eq!(notice.code, ErrorCode::ConnectionLost);
        assert!(notice.impact.contains("may have been started"), "{notice}");
        assert_eq!(server.requests().len(), 1, "{beginning}");
    }
}

fn assert_not_sent(error: &CallError, what: &str) {
    let CallError::NotSent(notice) = error else { panic!("{error:?}") };
    assert_eq!(notice.code, ErrorCode::EndpointUnreachable);
    assert_eq!(notice.impact, "Nothing was started.");
    assert!(notice.message.ends_with(what), "{notice:?}");
}

#[tokio::test]
async fn what_can_not_be_reached_was_not_sent_to() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let closed = Address::parse(&format!("http://127.0.0.1:{port}")).expect("an address");
    assert_not_sent(&invoke(&closed).await, "can't be reached.");

    // The name is reserved for never being one. Offline, nobody says so.
    let unknown = Address::parse("https://regatta.invalid").expect("an address");
    let error = invoke(&unknown).await;
    let is_offline = error.user_message().message == "regatta.invalid doesn't answer.";
    assert_not_sent(
        &error,
        if is_offline { "" } else { "There is no computer called regatta.invalid." },
    );
}

#[tokio::test]
async fn who_can_not_prove_who_it_is_gets_nothing() {
    // No TLS at all.
    let plain = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = plain.local_addr().expect("an address").port();
    let heard = thread::spawn(move || {
        let (mut socket, _) = plain.accept().expect("a connection");
        let mut bytes = [0; 4_096];
        let read = socket.read(&mut bytes).expect("a greeting");
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("an answer");
        bytes[..read].to_vec()
    });
    let address = Address::parse(&format!("https://127.0.0.1:{port}")).expect("an address");
    assert_not_sent(&invoke(&address).await, "can't prove who it is, so nothing was sent to it.");
    let heard = String::from_utf8_lossy(&heard.join().expect("a thread")).into_owned();
    assert!(!heard.contains("the-token") && !heard.contains("invoke"));

    // A certificate that nobody trusts.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let config = Arc::new(self_signed());
    let heard = thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a connection");
        let mut tls = rustls::ServerConnection::new(config).expect("a connection");
        let mut bytes = Vec::new();
        let read = rustls::Stream::new(&mut tls, &mut socket).read_to_end(&mut bytes);
        (read.is_err(), bytes)
    });
    let address = Address::parse(&format!("https://127.0.0.1:{port}")).expect("an address");
    assert_not_sent(&invoke(&address).await, "can't prove who it is, so nothing was sent to it.");
    assert_eq!(heard.join().expect("a thread"), (true, vec![]));
}

fn self_signed() -> rustls::ServerConfig {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("made");
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().expect("versions");
    let chain = vec![made.cert.der().clone()];
    builder.with_no_client_auth().with_single_cert(chain, key).expect("a certificate")
}

#[tokio::test]
async fn a_key_that_can_not_be_one_is_not_sent() {
    let server = LoopbackServer::responding(|_| Vec::new()).await;
    let address = server.address.clone().with_key(Secret::new("a\nb"));
    let error = invoke(&address).await;
    assert!(matches!(&error, CallError::NotSent(notice) if notice.code == ErrorCode::KeyRefused));
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_key_is_tested_without_starting_anything() {
    let cases = [
        ("200 OK", r#"{"agents":[{"name":"practice"}]}"#, true, "The key works. 1 agent is there."),
        ("200 OK", r#"[1,2]"#, true, "The key works. 2 agents are there."),
        ("401 No", "", false, "The endpoint refused the key."),
        (
            "404 No",
            "",
            true,
            "The endpoint answers. It has no call that tests a key, so whether it takes this one shows when a batch starts.",
        ),
        ("500 Oh", "", false, "The endpoint failed (500)."),
    ];
    for (status, body, ok, said) in cases {
        let json = "content-type: application/json\r\n";
        let server = LoopbackServer::responding(move |_| http_response(status, json, body)).await;
        let tested = Client::new().test_connection(&server.address).await;
        assert_eq!((tested.passed, tested.message.as_str()), (ok, said));
        assert_eq!(tested.notice.is_none(), ok);
        assert_eq!(server.requests()[0].line, "GET /v1/agents");
    }
}

#[tokio::test]
async fn orders_go_to_their_run_and_task() {
    let server = LoopbackServer::responding(|request| {
        let known = request.line.contains("/runs/b1/");
        http_response(if known { "202 Yes" } else { "404 No" }, "", "")
    })
    .await;
    let client = Client::new();
    let run = RunId::parse("b1").expect("a run");
    let to = &server.address;
    client.send_command(to, &run, RunCommand::Cancel).await.expect("taken");
    client.send_command(to, &run, RunCommand::CancelTask("a/b c")).await.expect("taken");
    let answered = AnsweredFact { question: "q".into(), option: Some("yes".into()) };
    client.send_command(to, &run, RunCommand::Reply("a", &answered)).await.expect("taken");
    let unknown = RunId::parse("b2").expect("a run");
    let refused = client.send_command(to, &unknown, RunCommand::Cancel).await;
    assert!(matches!(refused, Err(CallError::Refused(_, 404))));
    let lines: Vec<String> = server.requests().into_iter().map(|request| request.line).collect();
    let expected = [
        "POST /v1/runs/b1/cancel",
        "POST /v1/runs/b1/tasks/a%2Fb%20c/cancel",
        "POST /v1/runs/b1/tasks/a/reply",
        "POST /v1/runs/b2/cancel",
    ];
    assert_eq!(lines, expected);
    assert_eq!(server.requests()[2].body().expect("a body"), r#"{"question":"q","option":"yes"}"#);
}

/// What a stream of these bytes says, and the code of the error that ends it.
async fn read_stream(
    events: impl Fn() -> String + Send + Sync + 'static,
) -> (Vec<EventPart>, Option<ErrorCode>) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let server = LoopbackServer::responding(move |_| format!("{head}{}", events()).into_bytes());
    let mut stream = call(&server.await.address).await.expect("a stream");
    let mut parts = Vec::new();
    loop {
        match stream.next().await {
            Ok(Some(event)) => parts.extend(event.parts),
            Ok(None) => return (parts, None),
            Err(error) => return (parts, Some(error.user_message.code)),
        }
    }
}

#[tokio::test]
async fn an_event_without_its_empty_line_is_kept_unless_it_comes_again() {
    let event = "event: custom\ndata: {\"task_name\":\"a\",\"stdout\":\"last words\"}\n";
    let (parts, error) = read_stream(move || event.to_owned()).await;
    assert_eq!(error, None);
    let said =
        |part: &EventPart| matches!(part, EventPart::Output { text, .. } if text == "last words");
    assert!(matches!(&parts[..], [part] if said(part)), "{parts:?}");
    // A numbered one is sent again when the stream goes on.
    let (parts, _) = read_stream(move || format!("id: 7\n{event}")).await;
    assert_eq!(parts, []);
}

#[tokio::test]
async fn an_event_that_is_too_large_is_called_so() {
    let large = || format!("data: {}\n\n", "x".repeat(65 * 1024 * 1024));
    let (parts, error) = read_stream(large).await;
    assert_eq!((parts, error), (Vec::new(), Some(ErrorCode::PayloadTooLarge)));
}

#[tokio::test]
async fn a_run_that_was_read_to_its_end_is_not_asked_for_again() {
    let server = LoopbackServer::responding(|_| http_response("204 No Content", "", "")).await;
    let run = RunId::parse("r1").expect("an id");
    let mut session = Session::resume(&Client::new(), &server.address, run, 7);
    for _ in 0..3 {
        assert_eq!(session.next().await, SessionEvent::Ended(SessionEnd::Ended));
    }
    assert_eq!(server.requests().len(), 1);
}
