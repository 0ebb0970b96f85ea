//! What it costs to receive, parse, decode and split by task one stream of 64 MiB over
//! loopback, beside what others use for it. Prints CPU and wall time, and fails when ours
//! isn't at least three times cheaper than each, or when long lines take more than their time.

#![expect(clippy::disallowed_methods, reason = "it measures programs")]

use regatta_client::frame::{Frame, Framer};
use regatta_client::{Address, Client, EventPart, InvokeBody, Work, decode};
use regatta_protocol::Secret;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const STREAM_BYTES: usize = 64 * 1024 * 1024;
const TASKS: u64 = 20;
/// How many rounds each gets; the best counts.
const ROUNDS: usize = 3;
/// By how much ours has to be cheaper.
const REQUIRED_RATIO: f64 = 3.0;
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/peers");

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, base] = &args[..]
        && word == "ours"
    {
        return run_ours(base);
    }
    let lines_are_quick = check_long_lines();
    let is_cheap = compare_with_peers()?;
    if lines_are_quick && is_cheap { Ok(()) } else { Err("a figure isn't as it should be".into()) }
}

/// Receives the stream as the app does, and prints what each task printed.
fn run_ours(base: &str) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let to = Address::parse(base)?;
        let body = InvokeBody {
            repo_url: "https://example.com/r",
            token: &Secret::default(),
            work: Work::Message("go"),
            branch: "",
            haiku: false,
            thread_id: "",
            name: "",
            max_parallel: None,
        };
        let mut stream = Client::new().invoke(&to, &body, "bench").await?;
        let mut tasks: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        while let Some(item) = stream.next().await? {
            for received in item.parts {
                if let EventPart::Output { task: Some(task), text, .. } = received {
                    let length = u64::try_from(text.chars().count())?;
                    match tasks.get_mut(&task) {
                        Some(count) => *count = (count.0 + 1, count.1 + length),
                        None => drop(tasks.insert(task, (1, length))),
                    }
                }
            }
        }
        println!("{}", format_totals(&tasks));
        Ok(())
    })
}

/// One line: tasks, events, characters.
fn format_totals(tasks: &BTreeMap<String, (u64, u64)>) -> String {
    let (events, length) =
        tasks.values().fold((0, 0), |(events, length), (e, l)| (events + e, length + l));
    format!("{} {events} {length}", tasks.len())
}

/// One line of 50 MB in pieces of 16 KiB, and whether twice as much takes twice as long.
fn check_long_lines() -> bool {
    let best = |bytes: usize| (0..3).map(|_| measure_long_line(bytes)).min().unwrap_or_default();
    let (fifty, sixteen, thirty_two) = (best(50_000_000), best(16_000_000), best(32_000_000));
    let ratio = thirty_two.as_secs_f64() / sixteen.as_secs_f64();
    println!("One line of 50 MB in 16 KiB pieces: {fifty:.2?} (wanted: under 0.5 s)");
    println!("32 MB take {ratio:.2} times as long as 16 MB (wanted: under 2.5)");
    fifty < Duration::from_millis(500) && ratio < 2.5
}

fn measure_long_line(bytes: usize) -> Duration {
    let text = "0123456789 abcdefghijklmnopqrstuvwxyz. ".repeat(bytes / 39);
    let data = format!("data: {{\"task_name\":\"a\",\"stdout\":\"{text}\\n\"}}\n\n");
    let pieces: Vec<bytes::Bytes> =
        data.as_bytes().chunks(16 * 1024).map(bytes::Bytes::copy_from_slice).collect();
    let began = Instant::now();
    let mut framer = Framer::default();
    let mut seen = 0;
    for piece in pieces {
        framer.feed(piece);
        while let Ok(Some(frame)) = framer.next_frame() {
            if let Frame::Event(event) = frame
                && let [EventPart::Output { text, .. }] = &decode::decode(event).parts[..]
            {
                seen += text.len();
            }
        }
    }
    assert_eq!(seen, text.len() + 1, "the line came through");
    began.elapsed()
}

/// The stream, as our server writes it: lines of tasks, interleaved. The same each time.
fn generate_stream() -> String {
    let mut stream = String::with_capacity(STREAM_BYTES + 1_000);
    let mut seed: u64 = 4;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let words = ["running", "tests", "for", "component", "é", "→", "\"quoted\"", "src/cart.rs:41:"];
    let mut number = 0;
    while stream.len() < STREAM_BYTES {
        number += 1;
        let mut text = format!("{number}");
        for _ in 0..4 + next() % 20 {
            let word = usize::try_from(next() % 8).unwrap_or_default();
            text.push(' ');
            text.push_str(words[word]);
        }
        let task = format!("task {}", next() % TASKS);
        let data = serde_json::json!({ "stdout": text + "\n", "task_name": task });
        write!(stream, "id: {number}\nevent: custom\ndata: {data}\n\n").expect("it is text");
    }
    stream.push_str("event: end\ndata: {}\n\n");
    stream
}

/// Answers every request with the stream, in chunks of 16 KiB, from threads of its own.
fn serve(stream: Arc<String>) -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for socket in listener.incoming() {
            let (Ok(mut socket), stream) = (socket, Arc::clone(&stream)) else { continue };
            thread::spawn(move || {
                let mut request = Vec::new();
                let mut piece = [0; 4096];
                while !request.windows(4).any(|four| four == b"\r\n\r\n") {
                    let read = socket.read(&mut piece)?;
                    request.extend_from_slice(&piece[..read]);
                }
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                            transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
                socket.write_all(head.as_bytes())?;
                for chunk in stream.as_bytes().chunks(16 * 1024) {
                    let head = format!("{:x}\r\n", chunk.len());
                    socket.write_all(&[head.as_bytes(), chunk, b"\r\n"].concat())?;
                }
                socket.write_all(b"0\r\n\r\n")
            });
        }
    });
    Ok(base)
}

/// Somebody who reads the stream.
struct Contestant {
    name: &'static str,
    command: Box<dyn Fn(&str) -> Command>,
}

/// What one reading cost.
#[derive(Clone, Copy)]
struct Cost {
    cpu: f64,
    wall: f64,
}

fn compare_with_peers() -> Result<bool, Failure> {
    let stream = Arc::new(generate_stream());
    let base = serve(Arc::clone(&stream))?;
    let own = std::env::current_exe()?;
    let ours = Contestant {
        name: "Regatta",
        command: Box::new(move |base| {
            let mut command = Command::new(&own);
            command.args(["ours", base]);
            command
        }),
    };
    println!("\n{} MiB of events, read, parsed, decoded and split by task:", STREAM_BYTES >> 20);
    let (cost, expected) = ours.measure(&base)?;
    println!("{:>28}  {:>6.2} s CPU  {:>6.2} s wall", ours.name, cost.cpu, cost.wall);
    let folder = tempfile::TempDir::with_prefix("regatta-peers-")?;
    let mut is_cheap = true;
    for peer in install_peers(folder.path()) {
        match peer.measure(&base) {
            Ok((theirs, read)) if read == expected => {
                let times = theirs.cpu / cost.cpu;
                is_cheap &= times >= REQUIRED_RATIO;
                let (cpu, wall) = (theirs.cpu, theirs.wall);
                println!(
                    "{:>28}  {cpu:>6.2} s CPU  {wall:>6.2} s wall  {times:>5.1} times ours",
                    peer.name
                );
            }
            Ok((_, read)) => {
                println!("{:>28}  read something else: {read} instead of {expected}", peer.name);
                is_cheap = false;
            }
            Err(problem) => println!("{:>28}  not compared: {problem}", peer.name),
        }
    }
    println!("Wanted: at least {REQUIRED_RATIO} times less CPU than each.");
    Ok(is_cheap)
}

impl Contestant {
    /// The best of some rounds, and what was read.
    fn measure(&self, base: &str) -> Result<(Cost, String), Failure> {
        let mut best: Option<Cost> = None;
        let mut read = String::new();
        for _ in 0..ROUNDS {
            let (before, began) = (children_cpu()?, Instant::now());
            let output = (self.command)(base).stderr(Stdio::piped()).output()?;
            let wall = began.elapsed().as_secs_f64();
            let cost = Cost { cpu: children_cpu()? - before, wall };
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                return Err(said.lines().last().unwrap_or("it failed").into());
            }
            read = String::from_utf8(output.stdout)?.trim().to_owned();
            best = Some(best.filter(|best| best.cpu <= cost.cpu).unwrap_or(cost));
        }
        Ok((best.ok_or("no round")?, read))
    }
}

/// The CPU time of all processes that this one waited for, in seconds.
fn children_cpu() -> Result<f64, Failure> {
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    // Counted from the third field of the file: 16 and 17 are the children's.
    let ticks: Vec<f64> =
        fields.split(' ').skip(13).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS)
}

/// The others, installed into a folder. One that can't be installed says so when it is used.
fn install_peers(folder: &Path) -> Vec<Contestant> {
    println!("(installing the others …)");
    let venv = folder.join("venv");
    let python = venv.join("bin/python");
    let mut made = Command::new("python3");
    made.args(["-m", "venv"]).arg(&venv);
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "httpx", "httpx-sse", "langgraph-sdk"]);
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]);
    npm.arg(folder).arg("eventsource-parser");
    for mut step in [made, pip, npm] {
        step.stdout(Stdio::null()).stderr(Stdio::null());
        if !step.status().is_ok_and(|status| status.success()) {
            println!("({:?} didn't do what it was asked to)", step.get_program());
        }
    }
    let script = |program: &Path, file: &'static str, name| {
        let (program, folder) = (program.to_owned(), folder.to_owned());
        let command = move |base: &str| {
            let mut command = Command::new(&program);
            command.arg(Path::new(PEERS).join(file)).arg(base).env("PEERS", &folder);
            command
        };
        Contestant { name, command: Box::new(command) }
    };
    vec![
        script(Path::new("sh"), "curl_jq.sh", "curl and jq"),
        script(&python, "by_httpx_sse.py", "Python httpx-sse"),
        script(&python, "by_langgraph_sdk.py", "langgraph-sdk's decoder"),
        script(Path::new("node"), "by_eventsource_parser.mjs", "Node eventsource-parser"),
    ]
}
