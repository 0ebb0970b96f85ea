//! Keys of agents, of an endpoint and of a repository: each agent finds its own key and no other,
//! and what agents print of them is neither kept nor shown.

use super::secret_search::SecretPatterns;
use super::{TestServer, read_rest, read_until, request_body, serve_command};
use crate::remote::wait_for as seen;
use regatta_engine::{BoxFuture, CredentialProvider, Engine, EngineOptions};
use regatta_protocol::agent::AgentSelection;
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::{
    AgentChoice, BatchRequest, EndpointId, KnownAgent, Secret, Status, TaskRequest, UserMessage,
};
use regatta_tests::{GitHost, TOKEN, TestEnv, regatta_program};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Keys in the shell that starts the server, and others in the app's key store.
const SHELL_CLAUDE: &str = "sk-canary-shell-claude-71c0";
const SHELL_CODEX: &str = "sk-canary-shell-codex-85ab";
const SHELL_TOKEN: &str = "ghp-canary-shell-of-a-person-2f";
const APP_CLAUDE: &str = "sk-canary-app-claude-93de";
const APP_CODEX: &str = "sk-canary-app-codex-40bf";
/// Is printed beside the keys.
const PLANTED: &str = "planted-8e21c5d07f";

/// An agent that prints all it knows in every way there is, and asks before it ends in an error.
const LEAKING_AGENT: &str = r#"#!/bin/sh
case $0 in *codex*) key=$OPENAI_API_KEY;; *) key=$ANTHROPIC_API_KEY;; esac
first=${key%??????}; second=${key#"$first"}
id() { printf '%s\n' "$1" | sed 's/.*"id":\("[^"]*"\|[0-9]*\).*/\1/'; }
update() { printf '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":%s}}\n' "$1"; }
text() { printf '{"type":"text","text":"%s"}' "$1"; }
say() { update '{"sessionUpdate":"agent_message_chunk","content":'"$(text "$1")"'}'; }
leak() {
env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\0' '\n'
echo "told $key" >&2; echo PLANTED
say "whole $key and in parts $first"; say "$second "; sleep 0.5; say "late $first"; sleep 0.5; say "$second\n"
update '{"sessionUpdate":"tool_call","toolCallId":"c","title":"Use '"$key"'","kind":"execute","rawInput":{"command":"make '"$key"'"}}'
update '{"sessionUpdate":"tool_call_update","toolCallId":"c","content":[{"type":"content","content":'"$(text "out $key PLANTED")"'}],"status":"completed"}'
update '{"sessionUpdate":"plan","entries":[{"content":"Use '"$key"'","priority":"high","status":"pending"}]}'
printf '{"jsonrpc":"2.0","id":"q","method":"session/request_permission","params":{"sessionId":"s","toolCall":{"toolCallId":"d","title":"make %s","kind":"execute","rawInput":{"command":"make %s"}},"options":[{"optionId":"go","name":"Allow %s","kind":"allow_once"}]}}\n' "$key" "$key" "$key"
}
while IFS= read -r line; do
case $line in
*'"method":"initialize"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":1}}\n' "$(id "$line")";;
*'"method":"session/new"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"sessionId":"s"}}\n' "$(id "$line")";;
*'"method":"session/prompt"'*) prompt=$(id "$line"); leak;;
*'"id":"q"'*) printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32603,"message":"no luck with %s","data":"%s"}}\n' "$prompt" "$key" "$key";;
*'"method"'*'"id"'*|*'"id"'*'"method"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{}}\n' "$(id "$line")";;
esac; done
"#;

/// The two agents on a search path of their own, and a home.
struct AgentKeysEnv {
    env: TestEnv,
    path: String,
    home: PathBuf,
}

impl AgentKeysEnv {
    fn new() -> Self {
        let env = TestEnv::new();
        let (programs, home) = (env.root().join("programs"), env.root().join("home"));
        fs::create_dir_all(&programs).unwrap();
        fs::create_dir_all(&home).unwrap();
        for name in ["claude-agent-acp", "codex-acp"] {
            let script = LEAKING_AGENT.replace("PLANTED", PLANTED);
            fs::rename(env.script(name, &script), programs.join(name)).unwrap();
        }
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        Self { env, path, home }
    }
}

/// The processes that hold `secret`: where, and what they are.
fn processes_holding(secret: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let shown = String::from_utf8_lossy(&arguments).replace('\0', " ");
        for name in ["cmdline", "environ"] {
            let bytes = fs::read(entry.path().join(name)).unwrap_or_default();
            if String::from_utf8_lossy(&bytes).contains(secret) {
                found.push((name, shown.clone()));
            }
        }
    }
    found
}

/// While its agent asks: only that agent and `also` have the key, in their environment.
fn assert_held_by(secret: &str, agent: &str, also: &str) {
    let holders = processes_holding(secret);
    assert!(holders.iter().any(|(_, shown)| shown.contains(agent)), "it has its own: {holders:?}");
    for (place, shown) in &holders {
        assert_eq!(*place, "environ", "{shown}");
        let may = shown.contains(agent) || (!also.is_empty() && shown.contains(also));
        assert!(may, "{shown}");
    }
}

fn assert_none_kept(secrets: &[&str], folder: &Path) {
    let kept = SecretPatterns::new(secrets).search_folder(folder);
    assert_eq!(kept.found, Vec::<String>::new(), "{}", folder.display());
    let planted = SecretPatterns::new(&[PLANTED]).search_folder(folder).found;
    for part in [".db", "agent.jsonl"] {
        assert!(planted.iter().any(|place| place.contains(part)), "{part}: {planted:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_streams_and_keeps_no_key_of_an_agent() {
    let keys_env = AgentKeysEnv::new();
    let (env, host) = (&keys_env.env, GitHost::https());
    host.add_repository("shop", &env.project());
    let mut starting = serve_command(env, &["--agent", "claude-code", "--agent", "codex"]);
    starting.env("PATH", &keys_env.path).env("HOME", &keys_env.home);
    starting.env("GIT_SSL_CAINFO", host.certificate());
    starting.env("ANTHROPIC_API_KEY", SHELL_CLAUDE).env("OPENAI_API_KEY", SHELL_CODEX);
    starting.env("GITHUB_TOKEN", SHELL_TOKEN);
    let mut served = TestServer::spawn(env, starting);
    let server_key = served.client.key.clone();
    let secrets = [SHELL_CLAUDE, SHELL_CODEX, SHELL_TOKEN, TOKEN, server_key.as_str()];
    let needles = SecretPatterns::new(&secrets);
    for (agent, program, own, variable) in [
        ("claude-code", "claude-agent-acp", SHELL_CLAUDE, "ANTHROPIC_API_KEY"),
        ("codex", "codex-acp", SHELL_CODEX, "OPENAI_API_KEY"),
    ] {
        let mut body = request_body(env, &[("Leak", "please")]);
        body["repo_url"] = json!(host.url("shop"));
        body["github_token"] = json!(TOKEN);
        body["agent"] = json!(agent);
        let mut pieces = served.invoke(&body).await;
        let run = pieces.head.header("x-regatta-run").to_owned();
        let mut events = read_until(&mut pieces, |event| !event.data["question"].is_null()).await;
        // The server has it from its shell, and with it the workers.
        assert_held_by(own, program, "regatta ");
        for other in [TOKEN, &server_key] {
            assert_eq!(processes_holding(other), [], "it is in no process that can be looked at");
        }
        let question = &events.last().unwrap().data["question"];
        let reply = json!({"question": question["id"], "option": question["options"][0]["id"]});
        let path = format!("/v1/runs/{run}/tasks/Leak/reply");
        assert_eq!(served.client.post(&path, &reply).await.status, 200);
        events.extend(read_rest(&mut pieces).await);
        let end = &events.last().unwrap().data;
        assert_eq!(end["status"], json!("failed"), "{end}");
        let again = served.client.request("GET", &format!("/v1/runs/{run}/events")).await.text();
        for said in [format!("{events:?}"), again] {
            assert!(!needles.are_found_in(said.as_bytes()), "{said}");
            for part in [PLANTED, &format!("[{variable} is not shown]"), "no luck with ["] {
                assert!(said.contains(part), "{part}: {said}");
            }
        }
    }
    assert_none_kept(&secrets, &env.data_dir());
    assert_eq!(served.terminate(), Some(0));
    assert_none_kept(&secrets, &env.data_dir());
}

/// The app's key store.
#[derive(Debug)]
struct AppKeys(Secret);

impl CredentialProvider for AppKeys {
    fn endpoint_key<'a>(&'a self, _: &'a Endpoint) -> BoxFuture<'a, Result<Secret, UserMessage>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }

    fn git_token<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Option<Secret>> {
        Box::pin(std::future::ready(Some(Secret::new(TOKEN))))
    }

    fn agent_key(&self, agent: KnownAgent) -> BoxFuture<'_, Option<Secret>> {
        let key = match agent {
            KnownAgent::ClaudeCode => Some(Secret::new(APP_CLAUDE)),
            KnownAgent::Codex => Some(Secret::new(APP_CODEX)),
            _ => None,
        };
        Box::pin(std::future::ready(key))
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn an_app_hands_each_agent_its_own_key_and_keeps_none() {
    let keys_env = AgentKeysEnv::new();
    let env = &keys_env.env;
    let served = TestServer::start(env, &[]);
    let endpoint_key = served.client.key.clone();
    let secrets = [APP_CLAUDE, APP_CODEX, TOKEN, endpoint_key.as_str()];
    let data = env.root().join("app");
    let keys = Arc::new(AppKeys(Secret::new(&endpoint_key)));
    let home = keys_env.home.display().to_string();
    let environment = [("PATH", keys_env.path.clone()), ("HOME", home)];
    let environment = environment.map(|(name, value)| (name.to_owned(), value)).into_iter();
    let mut options = EngineOptions::new(data.clone(), regatta_program(), 3, keys);
    options.environment = environment.collect();
    let engine = Engine::open(options).await.unwrap();

    let task = |name: &str, prompt: &str| TaskRequest {
        task_name: name.into(),
        prompt: prompt.into(),
        ..TaskRequest::default()
    };
    let batch = BatchRequest {
        name: "Spring".into(),
        project: env.project().display().to_string(),
        ..BatchRequest::default()
    };
    let address = served.url.clone();
    let id = EndpointId::parse("here").unwrap();
    let there = BatchRequest {
        endpoint: Some(Endpoint { id, name: "Here".into(), address }),
        parallel_tasks: vec![task("There", &format!("run env\nsay {PLANTED}"))],
        ..batch.clone()
    };
    let there = engine.start(there).await.unwrap();
    let pick =
        |id| AgentSelection { agent: AgentChoice::Known { id }, options: Default::default() };
    let agents = [KnownAgent::ClaudeCode, KnownAgent::Codex].map(pick).to_vec();
    let here = BatchRequest {
        parallel_tasks: vec![TaskRequest { agents, ..task("Leak", "please") }],
        ..batch
    };
    let here = engine.start(here).await.unwrap();
    assert_eq!(here.tasks.len(), 2, "one for each agent");
    for task in &here.tasks {
        seen(&engine, &task.id, |view| !view.questions.is_empty()).await;
    }
    assert_held_by(APP_CLAUDE, "claude-agent-acp", "");
    assert_held_by(APP_CODEX, "codex-acp", "");
    for other in [TOKEN, &endpoint_key] {
        assert_eq!(processes_holding(other), []);
    }
    let mut told = String::new();
    for task in &here.tasks {
        let asking = engine.task(&task.id).await.unwrap();
        let question = &asking.questions[0];
        engine.answer(&task.id, &question.id, &question.options[0].id).await.unwrap();
        let over = seen(&engine, &task.id, |view| view.status.is_over()).await;
        assert_eq!(over.status, Status::Failed);
        let transcript = env.root().join("transcript");
        engine.write_output(&task.id, &transcript).await.unwrap();
        told += &format!("{asking:?}{over:?}{}", fs::read_to_string(&transcript).unwrap());
        fs::remove_file(transcript).unwrap();
    }
    let there = &there.tasks[0].id;
    let over = seen(&engine, there, |view| view.status.is_over()).await;
    assert_eq!(over.status, Status::Finished, "{:?}", over.notice);
    told += &format!("{:?}", engine.events(&here.batch.id, 0, 500).await.unwrap());
    for part in [PLANTED, "[ANTHROPIC_API_KEY is not shown]", "[OPENAI_API_KEY is not shown]"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!SecretPatterns::new(&secrets).are_found_in(told.as_bytes()), "{told}");
    assert_none_kept(&secrets, &data);
    engine.close().await;
    assert_none_kept(&secrets, &data);
    assert_none_kept(&secrets[..3], &env.data_dir());
}
