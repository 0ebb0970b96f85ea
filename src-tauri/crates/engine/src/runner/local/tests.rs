use super::super::conformance::{TestBehaviour, check_runner};
use super::*;
use crate::NoCredentials;
use crate::agents::{AgentRegistry, Environment};
use regatta_protocol::TaskId;
use regatta_protocol::worker::{AgentProgram, Author};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

/// A worker in a few lines of shell: the prompt says what it does.
const WORKER_SCRIPT: &str = r#"#!/bin/sh
[ "$2" = alone ] || exec setsid "$0" worker alone
say() { seq=$((seq + 1)); printf '{"seq":%d,"at":1,%s}\n' "$seq" "$1"; }
finish() { say '"event":"outcome","status":"'"$1"'"'; exit 0; }
[ "$1" = worker ] || exit 9
read -r task
say '"event":"status","status":"working"'
case "$task" in
*'"prompt":"Finish"'*)
    n=0
    while [ $n -lt 200 ]; do
        say '"event":"output","kind":"out","text":"line '$n'"'
        n=$((n + 1))
    done
    finish finished ;;
*'"prompt":"Wait"'*)
    while read -r control; do
        case "$control" in
        *stop*) finish stopped ;;
        *q1*) say '"event":"output","kind":"note","text":"heard q1"' ;;
        esac
    done ;;
*'"prompt":"Die"'*)
    sleep 300 </dev/null >/dev/null 2>&1 &
    echo "out of cheese, left $! behind" >&2
    kill -9 $$ ;;
esac
"#;

fn write_worker_script(dir: &Path) -> PathBuf {
    let program = dir.join("worker.sh");
    fs::write(&program, WORKER_SCRIPT).expect("a file");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a mode");
    program
}

fn task(dir: &Path, id: &AttemptId, play: TestBehaviour) -> WorkerTask {
    WorkerTask {
        task_name: "t".into(),
        prompt: format!("{play:?}"),
        cache: dir.join("cache"),
        start_commit: "0".repeat(40),
        copy_commit: "0".repeat(40),
        copy: dir.join("copies").join(id.to_string()),
        scratch: dir.join("scratch").join(id.to_string()),
        ref_prefix: format!("refs/regatta/{}/{}", id.task, id.number),
        author: Author { name: "A".into(), email: "a@example.invalid".into() },
        agent: AgentProgram::Command { program: "/bin/true".into(), args: vec![] },
        time_limit_s: None,
        reuse_copy: false,
        env: Vec::new(),
        options: Default::default(),
        session_meta: String::new(),
        known_agent: None,
        safety: Default::default(),
        sandbox: None,
        session: None,
        previous_summary: String::new(),
        allowed_for_batch: Vec::new(),
        allowed_once: Vec::new(),
        cost_limit_cents: None,
        is_autonomous: false,
        save_interval_s: None,
    }
}

fn agents(dir: &Path) -> AgentRegistry {
    AgentRegistry::new(
        write_worker_script(dir),
        dir.to_owned(),
        Environment::default(),
        Arc::new(NoCredentials),
    )
}

fn runner(dir: &Path) -> LocalRunner {
    LocalRunner::new(write_worker_script(dir), agents(dir), Dirs(dir.to_owned()), || 1)
}

fn id(number: u32) -> AttemptId {
    AttemptId { task: TaskId::parse("t").expect("an id"), number }
}

#[tokio::test]
async fn this_computer_keeps_to_the_contract() {
    let dir = tempfile::tempdir().expect("a folder");
    let runner = runner(dir.path());
    check_runner(&runner, |id, play| task(dir.path(), id, play)).await;
}

#[tokio::test]
async fn a_worker_that_died_is_told_with_its_last_words() {
    let dir = tempfile::tempdir().expect("a folder");
    let runner = runner(dir.path());
    runner.submit(&id(1), &task(dir.path(), &id(1), TestBehaviour::Die)).await.expect("it starts");
    let mut ended = runner.workers()[&id(1)].ended.clone();
    let how = ended.wait_for(Option::is_some).await.expect("it ends").clone().expect("how");
    assert!(how.contains("signal: 9") && how.contains("out of cheese"), "{how}");
    let left = how.split_whitespace().nth_back(1).expect("a process id");
    while Path::new("/proc").join(left).exists() {
        sleep(Duration::from_millis(10)).await; // It was killed; the system takes a moment.
    }
}

#[tokio::test]
async fn a_worker_of_an_earlier_start_is_known_and_ended() {
    let dir = tempfile::tempdir().expect("a folder");
    let before = runner(dir.path());
    before.submit(&id(7), &task(dir.path(), &id(7), TestBehaviour::Wait)).await.expect("it starts");
    let mut events = before.events(&id(7)).await.expect("events");
    events.recv().await.expect("it works");

    // The next start knows nothing but what is on the disk.
    let after = runner(dir.path());
    assert_eq!(after.list().await, [id(7)]);
    drop(before); // Its pipes close, as when the program is killed.
    after.release(&id(7)).await;
    assert_eq!(after.list().await, []);
    while events.recv().await.is_some() {}
}

#[tokio::test]
async fn a_program_that_is_not_there_is_said() {
    let dir = tempfile::tempdir().expect("a folder");
    let runner = LocalRunner::new(
        "/nowhere/regatta".into(),
        agents(dir.path()),
        Dirs(dir.path().to_owned()),
        || 1,
    );
    let refused = runner.submit(&id(1), &task(dir.path(), &id(1), TestBehaviour::Die)).await;
    assert_eq!(refused.expect_err("it can't start").code, ErrorCode::WorkerDied);
}
