//! A person's answers to agents.

use super::Engine;
use crate::EngineError;
use crate::queue::Message;
use crate::runner::GoOn;
use crate::store::TaskFacts;
use crate::store::invocations::Note;
use regatta_protocol::event::{OptionKind, Question, QuestionOption};
use regatta_protocol::worker::WorkerControl;
use regatta_protocol::{Status, TaskId};

impl Engine {
    /// Answers a task's open question with one of its options. One that was interrupted goes
    /// on with the answer, in a new attempt.
    ///
    /// # Errors
    /// The question isn't open (any more), or has no such option.
    pub async fn answer(
        &self,
        task: &TaskId,
        question: &str,
        option: &str,
    ) -> Result<(), EngineError> {
        let (facts, question, option) = self.open_question(task, question, option).await?;
        if facts.view.status == Status::Interrupted {
            return self.go_on_here(facts, answered(&question, &option)).await;
        }
        let control = WorkerControl::Answer { question: question.id, option: option.id };
        let (task, queue) = (task.clone(), self.queue_for(&facts.request));
        self.ask(queue, |reply| Message::Tell { task, control, reply }).await
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
        let (facts, asked, chosen) = self.open_question(task, question, option).await?;
        let here = facts.request.endpoint.is_none();
        if !here || !allows(&chosen) || asked.key.is_empty() {
            return self.answer(task, question, option).await;
        }
        let (batch, key) = (facts.view.batch, asked.key);
        // On disk first: an attempt that begins meanwhile finds it there or hears it.
        let note = Note::Allowed { batch: batch.clone(), key: key.clone() };
        let kept = self.0.log.keep(note)?;
        self.0.log.settled(kept).await;
        self.answer(task, question, option).await?;
        self.0.queue.tell(Message::Allow { batch, key })
    }

    async fn open_question(
        &self,
        task: &TaskId,
        question: &str,
        option: &str,
    ) -> Result<(TaskFacts, Question, QuestionOption), EngineError> {
        let facts = self.facts(task).await?;
        let open = facts.view.questions.iter().find(|open| open.id == question).cloned();
        let open = open.ok_or(EngineError::WrongState("This question isn't open any more."))?;
        let offered = open.options.iter().find(|offered| offered.id == option).cloned();
        let offered = offered.ok_or(EngineError::NotFound("answer"))?;
        Ok((facts, open, offered))
    }
}

fn allows(option: &QuestionOption) -> bool {
    matches!(option.kind, OptionKind::AllowOnce | OptionKind::AllowAlways)
}

/// What an agent that was cut off while it asked is told when it goes on.
fn answered(question: &Question, option: &QuestionOption) -> GoOn {
    let message = format!(
        "You had asked: {}\nThe answer is: {}\nGo on with the task.",
        question.title, option.label
    );
    let allowed = allows(option) && !question.key.is_empty();
    GoOn { message, allowed_once: allowed.then(|| question.key.clone()).into_iter().collect() }
}
