//! The plan, the endpoint that sends it, and the comparison.

use regatta_engine::{
    BoxFuture, CredentialProvider, Engine, EngineOptions, NoCredentials, project,
};
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::view::BatchDetail;
use regatta_protocol::{BatchRequest, EndpointId, Secret, Status, TaskRequest, UserMessage};
use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// As many as one call takes (`MAX_TASKS`), and as many calls as make 1,000 tasks.
const BATCHES: usize = 5;
const TASKS: usize = 200;
const SEED: u64 = 0x5eed_0f0a_4a11_0001;
/// How much is written to a socket at once.
const WRITE_BYTES: usize = 64 * 1024;

pub(crate) type PlanResult<T> = Result<T, Box<dyn Error>>;

/// What a run of the plan took.
#[derive(Debug)]
pub(crate) struct RunStats {
    pub(crate) tasks: usize,
    /// From the first call to the last task's end.
    pub(crate) took: Duration,
    pub(crate) memory_mb: u64,
}

#[derive(Debug)]
struct AnyKeyProvider;

impl CredentialProvider for AnyKeyProvider {
    fn endpoint_key<'a>(&'a self, _: &'a Endpoint) -> BoxFuture<'a, Result<Secret, UserMessage>> {
        Box::pin(std::future::ready(Ok(Secret::new("key"))))
    }

    fn git_token<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Option<Secret>> {
        NoCredentials.git_token(host)
    }
}

/// Runs the plan with that many lines of each task, and compares what comes out.
pub(crate) async fn run(lines: u32) -> PlanResult<RunStats> {
    let dir = tempfile::tempdir()?;
    let folder = dir.path().join("project");
    std::fs::create_dir(&folder)?;
    std::fs::write(folder.join("a.txt"), "one\n")?;
    let folder = folder.display().to_string();
    project::init(&folder).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let serving = tokio::spawn(serve(listener, lines));
    let data_dir = dir.path().join("data");
    let (program, keys) = ("/nowhere/regatta".into(), Arc::new(AnyKeyProvider));
    let engine = Engine::open(EngineOptions::new(data_dir, program, 1, keys)).await?;

    let begun = Instant::now();
    let mut batches = Vec::new();
    for batch in 0..BATCHES {
        batches.push(engine.start(request(&folder, &address, batch)).await?);
    }
    for batch in &batches {
        while engine.follow(&batch.batch.id, u64::from(u32::MAX)).next().await.is_some() {}
    }
    let took = begun.elapsed();
    let memory_mb = peak_memory_mb()?;
    for batch in &batches {
        compare_transcripts(&engine, batch, (dir.path(), lines)).await?;
    }
    engine.close().await;
    serving.abort();
    Ok(RunStats { tasks: BATCHES * TASKS, took, memory_mb })
}

fn request(folder: &str, address: &str, batch: usize) -> BatchRequest {
    let task = |n: usize| TaskRequest {
        task_name: format!("batch {batch} task {n}"),
        prompt: "print".into(),
        ..TaskRequest::default()
    };
    let id = EndpointId::parse("here").expect("an id");
    let endpoint = Endpoint { id, name: "Here".into(), address: address.to_owned() };
    BatchRequest {
        name: format!("Batch {batch}"),
        project: folder.to_owned(),
        parallel_tasks: (0..TASKS).map(task).collect(),
        endpoint: Some(endpoint),
        ..BatchRequest::default()
    }
}

/// A line of the plan: no two are the same.
fn plan_line(task: &str, number: u32) -> String {
    format!("{task}, line {number} of its own")
}

async fn compare_transcripts(
    engine: &Engine,
    batch: &BatchDetail,
    (dir, lines): (&Path, u32),
) -> PlanResult<()> {
    let detail = engine.batch(&batch.batch.id).await?;
    if detail.batch_channel.is_some() {
        return Err("something belongs to no task".into());
    }
    for task in &detail.tasks {
        if (task.status, task.lines) != (Status::Finished, u64::from(lines)) {
            return Err(format!("{}: {:?}, {} lines", task.name, task.status, task.lines).into());
        }
        let file = dir.join("transcript");
        engine.write_output(&task.id, &file).await?;
        let mut expected = String::new();
        for number in 0..lines {
            writeln!(expected, "{}", plan_line(&task.name, number))?;
        }
        if std::fs::read_to_string(&file)? != expected {
            return Err(format!("{} came out different", task.name).into());
        }
    }
    Ok(())
}

async fn serve(listener: TcpListener, lines: u32) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            if let Err(error) = serve_call(stream, lines).await {
                eprintln!("the endpoint: {error}");
            }
        });
    }
}

/// Reads a call and answers with its part of the plan.
async fn serve_call(stream: TcpStream, lines: u32) -> PlanResult<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).await?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await?;
    let body: serde_json::Value = serde_json::from_slice(&body)?;
    let tasks = body["parallel_tasks"].as_array().ok_or("no tasks")?;
    let names: Vec<&str> = tasks.iter().filter_map(|task| task["task_name"].as_str()).collect();
    let mut sending = EventWriter { stream: reader.into_inner(), buffer: String::new(), seq: 0 };
    sending.buffer.push_str(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\
         x-regatta-run: run\r\n\r\n",
    );
    sending.write_plan(&names, lines).await
}

struct EventWriter {
    stream: TcpStream,
    buffer: String,
    seq: u64,
}

impl EventWriter {
    async fn write_plan(&mut self, names: &[&str], lines: u32) -> PlanResult<()> {
        for name in names {
            let told = r#""at":1,"status":{"status":"working"}"#;
            self.write_event("custom", &format!(r#"{{"task_name":"{name}",{told}}}"#)).await?;
        }
        // Each task with the number of its next line; a random one of them is next.
        let mut left: Vec<(&str, u32)> = names.iter().map(|name| (*name, 0)).collect();
        let mut random = SEED ^ names.first().map_or(0, |name| name.as_bytes()[6].into());
        while !left.is_empty() {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let at = (random % left.len() as u64) as usize;
            let (name, number) = &mut left[at];
            if *number == lines {
                let told = r#""at":1,"outcome":{"status":"finished"}"#;
                let told = format!(r#"{{"task_name":"{name}",{told}}}"#);
                left.swap_remove(at);
                self.write_event("custom", &told).await?;
                continue;
            }
            let text = plan_line(name, *number);
            let data = format!(r#"{{"task_name":"{name}","stdout":"{text}\n","at":1}}"#);
            *number += 1;
            self.write_event("custom", &data).await?;
        }
        let last = self.seq + 1;
        self.write_event("end", &format!(r#"{{"status":"finished","last_seq":{last}}}"#)).await?;
        self.stream.write_all(self.buffer.as_bytes()).await?;
        Ok(())
    }

    async fn write_event(&mut self, kind: &str, data: &str) -> PlanResult<()> {
        self.seq += 1;
        write!(self.buffer, "id: {}\nevent: {kind}\ndata: {data}\n\n", self.seq)?;
        if self.buffer.len() >= WRITE_BYTES {
            self.stream.write_all(self.buffer.as_bytes()).await?;
            self.buffer.clear();
        }
        Ok(())
    }
}

/// The most memory that this program ever had, with the endpoint in it.
fn peak_memory_mb() -> PlanResult<u64> {
    let memory = regatta_process::memory_use(std::process::id());
    Ok(memory.ok_or("the system doesn't tell the memory")?.peak_kib / 1024)
}
