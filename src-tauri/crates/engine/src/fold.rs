//! What a person sees of a task is a fold over its events: pure, so that the same events
//! always give the same view.

use crate::runner::can_continue;
use regatta_protocol::event::{MAX_FILES_NAMED, Outcome, Step, StepState};
use regatta_protocol::view::{CurrentStep, MAX_QUESTIONS_SHOWN, MAX_TASK_VIEW_BYTES};
use regatta_protocol::{BatchId, Event, LogEvent, Millis, Status, TaskId, TaskView};

/// How many characters of a name, a line or a title a view shows.
const MAX_SHOWN_CHARS: usize = 200;
/// How many entries of a plan a view shows.
const MAX_PLAN_SHOWN: usize = 20;
/// The longest key of a question, in bytes, that a view keeps when it has to be small.
const MAX_QUESTION_KEY_BYTES: usize = 100;
/// The most that one more line can add to a view: every character escaped as `\u00xx`.
const LINE_RESERVE: usize = MAX_SHOWN_CHARS * 6;

/// A task that nothing has happened to yet.
pub(crate) fn new_view(
    id: TaskId,
    batch: BatchId,
    name: &str,
    position: u32,
    at: Millis,
) -> TaskView {
    TaskView {
        id,
        batch,
        is_batch_channel: false,
        name: truncated(name),
        position,
        revision: 0,
        status: Status::Waiting,
        notice: None,
        attempt: 1,
        step: None,
        steps: 0,
        last_line: String::new(),
        lines: 0,
        plan: Vec::new(),
        totals: Default::default(),
        files: Vec::new(),
        save_points: 0,
        created_at: at,
        started_at: None,
        ended_at: None,
        last_event_at: at,
        saved_at: None,
        usage: None,
        questions: Vec::new(),
        outcome: None,
        branch: None,
        can_continue: false,
        agent: String::new(),
        row: position,
        session: None,
    }
}

/// Takes one event of the task into its view. The revision is the store's to give.
///
/// A status that can't follow the present one is left out: the state machine is
/// [`Status::can_become`], whatever is in the log.
pub(crate) fn fold(view: &mut TaskView, entry: &LogEvent) {
    view.last_event_at = entry.at;
    if let Event::Output { text, .. } = &entry.event {
        fold_output(view, text);
        return; // A line has room in every view: see LINE_RESERVE.
    }
    fold_fact(view, entry);
    fit_to_size(view);
}

fn fold_output(view: &mut TaskView, text: &str) {
    view.lines += text.split('\n').count() as u64;
    // The newest line that says something; an agent's output often ends in empty ones.
    if let Some(line) = text.rsplit('\n').find(|line| !line.trim().is_empty()) {
        view.last_line = truncated(line);
    }
}

fn fold_fact(view: &mut TaskView, entry: &LogEvent) {
    match &entry.event {
        Event::Status { status, notice } => {
            if view.status.can_become(*status) {
                view.status = *status;
                view.notice.clone_from(notice);
                fold_times(view, entry.at);
            }
        }
        Event::Step(step) => fold_step(view, step),
        Event::Plan { entries } => {
            view.plan = entries.iter().take(MAX_PLAN_SHOWN).cloned().collect();
        }
        Event::SavePoint(_) => {
            view.save_points += 1;
            view.saved_at = Some(entry.at);
            view.can_continue = true;
        }
        Event::Changes { totals, files } => {
            view.totals = *totals;
            view.files = files.iter().take(MAX_FILES_NAMED).cloned().collect();
        }
        Event::Usage(usage) => view.usage = Some(*usage),
        Event::Question(question) => {
            if view.questions.len() < MAX_QUESTIONS_SHOWN {
                view.questions.push(question.clone());
            }
        }
        Event::Answered { question, .. } => {
            view.questions.retain(|open| open.id != *question);
        }
        Event::Outcome(outcome) => {
            view.totals = outcome.totals;
            view.outcome = Some(outcome.clone());
        }
        Event::Attempt { number, continues, .. } => fold_attempt(view, *number, *continues),
        Event::Published { branch, .. } => view.branch = Some(branch.clone()),
        Event::Session(session) => view.session = Some(session.clone()),
        Event::Output { .. } | Event::Message { .. } | Event::End | Event::Unknown => {}
    }
}

fn fold_times(view: &mut TaskView, at: Millis) {
    if view.status == Status::Working {
        view.started_at.get_or_insert(at);
    }
    if view.status.is_over() {
        view.ended_at = Some(at);
        view.step = None;
        // Its agent can go on, and then be told the answer.
        if view.status != Status::Interrupted || !can_continue(view.session.as_ref()) {
            view.questions.clear();
        }
    }
}

fn fold_step(view: &mut TaskView, step: &Step) {
    // The store makes the two times differ for every later word on the same step.
    let is_new = step.started_at == step.changed_at;
    view.steps += u32::from(is_new);
    if is_new || step.state == StepState::Working {
        view.step = Some(CurrentStep { kind: step.kind, title: truncated(&step.title) });
    }
}

fn fold_attempt(view: &mut TaskView, number: u32, continues: bool) {
    view.attempt = number;
    view.step = None;
    view.plan.clear();
    view.save_points = 0;
    view.started_at = None;
    view.ended_at = None;
    view.usage = None;
    view.questions.clear();
    view.outcome = None;
    view.branch = None;
    if !continues {
        view.session = None;
        view.totals = Default::default();
        view.files.clear();
        view.saved_at = None;
        view.can_continue = false;
    }
}

/// Cuts the view's long texts, the least needed first, until it is small enough.
fn fit_to_size(view: &mut TaskView) {
    const CUTS: [fn(&mut TaskView); 6] = [
        |v| v.plan.iter_mut().for_each(|e| truncate(&mut e.text, 80)),
        |v| v.files.retain(|f| f.path.len() <= 120),
        |v| truncate_notices(v, 300),
        |v| truncate_outcome(v, 1_500),
        |v| truncate_questions(v, 400),
        truncate_everything,
    ];
    for cut_more in CUTS {
        if serialized_size(view) + LINE_RESERVE <= MAX_TASK_VIEW_BYTES {
            return;
        }
        cut_more(view);
    }
}

fn serialized_size(view: &TaskView) -> usize {
    let mut count = ByteCounter(0);
    // The present last line is counted by its reserve, so that the cut never depends on it.
    serde_json::to_writer(&mut count, view).expect("BUG: a view is always JSON");
    count.0 - view.last_line.len()
}

/// Counts what would be written.
struct ByteCounter(usize);

impl std::io::Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn truncate_notices(view: &mut TaskView, chars: usize) {
    let outcome = view.outcome.as_mut().and_then(|o| o.notice.as_mut());
    for notice in view.notice.as_mut().into_iter().chain(outcome) {
        for text in [&mut notice.message, &mut notice.impact, &mut notice.hint] {
            truncate(text, chars);
        }
        if let Some(details) = notice.details.as_mut() {
            truncate(details, chars);
        }
    }
}

fn truncate_outcome(view: &mut TaskView, chars: usize) {
    if let Some(Outcome { last_message: last_words, exit_status: ended_by, .. }) =
        view.outcome.as_mut()
    {
        truncate(last_words, chars);
        truncate(ended_by, chars.min(MAX_SHOWN_CHARS));
    }
}

fn truncate_questions(view: &mut TaskView, chars: usize) {
    for question in &mut view.questions {
        truncate(&mut question.title, chars);
        truncate(&mut question.detail, chars);
        truncate(&mut question.risk_reason, chars);
        question.options.iter_mut().for_each(|option| truncate(&mut option.label, 80));
    }
}

/// What is left of texts that are made of nothing but characters that need escaping.
fn truncate_everything(view: &mut TaskView) {
    view.plan.clear();
    view.files.clear();
    if let Some(step) = view.step.as_mut() {
        truncate(&mut step.title, 30);
    }
    truncate(&mut view.name, 40);
    truncate_notices(view, 15);
    truncate_outcome(view, 15);
    truncate_questions(view, 20);
    for question in &mut view.questions {
        question.detail.clear();
        if question.permission_key.len() > MAX_QUESTION_KEY_BYTES {
            question.permission_key.clear(); // A part of a key is another key: it can't be allowed then.
        }
        question.options.iter_mut().for_each(|option| truncate(&mut option.label, 3));
    }
}

pub(crate) fn truncated(text: &str) -> String {
    let mut text = text.to_owned();
    truncate(&mut text, MAX_SHOWN_CHARS);
    text
}

/// Cuts to `chars` characters, the last of which then is `…`.
fn truncate(text: &mut String, chars: usize) {
    if text.len() > chars && text.chars().count() > chars {
        let end = text.char_indices().nth(chars - 1).map_or(0, |(at, _)| at);
        text.truncate(end);
        text.push('…');
    }
}

#[cfg(test)]
mod tests;
