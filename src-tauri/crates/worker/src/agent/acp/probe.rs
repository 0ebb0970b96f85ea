//! A conversation without a prompt: what the agent is and what it offers.

use super::begin::{self, Beginning, Greeted};
use super::calls::Calls;
use super::listen::Listener;
use super::meter::Meter;
use super::raw_log::RawLog;
use super::talk::{Line, transport};
use super::voice::Voice;
use super::{MESSAGES, offers};
use crate::agent::{Ear, Turn, hear};
use crate::output;
use crate::process::{Patience, Pipes, Process, Program};
use crate::sandbox::Refusals;
use crate::text::one_line;
use agent_client_protocol::Client;
use agent_client_protocol::v1::ConnectionTo;
use regatta_protocol::event::LineKind;
use regatta_protocol::worker::{ProbeReport, ProbeTask};
use regatta_protocol::{ErrorCode, Notice};
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// How long an agent may take for all its answers.
const LIMIT: Duration = Duration::from_secs(60);
/// How long its program may take to end once nobody speaks to it.
const TO_END: Duration = Duration::from_secs(2);
/// The most of what its program said on standard error, in characters.
const MAX_ERRORS: usize = 500;

/// Starts the program, asks it, and ends it with everything it started.
pub(in crate::agent) async fn probe(
    program: &Path,
    args: &[String],
    task: &ProbeTask,
) -> io::Result<ProbeReport> {
    let folder = &task.folder;
    let temp = folder.with_file_name("tmp");
    // There is no cache whose objects it would need.
    let sandbox = task.sandbox.as_ref().map(|sandbox| (sandbox, &**folder));
    let program = Program { program, args, folder, env: &task.env, temp: &temp, sandbox };
    let (process, pipes) = Process::start(program, true)?;
    let Pipes { input, output, errors } = pipes;
    let input = input.expect("BUG: its input is piped");
    // What it shows is for nobody.
    let (events, outlet) = output::open();
    let showing = tokio::spawn(outlet.write_to(tokio::io::sink()));
    let (to_crate, messages) = mpsc::channel(MESSAGES);
    let raw = Arc::new(Mutex::new(RawLog::none()));
    let listener = Listener {
        refusals: Refusals::none(),
        events: events.clone(),
        messages: to_crate,
        calls: Arc::new(Mutex::new(Calls::new(&task.folder))),
        raw: raw.clone(),
        voice: Voice::new(),
        unknown: HashSet::new(),
        replayed: Arc::new(AtomicBool::new(false)),
        meter: Meter::with_limit(None).0,
    };
    let heard = tokio::spawn(listener.hear(output, process.clone()));
    let refusals = Refusals::none();
    let ear = Ear { kind: LineKind::Err, process: process.clone(), events, refusals };
    let errors = tokio::spawn(hear(errors, ear));
    let asked = ask(Line { input, messages, raw }, task.folder.clone());
    let limit = tokio::time::timeout(LIMIT, asked).await;
    let mut report = limit.unwrap_or_else(|_| problem(late()));
    process.end(Patience::ForTheProgram(Instant::now() + TO_END)).await;
    process.sweep().await;
    // Errors: hearing panicked; there is nothing to be heard then.
    drop(heard.await);
    let errors = errors.await.unwrap_or_default();
    drop(showing.await);
    if let (Some(notice), false) = (&mut report.problem, errors.trim().is_empty()) {
        let details = notice.details.take().unwrap_or_default();
        let errors = one_line(&errors, MAX_ERRORS);
        notice.details = Some(format!("{details}\n{errors}").trim().to_owned());
    }
    Ok(report)
}

/// Both answers, as a report.
async fn ask(line: Line, folder: std::path::PathBuf) -> ProbeReport {
    let (tell, told) = oneshot::channel();
    let asking =
        Client.v1().name("regatta").connect_with(transport(line), async move |connection| {
            // An error: it took too long, and nobody waits any more.
            drop(tell.send(converse(&connection, &folder).await));
            Ok(())
        });
    tokio::select! {
        biased;
        Ok(report) = told => report,
        ended = asking => {
            let details = ended.err().map(|problem| problem.to_string()).unwrap_or_default();
            unasked(Turn::Lost(details), ProbeReport::default())
        }
    }
}

async fn converse(
    connection: &ConnectionTo<agent_client_protocol::Agent>,
    folder: &Path,
) -> ProbeReport {
    let Greeted { version, resumes, loads } = match begin::greet(connection).await {
        Ok(greeted) => greeted,
        Err(turn) => return unasked(turn, ProbeReport::default()),
    };
    let report = ProbeReport { version, resumes, loads, ..ProbeReport::default() };
    match (Beginning { connection, copy: folder, meta: "" }).anew().await {
        Ok(begun) => ProbeReport { offers: offers::offers(&begun.answer), ..report },
        Err(turn) => unasked(turn, report),
    }
}

/// What is known when the agent did not answer as it should.
fn unasked(turn: Turn, report: ProbeReport) -> ProbeReport {
    let notice = match turn {
        Turn::Failed(notice) if notice.code == ErrorCode::SignInNeeded => {
            return ProbeReport { signed_in: Some(false), ..report };
        }
        Turn::Failed(notice) | Turn::Limited(notice, _) => notice,
        Turn::Lost(details) => gone().with_details(details),
        Turn::Done | Turn::Cancelled => gone(),
    };
    ProbeReport { problem: Some(Notice { safe: String::new(), ..notice }), ..report }
}

fn problem(notice: Notice) -> ProbeReport {
    ProbeReport { problem: Some(notice), ..ProbeReport::default() }
}

fn gone() -> Notice {
    Notice::new(
        ErrorCode::AgentDied,
        "The agent's program ended before it answered.",
        "",
        "Start it once in a terminal and read what it says, then check again.",
    )
}

fn late() -> Notice {
    Notice::new(
        ErrorCode::AgentProtocol,
        "The agent did not answer for a minute.",
        "",
        "Start it once in a terminal and read what it says, then check again.",
    )
}
