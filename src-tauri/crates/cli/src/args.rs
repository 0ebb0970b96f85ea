//! What may be said on the command line.

use crate::agent_args::{AgentKind, SafetyLevel, parse_named_agent};
use crate::help;
use clap::{ArgGroup, Args, Parser, Subcommand};
use regatta_protocol::TaskRequest;
use regatta_protocol::request::MAX_PARALLEL;
use regatta_server::NamedAgent;
use regatta_trace::{Filter, LevelFilter};
use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

/// Several coding tasks at the same time, each in its own copy of your project
#[derive(Debug, Parser)]
#[command(name = "regatta", version, arg_required_else_help = true, long_about = help::REGATTA)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a batch, show its lines as they come, and a table at its end
    #[command(long_about = help::RUN)]
    Run(RunArgs),
    /// Show what is kept of a batch
    Show(ShowArgs),
    /// Offer the Cloud Coding API to other programs
    #[command(long_about = help::SERVE)]
    Serve(ServeArgs),
    /// Bring results into the project, each as a new branch
    Add(AddArgs),
    /// Show the agents of this computer and what they offer, as they said when last asked
    #[command(long_about = help::AGENTS)]
    Agents(AgentsArgs),
    /// The practice agent on standard input and output (speaks ACP)
    #[command(long_about = help::PRACTICE_AGENT)]
    PracticeAgent,
    /// One attempt of one task; started by Regatta itself
    #[command(hide = true)]
    Worker(WorkerArgs),
    /// The last step into a sandbox; taken by Regatta itself
    #[command(hide = true)]
    Enter(EnterArgs),
}

/// What a worker does.
#[derive(Debug, Args)]
pub(crate) struct WorkerArgs {
    /// Only ask the agent what it is and what it offers
    #[arg(long)]
    pub(crate) probe: bool,
    /// What it writes for the engine's log
    #[arg(long, value_name = "LEVEL", default_value = "off")]
    pub(crate) trace: LevelFilter,
}

/// What is started in the sandbox.
#[derive(Debug, Args)]
pub(crate) struct EnterArgs {
    /// The program and its arguments
    #[arg(last = true, required = true)]
    pub(crate) command: Vec<OsString>,
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
    #[arg(long, value_name = "NAME=PROMPT", value_parser = parse_task)]
    pub(crate) task: Vec<TaskRequest>,
    /// The branch, tag or commit to start from (else what is checked out)
    #[arg(long, value_name = "REF")]
    pub(crate) start_from: Option<String>,
    /// Who does the work (else the practice agent)
    #[arg(long, value_enum)]
    pub(crate) agent: Option<AgentKind>,
    /// The model, as the agent calls it (else what it takes by itself)
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// The program and arguments of `--agent acp` or `--agent command`; for a command, an
    /// argument {prompt} is replaced by the prompt
    #[arg(long, value_name = "PROGRAM ARG …", requires = "agent")]
    pub(crate) command: Option<String>,
    /// How much agents may do without asking (else as the file says, or balanced)
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) safety: Option<SafetyLevel>,
    /// How many tasks may work at the same time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PARALLEL)))]
    pub(crate) max_parallel: Option<u32>,
    /// A file that holds the key of the endpoint that the file names
    #[arg(long, value_name = "FILE")]
    pub(crate) endpoint_key_file: Option<PathBuf>,
    /// Where batches are kept
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// What is written into the log, logs/regatta.log where batches are kept: a level (error,
    /// warn, info, debug, trace), or levels of rooms as info,regatta_engine=trace (else as the
    /// variable RUST_LOG says, or info)
    #[arg(long, value_name = "FILTER")]
    pub(crate) log: Option<Filter>,
    /// Print each event as one line of JSON. The first line names the batch:
    /// {"event":"run","run_id":"…","name":"…"}
    #[arg(long)]
    pub(crate) json: bool,
}

/// A server to start.
#[derive(Debug, Args)]
#[command(after_help = "Without --api-key-file a key is made and printed once. Ends cleanly on \
                        Ctrl-C, SIGTERM or the end of its terminal: tasks are stopped and what they did is saved.")]
pub(crate) struct ServeArgs {
    /// Where to listen, an address or a name of this computer; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8787", value_parser = parse_listen)]
    pub(crate) listen: SocketAddr,
    /// One more name by which callers may call it; may be given several times
    #[arg(long, value_name = "NAME[:PORT]")]
    pub(crate) host: Vec<String>,
    /// A file that holds the key that callers have to send
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// A folder below which requests may name projects; may be given several times
    #[arg(long, value_name = "DIR")]
    pub(crate) allow_root: Vec<PathBuf>,
    /// An agent that requests may name (else the practice agent); may be given several times,
    /// the first is taken when a request names none: practice, the id of a known agent as
    /// claude-code or codex, NAME=acp:PROGRAM ARG … or NAME=command:PROGRAM ARG … with an
    /// argument {prompt}
    #[arg(long, value_name = "AGENT", value_parser = parse_named_agent)]
    pub(crate) agent: Vec<NamedAgent>,
    /// How much agents may do without asking (else balanced; a request can't choose it)
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) safety: Option<SafetyLevel>,
    /// How many tasks may work at the same time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PARALLEL)))]
    pub(crate) max_parallel: Option<u32>,
    /// The certificate for TLS, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Listen on the network without TLS, where others can read along
    #[arg(long)]
    pub(crate) insecure_http: bool,
    /// Where batches are kept
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// What is written into the log, logs/regatta.log where batches are kept: a level (error,
    /// warn, info, debug, trace), or levels of rooms as info,regatta_engine=trace (else as the
    /// variable RUST_LOG says, or info)
    #[arg(long, value_name = "FILTER")]
    pub(crate) log: Option<Filter>,
}

/// The agents to show.
#[derive(Debug, Args)]
pub(crate) struct AgentsArgs {
    /// Ask them now: each is started, without a prompt and so without cost
    #[arg(long)]
    pub(crate) check: bool,
    /// Only this agent, said as for `serve`; may be given several times
    #[arg(long, value_name = "AGENT", value_parser = parse_named_agent)]
    pub(crate) agent: Vec<NamedAgent>,
    /// Where batches are kept, and what agents said
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
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
    /// Print each event as one line of JSON. The first line names the batch, as with `run`
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

fn parse_task(text: &str) -> Result<TaskRequest, String> {
    let (name, prompt) = text.split_once('=').ok_or("write it as NAME=PROMPT")?;
    Ok(TaskRequest {
        task_name: name.to_owned(),
        prompt: prompt.to_owned(),
        ..TaskRequest::default()
    })
}

/// An address to listen at, or a name that this computer's own resolver knows.
fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let found: Vec<SocketAddr> =
        text.to_socket_addrs().map_err(|problem| problem.to_string())?.collect();
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| "there is no such address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_a_name_of_this_computer_is_listened_at() {
        for text in ["127.0.0.1:0", "[::1]:8787", "localhost:0", "localhost:8787"] {
            let address = parse_listen(text).expect("it is here");
            assert!(address.ip().is_loopback(), "{text}: {address}");
            assert_eq!(
                address.port(),
                text.rsplit(':').next().and_then(|p| p.parse().ok()).unwrap_or(1)
            );
        }
        for text in ["localhost", "127.0.0.1", "localhost:99999", "localhost:http", ""] {
            assert!(parse_listen(text).is_err(), "{text}");
        }
    }
}
