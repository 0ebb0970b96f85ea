use super::*;
use proptest::prelude::*;
use regatta_protocol::event::{
    ChangeTotals, FileDiffStat, LineKind, PlanEntry, PlanState, Question, QuestionOption,
    QuestionOptionKind, SavePoint, SaveReason, StepKind,
};
use regatta_protocol::{ErrorCode, UserMessage};

fn view() -> TaskView {
    let id = TaskId::parse("t").expect("an id");
    new_view(id, BatchId::parse("b").expect("an id"), "Fix footer", 0, 1_000)
}

fn feed(view: &mut TaskView, at: Millis, event: Event) {
    fold(view, &LogEvent { seq: 1, at, task: Some(view.id.clone()), attempt: 1, event });
}

fn status(status: Status) -> Event {
    Event::Status { status, notice: None }
}

fn output(text: &str) -> Event {
    Event::Output { kind: LineKind::Stdout, text: text.into(), first_line: 0 }
}

fn step(id: &str, state: StepState, times: (Millis, Millis)) -> Event {
    let step = Step::new(id, StepKind::Edit, &format!("Edit {id}"), state);
    Event::Step(Step { started_at: times.0, changed_at: times.1, attempt: 1, ..step })
}

fn outcome(status: Status) -> Outcome {
    Outcome {
        last_message: "Done.".into(),
        commit: Some("c".repeat(40)),
        totals: ChangeTotals { files: 1, added: 2, removed: 3 },
        exit_status: "exit code 0".into(),
        ..Outcome::without_work(status)
    }
}

fn save_point() -> Event {
    let reason = SaveReason::TurnEnded;
    Event::SavePoint(SavePoint { number: 1, commit: "c".repeat(40), reason })
}

#[test]
fn an_attempt_is_told_from_its_start_to_its_end() {
    let mut view = view();
    feed(&mut view, 2_000, status(Status::Working));
    feed(&mut view, 2_100, step("a", StepState::Working, (2_100, 2_100)));
    assert_eq!(view.step.as_ref().map(|s| s.title.as_str()), Some("Edit a"));
    feed(&mut view, 2_200, step("a", StepState::Done, (2_100, 2_200)));
    feed(&mut view, 2_300, output("one\ntwo\n  "));
    feed(&mut view, 2_400, save_point());
    feed(&mut view, 2_500, Event::Outcome(outcome(Status::Finished)));
    feed(&mut view, 2_600, status(Status::Finished));
    assert_eq!((view.steps, view.lines, view.last_line.as_str()), (1, 3, "two"));
    assert_eq!((view.started_at, view.ended_at), (Some(2_000), Some(2_600)));
    assert_eq!((view.status, view.step, view.save_points), (Status::Finished, None, 1));
    assert_eq!((view.totals.added, view.saved_at, view.can_continue), (2, Some(2_400), true));
    assert_eq!(view.last_event_at, 2_600);
}

#[test]
fn a_status_that_cannot_follow_is_left_out() {
    let mut view = view();
    feed(&mut view, 2_000, status(Status::Stopped));
    feed(&mut view, 2_001, status(Status::Working));
    feed(&mut view, 2_002, status(Status::Finished));
    assert_eq!((view.status, view.ended_at), (Status::Stopped, Some(2_000)));
}

#[test]
fn a_question_is_open_until_it_is_answered_or_the_attempt_ends() {
    let ask = |id: &str| {
        Event::Question(Question { id: id.into(), title: "May it?".into(), ..Question::default() })
    };
    let mut view = view();
    feed(&mut view, 1, status(Status::Working));
    feed(&mut view, 2, ask("q1"));
    feed(&mut view, 3, Event::Answered { question: "other".into(), option: None });
    assert!(!view.questions.is_empty());
    feed(&mut view, 4, Event::Answered { question: "q1".into(), option: Some("yes".into()) });
    assert_eq!(view.questions, []);
    feed(&mut view, 5, ask("q2"));
    feed(&mut view, 6, status(Status::Failed));
    assert_eq!(view.questions, []);
}

#[test]
fn a_new_attempt_starts_afresh_or_goes_on() {
    let mut over = view();
    feed(&mut over, 1, status(Status::Working));
    feed(&mut over, 2, output("one"));
    feed(&mut over, 3, save_point());
    feed(&mut over, 4, Event::Outcome(outcome(Status::Stopped)));
    feed(&mut over, 5, status(Status::Stopped));
    feed(&mut over, 6, Event::Published { branch: "regatta/x".into(), commit: "c".into() });

    for continues in [true, false] {
        let mut view = over.clone();
        feed(&mut view, 7, Event::Attempt { number: 2, continues, message: String::new() });
        feed(&mut view, 7, status(Status::Waiting));
        assert_eq!((view.attempt, view.status, view.lines), (2, Status::Waiting, 1));
        assert_eq!((view.outcome, view.ended_at, view.branch), (None, None, None));
        assert_eq!((view.save_points, view.can_continue), (0, continues));
        assert_eq!(view.totals.files, u32::from(continues));
    }
}

/// Texts that are as bad as they get: long, and of characters that need room.
fn hostile(kind: usize) -> String {
    match kind {
        0 => "\u{1}".repeat(4_000),
        1 => "\u{1F6A3}".repeat(4_000),
        2 => "\"\\".repeat(2_000),
        _ => "Fix the footer".into(),
    }
}

fn hostile_event(kind: usize, text: &str) -> Event {
    let t = || text.to_owned();
    let notice = Some(UserMessage::new(ErrorCode::AgentFailed, t(), t(), t()).with_details(t()));
    let status = Status::Failed;
    match kind {
        0 => output(text),
        1 => step(text, StepState::Working, (1, 1)),
        2 => Event::Status { status, notice },
        3 => {
            let entry = PlanEntry { text: t(), state: PlanState::Open };
            Event::Plan { entries: vec![entry; 50] }
        }
        4 => {
            let file = FileDiffStat { path: t(), added: u64::MAX, removed: u64::MAX };
            Event::Changes { totals: ChangeTotals::default(), files: vec![file; 20] }
        }
        5 => {
            let option =
                QuestionOption { id: "o".into(), label: t(), kind: QuestionOptionKind::Other };
            let options = vec![option; 12];
            Event::Question(Question {
                id: "q".into(),
                title: t(),
                detail: t(),
                risk_reason: t(),
                permission_key: t(),
                options,
                ..Question::default()
            })
        }
        _ => {
            let words = Outcome { last_message: t(), exit_status: t(), ..outcome(status) };
            Event::Outcome(Outcome { notice, ..words })
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_view_stays_small_whatever_is_printed(
        name in 0usize..4,
        events in prop::collection::vec((0usize..7, 0usize..4), 0..12)
    ) {
        let id = TaskId::parse(&"t".repeat(64)).expect("an id");
        let batch = BatchId::parse(&"b".repeat(64)).expect("an id");
        let mut view = new_view(id, batch, &hostile(name), u32::MAX, Millis::MAX);
        for (kind, text) in events {
            feed(&mut view, Millis::MAX, hostile_event(kind, &hostile(text)));
            let json = serde_json::to_string(&view).expect("JSON");
            prop_assert!(json.len() <= MAX_TASK_VIEW_BYTES, "{} bytes", json.len());
        }
    }
}
