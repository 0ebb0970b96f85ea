//! A server in this process on a project of its own, with a worker in a few lines of shell.

use crate::http_client::{HttpClient, HttpResponse, StreamingResponse};
use regatta_engine::{Engine, EngineOptions, NoCredentials, project};
use regatta_protocol::{AgentChoice, Safety};
use regatta_server::{AgentRegistry, ApiKey, Limits, NamedAgent, Server, ServerOptions};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const KEY: &str = "an-open-secret";

/// The prompt says what it does.
const WORKER: &str = r#"#!/bin/sh
[ "$2" = alone ] || exec setsid "$0" worker alone
say() { seq=$((seq + 1)); printf '{"seq":%d,"at":1,%s}\n' "$seq" "$1"; }
finish() { say '"event":"outcome","status":"'"$1"'"'; exit 0; }
read -r task
say '"event":"status","status":"working"'
case "$task" in
*'"prompt":"Loud"'*)
    line=$(printf '%01000d' 7)
    n=0
    while [ $n -lt 20000 ]; do
        say '"event":"output","kind":"out","text":"'$n' '$line'"'
        n=$((n + 1))
    done
    finish finished ;;
*'"prompt":"Careful?"'*)
    case "$task" in
    *'"safety":"careful"'*) finish finished ;;
    *) finish stopped ;;
    esac ;;
*'"prompt":"Model?"'*)
    model=${task#*'"options":{"model":"'}
    say '"event":"output","kind":"out","text":"'"${model%%'"'*}"'"'
    finish finished ;;
*'"prompt":"Ask"'*)
    say '"event":"question","id":"q1","title":"Go?","options":[{"id":"y","label":"Yes","kind":"allow_once"},{"id":"n","label":"No","kind":"reject_once"}]'
    while read -r control; do
        case "$control" in
        *'"option":"'*)
            option=${control#*'"option":"'}
            say '"event":"answered","question":"q1","option":"'"${option%%'"'*}"'"'
            finish finished ;;
        *stop*) finish stopped ;;
        esac
    done ;;
*'"prompt":"Wait"'*)
    while read -r control; do
        case "$control" in
        *stop*) finish stopped ;;
        esac
    done ;;
*) finish finished ;;
esac
"#;

/// The practice agent, which was asked once, and one that never was.
fn agents() -> AgentRegistry {
    let never = AgentChoice::Acp { command: vec!["/bin/true".into()], env: Vec::new() };
    let named = |name: &str, agent| NamedAgent { name: name.into(), agent };
    AgentRegistry::new(vec![named("practice", AgentChoice::Practice), named("never", never)])
        .unwrap()
}

fn probed_agents() -> Value {
    let model = |id: &str, name: &str| json!({"id": id, "name": name});
    let models = [model("paper", "Paper boat"), model("tin", "Haiku, of tin")];
    let report = json!({"offers": {"models": models}});
    json!([{"agent": AgentChoice::Practice, "at": 1, "report": report}])
}

/// A running server.
pub(crate) struct ServerEnv {
    pub(crate) dir: TempDir,
    pub(crate) client: HttpClient,
    shutdown: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<std::io::Result<()>>>,
}

impl ServerEnv {
    pub(crate) async fn new() -> Self {
        Self::with_limits(Limits::default()).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        let dir = TempDir::with_prefix("regatta-server-").unwrap();
        let project = dir.path().join("root/project");
        fs::create_dir_all(&project).unwrap();
        fs::write(project.join("a.txt"), "one\n").unwrap();
        project::init(project.to_str().unwrap()).await.unwrap();
        let program = dir.path().join("worker.sh");
        fs::write(&program, WORKER).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let data_dir = dir.path().join("data");
        fs::create_dir_all(&data_dir).unwrap();
        fs::write(data_dir.join("agents.json"), probed_agents().to_string()).unwrap();
        let options = EngineOptions::new(data_dir, program, 8, Arc::new(NoCredentials));
        let engine = Engine::open(options).await.unwrap();
        let server = Server::bind(ServerOptions {
            listen: ([127, 0, 0, 1], 0).into(),
            key: ApiKey::parse(KEY).unwrap(),
            hosts: Vec::new(),
            tls: None,
            allow_insecure_http: false,
            roots: vec![dir.path().join("root")],
            agents: agents(),
            safety: Safety::Careful,
            limits,
        });
        let server = server.await.unwrap();
        let caller = HttpClient { address: server.address(), key: KEY.to_owned() };
        let (end, ended) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(engine, async move {
            drop(ended.await);
        }));
        Self { dir, client: caller, shutdown: Some(end), serving: Some(serving) }
    }

    /// The body of a request with one task for each prompt, named after its place.
    pub(crate) fn batch_body(&self, prompts: &[&str]) -> Value {
        let task =
            |(n, prompt): (usize, &&str)| json!({"task_name": format!("t{n}"), "prompt": prompt});
        let tasks: Vec<Value> = prompts.iter().enumerate().map(task).collect();
        json!({"repo_url": self.project(), "github_token": "", "parallel_tasks": tasks})
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.dir.path().join("root/project")
    }

    /// Starts a batch and waits for its end.
    pub(crate) async fn run_batch(&self, prompts: &[&str]) -> HttpResponse {
        let answer = self.client.post("/invoke/stdout", &self.batch_body(prompts)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer
    }

    /// Starts a batch; its stream, of which nothing was read.
    pub(crate) async fn start_batch(&self, prompts: &[&str]) -> StreamingResponse {
        let mut headers = self.client.headers();
        headers.push(("content-type", "application/json".into()));
        let body = self.batch_body(prompts).to_string();
        let pieces =
            self.client.open_stream("POST", "/invoke/stdout", &headers, body.as_bytes()).await;
        assert_eq!(pieces.head.status, 200);
        pieces
    }

    /// A stream of a batch's events after one.
    pub(crate) async fn open_events(&self, run: &str, after: u64) -> StreamingResponse {
        let path = format!("/v1/runs/{run}/events?after={after}");
        self.client.open_stream("GET", &path, &self.client.headers(), b"").await
    }

    /// Ends the server as a signal does.
    pub(crate) async fn shut_down(mut self) {
        drop(self.shutdown.take());
        self.serving.take().expect("it runs").await.unwrap().unwrap();
    }
}
