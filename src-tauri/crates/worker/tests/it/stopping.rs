//! However a task ends, nothing of the agent's is left, and its work is.

use crate::test_env::{TestEnv, Worker, wait_until};
use regatta_protocol::event::{Event, LineKind, SaveReason, StepState};
use regatta_protocol::worker::WorkerControl;
use regatta_protocol::{ErrorCode, Status};
use std::time::{Duration, Instant};

/// Reads on to the end; nothing is left, and how long it took.
fn finish_and_time(test_env: &TestEnv, worker: &mut Worker) -> Duration {
    let begun = Instant::now();
    worker.finish();
    assert_eq!(test_env.processes(), [""; 0]);
    begun.elapsed()
}

fn read_until_step(worker: &mut Worker, title: &str) {
    worker.read_until(title, |event| matches!(event, Event::Step(step) if step.title == title));
}

#[test]
fn a_stopped_task_keeps_its_work() {
    let test_env = TestEnv::new();
    let mut worker = test_env.start_task(&test_env.practice_task("write a.txt: a\nwait 600"));
    read_until_step(&mut worker, "Wait 600 seconds");
    worker.send(&WorkerControl::Stop);
    let took = finish_and_time(&test_env, &mut worker);
    assert!(took < Duration::from_secs(4), "{took:?}");
    let outcome = worker.outcome();
    assert_eq!((outcome.status, outcome.totals.files), (Status::Stopped, 1));
    assert!(outcome.commit.is_some());
    assert_eq!(outcome.exit_status, "exit code 0", "it was asked, and went");
    let wait = worker.steps().into_iter().find(|step| step.title.contains("600"));
    assert_eq!(wait.expect("the step").state, StepState::Failed, "no step stays open");
}

#[test]
fn an_agent_that_hears_no_cancel_is_terminated() {
    let test_env = TestEnv::new();
    let mut worker =
        test_env.start_task(&test_env.practice_task("write a.txt: a\nsay hanging\nhang"));
    worker.read_until_line("hanging");
    worker.send(&WorkerControl::Stop);
    let took = finish_and_time(&test_env, &mut worker);
    assert!((4..8).contains(&took.as_secs()), "{took:?}");
    assert_eq!(worker.outcome().status, Status::Stopped);
    assert_eq!(worker.outcome().totals.files, 1);
}

#[test]
fn an_agent_that_ignores_everything_is_killed() {
    let test_env = TestEnv::new();
    let mut worker =
        test_env.start_task(&test_env.practice_task("ignore stop\nsay deaf\nwait 600"));
    worker.read_until_line("deaf");
    worker.send(&WorkerControl::Stop);
    let took = finish_and_time(&test_env, &mut worker);
    assert!((7..12).contains(&took.as_secs()), "{took:?}");
    assert_eq!(worker.outcome().exit_status, "signal 9");
}

#[test]
fn when_the_engine_is_gone_the_work_is_rescued_and_everything_ends() {
    let test_env = TestEnv::new();
    let mut worker =
        test_env.start_task(&test_env.practice_task("write a.txt: a\nrun sleep 600 & sleep 600"));
    read_until_step(&mut worker, "Running: sleep 600 & sleep 600");
    wait_until("running", || {
        test_env.processes().iter().filter(|p| p.contains("sleep")).count() >= 2
    });
    worker.end_input();
    finish_and_time(&test_env, &mut worker);
    let outcome = worker.outcome();
    assert_eq!(outcome.status, Status::Interrupted);
    assert_eq!(outcome.notice.as_ref().map(|n| n.code), Some(ErrorCode::Interrupted));
    let last = worker.events().rev().find_map(|event| match event {
        Event::SavePoint(point) => Some(point.clone()),
        _ => None,
    });
    let last = last.expect("a save point");
    assert_eq!(last.reason, SaveReason::Recovered);
    assert_eq!(test_env.git_in_cache(&["rev-parse", "refs/regatta/task/1/result"]), last.commit);
}

#[test]
fn when_nobody_reads_any_more_everything_ends() {
    let test_env = TestEnv::new();
    let mut worker =
        test_env.start_task(&test_env.command_task("echo x > a.txt; while :; do echo y; done"));
    worker.read_until_line("y");
    worker.stop_reading();
    assert_eq!(
        worker.wait_for_exit(crate::test_env::LONG).and_then(|status| status.code()),
        Some(0)
    );
    assert_eq!(test_env.processes(), [""; 0]);
    assert_eq!(test_env.git_in_cache(&["show", "refs/regatta/task/1/result:a.txt"]), "x");
}

#[test]
fn a_signal_to_the_worker_ends_everything_too() {
    let test_env = TestEnv::new();
    let mut worker = test_env.start_task(&test_env.practice_task("write a.txt: a\nwait 600"));
    read_until_step(&mut worker, "Wait 600 seconds");
    let id = nix::unistd::Pid::from_raw(i32::try_from(worker.child.id()).expect("an id"));
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).expect("it is there");
    finish_and_time(&test_env, &mut worker);
    assert_eq!(worker.outcome().status, Status::Interrupted);
}

#[test]
fn time_runs_out() {
    let test_env = TestEnv::new();
    let mut task = test_env.practice_task("write a.txt: a\nwait 600");
    task.time_limit_s = Some(1);
    let mut worker = test_env.start_task(&task);
    finish_and_time(&test_env, &mut worker);
    worker.assert_failed(ErrorCode::TimeLimit);
    assert!(worker.outcome().commit.is_some());
}

#[test]
fn a_held_task_stands_still_and_goes_on() {
    let test_env = TestEnv::new();
    let script = "i=0\nwhile [ $i -lt 40 ]; do echo $i >> ticks; sleep 0.05; i=$((i+1)); done";
    let mut worker = test_env.start_task(&test_env.command_task(script));
    let ticks = || test_env.read_copy_file("ticks").unwrap_or_default().lines().count();
    wait_until("ticking", || ticks() > 3);
    worker.send(&WorkerControl::Pause);
    worker.read_until_status(Status::Paused);
    let before = ticks();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(ticks(), before, "it stands still");
    worker.send(&WorkerControl::Resume);
    finish_and_time(&test_env, &mut worker);
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(ticks(), 40, "it went on to its end");
    assert_eq!(worker.statuses(), [Status::Working, Status::Paused, Status::Working]);
}

#[test]
fn a_held_task_can_be_stopped() {
    let test_env = TestEnv::new();
    let mut worker = test_env.start_task(&test_env.practice_task("say here\nwait 600"));
    worker.read_until_line("here");
    worker.send(&WorkerControl::Pause);
    worker.read_until_status(Status::Paused);
    worker.send(&WorkerControl::Stop);
    let took = finish_and_time(&test_env, &mut worker);
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert_eq!(worker.outcome().exit_status, "exit code 0");
}

#[test]
fn a_stopped_command_gets_the_signal_of_ctrl_c_first() {
    let test_env = TestEnv::new();
    let script = "trap 'echo tidying up; exit 5' INT\necho ready\nwhile :; do sleep 0.05; done";
    let mut worker = test_env.start_task(&test_env.command_task(script));
    worker.read_until_line("ready");
    worker.send(&WorkerControl::Stop);
    finish_and_time(&test_env, &mut worker);
    assert_eq!(worker.outcome().status, Status::Stopped);
    assert_eq!(worker.outcome().exit_status, "exit code 5");
    assert_eq!(worker.lines(LineKind::Stdout), ["ready", "tidying up"]);
}

#[test]
fn grandchildren_end_with_a_task_that_went_well() {
    let test_env = TestEnv::new();
    let script = "sleep 600 &\n(setsid sh -c 'sleep 600 & sleep 600' &)\n\
                  (setsid sh -c '(setsid sleep 600 </dev/null >/dev/null 2>&1 &)' &)\necho done";
    let mut worker = test_env.start_task(&test_env.command_task(script));
    let took = finish_and_time(&test_env, &mut worker);
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(worker.outcome().exit_status, "exit code 0");
}

#[test]
fn grandchildren_that_ignore_signals_and_start_others_are_swept() {
    let test_env = TestEnv::new();
    let deaf = "trap '' INT TERM HUP; while :; do sleep 0.1; done";
    let heir = "trap 'setsid sleep 600 & exit' TERM; while :; do sleep 0.1; done";
    let script =
        format!("setsid sh -c \"{deaf}\" &\nsetsid sh -c \"{heir}\" &\nsleep 0.3\necho done");
    let mut worker = test_env.start_task(&test_env.command_task(&script));
    let took = finish_and_time(&test_env, &mut worker);
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert_eq!(worker.outcome().status, Status::Finished);
}

#[test]
fn a_process_without_a_readable_name_does_not_escape() {
    let test_env = TestEnv::new();
    let script = "cp \"$(command -v sleep)\" \"$(printf 's\\377) Z 1 (')\"\n\
                  setsid ./s* 600 >/dev/null 2>&1 &\nsleep 0.2\nrm ./s*\necho done";
    let mut worker = test_env.start_task(&test_env.command_task(script));
    finish_and_time(&test_env, &mut worker);
    assert_eq!(worker.outcome().status, Status::Finished);
}

#[test]
fn orphans_that_died_are_taken_in_while_the_task_works() {
    let test_env = TestEnv::new();
    let script = "i=0\nwhile [ $i -lt 50 ]; do (setsid true &); i=$((i+1)); done\n\
                  echo ready\nsleep 600";
    let mut worker = test_env.start_task(&test_env.command_task(script));
    worker.read_until_line("ready");
    let id = worker.child.id();
    wait_until("without zombies", || {
        let stats = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let stats =
            stats.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
        let zombie = format!(") Z {id} ");
        !stats.into_iter().any(|stat| stat.contains(&zombie))
    });
    worker.send(&WorkerControl::Stop);
    finish_and_time(&test_env, &mut worker);
}
