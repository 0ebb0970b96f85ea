//! The practice agent: a program that speaks real ACP on its standard streams, needs no
//! network and costs nothing. A prompt is either directives ([`script`], done by [`script_runner`]
//! and [`shell`]) or ordinary words, on which it surveys the project ([`survey`]).
//! [`client_requests`] answers the client. A conversation goes on in another process (it
//! remembers nothing, so nothing is lost), and has [`settings`]. [`session_output`] is what it can
//! show and ask, [`stop_behaviour`] how it takes being stopped. Source: <https://agentclientprotocol.com/protocol/overview>.

mod client_requests;
mod script;
mod script_runner;
mod session_output;
mod settings;
mod shell;
mod stop_behaviour;
mod survey;

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::schema::{
    AgentCapabilities, CancelNotification, ClientCapabilities, ClientRequest, ContentBlock,
    Implementation, InitializeResponse, LoadSessionRequest, LoadSessionResponse,
    NewSessionResponse, PromptRequest, PromptResponse, ResumeSessionRequest, ResumeSessionResponse,
    SessionCapabilities, SessionId, SessionResumeCapabilities, StopReason,
};
use agent_client_protocol::v1::{ConnectionTo, Responder};
use agent_client_protocol::{Agent, Client, Error, Lines};
use client_requests::ClientRequests;
use futures::{Sink, Stream};
use session_output::{Backpressure, SessionOutput};
use settings::Settings;
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use stop_behaviour::StopBehaviour;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::watch;

/// Serves one client on the standard streams until they end.
#[must_use]
pub fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(problem) => {
            eprintln!("The practice agent can't start: {problem}");
            return ExitCode::FAILURE;
        }
    };
    let agent = Arc::new(PracticeAgent::default());
    let served = runtime.block_on(agent.serve());
    // A read of standard input may still be under way; don't wait for it.
    runtime.shutdown_background();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("The practice agent lost its client: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// What the agent knows between two messages.
#[derive(Default)]
struct PracticeAgent {
    sessions: Mutex<HashMap<SessionId, Session>>,
    stop_behaviour: StopBehaviour,
    accepts_output_deltas: AtomicBool,
    /// How many tool calls there were: an id is never given twice, also not in another turn.
    call_count: Arc<AtomicU64>,
}

/// One conversation.
struct Session {
    project: PathBuf,
    cancel: watch::Sender<bool>,
    settings: Settings,
}

impl Session {
    fn new(project: PathBuf) -> Self {
        Self { project, cancel: watch::Sender::new(false), settings: Settings::default() }
    }
}

impl PracticeAgent {
    async fn serve(self: &Arc<Self>) -> Result<(), Error> {
        let backpressure = Backpressure::new();
        let lines = Lines::new(outgoing(backpressure.clone()), incoming());
        let requests = ClientRequests { agent: self.clone(), backpressure };
        let agent = self.clone();
        let served = Agent
            .v1()
            .name("practice")
            .on_receive_request(
                async move |request: ClientRequest, responder, connection| {
                    requests.answer(request, responder, connection).await
                },
                agent_client_protocol::on_receive_request!(),
            )
            .on_receive_notification(
                async move |cancel: CancelNotification, _connection| {
                    agent.cancel(&cancel.session_id);
                    Ok(())
                },
                agent_client_protocol::on_receive_notification!(),
            )
            .connect_to(lines)
            .await;
        if !self.stop_behaviour.ends_with_input() {
            std::future::pending::<()>().await;
        }
        served
    }

    fn initialize(&self, client: &ClientCapabilities) -> InitializeResponse {
        let takes = client.meta.as_ref().and_then(|meta| meta.get("terminal_output_delta"));
        let takes = takes.and_then(serde_json::Value::as_bool).unwrap_or_default();
        self.accepts_output_deltas.store(takes, Ordering::SeqCst);
        let name = Implementation::new("regatta-practice", env!("CARGO_PKG_VERSION"));
        InitializeResponse::new(ProtocolVersion::V1)
            .agent_capabilities(AgentCapabilities::new().load_session(true).session_capabilities(
                SessionCapabilities::new().resume(SessionResumeCapabilities::new()),
            ))
            .agent_info(name.title("Practice agent".to_owned()))
    }

    fn new_session(&self, project: PathBuf) -> NewSessionResponse {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let id = SessionId::new(format!("practice-{}", sessions.len() + 1));
        let settings = Settings::default();
        let begun = NewSessionResponse::new(id.clone())
            .modes(settings.modes())
            .config_options(settings.options());
        sessions.insert(id, Session::new(project));
        begun
    }

    fn resume(&self, request: ResumeSessionRequest) -> ResumeSessionResponse {
        let settings = self.resume_session(request.session_id, request.cwd);
        ResumeSessionResponse::new().modes(settings.modes()).config_options(settings.options())
    }

    fn load(&self, request: LoadSessionRequest) -> LoadSessionResponse {
        let settings = self.resume_session(request.session_id, request.cwd);
        LoadSessionResponse::new().modes(settings.modes()).config_options(settings.options())
    }

    fn resume_session(&self, id: SessionId, project: PathBuf) -> Settings {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.entry(id).or_insert_with(|| Session::new(project)).settings.clone()
    }

    fn select_option(&self, session: &SessionId, what: &str, id: &str) -> Result<Settings, Error> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get_mut(session).ok_or_else(Error::invalid_params)?;
        session.settings.select(what, id)?;
        Ok(session.settings.clone())
    }

    fn cancel(&self, id: &SessionId) {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = sessions.get(id) {
            session.cancel.send_replace(true);
        }
    }

    /// Starts the turn beside the connection, which has to go on meanwhile.
    fn prompt(
        self: Arc<Self>,
        request: PromptRequest,
        responder: Responder<PromptResponse>,
        connection: ConnectionTo<Client>,
        room: &Backpressure,
    ) -> Result<(), Error> {
        let (project, cancelled, settings) = {
            let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(session) = sessions.get(&request.session_id) else {
                return responder.respond_with_error(Error::invalid_params());
            };
            session.cancel.send_replace(false);
            let settings = session.settings.describe();
            (session.project.clone(), session.cancel.subscribe(), settings)
        };
        let stage = SessionOutput {
            connection: connection.clone(),
            session: request.session_id,
            backpressure: room.clone(),
            accepts_output_deltas: self.accepts_output_deltas.load(Ordering::SeqCst),
            call_count: Arc::clone(&self.call_count),
            settings,
        };
        connection.spawn(async move {
            let ended = tokio::select! {
                ended = self.run_turn(&stage, project, &request.prompt) => ended,
                () = self.stop_behaviour.wait_for_cancel(cancelled) => Ok(StopReason::Cancelled),
            };
            stage.backpressure.acquire().await;
            responder.respond_with_result(ended.map(PromptResponse::new))
        })
    }

    async fn run_turn(
        &self,
        stage: &SessionOutput,
        project: PathBuf,
        prompt: &[ContentBlock],
    ) -> Result<StopReason, Error> {
        let texts = prompt.iter().filter_map(|block| match block {
            ContentBlock::Text(text) => Some(text.text.as_str()),
            _ => None,
        });
        let prompt = texts.collect::<Vec<_>>().join("\n");
        match script::parse_script(&prompt) {
            Ok(Some(script)) => {
                script_runner::run_script(stage, &project, &self.stop_behaviour, &script).await
            }
            Ok(None) => survey::run_survey(stage, &project, &prompt).await,
            Err(problem) => Err(Error::new(-32602, problem)),
        }
    }
}

fn incoming() -> impl Stream<Item = io::Result<String>> + Send + 'static {
    let lines = BufReader::new(tokio::io::stdin()).lines();
    futures::stream::unfold(lines, async |mut lines| {
        Some((lines.next_line().await.transpose()?, lines))
    })
}

fn outgoing(room: Backpressure) -> impl Sink<String, Error = io::Error> + Send + 'static {
    futures::sink::unfold((tokio::io::stdout(), room), async |(mut out, room), mut line: String| {
        line.push('\n');
        out.write_all(line.as_bytes()).await?;
        out.flush().await?;
        room.release();
        Ok((out, room))
    })
}
