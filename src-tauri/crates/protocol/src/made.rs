//! Steps, and events that more than one room makes.

use crate::event::{Event, LineKind, Step, StepKind, StepState};

/// The most characters of a step's title.
const MAX_TITLE_CHARS: usize = 4_000;

impl Step {
    /// A step with its title and nothing more. The store fills in what it knows better.
    pub fn new(id: impl Into<String>, kind: StepKind, title: &str, state: StepState) -> Self {
        Self {
            id: id.into(),
            kind,
            title: title.to_owned(),
            detail: String::new(),
            files: Vec::new(),
            state,
            line: 0,
            started_at: 0,
            changed_at: 0,
            attempt: 0,
        }
    }
}

impl Event {
    /// What a person said to the agent: a step, and a line of the transcript.
    pub fn from_person(id: impl Into<String>, text: &str) -> [Self; 2] {
        let text = format!("You: {text}");
        let title: String = text.chars().take(MAX_TITLE_CHARS).collect();
        [
            Self::Step(Step::new(id, StepKind::Message, &title, StepState::Done)),
            Self::Output { kind: LineKind::Said, text, first_line: 0 },
        ]
    }
}
