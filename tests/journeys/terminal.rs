//! What the terminal's `regatta run` does with a batch's file: its token, its endpoint, and what
//! programs read of it.

use regatta_tests::{GitHost, RunOutput, TOKEN, TestEnv};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

/// The key of the endpoint.
const KEY: &str = "key-canary-0123456789abcdef01234567";

/// Runs the batch of that file.
fn run_file(env: &TestEnv, batch: &Value, more: &[&str]) -> RunOutput {
    let file = env.root().join("batch.json");
    fs::write(&file, batch.to_string()).unwrap();
    let mut command = env.regatta(&["run", "--json", "--file"]);
    command.arg(file).arg("--data-dir").arg(env.data_dir()).args(more);
    RunOutput::from_output(command.output().unwrap())
}

#[test]
fn the_first_line_of_json_names_the_batch() {
    let env = TestEnv::new();
    let ran = env.run_batch(&[("A", "say Yes.")], &[]);
    let first: Value = serde_json::from_str(ran.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(first["event"], "run");
    assert_eq!(first["name"], "journey");
    let id = first["run_id"].as_str().unwrap();
    assert!(ran.stderr.contains(id), "{}", ran.stderr);
    let shown = env.run_on_batch("show", id, &["--json"]);
    assert_eq!(shown.stdout.lines().next(), ran.stdout.lines().next());
    assert_eq!(shown.events().iter().filter(|event| event["event"] == "run").count(), 1);
}

#[test]
fn a_token_of_the_file_opens_its_repository_and_is_shown_nowhere() {
    let (env, host) = (TestEnv::new(), GitHost::http());
    host.add_repository("shop", &env.project());
    let batch = |token: Value| {
        json!({ "repo_url": host.url("shop"), "github_token": token,
            "parallel_tasks": [{ "task_name": "A", "prompt": "write a.txt: a\nrun env" }] })
    };
    for token in [json!(""), Value::Null, json!("wrong")] {
        let ran = run_file(&env, &batch(token), &[]);
        assert_eq!(ran.exit_code, Some(2), "{}", ran.stdout);
        assert!(ran.stderr.contains("the batch's file"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("settings"), "{}", ran.stderr);
    }
    let ran = run_file(&env, &batch(json!(TOKEN)), &[]);
    assert_eq!((ran.exit_code, &*ran.status("A")), (Some(0), "finished"), "{}", ran.stderr);
    assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN));
    for (path, bytes) in files_below(&env.data_dir()) {
        assert!(!bytes.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes()), "{path}");
    }
}

#[test]
fn a_batch_of_the_terminal_runs_at_an_endpoint() {
    let (here, there) = (TestEnv::new(), TestEnv::new());
    let (mut server, address) = start_server(&there);
    let key = here.root().join("key");
    fs::write(&key, format!("{KEY}\n")).unwrap();
    let batch = json!({ "repo_url": there.project(),
        "endpoint": { "id": "there", "name": "There", "address": address },
        "parallel_tasks": [{ "task_name": "A", "prompt": "say From there." }] });
    let without = run_file(&here, &batch, &[]);
    assert_eq!(without.exit_code, Some(2), "{}", without.stdout);
    assert!(without.stderr.contains("--endpoint-key-file"), "{}", without.stderr);
    assert!(!without.stderr.contains("settings"), "{}", without.stderr);

    let ran = run_file(&here, &batch, &["--endpoint-key-file", key.to_str().unwrap()]);
    assert_eq!((ran.exit_code, &*ran.status("A")), (Some(0), "finished"), "{}", ran.stderr);
    assert!(ran.stdout.contains("From there."), "{}", ran.stdout);
    assert!(!ran.stdout.contains(KEY) && !ran.stderr.contains(KEY));

    fs::write(&key, "another-key-0123456789abcdef01234567").unwrap();
    let ran = run_file(&here, &batch, &["--endpoint-key-file", key.to_str().unwrap()]);
    assert_eq!(ran.exit_code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("key_refused"), "{}", ran.stdout);
    server.kill().unwrap();
    server.wait().unwrap();
}

/// Regatta's own server as the endpoint, and its address.
fn start_server(env: &TestEnv) -> (Child, String) {
    let key = env.root().join("key");
    fs::write(&key, KEY).unwrap();
    let mut serve = env.regatta(&["serve", "--listen", "127.0.0.1:0", "--api-key-file"]);
    serve.arg(key).arg("--data-dir").arg(env.data_dir()).arg("--allow-root").arg(env.root());
    let mut server = serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("Regatta listens on ").unwrap().to_owned();
    (server, address)
}

fn files_below(dir: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .flat_map(|entry| match entry.file_type().unwrap() {
            kind if kind.is_dir() => files_below(&entry.path()),
            kind if kind.is_file() => {
                vec![(entry.path().display().to_string(), fs::read(entry.path()).unwrap())]
            }
            _ => Vec::new(),
        })
        .collect()
}
