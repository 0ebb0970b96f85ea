//! Conversations that go on, hear a person, and end for reasons of their own.

use crate::acp::ACP_SHELL;
use crate::test_env::{TestEnv, Worker};
use regatta_protocol::agent::AgentOptions;
use regatta_protocol::event::{AgentSession, Event, LineKind, Outcome, StepKind, TestRun};
use regatta_protocol::worker::WorkerTask;
use regatta_protocol::{ErrorCode, KnownAgent, Status};

fn session_named(id: &str) -> Option<AgentSession> {
    Some(AgentSession { id: id.into(), can_resume: true, can_load: true })
}

fn reported_session(worker: &Worker) -> AgentSession {
    let told = worker.events().find_map(|event| match event {
        Event::Session(session) => Some(session.clone()),
        _ => None,
    });
    told.expect("the session is told")
}

fn assert_finished(worker: &Worker) {
    assert_eq!(worker.outcome().status, Status::Finished, "{:#?}", worker.outcome());
}

/// A task for an agent in shell that keeps what it hears in `heard.txt`.
fn recording_task(test_env: &TestEnv, able: &str, script: &str) -> WorkerTask {
    test_env.acp_task(&format!(
        r#"{ACP_SHELL}
hear() {{ ask; printf '%s\n' "$line" >> ../heard.txt; }}
fault() {{ printf '{{"jsonrpc":"2.0","id":%s,"error":%s}}\n' "$id" "$1"; }}
hear; answer '{{"protocolVersion":1,"agentCapabilities":{able}}}'
{script}"#
    ))
}

fn recorded_input(test_env: &TestEnv) -> String {
    std::fs::read_to_string(test_env.root().join("heard.txt")).expect("what it heard")
}

#[test]
fn what_was_chosen_is_set_and_what_is_not_offered_is_noted() {
    let test_env = TestEnv::new();
    let mut task = test_env.practice_task("settings");
    task.options =
        AgentOptions { model: "haiku".into(), mode: "look".into(), effort: "extreme".into() };
    let worker = test_env.run_task(&task);
    assert_finished(&worker);
    assert_eq!(worker.outcome().last_message, "mode look, model haiku, effort low");
    let notes = worker.lines(LineKind::Note);
    assert!(notes.iter().any(|note| note.contains("doesn't offer the effort")), "{notes:?}");
    assert_eq!(Some(reported_session(&worker)), session_named("practice-1"));
}

#[test]
fn a_task_goes_on_in_its_copy_and_its_conversation() {
    let test_env = TestEnv::new();
    let first = test_env.run_task(&test_env.practice_task("write a.txt: a"));
    std::fs::write(test_env.copy().join("kept.txt"), "x\n").expect("a file");
    std::fs::write(test_env.copy().join(".git/index.lock"), "").expect("a lock");
    let mut task = test_env.practice_task("append a.txt: b\nrun git status --short");
    task.session = Some(reported_session(&first));
    task.reuse_copy = true;
    task.previous_summary = "Not to be told.".into();
    let worker = test_env.run_task(&task);
    assert_finished(&worker);
    assert_eq!(worker.titles()[0], "Went on in its copy");
    assert_eq!(test_env.read_copy_file("a.txt").as_deref(), Some("a\nb\n"));
    assert_eq!(test_env.read_copy_file("kept.txt").as_deref(), Some("x\n"));
    assert_eq!(worker.outcome().totals.files, 2);
    assert!(worker.lines(LineKind::AgentMessage).is_empty(), "nothing is told twice");
}

#[test]
fn a_copy_that_lost_its_history_gets_it_again_and_keeps_its_files() {
    let test_env = TestEnv::new();
    let first = test_env.run_task(&test_env.practice_task("write a.txt: a\nrun rm -rf .git"));
    let commit = first.outcome().commit.clone().expect("it is saved without");
    std::fs::write(test_env.copy().join("kept.txt"), "x\n").expect("a file");
    let reused = |prompt: &str| WorkerTask {
        reuse_copy: true,
        copy_commit: commit.clone(),
        ..test_env.practice_task(prompt)
    };
    let worker = test_env.run_task(&reused("run git status --short\nrun git log --format=%s"));
    assert_finished(&worker);
    assert_eq!(worker.titles()[0], "Went on in its copy");
    assert_eq!(worker.lines(LineKind::Stdout), ["?? kept.txt", "Paint the boat", "Begin"]);
    assert!(worker.lines(LineKind::Note).iter().any(|note| note.contains("lost its history")));
    assert_eq!(worker.outcome().totals.files, 2);
    // What an agent puts in its place leads git nowhere.
    let git_dir = test_env.copy().join(".git");
    std::fs::remove_dir_all(&git_dir).expect("it is there");
    std::fs::write(&git_dir, "gitdir: /nowhere\n").expect("a file");
    let worker = test_env.run_task(&reused("run git status --short"));
    assert_finished(&worker);
    assert_eq!(worker.lines(LineKind::Stdout), ["?? kept.txt"]);
}

#[test]
fn without_its_copy_it_is_made_again() {
    let test_env = TestEnv::new();
    let mut task = test_env.practice_task("write a.txt: a");
    task.reuse_copy = true;
    let worker = test_env.run_task(&task);
    assert_finished(&worker);
    assert_eq!(worker.titles()[0], "Made a separate copy of your project");
}

#[test]
fn a_conversation_is_loaded_without_telling_everything_again() {
    let test_env = TestEnv::new();
    let mut task = recording_task(
        &test_env,
        r#"{"loadSession":true}"#,
        r#"hear; say 'told again'; update '{"sessionUpdate":"tool_call","toolCallId":"a","title":"old"}'
answer 'null'; say 'and again'; hear; fault '{"code":-32601,"message":"no such method"}'
hear; say 'new words'; end"#,
    );
    task.session = session_named("old-one");
    task.session_meta = r#"{"claudeCode":{"options":{"maxTurns":3}}}"#.into();
    task.options.mode = "ask".into();
    task.previous_summary = "Not to be told.".into();
    let worker = test_env.run_task(&task);
    assert_finished(&worker);
    assert_eq!(worker.lines(LineKind::AgentMessage), ["new words"]);
    assert!(!worker.titles().contains(&"old"));
    let heard = recorded_input(&test_env);
    let lines: Vec<&str> = heard.lines().collect();
    assert!(lines[1].contains("session/load") && lines[1].contains("old-one"), "{heard}");
    assert!(lines[1].contains("\"maxTurns\":3"), "{heard}");
    assert!(lines[2].contains("session/set_mode") && lines[2].contains("\"ask\""), "{heard}");
    assert!(!lines[3].contains("Not to be told"), "{heard}");
    assert_eq!(reported_session(&worker).id, "old-one");
}

#[test]
fn a_conversation_that_is_gone_begins_anew_with_what_was_said() {
    let test_env = TestEnv::new();
    let able = r#"{"loadSession":true,"sessionCapabilities":{"resume":{}}}"#;
    let gone = r#"hear; fault '{"code":-32603,"message":"No previous sessions found"}'"#;
    let script = format!("{gone}; {gone}\nhear; answer '{{\"sessionId\":\"s\"}}'; hear; end");
    let mut task = recording_task(&test_env, able, &script);
    task.session = session_named("old-one");
    task.previous_summary = "The form is red.\n".into();
    let worker = test_env.run_task(&task);
    assert_finished(&worker);
    let heard = recorded_input(&test_env);
    let lines: Vec<&str> = heard.lines().collect();
    for (line, method) in lines.iter().skip(1).zip(["resume", "load", "new", "prompt"]) {
        assert!(line.contains(&format!("session/{method}")), "{method}: {line}");
    }
    let words =
        r"An earlier attempt said: The form is red.\nIts changes are in this folder.\n\nplease";
    assert!(lines[4].contains(words), "{heard}");
    assert_eq!(reported_session(&worker).id, "s");
}

#[test]
fn a_message_waits_for_the_turns_end() {
    let test_env = TestEnv::new();
    let mut worker = test_env.start_task(&test_env.practice_task("say first\nask Go on?"));
    let question = worker.read_until_question();
    worker.send_message("say second", false);
    worker.read_until("message", |event| *event == Event::Message { text: "say second".into() });
    worker.answer(&question, "1");
    worker.finish();
    assert_finished(&worker);
    let said = worker.lines(LineKind::AgentMessage);
    assert_eq!(said, ["first", "You: say second", "You chose: Yes", "second"]);
    let is_step = |event: &Event| matches!(event, Event::Step(step) if step.kind == StepKind::Message && step.title == "You: say second");
    assert!(worker.events().any(is_step));
    assert_eq!(worker.outcome().last_message, "second");
}

#[test]
fn a_message_may_interrupt_and_withdraws_what_was_asked() {
    let test_env = TestEnv::new();
    let mut worker = test_env.start_task(&test_env.practice_task("write a.txt: a\nask Go on?"));
    worker.read_until_question();
    worker.send_message("append a.txt: b\nsay other", true);
    worker.finish();
    assert_finished(&worker);
    assert!(worker.events().any(|e| matches!(e, Event::Answered { option: None, .. })));
    assert_eq!(test_env.read_copy_file("a.txt").as_deref(), Some("a\nb\n"));

    let test_env = TestEnv::new();
    let mut worker = test_env.start_task(&test_env.practice_task("say here\nwait 600"));
    worker.read_until_line("here");
    // Its turn isn't over before the second message is there.
    worker.send_message("say one\nask Go on? | Yes | No", true);
    let question = worker.read_until_question();
    worker.send_message("say two", false);
    worker.read_until("message", |event| *event == Event::Message { text: "say two".into() });
    worker.answer(&question, &question.options[0].id);
    worker.finish();
    assert_finished(&worker);
    // When what the person says is heard is another matter.
    let said = worker.lines(LineKind::AgentMessage).into_iter();
    let said: Vec<String> = said
        .filter(|line| !line.starts_with("You ") && !line.starts_with("You: "))
        .map(|line| line.to_string())
        .collect();
    assert_eq!(said[said.len() - 2..], ["one", "two"]);
}

#[test]
fn one_that_does_not_let_itself_be_interrupted_is_ended() {
    let test_env = TestEnv::new();
    let script = "hear; answer '{\"sessionId\":\"s\"}'; hear; echo x > a.txt; say working; \
                  while :; do sleep 0.1; done";
    let mut worker = test_env.start_task(&recording_task(&test_env, "{}", script));
    worker.read_until_line("working");
    worker.send_message("other", true);
    worker.finish();
    worker.assert_failed(ErrorCode::AgentProtocol);
    assert!(worker.outcome().notice.as_ref().expect("why").message.contains("interrupted"));
    assert!(worker.outcome().commit.is_some());
    assert_eq!(test_env.processes(), [""; 0]);
}

#[test]
fn a_command_hears_nothing_and_that_is_said() {
    let test_env = TestEnv::new();
    let mut worker = test_env.start_task(&test_env.command_task("echo ready; sleep 600"));
    worker.read_until_line("ready");
    worker.send_message("hello", true);
    worker.read_until("note", |event| match event {
        Event::Output { kind: LineKind::Note, text, .. } => text.contains("can't hear"),
        _ => false,
    });
    assert!(!worker.events().any(|event| matches!(event, Event::Message { .. })));
}

#[test]
fn errors_of_the_agents_service_are_told_apart() {
    let limit = r#"{"code":-32603,"message":"Internal error","data":{"errorKind":"rate_limit","resetsAt":4000000000}}"#;
    let key = r#"{"code":-32603,"message":"unexpected status 401 Unauthorized"}"#;
    for (error, code, retry_at) in [
        (limit, ErrorCode::UsageLimit, Some(4_000_000_000_000)),
        (key, ErrorCode::SignInNeeded, None),
    ] {
        let test_env = TestEnv::new();
        let script = format!("hear; answer '{{\"sessionId\":\"s\"}}'; hear; fault '{error}'");
        let worker = test_env.run_task(&recording_task(&test_env, "{}", &script));
        worker.assert_failed(code);
        assert_eq!(worker.outcome().retry_at, retry_at);
    }
}

/// An agent with its own form of an error, and whether it was known to be that agent.
fn end_with_words(words: &str, known_agent: Option<KnownAgent>) -> Outcome {
    let test_env = TestEnv::new();
    let task = test_env.practice_task(&format!("write a.txt: a\nsay {words}"));
    let worker = test_env.run_task(&WorkerTask { known_agent, ..task });
    assert!(worker.outcome().commit.is_some());
    worker.outcome().clone()
}

#[test]
fn an_error_in_the_last_words_counts_in_the_agents_own_form_and_with_doubt() {
    let claude = Some(KnownAgent::ClaudeCode);
    for (words, agent, code) in [
        (
            "API Error: 401 Invalid authentication credentials",
            claude,
            Some(ErrorCode::SignInNeeded),
        ),
        ("Claude AI usage limit reached|4000000000", claude, Some(ErrorCode::UsageLimit)),
        ("The API answers 401 now.", claude, None),
        ("Claude AI usage limit reached|4000000000", Some(KnownAgent::Codex), None),
        ("API Error: 401 Invalid authentication credentials", None, None),
    ] {
        let outcome = end_with_words(words, agent);
        assert_eq!(outcome.notice.as_ref().map(|notice| notice.code), code, "{words}");
        assert_eq!(outcome.is_doubtful, code.is_some(), "{words}");
    }
}

#[test]
fn what_a_command_prints_is_no_limit_and_no_sign_in() {
    for line in [
        "Error: 429 too many requests, retry after 5s",
        "error: 3 of 429 tests failed",
        "error: disk quota exceeded",
        "API Error: 401 Unauthorized",
    ] {
        let test_env = TestEnv::new();
        let worker = test_env.run_task(&test_env.command_task(&format!("echo '{line}'\nexit 1")));
        worker.assert_failed(ErrorCode::AgentDied);
        assert_eq!((worker.outcome().retry_at, worker.outcome().is_doubtful), (None, false));
    }
}

#[test]
fn a_task_that_costs_too_much_is_ended() {
    let test_env = TestEnv::new();
    let mut task = test_env.practice_task("write a.txt: a\ncost 19\nsay cheap\ncost 20\nwait 600");
    task.cost_limit_cents = Some(20);
    let worker = test_env.run_task(&task);
    worker.assert_failed(ErrorCode::CostLimit);
    assert!(worker.lines(LineKind::AgentMessage).contains(&"cheap"));
    assert!(worker.outcome().commit.is_some());
}

#[test]
fn the_tests_that_were_run_are_told() {
    let test_env = TestEnv::new();
    let make = "write Makefile: check:\\n\\t@test ! -e broken\nrun make check\nrun echo x > broken";
    let worker = test_env.run_task(
        &test_env.practice_task(&format!("{}\nrun make check", make.replace("\\t", "\t"))),
    );
    assert_finished(&worker);
    let failed = TestRun { command: "make check".into(), passed: Some(false) };
    assert_eq!(worker.outcome().tests, [failed]);
}
