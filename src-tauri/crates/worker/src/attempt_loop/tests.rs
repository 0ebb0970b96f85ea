//! Time passes in these tests without anybody waiting for it.

use super::*;
use crate::agent;
use crate::output;
use crate::save_points::SavePointWriter;
use regatta_git::Git;
use regatta_protocol::event::{QuestionOption, Risk};
use regatta_protocol::worker::{AgentProgram, Author, WorkerTask};
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A program that says nothing and doesn't end.
fn silent_task(folder: &Path) -> Arc<WorkerTask> {
    let agent = AgentProgram::Command { program: "/bin/sleep".into(), args: vec!["600".into()] };
    let task = serde_json::json!({
        "task_name": "Silent", "prompt": "please", "cache": folder, "start_commit": "",
        "copy_commit": "", "copy": folder, "scratch": folder, "ref_prefix": "refs/x",
        "author": Author { name: String::new(), email: String::new() }, "agent": agent,
    });
    Arc::new(serde_json::from_value(task).expect("a task"))
}

fn question() -> Question {
    let option = QuestionOption {
        id: "1".into(),
        label: "Allow".into(),
        kind: QuestionOptionKind::AllowOnce,
    };
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
    let task = silent_task(folder.path());
    let (events, outlet) = output::channel();
    tokio::spawn(outlet.write_to(tokio::io::sink()));
    let mut agent = agent::start(&task, &events).expect("it starts");
    let (ask, asked) = mpsc::channel(1);
    agent.questions = asked;
    let (input, _open) = std::io::pipe().expect("a pipe");
    let mut controls = ControlReader::listen(BufReader::new(input));
    let saver = SavePointWriter::new(git, task, events.clone());
    let mut signals = Signals::listen().expect("signals");
    let mut attempt_loop = AttemptLoop {
        agent: &mut agent,
        controls: &mut controls,
        events: &events,
        status: StatusTracker::start(events.clone(), None),
        save_points: SavePointScheduler::new(saver),
        questions: Vec::new(),
        allowances: Allowances::default(),
        message_count: 0,
    };
    assert!(
        tokio::time::timeout(YEAR, attempt_loop.run(&mut signals, YEAR * 3)).await.is_err(),
        "it ended"
    );

    let (answer, mut answered) = oneshot::channel();
    let decision = Decision::Ask(Risk::Low, "");
    let asking = ask.send(PendingQuestion { question: question(), decision, answer }).await;
    assert!(asking.is_ok(), "it is heard");
    assert!(
        tokio::time::timeout(YEAR, attempt_loop.run(&mut signals, YEAR * 3)).await.is_err(),
        "it ended"
    );
    assert!(answered.try_recv().is_err(), "nobody answered");
    attempt_loop.answer_question("q1", "1");
    assert_eq!(answered.await.as_deref(), Ok("1"));
}
