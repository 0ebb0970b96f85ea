//! What an agent connects to, as the system saw it.

use super::real_agents_env::RealAgentsEnv;
use super::{EDIT_PROMPT, KnownAgent};
use regatta_protocol::{Safety, Status};
use regatta_tests::{TestEnv, regatta_program};
use std::fs;
use std::path::PathBuf;

/// A worker whose every connection is written down.
fn strace_wrapper(env: &TestEnv) -> PathBuf {
    let log = env.root().join("connections");
    let text = format!(
        "#!/bin/sh\nexec strace -f -qq -e trace=connect,sendto,sendmsg,sendmmsg -o '{}' '{}' \"$@\"\n",
        log.display(),
        regatta_program().display()
    );
    env.script("watching", &text)
}

/// Calls that name an address of the internet, in the log of strace.
fn internet_calls(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("sa_family=AF_INET")).collect()
}

fn is_loopback(line: &str) -> bool {
    line.contains("inet_addr(\"127.") || line.contains("\"::1\"")
}

pub(super) async fn connects_to_the_model_only(agent: KnownAgent) {
    if std::process::Command::new("strace").arg("--version").output().is_err() {
        eprintln!("strace isn't there, so connections of {} aren't watched.", agent.label());
        return;
    }
    let Some(agents_env) = RealAgentsEnv::with_program(&[agent], strace_wrapper).await else {
        return;
    };
    let task = agents_env.start_task(agent, EDIT_PROMPT, Safety::Balanced).await;
    let view = agents_env.wait_until_over(&task).await;
    assert_eq!(view.status, Status::Finished, "{}", agents_env.describe(&task).await);
    agents_env.engine.close().await;
    let log = fs::read_to_string(agents_env.root().join("connections")).expect("a log");
    let calls = internet_calls(&log);
    let model = agents_env.model_url();
    let port = model.rsplit(':').next().expect("a port");
    let to_the_model = |line: &&str| line.contains(&format!("htons({port})"));
    assert!(calls.iter().any(to_the_model), "it asked the model: {log}");
    let elsewhere: Vec<_> = calls.iter().filter(|line| !is_loopback(line)).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:#?}");
}

#[test]
fn a_call_to_elsewhere_is_seen() {
    let log = "1 connect(3, {sa_family=AF_UNIX, sun_path=\"/x\"}, 5) = 0\n\
        1 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0\n\
        1 connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr(\"192.0.2.1\")}, 16) = 0\n";
    let calls = internet_calls(log);
    assert_eq!(calls.len(), 2);
    assert_eq!(calls.into_iter().filter(|line| is_loopback(line)).count(), 1);
}
