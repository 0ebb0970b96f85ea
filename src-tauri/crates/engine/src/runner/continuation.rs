//! How an attempt goes on with the work of the one before.

use crate::store::TaskFacts;
use regatta_protocol::event::AgentSession;
use regatta_protocol::request::AgentChoice;
use serde::{Deserialize, Serialize};

/// What an attempt that goes on is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Continuation {
    /// What the person says; empty means nothing.
    pub(crate) message: String,
    /// Keys of questions that were answered with "yes, once" before it began.
    pub(crate) allowed_once: Vec<String>,
}

/// Whether the agent can go on with a conversation.
pub(crate) fn can_continue(session: Option<&AgentSession>) -> bool {
    session.is_some_and(|session| session.can_resume || session.can_load)
}

/// What a person can do about the questions of a task that was cut off while it asked.
pub(crate) fn open_question_hint(session: Option<&AgentSession>) -> &'static str {
    match can_continue(session) {
        true => "Answer its question: it goes on with the answer.",
        false => "Its question can't be answered any more. Continue the task; it asks again.",
    }
}

/// What the agent is asked.
pub(super) fn build_prompt(facts: &TaskFacts, continuation: Option<&Continuation>) -> String {
    let asked = &facts.task_request.prompt;
    let Some(Continuation { message, .. }) = continuation else { return asked.clone() };
    match (message.as_str(), can_continue(facts.view.session.as_ref())) {
        // The practice agent's task is a script, and each of its lines does something.
        ("", true) if facts.agent_selection.agent != AgentChoice::Practice => {
            format!("Go on with this task. What was changed so far is in this folder.\n\n{asked}")
        }
        ("", _) => asked.clone(),
        (message, true) => message.to_owned(),
        (message, false) => format!("{asked}\n\n{message}"),
    }
}

/// What an agent is told of the attempt before when it can't go on with its conversation.
pub(super) fn previous_summary(facts: &TaskFacts, continuation: Option<&Continuation>) -> String {
    let Some(continuation) = continuation else { return String::new() };
    let said = facts.last_message.trim();
    if continuation.message.is_empty() || !can_continue(facts.view.session.as_ref()) {
        return said.to_owned(); // The task is in the prompt.
    }
    format!("{said}\nIt had been asked:\n{}\n", facts.task_request.prompt).trim_start().to_owned()
}
