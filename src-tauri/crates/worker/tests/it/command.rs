//! Any program as an agent.

use crate::test_env::TestEnv;
use regatta_protocol::event::LineKind;
use regatta_protocol::worker::AgentProgram;
use regatta_protocol::{ErrorCode, Status};

#[test]
fn a_command_that_ends_well_has_finished() {
    let test_env = TestEnv::new();
    let worker = test_env
        .run_task(&test_env.command_task("echo 'made it'\necho x > made.txt\necho aside >&2"));
    let outcome = worker.outcome();
    assert_eq!(outcome.status, Status::Finished, "{outcome:#?}");
    assert_eq!((outcome.totals.files, outcome.last_message.as_str()), (1, "made it"));
    assert_eq!(worker.lines(LineKind::Stdout), ["made it"]);
    assert_eq!(worker.lines(LineKind::Stderr), ["aside"]);
}

#[test]
fn the_prompt_is_one_argument_and_never_a_shells() {
    let test_env = TestEnv::new();
    let prompt = "a \"b\" $(touch pwned); `touch pwned` 'c\n\td' {prompt} --help";
    let mut task =
        test_env.command_task("printf '%s' \"$1\" > got.txt\nprintf '%s' \"$#\" > count.txt");
    task.prompt = prompt.to_owned();
    let worker = test_env.run_task(&task);
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(test_env.read_copy_file("got.txt").as_deref(), Some(prompt));
    assert_eq!(test_env.read_copy_file("count.txt").as_deref(), Some("1"));
    assert_eq!(test_env.read_copy_file("pwned"), None);
}

#[test]
fn only_an_argument_of_its_own_is_replaced() {
    let test_env = TestEnv::new();
    let mut task = test_env.command_task("printf '%s|' \"$@\" > got.txt");
    if let AgentProgram::Command { args, .. } = &mut task.agent {
        *args = ["x{prompt}", "{prompt}", "{other}"].map(str::to_owned).to_vec();
    }
    test_env.run_task(&task);
    assert_eq!(test_env.read_copy_file("got.txt").as_deref(), Some("x{prompt}|please|{other}|"));
}

#[test]
fn its_input_comes_from_nowhere() {
    let test_env = TestEnv::new();
    let worker = test_env.run_task(&test_env.command_task("cat > got.txt; echo read"));
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(test_env.read_copy_file("got.txt").as_deref(), Some(""));
}

#[test]
fn an_exit_code_is_a_failure_and_the_work_is_kept() {
    let test_env = TestEnv::new();
    let worker = test_env
        .run_task(&test_env.command_task("echo so far > kept.txt\necho broken >&2\nexit 7"));
    worker.assert_failed(ErrorCode::AgentDied);
    assert_eq!(worker.outcome().exit_status, "exit code 7");
    assert_eq!(worker.lines(LineKind::Stderr), ["broken"]);
    assert!(worker.outcome().commit.is_some());
}

#[test]
fn a_signal_is_a_failure() {
    let test_env = TestEnv::new();
    let worker = test_env.run_task(&test_env.command_task("echo before\nkill -9 $$"));
    worker.assert_failed(ErrorCode::AgentDied);
    assert_eq!(worker.outcome().exit_status, "signal 9");
    assert_eq!(worker.lines(LineKind::Stdout), ["before"]);
    assert_eq!(worker.outcome().notice.as_ref().expect("why").impact, "It had changed nothing.");
}

#[test]
fn closing_its_output_it_may_live_on() {
    let test_env = TestEnv::new();
    let worker =
        test_env.run_task(&test_env.command_task("exec >&- 2>&-\nsleep 0.5\necho x > late.txt"));
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(test_env.read_copy_file("late.txt").as_deref(), Some("x\n"));
}

#[test]
fn what_it_left_unended_is_shown() {
    let test_env = TestEnv::new();
    let worker =
        test_env.run_task(&test_env.command_task("printf 'a\\n\\nno end'; printf 'err' >&2"));
    assert_eq!(worker.lines(LineKind::Stdout), ["a", "", "no end"]);
    assert_eq!(worker.lines(LineKind::Stderr), ["err"]);
}

#[test]
fn bytes_that_are_no_text_are_shown_as_such() {
    let test_env = TestEnv::new();
    let slowly = "printf 'n\\303'; sleep 0.2; printf '\\251\\n'";
    let worker = test_env
        .run_task(&test_env.command_task(&format!("{slowly}\nprintf 'ok \\303\\050 \\377\\n'")));
    assert_eq!(worker.lines(LineKind::Stdout), ["né", "ok \u{fffd}( \u{fffd}"]);
}

#[test]
fn files_of_a_repository_inside_the_copy_are_saved_as_files() {
    let test_env = TestEnv::new();
    let script = "git init -q inner && echo x > inner/file && echo y > outer.txt";
    let worker = test_env.run_task(&test_env.command_task(script));
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(worker.outcome().totals.files, 2);
    let commit = worker.outcome().commit.as_deref().expect("a result");
    assert_eq!(test_env.git_in_cache(&["show", &format!("{commit}:inner/file")]), "x");
}

#[test]
fn what_is_left_out_is_told_with_its_reason() {
    let test_env = TestEnv::new();
    let script = "git worktree add -q --detach other; mkfifo pipe; truncate -s 1100M big\n\
                  echo x > a.txt";
    let worker = test_env.run_task(&test_env.command_task(script));
    assert_eq!(worker.outcome().totals.files, 1);
    let notes = worker.lines(LineKind::Note);
    for said in ["it is a project of its own: other", "it is larger than 1 GiB: big"] {
        assert!(notes.iter().any(|note| note.contains(said)), "{said}: {notes:?}");
    }
}

#[test]
fn what_it_does_to_the_copys_own_records_changes_nothing() {
    let test_env = TestEnv::new();
    let script = "git config user.name Evil; git config core.hooksPath hooks\n\
                  mkdir hooks; printf '#!/bin/sh\\ntouch ran\\n' > hooks/pre-commit\n\
                  chmod +x hooks/pre-commit\ngit commit -q --allow-empty -m own 2>/dev/null\n\
                  rm -rf .git/refs .git/objects; echo x > a.txt";
    let worker = test_env.run_task(&test_env.command_task(script));
    let outcome = worker.outcome();
    assert_eq!(outcome.status, Status::Finished, "{outcome:#?}");
    let commit = outcome.commit.as_deref().expect("a result");
    assert_eq!(test_env.git_in_cache(&["log", "-1", "--format=%an", commit]), "Ada");
    assert_eq!(test_env.git_in_cache(&["show", &format!("{commit}:a.txt")]), "x");
}

#[test]
fn a_copy_that_the_agent_removed_is_told() {
    let test_env = TestEnv::new();
    let worker = test_env
        .run_task(&test_env.command_task("rm -rf \"$PWD\"; mkdir -p ../elsewhere; echo gone"));
    worker.assert_failed(ErrorCode::GitFailed);
    let notice = worker.outcome().notice.as_ref().expect("why");
    assert!(notice.message.contains("could not be saved"), "{notice:?}");
}
