//! Answering git's question for a token, by asking the process that started git.

use regatta_engine::ASKPASS_SOCKET;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

/// Where to ask, if git runs us to have its question answered: that is this program's only
/// argument then, so it can't be told by the arguments.
pub(crate) fn socket_to_ask() -> Option<OsString> {
    std::env::var_os(ASKPASS_SOCKET).filter(|_| std::env::args_os().len() == 2)
}

/// Asks there, and prints the answer. No answer is a failure, so that git gives up.
pub(crate) fn answer_prompt(place: OsString) -> ExitCode {
    match ask_socket(place) {
        Ok(answer) if !answer.is_empty() && writeln!(std::io::stdout(), "{answer}").is_ok() => {
            ExitCode::SUCCESS
        }
        _ => ExitCode::FAILURE,
    }
}

fn ask_socket(place: OsString) -> std::io::Result<String> {
    let question = std::env::args_os().nth(1).unwrap_or_default();
    regatta_process::ask(&place, &question)
}
