//! While the agent works: one loop that hears the agent, the engine, the clock and the
//! system, and owns what is asked and where the task stands.

use crate::agent::{PendingQuestion, PersonMessage, RunningAgent, TurnEnd};
use crate::control::ControlReader;
use crate::output::EventSender;
use crate::policy::Decision;
use crate::save_points::SavePointScheduler;
use crate::status::StatusTracker;
use regatta_process::Signals;
use regatta_protocol::Event;
use regatta_protocol::event::{
    LineKind, Question, QuestionKind, QuestionOptionKind, SaveReason, Step, StepKind, StepState,
};
use regatta_protocol::view::MAX_QUESTIONS_SHOWN;
use regatta_protocol::worker::WorkerControl;
use regatta_trace::LogDropped;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// The most questions that wait for an answer; nobody answers more.
const MAX_QUESTIONS: usize = 64;

/// Why the agent's work is over.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StopReason {
    /// Its turn ended.
    TurnEnded(TurnEnd),
    /// A person stopped the task.
    Stopped,
    /// It used up its time.
    TimeLimit,
    /// Whoever started us is gone, or the system wants us to end.
    Interrupted,
}

/// The loop's state.
pub(crate) struct AttemptLoop<'a> {
    pub(crate) agent: &'a mut RunningAgent,
    pub(crate) controls: &'a mut ControlReader,
    pub(crate) events: &'a EventSender,
    pub(crate) status: StatusTracker,
    pub(crate) save_points: SavePointScheduler,
    /// The questions in order; the first ones are shown.
    pub(crate) questions: Vec<PendingQuestion>,
    pub(crate) allowances: Allowances,
    /// How many messages the agent was told.
    pub(crate) message_count: u32,
}

/// What the loop hears.
enum LoopEvent {
    Stop(StopReason),
    Control(WorkerControl),
    Question(Option<PendingQuestion>),
    QuestionWithdrawn(usize),
    SaveDue,
    ChildExited,
}

impl AttemptLoop<'_> {
    /// Works until something ends the work.
    pub(crate) async fn run(&mut self, signals: &mut Signals, save_every: Duration) -> StopReason {
        let mut save_time = tokio::time::interval_at(Instant::now() + save_every, save_every);
        save_time.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut may_ask = true;
        loop {
            match self.next_event(signals, &mut save_time, may_ask).await {
                LoopEvent::Stop(why) => return why,
                LoopEvent::Control(WorkerControl::Stop) => return StopReason::Stopped,
                LoopEvent::Control(WorkerControl::Answer { question, option }) => {
                    self.answer_question(&question, &option);
                }
                LoopEvent::Control(WorkerControl::Pause) => {
                    self.save_points.wait_until_idle().await;
                    self.agent.process.suspend();
                    self.status.set_paused(true);
                }
                LoopEvent::Control(WorkerControl::Resume) => {
                    self.agent.process.resume();
                    self.status.set_paused(false);
                }
                LoopEvent::Control(WorkerControl::Message { text, interrupt }) => {
                    // One that is held couldn't end its turn.
                    let interrupt = interrupt && !self.status.is_paused();
                    self.send_message(PersonMessage { text, interrupts_turn: interrupt });
                }
                LoopEvent::Control(WorkerControl::Allow { permission_key: key }) => {
                    self.add_allowance(&key)
                }
                LoopEvent::Question(Some(asked)) => self.handle_question(asked),
                LoopEvent::Question(None) => may_ask = false,
                LoopEvent::QuestionWithdrawn(at) => self.close_question(at, None),
                LoopEvent::SaveDue => {
                    self.save_points.start_save(SaveReason::Timer).await;
                    save_time.reset();
                }
                // Our own git calls are reaped by whoever waits for them, not here.
                LoopEvent::ChildExited if self.save_points.is_idle() => {
                    self.agent.process.reap_children()
                }
                LoopEvent::ChildExited => {}
            }
        }
    }

    async fn next_event(
        &mut self,
        signals: &mut Signals,
        save_time: &mut Interval,
        may_ask: bool,
    ) -> LoopEvent {
        let held = self.status.is_paused();
        let withdrawn = std::future::poll_fn(|context| {
            let closed = |asked: &mut PendingQuestion| asked.answer.poll_closed(context).is_ready();
            self.questions.iter_mut().position(closed).map_or(Poll::Pending, Poll::Ready)
        });
        let next_save = self.save_points.next_due();
        let stirred = async {
            tokio::time::sleep_until(next_save).await;
            self.events.wait_for_activity().await;
        };
        tokio::select! {
            biased;
            control = self.controls.next_control() => control.map_or(LoopEvent::Stop(StopReason::Interrupted), LoopEvent::Control),
            () = signals.termination.recv() => LoopEvent::Stop(StopReason::Interrupted),
            () = self.events.closed() => LoopEvent::Stop(StopReason::Interrupted),
            // What was asked before the turn ended is shown before its end is.
            asked = self.agent.questions.recv(), if may_ask => LoopEvent::Question(asked),
            turn = &mut self.agent.turn => {
                LoopEvent::Stop(StopReason::TurnEnded(turn.unwrap_or_else(|_| TurnEnd::ConnectionLost(String::new()))))
            }
            at = withdrawn => LoopEvent::QuestionWithdrawn(at),
            () = self.status.wait_for_time_limit() => LoopEvent::Stop(StopReason::TimeLimit),
            _ = save_time.tick(), if !held => LoopEvent::SaveDue,
            () = stirred, if !held => LoopEvent::SaveDue,
            _ = signals.child.recv() => LoopEvent::ChildExited,
        }
    }

    /// Tells the agent what a person says.
    fn send_message(&mut self, told: PersonMessage) {
        let Some(tell) = self.agent.messages.clone() else {
            let note = "This agent can't hear anything while it works. Continue the task when it \
                        has ended.";
            return self.events.send_note(note);
        };
        if told.interrupts_turn {
            self.withdraw_all_questions();
        }
        let text = told.text.clone();
        if tell.send(told).is_err() {
            let note = "The agent was done before it could hear what you said. Continue the task \
                        to tell it.";
            return self.events.send_note(note);
        }
        self.message_count += 1;
        let [step, line] = Event::message_to_agent(format!("you-{}", self.message_count), &text);
        self.events.send(step);
        self.events.send(Event::Message { text });
        self.events.send(line);
    }

    /// Nobody will answer any more.
    pub(crate) fn withdraw_all_questions(&mut self) {
        self.questions.truncate(MAX_QUESTIONS_SHOWN);
        while !self.questions.is_empty() {
            self.close_question(0, None);
        }
    }

    /// One that can't be shown is dropped, which tells the agent that it was withdrawn.
    fn handle_question(&mut self, asked: PendingQuestion) {
        let title = &asked.question.title;
        if asked.question.options.is_empty() {
            self.events.send_note(format!("The agent asked without offering an answer: {title}"));
        } else if let Some((option, note)) = self.find_automatic_answer(&asked) {
            self.events.send_note(note);
            // An error: the agent no longer waits for it.
            asked.answer.send(option).log_failed("answering the agent");
        } else if self.questions.len() < MAX_QUESTIONS {
            self.questions.push(asked);
            self.show_question(self.questions.len() - 1);
        }
    }

    /// The answer that needs no person: by the safety level, or by what was allowed before.
    fn find_automatic_answer(&mut self, asked: &PendingQuestion) -> Option<(String, String)> {
        let Question { title, permission_key: key, .. } = &asked.question;
        let allowed = self.allowances.contains(key) || self.allowances.use_once(key);
        let (kinds, why) = match asked.decision {
            Decision::Allow => (ALLOW_KINDS, "Allowed by the safety level".to_owned()),
            Decision::Refuse(why) => (REJECT_KINDS, format!("Refused, as it {why}")),
            Decision::Ask(..) if allowed => (ALLOW_KINDS, "Allowed before".to_owned()),
            Decision::Ask(..) => return None,
        };
        Some((find_option(&asked.question, kinds)?, format!("{why}: {title}")))
    }

    /// Something is allowed for the whole batch: what is open of it is answered.
    fn add_allowance(&mut self, key: &str) {
        self.allowances.add(key);
        while let Some(at) =
            self.questions.iter().position(|asked| asked.question.permission_key == key)
        {
            let option = find_option(&self.questions[at].question, ALLOW_KINDS);
            self.close_question(at, option);
        }
    }

    fn show_question(&mut self, at: usize) {
        let shown = self.questions.get(at).filter(|_| at < MAX_QUESTIONS_SHOWN);
        let Some(PendingQuestion { question, .. }) = shown else { return };
        let step = question_step(question, StepState::Working);
        let (text, question) = (step.title.clone(), question.clone());
        self.events.send(Event::Step(step));
        self.events.send(Event::Output { kind: LineKind::Step, text, first_line: 0 });
        self.events.send(Event::Question(question));
        self.status.set_asking(true);
    }

    fn answer_question(&mut self, id: &str, option: &str) {
        let fits = |asked: &PendingQuestion| {
            asked.question.id == id && asked.question.options.iter().any(|o| o.id == option)
        };
        // None: an answer that comes too late, or twice.
        if let Some(at) = self.questions.iter().take(MAX_QUESTIONS_SHOWN).position(fits) {
            self.close_question(at, Some(option.to_owned()));
        }
    }

    /// A question is answered, or withdrawn; the next one that waits is shown.
    fn close_question(&mut self, at: usize, option: Option<String>) {
        let PendingQuestion { question, answer, .. } = self.questions.remove(at);
        let chosen = question.options.iter().find(|o| Some(&o.id) == option.as_ref());
        let (state, note) = match chosen {
            Some(chosen) => (StepState::Done, format!("Answered: {}", chosen.label)),
            None => (StepState::Failed, "Nobody answered before it was over.".to_owned()),
        };
        if at < MAX_QUESTIONS_SHOWN {
            self.events.send_note(note.clone());
            let step = question_step(&question, state);
            self.events.send(Event::Step(Step { detail: note, ..step }));
            self.events.send(Event::Answered { question: question.id, option: option.clone() });
        }
        if let Some(option) = option {
            // An error: the agent no longer waits for it.
            answer.send(option).log_failed("answering the agent");
        }
        if at < MAX_QUESTIONS_SHOWN {
            self.show_question(MAX_QUESTIONS_SHOWN - 1);
        }
        self.status.set_asking(!self.questions.is_empty());
    }
}

/// The kinds of options that allow, and those that refuse, the best first.
const ALLOW_KINDS: [QuestionOptionKind; 2] =
    [QuestionOptionKind::AllowOnce, QuestionOptionKind::AllowAlways];
const REJECT_KINDS: [QuestionOptionKind; 2] =
    [QuestionOptionKind::RejectOnce, QuestionOptionKind::RejectAlways];

/// The option of the first of these kinds that there is.
fn find_option(question: &Question, kinds: [QuestionOptionKind; 2]) -> Option<String> {
    let of = |kind| question.options.iter().find(|option| option.kind == kind);
    kinds.into_iter().find_map(of).map(|option| option.id.clone())
}

/// What a person allowed before, by the keys of questions.
#[derive(Debug, Default)]
pub(crate) struct Allowances {
    pub(crate) always: Vec<String>,
    pub(crate) once: Vec<String>,
}

impl Allowances {
    fn contains(&self, key: &str) -> bool {
        !key.is_empty() && self.always.iter().any(|kept| kept == key)
    }

    fn use_once(&mut self, key: &str) -> bool {
        let at = self.once.iter().position(|kept| !key.is_empty() && kept == key);
        at.map(|at| self.once.remove(at)).is_some()
    }

    fn add(&mut self, key: &str) {
        if !key.is_empty() && !self.contains(key) {
            self.always.push(key.to_owned());
        }
    }
}

/// "Asked: Run: npm install", so that nobody takes it for done; a choice in its own words.
fn question_step(question: &Question, state: StepState) -> Step {
    let title = match question.kind {
        QuestionKind::Permission => format!("Asked: {}", question.title),
        QuestionKind::Choice => question.title.clone(),
    };
    Step::new(&question.id, StepKind::Ask, &title, state)
}

#[cfg(test)]
mod tests;
