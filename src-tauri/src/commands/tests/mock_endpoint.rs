//! An endpoint on this computer that does what it is asked at once.

use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

/// The key that the endpoint takes.
pub(super) const KEY: &str = "sk-canary-51c9e07ab2";
/// A task of this name is never over.
pub(super) const ENDLESS: &str = "endless";

/// Answers until the process of the test ends. Gives its address.
pub(super) fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("its address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever called may be gone.
            std::thread::spawn(move || handle_call(stream).unwrap_or_default());
        }
    });
    address
}

fn handle_call(mut stream: TcpStream) -> io::Result<()> {
    let (head, body) = read_request(&stream)?;
    let line = head.lines().next().unwrap_or_default();
    let has = |header: String| head.lines().any(|line| line.eq_ignore_ascii_case(&header));
    if !has(format!("x-api-key: {KEY}")) {
        return respond(&mut stream, "401 Unauthorized", &json!({ "message": "Bad credentials" }));
    }
    if line.starts_with("POST /invoke/stdout ") {
        return stream_tasks(stream, &body);
    }
    respond(&mut stream, "404 Not Found", &json!({ "message": "Not Found" }))
}

/// Each task prints a line and is over, as our server tells of it.
fn stream_tasks(mut stream: TcpStream, body: &Value) -> io::Result<()> {
    let tasks = body["parallel_tasks"].as_array().into_iter().flatten();
    let mut names: Vec<&str> = tasks.filter_map(|task| task["task_name"].as_str()).collect();
    if names.is_empty() {
        names.push("the message");
    }
    write!(stream, "HTTP/1.1 200 OK\r\nx-regatta-run: run-1\r\n")?;
    write!(stream, "content-type: text/event-stream\r\nconnection: close\r\n\r\n")?;
    let mut seq = 0;
    let mut event = |kind: &str, data: Value| {
        seq += 1;
        write!(stream, "id: {seq}\nevent: {kind}\ndata: {data}\n\n")
    };
    for name in &names {
        let began = json!({
            "run_id": "run-1", "task_name": name, "thread_id": "thread", "attempt": 1,
            "continues": false, "messages": [], "stream_events": [],
        });
        event("updates", began)?;
        let text = format!("{name} is under way\n");
        event("custom", json!({ "task_name": name, "stdout": text }))?;
    }
    if names.contains(&ENDLESS) {
        return stream.read_to_end(&mut Vec::new()).map(|_| ());
    }
    let over = |name: &&str| {
        json!({
            "task_name": name, "status": "finished", "branch": null, "commit": null,
            "thread_id": "thread",
        })
    };
    let tasks: Vec<Value> = names.iter().map(over).collect();
    let last = 2 * names.len() + 1;
    event("end", json!({ "status": "finished", "last_seq": last, "tasks": tasks }))
}

fn respond(stream: &mut TcpStream, status: &str, body: &Value) -> io::Result<()> {
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn read_request(stream: &TcpStream) -> io::Result<(String, Value)> {
    let (mut reader, mut head) = (BufReader::new(stream), String::new());
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let lower = head.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body)?;
    Ok((head, serde_json::from_slice(&body).unwrap_or_default()))
}
