//! While the agent works: one loop that hears the agent, the engine, the clock and the
//! system, and owns what is asked and where the task stands.

use crate::agent::{Agent, Asked, Told, Turn};
use crate::control::Controls;
use crate::output::Events;
use crate::saves::Saving;
use crate::standing::Standing;
use regatta_protocol::Event;
use regatta_protocol::event::{LineKind, SaveReason, Step, StepKind, StepState};
use regatta_protocol::worker::WorkerControl;
use std::collections::VecDeque;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// The most questions that wait for an answer; nobody answers more.
const MAX_QUESTIONS: usize = 64;

/// Why the agent's work is over.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Why {
    /// Its turn ended.
    Turn(Turn),
    /// A person stopped the task.
    Stopped,
    /// It used up its time.
    TimeIsUp,
    /// Whoever started us is gone, or the system wants us to end.
    Alone,
}

/// The loop's state.
pub(crate) struct Desk<'a> {
    pub(crate) agent: &'a mut Agent,
    pub(crate) controls: &'a mut Controls,
    pub(crate) events: &'a Events,
    pub(crate) standing: Standing,
    pub(crate) saving: Saving,
    /// The questions in order; the first is the one that is shown.
    pub(crate) questions: VecDeque<Asked>,
}

/// What the loop hears.
enum Heard {
    Over(Why),
    Control(WorkerControl),
    Asked(Option<Asked>),
    Withdrawn,
    SaveTime,
    ChildEnded,
}

impl Desk<'_> {
    /// Works until something ends the work.
    pub(crate) async fn work(&mut self, save_every: Duration) -> io::Result<Why> {
        let mut signals = Signals::listen()?;
        let mut save_time = tokio::time::interval_at(Instant::now() + save_every, save_every);
        save_time.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut may_ask = true;
        loop {
            match self.hear(&mut signals, &mut save_time, may_ask).await {
                Heard::Over(why) => return Ok(why),
                Heard::Control(WorkerControl::Stop) => return Ok(Why::Stopped),
                Heard::Control(WorkerControl::Answer { question, option }) => {
                    self.answer(&question, &option);
                }
                Heard::Control(WorkerControl::Pause) => {
                    self.saving.settle().await;
                    self.agent.process.hold();
                    self.standing.set_held(true);
                }
                Heard::Control(WorkerControl::Resume) => {
                    self.agent.process.release();
                    self.standing.set_held(false);
                }
                Heard::Control(WorkerControl::Message { text, interrupt }) => {
                    self.tell(Told { text, interrupt });
                }
                // Not heard yet.
                Heard::Control(WorkerControl::Allow { .. }) => {}
                Heard::Asked(Some(asked)) => self.take_question(asked),
                Heard::Asked(None) => may_ask = false,
                Heard::Withdrawn => self.close_question(None),
                Heard::SaveTime => {
                    self.saving.begin(SaveReason::Timer).await;
                    save_time.reset();
                }
                // Dead git calls of ours have their own awaiter.
                Heard::ChildEnded if self.saving.is_idle() => self.agent.process.take_in_the_dead(),
                Heard::ChildEnded => {}
            }
        }
    }

    async fn hear(
        &mut self,
        signals: &mut Signals,
        save_time: &mut Interval,
        may_ask: bool,
    ) -> Heard {
        let held = self.standing.is_held();
        let withdrawn = async {
            match self.questions.front_mut() {
                Some(asked) => asked.answer.closed().await,
                None => std::future::pending().await,
            }
        };
        let next_save = self.saving.next();
        let stirred = async {
            tokio::time::sleep_until(next_save).await;
            self.events.stirred().await;
        };
        tokio::select! {
            biased;
            control = self.controls.next() => control.map_or(Heard::Over(Why::Alone), Heard::Control),
            () = signals.ends.next() => Heard::Over(Why::Alone),
            () = self.events.closed() => Heard::Over(Why::Alone),
            // What was asked before the turn ended is shown before its end is.
            asked = self.agent.asked.recv(), if may_ask => Heard::Asked(asked),
            turn = &mut self.agent.turn => {
                Heard::Over(Why::Turn(turn.unwrap_or_else(|_| Turn::Lost(String::new()))))
            }
            () = withdrawn => Heard::Withdrawn,
            () = self.standing.time_is_up() => Heard::Over(Why::TimeIsUp),
            _ = save_time.tick(), if !held => Heard::SaveTime,
            () = stirred, if !held => Heard::SaveTime,
            _ = signals.child.recv() => Heard::ChildEnded,
        }
    }

    /// Tells the agent what a person says.
    fn tell(&mut self, told: Told) {
        let Some(tell) = self.agent.tell.clone() else {
            let note = "This agent can't hear anything while it works. Continue the task when it \
                        has ended.";
            return self.events.note(note);
        };
        if told.interrupt {
            self.withdraw_all();
        }
        let text = told.text.clone();
        if tell.send(told).is_err() {
            let note = "The agent was done before it could hear what you said. Continue the task \
                        to tell it.";
            return self.events.note(note);
        }
        let shown = format!("You: {text}");
        self.events.send(Event::Message { text });
        self.events.send(Event::Output { kind: LineKind::Said, text: shown, first_line: 0 });
    }

    /// Nobody will answer any more.
    pub(crate) fn withdraw_all(&mut self) {
        self.questions.truncate(1);
        if !self.questions.is_empty() {
            self.close_question(None);
        }
    }

    /// One that can't be shown is dropped, which tells the agent that it was withdrawn.
    fn take_question(&mut self, asked: Asked) {
        if asked.question.options.is_empty() {
            let title = &asked.question.title;
            self.events.note(format!("The agent asked without offering an answer: {title}"));
        } else if self.questions.len() < MAX_QUESTIONS {
            self.questions.push_back(asked);
            if self.questions.len() == 1 {
                self.show_question();
            }
        }
    }

    fn show_question(&mut self) {
        let Some(Asked { question, .. }) = self.questions.front() else { return };
        let title = question.title.clone();
        let question = question.clone();
        self.events.send(Event::Step(ask_step(&question.id, &title, StepState::Working)));
        self.events.send(Event::Output { kind: LineKind::Step, text: title, first_line: 0 });
        self.events.send(Event::Question(question));
        self.standing.set_asking(true);
    }

    fn answer(&mut self, id: &str, option: &str) {
        let fits = self.questions.front().is_some_and(|asked| {
            asked.question.id == id && asked.question.options.iter().any(|o| o.id == option)
        });
        // An answer that comes too late, or twice.
        if fits {
            self.close_question(Some(option.to_owned()));
        }
    }

    /// The question that is shown is answered, or withdrawn; the next one is shown.
    fn close_question(&mut self, option: Option<String>) {
        let Some(Asked { question, answer }) = self.questions.pop_front() else { return };
        let chosen = question.options.iter().find(|o| Some(&o.id) == option.as_ref());
        let (state, note) = match chosen {
            Some(chosen) => (StepState::Done, format!("Answered: {}", chosen.label)),
            None => (StepState::Failed, "Nobody answered before it was over.".to_owned()),
        };
        self.events.note(note.clone());
        let step = ask_step(&question.id, &question.title, state);
        self.events.send(Event::Step(Step { detail: note, ..step }));
        self.events.send(Event::Answered { question: question.id, option: option.clone() });
        if let Some(option) = option {
            // An error: the agent no longer waits for it.
            drop(answer.send(option));
        }
        self.standing.set_asking(false);
        self.show_question();
    }
}

fn ask_step(id: &str, title: &str, state: StepState) -> Step {
    crate::steps::step(id, StepKind::Ask, title, state)
}

/// The system's signals that matter.
struct Signals {
    ends: Ends,
    child: Signal,
}

/// The signals by which the system wants us to end.
struct Ends([Signal; 3]);

impl Signals {
    fn listen() -> io::Result<Self> {
        let [terminate, interrupt, hang_up] =
            [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
        let ends = Ends([terminate?, interrupt?, hang_up?]);
        Ok(Self { ends, child: signal(SignalKind::child())? })
    }
}

impl Ends {
    async fn next(&mut self) {
        let [terminate, interrupt, hang_up] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
}
