//! `cargo xtask run | test | bench | fuzz | bundle`: from a fresh machine with Rust and Node
//! to the open app, every test, the figures, random inputs, or a package. Only the standard
//! library, so that this builds in seconds.

mod agents;
mod bench;
mod bundle;
mod clippy;
mod deny;
mod fuzz;
mod junit;
mod node;
mod paths;
mod run;
mod rust_tests;
mod step;
mod system;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <COMMAND> [--yes]

  run      install what is missing, build, and open the app
           (without a display: the practice batch in the terminal)
  test     the same set-up, then every check and every test
           (--agents: with real coding agents, which npm installs into a cache)
  bench    build for release and print the figures
  fuzz     give what reads foreign bytes random ones, a minute each
  bundle   make a package that people can install

  --yes    install missing system packages without asking";

/// Why it can't go on: a sentence that says what to do.
type XtaskResult = Result<(), String>;

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let before = args.len();
    args.retain(|arg| arg != "--yes");
    let said_yes = args.len() < before;
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["run"] => run::run(said_yes),
        ["test"] => test::test(said_yes, false),
        ["test", "--agents"] => test::test(said_yes, true),
        ["bench"] => bench::bench(said_yes),
        ["fuzz"] => fuzz::fuzz(said_yes),
        ["bundle"] => bundle::bundle(said_yes),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("\n{sentence}");
            ExitCode::FAILURE
        }
    }
}
