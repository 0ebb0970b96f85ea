//! The steps that are ours: the copy, the start, the end.

use crate::output::Events;
use regatta_protocol::Event;
use regatta_protocol::event::{LineKind, Step, StepKind, StepState};

/// A step of ours: what it is called while it is done and when it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ours {
    pub(crate) id: &'static str,
    pub(crate) kind: StepKind,
    pub(crate) doing: &'static str,
    pub(crate) done: &'static str,
    pub(crate) failed: &'static str,
}

/// Making the copy.
pub(crate) const COPY: Ours = Ours {
    id: "copy",
    kind: StepKind::Copy,
    doing: "Making a separate copy of your project",
    done: "Made a separate copy of your project",
    failed: "Could not make a separate copy of your project",
};

/// Starting the agent.
pub(crate) const START: Ours = Ours {
    id: "start",
    kind: StepKind::Start,
    doing: "Starting the agent",
    done: "Started the agent",
    failed: "Could not start the agent",
};

/// Saving the result.
pub(crate) const SAVE: Ours = Ours {
    id: "save",
    kind: StepKind::Save,
    doing: "Saving what was changed",
    done: "Saved what was changed",
    failed: "Could not save what was changed",
};

impl Ours {
    /// Tells that it has begun.
    pub(crate) fn begin(self, events: &Events) {
        events.send(Event::Step(Step::new(self.id, self.kind, self.doing, StepState::Working)));
    }

    /// Tells how it ended.
    pub(crate) fn end(self, events: &Events, well: bool, detail: String) {
        let (title, state) =
            if well { (self.done, StepState::Done) } else { (self.failed, StepState::Failed) };
        self.tell(events, title, (state, detail));
    }

    /// Tells that it ended well, in other words.
    pub(crate) fn end_as(self, events: &Events, title: &str) {
        self.tell(events, title, (StepState::Done, String::new()));
    }

    /// Tells how it stands, and heads the transcript with it.
    fn tell(self, events: &Events, title: &str, (state, detail): (StepState, String)) {
        let step = Step { detail, ..Step::new(self.id, self.kind, title, state) };
        events.send(Event::Step(step));
        let text = title.to_owned();
        events.send(Event::Output { kind: LineKind::Step, text, first_line: 0 });
    }
}
