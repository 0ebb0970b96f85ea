//! An endpoint on this computer that sends one line each half a millisecond, each with its time.

use super::{AnyResult, LINE_INTERVAL, LINES, micros};
use regatta_engine::{BoxFuture, CredentialProvider};
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::{EndpointId, Secret, UserMessage};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

/// The key of that endpoint.
#[derive(Debug)]
pub(super) struct FixedCredentials;

impl CredentialProvider for FixedCredentials {
    fn endpoint_key<'a>(&'a self, _: &'a Endpoint) -> BoxFuture<'a, Result<Secret, UserMessage>> {
        Box::pin(std::future::ready(Ok(Secret::new("key"))))
    }

    fn git_token<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Option<Secret>> {
        Box::pin(std::future::ready(None))
    }
}

/// Begins to listen for one call.
pub(super) fn listen() -> AnyResult<Endpoint> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        if let Err(error) =
            listener.accept().map_err(Into::into).and_then(|(to, _)| stream_lines(to))
        {
            eprintln!("the endpoint: {error}");
        }
    });
    let id = EndpointId::parse("here").ok_or("an id")?;
    Ok(Endpoint { id, name: "Here".to_owned(), address })
}

fn stream_lines(mut to: TcpStream) -> AnyResult<()> {
    let mut from = BufReader::new(to.try_clone()?);
    let mut length = 0;
    loop {
        let mut header = String::new();
        from.read_line(&mut header)?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    from.read_exact(&mut vec![0; length])?;
    to.set_nodelay(true)?;
    write!(to, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")?;
    let start = Instant::now();
    for number in 0..LINES {
        let due = start + LINE_INTERVAL * number;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let text = format!("{} one line of a task that has much to say\\n", micros());
        write!(to, "event: custom\ndata: {{\"task_name\":\"Print\",\"stdout\":\"{text}\"}}\n\n")?;
    }
    Ok(write!(to, "event: end\ndata: null\n\n")?)
}
