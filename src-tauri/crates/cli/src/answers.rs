//! Questions of tasks, answered by whoever sits at the terminal.

use crate::plain;
use crate::print::tell;
use regatta_engine::{Engine, EngineError};
use regatta_protocol::event::{Question, QuestionOption};
use regatta_protocol::{BatchId, TaskId};
use std::io;

/// A question that waits for its answer.
#[derive(Debug, PartialEq, Eq)]
struct Open {
    task: TaskId,
    name: String,
    question: Question,
}

/// Takes a typed number as the answer to the oldest open question, for as long as it is
/// let run. A task that asks where nobody can type is stopped: it would wait for ever.
pub(crate) async fn answer(engine: Engine, batch: BatchId) -> Result<(), EngineError> {
    let mut seen = 0;
    loop {
        let Some(open) = first_open(&engine, &batch).await? else {
            seen = engine.changed(seen).await.revision;
            continue;
        };
        let typed = typed_line().await;
        if first_open(&engine, &batch).await?.as_ref() != Some(&open) {
            continue; // withdrawn while the person typed
        }
        match typed.as_deref().map(|line| choice(&open.question, line)) {
            None => {
                let name = plain::name(&open.name);
                tell(&format!("[{name}] Nobody is here to answer its question, so it is stopped."));
                engine.stop_task(&open.task).await?;
            }
            Some(Some(option)) => {
                engine.answer(&open.task, &open.question.id, &option.id).await?;
            }
            Some(None) => {
                tell(&format!("Type a number from 1 to {}.", open.question.options.len()));
                continue;
            }
        }
        while first_open(&engine, &batch).await?.as_ref() == Some(&open) {
            seen = engine.changed(seen).await.revision;
        }
    }
}

async fn first_open(engine: &Engine, batch: &BatchId) -> Result<Option<Open>, EngineError> {
    let asking = engine.needs_you().await?;
    let mut open = asking.into_iter().filter(|task| task.batch == *batch).filter_map(|task| {
        Some(Open { task: task.id, name: task.name, question: task.questions.into_iter().next()? })
    });
    Ok(open.next())
}

/// The next line of standard input; none: it ended.
async fn typed_line() -> Option<String> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|length| (length > 0).then_some(line))
    });
    read.await.ok()?.ok()?
}

/// The option of that number, or of that very label.
fn choice<'a>(question: &'a Question, line: &str) -> Option<&'a QuestionOption> {
    let line = line.trim();
    let number = line.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let by_number = number.and_then(|index| question.options.get(index));
    by_number.or_else(|| question.options.iter().find(|option| option.label == line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use regatta_protocol::event::OptionKind;

    #[test]
    fn a_number_or_the_very_label_is_an_answer_and_nothing_else_is() {
        let option = |label: &str| QuestionOption {
            id: format!("id of {label}"),
            label: label.into(),
            kind: OptionKind::Other,
        };
        let question = Question {
            id: "q".into(),
            title: "Which colour?".into(),
            options: vec![option("Red"), option("Blue")],
            ..Question::default()
        };
        let chosen = |line| choice(&question, line).map(|option| option.label.as_str());
        assert_eq!(chosen("1\n"), Some("Red"));
        assert_eq!(chosen(" 2 \r\n"), Some("Blue"));
        assert_eq!(chosen("Blue\n"), Some("Blue"));
        for line in ["", "0", "3", "-1", "blue", "yes"] {
            assert_eq!(chosen(line), None, "{line:?}");
        }
    }
}
