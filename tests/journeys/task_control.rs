//! Stop, try again, continue, answer, restart: through the engine, as the window does it.

use regatta_engine::{Engine, EngineOptions, NoCredentials};
use regatta_protocol::view::BatchDetail;
use regatta_protocol::{BatchRequest, Status, TaskId, TaskRequest, TaskView};
use regatta_tests::{TestEnv, regatta_program};
use std::sync::Arc;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) async fn open_engine(env: &TestEnv) -> Engine {
    let (data_dir, keys) = (env.data_dir(), Arc::new(NoCredentials));
    let options = EngineOptions::new(data_dir, regatta_program(), 3, keys);
    Engine::open(options).await.unwrap()
}

pub(crate) fn batch_request(env: &TestEnv, tasks: &[(&str, &str)]) -> BatchRequest {
    let tasks = tasks.iter().map(|(name, prompt)| TaskRequest {
        task_name: (*name).to_owned(),
        prompt: (*prompt).to_owned(),
        ..TaskRequest::default()
    });
    BatchRequest {
        name: "journey".into(),
        project: env.project().to_str().unwrap().into(),
        parallel_tasks: tasks.collect(),
        ..BatchRequest::default()
    }
}

/// The task as soon as `done` says yes.
pub(crate) async fn wait_for(
    engine: &Engine,
    task: &TaskId,
    done: impl Fn(&TaskView) -> bool,
) -> TaskView {
    let wait = async {
        let mut seen = 0;
        loop {
            let view = engine.task(task).await.unwrap();
            if done(&view) {
                return view;
            }
            seen = engine.wait_for_changes(seen).await.revision;
        }
    };
    match tokio::time::timeout(TIMEOUT, wait).await {
        Ok(view) => view,
        Err(_) => panic!("still {:?}", engine.task(task).await),
    }
}

pub(crate) async fn wait_until_over(engine: &Engine, task: &TaskId) -> TaskView {
    wait_for(engine, task, |view| view.status.is_over()).await
}

pub(crate) fn task_ids(detail: &BatchDetail) -> Vec<TaskId> {
    detail.tasks.iter().map(|task| task.id.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_one_task_keeps_its_work_and_leaves_the_others_alone() {
    let env = TestEnv::new();
    let engine = open_engine(&env).await;
    let batch = batch_request(&env, &[("Long", "write a.txt: a\nwait 600"), ("Short", "wait 1")]);
    let tasks = task_ids(&engine.start(batch).await.unwrap());
    wait_for(&engine, &tasks[0], |v| {
        v.step.as_ref().is_some_and(|s| s.title.contains("600")) || v.steps > 3
    })
    .await;
    engine.stop_task(&tasks[0]).await.unwrap();
    let stopped = wait_until_over(&engine, &tasks[0]).await;
    assert_eq!(stopped.status, Status::Stopped);
    assert_eq!(stopped.totals.files, 1, "its work is saved");
    assert!(stopped.can_continue);
    assert_eq!(wait_until_over(&engine, &tasks[1]).await.status, Status::Finished);
    engine.close().await;
    env.assert_nothing_runs(Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_a_batch_ends_what_works_and_what_waits() {
    let env = TestEnv::new();
    let engine = open_engine(&env).await;
    let names: Vec<String> = (0..8).map(|n| format!("Task {n}")).collect();
    let tasks: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), "wait 600")).collect();
    let detail = engine.start(batch_request(&env, &tasks)).await.unwrap();
    let tasks = task_ids(&detail);
    wait_for(&engine, &tasks[0], |v| v.status == Status::Working).await;
    engine.stop_batch(&detail.batch.id).await.unwrap();
    for task in &tasks {
        assert_eq!(wait_until_over(&engine, task).await.status, Status::Stopped);
    }
    let batch = engine.batch(&detail.batch.id).await.unwrap().batch;
    assert_eq!(batch.counts.stopped, 8);
    assert!(batch.ended_at.is_some());
    engine.close().await;
    env.assert_nothing_runs(Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn trying_again_starts_afresh_and_continuing_goes_on_from_the_save_point() {
    let env = TestEnv::new();
    let engine = open_engine(&env).await;
    let prompt =
        "run test -e made.txt && echo there || echo absent\nwrite made.txt: x\nfail not today";
    let task =
        task_ids(&engine.start(batch_request(&env, &[("Try", prompt)])).await.unwrap())[0].clone();
    let first = wait_until_over(&engine, &task).await;
    assert_eq!((first.status, first.attempt), (Status::Failed, 1));

    engine.retry(std::slice::from_ref(&task)).await.unwrap();
    let second = wait_for(&engine, &task, |v| v.attempt == 2 && v.status.is_over()).await;
    assert_eq!(second.status, Status::Failed);

    engine.continue_task(&task).await.unwrap();
    wait_for(&engine, &task, |v| v.attempt == 3 && v.status.is_over()).await;

    let page = engine.read_lines(&task, 0, 1000).await.unwrap();
    let seen: Vec<&str> = page
        .lines
        .iter()
        .map(|l| l.text.as_str())
        .filter(|t| ["there", "absent"].contains(t))
        .collect();
    assert_eq!(seen, ["absent", "absent", "there"], "afresh, afresh, from the save point");
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_waits_for_its_answer_and_for_nothing_else() {
    let env = TestEnv::new();
    let engine = open_engine(&env).await;
    let batch = batch_request(
        &env,
        &[
            ("Asks", "ask Which colour? | Red | Blue\nwrite done.txt: x"),
            ("Other", "write b.txt: b"),
        ],
    );
    let tasks = task_ids(&engine.start(batch).await.unwrap());
    let asking = wait_for(&engine, &tasks[0], |v| v.status == Status::NeedsYou).await;
    let question = asking.questions.first().cloned().expect("the question is shown");
    assert!(question.title.contains("Which colour?"), "{question:?}");
    assert_eq!(wait_until_over(&engine, &tasks[1]).await.status, Status::Finished);
    assert_eq!(engine.needs_you().await.unwrap().len(), 1);

    assert!(engine.answer(&tasks[0], "another", &question.options[0].id).await.is_err());
    assert!(engine.answer(&tasks[0], &question.id, "no such option").await.is_err());
    let blue = question.options.iter().find(|o| o.label == "Blue").expect("Blue is offered");
    engine.answer(&tasks[0], &question.id, &blue.id).await.unwrap();
    let end = wait_until_over(&engine, &tasks[0]).await;
    assert_eq!(end.status, Status::Finished);
    assert!(end.questions.is_empty());
    let page = engine.read_lines(&tasks[0], 0, 1000).await.unwrap();
    assert!(page.lines.iter().any(|l| l.text.contains("Blue")), "{page:?}");
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_open_when_regatta_ends_is_answered_after_the_next_start() {
    let env = TestEnv::new();
    let engine = open_engine(&env).await;
    let batch = batch_request(&env, &[("Asks", "write a.txt: a\nask Which colour? | Red | Blue")]);
    let task = task_ids(&engine.start(batch).await.unwrap())[0].clone();
    wait_for(&engine, &task, |v| v.status == Status::NeedsYou).await;
    engine.close().await;
    drop(engine);
    env.assert_nothing_runs(Duration::from_secs(2));

    let engine = open_engine(&env).await;
    let asking = engine.needs_you().await.unwrap().pop().expect("it still asks");
    assert_eq!((&asking.id, asking.status), (&task, Status::Interrupted));
    assert_eq!(asking.totals.files, 1, "its work is saved");
    let question = &asking.questions[0];
    assert!(question.title.contains("Which colour?"), "{question:?}");
    engine.answer(&task, &question.id, &question.options[1].id).await.unwrap();
    assert_eq!(engine.needs_you().await.unwrap(), []);
    let end = wait_for(&engine, &task, |v| v.attempt == 2 && v.status.is_over()).await;
    assert_eq!(end.status, Status::Finished, "{:?}", end.notice);
    let page = engine.read_lines(&task, 0, 1000).await.unwrap();
    assert!(page.lines.iter().any(|l| l.text.contains("The answer is: Blue")), "{page:?}");
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_tasks_are_interrupted_and_can_go_on() {
    let env = TestEnv::new();
    let prompt = "run test -e kept.txt && echo there || echo absent\nwrite kept.txt: x\nwait 600";
    let mut crashed = env
        .run_batch_command(&[("A", prompt), ("B", prompt), ("C", prompt), ("D", prompt)], &[])
        .args(["--max-parallel", "3"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let copies = env.data_dir().join("copies");
    let written = || {
        let copies = std::fs::read_dir(&copies).into_iter().flatten().flatten();
        copies.filter(|copy| copy.path().join("kept.txt").exists()).count()
    };
    assert!(regatta_tests::wait_until(TIMEOUT, || written() == 3), "three tasks are in mid-work");
    crashed.kill().unwrap();
    crashed.wait().unwrap();
    env.assert_nothing_runs(Duration::from_secs(10));

    let engine = open_engine(&env).await;
    let batch = engine.find_batch("journey").await.unwrap();
    let detail = engine.batch(&batch).await.unwrap();
    let tasks = task_ids(&detail);
    for view in &detail.tasks {
        assert_eq!(view.status, Status::Interrupted, "{}", view.name);
        assert!(view.notice.is_some());
    }
    for view in &detail.tasks[..3] {
        assert!(view.can_continue, "{}'s work is kept", view.name);
        assert_eq!(view.totals.files, 1, "{}", view.name);
    }

    engine.retry(&tasks[..1]).await.unwrap();
    engine.continue_task(&tasks[1]).await.unwrap();
    for (task, word) in [(&tasks[0], "absent"), (&tasks[1], "there")] {
        wait_for(&engine, task, |v| v.attempt == 2 && v.status == Status::Working && v.steps > 5)
            .await;
        engine.stop_task(task).await.unwrap();
        assert_eq!(wait_until_over(&engine, task).await.status, Status::Stopped);
        let page = engine.read_lines(task, 0, 1000).await.unwrap();
        let last = page.lines.iter().rev().find(|l| ["there", "absent"].contains(&l.text.as_str()));
        assert_eq!(last.expect("it looked").text, word);
    }
    engine.close().await;
    env.assert_nothing_runs(Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_moves_while_tasks_run_loses_nothing() {
    let env = TestEnv::new();
    let engine = open_engine(&env).await;
    let detail =
        engine.start(batch_request(&env, &[("Move", "wait 1\nwrite a.txt: a")])).await.unwrap();
    let task = task_ids(&detail)[0].clone();
    wait_for(&engine, &task, |v| v.status == Status::Working).await;
    let away = env.root().join("elsewhere");
    std::fs::rename(env.project(), &away).unwrap();
    assert_eq!(wait_until_over(&engine, &task).await.status, Status::Finished);

    let refused = engine.publish_results(std::slice::from_ref(&task)).await;
    let notice = refused[0].notice.as_ref().expect("it can't be added now");
    assert!(refused[0].branch.is_none() && !notice.impact.is_empty(), "{notice}");

    std::fs::rename(&away, env.project()).unwrap();
    let added = engine.publish_results(std::slice::from_ref(&task)).await;
    assert_eq!(added[0].branch.as_deref(), Some("regatta/journey/move"));
    assert_eq!(engine.task(&task).await.unwrap().branch.as_deref(), Some("regatta/journey/move"));
    assert_eq!(env.git(&["show", "regatta/journey/move:a.txt"]), "a");
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_batches_run_side_by_side_within_one_limit() {
    let env = TestEnv::new();
    let engine = open_engine(&env).await;
    let one =
        engine.start(batch_request(&env, &[("A", "wait 600"), ("B", "wait 600")])).await.unwrap();
    let two =
        engine.start(batch_request(&env, &[("A", "wait 600"), ("B", "wait 600")])).await.unwrap();
    let (one, two) = (task_ids(&one), task_ids(&two));
    wait_for(&engine, &two[0], |v| v.status == Status::Working).await;
    assert_eq!(engine.task(&two[1]).await.unwrap().status, Status::Waiting);
    assert_eq!((engine.place().busy, engine.place().waiting), (3, 1));
    engine.stop_task(&one[0]).await.unwrap();
    wait_for(&engine, &two[1], |v| v.status == Status::Working).await;
    engine.close().await;
    env.assert_nothing_runs(Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn reopening_shows_every_batch_as_it_was() {
    let env = TestEnv::new();
    let engine = open_engine(&env).await;
    let detail = engine
        .start(batch_request(
            &env,
            &[("Good", "print 100 lines\nwrite a.txt: a"), ("Bad", "fail no")],
        ))
        .await
        .unwrap();
    for task in task_ids(&detail) {
        wait_until_over(&engine, &task).await;
    }
    let before = engine.batch(&detail.batch.id).await.unwrap();
    assert_eq!(before.batch.start_from, "main", "what was checked out has its name");
    let lines = engine.read_lines(&before.tasks[0].id, 0, 1000).await.unwrap();
    engine.close().await;

    let again = open_engine(&env).await;
    let after = again.batch(&detail.batch.id).await.unwrap();
    assert_eq!(after.tasks, before.tasks);
    assert_eq!(again.read_lines(&after.tasks[0].id, 0, 1000).await.unwrap(), lines);
    assert_eq!(again.history("", None, 10).await.unwrap().len(), 1);
    again.close().await;
}
