//! The program `regatta`: batches in the terminal, the server, and the worker and the practice agent
//! that the app starts.

mod add;
mod agent_args;
mod agents_command;
mod answers;
mod args;
mod askpass;
mod batch_file;
mod error;
mod help;
mod interrupt;
mod open_engine;
mod print;
mod render;
mod request;
mod run;
mod sanitize;
mod secrets;
mod serve;
mod show;
mod table;
mod task_names;

use args::{Command, CommandLine, EnterArgs, WorkerArgs};
use clap::Parser;
use error::CommandError;
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(place) = askpass::socket_to_ask() {
        return askpass::answer_prompt(place);
    }
    match CommandLine::parse().command {
        Command::Worker(WorkerArgs { probe: true, .. }) => regatta_worker::probe(),
        Command::Worker(WorkerArgs { probe: false, trace }) => regatta_worker::main(trace),
        Command::Enter(EnterArgs { command }) => regatta_worker::sandbox_exec(&command),
        Command::PracticeAgent => regatta_practice::main(),
        Command::Run(args) => run_to_end(run::run(&args)),
        Command::Serve(args) => run_to_end(serve::serve(&args)),
        Command::Show(args) => run_to_end(show::show(&args)),
        Command::Add(args) => run_to_end(add::add(&args)),
        Command::Agents(args) => run_to_end(agents_command::show_agents(&args)),
    }
}

fn run_to_end(work: impl Future<Output = Result<ExitCode, CommandError>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(problem) => return CommandError::from(problem).report(),
    };
    let ended = runtime.block_on(work).unwrap_or_else(CommandError::report);
    // Somebody may never read what is being printed, or never type what is being read.
    runtime.shutdown_background();
    ended
}
