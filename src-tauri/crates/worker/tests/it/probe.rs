//! Agents that are only asked what they are and what they offer.

use crate::acp::ACP_SHELL;
use crate::test_env::{TestEnv, worker_program};
use regatta_protocol::ErrorCode;
use regatta_protocol::agent::EnvVar;
use regatta_protocol::worker::{AgentProgram, ProbeReport, ProbeTask};
use std::io::Write;
use std::process::{Command, Stdio};

/// What the worker reports of `agent`.
fn probe_agent(test_env: &TestEnv, agent: AgentProgram) -> ProbeReport {
    let folder = test_env.root().join("empty");
    std::fs::create_dir_all(&folder).expect("a folder");
    run_probe(test_env, &ProbeTask { agent, env: Vec::new(), folder, sandbox: None })
}

/// What the worker reports of `task`'s agent.
pub(crate) fn run_probe(test_env: &TestEnv, task: &ProbeTask) -> ProbeReport {
    let mut worker = Command::new(worker_program())
        .args(["worker", "--probe"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the worker starts");
    let line = serde_json::to_string(task).expect("a task");
    writeln!(worker.stdin.take().expect("piped"), "{line}").expect("the worker reads");
    let done = worker.wait_with_output().expect("it ends");
    assert!(done.status.success(), "{done:?}");
    let said = String::from_utf8(done.stdout).expect("text");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(test_env.processes(), [""; 0]);
    serde_json::from_str(&said).expect("a report")
}

fn probe_script(test_env: &TestEnv, script: &str) -> ProbeReport {
    probe_agent(test_env, test_env.acp_task(&format!("{ACP_SHELL}\n{script}")).agent)
}

#[test]
fn what_it_is_and_offers_is_reported() {
    let test_env = TestEnv::new();
    let report = probe_script(
        &test_env,
        r#"ask; answer '{"protocolVersion":1,"agentInfo":{"name":"x","version":"1.2"},"agentCapabilities":{"loadSession":true,"sessionCapabilities":{"resume":{}}}}'
ask; answer '{"sessionId":"s","modes":{"currentModeId":"a","availableModes":[{"id":"a","name":"A"}]}}'; ask"#,
    );
    assert_eq!(report.problem, None);
    assert_eq!((report.version.as_str(), report.can_resume, report.can_load), ("1.2", true, true));
    assert_eq!(report.capabilities.modes[0].name, "A");
    assert_eq!(report.capabilities.current.mode, "a");
    assert_eq!(report.signed_in, None, "it did not tell");
}

#[test]
fn one_that_is_signed_out_says_so() {
    let test_env = TestEnv::new();
    let report = probe_script(
        &test_env,
        r#"ask; answer '{"protocolVersion":1,"agentCapabilities":{"loadSession":true}}'; ask
printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":"Authentication required"}}\n' "$id"
ask"#,
    );
    assert_eq!((report.signed_in, report.problem), (Some(false), None));
    assert!(report.can_load && !report.can_resume);
}

#[test]
fn one_that_cannot_be_asked_says_why() {
    let test_env = TestEnv::new();
    let report = probe_script(&test_env, "echo 'no config' >&2; exit 3");
    let problem = report.problem.expect("a problem");
    assert_eq!(problem.code, ErrorCode::AgentDied);
    assert!(problem.details.expect("details").contains("no config"));

    let program = test_env.root().join("no-such-agent");
    let report = probe_agent(&test_env, AgentProgram::Acp { program, args: Vec::new() });
    assert_eq!(report.problem.expect("a problem").code, ErrorCode::AgentMissing);
}

#[test]
fn a_key_that_it_tells_is_not_in_the_report() {
    let test_env = TestEnv::new();
    let script = r#"ask; answer '{"protocolVersion":1,"agentInfo":{"version":"1 '"$AGENT_KEY"'"}}'; ask
printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32603,"message":"no luck with %s"}}\n' "$id" "$AGENT_KEY"
ask"#;
    let agent = test_env.acp_task(&format!("{ACP_SHELL}\n{script}")).agent;
    let path = std::env::var("PATH").expect("a path");
    let env = [("PATH", path), ("AGENT_KEY", "sk-of-this-agent".to_owned())];
    let env = env.map(|(name, value)| EnvVar { name: name.into(), value }).to_vec();
    let folder = test_env.root().join("empty");
    std::fs::create_dir_all(&folder).expect("a folder");
    let report = run_probe(&test_env, &ProbeTask { agent, env, folder, sandbox: None });
    assert_eq!(report.version, "1 [AGENT_KEY is not shown]");
    let problem = format!("{:?}", report.problem.expect("it had none"));
    assert!(problem.contains("no luck with [AGENT_KEY is not shown]"), "{problem}");
}
