//! Agents that misbehave: the task's end is told truly, and nothing is left behind.

use regatta_tests::{RunOutput, TestEnv};
use std::path::Path;
use std::time::{Duration, Instant};

/// Runs `script` as the agent of one task with any program's interface.
fn run_command_agent(env: &TestEnv, script: &str) -> RunOutput {
    let program = env.script("agent.sh", script);
    let command = format!("{} {{prompt}}", program.to_str().unwrap());
    env.run_batch(&[("Bad", "please")], &["--agent", "command", "--command", &command])
}

/// Runs `script` as an agent that should speak the Agent Client Protocol.
fn run_acp_agent(env: &TestEnv, script: &str) -> RunOutput {
    let program = env.script("agent.sh", script);
    let command = program.to_str().unwrap();
    env.run_batch(&[("Bad", "please")], &["--agent", "acp", "--command", command])
}

fn assert_failed(env: &TestEnv, ran: &RunOutput, code: &str) {
    assert_eq!(ran.exit_code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.status("Bad"), "failed", "{}", ran.stdout);
    let notice = &ran.outcome("Bad")["notice"];
    assert_eq!(notice["code"], code, "{notice}");
    for part in ["what", "safe", "next"] {
        assert!(!notice[part].as_str().unwrap().is_empty(), "{part} is said: {notice}");
    }
    env.assert_nothing_runs(Duration::from_secs(12));
}

#[test]
fn an_agent_that_exits_in_mid_turn() {
    let env = TestEnv::new();
    let ran = env.run_batch(&[("Bad", "write kept.txt: x\nexit 3")], &[]);
    assert_failed(&env, &ran, "agent_died");
    assert!(ran.outcome("Bad")["commit"].is_string(), "its work is kept");
}

#[test]
fn an_agent_that_kills_itself() {
    let env = TestEnv::new();
    let ran = run_command_agent(&env, "#!/bin/sh\necho before\nkill -9 $$\n");
    assert_failed(&env, &ran, "agent_died");
    assert_eq!(ran.transcript_lines("Bad", "out"), ["before"]);
    assert!(ran.outcome("Bad")["ended_by"].as_str().unwrap().contains('9'));
}

#[test]
fn a_command_with_an_exit_code() {
    let env = TestEnv::new();
    let ran =
        run_command_agent(&env, "#!/bin/sh\necho so far > kept.txt\necho broken >&2\nexit 7\n");
    assert_failed(&env, &ran, "agent_died");
    assert_eq!(ran.transcript_lines("Bad", "err"), ["broken"]);
    assert!(ran.outcome("Bad")["commit"].is_string(), "its work is kept");
}

#[test]
fn an_agent_that_does_not_speak_the_protocol() {
    let env = TestEnv::new();
    let ran = run_acp_agent(&env, "#!/bin/sh\necho 'Welcome to my agent!'\nexit 0\n");
    assert_eq!(ran.status("Bad"), "failed", "{}", ran.stdout);
    assert!(ran.stdout.contains("Welcome to my agent!"), "what it printed is kept: {}", ran.stdout);
    env.assert_nothing_runs(Duration::from_secs(12));
}

/// An agent in shell that says `update`s, and why its turn ended.
fn run_agent_with_updates(env: &TestEnv, updates: &[&str], reason: &str) -> RunOutput {
    let mut script = "#!/bin/sh\n\
        ask() { IFS= read -r line; id=$(printf '%s\\n' \"$line\" | sed 's/.*\"id\":\\(\"[^\"]*\"\\|[0-9]*\\).*/\\1/'); }\n\
        answer() { printf '{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\\n' \"$id\" \"$1\"; }\n\
        ask; answer '{\"protocolVersion\":1}'; ask; answer '{\"sessionId\":\"s\"}'; ask\n"
        .to_owned();
    for update in updates {
        let params = format!(r#"{{"sessionId":"s","update":{update}}}"#);
        script += &format!(
            "echo '{{\"jsonrpc\":\"2.0\",\"method\":\"session/update\",\"params\":{params}}}'\n"
        );
    }
    script += &format!("echo x > kept.txt; answer '{{\"stopReason\":\"{reason}\"}}'\n");
    run_acp_agent(env, &script)
}

#[test]
fn an_agent_that_ends_for_a_reason_that_nobody_knows() {
    let env = TestEnv::new();
    let ran = run_agent_with_updates(&env, &[], "tired");
    assert_failed(&env, &ran, "agent_protocol");
    let outcome = ran.outcome("Bad");
    assert!(outcome["commit"].is_string(), "its work is kept: {outcome}");
    let what = outcome["notice"]["what"].as_str().unwrap();
    assert!(what.contains("isn't known") && what.contains("tired"), "{what}");
    let shown = env.run_on_batch("show", "journey", &["--task", "Bad"]).stdout;
    assert!(shown.starts_with("Bad: Failed") && shown.contains(what), "{shown}");
}

#[test]
fn an_agent_whose_updates_nobody_knows_goes_on_and_finishes() {
    let env = TestEnv::new();
    let words = [
        r#"{"sessionUpdate":"dance","steps":3}"#,
        r#"{"sessionUpdate":"dance","steps":4}"#,
        r#"{"sessionUpdate":7}"#,
        r#"{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"Done."}}"#,
    ];
    let ran = run_agent_with_updates(&env, &words, "end_turn");
    assert_eq!(ran.status("Bad"), "finished", "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.transcript_lines("Bad", "said"), ["Done."]);
    let notes = ran.transcript_lines("Bad", "note");
    let unknown = |word: &str| {
        notes.iter().filter(|n| n.contains("doesn't understand") && n.contains(word)).count()
    };
    assert_eq!((unknown("dance"), unknown("without a kind")), (1, 1), "{notes:?}");
    env.assert_nothing_runs(Duration::from_secs(12));
}

#[test]
fn an_agent_that_closes_its_output_and_lives_on() {
    let env = TestEnv::new();
    let begun = Instant::now();
    let ran = run_acp_agent(&env, "#!/bin/sh\nexec >&- 2>&-\nexec sleep 600\n");
    assert_failed(&env, &ran, "agent_protocol");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn an_agent_that_hangs_meets_its_time_limit() {
    let env = TestEnv::new();
    let body = r#"{"parallel_tasks":[{"task_name":"Bad","prompt":"write kept.txt: x\nhang","time_limit_s":2}]}"#;
    let file = env.root().join("limited.json");
    std::fs::write(&file, body).unwrap();
    let mut command = env.regatta(&["run", "--json", "--repo"]);
    command.arg(env.project()).arg("--data-dir").arg(env.data_dir()).arg("--file").arg(file);
    let ran = RunOutput::from_output(command.output().unwrap());
    assert_failed(&env, &ran, "time_limit");
    assert!(ran.outcome("Bad")["commit"].is_string(), "its work is kept");
}

#[test]
fn an_agent_that_ignores_every_signal_but_one() {
    let env = TestEnv::new();
    let body =
        r#"{"parallel_tasks":[{"task_name":"Bad","prompt":"ignore stop\nhang","time_limit_s":1}]}"#;
    let file = env.root().join("limited.json");
    std::fs::write(&file, body).unwrap();
    let mut command = env.regatta(&["run", "--json", "--repo"]);
    command.arg(env.project()).arg("--data-dir").arg(env.data_dir()).arg("--file").arg(file);
    assert_failed(&env, &RunOutput::from_output(command.output().unwrap()), "time_limit");
}

#[test]
fn grandchildren_end_with_the_task() {
    let env = TestEnv::new();
    let script = "#!/bin/sh\nsleep 600 &\n(setsid sh -c 'sleep 600 & sleep 600' &)\necho done\n";
    let ran = run_command_agent(&env, script);
    assert_eq!(ran.exit_code, Some(0), "{}{}", ran.stdout, ran.stderr);
    env.assert_nothing_runs(Duration::from_secs(12));
}

#[test]
fn a_long_line_without_an_end_is_split_and_bytes_that_are_no_text_are_shown_as_such() {
    let env = TestEnv::new();
    let ran = run_command_agent(
        &env,
        "#!/bin/sh\nhead -c 3000000 /dev/zero | tr '\\0' 'a'\nprintf '\\nok \\303\\050 \\377\\n'\n",
    );
    assert_eq!(ran.exit_code, Some(0), "{}", ran.stderr);
    let lines = ran.transcript_lines("Bad", "out");
    let letters: usize = lines.iter().map(|l| l.matches('a').count()).sum();
    assert_eq!(letters, 3_000_000, "no byte is lost");
    assert!(lines.len() >= 4 && lines.iter().all(|l| l.len() <= 1024 * 1024 + 64));
    assert_eq!(lines.last().unwrap(), "ok \u{fffd}( \u{fffd}");
}

#[test]
fn a_gigabyte_without_a_newline_is_kept_in_bounded_memory() {
    let env = TestEnv::new();
    let script = "#!/bin/sh\nhead -c 1000000000 /dev/zero | tr '\\0' 'a'\n";
    let program = env.script("agent.sh", script);
    let command = format!("{} {{prompt}}", program.to_str().unwrap());
    let mut child = env
        .run_batch_command(&[("Bad", "please")], &["--agent", "command", "--command", &command])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        for (id, arguments) in env.processes() {
            if arguments.contains("regatta") {
                most = most.max(resident_kib(Path::new(&format!("/proc/{id}/status"))));
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(most > 0 && most < 200 * 1024, "{most} KiB at the most");
}

fn resident_kib(status: &Path) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}
