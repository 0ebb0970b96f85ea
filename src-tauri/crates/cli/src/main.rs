//! The program `regatta`: batches in the terminal, the server, and the worker and the practice agent
//! that the app starts.

mod add;
mod agents;
mod answers;
mod args;
mod askpass;
mod data;
mod file;
mod interrupt;
mod lines;
mod names;
mod plain;
mod print;
mod refusal;
mod request;
mod run;
mod serve;
mod show;
mod stand;
mod table;
mod words;

use args::{CommandLine, EnterArgs, Verb, WorkerArgs};
use clap::Parser;
use refusal::Refusal;
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(place) = askpass::asked() {
        return askpass::answer(place);
    }
    match CommandLine::parse().verb {
        Verb::Worker(WorkerArgs { probe: true }) => regatta_worker::probe(),
        Verb::Worker(WorkerArgs { probe: false }) => regatta_worker::main(),
        Verb::Enter(EnterArgs { command }) => regatta_worker::enter(&command),
        Verb::PracticeAgent => regatta_practice::main(),
        Verb::Run(args) => wait_for(run::run(&args)),
        Verb::Serve(args) => wait_for(serve::serve(&args)),
        Verb::Show(args) => wait_for(show::show(&args)),
        Verb::Add(args) => wait_for(add::add(&args)),
        Verb::Agents(args) => wait_for(stand::stand(&args)),
    }
}

fn wait_for(work: impl Future<Output = Result<ExitCode, Refusal>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(problem) => return Refusal::from(problem).say(),
    };
    let ended = runtime.block_on(work).unwrap_or_else(Refusal::say);
    // Somebody may never read what is being printed, or never type what is being read.
    runtime.shutdown_background();
    ended
}
