//! The client's requests, and the agent's answers.

use crate::PracticeAgent;
use crate::session_output::Backpressure;
use agent_client_protocol::v1::schema::{
    ClientRequest, ContentChunk, LoadSessionRequest, SessionId, SessionNotification, SessionUpdate,
    SetSessionConfigOptionRequest, SetSessionConfigOptionResponse, SetSessionModeResponse,
};
use agent_client_protocol::v1::{ConnectionTo, Responder};
use agent_client_protocol::{Client, Error, JsonRpcResponse};
use serde_json::Value;
use std::sync::Arc;

/// Answers the requests of one client.
pub(crate) struct ClientRequests {
    pub(crate) agent: Arc<PracticeAgent>,
    pub(crate) backpressure: Backpressure,
}

impl ClientRequests {
    /// Answers a request; a prompt's answer comes later, at the end of its turn.
    ///
    /// # Errors
    /// The client is gone.
    pub(crate) async fn answer(
        &self,
        request: ClientRequest,
        responder: Responder<Value>,
        connection: ConnectionTo<Client>,
    ) -> Result<(), Error> {
        let agent = &self.agent;
        match request {
            ClientRequest::InitializeRequest(request) => {
                self.send(responder, Ok(agent.initialize(&request.client_capabilities))).await
            }
            ClientRequest::NewSessionRequest(request) => {
                self.send(responder, Ok(agent.new_session(request.cwd))).await
            }
            ClientRequest::PromptRequest(request) => {
                agent.clone().prompt(request, responder.cast(), connection, &self.backpressure)
            }
            ClientRequest::ResumeSessionRequest(request) => {
                self.send(responder, Ok(agent.resume(request))).await
            }
            ClientRequest::LoadSessionRequest(request) => {
                self.load(request, responder, connection).await
            }
            ClientRequest::SetSessionModeRequest(request) => {
                let chosen = agent.select_option(&request.session_id, "mode", &request.mode_id.0);
                self.send(responder, chosen.map(|_| SetSessionModeResponse::new())).await
            }
            ClientRequest::SetSessionConfigOptionRequest(request) => {
                self.send(responder, self.set_option(&request)).await
            }
            _ => responder.respond_with_error(Error::method_not_found()),
        }
    }

    async fn load(
        &self,
        request: LoadSessionRequest,
        responder: Responder<Value>,
        connection: ConnectionTo<Client>,
    ) -> Result<(), Error> {
        self.backpressure.acquire().await;
        connection.send_notification(replay_notification(&request.session_id))?;
        self.send(responder, Ok(self.agent.load(request))).await
    }

    fn set_option(
        &self,
        request: &SetSessionConfigOptionRequest,
    ) -> Result<SetSessionConfigOptionResponse, Error> {
        let value = request.value.as_value_id().map(|id| id.0.clone()).unwrap_or_default();
        let settings =
            self.agent.select_option(&request.session_id, &request.config_id.0, &value)?;
        Ok(SetSessionConfigOptionResponse::new(settings.options()))
    }

    async fn send<T: JsonRpcResponse>(
        &self,
        responder: Responder<Value>,
        answer: Result<T, Error>,
    ) -> Result<(), Error> {
        self.backpressure.acquire().await;
        responder.cast().respond_with_result(answer)
    }
}

/// What a conversation that is loaded tells again.
fn replay_notification(session: &SessionId) -> SessionNotification {
    let words = ContentChunk::new("This was said before.\n".into());
    SessionNotification::new(session.clone(), SessionUpdate::AgentMessageChunk(words))
}
