//! A conversation without a prompt: what the agent is and what it offers.

use super::handshake::{self, AgentInfo, SessionOpener};
use super::listener::Listener;
use super::message_buffer::MessageBuffer;
use super::raw_log::RawLog;
use super::session::{Transport, transport_lines};
use super::tool_calls::ToolCalls;
use super::usage::UsageMeter;
use super::{MAX_QUEUED_MESSAGES, session_options};
use crate::agent::{OutputReader, TurnEnd, read_output};
use crate::output;
use crate::program::ProgramSpec;
use crate::sandbox::DenialReporter;
use crate::text::one_line;
use agent_client_protocol::Client;
use agent_client_protocol::v1::ConnectionTo;
use regatta_process::{GracePeriod, StdioPipes};
use regatta_protocol::event::LineKind;
use regatta_protocol::worker::{ProbeReport, ProbeTask};
use regatta_protocol::{ErrorCode, UserMessage};
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// How long an agent may take for all its answers.
const PROBE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long its program may take to end once nobody speaks to it.
const END_GRACE: Duration = Duration::from_secs(2);
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
    let program = ProgramSpec {
        program,
        args,
        working_dir: folder,
        env: &task.env,
        temp_dir: &temp,
        sandbox,
    };
    let (process, pipes) = program.start(true)?;
    let StdioPipes { stdin: input, stdout: output, stderr: errors } = pipes;
    let input = input.expect("BUG: its input is piped");
    // What it shows is for nobody.
    let (events, outlet) = output::channel();
    let showing = tokio::spawn(outlet.write_to(tokio::io::sink()));
    let (to_crate, messages) = mpsc::channel(MAX_QUEUED_MESSAGES);
    let raw = Arc::new(Mutex::new(RawLog::disabled()));
    let listener = Listener {
        denials: DenialReporter::disabled(),
        events: events.clone(),
        messages: to_crate,
        tool_calls: Arc::new(Mutex::new(ToolCalls::new(&task.folder))),
        raw_log: raw.clone(),
        message_buffer: MessageBuffer::new(),
        unknown_kinds: HashSet::new(),
        is_replaying: Arc::new(AtomicBool::new(false)),
        usage_meter: UsageMeter::with_limit(None).0,
    };
    let heard = tokio::spawn(listener.run(output, process.clone()));
    let refusals = DenialReporter::disabled();
    let ear = OutputReader {
        kind: LineKind::Stderr,
        process: process.clone(),
        events,
        denials: refusals,
    };
    let errors = tokio::spawn(read_output(errors, ear));
    let asked = request_report(Transport { input, messages, raw_log: raw }, task.folder.clone());
    let limit = tokio::time::timeout(PROBE_TIMEOUT, asked).await;
    let mut report = limit.unwrap_or_else(|_| problem_report(timeout_notice()));
    process.terminate(GracePeriod::ForProgram(Instant::now() + END_GRACE)).await;
    process.kill_tree().await;
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
async fn request_report(line: Transport, folder: std::path::PathBuf) -> ProbeReport {
    let (tell, told) = oneshot::channel();
    let asking =
        Client.v1().name("regatta").connect_with(transport_lines(line), async move |connection| {
            // An error: it took too long, and nobody waits any more.
            drop(tell.send(query_agent(&connection, &folder).await));
            Ok(())
        });
    tokio::select! {
        biased;
        Ok(report) = told => report,
        ended = asking => {
            let details = ended.err().map(|problem| problem.to_string()).unwrap_or_default();
            failed_report(TurnEnd::ConnectionLost(details), ProbeReport::default())
        }
    }
}

async fn query_agent(
    connection: &ConnectionTo<agent_client_protocol::Agent>,
    folder: &Path,
) -> ProbeReport {
    let AgentInfo { version, can_resume: resumes, can_load: loads } =
        match handshake::initialize(connection).await {
            Ok(greeted) => greeted,
            Err(turn) => return failed_report(turn, ProbeReport::default()),
        };
    let report =
        ProbeReport { version, can_resume: resumes, can_load: loads, ..ProbeReport::default() };
    match (SessionOpener { connection, copy: folder, meta: "" }).new_session().await {
        Ok(begun) => ProbeReport {
            capabilities: session_options::read_capabilities(&begun.answer),
            ..report
        },
        Err(turn) => failed_report(turn, report),
    }
}

/// What is known when the agent did not answer as it should.
fn failed_report(turn: TurnEnd, report: ProbeReport) -> ProbeReport {
    let notice = match turn {
        TurnEnd::Failed(notice) if notice.code == ErrorCode::SignInNeeded => {
            return ProbeReport { signed_in: Some(false), ..report };
        }
        TurnEnd::Failed(notice) | TurnEnd::Limited(notice, _) => notice,
        TurnEnd::ConnectionLost(details) => program_ended_notice().with_details(details),
        TurnEnd::Done | TurnEnd::Cancelled => program_ended_notice(),
    };
    ProbeReport { problem: Some(UserMessage { impact: String::new(), ..notice }), ..report }
}

fn problem_report(notice: UserMessage) -> ProbeReport {
    ProbeReport { problem: Some(notice), ..ProbeReport::default() }
}

fn program_ended_notice() -> UserMessage {
    UserMessage::new(
        ErrorCode::AgentDied,
        "The agent's program ended before it answered.",
        "",
        "Start it once in a terminal and read what it says, then check again.",
    )
}

fn timeout_notice() -> UserMessage {
    UserMessage::new(
        ErrorCode::AgentProtocol,
        "The agent did not answer for a minute.",
        "",
        "Start it once in a terminal and read what it says, then check again.",
    )
}
