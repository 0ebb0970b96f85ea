//! Views for tests.

use regatta_protocol::event::{ChangeTotals, Question};
use regatta_protocol::view::Counts;
use regatta_protocol::{AgentChoice, BatchId, BatchView, Place, Status, TaskId, TaskView};

/// A task of batch `b` that stands at `status`; one that needs a person asks something.
pub(crate) fn task(id: &str, status: Status) -> TaskView {
    let question = Question {
        id: "q1".into(),
        title: "Run: npm install".into(),
        risk_reason: "adds the packages this project lists".into(),
        ..Question::default()
    };
    TaskView {
        id: TaskId::parse(id).expect("an id"),
        batch: BatchId::parse("b").expect("an id"),
        is_batch_channel: false,
        name: format!("Task {id}"),
        position: 0,
        revision: 1,
        status,
        notice: None,
        attempt: 1,
        step: None,
        steps: 0,
        last_line: String::new(),
        lines: 0,
        plan: Vec::new(),
        totals: ChangeTotals::default(),
        files: Vec::new(),
        save_points: 0,
        created_at: 0,
        started_at: None,
        ended_at: None,
        last_event_at: 0,
        saved_at: None,
        usage: None,
        questions: if status == Status::NeedsYou { vec![question] } else { Vec::new() },
        outcome: None,
        branch: None,
        can_continue: false,
        agent: String::new(),
        row: 0,
        session: None,
    }
}

/// A batch named "Checkout" with these counts.
pub(crate) fn batch(id: &str, counts: Counts) -> BatchView {
    BatchView {
        id: BatchId::parse(id).expect("an id"),
        name: "Checkout".into(),
        project: "/project".into(),
        project_name: "project".into(),
        endpoint: None,
        place: Place::default(),
        start_from: String::new(),
        start_commit: "0".repeat(40),
        agent: AgentChoice::Practice,
        max_parallel: 3,
        created_at: 0,
        ended_at: None,
        revision: 1,
        last_seq: 1,
        counts,
        queue: Vec::new(),
    }
}
