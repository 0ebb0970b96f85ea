//! The engine's figures, with the real worker: lines a second from a program to the view,
//! memory with many tasks, opening the end of a long transcript, and starting with a long
//! history.
//!
//! `benchmarks [LINES] [TASKS_IN_HISTORY]`, by default 2,000,000 and 10,000. Needs the program
//! `regatta` beside the folder of the examples. Ends with 1 when a figure isn't reached.

use regatta_engine::{Engine, EngineOptions, NoCredentials, project};
use regatta_protocol::{AgentChoice, BatchRequest, BatchView, Status, TaskRequest, TaskView};
use std::error::Error;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Prints 10,000 lines in ten steps.
const PACED_SCRIPT: &str = "#!/bin/sh
for n in 1 2 3 4 5 6 7 8 9 10; do
    seq -f 'line %.0f of some length' 1000
    sleep 0.5
done
";

type BenchError = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<ExitCode, BenchError> {
    let mut args = std::env::args().skip(1);
    let mut number = |default: u64| args.next().map_or(Ok(default), |text| text.parse());
    let (lines, in_history) = (number(2_000_000)?, number(10_000)?);
    let folder = tempfile::tempdir()?;
    let project = folder.path().join("project");
    std::fs::create_dir(&project)?;
    std::fs::write(project.join("a.txt"), "a\n")?;
    project::init(&project.display().to_string()).await?;
    let room = BenchEnv { data: folder.path().join("data"), project };
    let figures = [
        room.measure_throughput(lines).await?,
        room.measure_last_screen(lines.min(1_000_000)).await?,
        room.measure_memory().await?,
        room.measure_long_history(in_history).await?,
    ];
    Ok(if figures.iter().all(|reached| *reached) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct BenchEnv {
    data: PathBuf,
    project: PathBuf,
}

impl BenchEnv {
    async fn open(&self, limit: u32) -> Result<Engine, BenchError> {
        let program = sibling_program("regatta")?;
        let data_dir = self.data.clone();
        let keys = Arc::new(NoCredentials);
        Ok(Engine::open(EngineOptions::new(data_dir, program, limit, keys)).await?)
    }

    fn request(&self, tasks: usize, command: &[&str]) -> BatchRequest {
        let task = |n: usize| TaskRequest {
            task_name: format!("Task {n}"),
            prompt: "print".into(),
            ..TaskRequest::default()
        };
        BatchRequest {
            project: self.project.display().to_string(),
            parallel_tasks: (0..tasks).map(task).collect(),
            agent: AgentChoice::Command {
                command: command.iter().map(|part| (*part).to_owned()).collect(),
            },
            ..BatchRequest::default()
        }
    }

    /// A program prints; the clock runs from its start to the last line in the view.
    async fn measure_throughput(&self, lines: u64) -> Result<bool, BenchError> {
        let mut reached = true;
        for tasks in [1, 4] {
            let engine = self.open(4).await?;
            let each = lines / tasks as u64;
            let text = "the quick brown fox jumps over the lazy dog, line ";
            let command = ["seq", "-f", &format!("{text}%.0f"), &each.to_string()];
            let batch = engine.start(self.request(tasks, &command)).await?.batch;
            let tasks_now = wait_until_finished(&engine, &batch).await?;
            let begun = tasks_now.iter().filter_map(|task| task.started_at).min();
            let ended = tasks_now.iter().filter_map(|task| task.ended_at).max();
            let ms = ended.zip(begun).map_or(1, |(ended, begun)| (ended - begun).max(1));
            let printed: u64 = tasks_now.iter().map(|task| task.lines).sum();
            let rate = printed * 1_000 / u64::try_from(ms)?;
            println!("{tasks} task(s), {printed} lines in {ms} ms: {rate} lines a second");
            reached &= printed >= each * tasks as u64 && rate >= 100_000;
            engine.close().await;
        }
        Ok(reached)
    }

    async fn measure_last_screen(&self, lines: u64) -> Result<bool, BenchError> {
        let engine = self.open(1).await?;
        let command = ["seq", &lines.to_string()];
        let batch = engine.start(self.request(1, &command)).await?.batch;
        let task = &wait_until_finished(&engine, &batch).await?[0];
        engine.close().await;
        let engine = self.open(1).await?; // Nothing is warm.
        let begun = Instant::now();
        let page = engine.read_lines(&task.id, task.lines - 100, 100).await?;
        let took = begun.elapsed();
        println!("last {} of {} lines: {took:.1?}", page.lines.len(), page.total);
        let begun = Instant::now();
        let found = engine.search_lines(&task.id, "99999").await?.lines.len();
        println!("search through all of them: {found} found in {:.1?}", begun.elapsed());
        engine.close().await;
        Ok(page.lines.len() == 100 && took < Duration::from_millis(200))
    }

    /// 50 tasks of 10,000 lines, at a pace at which one can look in between.
    async fn measure_memory(&self) -> Result<bool, BenchError> {
        let engine = self.open(50).await?;
        let pace = self.project.with_file_name("pace.sh");
        std::fs::write(&pace, PACED_SCRIPT)?;
        std::fs::set_permissions(&pace, std::fs::Permissions::from_mode(0o755))?;
        let command = pace.display().to_string();
        let batch = engine.start(self.request(50, &[&command])).await?.batch;
        let (mut early, mut most) = (None, 0);
        let mut revision = 0;
        loop {
            revision = engine.wait_for_changes(revision).await.revision;
            let detail = engine.batch(&batch.id).await?;
            let lines: u64 = detail.tasks.iter().map(|task| task.lines).sum();
            let kb = resident_kb()?;
            most = most.max(kb);
            if lines >= 50_000 {
                early.get_or_insert(kb);
            }
            if detail.batch.ended_at.is_some() {
                let early = early.unwrap_or(kb);
                println!("memory with {lines} lines: {early} kB at a tenth, {most} kB at most");
                engine.close().await;
                return Ok(lines >= 500_000 && most < 150_000);
            }
        }
    }

    async fn measure_long_history(&self, tasks: u64) -> Result<bool, BenchError> {
        let engine = self.open(1).await?;
        for _ in 0..tasks.div_ceil(200) {
            let batch = engine.start(self.request(200, &["true"])).await?.batch;
            engine.stop_batch(&batch.id).await?;
            wait_until_finished(&engine, &batch).await?;
        }
        engine.close().await;
        let begun = Instant::now();
        let engine = self.open(1).await?;
        let running = engine.running_batches().await?.len();
        let recent = engine.history("", None, 20).await?.len();
        let waiting = engine.needs_you().await?.len();
        let took = begun.elapsed();
        let size = std::fs::metadata(self.data.join("regatta.db"))?.len() / 1_048_576;
        println!(
            "start with {tasks} tasks in history ({size} MB): {took:.1?} \
             ({running} running, {recent} recent, {waiting} asking)"
        );
        engine.close().await;
        Ok(took < Duration::from_secs(1))
    }
}

/// Waits for a batch's end.
async fn wait_until_finished(
    engine: &Engine,
    batch: &BatchView,
) -> Result<Vec<TaskView>, BenchError> {
    let mut revision = engine.revision();
    loop {
        let detail = engine.batch(&batch.id).await?;
        if detail.batch.ended_at.is_some() {
            let failed = detail.tasks.iter().find(|task| task.status == Status::Failed);
            return match failed.and_then(|task| task.notice.clone()) {
                Some(notice) => Err(notice.into()),
                None => Ok(detail.tasks),
            };
        }
        revision = engine.wait_for_changes(revision).await.revision;
    }
}

fn resident_kb() -> Result<u64, BenchError> {
    let memory = regatta_process::memory_use(std::process::id());
    Ok(memory.ok_or("the system doesn't tell the memory")?.resident_kib)
}

fn sibling_program(name: &str) -> Result<PathBuf, BenchError> {
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(Path::parent).ok_or("no folder")?;
    Ok(folder.join(name))
}
