//! Which of the commands that an agent runs are tests, and whether they passed. Pure.

use crate::text::one_line;
use agent_client_protocol::v1::schema::ToolCallUpdate;
use regatta_protocol::event::{StepState, TestRun};

/// The most that are told, the last ones.
const MAX_RUNS: usize = 5;
const MAX_COMMAND: usize = 200;

/// How commands begin that run tests.
const TEST_COMMANDS: [&str; 30] = [
    "npm test",
    "npm t",
    "npm run test",
    "pnpm test",
    "pnpm run test",
    "yarn test",
    "yarn run test",
    "bun test",
    "bun run test",
    "node --test",
    "deno test",
    "npx vitest",
    "npx jest",
    "npx playwright test",
    "vitest",
    "jest",
    "cargo test",
    "cargo nextest",
    "pytest",
    "python -m pytest",
    "python3 -m pytest",
    "python -m unittest",
    "python3 -m unittest",
    "go test",
    "make test",
    "make check",
    "mvn test",
    "gradle test",
    "./gradlew test",
    "dotnet test",
];
/// What may stand before it.
const COMMAND_PREFIXES: [&str; 5] = ["uv run ", "poetry run ", "bundle exec ", "time ", "env "];

/// The tests that were run, each command once, the last one last.
#[derive(Debug, Default)]
pub(super) struct TestRuns(Vec<TestRun>);

impl TestRuns {
    /// A command is over; `code`: its exit code, where the agent told it.
    pub(super) fn add(&mut self, command: &str, state: StepState, code: Option<i64>) {
        if !runs_tests(command) {
            return;
        }
        let command = one_line(command, MAX_COMMAND);
        let passed = tests_passed(&command, state, code);
        self.0.retain(|run| run.command != command);
        self.0.push(TestRun { command, passed });
        if self.0.len() > MAX_RUNS {
            self.0.remove(0);
        }
    }

    pub(super) fn take_runs(&mut self) -> Vec<TestRun> {
        std::mem::take(&mut self.0)
    }
}

/// The exit code of a command, where an update of its call tells it.
pub(super) fn exit_code(update: &ToolCallUpdate) -> Option<i64> {
    let code = update.fields.raw_output.as_ref().and_then(|output| {
        let places = [output, &output["metadata"]];
        let names = ["exit_code", "exitCode", "exit"];
        places.iter().find_map(|place| names.iter().find_map(|name| place[name].as_i64()))
    });
    let ended = || update.meta.as_ref()?.get("terminal_exit")?.get("exit_code")?.as_i64();
    code.or_else(ended)
}

/// What can be known of it: where something else runs after the tests, an end that went
/// well says nothing of them.
fn tests_passed(command: &str, state: StepState, code: Option<i64>) -> Option<bool> {
    let last = split_commands(command).last().is_some_and(is_test_command);
    match (state, code) {
        (_, Some(code)) if code != 0 => Some(false).filter(|_| last),
        (StepState::Failed, _) => Some(false).filter(|_| last),
        (StepState::Done, _) => Some(true).filter(|_| last),
        (StepState::Working, _) => None,
    }
}

fn runs_tests(command: &str) -> bool {
    split_commands(command).any(is_test_command)
}

fn is_test_command(part: &str) -> bool {
    let mut part = part.trim();
    // `CI=1 npm test`, `env CI=1 npm test`.
    loop {
        let plain =
            COMMAND_PREFIXES.iter().find_map(|before| part.strip_prefix(before)).or_else(|| {
                let (word, rest) = part.split_once(' ')?;
                word.contains('=').then_some(rest)
            });
        match plain {
            Some(plain) => part = plain.trim_start(),
            None => break,
        }
    }
    TEST_COMMANDS.iter().any(|test| {
        part.strip_prefix(test).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':']))
    })
}

/// The commands of a line, as far as that is easy to see.
fn split_commands(command: &str) -> impl DoubleEndedIterator<Item = &str> {
    // `2>&1` is no end of a command.
    let parts = command.split(['\n', ';', '|']).flat_map(|part| part.split("&&"));
    parts.collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_told_from_other_commands() {
        for command in [
            "npm test",
            "cd ui && npm run test:unit -- --run",
            "CI=1 cargo test -p x 2>&1",
            "uv run pytest -q",
            "make check",
            "pytest -q | tail -5",
            "env A=b go test ./...",
        ] {
            assert!(runs_tests(command), "{command}");
        }
        for command in ["npm install", "echo cargo test", "npm testing", "cat test.txt", ""] {
            assert!(!runs_tests(command), "{command}");
        }
    }

    #[test]
    fn they_passed_only_where_that_can_be_seen() {
        let table = [
            ("npm test", StepState::Done, Some(0), Some(true)),
            ("npm test", StepState::Done, None, Some(true)),
            ("npm test", StepState::Done, Some(1), Some(false)),
            ("cd a && npm test", StepState::Failed, None, Some(false)),
            ("npm test | tail", StepState::Done, Some(0), None),
            ("npm test; echo done", StepState::Done, None, None),
            ("npm test || true", StepState::Done, Some(0), None),
        ];
        for (command, state, code, expected) in table {
            assert_eq!(tests_passed(command, state, code), expected, "{command}");
        }
    }

    #[test]
    fn the_last_runs_are_kept_each_once() {
        let mut runs = TestRuns::default();
        for n in 0..9 {
            runs.add(&format!("cargo test t{n}"), StepState::Done, None);
        }
        runs.add("cargo test t5", StepState::Failed, None);
        let runs = runs.take_runs();
        assert_eq!(runs.len(), MAX_RUNS);
        assert_eq!((runs[4].command.as_str(), runs[4].passed), ("cargo test t5", Some(false)));
    }
}
