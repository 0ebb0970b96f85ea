//! What the desktop is told while nobody looks at the window: a question, an agent to sign in
//! to, and a batch that came to rest. Pure: views go in, headlines come out, each thing once.

use regatta_engine::ChangeSet;
use regatta_protocol::view::{AgentPause, Counts, PlaceView};
use regatta_protocol::{AgentChoice, BatchId, BatchView, Status, TaskId, TaskView};
use std::collections::{HashMap, HashSet};

const MAX_CHARS: usize = 200;

/// One notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notification {
    /// Its first line: the task, or the batch.
    pub(crate) title: String,
    /// Why.
    pub(crate) body: String,
    /// The batch that a click opens; `None` means all that needs the person.
    pub(crate) batch: Option<BatchId>,
    /// The task that a click opens.
    pub(crate) task: Option<TaskId>,
}

/// What has been told.
#[derive(Default)]
pub(crate) struct Notifications {
    announced_questions: HashMap<TaskId, (u32, String)>,
    signed_out: HashSet<AgentChoice>,
    idle_batches: HashSet<BatchId>,
}

impl Notifications {
    /// Begins where the place stands so: what holds already was told before the last end.
    pub(crate) fn starting_from(place: &PlaceView) -> Self {
        let held = place.agent_pauses.iter().filter(|hold| hold.until.is_none());
        let signed_out = held.map(|hold| hold.agent.clone()).collect();
        Self { signed_out, ..Self::default() }
    }

    /// What is new in these views. A batch's rest isn't told beside a question of its own
    /// that is told now: the question says it already.
    pub(crate) fn collect_new(
        &mut self,
        ChangeSet { tasks, batches, place, .. }: &ChangeSet,
    ) -> Vec<Notification> {
        let tasks = tasks.iter().filter(|task| !task.is_batch_channel);
        let mut notifications: Vec<Notification> =
            tasks.filter_map(|t| self.question_notification(t)).collect();
        let asking: HashSet<_> = notifications.iter().map(|h| h.batch.clone()).collect();
        notifications.extend(self.sign_in_notifications(place));
        let rests = batches.iter().filter_map(|b| self.idle_notification(b));
        notifications.extend(rests.filter(|h| !asking.contains(&h.batch)));
        notifications
    }

    fn question_notification(&mut self, view: &TaskView) -> Option<Notification> {
        let question = view.questions.first().filter(|_| view.status == Status::NeedsYou);
        let Some(question) = question else {
            self.announced_questions.remove(&view.id);
            return None;
        };
        let asked = (view.attempt, question.id.clone());
        let before = self.announced_questions.insert(view.id.clone(), asked.clone());
        (before != Some(asked)).then(|| Notification {
            title: sanitize_line(&format!("{} needs you", view.name)),
            body: sanitize_line(&question.summary()),
            batch: Some(view.batch.clone()),
            task: Some(view.id.clone()),
        })
    }

    /// The agents whose tasks wait until somebody signs in. Those that go on by themselves
    /// need nobody.
    fn sign_in_notifications(&mut self, place: &PlaceView) -> Vec<Notification> {
        let held: Vec<&AgentPause> =
            place.agent_pauses.iter().filter(|h| h.until.is_none()).collect();
        self.signed_out.retain(|agent| held.iter().any(|hold| hold.agent == *agent));
        let new = held.into_iter().filter(|hold| self.signed_out.insert(hold.agent.clone()));
        new.map(|hold| Notification {
            title: sanitize_line(&format!("{} needs you", hold.agent.label())),
            body: match hold.tasks {
                1 => "Sign in again: 1 task waits for that.".to_owned(),
                tasks => format!("Sign in again: {tasks} tasks wait for that."),
            },
            batch: None,
            task: None,
        })
        .collect()
    }

    fn idle_notification(&mut self, view: &BatchView) -> Option<Notification> {
        let counts = view.counts;
        if counts.waiting + counts.working + counts.paused > 0 {
            self.idle_batches.remove(&view.id);
            return None;
        }
        self.idle_batches.insert(view.id.clone()).then(|| Notification {
            title: sanitize_line(&view.name),
            body: describe_counts(counts),
            batch: Some(view.id.clone()),
            task: None,
        })
    }
}

/// "6 finished, 1 needs you, 1 failed".
fn describe_counts(mut counts: Counts) -> String {
    let parts = Status::ALL.into_iter().filter_map(|status| {
        let count = *counts.count_mut(status);
        let word = if status == Status::NeedsYou && count > 1 {
            "need you".to_owned()
        } else {
            status.label().to_lowercase()
        };
        (count > 0).then(|| format!("{count} {word}"))
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// One short line of text that can't change how the desktop draws it.
fn sanitize_line(text: &str) -> String {
    let plain = text.chars().map(|c| match c {
        '<' => '‹',
        '>' => '›',
        '&' => '+',
        c if c.is_control() => ' ',
        c => c,
    });
    plain.take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_views::{batch, task};
    use regatta_protocol::{ErrorCode, KnownAgent, UserMessage};

    fn counts(working: u32, needs_you: u32, finished: u32, failed: u32) -> Counts {
        Counts { working, needs_you, finished, failed, ..Counts::default() }
    }

    fn place(holds: Vec<AgentPause>) -> PlaceView {
        PlaceView { busy: 0, limit: 3, waiting: 2, pause_reason: None, agent_pauses: holds }
    }

    fn changes(tasks: &[TaskView], batches: &[BatchView], place: PlaceView) -> ChangeSet {
        ChangeSet { revision: 1, tasks: tasks.to_vec(), batches: batches.to_vec(), place }
    }

    fn collect(
        notifications: &mut Notifications,
        tasks: &[TaskView],
        batches: &[BatchView],
    ) -> Vec<Notification> {
        notifications.collect_new(&changes(tasks, batches, place(vec![])))
    }

    #[test]
    fn an_agent_to_sign_in_to_is_told_once_and_a_limit_is_not() {
        let hold = |until| AgentPause {
            agent: AgentChoice::Known { id: KnownAgent::Codex },
            task: None,
            notice: UserMessage::new(ErrorCode::SignInNeeded, "Signed out.", "Saved.", "Sign in."),
            until,
            tasks: 2,
        };
        let held = |until| place(vec![hold(until)]);
        let mut notifications = Notifications::default();
        assert_eq!(notifications.collect_new(&changes(&[], &[], held(Some(1)))), []);
        let told = notifications.collect_new(&changes(&[], &[], held(None)));
        assert_eq!(told[0].title, "Codex needs you");
        assert_eq!(told[0].body, "Sign in again: 2 tasks wait for that.");
        assert_eq!(told[0].batch, None);
        assert_eq!(notifications.collect_new(&changes(&[], &[], held(None))), []);
        assert_eq!(collect(&mut notifications, &[], &[]), []);
        assert_eq!(notifications.collect_new(&changes(&[], &[], held(None))).len(), 1, "again");
        assert_eq!(
            Notifications::starting_from(&held(None)).collect_new(&changes(&[], &[], held(None))),
            [],
            "at a start"
        );
    }

    #[test]
    fn a_question_is_told_once_with_the_task_first() {
        let mut notifications = Notifications::default();
        let told = collect(&mut notifications, &[task("a", Status::NeedsYou)], &[]);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].title, "Task a needs you");
        assert_eq!(told[0].body, "Run: npm install (adds the packages this project lists)");
        assert_eq!(told[0].task, TaskId::parse("a"));
        assert_eq!(collect(&mut notifications, &[task("a", Status::NeedsYou)], &[]), []);
        assert_eq!(collect(&mut notifications, &[task("a", Status::Working)], &[]), []);
        assert_eq!(
            collect(&mut notifications, &[task("a", Status::NeedsYou)], &[]).len(),
            1,
            "asked again"
        );
    }

    #[test]
    fn what_belongs_to_no_task_asks_nothing() {
        let whole = TaskView { is_batch_channel: true, ..task("a", Status::NeedsYou) };
        assert_eq!(collect(&mut Notifications::default(), &[whole], &[]), []);
    }

    #[test]
    fn a_batch_that_came_to_rest_is_told_once() {
        let mut notifications = Notifications::default();
        assert_eq!(collect(&mut notifications, &[], &[batch("b", counts(1, 1, 5, 1))]), []);
        let told = collect(&mut notifications, &[], &[batch("b", counts(0, 1, 6, 1))]);
        assert_eq!(told[0].title, "Checkout");
        assert_eq!(told[0].body, "6 finished, 1 needs you, 1 failed");
        assert_eq!(collect(&mut notifications, &[], &[batch("b", counts(0, 1, 6, 1))]), []);
        assert_eq!(collect(&mut notifications, &[], &[batch("b", counts(1, 0, 6, 1))]), []);
        let told = collect(&mut notifications, &[], &[batch("b", counts(0, 0, 7, 1))]);
        assert_eq!(told[0].body, "7 finished, 1 failed");
    }

    #[test]
    fn the_last_question_is_told_once_and_not_as_an_end() {
        let mut notifications = Notifications::default();
        let told = collect(
            &mut notifications,
            &[task("a", Status::NeedsYou)],
            &[batch("b", counts(0, 2, 0, 0))],
        );
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].title, "Task a needs you");
        assert_eq!(collect(&mut notifications, &[], &[batch("b", counts(0, 2, 0, 0))]), []);
    }

    #[test]
    fn text_of_an_agent_stays_text() {
        let mut hostile = task("a", Status::NeedsYou);
        hostile.name = format!("<b>bold</b> & \n{}", "x".repeat(500));
        let told = collect(&mut Notifications::default(), &[hostile], &[]);
        assert!(!told[0].title.contains(['<', '>', '&', '\n']), "{}", told[0].title);
        assert_eq!(told[0].title.chars().count(), MAX_CHARS);
    }
}
