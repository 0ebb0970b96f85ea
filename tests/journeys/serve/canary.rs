//! A token reaches git and nothing else: while it works and afterwards it is in no process's
//! arguments or environment, in no file, in no object, in no row and in no answer.

use super::secret_search::{ProcessWatcher, SecretPatterns};
use super::{TestServer, read_rest, read_until, request_body, serve_command};
use crate::log::read_log;
use regatta_tests::{GitHost, READ_TOKEN, TOKEN, TestEnv};
use serde_json::{Value, json};
use std::process::Command;

/// The agent shows what it knows, in its output and in what it commits.
const LEAKING_PROMPT: &str = "run env\nrun cat /proc/self/environ | tr '\\0' '\\n'\n\
                    run env > env.txt; git config --list > config.txt; ps ax > ps.txt\n\
                    ask Go on? | Yes | No\nwrite done.txt: done";

/// The host's repository, and a server that knows the host's certificate.
fn start_with_host(env: &TestEnv) -> (GitHost, TestServer) {
    let host = GitHost::https();
    host.add_repository("shop", &env.project());
    let mut starting = serve_command(env, &["--log", "trace"]);
    starting.env("GIT_SSL_CAINFO", host.certificate());
    (host, TestServer::spawn(env, starting))
}

async fn invoke_once(served: &TestServer, body: &Value) -> super::StreamingResponse {
    let mut headers = served.client.headers();
    headers.push(("content-type", "application/json".into()));
    headers.push(("idempotency-key", "once".into()));
    let body = body.to_string();
    served.client.open_stream("POST", "/invoke/stdout", &headers, body.as_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_nowhere_to_be_found() {
    let env = TestEnv::new();
    let (host, mut served) = start_with_host(&env);
    let needles = SecretPatterns::new(&[TOKEN, READ_TOKEN]);
    let watch = ProcessWatcher::start(served.child.id(), env.root(), needles.clone());
    let mut body =
        request_body(&env, &[("Look", LEAKING_PROMPT), ("Write", "write more.txt: more")]);
    body["repo_url"] = json!(host.url("shop"));
    body["github_token"] = json!(TOKEN);
    let mut pieces = invoke_once(&served, &body).await;
    assert_eq!(pieces.head.status, 200);
    let run = pieces.head.header("x-regatta-run").to_owned();
    let mut events = read_until(&mut pieces, |event| !event.data["question"].is_null()).await;
    let agent = needles.search_processes(served.child.id(), env.root());
    assert_eq!(agent.found, Vec::<String>::new());
    assert!(agent.searched_count >= 3, "the server, a worker and an agent: {agent:?}");
    assert_eq!(needles.search_folder(env.root()).found, Vec::<String>::new(), "while it works");
    let question = &events.last().unwrap().data["question"];
    let reply = json!({"question": question["id"], "option": question["options"][0]["id"]});
    let path = format!("/v1/runs/{run}/tasks/Look/reply");
    assert_eq!(served.client.post(&path, &reply).await.status, 200);
    events.extend(read_rest(&mut pieces).await);
    let seen = watch.stop();
    assert_eq!(seen.found, Vec::<String>::new());
    assert!(
        seen.command_lines.iter().any(|name| name.contains("git-remote-https")),
        "{:?}",
        seen.command_lines
    );

    let end = &events.last().unwrap().data;
    assert_eq!(end["status"], json!("finished"), "{end}");
    let there = host_branches(&env, &host);
    for task in end["tasks"].as_array().unwrap() {
        let line = format!("{} {}", task["branch"].as_str().unwrap(), task["commit"]);
        assert!(there.contains(&line.replace('"', "")), "{line}: {there:?}");
    }
    assert!(
        host.requests().iter().any(|l| l.contains("git-receive-pack") && l.ends_with("writer"))
    );

    let printed = super::printed_text(&events, "Look");
    assert!(printed.contains("PATH="), "the agent showed its environment: {printed}");
    let mut said = format!("{events:?}");
    let looks = ["", "/events", "/tasks/Look/diff", "/tasks/Write/diff"];
    let paths = looks.map(|look| format!("/v1/runs/{run}{look}"));
    for path in paths.iter().map(String::as_str).chain(["/v1/runs", "/v1/agents"]) {
        let answer = served.client.request("GET", path).await;
        said += &format!("{:?}{}", answer.headers, answer.text());
    }
    assert!(!needles.are_found_in(said.as_bytes()));
    let kept = needles.search_folder(env.root());
    assert_eq!(kept.found, Vec::<String>::new());
    assert!(
        kept.searched_count > 50,
        "files, objects and rows were looked at: {}",
        kept.searched_count
    );
    assert_eq!(served.terminate(), Some(0));
    assert_eq!(needles.search_folder(env.root()).found, Vec::<String>::new(), "after the end");
    assert_log_without_prompts(&env, &run);
}

fn assert_log_without_prompts(env: &TestEnv, run: &str) {
    let log = read_log(&env.data_dir());
    assert!(log.contains(run) && log.contains("regatta_worker"), "it holds what it can: {log}");
    for word in ["environ", "config.txt", "Go on?", "done.txt", "more.txt"] {
        assert!(!log.contains(word), "a word of a prompt: {word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_is_not_named_either() {
    let env = TestEnv::new();
    let (host, mut served) = start_with_host(&env);
    let wrong = "ghp-canary-of-nobody-5c1e";
    let needles = SecretPatterns::new(&[READ_TOKEN, wrong]);
    let mut body = request_body(&env, &[("Write", "write more.txt: more")]);
    body["repo_url"] = json!(host.url("shop"));
    body["github_token"] = json!(wrong);
    let refused = served.client.post("/invoke/stdout", &body).await;
    assert_eq!((refused.status, refused.error_code().as_str()), (422, "token_refused"));
    body["github_token"] = json!(READ_TOKEN);
    let mut pieces = invoke_once(&served, &body).await;
    let events = read_rest(&mut pieces).await;
    let end = &events.last().unwrap().data;
    assert!(end["tasks"][0]["branch"].is_null(), "it may not be pushed: {end}");
    assert!(end["tasks"][0]["commit"].is_string(), "and is kept here: {end}");
    let notice = events.iter().rev().find_map(|e| e.data["outcome"]["notice"].as_object());
    assert_eq!(notice.expect("it says so")["code"], json!("token_refused"));
    assert!(!needles.are_found_in(format!("{}{events:?}", refused.text()).as_bytes()));
    assert_eq!(served.terminate(), Some(0));
    assert_eq!(needles.search_folder(env.root()).found, Vec::<String>::new());
}

#[test]
fn the_search_finds_what_is_there() {
    let env = TestEnv::new();
    let planted = "ghp-canary-that-is-planted";
    let needles = SecretPatterns::new(&[planted]);
    let found = |places: usize, why: &str| {
        let found = needles.search_folder(env.root()).found;
        assert_eq!(found.len(), places, "{why}: {found:?}");
    };
    found(0, "at first");
    env.write("in/a/file.txt", format!("x{planted}x"));
    found(1, "in a file");
    env.write(&format!("{planted}.txt"), "");
    found(2, "in a name");
    env.commit("Plant");
    // The blob, the tree and the index, too.
    let before = needles.search_folder(env.root()).found.len();
    assert!(before > 3, "in objects, which are packed: {before}");
    let store = rusqlite::Connection::open(env.root().join("planted.db")).unwrap();
    store.execute_batch("CREATE TABLE t (a BLOB)").unwrap();
    let long = format!("{}{planted}", "x".repeat(20_000));
    store.execute("INSERT INTO t VALUES (?1)", [long.as_bytes()]).unwrap();
    assert!(needles.search_folder(env.root()).found.iter().any(|f| f.ends_with("planted.db: t")));
    let wait = |argument: &str, variable: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", "read -r x", "sh", argument]).env("PLANTED", variable);
        command.current_dir(env.root()).stdin(std::process::Stdio::piped()).spawn().unwrap()
    };
    for (argument, variable) in [(planted, ""), ("", planted)] {
        let mut child = wait(argument, variable);
        let by_place = needles.search_processes(0, env.root()).found;
        let by_parent = needles.search_processes(std::process::id(), "/nowhere".as_ref()).found;
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((by_place.len(), by_parent.len()), (1, 1), "{by_place:?} {by_parent:?}");
    }
}

/// The branches at the host with their commits.
fn host_branches(env: &TestEnv, host: &GitHost) -> Vec<String> {
    let there = host.repository("shop");
    let format = "--format=%(refname:short) %(objectname)";
    let listed = env.git(&["--git-dir", there.to_str().unwrap(), "for-each-ref", format]);
    listed.lines().map(str::to_owned).collect()
}
