//! How long a line takes from the agent that prints it to the event that tells the window of
//! it: through the worker, the store with its full durability, and the bridge, at 2,000 lines
//! a second. Then the same from the socket of an endpoint. Prints the median and the 99th
//! percentile of both.
//!
//! `cargo run --release -p regatta-desktop --example delay` (the program `regatta` must be
//! built beside it). With the argument `print` it is the agent of this measurement itself.

mod mock_endpoint;

use regatta_desktop::bridge;
use regatta_desktop::throttle::ViewUpdate;
use regatta_engine::{Engine, EngineOptions};
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::event::LineKind;
use regatta_protocol::view::MAX_PAGE_LINES;
use regatta_protocol::{AgentChoice, BatchRequest, TaskId, TaskRequest, TaskView};
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::mpsc;

const LINES: u32 = 20_000;
const LINE_INTERVAL: Duration = Duration::from_micros(500);
const MEDIAN_TARGET: Duration = Duration::from_millis(60);
const P99_TARGET: Duration = Duration::from_millis(150);

/// Microseconds since 1970.
type Micros = u64;
type AnyResult<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> AnyResult<()> {
    if std::env::args().nth(1).as_deref() == Some("print") {
        return print_lines();
    }
    println!("From the agent on this computer:");
    measure(None).await?;
    println!("From the socket of an endpoint:");
    measure(Some(mock_endpoint::listen()?)).await
}

/// Measures once: on this computer, or at an endpoint.
async fn measure(endpoint: Option<Endpoint>) -> AnyResult<()> {
    let data = tempfile::tempdir()?;
    let engine = open_engine(data.path()).await?;
    let (tell, told) = mpsc::unbounded_channel();
    let watching = tokio::spawn(bridge::forward_changes(
        engine.clone(),
        |_| {},
        move |message| {
            if let ViewUpdate::Task(view) = message {
                // Nobody listens any more only when the measurement is over.
                drop(tell.send((micros(), *view)));
            }
        },
    ));
    let task = start_task(&engine, endpoint).await?;
    let told = collect_until_over(told).await;
    watching.abort();
    let printed = read_print_times(&engine, &task).await?;
    engine.close().await;
    report(&delays(&printed, &told), told.len());
    Ok(())
}

/// The agent: one line each half a millisecond, each with its time.
fn print_lines() -> AnyResult<()> {
    let mut out = std::io::stdout().lock();
    let start = Instant::now();
    for number in 0..LINES {
        let due = start + LINE_INTERVAL * number;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        writeln!(out, "{} one line of an agent that has much to say", micros())?;
        out.flush()?;
    }
    Ok(())
}

async fn open_engine(data: &Path) -> AnyResult<Engine> {
    let own = std::env::current_exe()?;
    let profile = own.ancestors().nth(2).ok_or("a place in the target folder")?;
    let program = profile.join(format!("regatta{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        return Err(format!("{} is missing: cargo build -p regatta-cli", program.display()).into());
    }
    let (data_dir, keys) = (PathBuf::from(data), Arc::new(mock_endpoint::FixedCredentials));
    let options = EngineOptions::new(data_dir, program, 1, keys);
    Ok(Engine::open(options).await?)
}

async fn start_task(engine: &Engine, endpoint: Option<Endpoint>) -> AnyResult<TaskId> {
    let project = engine.practice_project().await?;
    let own = std::env::current_exe()?.to_string_lossy().into_owned();
    let request = BatchRequest {
        name: "Delay".to_owned(),
        project: project.path,
        parallel_tasks: vec![TaskRequest {
            task_name: "Print".to_owned(),
            prompt: "Print lines.".to_owned(),
            ..TaskRequest::default()
        }],
        agent: AgentChoice::Command { command: vec![own, "print".to_owned()] },
        endpoint,
        ..BatchRequest::default()
    };
    let started = engine.start(request).await?;
    Ok(started.tasks[0].id.clone())
}

/// What was told of the task, with its time, until it was told that it is over.
async fn collect_until_over(
    mut told: mpsc::UnboundedReceiver<(Micros, TaskView)>,
) -> Vec<(Micros, TaskView)> {
    let mut all: Vec<(Micros, TaskView)> = Vec::new();
    while !all.last().is_some_and(|(_, view)| view.status.is_over()) {
        let Some(next) = told.recv().await else { break };
        all.push(next);
    }
    all
}

/// When each line of the transcript was printed; `None` if it isn't the agent's.
async fn read_print_times(engine: &Engine, task: &TaskId) -> AnyResult<Vec<Option<Micros>>> {
    let mut all = Vec::new();
    loop {
        let page = engine.read_lines(task, u64::try_from(all.len())?, MAX_PAGE_LINES).await?;
        if page.lines.is_empty() {
            return Ok(all);
        }
        all.extend(page.lines.iter().map(|line| {
            let time = line.text.split(' ').next().filter(|_| line.kind == LineKind::Stdout);
            time.and_then(|t| t.parse().ok())
        }));
    }
}

/// For each of the agent's lines, how long it took until an event counted it; sorted.
fn delays(printed: &[Option<Micros>], told: &[(Micros, TaskView)]) -> Vec<Duration> {
    let mut found = Vec::new();
    let mut shown = 0;
    for (at, view) in told {
        let count = usize::try_from(view.lines).unwrap_or(usize::MAX).min(printed.len());
        let new = printed.get(shown..count).unwrap_or_default();
        found.extend(new.iter().flatten().map(|t| Duration::from_micros(at.saturating_sub(*t))));
        shown = shown.max(count);
    }
    found.sort_unstable();
    found
}

fn report(delays: &[Duration], events: usize) {
    let Some(last) = delays.len().checked_sub(1) else {
        println!("No line arrived.");
        return;
    };
    let (median, late) = (delays[last / 2], delays[last * 99 / 100]);
    let verdict = |figure, target| if figure <= target { "kept" } else { "missed" };
    println!(
        "{} lines at 2,000 a second, {events} events\n\
         median {:>4} ms (target {} ms: {})\n\
         99th   {:>4} ms (target {} ms: {})",
        delays.len(),
        median.as_millis(),
        MEDIAN_TARGET.as_millis(),
        verdict(median, MEDIAN_TARGET),
        late.as_millis(),
        P99_TARGET.as_millis(),
        verdict(late, P99_TARGET),
    );
}

fn micros() -> Micros {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Micros::try_from(since.as_micros()).unwrap_or(Micros::MAX)
}
