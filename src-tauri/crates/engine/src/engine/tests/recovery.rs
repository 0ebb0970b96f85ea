//! Ends that were not asked for, and what comes after them.

use super::*;
use regatta_protocol::ErrorCode;
use regatta_protocol::agent::{AgentOptions, AgentSelection};
use regatta_protocol::event::StepKind;
use regatta_protocol::request::AgentChoice;

/// Waits until there is a file.
async fn wait_for_file(file: &Path) {
    let wait = async {
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("it takes too long");
}

#[tokio::test]
async fn what_a_crash_cut_off_is_interrupted_saved_and_can_go_on() {
    let fixture = EngineFixture::new().await;
    let engine = fixture.open().await;
    let prompts =
        ["if [ -e b.txt ]; then out again; else echo two > b.txt; fi; hang", "hang", "hang"];
    let started = fixture.start(&engine, &prompts).await;
    let [one, two, three] = [0, 1, 2].map(|n: usize| started.tasks[n].id.clone());
    wait_for_file(&fixture.copy(&one, 1, "b.txt")).await;
    wait_for_status(&engine, &one, Status::Working).await;
    wait_for_status(&engine, &two, Status::Working).await;
    drop(engine); // As when the program ends: nobody stops anything.

    let engine = reopen(fixture.options.clone()).await;
    let view = engine.task(&one).await.unwrap();
    assert_eq!((view.status, view.can_continue), (Status::Interrupted, true));
    assert_eq!(view.notice.as_ref().map(|n| n.code), Some(ErrorCode::Interrupted));
    assert_eq!((view.totals.files, view.totals.added), (1, 1));
    let unchanged = engine.task(&two).await.unwrap();
    assert_eq!((unchanged.status, unchanged.can_continue), (Status::Interrupted, false));
    assert!(matches!(engine.continue_task(&two).await, Err(EngineError::WrongState(_))));
    let waited = engine.task(&three).await.unwrap();
    assert!(waited.notice.unwrap().message.contains("before this task started"));
    let changes = engine.read_changes(&one).await.unwrap();
    assert_eq!((changes.files.len(), changes.files[0].path.as_str()), (1, "b.txt"));
    let patch = engine.read_patch(&one, "b.txt").await.unwrap();
    assert!(patch.lines.iter().any(|line| line.text == "two"), "{patch:?}");

    // In the same copy: the file is there.
    engine.continue_task(&one).await.unwrap();
    let view = wait_until(&engine, &one, |view| view.last_line == "again").await;
    assert_eq!((view.attempt, view.status), (2, Status::Working));
    assert!(matches!(
        engine.retry(std::slice::from_ref(&one)).await,
        Err(EngineError::WrongState(_))
    ));
    engine.stop_task(&one).await.unwrap();
    wait_for_status(&engine, &one, Status::Stopped).await;
    // Afresh: it isn't.
    engine.retry(&[one.clone(), three.clone()]).await.unwrap();
    wait_for_file(&fixture.copy(&one, 3, "b.txt")).await;
    let view = wait_for_status(&engine, &three, Status::Working).await;
    assert_eq!((view.attempt, view.notice), (2, None));
    engine.close().await;
    let engine = reopen(fixture.options.clone()).await;
    assert_eq!(engine.task(&one).await.unwrap().status, Status::Stopped);
    assert_eq!(engine.running_batches().await.unwrap(), []);
    engine.close().await;
}

#[tokio::test]
async fn rows_of_several_agents_become_tasks_and_are_given_back_as_rows() {
    let fixture = EngineFixture::new().await;
    let engine = fixture.open().await;
    let mut request = fixture.request(&["out a", "out b"]);
    let command = vec!["/bin/echo".to_owned(), "{prompt}".to_owned()];
    let options = AgentOptions { effort: "high".into(), ..AgentOptions::default() };
    let other = AgentSelection { agent: AgentChoice::Command { command }, options };
    request.parallel_tasks[0].agents = vec![AgentSelection::default(), other];
    request.parallel_tasks[0].times = Some(2);
    request.parallel_tasks[0].cost_limit_cents = Some(50);
    let started = engine.start(request.clone()).await.unwrap();
    let shown: Vec<(&str, &str, u32)> =
        started.tasks.iter().map(|t| (t.name.as_str(), t.agent.as_str(), t.row)).collect();
    let expected = [
        ("Task 0 · Practice agent", "Practice agent", 0),
        ("Task 0 · Practice agent 2", "Practice agent", 0),
        ("Task 0 · echo", "echo", 0),
        ("Task 0 · echo 2", "echo", 0),
        ("Task 1", "Practice agent", 1),
    ];
    assert_eq!(shown, expected);
    for task in &started.tasks {
        wait_for_status(&engine, &task.id, Status::Finished).await;
    }
    assert_eq!(engine.batch_request(&started.batch.id).await.unwrap(), request);
    request.parallel_tasks[1].agents = vec![AgentSelection {
        agent: AgentChoice::Command { command: vec!["/no/such".into()] },
        ..AgentSelection::default()
    }];
    let problems = engine.check(&request).await;
    let found: Vec<_> = problems.iter().map(|p| (p.row, p.field.as_str())).collect();
    assert_eq!(found, [(Some(1), "agent")]);
    engine.close().await;
}

/// Opens as soon as the engine before has let go of its folder.
async fn reopen(options: EngineOptions) -> Engine {
    loop {
        match Engine::open(options.clone()).await {
            Err(EngineError::DataInUse { .. }) => {
                tokio::time::sleep(Duration::from_millis(20)).await
            }
            other => return other.unwrap(),
        }
    }
}

#[tokio::test]
async fn a_task_goes_on_in_its_copy_and_conversation_with_a_message() {
    let fixture = EngineFixture::new().await;
    let engine = fixture.open().await;
    let prompts = ["session; echo two > b.txt; read -r c; out heard", "out done"];
    let started = fixture.start(&engine, &prompts).await;
    let [one, two] = [0, 1].map(|n: usize| started.tasks[n].id.clone());
    wait_until(&engine, &one, |view| view.session.is_some()).await;
    assert!(matches!(engine.send_message(&one, " ", false).await, Err(EngineError::WrongState(_))));
    engine.send_message(&one, "Hurry", true).await.unwrap();
    let view = wait_for_status(&engine, &one, Status::Finished).await;
    assert_eq!(view.last_line, "heard");
    assert!(matches!(
        engine.send_message(&one, "Hurry", true).await,
        Err(EngineError::WrongState(_))
    ));

    // The agent gets the message alone, and its session; the copy is as it was left.
    engine.continue_with(&one, "out $(cat b.txt)").await.unwrap();
    let view = wait_until(&engine, &one, |v| v.attempt == 2 && v.status == Status::Finished).await;
    assert_eq!(view.last_line, "two");
    assert!(!fixture.copy(&one, 2, "").exists(), "it works in the first attempt's copy");
    let page = engine.read_lines(&one, 0, 9).await.unwrap();
    assert!(page.lines.iter().any(|line| line.text.starts_with("You: out")), "{page:?}");
    let steps = engine.read_steps(&one, 0, 99).await.unwrap();
    let step = steps.iter().find(|step| step.kind == StepKind::Message).unwrap();
    assert_eq!((step.title.as_str(), step.attempt), ("You: out $(cat b.txt)", 2));

    // Without a conversation it is asked all of it again.
    wait_for_status(&engine, &two, Status::Finished).await;
    assert!(matches!(engine.continue_with(&two, "").await, Err(EngineError::WrongState(_))));
    engine.retry(std::slice::from_ref(&one)).await.unwrap();
    let view = wait_until(&engine, &one, |v| v.attempt == 3 && v.session.is_some()).await;
    assert_eq!(view.outcome, None);
    assert!(fixture.copy(&one, 3, "").exists());
    engine.stop_task(&one).await.unwrap();
    engine.close().await;
}

#[tokio::test]
async fn a_question_survives_a_crash_where_its_agent_can_go_on() {
    end_while_asking(false).await;
}

#[tokio::test]
async fn a_question_survives_a_quit_where_its_agent_can_go_on() {
    end_while_asking(true).await;
}

async fn end_while_asking(by_a_person: bool) {
    let fixture = EngineFixture::new().await;
    let engine = fixture.open().await;
    let started = fixture.start(&engine, &["session; ask", "ask"]).await;
    let [one, two] = [0, 1].map(|n: usize| started.tasks[n].id.clone());
    wait_for_status(&engine, &one, Status::NeedsYou).await;
    wait_for_status(&engine, &two, Status::NeedsYou).await;
    if by_a_person {
        engine.close().await;
    }
    drop(engine);

    let engine = reopen(fixture.options.clone()).await;
    let asking = engine.needs_you().await.unwrap();
    assert_eq!(asking.iter().map(|view| &view.id).collect::<Vec<_>>(), [&one]);
    assert_eq!(asking[0].status, Status::Interrupted);
    assert_eq!(
        asking[0].notice.as_ref().unwrap().hint,
        "Answer its question: it goes on with the answer."
    );
    let lost = engine.task(&two).await.unwrap();
    assert!(lost.notice.unwrap().hint.contains("Continue the task"));
    engine.answer_for_batch(&one, "q", "y").await.unwrap();
    assert_eq!(engine.needs_you().await.unwrap(), []);
    // The worker in shell takes the answer's words for commands, and fails: they arrived.
    wait_until(&engine, &one, |view| view.attempt == 2 && view.status.is_over()).await;
    let page = engine.read_lines(&one, 0, 9).await.unwrap();
    assert!(page.lines.iter().any(|l| l.text == "You: You had asked: May it?"), "{page:?}");
    assert_eq!(engine.task_facts(&one).await.unwrap().allowed_keys, ["run:x"]);
    engine.close().await;
}

#[tokio::test]
async fn a_pause_goes_on_after_a_crash_and_after_a_quit() {
    let fixture = EngineFixture::new().await;
    let engine = fixture.open().await;
    let prompt = "[ -f b.txt ] && out again && end finished; echo two > b.txt; limited";
    let started = fixture.start(&engine, &[prompt]).await;
    let task = started.tasks[0].id.clone();
    wait_for_status(&engine, &task, Status::Paused).await;
    wait_until(&engine, &task, |_| !engine.place().agent_pauses.is_empty()).await;
    drop(engine);
    let looking = EngineOptions { resumes_paused_tasks: false, ..fixture.options.clone() };
    for options in [fixture.options.clone(), looking, fixture.options.clone()] {
        let looks = !options.resumes_paused_tasks;
        let engine = reopen(options).await;
        assert_eq!(engine.task(&task).await.unwrap().status, Status::Paused);
        let until: Vec<_> = engine.place().agent_pauses.iter().map(|hold| hold.until).collect();
        let held = if looks { vec![] } else { vec![Some(99_999_999_999_999)] };
        assert_eq!(until, held);
        engine.close().await;
    }
    let engine = fixture.open().await;
    engine.resume_agent(Default::default()).unwrap();
    let view = wait_for_status(&engine, &task, Status::Finished).await;
    assert_eq!((view.attempt, view.last_line.as_str()), (2, "again"));
    engine.close().await;
}

#[tokio::test]
async fn what_is_allowed_for_the_batch_reaches_its_other_tasks() {
    let fixture = EngineFixture::new().await;
    let engine = fixture.open().await;
    let prompts = ["ask", "read -r c; out ${c##*:}"];
    let started = fixture.start(&engine, &prompts).await;
    let [one, two] = [0, 1].map(|n: usize| started.tasks[n].id.clone());
    wait_for_status(&engine, &one, Status::NeedsYou).await;
    wait_for_status(&engine, &two, Status::Working).await;
    engine.answer_for_batch(&one, "q", "y").await.unwrap();
    wait_for_status(&engine, &one, Status::Finished).await;
    wait_for_status(&engine, &two, Status::Finished).await;
    assert_eq!(engine.task_facts(&two).await.unwrap().allowed_keys, ["run:x"]);
    engine.close().await;
}

#[tokio::test]
async fn what_was_there_when_a_worker_died_is_saved_and_can_be_added() {
    let fixture = EngineFixture::new().await;
    let engine = fixture.open().await;
    let prompts = ["echo two > b.txt; kill -9 $$", "echo three > c.txt; exit 1", "exit 1"];
    let started = fixture.start(&engine, &prompts).await;
    let [one, two, three] = [0, 1, 2].map(|n: usize| started.tasks[n].id.clone());
    for task in [&one, &two, &three] {
        let view = wait_for_status(&engine, task, Status::Failed).await;
        assert_eq!(view.notice.unwrap().code, ErrorCode::WorkerDied);
    }
    let results = engine.publish_results(&[one.clone(), two, three]).await;
    let names: Vec<Option<&str>> = results.iter().map(|r| r.branch.as_deref()).collect();
    assert_eq!(names, [Some("regatta/footer/task-0"), Some("regatta/footer/task-1"), None]);
    assert_eq!(results[2].notice.as_ref().map(|n| n.code), Some(ErrorCode::WrongState));
    let expected = ["main", "regatta/footer/task-0", "regatta/footer/task-1"];
    assert_eq!(branches(&fixture.project), expected);
    assert_eq!(engine.task(&one).await.unwrap().branch.as_deref(), names[0]);
    // Once is enough; and another's branch of the same name is never touched.
    let once_more = engine.publish_results(std::slice::from_ref(&one)).await;
    assert_eq!(once_more[0].branch, results[0].branch);
    assert_eq!(branches(&fixture.project), expected);
    let heads = Path::new(&fixture.project).join(".git/refs/heads");
    std::fs::copy(heads.join("main"), heads.join("regatta/footer/task-0")).unwrap();
    let beside = engine.publish_results(std::slice::from_ref(&one)).await;
    assert_eq!(beside[0].branch.as_deref(), Some("regatta/footer/task-0-2"));
    engine.close().await;
}
