//! Programs that should speak ACP and don't, or not for long.

use crate::acp::ACP_SHELL;
use crate::test_env::{TestEnv, Worker};
use regatta_protocol::event::LineKind;
use regatta_protocol::{ErrorCode, Status};
use std::time::{Duration, Instant};

fn run_script(test_env: &TestEnv, script: &str) -> Worker {
    let worker = test_env.run_task(&test_env.acp_task(&format!("{ACP_SHELL}\n{script}")));
    assert_eq!(test_env.processes(), [""; 0]);
    worker
}

#[test]
fn a_program_that_greets_and_leaves() {
    let test_env = TestEnv::new();
    let worker = run_script(&test_env, "echo 'Welcome to my agent!'; echo 'usage: …' >&2");
    worker.assert_failed(ErrorCode::AgentDied);
    assert_eq!(worker.lines(LineKind::Stdout), ["Welcome to my agent!"]);
    assert_eq!(worker.lines(LineKind::Stderr), ["usage: …"]);
}

#[test]
fn noise_and_unknown_updates_between_messages_are_shown_and_harmless() {
    let test_env = TestEnv::new();
    let worker = run_script(
        &test_env,
        r#"echo 'loading…'; ask; echo '{"level":"info"}'; answer '{"protocolVersion":1}'
ask; answer '{"sessionId":"s"}'; ask
echo '{"jsonrpc":"2.0","method":'; echo '[]'; printf 'bad \377 bytes\n'
update '{"sessionUpdate":"dance","steps":3}'; update '{"sessionUpdate":"dance","steps":4}'
update '{"sessionUpdate":"agent_message_chunk","content":{"type":"hologram"}}'
update '{"sessionUpdate":"available_commands_update","availableCommands":[]}'
printf '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"n\303"}}}}\n'
end"#,
    );
    assert_eq!(worker.outcome().status, Status::Finished, "{:#?}", worker.outcome());
    let expected = [
        "loading…",
        "{\"level\":\"info\"}",
        "{\"jsonrpc\":\"2.0\",\"method\":",
        "[]",
        "bad \u{fffd} bytes",
    ];
    assert_eq!(worker.lines(LineKind::Stdout), expected);
    assert_eq!(worker.lines(LineKind::AgentMessage), ["n\u{fffd}"]);
    let notes = worker.lines(LineKind::Note);
    assert_eq!(notes.iter().filter(|note| note.contains("dance")).count(), 1, "{notes:?}");
}

#[test]
fn one_that_closes_its_output_and_lives_on() {
    let test_env = TestEnv::new();
    let begun = Instant::now();
    let worker = run_script(&test_env, "exec >&- 2>&-\nexec sleep 600");
    worker.assert_failed(ErrorCode::AgentProtocol);
    assert!(begun.elapsed() < Duration::from_secs(10));
    let worker_two = {
        let test_env = TestEnv::new();
        run_script(
            &test_env,
            "begin; echo x > a.txt; exec >&- 2>&-\ntrap '' TERM\nwhile :; do sleep 0.1; done",
        )
    };
    worker_two.assert_failed(ErrorCode::AgentProtocol);
    assert!(worker_two.outcome().commit.is_some(), "its work is kept");
}

#[test]
fn one_that_dies_while_something_of_its_holds_the_pipe() {
    let test_env = TestEnv::new();
    let begun = Instant::now();
    let worker = run_script(&test_env, "begin; say 'so long'; sleep 600 & exit 4");
    worker.assert_failed(ErrorCode::AgentDied);
    assert_eq!(worker.outcome().exit_status, "exit code 4");
    assert_eq!(worker.lines(LineKind::AgentMessage), ["so long"]);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn one_that_leaves_right_after_its_last_word() {
    let test_env = TestEnv::new();
    let worker = run_script(&test_env, "begin; say 'bye'; end; exit 9");
    assert_eq!(worker.outcome().status, Status::Finished, "its word counts");
    assert_eq!(worker.outcome().exit_status, "exit code 9");
}

#[test]
fn one_that_does_not_leave_after_its_last_word() {
    let test_env = TestEnv::new();
    let begun = Instant::now();
    let worker = run_script(&test_env, "begin; say 'staying'; end; exec sleep 600");
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(worker.outcome().exit_status, "signal 15");
    assert!(begun.elapsed() < Duration::from_secs(8));
}

#[test]
fn one_that_only_repeats_what_it_hears() {
    let test_env = TestEnv::new();
    let worker = run_script(&test_env, "exec cat");
    worker.assert_failed(ErrorCode::AgentProtocol);
}

#[test]
fn one_that_never_answers_meets_the_time_limit() {
    let test_env = TestEnv::new();
    let mut task = test_env.acp_task("sleep 600");
    task.time_limit_s = Some(1);
    let worker = test_env.run_task(&task);
    worker.assert_failed(ErrorCode::TimeLimit);
}

#[test]
fn one_that_is_not_signed_in_or_speaks_another_version() {
    let test_env = TestEnv::new();
    let script = r#"ask; answer '{"protocolVersion":1}'; ask
printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":"Authentication required"}}\n' "$id"
ask"#;
    let worker = run_script(&test_env, script);
    worker.assert_failed(ErrorCode::SignInNeeded);
    assert!(worker.outcome().notice.as_ref().expect("why").message.contains("signed in"));

    let test_env = TestEnv::new();
    let worker = run_script(&test_env, r#"ask; answer '{"protocolVersion":9}'; ask"#);
    worker.assert_failed(ErrorCode::AgentProtocol);

    let test_env = TestEnv::new();
    let worker = run_script(
        &test_env,
        r#"ask; answer '{"protocolVersion":1}'; ask; answer '{"nothing":1}'; ask"#,
    );
    worker.assert_failed(ErrorCode::AgentProtocol);
}

#[test]
fn an_error_in_another_form_ends_the_turn_with_its_words() {
    for (error, said) in [
        (r#""it broke""#, "it broke"),
        (r#"{"code":"ECONNRESET","message":"it broke"}"#, "it broke"),
        (r#"{"code":-32603}"#, "-32603"),
        ("null", "answered with nothing"),
    ] {
        let test_env = TestEnv::new();
        // It goes on living: without the end of the turn the task would be at work for ever.
        let script = format!(
            r#"begin; printf '{{"jsonrpc":"2.0","id":%s,"error":%s}}\n' "$id" '{error}'; ask"#
        );
        let worker = run_script(&test_env, &script);
        worker.assert_failed(ErrorCode::AgentFailed);
        let message = &worker.outcome().notice.as_ref().expect("it says why").message;
        assert!(message.contains(said), "{error}: {message}");
    }
}

#[test]
fn half_a_surrogate_pair_is_replaced_and_the_rest_is_shown() {
    let test_env = TestEnv::new();
    let script = r#"begin
printf '%s\n' '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"cut \ud83d here"}}}}'
end"#;
    let worker = run_script(&test_env, script);
    assert_eq!(worker.lines(LineKind::AgentMessage), ["cut \u{fffd} here"]);
    assert_eq!(worker.lines(LineKind::Stdout), [""; 0]);
}
