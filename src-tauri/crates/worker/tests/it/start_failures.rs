//! Tasks that can't begin.

use crate::test_env::TestEnv;
use regatta_protocol::event::StepState;
use regatta_protocol::worker::{AgentProgram, WorkerControl};
use regatta_protocol::{ErrorCode, Status};
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_program_that_is_not_there() {
    let test_env = TestEnv::new();
    let program = test_env.root().join("no-such-agent");
    for agent in [
        AgentProgram::Acp { program: program.clone(), args: Vec::new() },
        AgentProgram::Command { program, args: Vec::new() },
    ] {
        let test_env = TestEnv::new();
        let worker = test_env.run_task(&test_env.new_task(agent, "please"));
        worker.assert_failed(ErrorCode::AgentMissing);
        let step = worker.steps().pop().expect("a step");
        assert_eq!(
            (step.title.as_str(), step.state),
            ("Could not start the agent", StepState::Failed)
        );
    }
}

#[test]
fn a_program_that_may_not_be_run() {
    let test_env = TestEnv::new();
    let task = test_env.command_task("echo never");
    let program = test_env.root().join("agent.sh");
    std::fs::set_permissions(program, PermissionsExt::from_mode(0o644)).expect("the script");
    test_env.run_task(&task).assert_failed(ErrorCode::AgentMissing);
}

#[test]
fn a_text_that_no_command_line_holds() {
    let test_env = TestEnv::new();
    let mut task = test_env.command_task("echo never");
    task.prompt = "é".repeat(100_000);
    let worker = test_env.run_task(&task);
    worker.assert_failed(ErrorCode::BadRequest);

    let test_env = TestEnv::new();
    let mut task = test_env.command_task("echo never");
    task.prompt = "a\0b".into();
    test_env.run_task(&task).assert_failed(ErrorCode::BadRequest);

    let test_env = TestEnv::new();
    let mut task = test_env.practice_task("");
    task.prompt = format!("say {}", "é".repeat(100_000));
    assert_eq!(test_env.run_task(&task).outcome().status, Status::Finished, "ACP takes any text");
}

#[test]
fn a_place_that_is_taken_and_a_version_that_is_not_there() {
    let test_env = TestEnv::new();
    std::fs::create_dir(test_env.copy()).expect("a folder");
    test_env.run_task(&test_env.practice_task("say a")).assert_failed(ErrorCode::GitFailed);

    let test_env = TestEnv::new();
    let mut task = test_env.practice_task("say a");
    task.copy_commit = "1".repeat(40);
    let worker = test_env.run_task(&task);
    assert_eq!(worker.outcome().status, Status::Failed);
    assert!(!test_env.copy().exists(), "nothing is left behind");

    let test_env = TestEnv::new();
    let mut task = test_env.practice_task("say a");
    task.cache = test_env.root().join("nowhere");
    assert_eq!(test_env.run_task(&task).outcome().status, Status::Failed);
}

#[test]
fn a_task_that_is_stopped_at_once() {
    let test_env = TestEnv::new();
    let mut worker = test_env.start_task(&test_env.practice_task("write a.txt: a\nwait 600"));
    worker.send(&WorkerControl::Stop);
    worker.finish();
    assert_eq!(worker.outcome().status, Status::Stopped);
    assert_eq!(test_env.processes(), [""; 0]);
}
