//! The practice agent: a program that speaks real ACP on its standard streams, needs no
//! network and costs nothing. A prompt is either directives ([`script`], done by [`play`]
//! and [`shell`]) or ordinary words, on which it surveys the project ([`survey`]).
//! A conversation goes on in another process (it remembers nothing, so nothing is lost), and
//! has [`settings`]. [`stage`] is what it can show and ask, [`manners`] how it takes being stopped.

mod manners;
mod play;
mod script;
mod settings;
mod shell;
mod stage;
mod survey;

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::schema::{
    AgentCapabilities, CancelNotification, ClientCapabilities, ContentBlock, ContentChunk,
    Implementation, InitializeRequest, InitializeResponse, LoadSessionRequest, LoadSessionResponse,
    NewSessionRequest, NewSessionResponse, PromptRequest, PromptResponse, ResumeSessionRequest,
    ResumeSessionResponse, SessionCapabilities, SessionId, SessionNotification,
    SessionResumeCapabilities, SessionUpdate, SetSessionConfigOptionRequest,
    SetSessionConfigOptionResponse, SetSessionModeRequest, SetSessionModeResponse, StopReason,
};
use agent_client_protocol::v1::{ConnectionTo, Responder};
use agent_client_protocol::{Agent, Client, Error, Lines};
use futures::{Sink, Stream};
use manners::Manners;
use settings::Settings;
use stage::{Room, Stage};
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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
    let agent = Arc::new(Practice::default());
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
struct Practice {
    sessions: Mutex<HashMap<SessionId, Session>>,
    manners: Manners,
    takes_pieces: AtomicBool,
    /// How many tool calls there were: an id is never given twice, also not in another turn.
    calls: Arc<AtomicU64>,
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

impl Practice {
    async fn serve(self: &Arc<Self>) -> Result<(), Error> {
        let room = Room::new();
        let (one, two, three, four) = (self.clone(), self.clone(), self.clone(), self.clone());
        let (five, six, seven, eight) = (self.clone(), self.clone(), self.clone(), self.clone());
        let (room_one, room_two, room_three) = (room.clone(), room.clone(), room.clone());
        let (room_five, room_six, room_seven, room_eight) =
            (room.clone(), room.clone(), room.clone(), room.clone());
        let served = Agent
            .v1()
            .name("practice")
            .on_receive_request(
                async move |request: InitializeRequest, responder, _connection| {
                    room_one.take().await;
                    responder.respond(one.initialize(&request.client_capabilities))
                },
                agent_client_protocol::on_receive_request!(),
            )
            .on_receive_request(
                async move |request: NewSessionRequest, responder, _connection| {
                    room_two.take().await;
                    responder.respond(two.new_session(request.cwd))
                },
                agent_client_protocol::on_receive_request!(),
            )
            .on_receive_request(
                async move |request: PromptRequest, responder, connection| {
                    three.clone().prompt(request, responder, connection, &room_three)
                },
                agent_client_protocol::on_receive_request!(),
            )
            .on_receive_request(
                async move |request: ResumeSessionRequest, responder, _connection| {
                    room_five.take().await;
                    responder.respond(five.resume(request))
                },
                agent_client_protocol::on_receive_request!(),
            )
            .on_receive_request(
                async move |request: LoadSessionRequest, responder, connection| {
                    room_six.take().await;
                    connection.send_notification(told_again(&request.session_id))?;
                    room_six.take().await;
                    responder.respond(six.load(request))
                },
                agent_client_protocol::on_receive_request!(),
            )
            .on_receive_request(
                async move |request: SetSessionModeRequest, responder, _connection| {
                    room_seven.take().await;
                    let chosen = seven.choose(&request.session_id, "mode", &request.mode_id.0);
                    responder.respond_with_result(chosen.map(|_| SetSessionModeResponse::new()))
                },
                agent_client_protocol::on_receive_request!(),
            )
            .on_receive_request(
                async move |request: SetSessionConfigOptionRequest, responder, _connection| {
                    room_eight.take().await;
                    let value = request.value.as_value_id().map(|id| id.0.clone());
                    let value = value.unwrap_or_default();
                    let chosen = eight.choose(&request.session_id, &request.config_id.0, &value);
                    responder.respond_with_result(
                        chosen.map(|all| SetSessionConfigOptionResponse::new(all.options())),
                    )
                },
                agent_client_protocol::on_receive_request!(),
            )
            .on_receive_notification(
                async move |cancel: CancelNotification, _connection| {
                    four.cancel(&cancel.session_id);
                    Ok(())
                },
                agent_client_protocol::on_receive_notification!(),
            )
            .connect_to(Lines::new(outgoing(room), incoming()))
            .await;
        if !self.manners.minds_the_end() {
            std::future::pending::<()>().await;
        }
        served
    }

    fn initialize(&self, client: &ClientCapabilities) -> InitializeResponse {
        let takes = client.meta.as_ref().and_then(|meta| meta.get("terminal_output_delta"));
        let takes = takes.and_then(serde_json::Value::as_bool).unwrap_or_default();
        self.takes_pieces.store(takes, Ordering::SeqCst);
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
        let settings = self.go_on(request.session_id, request.cwd);
        ResumeSessionResponse::new().modes(settings.modes()).config_options(settings.options())
    }

    fn load(&self, request: LoadSessionRequest) -> LoadSessionResponse {
        let settings = self.go_on(request.session_id, request.cwd);
        LoadSessionResponse::new().modes(settings.modes()).config_options(settings.options())
    }

    fn go_on(&self, id: SessionId, project: PathBuf) -> Settings {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.entry(id).or_insert_with(|| Session::new(project)).settings.clone()
    }

    fn choose(&self, session: &SessionId, what: &str, id: &str) -> Result<Settings, Error> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get_mut(session).ok_or_else(Error::invalid_params)?;
        session.settings.choose(what, id)?;
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
        room: &Room,
    ) -> Result<(), Error> {
        let (project, cancelled, settings) = {
            let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(session) = sessions.get(&request.session_id) else {
                return responder.respond_with_error(Error::invalid_params());
            };
            session.cancel.send_replace(false);
            let settings = session.settings.told();
            (session.project.clone(), session.cancel.subscribe(), settings)
        };
        let stage = Stage {
            connection: connection.clone(),
            session: request.session_id,
            room: room.clone(),
            takes_pieces: self.takes_pieces.load(Ordering::SeqCst),
            calls: Arc::clone(&self.calls),
            settings,
        };
        connection.spawn(async move {
            let ended = tokio::select! {
                ended = self.turn(&stage, project, &request.prompt) => ended,
                () = self.manners.cancelled(cancelled) => Ok(StopReason::Cancelled),
            };
            stage.room.take().await;
            responder.respond_with_result(ended.map(PromptResponse::new))
        })
    }

    async fn turn(
        &self,
        stage: &Stage,
        project: PathBuf,
        prompt: &[ContentBlock],
    ) -> Result<StopReason, Error> {
        let texts = prompt.iter().filter_map(|block| match block {
            ContentBlock::Text(text) => Some(text.text.as_str()),
            _ => None,
        });
        let prompt = texts.collect::<Vec<_>>().join("\n");
        match script::read(&prompt) {
            Ok(Some(script)) => play::script(stage, &project, &self.manners, &script).await,
            Ok(None) => survey::turn(stage, &project, &prompt).await,
            Err(problem) => Err(Error::new(-32602, problem)),
        }
    }
}

/// What a conversation that is loaded tells again.
fn told_again(session: &SessionId) -> SessionNotification {
    let words = ContentChunk::new("This was said before.\n".into());
    SessionNotification::new(session.clone(), SessionUpdate::AgentMessageChunk(words))
}

fn incoming() -> impl Stream<Item = io::Result<String>> + Send + 'static {
    let lines = BufReader::new(tokio::io::stdin()).lines();
    futures::stream::unfold(lines, async |mut lines| {
        Some((lines.next_line().await.transpose()?, lines))
    })
}

fn outgoing(room: Room) -> impl Sink<String, Error = io::Error> + Send + 'static {
    futures::sink::unfold((tokio::io::stdout(), room), async |(mut out, room), mut line: String| {
        line.push('\n');
        out.write_all(line.as_bytes()).await?;
        out.flush().await?;
        room.give_back();
        Ok((out, room))
    })
}
