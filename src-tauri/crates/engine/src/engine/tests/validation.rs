//! What can't be done is said before anything begins.

use super::*;
use regatta_protocol::app::ProjectState;
use regatta_protocol::{AgentChoice, ErrorCode};

async fn problem_codes(engine: &Engine, request: &BatchRequest) -> Vec<(String, ErrorCode)> {
    let problems = engine.check(request).await;
    problems.into_iter().map(|problem| (problem.field, problem.notice.code)).collect()
}

#[tokio::test]
async fn everything_that_is_wrong_is_found_at_once() {
    let fixture = EngineFixture::new().await;
    let engine = fixture.open().await;
    assert_eq!(problem_codes(&engine, &fixture.request(&["out x"])).await, []);
    let request = BatchRequest {
        start_from: "no-such".into(),
        agent: AgentChoice::Acp { command: vec!["no-such-agent".into()], env: Vec::new() },
        ..fixture.request(&["out x", " "])
    };
    let expected = [
        ("prompt".to_owned(), ErrorCode::BadRequest),
        ("agent".to_owned(), ErrorCode::AgentMissing),
        ("branch".to_owned(), ErrorCode::BranchMissing),
    ];
    assert_eq!(problem_codes(&engine, &request).await, expected);
    assert!(matches!(engine.start(request).await, Err(EngineError::BadRequest(_))));

    let empty = fixture.options.data_dir.join("empty");
    std::fs::create_dir(&empty).unwrap();
    for (project, code) in [
        ("", ErrorCode::BadRequest),
        ("http://example.invalid/x", ErrorCode::BadRequest),
        ("/nowhere/at/all", ErrorCode::ProjectMissing),
        (empty.to_str().unwrap(), ErrorCode::NotARepository),
    ] {
        let request = BatchRequest { project: project.into(), ..fixture.request(&["out x"]) };
        assert_eq!(
            problem_codes(&engine, &request).await,
            [("project".to_owned(), code)],
            "{project}"
        );
    }
    assert_eq!(engine.running_batches().await.unwrap(), []);
    engine.close().await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let fixture = EngineFixture::new().await;
    let engine = fixture.open().await;
    let (batch, task) = (BatchId::parse("none").unwrap(), TaskId::parse("none").unwrap());
    assert!(matches!(engine.batch(&batch).await, Err(EngineError::NotFound(_))));
    assert!(matches!(engine.task(&task).await, Err(EngineError::NotFound(_))));
    assert!(matches!(engine.read_lines(&task, 0, 9).await, Err(EngineError::NotFound(_))));
    assert!(matches!(engine.find_batch("none").await, Err(EngineError::NotFound(_))));
    assert_eq!(engine.follow(&batch, 0).next().await, None);
    let added = engine.publish_results(&[task]).await;
    assert_eq!(added[0].notice.as_ref().map(|n| n.code), Some(ErrorCode::NotFound));
    engine.close().await;
}

#[tokio::test]
async fn a_program_that_goes_missing_fails_its_task_and_says_where_it_was_looked_for() {
    let fixture = EngineFixture::new().await;
    let engine = fixture.open().await;
    let agent = fixture.options.data_dir.join("agent");
    std::fs::write(&agent, "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(&agent, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let command = vec![agent.display().to_string()];
    let request = BatchRequest {
        agent: AgentChoice::Command { command },
        max_parallel: Some(1),
        ..fixture.request(&["hang", "out x"])
    };
    let started = engine.start(request).await.unwrap();
    wait_for_status(&engine, &started.tasks[0].id, Status::Working).await;
    std::fs::remove_file(&agent).unwrap();
    engine.stop_task(&started.tasks[0].id).await.unwrap();
    let failed = wait_for_status(&engine, &started.tasks[1].id, Status::Failed).await;
    let notice = failed.notice.unwrap();
    assert_eq!(notice.code, ErrorCode::AgentMissing);
    assert!(notice.details.unwrap().contains(agent.to_str().unwrap()));
    engine.close().await;
}

#[tokio::test]
async fn the_practice_project_is_made_once_and_is_ready() {
    let fixture = EngineFixture::new().await;
    let engine = fixture.open().await;
    let first = engine.practice_project().await.unwrap();
    assert_eq!((first.state, first.has_uncommitted_changes), (ProjectState::Ready, false));
    std::fs::write(Path::new(&first.path).join("mine.txt"), "x").unwrap();
    let second = engine.practice_project().await.unwrap();
    assert!(second.has_uncommitted_changes, "what is in it stays");
    engine.close().await;
}
