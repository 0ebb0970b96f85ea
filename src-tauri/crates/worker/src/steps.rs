//! The steps that are ours: the copy, the start, the end.

use crate::output::EventSender;
use regatta_protocol::Event;
use regatta_protocol::event::{LineKind, Step, StepKind, StepState};

/// A step of ours: what it is called while it is done and when it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuiltinStep {
    pub(crate) id: &'static str,
    pub(crate) kind: StepKind,
    pub(crate) working_title: &'static str,
    pub(crate) done_title: &'static str,
    pub(crate) failed_title: &'static str,
}

/// Making the copy.
pub(crate) const COPY: BuiltinStep = BuiltinStep {
    id: "copy",
    kind: StepKind::Copy,
    working_title: "Making a separate copy of your project",
    done_title: "Made a separate copy of your project",
    failed_title: "Could not make a separate copy of your project",
};

/// Starting the agent.
pub(crate) const START: BuiltinStep = BuiltinStep {
    id: "start",
    kind: StepKind::Start,
    working_title: "Starting the agent",
    done_title: "Started the agent",
    failed_title: "Could not start the agent",
};

/// Saving the result.
pub(crate) const SAVE: BuiltinStep = BuiltinStep {
    id: "save",
    kind: StepKind::Save,
    working_title: "Saving what was changed",
    done_title: "Saved what was changed",
    failed_title: "Could not save what was changed",
};

impl BuiltinStep {
    /// Tells that it has begun.
    pub(crate) fn report_started(self, events: &EventSender) {
        events.send(Event::Step(Step::new(
            self.id,
            self.kind,
            self.working_title,
            StepState::Working,
        )));
    }

    /// Tells how it ended.
    pub(crate) fn report_ended(self, events: &EventSender, well: bool, detail: String) {
        let (title, state) = if well {
            (self.done_title, StepState::Done)
        } else {
            (self.failed_title, StepState::Failed)
        };
        self.report(events, title, state, detail);
    }

    /// Tells that it ended well, in other words.
    pub(crate) fn report_done_as(self, events: &EventSender, title: &str) {
        self.report(events, title, StepState::Done, String::new());
    }

    /// Tells how it stands, and heads the transcript with it.
    fn report(self, events: &EventSender, title: &str, state: StepState, detail: String) {
        let step = Step { detail, ..Step::new(self.id, self.kind, title, state) };
        events.send(Event::Step(step));
        let text = title.to_owned();
        events.send(Event::Output { kind: LineKind::Step, text, first_line: 0 });
    }
}
