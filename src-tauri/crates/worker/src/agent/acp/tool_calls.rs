//! An agent's tool calls: updates in, steps and their output out. Pure.
//!
//! Agents differ: an update may come before its call, a call may never be ended, content
//! may be sent whole again and again or in pieces. All of it lands here.

use super::DisplayItem;
use super::test_runs::{TestRuns, exit_code};
use super::tool_output::ToolOutput;
use super::tool_titles::{self, ToolSubject};
use crate::text::one_line;
use agent_client_protocol::v1::schema::{
    ContentBlock, ToolCallContent, ToolCallStatus, ToolCallUpdate, ToolKind,
};
use regatta_protocol::event::{
    FileDiffStat, LineKind, MAX_FILES_NAMED, Step, StepKind, StepState, TestRun,
};
use regatta_trace::LogDropped;
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};

/// How many calls are remembered, the newest; an update of an older one begins a new step.
const MAX_CALLS: usize = 500;
/// The longest path and title that is kept, in characters.
const MAX_PATH: usize = 300;
const MAX_TITLE: usize = 500;

/// The tool calls of one conversation.
#[derive(Debug)]
pub(super) struct ToolCalls {
    /// The copy, by the names that paths may begin with.
    copy_roots: Vec<PathBuf>,
    by_id: HashMap<String, ToolCallState>,
    insertion_order: VecDeque<String>,
    count: u64,
    tests: TestRuns,
}

/// One tool call.
#[derive(Debug, Default)]
pub(super) struct ToolCallState {
    number: u64,
    kind: ToolKind,
    title: String,
    command: Option<String>,
    url: Option<String>,
    /// Files that are looked at, and files that are changed; how many there are of each.
    located_files: (Vec<FileDiffStat>, usize),
    changed_files: (Vec<FileDiffStat>, usize),
    state: Option<StepState>,
    output: ToolOutput,
    heading: String,
    last_sent: Option<Step>,
}

impl ToolCalls {
    pub(super) fn new(copy: &Path) -> Self {
        let mut copy_roots = vec![copy.to_owned()];
        copy_roots.extend(
            copy.canonicalize()
                .log_dropped("resolving the copy's path")
                .filter(|real| real != copy),
        );
        Self {
            copy_roots,
            by_id: HashMap::new(),
            insertion_order: VecDeque::new(),
            count: 0,
            tests: TestRuns::default(),
        }
    }

    /// A call began or changed.
    pub(super) fn update(&mut self, update: &ToolCallUpdate) -> Vec<DisplayItem> {
        let call = self.apply(update);
        let run = call.finished_command();
        let mut shown = call.display_items();
        let output = call.new_output(update);
        if !output.is_empty() {
            shown.extend(call.heading_line());
        }
        shown.extend(output);
        if let Some((command, state)) = run {
            self.tests.add(&command, state, exit_code(update));
        }
        shown
    }

    /// The tests that were run.
    pub(super) fn take_tests(&mut self) -> Vec<TestRun> {
        self.tests.take_runs()
    }

    /// Takes over what an update says of its call, without showing it.
    pub(super) fn apply(&mut self, update: &ToolCallUpdate) -> &mut ToolCallState {
        let copies = self.copy_roots.clone();
        let call = self.entry(&update.tool_call_id.0);
        let fields = &update.fields;
        call.kind = fields.kind.unwrap_or(call.kind);
        if let Some(title) = &fields.title {
            call.title = one_line(title, MAX_TITLE);
        }
        if let Some(command) = fields.raw_input.as_ref().and_then(tool_titles::read_command) {
            call.command = Some(command);
        }
        if let Some(address) = fields.raw_input.as_ref().and_then(tool_titles::read_url) {
            call.url = Some(one_line(&address, MAX_PATH));
        }
        if let Some(locations) = &fields.locations {
            let paths = locations.iter().map(|l| display_path(&copies, &l.path));
            // The copy itself is where everything happens.
            let files = paths.filter(|path| !path.is_empty());
            let mut files: Vec<_> =
                files.map(|path| FileDiffStat { path, ..FileDiffStat::default() }).collect();
            let count = files.len();
            files.truncate(MAX_FILES_NAMED);
            call.located_files = (files, count);
        }
        if let Some(content) = &fields.content {
            call.apply_diffs(content, &copies);
        }
        if let Some(status) = fields.status {
            call.state = Some(to_step_state(status));
        }
        call
    }

    /// The turn is over: calls that never ended do now.
    pub(super) fn close_open_calls(&mut self, state: StepState) -> Vec<DisplayItem> {
        let mut shown = Vec::new();
        for id in &self.insertion_order {
            let Some(call) = self.by_id.get_mut(id) else { continue };
            if call.state == Some(StepState::Working) || call.state.is_none() {
                call.state = Some(state);
                shown.extend(
                    call.output
                        .finish()
                        .into_iter()
                        .map(|t| DisplayItem::Lines(LineKind::Stdout, t)),
                );
                shown.extend(call.display_items());
            }
        }
        shown
    }

    /// What a call is about, for a question on it: its title, and all of it.
    pub(super) fn question_texts(&self, id: &str) -> Option<(String, String)> {
        let call = self.by_id.get(id)?;
        let (kind, subject) = (call.kind(), call.subject());
        Some((subject.question_title(kind), subject.question_detail(kind)))
    }

    /// What a call is, its command and its title with the copy's own folder as `.`, and whether
    /// it means a file outside the copy.
    pub(super) fn request_parts(&self, id: &str) -> (StepKind, Option<String>, String, bool) {
        let Some(call) = self.by_id.get(id) else {
            return (StepKind::Other, None, String::new(), false);
        };
        let inside = |text: &str| {
            let copies = self.copy_roots.iter().map(|copy| copy.display().to_string());
            copies.fold(text.to_owned(), |text, copy| text.replace(&copy, "."))
        };
        let outside =
            |file: &FileDiffStat| file.path.starts_with(['/', '~']) || file.path.contains("..");
        let files = call.located_files.0.iter().chain(&call.changed_files.0);
        let (command, title) = (call.command.as_deref().map(inside), inside(&call.title));
        (call.kind(), command, title.trim_matches('`').to_owned(), files.clone().any(outside))
    }

    fn entry(&mut self, id: &str) -> &mut ToolCallState {
        if !self.by_id.contains_key(id) {
            if self.insertion_order.len() == MAX_CALLS
                && let Some(oldest) = self.insertion_order.pop_front()
            {
                self.by_id.remove(&oldest);
            }
            self.count += 1;
            self.insertion_order.push_back(id.to_owned());
        }
        let number = self.count;
        self.by_id
            .entry(id.to_owned())
            .or_insert_with(|| ToolCallState { number, ..ToolCallState::default() })
    }
}

impl ToolCallState {
    /// A command that is over, and how.
    fn finished_command(&self) -> Option<(String, StepState)> {
        let state = self.state.filter(|state| *state != StepState::Working)?;
        Some((self.command.clone().filter(|_| self.kind() == StepKind::Run)?, state))
    }

    fn kind(&self) -> StepKind {
        match self.kind {
            ToolKind::Read => StepKind::Read,
            ToolKind::Edit | ToolKind::Move => StepKind::Edit,
            ToolKind::Delete => StepKind::Remove,
            ToolKind::Search => StepKind::Search,
            ToolKind::Execute => StepKind::Run,
            ToolKind::Think => StepKind::Thought,
            ToolKind::Fetch => StepKind::Fetch,
            _ if !self.changed_files.0.is_empty() => StepKind::Edit,
            _ => StepKind::Other,
        }
    }

    fn subject(&self) -> ToolSubject<'_> {
        let (files, count) =
            if self.changed_files.0.is_empty() { &self.located_files } else { &self.changed_files };
        let (command, address) = (self.command.as_deref(), self.url.as_deref());
        ToolSubject { title: &self.title, command, url: address, files, count: *count }
    }

    /// The step, when it changed, and its heading in the transcript.
    fn display_items(&mut self) -> Vec<DisplayItem> {
        let (kind, state) = (self.kind(), self.state.unwrap_or(StepState::Working));
        let subject = self.subject();
        let step = Step {
            detail: subject.detail(kind),
            files: subject.files.to_vec(),
            ..Step::new(format!("t{}", self.number), kind, &subject.title(kind, state), state)
        };
        let known = !subject.is_vague();
        if self.last_sent.as_ref() == Some(&step) {
            return Vec::new();
        }
        self.last_sent = Some(step.clone());
        let mut shown = vec![DisplayItem::Step(Box::new(step))];
        let over = state != StepState::Working;
        if known || over {
            shown.extend(self.heading_line());
        }
        if over && kind == StepKind::Edit {
            shown.extend(
                tool_titles::format_file_lines(&self.changed_files.0)
                    .map(|l| DisplayItem::Lines(LineKind::Stdout, l)),
            );
        }
        shown
    }

    /// Heads the transcript with the call, once; when it is over and failed, or turned out to be
    /// about something else, once more.
    fn heading_line(&mut self) -> Option<DisplayItem> {
        // It is headed when it is known what it is about, and once more if it fails.
        let end = self.state.filter(|state| *state != StepState::Working);
        let heading = self.subject().title(self.kind(), end.unwrap_or(StepState::Done));
        let over = end.is_some();
        let due = self.heading.is_empty() || (over && self.heading != heading);
        due.then(|| {
            self.heading.clone_from(&heading);
            DisplayItem::Lines(LineKind::Step, heading)
        })
    }

    /// What the update brings of the call's output.
    fn new_output(&mut self, update: &ToolCallUpdate) -> Vec<DisplayItem> {
        let failed = self.state == Some(StepState::Failed);
        // What was read or written is in the project; what went wrong with it is not.
        let of_files = matches!(self.kind(), StepKind::Read | StepKind::Edit);
        let kind = if of_files { LineKind::Stderr } else { LineKind::Stdout };
        let mut texts = Vec::new();
        let meta = |name: &str| update.meta.as_ref()?.get(name)?.get("data")?.as_str();
        for name in ["terminal_output_delta", "terminal_output"] {
            texts.extend(meta(name).map(|data| self.output.push(data)).unwrap_or_default());
        }
        if let Some(content) = &update.fields.content
            && (failed || !of_files)
        {
            texts.extend(self.output.set_whole(&content_text(content)));
        }
        if self.state.is_some_and(|state| state != StepState::Working) {
            texts.extend(self.output.finish());
        }
        texts.into_iter().map(|text| DisplayItem::Lines(kind, text)).collect()
    }

    fn apply_diffs(&mut self, content: &[ToolCallContent], copies: &[PathBuf]) {
        let diffs = content.iter().filter_map(|content| match content {
            ToolCallContent::Diff(diff) => Some(diff),
            _ => None,
        });
        let mut changed = (Vec::new(), 0);
        for diff in diffs {
            changed.1 += 1;
            if changed.0.len() < MAX_FILES_NAMED {
                let old = diff.old_text.as_deref().unwrap_or_default();
                let (added, removed) = tool_titles::count_changed_lines(old, &diff.new_text);
                changed.0.push(FileDiffStat {
                    path: display_path(copies, &diff.path),
                    added,
                    removed,
                });
            }
        }
        if changed.1 > 0 {
            self.changed_files = changed;
        }
    }
}

fn to_step_state(status: ToolCallStatus) -> StepState {
    match status {
        ToolCallStatus::Completed => StepState::Done,
        ToolCallStatus::Failed => StepState::Failed,
        _ => StepState::Working,
    }
}

/// All text of a call's content, without a fence round it.
fn content_text(content: &[ToolCallContent]) -> String {
    let texts = content.iter().filter_map(|content| match content {
        ToolCallContent::Content(content) => match &content.content {
            ContentBlock::Text(text) => Some(strip_fence(&text.text)),
            _ => None,
        },
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn strip_fence(text: &str) -> &str {
    let inner = text.trim().strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    inner.and_then(|inner| inner.split_once('\n')).map_or(text, |(_language, inner)| inner)
}

/// The path in the project where it is in the copy, else as it is.
fn display_path(copies: &[PathBuf], path: &Path) -> String {
    let inside = copies.iter().find_map(|copy| path.strip_prefix(copy).ok());
    one_line(&inside.unwrap_or(path).to_string_lossy(), MAX_PATH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn update(calls: &mut ToolCalls, update: Value) -> Vec<DisplayItem> {
        calls.update(&serde_json::from_value(update).expect("an update"))
    }

    fn steps<'a>(shown: &'a [DisplayItem]) -> Vec<&'a Step> {
        let step = |shown: &'a DisplayItem| match shown {
            DisplayItem::Step(step) => Some(&**step),
            _ => None,
        };
        shown.iter().filter_map(step).collect()
    }

    fn lines<'a>(shown: &'a [DisplayItem]) -> Vec<(LineKind, &'a str)> {
        let line = |shown: &'a DisplayItem| match shown {
            DisplayItem::Lines(kind, text) => Some((*kind, text.as_str())),
            _ => None,
        };
        shown.iter().filter_map(line).collect()
    }

    #[test]
    fn an_edit_is_headed_once_and_counts_its_lines() {
        let mut calls = ToolCalls::new(Path::new("/copy"));
        let begun = update(
            &mut calls,
            json!({ "toolCallId": "x", "kind": "edit", "title": "Edit", "status": "pending",
                "locations": [{ "path": "/copy/src/a.ts" }] }),
        );
        assert_eq!(lines(&begun), [(LineKind::Step, "Edited a.ts")]);
        assert_eq!(steps(&begun)[0].title, "Editing a.ts");
        let diff = json!({ "type": "diff", "path": "/copy/src/a.ts", "oldText": "1\n2\n", "newText": "1\n3\n4\n" });
        let done = update(
            &mut calls,
            json!({ "toolCallId": "x", "status": "completed", "content": [diff] }),
        );
        assert_eq!(lines(&done), [(LineKind::Stdout, "src/a.ts  +2 \u{2212}1")]);
        let step = steps(&done)[0];
        assert_eq!((step.id.as_str(), step.state), ("t1", StepState::Done));
        assert_eq!((step.files[0].path.as_str(), step.files[0].added), ("src/a.ts", 2));
        let again = update(&mut calls, json!({ "toolCallId": "x", "status": "completed" }));
        assert_eq!(again, [], "nothing new is nothing to show");
    }

    #[test]
    fn what_was_read_is_not_shown_but_what_went_wrong_is() {
        let mut calls = ToolCalls::new(Path::new("/copy"));
        let text = |text: &str| json!([{ "type": "content", "content": { "type": "text", "text": text } }]);
        let read = json!({ "toolCallId": "r", "kind": "read", "title": "Read", "status": "completed",
            "content": text("all of it"), "locations": [{ "path": "/elsewhere/b.txt" }] });
        let shown = update(&mut calls, read);
        assert_eq!(lines(&shown), [(LineKind::Step, "Read b.txt")]);
        assert_eq!(steps(&shown)[0].files[0].path, "/elsewhere/b.txt");
        let failed = json!({ "toolCallId": "f", "kind": "read", "title": "Read c", "status": "failed",
            "content": text("no such file") });
        let shown = update(&mut calls, failed);
        assert_eq!(lines(&shown), [(LineKind::Step, "Read c"), (LineKind::Stderr, "no such file")]);
    }

    #[test]
    fn a_fence_round_output_is_left_out() {
        assert_eq!(strip_fence("```console\nout\n```"), "out\n");
        assert_eq!(strip_fence("no ``` fence"), "no ``` fence");
        assert_eq!(strip_fence("```"), "```");
    }

    #[test]
    fn calls_without_number_are_kept_in_bounds() {
        let mut calls = ToolCalls::new(Path::new("/copy"));
        for n in 0..2_000 {
            update(&mut calls, json!({ "toolCallId": n.to_string(), "title": "a b".repeat(200) }));
        }
        assert_eq!((calls.by_id.len(), calls.insertion_order.len()), (MAX_CALLS, MAX_CALLS));
        let late = update(&mut calls, json!({ "toolCallId": "0", "status": "completed" }));
        assert_eq!(steps(&late)[0].id, "t2001");
        // Each with its step, and a heading that says that it failed.
        let closed = calls.close_open_calls(StepState::Failed);
        assert_eq!((steps(&closed).len(), closed.len()), (MAX_CALLS - 1, 2 * (MAX_CALLS - 1)));
    }
}
