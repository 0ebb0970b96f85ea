//! While the agent works: one loop that hears the agent, the engine, the clock and the
//! system, and owns what is asked and where the task stands.

use crate::agent::{Agent, Asked, Told, Turn};
use crate::control::Controls;
use crate::output::Events;
use crate::policy::Decision;
use crate::saves::Saving;
use crate::standing::Standing;
use regatta_protocol::Event;
use regatta_protocol::event::{
    LineKind, OptionKind, Question, QuestionKind, SaveReason, Step, StepKind, StepState,
};
use regatta_protocol::view::MAX_QUESTIONS_SHOWN;
use regatta_protocol::worker::WorkerControl;
use std::io;
use std::task::Poll;
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
    /// The questions in order; the first ones are shown.
    pub(crate) questions: Vec<Asked>,
    pub(crate) allowed: Allowed,
    /// How many messages the agent was told.
    pub(crate) heard: u32,
}

/// What the loop hears.
enum Heard {
    Over(Why),
    Control(WorkerControl),
    Asked(Option<Asked>),
    Withdrawn(usize),
    SaveTime,
    ChildEnded,
}

impl Desk<'_> {
    /// Works until something ends the work.
    pub(crate) async fn work(&mut self, signals: &mut Signals, save_every: Duration) -> Why {
        let mut save_time = tokio::time::interval_at(Instant::now() + save_every, save_every);
        save_time.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut may_ask = true;
        loop {
            match self.hear(signals, &mut save_time, may_ask).await {
                Heard::Over(why) => return why,
                Heard::Control(WorkerControl::Stop) => return Why::Stopped,
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
                    // One that is held couldn't end its turn.
                    let interrupt = interrupt && !self.standing.is_held();
                    self.tell(Told { text, interrupt });
                }
                Heard::Control(WorkerControl::Allow { key }) => self.take_allowance(&key),
                Heard::Asked(Some(asked)) => self.take_question(asked),
                Heard::Asked(None) => may_ask = false,
                Heard::Withdrawn(at) => self.close_question(at, None),
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
        let withdrawn = std::future::poll_fn(|context| {
            let closed = |asked: &mut Asked| asked.answer.poll_closed(context).is_ready();
            self.questions.iter_mut().position(closed).map_or(Poll::Pending, Poll::Ready)
        });
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
            at = withdrawn => Heard::Withdrawn(at),
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
        self.heard += 1;
        let [step, line] = Event::from_person(format!("you-{}", self.heard), &text);
        self.events.send(step);
        self.events.send(Event::Message { text });
        self.events.send(line);
    }

    /// Nobody will answer any more.
    pub(crate) fn withdraw_all(&mut self) {
        self.questions.truncate(MAX_QUESTIONS_SHOWN);
        while !self.questions.is_empty() {
            self.close_question(0, None);
        }
    }

    /// One that can't be shown is dropped, which tells the agent that it was withdrawn.
    fn take_question(&mut self, asked: Asked) {
        let title = &asked.question.title;
        if asked.question.options.is_empty() {
            self.events.note(format!("The agent asked without offering an answer: {title}"));
        } else if let Some((option, note)) = self.answered_by_rule(&asked) {
            self.events.note(note);
            // An error: the agent no longer waits for it.
            drop(asked.answer.send(option));
        } else if self.questions.len() < MAX_QUESTIONS {
            self.questions.push(asked);
            self.show_question(self.questions.len() - 1);
        }
    }

    /// The answer that needs no person: by the safety level, or by what was allowed before.
    fn answered_by_rule(&mut self, asked: &Asked) -> Option<(String, String)> {
        let Question { title, key, .. } = &asked.question;
        let allowed = self.allowed.keeps(key) || self.allowed.takes_once(key);
        let (kinds, why) = match asked.decision {
            Decision::Allow => (ALLOWING, "Allowed by the safety level".to_owned()),
            Decision::Refuse(why) => (REFUSING, format!("Refused, as it {why}")),
            Decision::Ask(..) if allowed => (ALLOWING, "Allowed before".to_owned()),
            Decision::Ask(..) => return None,
        };
        Some((option_of(&asked.question, kinds)?, format!("{why}: {title}")))
    }

    /// Something is allowed for the whole batch: what is open of it is answered.
    fn take_allowance(&mut self, key: &str) {
        self.allowed.keep(key);
        while let Some(at) = self.questions.iter().position(|asked| asked.question.key == key) {
            let option = option_of(&self.questions[at].question, ALLOWING);
            self.close_question(at, option);
        }
    }

    fn show_question(&mut self, at: usize) {
        let shown = self.questions.get(at).filter(|_| at < MAX_QUESTIONS_SHOWN);
        let Some(Asked { question, .. }) = shown else { return };
        let step = ask_step(question, StepState::Working);
        let (text, question) = (step.title.clone(), question.clone());
        self.events.send(Event::Step(step));
        self.events.send(Event::Output { kind: LineKind::Step, text, first_line: 0 });
        self.events.send(Event::Question(question));
        self.standing.set_asking(true);
    }

    fn answer(&mut self, id: &str, option: &str) {
        let fits = |asked: &Asked| {
            asked.question.id == id && asked.question.options.iter().any(|o| o.id == option)
        };
        // None: an answer that comes too late, or twice.
        if let Some(at) = self.questions.iter().take(MAX_QUESTIONS_SHOWN).position(fits) {
            self.close_question(at, Some(option.to_owned()));
        }
    }

    /// A question is answered, or withdrawn; the next one that waits is shown.
    fn close_question(&mut self, at: usize, option: Option<String>) {
        let Asked { question, answer, .. } = self.questions.remove(at);
        let chosen = question.options.iter().find(|o| Some(&o.id) == option.as_ref());
        let (state, note) = match chosen {
            Some(chosen) => (StepState::Done, format!("Answered: {}", chosen.label)),
            None => (StepState::Failed, "Nobody answered before it was over.".to_owned()),
        };
        if at < MAX_QUESTIONS_SHOWN {
            self.events.note(note.clone());
            let step = ask_step(&question, state);
            self.events.send(Event::Step(Step { detail: note, ..step }));
            self.events.send(Event::Answered { question: question.id, option: option.clone() });
        }
        if let Some(option) = option {
            // An error: the agent no longer waits for it.
            drop(answer.send(option));
        }
        if at < MAX_QUESTIONS_SHOWN {
            self.show_question(MAX_QUESTIONS_SHOWN - 1);
        }
        self.standing.set_asking(!self.questions.is_empty());
    }
}

/// The kinds of options that allow, and those that refuse, the best first.
const ALLOWING: [OptionKind; 2] = [OptionKind::AllowOnce, OptionKind::AllowAlways];
const REFUSING: [OptionKind; 2] = [OptionKind::RejectOnce, OptionKind::RejectAlways];

/// The option of the first of these kinds that there is.
fn option_of(question: &Question, kinds: [OptionKind; 2]) -> Option<String> {
    let of = |kind| question.options.iter().find(|option| option.kind == kind);
    kinds.into_iter().find_map(of).map(|option| option.id.clone())
}

/// What a person allowed before, by the keys of questions.
#[derive(Debug, Default)]
pub(crate) struct Allowed {
    pub(crate) always: Vec<String>,
    pub(crate) once: Vec<String>,
}

impl Allowed {
    fn keeps(&self, key: &str) -> bool {
        !key.is_empty() && self.always.iter().any(|kept| kept == key)
    }

    fn takes_once(&mut self, key: &str) -> bool {
        let at = self.once.iter().position(|kept| !key.is_empty() && kept == key);
        at.map(|at| self.once.remove(at)).is_some()
    }

    fn keep(&mut self, key: &str) {
        if !key.is_empty() && !self.keeps(key) {
            self.always.push(key.to_owned());
        }
    }
}

/// "Asked: Run: npm install", so that nobody takes it for done; a choice in its own words.
fn ask_step(question: &Question, state: StepState) -> Step {
    let title = match question.kind {
        QuestionKind::Permission => format!("Asked: {}", question.title),
        QuestionKind::Choice => question.title.clone(),
    };
    Step::new(&question.id, StepKind::Ask, &title, state)
}

/// The system's signals that matter.
pub(crate) struct Signals {
    ends: Ends,
    child: Signal,
}

/// The signals by which the system wants us to end.
struct Ends([Signal; 3]);

impl Signals {
    /// Listens from now on. What is started from now on takes these signals as usual, also where
    /// Regatta was started in the background of a script, which has Ctrl-C ignored.
    pub(crate) fn listen() -> io::Result<Self> {
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

#[cfg(test)]
mod tests;
