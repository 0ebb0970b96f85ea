//! Any program as an agent.

use crate::yard::Yard;
use regatta_protocol::event::LineKind;
use regatta_protocol::worker::AgentProgram;
use regatta_protocol::{ErrorCode, Status};

#[test]
fn a_command_that_ends_well_has_finished() {
    let yard = Yard::new();
    let worker = yard.work(&yard.command("echo 'made it'\necho x > made.txt\necho aside >&2"));
    let outcome = worker.outcome();
    assert_eq!(outcome.status, Status::Finished, "{outcome:#?}");
    assert_eq!((outcome.totals.files, outcome.last_words.as_str()), (1, "made it"));
    assert_eq!(worker.lines(LineKind::Out), ["made it"]);
    assert_eq!(worker.lines(LineKind::Err), ["aside"]);
}

#[test]
fn the_prompt_is_one_argument_and_never_a_shells() {
    let yard = Yard::new();
    let prompt = "a \"b\" $(touch pwned); `touch pwned` 'c\n\td' {prompt} --help";
    let mut task = yard.command("printf '%s' \"$1\" > got.txt\nprintf '%s' \"$#\" > count.txt");
    task.prompt = prompt.to_owned();
    let worker = yard.work(&task);
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(yard.file("got.txt").as_deref(), Some(prompt));
    assert_eq!(yard.file("count.txt").as_deref(), Some("1"));
    assert_eq!(yard.file("pwned"), None);
}

#[test]
fn only_an_argument_of_its_own_is_replaced() {
    let yard = Yard::new();
    let mut task = yard.command("printf '%s|' \"$@\" > got.txt");
    if let AgentProgram::Command { args, .. } = &mut task.agent {
        *args = ["x{prompt}", "{prompt}", "{other}"].map(str::to_owned).to_vec();
    }
    yard.work(&task);
    assert_eq!(yard.file("got.txt").as_deref(), Some("x{prompt}|please|{other}|"));
}

#[test]
fn its_input_comes_from_nowhere() {
    let yard = Yard::new();
    let worker = yard.work(&yard.command("cat > got.txt; echo read"));
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(yard.file("got.txt").as_deref(), Some(""));
}

#[test]
fn an_exit_code_is_a_failure_and_the_work_is_kept() {
    let yard = Yard::new();
    let worker = yard.work(&yard.command("echo so far > kept.txt\necho broken >&2\nexit 7"));
    worker.assert_failed(ErrorCode::AgentDied);
    assert_eq!(worker.outcome().ended_by, "exit code 7");
    assert_eq!(worker.lines(LineKind::Err), ["broken"]);
    assert!(worker.outcome().commit.is_some());
}

#[test]
fn a_signal_is_a_failure() {
    let yard = Yard::new();
    let worker = yard.work(&yard.command("echo before\nkill -9 $$"));
    worker.assert_failed(ErrorCode::AgentDied);
    assert_eq!(worker.outcome().ended_by, "signal 9");
    assert_eq!(worker.lines(LineKind::Out), ["before"]);
    assert_eq!(worker.outcome().notice.as_ref().expect("why").safe, "It had changed nothing.");
}

#[test]
fn closing_its_output_it_may_live_on() {
    let yard = Yard::new();
    let worker = yard.work(&yard.command("exec >&- 2>&-\nsleep 0.5\necho x > late.txt"));
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(yard.file("late.txt").as_deref(), Some("x\n"));
}

#[test]
fn what_it_left_unended_is_shown() {
    let yard = Yard::new();
    let worker = yard.work(&yard.command("printf 'a\\n\\nno end'; printf 'err' >&2"));
    assert_eq!(worker.lines(LineKind::Out), ["a", "", "no end"]);
    assert_eq!(worker.lines(LineKind::Err), ["err"]);
}

#[test]
fn bytes_that_are_no_text_are_shown_as_such() {
    let yard = Yard::new();
    let slowly = "printf 'n\\303'; sleep 0.2; printf '\\251\\n'";
    let worker = yard.work(&yard.command(&format!("{slowly}\nprintf 'ok \\303\\050 \\377\\n'")));
    assert_eq!(worker.lines(LineKind::Out), ["né", "ok \u{fffd}( \u{fffd}"]);
}

#[test]
fn a_repository_inside_the_copy_is_told_and_not_saved() {
    let yard = Yard::new();
    let script = "git init -q inner && echo x > inner/file && echo y > outer.txt";
    let worker = yard.work(&yard.command(script));
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(worker.outcome().totals.files, 1);
    let notes = worker.lines(LineKind::Note);
    assert!(notes.iter().any(|note| note.contains("inner")), "{notes:?}");
}

#[test]
fn what_it_does_to_the_copys_own_records_changes_nothing() {
    let yard = Yard::new();
    let script = "git config user.name Evil; git config core.hooksPath hooks\n\
                  mkdir hooks; printf '#!/bin/sh\\ntouch ran\\n' > hooks/pre-commit\n\
                  chmod +x hooks/pre-commit\ngit commit -q --allow-empty -m own 2>/dev/null\n\
                  rm -rf .git/refs .git/objects; echo x > a.txt";
    let worker = yard.work(&yard.command(script));
    let outcome = worker.outcome();
    assert_eq!(outcome.status, Status::Finished, "{outcome:#?}");
    let commit = outcome.commit.as_deref().expect("a result");
    assert_eq!(yard.git(&["log", "-1", "--format=%an", commit]), "Ada");
    assert_eq!(yard.git(&["show", &format!("{commit}:a.txt")]), "x");
}

#[test]
fn a_copy_that_the_agent_removed_is_told() {
    let yard = Yard::new();
    let worker = yard.work(&yard.command("rm -rf \"$PWD\"; mkdir -p ../elsewhere; echo gone"));
    worker.assert_failed(ErrorCode::GitFailed);
    let notice = worker.outcome().notice.as_ref().expect("why");
    assert!(notice.what.contains("could not be saved"), "{notice:?}");
}
