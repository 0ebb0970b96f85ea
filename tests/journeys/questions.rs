//! Questions of agents, through the engine as the window sees them.

use crate::task_control::{batch_request, open_engine, task_ids, wait_for, wait_until_over};
use regatta_protocol::event::QuestionOptionKind;
use regatta_protocol::{AgentChoice, Status};
use regatta_tests::TestEnv;
use std::collections::BTreeMap;

/// Asks five things at once if its prompt says so, and keeps what it is answered.
const ASKING_AGENT: &str = r#"#!/bin/sh
ask() { IFS= read -r line; id=$(printf '%s\n' "$line" | sed 's/.*"id":\("[^"]*"\|[0-9]*\).*/\1/'); }
answer() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"; }
may() { printf '{"jsonrpc":"2.0","id":"ask-%s","method":"session/request_permission","params":{"sessionId":"s","toolCall":{"toolCallId":"call-%s","title":"`make part-%s`","kind":"execute","rawInput":{"command":"make part-%s"}},"options":[{"optionId":"go-%s","name":"Allow","kind":"allow_once"},{"optionId":"halt-%s","name":"Reject","kind":"reject_once"}]}}\n' $1 $1 $1 $1 $1 $1; }
ask; answer '{"protocolVersion":1}'; ask; answer '{"sessionId":"s"}'; ask; prompt=$id
case $line in *five*)
for n in 1 2 3 4 5; do may $n; done
for n in 1 2 3 4 5; do IFS= read -r line; printf '%s\n' "$line" >> answers.txt; done;; esac
echo done > done.txt
id=$prompt; answer '{"stopReason":"end_turn"}'
"#;

#[tokio::test(flavor = "multi_thread")]
async fn five_questions_at_once_get_each_its_own_answer_while_other_tasks_go_on() {
    let env = TestEnv::new();
    let program = env.script("agent.sh", ASKING_AGENT).display().to_string();
    let engine = open_engine(&env).await;
    let mut batch = batch_request(&env, &[("Asks", "ask five things"), ("Goes on", "go on")]);
    batch.agent = AgentChoice::Acp { command: vec![program], env: Vec::new() };
    let tasks = task_ids(&engine.start(batch).await.unwrap());
    let asking = wait_for(&engine, &tasks[0], |view| view.questions.len() == 5).await;
    assert_eq!(asking.status, Status::NeedsYou);
    assert_eq!(
        wait_until_over(&engine, &tasks[1]).await.status,
        Status::Finished,
        "it isn't held up"
    );
    assert_eq!(engine.needs_you().await.unwrap().len(), 1);

    // In another order than asked; what isn't allowed stands between what is.
    let mut open: Vec<String> = asking.questions.iter().map(|q| q.id.clone()).collect();
    let mut expected = BTreeMap::new();
    for (n, kind) in [
        (4, QuestionOptionKind::AllowOnce),
        (2, QuestionOptionKind::RejectOnce),
        (5, QuestionOptionKind::RejectOnce),
        (1, QuestionOptionKind::AllowOnce),
        (3, QuestionOptionKind::AllowOnce),
    ] {
        let question = asking.questions.iter().find(|q| q.title.ends_with(&format!("part-{n}")));
        let question = question.expect("it is open");
        let option = question.options.iter().find(|option| option.kind == kind).unwrap();
        engine.answer(&tasks[0], &question.id, &option.id).await.unwrap();
        assert!(engine.answer(&tasks[0], "q99", &option.id).await.is_err(), "there is none");
        open.retain(|id| *id != question.id);
        let view = wait_for(&engine, &tasks[0], |view| view.questions.len() == open.len()).await;
        let left: Vec<String> = view.questions.iter().map(|q| q.id.clone()).collect();
        assert_eq!(left, open, "the others are still open");
        let word = if kind == QuestionOptionKind::AllowOnce { "go" } else { "halt" };
        expected.insert(format!("ask-{n}"), format!("{word}-{n}"));
    }
    assert_eq!(wait_until_over(&engine, &tasks[0]).await.status, Status::Finished);
    let added = engine.publish_results(&tasks[..1]).await;
    let branch = added[0].branch.clone().expect("a branch");
    let answers = env.git(&["show", &format!("{branch}:answers.txt")]);
    let got = answers.lines().map(|line| {
        let answer: serde_json::Value = serde_json::from_str(line).unwrap();
        let chosen = &answer["result"]["outcome"]["optionId"];
        (answer["id"].as_str().unwrap().to_owned(), chosen.as_str().unwrap().to_owned())
    });
    assert_eq!(got.collect::<BTreeMap<_, _>>(), expected);
    engine.close().await;
}
