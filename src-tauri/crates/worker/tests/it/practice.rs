//! Tasks done by the practice agent.

use crate::test_env::TestEnv;
use regatta_protocol::event::{Event, LineKind, SaveReason, StepState};
use regatta_protocol::worker::{WorkerControl, WorkerTask};
use regatta_protocol::{ErrorCode, Status};

#[test]
fn a_task_is_done_saved_and_told_in_order() {
    let test_env = TestEnv::new();
    let worker = test_env
        .run_task(&test_env.practice_task("write a.txt: a\nremove src/cart.txt\nsay Done."));
    let outcome = worker.outcome();
    assert_eq!(outcome.status, Status::Finished, "{outcome:#?}");
    assert_eq!(outcome.last_message, "Done.");
    assert_eq!(outcome.exit_status, "exit code 0");
    assert_eq!((outcome.totals.files, outcome.totals.added, outcome.totals.removed), (2, 1, 3));
    let commit = outcome.commit.as_deref().expect("a result");
    assert_eq!(test_env.git_in_cache(&["rev-parse", "refs/regatta/task/1/result"]), commit);
    assert_eq!(test_env.git_in_cache(&["rev-parse", &format!("{commit}^")]), test_env.commit);
    assert_eq!(
        test_env.git_in_cache(&["log", "-1", "--format=%s by %an", commit]),
        "Paint the boat by Ada"
    );
    assert_eq!(test_env.git_in_cache(&["show", &format!("{commit}:a.txt")]), "a");

    let expected = [
        "Made a separate copy of your project",
        "Started the agent",
        "Edited a.txt",
        "Removed cart.txt",
        "Done.",
        "Saved what was changed",
    ];
    assert_eq!(worker.titles(), expected);
    assert!(worker.steps().iter().all(|step| step.state == StepState::Done));
    assert_eq!(worker.lines(LineKind::AgentMessage), ["Done."]);
    assert_eq!(worker.lines(LineKind::Step), [&expected[..4], &expected[5..]].concat());
    assert_eq!(worker.statuses(), [Status::Working]);

    let saves: Vec<SaveReason> = worker
        .events()
        .filter_map(|event| match event {
            Event::SavePoint(point) => Some(point.reason),
            _ => None,
        })
        .collect();
    assert_eq!(saves, [SaveReason::TurnEnded, SaveReason::Result]);
}

#[test]
fn ordinary_words_make_a_true_description_in_visible_steps() {
    let test_env = TestEnv::new();
    let worker = test_env.run_task(&test_env.practice_task("Please describe this."));
    assert_eq!(worker.outcome().status, Status::Finished, "{:#?}", worker.outcome());
    let text = test_env.read_copy_file("PRACTICE.md").expect("it was written");
    assert!(text.contains("cart.txt") && text.contains("Sells boats."), "{text}");
    let titles = worker.titles();
    for title in ["Read README.md", "Edited PRACTICE.md"] {
        assert!(titles.contains(&title), "{titles:#?}");
    }
    let plans = worker.events().filter(|event| matches!(event, Event::Plan { .. })).count();
    assert!(plans >= 3, "the plan moves on");
    assert!(worker.outcome().last_message.contains("Nothing else was changed."));
}

#[test]
fn nothing_changed_is_no_result() {
    let test_env = TestEnv::new();
    let worker = test_env.run_task(&test_env.practice_task("say Nothing to do."));
    let outcome = worker.outcome();
    assert_eq!(outcome.status, Status::Finished);
    assert_eq!((outcome.commit.as_ref(), outcome.totals.files), (None, 0));
    assert!(!worker.events().any(|event| matches!(event, Event::SavePoint(_))));
}

#[test]
fn a_command_of_the_agent_is_shown_as_it_runs() {
    let test_env = TestEnv::new();
    let mut worker = test_env.start_task(&test_env.practice_task("run echo first; sleep 600"));
    worker.read_until_line("first");
    worker.send(&WorkerControl::Stop);
    worker.finish();
    assert!(worker.lines(LineKind::Step).contains(&"Ran: echo first; sleep 600"));
    assert_eq!(worker.lines(LineKind::Stdout), ["first"]);
}

#[test]
fn a_question_waits_for_one_of_its_answers() {
    let test_env = TestEnv::new();
    let mut worker =
        test_env.start_task(&test_env.practice_task("ask Which? | Red | Blue\nwrite done.txt: x"));
    let question = worker.read_until_question();
    assert_eq!(question.title, "Which?");
    worker.read_until_status(Status::NeedsYou);
    worker.answer(&question, "no such option");
    worker.send(&WorkerControl::Answer { question: "q9".into(), option: "1".into() });
    let blue = question.options.iter().find(|option| option.label == "Blue").expect("Blue");
    worker.answer(&question, &blue.id);
    worker.answer(&question, &question.options[0].id);
    worker.finish();
    assert_eq!(worker.outcome().status, Status::Finished);
    assert!(worker.lines(LineKind::AgentMessage).contains(&"You chose: Blue"));
    let expected = [Status::Working, Status::NeedsYou, Status::Working];
    assert_eq!(worker.statuses(), expected);
    let answers: Vec<_> =
        worker.events().filter(|event| matches!(event, Event::Answered { .. })).collect();
    let option = Some(blue.id.clone());
    assert_eq!(answers, [&Event::Answered { question: question.id, option }]);
}

#[test]
fn a_question_is_withdrawn_when_the_task_is_stopped() {
    let test_env = TestEnv::new();
    let mut worker = test_env.start_task(&test_env.practice_task("ask May I?"));
    let question = worker.read_until_question();
    worker.send(&WorkerControl::Stop);
    worker.finish();
    assert_eq!(worker.outcome().status, Status::Stopped);
    let withdrawn = Event::Answered { question: question.id, option: None };
    assert!(worker.events().any(|event| *event == withdrawn));
}

#[test]
fn a_failure_is_told_in_the_agents_words_and_its_work_is_kept() {
    let test_env = TestEnv::new();
    let worker =
        test_env.run_task(&test_env.practice_task("write b.txt: b\nfail the harbour is closed"));
    worker.assert_failed(ErrorCode::AgentFailed);
    let notice = worker.outcome().notice.as_ref().expect("why");
    assert!(notice.message.contains("the harbour is closed"), "{notice:?}");
    assert_eq!(notice.impact, "What it had changed is saved.");
    assert!(worker.outcome().commit.is_some());
}

#[test]
fn an_agent_that_exits_in_mid_turn_has_died() {
    let test_env = TestEnv::new();
    let worker =
        test_env.run_task(&test_env.practice_task("write kept.txt: x\nprint 3 lines\nexit 3"));
    worker.assert_failed(ErrorCode::AgentDied);
    assert_eq!(worker.outcome().exit_status, "exit code 3");
    assert_eq!(
        worker.lines(LineKind::Stdout),
        ["kept.txt  +1 \u{2212}0", "line 1", "line 2", "line 3"]
    );
    assert!(worker.outcome().commit.is_some(), "its work is kept");
}

#[test]
fn the_copy_is_saved_from_time_to_time() {
    let test_env = TestEnv::new();
    let mut task = test_env.practice_task("write a.txt: a\nwait 600");
    task.save_interval_s = Some(1);
    let mut worker = test_env.start_task(&task);
    let timer =
        |event: &Event| matches!(event, Event::SavePoint(p) if p.reason == SaveReason::Timer);
    worker.read_until("timed save point", timer);
    worker
        .read_until("changes", |e| matches!(e, Event::Changes { totals, .. } if totals.files == 1));
    assert_eq!(test_env.git_in_cache(&["show", "refs/regatta/task/1/1:a.txt"]), "a");
    worker.send(&WorkerControl::Stop);
    worker.finish();
    assert_eq!(
        worker.events().filter(|event| timer(event)).count(),
        1,
        "only what is new is saved"
    );
}

#[test]
fn what_was_done_is_saved_soon_after() {
    let test_env = TestEnv::new();
    let mut worker = test_env.start_task(&test_env.practice_task("write a.txt: a\nwait 600"));
    worker
        .read_until("changes", |e| matches!(e, Event::Changes { totals, .. } if totals.files == 1));
    assert_eq!(test_env.git_in_cache(&["show", "refs/regatta/task/1/1:a.txt"]), "a");
    worker.send(&WorkerControl::Stop);
    worker.finish();
}

#[test]
fn an_attempt_goes_on_from_a_save_point() {
    let test_env = TestEnv::new();
    let first = test_env.run_task(&test_env.practice_task("write a.txt: a\nfail not yet"));
    let point = first.outcome().commit.clone().expect("a save point");
    let mut task = test_env.practice_task("append a.txt: b");
    task.copy_commit = point;
    task.copy = test_env.root().join("copy-2");
    task.scratch = test_env.root().join("scratch-2");
    task.ref_prefix = "refs/regatta/task/2".into();
    let worker = test_env.run_task(&task);
    assert_eq!(worker.outcome().status, Status::Finished, "{:#?}", worker.outcome());
    let commit = worker.outcome().commit.clone().expect("a result");
    assert_eq!(test_env.git_in_cache(&["show", &format!("{commit}:a.txt")]), "a\nb");
    assert_eq!(test_env.git_in_cache(&["rev-parse", &format!("{commit}^")]), test_env.commit);
    assert_eq!(worker.outcome().totals.added, 2, "counted from the start");
}

#[test]
fn the_agent_does_not_see_our_own_environment() {
    let test_env = TestEnv::new();
    let worker = test_env.run_task(&test_env.practice_task("run env; pwd"));
    let lines = worker.lines(LineKind::Stdout);
    for ours in ["GIT_", "REGATTA_", "TAURI_"] {
        assert!(!lines.iter().any(|line| line.starts_with(ours)), "{lines:#?}");
    }
    assert!(lines.iter().any(|line| line.starts_with("PATH=")), "the rest is there");
    assert_eq!(lines.last().copied(), test_env.copy().to_str());
}

#[test]
fn raw_protocol_lines_are_kept() {
    let test_env = TestEnv::new();
    test_env.run_task(&test_env.practice_task("say Hello."));
    let raw = std::fs::read_to_string(test_env.scratch().join("agent.jsonl")).expect("the file");
    for part in ["\"session/prompt\"", "agent_message_chunk", "end_turn"] {
        assert!(raw.contains(part), "{part} is in {raw}");
    }
}

#[test]
fn a_mode_in_which_no_level_holds_is_said() {
    for decides_itself in [false, true] {
        let test_env = TestEnv::new();
        let worker = test_env.run_task(&WorkerTask {
            is_autonomous: decides_itself,
            ..test_env.practice_task("say Hello.")
        });
        let notes = worker.lines(LineKind::Note).join("\n");
        assert_eq!(notes.contains("the safety level doesn't hold"), decides_itself, "{notes}");
    }
}
