//! Questions of tasks, answered by whoever sits at the terminal.

use crate::print::write_stderr;
use crate::sanitize;
use regatta_engine::{Engine, EngineError};
use regatta_protocol::event::{Question, QuestionOption};
use regatta_protocol::{BatchId, TaskId};
use regatta_trace::LogDropped;
use std::io;

/// A question that waits for its answer.
#[derive(Debug, PartialEq, Eq)]
struct OpenQuestion {
    task: TaskId,
    name: String,
    question: Question,
}

/// Takes a typed number as the answer to the oldest open question, for as long as it is
/// let run. A task that asks where nobody can type is stopped: it would wait for ever.
pub(crate) async fn answer_questions(engine: Engine, batch: BatchId) -> Result<(), EngineError> {
    let mut seen = 0;
    loop {
        let Some(open) = first_open_question(&engine, &batch).await? else {
            seen = engine.wait_for_changes(seen).await.revision;
            continue;
        };
        let typed = read_typed_line().await;
        if first_open_question(&engine, &batch).await?.as_ref() != Some(&open) {
            continue; // withdrawn while the person typed
        }
        match typed.as_deref().map(|line| match_option(&open.question, line)) {
            None => {
                let name = sanitize::task_label(&open.name);
                write_stderr(&format!(
                    "[{name}] Nobody is here to answer its question, so it is stopped."
                ));
                engine.stop_task(&open.task).await?;
            }
            Some(Some(option)) => {
                engine.answer(&open.task, &open.question.id, &option.id).await?;
            }
            Some(None) => {
                write_stderr(&format!("Type a number from 1 to {}.", open.question.options.len()));
                continue;
            }
        }
        while first_open_question(&engine, &batch).await?.as_ref() == Some(&open) {
            seen = engine.wait_for_changes(seen).await.revision;
        }
    }
}

async fn first_open_question(
    engine: &Engine,
    batch: &BatchId,
) -> Result<Option<OpenQuestion>, EngineError> {
    let asking = engine.needs_you().await?;
    let mut open = asking.into_iter().filter(|task| task.batch == *batch).filter_map(|task| {
        Some(OpenQuestion {
            task: task.id,
            name: task.name,
            question: task.questions.into_iter().next()?,
        })
    });
    Ok(open.next())
}

/// The next line of standard input; `None` if it ended.
async fn read_typed_line() -> Option<String> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|length| (length > 0).then_some(line))
    });
    let read = read.await.log_dropped("waiting for a line")?;
    read.log_dropped("reading a line")?
}

/// The option of that number, or of that very label.
fn match_option<'a>(question: &'a Question, line: &str) -> Option<&'a QuestionOption> {
    let line = line.trim();
    let number = line.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let by_number = number.and_then(|index| question.options.get(index));
    by_number.or_else(|| question.options.iter().find(|option| option.label == line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use regatta_protocol::event::QuestionOptionKind;

    #[test]
    fn a_number_or_the_very_label_is_an_answer_and_nothing_else_is() {
        let option = |label: &str| QuestionOption {
            id: format!("id of {label}"),
            label: label.into(),
            kind: QuestionOptionKind::Other,
        };
        let question = Question {
            id: "q".into(),
            title: "Which colour?".into(),
            options: vec![option("Red"), option("Blue")],
            ..Question::default()
        };
        let chosen = |line| match_option(&question, line).map(|option| option.label.as_str());
        assert_eq!(chosen("1\n"), Some("Red"));
        assert_eq!(chosen(" 2 \r\n"), Some("Blue"));
        assert_eq!(chosen("Blue\n"), Some("Blue"));
        for line in ["", "0", "3", "-1", "blue", "yes"] {
            assert_eq!(chosen(line), None, "{line:?}");
        }
    }
}
