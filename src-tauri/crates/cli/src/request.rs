//! The batch that the command line asks for.

use crate::agent_args::AgentKind;
use crate::args::RunArgs;
use crate::{agent_args, batch_file};
use regatta_protocol::agent::AgentOptions;
use regatta_protocol::request::RequestProblem;
use regatta_protocol::secret::Secret;
use regatta_protocol::{AgentChoice, BatchRequest, ErrorCode, UserMessage};
use std::path::Path;

/// A batch to start, and the token for its repository's host if it brings one.
pub(crate) struct RunRequest {
    pub(crate) batch: BatchRequest,
    pub(crate) token: Option<Secret>,
}

/// Reads the file or takes the tasks; what the command line says wins over the file.
pub(crate) fn build_request(args: &RunArgs) -> Result<RunRequest, UserMessage> {
    let (mut request, token) = match &args.file {
        Some(file) => batch_file::read_batch(file)?,
        None => {
            let parallel_tasks = args.task.clone();
            (BatchRequest { parallel_tasks, ..BatchRequest::default() }, None)
        }
    };
    if let Some(repo) = &args.repo {
        let repo = repo.to_str().ok_or_else(|| bad_project_path(repo))?;
        request.project = repo.to_owned();
    }
    if request.project.is_empty() {
        let what = "No project is named.";
        return Err(bad_request(what, "Say --repo DIR, or write repo_url into the batch's file."));
    }
    request.project = absolute_path(&request.project)?;
    if let Some(start) = &args.start_from {
        request.start_from.clone_from(start);
    }
    if let Some(agent) = agent_choice(args)?.filter(|agent| *agent != request.agent) {
        request.agent = agent;
        // What the file chose was of what its own agent offers.
        request.options = AgentOptions::default();
    }
    if let Some(model) = &args.model {
        request.options.model.clone_from(model);
    }
    if let Some(level) = args.safety {
        request.safety = level.into();
    }
    request.max_parallel = args.max_parallel.or(request.max_parallel);
    Ok(RunRequest { batch: request, token })
}

/// What keeps a batch from being started, each with its technical part below it.
pub(crate) fn problem_lines(problems: &[RequestProblem]) -> Vec<String> {
    let told = problems.iter().flat_map(|problem| {
        let mut lines = notice_lines(&problem.notice);
        if let (Some(row), Some(first)) = (problem.row, lines.first_mut()) {
            *first = format!("Task {}: {first}", row + 1);
        }
        lines
    });
    told.collect()
}

/// A message and its technical part, indented.
pub(crate) fn notice_lines(notice: &UserMessage) -> Vec<String> {
    let details = notice.details.iter().flat_map(|details| details.lines());
    let details = details.map(|line| format!("  {line}"));
    std::iter::once(notice.to_string()).chain(details).collect()
}

fn agent_choice(args: &RunArgs) -> Result<Option<AgentChoice>, UserMessage> {
    let words = match &args.command {
        Some(line) => agent_args::split_command(line).map_err(|problem| {
            bad_request(
                &format!("The agent's command can't be read: {problem}."),
                "Correct --command.",
            )
        })?,
        None => Vec::new(),
    };
    let named = !words.is_empty();
    match args.agent {
        None => Ok(None),
        Some(AgentKind::Practice) if args.command.is_some() => {
            let next = "Leave --command out, or say --agent acp or --agent command.";
            Err(bad_request("The practice agent has no command.", next))
        }
        Some(AgentKind::Known(id)) if args.command.is_some() => {
            let next = "Leave --command out; Regatta finds the agent's program itself.";
            Err(bad_request(&format!("{} has no command to name.", id.label()), next))
        }
        Some(AgentKind::Practice) => Ok(Some(AgentChoice::Practice)),
        Some(AgentKind::Known(id)) => Ok(Some(AgentChoice::Known { id })),
        Some(AgentKind::Acp) if named => {
            Ok(Some(AgentChoice::Acp { command: words, env: Vec::new() }))
        }
        Some(AgentKind::Command) if named => Ok(Some(AgentChoice::Command { command: words })),
        Some(AgentKind::Acp | AgentKind::Command) => {
            Err(bad_request("No program is named for the agent.", "Say --command 'PROGRAM ARG …'."))
        }
    }
}

/// Where the folder is, whatever folder somebody else looks from. An address stays as it is.
fn absolute_path(repo: &str) -> Result<String, UserMessage> {
    if repo.contains("://") {
        return Ok(repo.to_owned());
    }
    let whole = std::path::absolute(repo).map_err(|_| bad_project_path(Path::new(repo)))?;
    whole.into_os_string().into_string().map_err(|path| bad_project_path(Path::new(&path)))
}

fn bad_project_path(path: &Path) -> UserMessage {
    let what = format!("The project's path {} can't be used.", path.display());
    bad_request(&what, "Choose a folder with a plain name.")
}

pub(crate) fn bad_request(what: &str, next: &str) -> UserMessage {
    UserMessage::new(ErrorCode::BadRequest, what, "", next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Command, CommandLine};
    use clap::Parser;
    use regatta_protocol::agent::AgentSelection;
    use regatta_protocol::{KnownAgent, Safety};
    use std::fs;

    fn build_from(args: &[&str]) -> Result<BatchRequest, UserMessage> {
        build_with_token(args).map(|request| request.batch)
    }

    fn build_with_token(args: &[&str]) -> Result<RunRequest, UserMessage> {
        let args = ["regatta", "run"].iter().chain(args);
        match CommandLine::try_parse_from(args).expect("a good command line").command {
            Command::Run(args) => build_request(&args),
            other => panic!("{other:?}"),
        }
    }

    fn write_batch_file(text: &str) -> (tempfile::TempDir, String) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("batch.json");
        fs::write(&path, text).expect("a file");
        let path = path.to_str().expect("a plain path").to_owned();
        (dir, path)
    }

    #[test]
    fn tasks_of_the_command_line_become_a_batch() {
        let request = build_from(&[
            "--repo",
            "/p",
            "--task",
            "A=say a=b",
            "--task",
            "B=",
            "--start-from",
            "old",
            "--agent",
            "command",
            "--command",
            "aider --message {prompt}",
            "--max-parallel",
            "5",
        ]);
        let request = request.expect("a batch");
        assert_eq!(request.project, "/p");
        assert_eq!(request.start_from, "old");
        assert_eq!(request.max_parallel, Some(5));
        let tasks: Vec<_> =
            request.parallel_tasks.iter().map(|t| (&*t.task_name, &*t.prompt)).collect();
        assert_eq!(tasks, [("A", "say a=b"), ("B", "")]);
        let command = ["aider", "--message", "{prompt}"].map(str::to_owned).to_vec();
        assert_eq!(request.agent, AgentChoice::Command { command });
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let text = r#"{"name": "N", "repo_url": "/file", "branch": "file", "max_parallel": 2,
            "agent": {"kind": "acp", "command": ["x"]},
            "parallel_tasks": [{"task_name": "A", "prompt": "p"}]}"#;
        let (_dir, path) = write_batch_file(text);
        let as_written = build_from(&["--file", &path]).expect("a batch");
        assert_eq!(as_written, serde_json::from_str(text).expect("the same"));
        let changed = build_from(&[
            "--file",
            &path,
            "--repo",
            "/p",
            "--start-from",
            "b",
            "--max-parallel",
            "4",
            "--agent",
            "practice",
        ]);
        let expected = BatchRequest {
            project: "/p".into(),
            start_from: "b".into(),
            max_parallel: Some(4),
            agent: AgentChoice::Practice,
            ..as_written
        };
        assert_eq!(changed, Ok(expected));
    }

    #[test]
    fn a_known_agent_and_a_safety_level_are_said_by_name() {
        let text = r#"{"repo_url": "/p", "safety": "careful"}"#;
        let (_dir, path) = write_batch_file(text);
        let request = build_from(&["--file", &path, "--agent", "claude-code"]).expect("a batch");
        assert_eq!(request.agent, AgentChoice::Known { id: KnownAgent::ClaudeCode });
        assert_eq!(request.safety, Safety::Careful, "as the file says");
        let request = build_from(&["--file", &path, "--safety", "hands-off"]).expect("a batch");
        assert_eq!(request.safety, Safety::HandsOff, "the command line wins");
        let request = build_from(&["--repo", "/p", "--task", "A=x"]).expect("a batch");
        assert_eq!(request.safety, Safety::Balanced);
    }

    #[test]
    fn a_file_names_agents_and_models_as_the_call_to_a_server_does() {
        let text = r#"{"repo_url": "/p", "agent": "claude-code", "model": "opus", "parallel_tasks": [
            {"task_name": "A", "prompt": "p"},
            {"task_name": "B", "prompt": "p", "model": "haiku"},
            {"task_name": "C", "prompt": "p", "agent": "codex"}]}"#;
        let (_dir, path) = write_batch_file(text);
        let request = build_from(&["--file", &path]).expect("a batch");
        let [claude, codex] = [KnownAgent::ClaudeCode, KnownAgent::Codex];
        let pick = |id, model: &str| {
            let mut pick =
                AgentSelection { agent: AgentChoice::Known { id }, ..AgentSelection::default() };
            model.clone_into(&mut pick.options.model);
            pick
        };
        let batch = AgentSelection { agent: request.agent.clone(), options: request.options };
        assert_eq!(batch, pick(claude, "opus"));
        let own: Vec<_> = request.parallel_tasks.into_iter().map(|task| task.agents).collect();
        assert_eq!(own, [vec![], vec![pick(claude, "haiku")], vec![pick(codex, "")]]);

        let other = build_from(&["--file", &path, "--agent", "codex"]).expect("a batch");
        assert_eq!(other.options.model, "", "that was the other agent's");
        let model = build_from(&["--file", &path, "--model", "sonnet"]).expect("a batch");
        assert_eq!(model.options.model, "sonnet", "the command line wins");
    }

    #[test]
    fn a_token_comes_along_and_is_no_part_of_what_is_stored() {
        for (token, expected) in [
            (r#""github_token": "hush","#, Some("hush")),
            (r#""github_token": " hush\n","#, Some("hush")),
            (r#""github_token": "","#, None),
            (r#""github_token": null,"#, None),
            (r#""token": "hush","#, None),
        ] {
            let text = format!(r#"{{{token} "repo_url": "https://example.org/o/r"}}"#);
            let (_dir, path) = write_batch_file(&text);
            let request = build_with_token(&["--file", &path]).expect("a batch");
            assert_eq!(request.token.as_ref().map(Secret::expose), expected, "{text}");
            let stored = serde_json::to_string(&request.batch).expect("JSON");
            assert!(!stored.contains("hush"), "{stored}");
        }
    }

    #[test]
    fn a_wrong_file_is_told_with_line_column_and_what_was_expected() {
        let cases = [
            (
                "{\"parallel_tasks\": [\n  {\"task_name\": 7}]}",
                "line 2, column 17: invalid type: integer `7`, expected a string.",
            ),
            ("{\n", "line 2, column 0: EOF while parsing an object."),
            ("\n7", "line 2, column 1: invalid type: integer `7`, expected a batch in { }."),
            ("{\"parallel_tasks\": [{\"agent\": \"bot\"}]}", "doesn't know: bot."),
            ("{\"model\": 7}", "invalid type: integer `7`, expected a string."),
            (
                "{\"agent\": {\"kind\": \"bot\"}}",
                "unknown variant `bot`, expected one of `practice`, `known`, `acp`, `command`.",
            ),
        ];
        for (text, said) in cases {
            let (_dir, path) = write_batch_file(text);
            let notice = build_from(&["--file", &path, "--repo", "/p"]).expect_err("a wrong file");
            assert!(notice.message.ends_with(said), "{}", notice.message);
            assert!(notice.message.contains("batch"), "{}", notice.message);
        }
    }

    #[test]
    fn a_mark_at_the_files_start_does_no_harm() {
        let (_dir, path) = write_batch_file("\u{feff}{\"repo_url\": \"/p\"}");
        assert_eq!(build_from(&["--file", &path]).map(|r| r.project), Ok("/p".to_owned()));
    }

    #[test]
    fn relative_folders_are_made_whole_and_addresses_are_left() {
        let here = std::env::current_dir().expect("a folder");
        let request = build_from(&["--repo", "sub", "--task", "A=x"]).expect("a batch");
        assert_eq!(request.project, here.join("sub").to_str().expect("plain"));
        let (_dir, path) = write_batch_file("{\"repo_url\": \"https://example.org/o/r\"}");
        let request = build_from(&["--file", &path]).expect("a batch");
        assert_eq!(request.project, "https://example.org/o/r");
    }

    #[test]
    fn what_does_not_fit_together_is_said() {
        let cases: [(&[&str], &str); 6] = [
            (&["--task", "A=x"], "No project is named."),
            (&["--repo", "/p", "--task", "A=x", "--agent", "acp"], "No program is named"),
            (&["--repo", "/p", "--task", "A=x", "--agent", "acp", "--command", " "], "No program"),
            (&["--repo", "/p", "--task", "A=x", "--agent", "command", "--command", "'"], "a quote"),
            (
                &["--repo", "/p", "--task", "A=x", "--agent", "practice", "--command", "x"],
                "The practice agent has no command.",
            ),
            (
                &["--repo", "/p", "--task", "A=x", "--agent", "codex", "--command", "x"],
                "Codex has no command",
            ),
        ];
        for (args, said) in cases {
            let notice = build_from(args).expect_err(said);
            assert!(notice.message.contains(said), "{}", notice.message);
        }
    }

    #[test]
    fn problems_name_their_row() {
        let request = BatchRequest {
            parallel_tasks: vec![regatta_protocol::TaskRequest {
                task_name: "A".into(),
                ..Default::default()
            }],
            max_parallel: Some(0),
            ..BatchRequest::default()
        };
        let mut problems = request.problems();
        problems[0].notice.details = Some("looked in:\n/usr/bin".into());
        let lines = problem_lines(&problems);
        assert_eq!(lines[1..3], ["  looked in:", "  /usr/bin"]);
        assert_eq!(lines[3], "Task 1: This task doesn't say what to do. Write what you want done.");
        assert!(lines[0].starts_with("The number of tasks at the same time"), "{lines:?}");
    }
}
