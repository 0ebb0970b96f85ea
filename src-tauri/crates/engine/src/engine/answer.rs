//! A person's answers to agents.

use super::Engine;
use crate::EngineError;
use crate::given_answers::GivenAnswer;
use crate::runner::Continuation;
use crate::scheduler::SchedulerCommand;
use crate::store::Record;
use crate::store::TaskFacts;
use regatta_protocol::event::{Question, QuestionOption, QuestionOptionKind};
use regatta_protocol::worker::WorkerControl;
use regatta_protocol::{Capability, Status, TaskId};

impl Engine {
    /// Answers a task's open question with one of its options. One that was interrupted goes
    /// on with the answer, in a new attempt.
    ///
    /// # Errors
    /// The question isn't open (any more), has no such option, or was answered with another one
    /// ([`EngineError::AlreadyAnswered`]): the first answer counts.
    pub async fn answer(
        &self,
        task: &TaskId,
        question: &str,
        option: &str,
    ) -> Result<(), EngineError> {
        let (facts, question, option) = self.find_open_question(task, question, option).await?;
        let answer = GivenAnswer {
            task: task.clone(),
            attempt: facts.view.attempt,
            question: question.id.clone(),
            option: option.id.clone(),
            label: option.label.clone(),
        };
        match self.0.given_answers.claim(&answer) {
            None => {}
            Some(before) if before.option == answer.option => return Ok(()),
            Some(before) => return Err(EngineError::AlreadyAnswered { answer: before.label }),
        }
        let sent = self.send_answer(facts, question, option).await;
        if sent.is_err() {
            self.0.given_answers.release(&answer);
        }
        sent
    }

    async fn send_answer(
        &self,
        facts: TaskFacts,
        question: Question,
        option: QuestionOption,
    ) -> Result<(), EngineError> {
        if facts.view.status == Status::Interrupted {
            return self
                .continue_from_copy(facts, continuation_with_answer(&question, &option))
                .await;
        }
        let control = WorkerControl::Answer { question: question.id, option: option.id };
        let (task, place) = (facts.view.id.clone(), self.place_of(&facts.request));
        self.ask_scheduler(&place, |reply| SchedulerCommand::Send { task, control, reply }).await
    }

    /// As [`Engine::answer`]; what is allowed by that is allowed for the whole batch: the same
    /// isn't asked again, and where it is being asked, that is answered.
    ///
    /// # Errors
    /// As [`Engine::answer`].
    pub async fn answer_for_batch(
        &self,
        task: &TaskId,
        question: &str,
        option: &str,
    ) -> Result<(), EngineError> {
        let (facts, asked, chosen) = self.find_open_question(task, question, option).await?;
        let place = self.place_of(&facts.request);
        let for_batch = place.can(Capability::AllowForBatch);
        if !for_batch || !is_allow_option(&chosen) || asked.permission_key.is_empty() {
            return self.answer(task, question, option).await;
        }
        let (batch, key) = (facts.view.batch, asked.permission_key);
        // On disk first: an attempt that begins meanwhile finds it there or hears it.
        let note = Record::Allowed { batch: batch.clone(), key: key.clone() };
        let kept = self.0.log.write_record(note)?;
        self.0.log.wait_committed_or_error(kept).await;
        self.answer(task, question, option).await?;
        self.0.places.scheduler(&place).send(SchedulerCommand::Grant { batch, key })
    }

    async fn find_open_question(
        &self,
        task: &TaskId,
        question: &str,
        option: &str,
    ) -> Result<(TaskFacts, Question, QuestionOption), EngineError> {
        let facts = self.task_facts(task).await?;
        let open = facts.view.questions.iter().find(|open| open.id == question).cloned();
        let Some(open) = open else {
            let before = self.0.given_answers.find(task, facts.view.attempt, question);
            return Err(match before {
                Some(before) => EngineError::AlreadyAnswered { answer: before.label },
                None => EngineError::WrongState("This question isn't open any more."),
            });
        };
        let offered = open.options.iter().find(|offered| offered.id == option).cloned();
        let offered = offered.ok_or(EngineError::NotFound("answer"))?;
        Ok((facts, open, offered))
    }
}

fn is_allow_option(option: &QuestionOption) -> bool {
    matches!(option.kind, QuestionOptionKind::AllowOnce | QuestionOptionKind::AllowAlways)
}

/// What an agent that was cut off while it asked is told when it goes on.
fn continuation_with_answer(question: &Question, option: &QuestionOption) -> Continuation {
    let message = format!(
        "You had asked: {}\nThe answer is: {}\nGo on with the task.",
        question.title, option.label
    );
    let allowed = is_allow_option(option) && !question.permission_key.is_empty();
    Continuation {
        message,
        allowed_once: allowed.then(|| question.permission_key.clone()).into_iter().collect(),
    }
}
