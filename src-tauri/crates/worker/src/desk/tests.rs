//! Time passes in these tests without anybody waiting for it.

use super::*;
use crate::agent;
use crate::output;
use crate::saves::Saver;
use regatta_git::Git;
use regatta_protocol::event::{QuestionOption, Risk};
use regatta_protocol::worker::{AgentProgram, Author, WorkerTask};
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A program that says nothing and doesn't end.
fn silent(folder: &Path) -> Arc<WorkerTask> {
    let agent = AgentProgram::Command { program: "/bin/sleep".into(), args: vec!["600".into()] };
    let task = serde_json::json!({
        "task_name": "Silent", "prompt": "please", "cache": folder, "start_commit": "",
        "copy_commit": "", "copy": folder, "scratch": folder, "ref_prefix": "refs/x",
        "author": Author { name: String::new(), email: String::new() }, "agent": agent,
    });
    Arc::new(serde_json::from_value(task).expect("a task"))
}

fn question() -> Question {
    let option =
        QuestionOption { id: "1".into(), label: "Allow".into(), kind: OptionKind::AllowOnce };
    Question {
        id: "q1".into(),
        kind: QuestionKind::Permission,
        title: "Run: make".into(),
        options: vec![option],
        ..Question::default()
    }
}

/// Silence proves nothing, and nobody but a person answers a question.
#[tokio::test]
async fn no_clock_ends_a_silent_agent_or_answers_for_a_person() {
    let git = Git::find().await.expect("git is here");
    tokio::time::pause();
    let folder = tempfile::tempdir().expect("a folder");
    let task = silent(folder.path());
    let (events, outlet) = output::open();
    tokio::spawn(outlet.write_to(tokio::io::sink()));
    let mut agent = agent::start(&task, &events).expect("it starts");
    let (ask, asked) = mpsc::channel(1);
    agent.asked = asked;
    let (input, _open) = std::io::pipe().expect("a pipe");
    let mut controls = Controls::listen(BufReader::new(input));
    let saver = Saver::new(git, task, events.clone());
    let mut signals = Signals::listen().expect("signals");
    let mut desk = Desk {
        agent: &mut agent,
        controls: &mut controls,
        events: &events,
        standing: Standing::begin(events.clone(), None),
        saving: Saving::of(saver),
        questions: Vec::new(),
        allowed: Allowed::default(),
        heard: 0,
    };
    assert!(
        tokio::time::timeout(YEAR, desk.work(&mut signals, YEAR * 3)).await.is_err(),
        "it ended"
    );

    let (answer, mut answered) = oneshot::channel();
    let decision = Decision::Ask(Risk::Low, "");
    let asking = ask.send(Asked { question: question(), decision, answer }).await;
    assert!(asking.is_ok(), "it is heard");
    assert!(
        tokio::time::timeout(YEAR, desk.work(&mut signals, YEAR * 3)).await.is_err(),
        "it ended"
    );
    assert!(answered.try_recv().is_err(), "nobody answered");
    desk.answer("q1", "1");
    assert_eq!(answered.await.as_deref(), Ok("1"));
}
