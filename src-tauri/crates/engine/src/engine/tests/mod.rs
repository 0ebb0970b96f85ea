#![expect(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod cloud;
mod earlier_version;
mod recovery;
mod third_place;
mod validation;

use super::*;
use crate::{EngineError, NoCredentials};
use regatta_protocol::request::{BatchRequest, TaskRequest};
use regatta_protocol::view::BatchDetail;
use regatta_protocol::{BatchId, Status, TaskId, TaskView};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// A worker in a few lines of shell that makes a real copy: the prompt is what it does in
/// there, in shell. `ask` asks and waits for the answer, `hang` waits for its end.
const WORKER_SCRIPT: &str = r#"#!/bin/sh
[ "$2" = alone ] || exec setsid "$0" worker alone
say() { seq=$((seq + 1)); printf '{"seq":%d,"at":1,%s}\n' "$seq" "$1"; }
end() { say '"event":"outcome","status":"'"$1"'"'; exit 0; }
limited() { say '"event":"outcome","status":"failed","notice":{"code":"usage_limit","what":"Too much.","safe":"","next":""},"retry_at":99999999999999'; exit 0; }
out() { say '"event":"output","kind":"out","text":"'"$1"'"'; }
hang() { while read -r control; do case "$control" in *stop*) end stopped ;; esac; done; exit 1; }
ask() {
    say '"event":"question","id":"q","title":"May it?","key":"run:x","options":[{"id":"y","label":"Yes","kind":"allow_once"}]'
    say '"event":"status","status":"needs_you"'
    read -r control
    case "$control" in *stop*) say '"event":"answered","question":"q","option":null'; end stopped ;; esac
    say '"event":"answered","question":"q","option":"y"'
    out "heard"
}
session() { say '"event":"session","id":"s1","resumes":true,"loads":false'; }
read -r task
field() { printf '%s' "$task" | sed 's/.*"'"$1"'":"\([^"]*\)".*/\1/'; }
copy=$(field copy)
if [ ! -d "$copy" ]; then
    git clone -q --shared --no-checkout "$(field cache)" "$copy" 2>/dev/null
    git -C "$copy" checkout -q --detach "$(field copy_commit)" || exit 2
fi
cd "$copy" || exit 2
say '"event":"status","status":"working"'
eval "$(field prompt)"
end finished
"#;

/// An engine over a real project and the worker in shell.
struct EngineFixture {
    _dir: tempfile::TempDir,
    options: EngineOptions,
    project: String,
}

impl EngineFixture {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("worker.sh");
        std::fs::write(&program, WORKER_SCRIPT).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let project = dir.path().join("shop");
        std::fs::create_dir(&project).unwrap();
        std::fs::write(project.join("a.txt"), "one\n").unwrap();
        let project = project.display().to_string();
        crate::project::init(&project).await.unwrap();
        let data_dir = dir.path().join("data");
        let options = EngineOptions::new(data_dir, program, 2, Arc::new(NoCredentials));
        Self { _dir: dir, options, project }
    }

    async fn open(&self) -> Engine {
        Engine::open(self.options.clone()).await.unwrap()
    }

    fn request(&self, prompts: &[&str]) -> BatchRequest {
        let task = |(n, prompt): (usize, &&str)| TaskRequest {
            task_name: format!("Task {n}"),
            prompt: (*prompt).to_owned(),
            ..TaskRequest::default()
        };
        BatchRequest {
            name: "Footer".into(),
            project: self.project.clone(),
            parallel_tasks: prompts.iter().enumerate().map(task).collect(),
            ..BatchRequest::default()
        }
    }

    async fn start(&self, engine: &Engine, prompts: &[&str]) -> BatchDetail {
        engine.start(self.request(prompts)).await.unwrap()
    }

    fn copy(&self, task: &TaskId, attempt: u32, file: &str) -> std::path::PathBuf {
        self.options.data_dir.join("copies").join(format!("{task}-{attempt}")).join(file)
    }
}

/// Waits until a task stands so.
async fn wait_for_status(engine: &Engine, task: &TaskId, wanted: Status) -> TaskView {
    wait_until(engine, task, |view| view.status == wanted).await
}

/// Waits until a task is as wanted.
async fn wait_until(
    engine: &Engine,
    task: &TaskId,
    wanted: impl Fn(&TaskView) -> bool,
) -> TaskView {
    let wait = async {
        let mut revision = engine.revision();
        loop {
            let view = engine.task(task).await.unwrap();
            if wanted(&view) {
                return view;
            }
            revision = engine.wait_for_changes(revision).await.revision;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("it takes too long")
}

fn branches(project: &str) -> Vec<String> {
    let mut names: Vec<String> = files(&Path::new(project).join(".git/refs/heads"));
    names.sort();
    names
}

/// The files below a folder, by their path in it.
fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            found.extend(files(&entry.path()).into_iter().map(|file| format!("{name}/{file}")));
        } else {
            found.push(name);
        }
    }
    found
}

#[tokio::test]
async fn a_batch_goes_from_its_start_to_its_end() {
    let fixture = EngineFixture::new().await;
    let engine = fixture.open().await;
    let started = fixture.start(&engine, &["out one; out two", "ask", "exit 3"]).await;
    assert_eq!((started.batch.name.as_str(), started.tasks.len()), ("Footer", 3));
    assert_eq!(started.batch.max_parallel, 2);
    let [one, two, three] = [0, 1, 2].map(|n: usize| started.tasks[n].id.clone());
    let asking = wait_for_status(&engine, &two, Status::NeedsYou).await;
    assert_eq!(engine.needs_you().await.unwrap(), std::slice::from_ref(&asking));
    let question = asking.questions[0].id.clone();
    assert!(matches!(engine.answer(&two, "other", "y").await, Err(EngineError::WrongState(_))));
    assert!(matches!(engine.answer(&two, &question, "x").await, Err(EngineError::NotFound(_))));
    engine.answer(&two, &question, "y").await.unwrap();

    let mut follower = engine.follow(&started.batch.id, 0);
    let mut numbers = Vec::new();
    while let Some(events) = follower.next().await {
        numbers.extend(events.into_iter().map(|event| event.seq));
    }
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let page = engine.read_lines(&one, 0, 10).await.unwrap();
    let text: Vec<&str> = page.lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(text, ["one", "two"]);
    assert_eq!(engine.search_lines(&two, "HEARD").await.unwrap().lines, [0]);
    let file = fixture.options.data_dir.join("saved.txt");
    assert_eq!(engine.write_output(&one, &file).await.unwrap(), 8);

    let died = engine.task(&three).await.unwrap();
    assert_eq!(died.status, Status::Failed);
    assert_eq!(died.outcome.unwrap().exit_status, "exit status: 3");
    let detail = engine.batch(&started.batch.id).await.unwrap();
    assert_eq!((detail.batch.counts.finished, detail.batch.counts.failed), (2, 1));
    assert_eq!(engine.running_batches().await.unwrap(), []);
    assert_eq!(engine.history("foot", None, 9).await.unwrap(), [detail.batch]);
    assert_eq!(engine.find_batch("footer").await.unwrap(), started.batch.id);
    let again = engine.batch_request(&started.batch.id).await.unwrap();
    assert_eq!(again, fixture.request(&["out one; out two", "ask", "exit 3"]));
    engine.close().await;
    assert!(matches!(engine.run_next(&one).await, Err(EngineError::Closed)));
}

#[tokio::test]
async fn what_changed_tells_of_the_queue_too() {
    let fixture = EngineFixture::new().await;
    let engine = fixture.open().await;
    let started = fixture.start(&engine, &["hang", "hang", "hang", "hang"]).await;
    let [third, fourth] = [2, 3].map(|n: usize| started.tasks[n].id.clone());
    wait_for_status(&engine, &started.tasks[1].id, Status::Working).await;
    let mut revision = engine.revision();
    engine.run_next(&fourth).await.unwrap();
    // Other changes may be told first.
    let told = async {
        loop {
            let changed = engine.wait_for_changes(revision).await;
            assert!(changed.revision > revision);
            revision = changed.revision;
            let queue = changed.batches.iter().flat_map(|batch| &batch.queue);
            let places: Vec<_> = queue.map(|q| (q.task.clone(), q.position)).collect();
            if places == [(fourth.clone(), 1), (third.clone(), 2)] {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("it is told");
    assert!(engine.run_next(&started.tasks[0].id).await.is_err());

    assert!(engine.set_limit(0).is_err());
    engine.set_limit(3).unwrap();
    wait_for_status(&engine, &fourth, Status::Working).await;
    assert_eq!((engine.place().busy, engine.place().waiting), (3, 1));
    engine.stop_batch(&started.batch.id).await.unwrap();
    for task in &started.tasks {
        wait_for_status(&engine, &task.id, Status::Stopped).await;
    }
    assert!(matches!(engine.stop_task(&third).await, Err(EngineError::WrongState(_))));
    engine.close().await;
}
