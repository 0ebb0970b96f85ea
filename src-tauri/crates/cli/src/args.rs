//! What may be said on the command line.

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use regatta_protocol::TaskRequest;
use regatta_protocol::request::MAX_PARALLEL;
use std::path::PathBuf;

/// Several coding tasks at the same time, each in its own copy of your project
#[derive(Debug, Parser)]
#[command(name = "regatta", version, arg_required_else_help = true)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Start a batch, show its lines as they come, and a table at its end
    Run(RunArgs),
    /// Show what is kept of a batch
    Show(ShowArgs),
    /// Bring results into the project, each as a new branch
    Add(AddArgs),
    /// The practice agent on standard input and output (speaks ACP)
    PracticeAgent,
    /// One attempt of one task; started by Regatta itself
    #[command(hide = true)]
    Worker,
}

/// A batch to start.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("tasks").required(true).args(["file", "task"])))]
#[command(after_help = "Ends with 0 when every task finished, 1 when one did not, \
                        2 when the batch can't be started.")]
pub(crate) struct RunArgs {
    /// The project's folder (else `repo_url` of the file)
    #[arg(long, value_name = "DIR")]
    pub(crate) repo: Option<PathBuf>,
    /// The batch as JSON: {"parallel_tasks": [{"task_name": "…", "prompt": "…"}]}
    #[arg(long, value_name = "BATCH.JSON")]
    pub(crate) file: Option<PathBuf>,
    /// A task; may be given several times
    #[arg(long, value_name = "NAME=PROMPT", value_parser = task)]
    pub(crate) task: Vec<TaskRequest>,
    /// The branch, tag or commit to start from (else what is checked out)
    #[arg(long, value_name = "REF")]
    pub(crate) start_from: Option<String>,
    /// Who does the work (else the practice agent)
    #[arg(long, value_enum)]
    pub(crate) agent: Option<AgentKind>,
    /// The agent's program and arguments; for `--agent command`, an argument {prompt} is
    /// replaced by the prompt
    #[arg(long, value_name = "PROGRAM ARG …", requires = "agent")]
    pub(crate) command: Option<String>,
    /// How many tasks may work at the same time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PARALLEL)))]
    pub(crate) max_parallel: Option<u32>,
    /// Where batches are kept
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Print each event as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The kinds of agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AgentKind {
    /// The built-in practice agent: no network, no cost
    Practice,
    /// A program that speaks the Agent Client Protocol on its standard streams
    Acp,
    /// Any program that does one task and ends
    Command,
}

/// A batch to show.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Its id, the beginning of its id, or its name
    pub(crate) batch: String,
    /// Only this task, with its transcript
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,
    /// Where batches are kept
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Print each event as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Results to bring into the project.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The batch's id, the beginning of its id, or its name
    pub(crate) batch: String,
    /// Only this task's result
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,
    /// Where batches are kept
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

fn task(text: &str) -> Result<TaskRequest, String> {
    let (name, prompt) = text.split_once('=').ok_or("write it as NAME=PROMPT")?;
    Ok(TaskRequest { task_name: name.to_owned(), prompt: prompt.to_owned(), time_limit_s: None })
}
