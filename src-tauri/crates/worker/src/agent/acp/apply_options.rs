//! Sets in a conversation what a person chose of what the agent offers.

use super::handshake::{OpenSession, RequestError, send_request};
use super::session_options::{AgentOptionKind, selection_request, set_mode_request};
use crate::output::EventSender;
use crate::text::one_line;
use agent_client_protocol::Agent;
use agent_client_protocol::v1::ConnectionTo;
use regatta_protocol::agent::AgentOptions;
use serde_json::{Value, json};

/// Sets them all. What the agent doesn't offer or doesn't take is noted: it goes on as it
/// would by itself.
pub(super) async fn apply(
    connection: &ConnectionTo<Agent>,
    begun: &mut OpenSession,
    options: &AgentOptions,
    events: &EventSender,
) {
    for kind in AgentOptionKind::ALL {
        let wanted = match kind {
            AgentOptionKind::Model => &options.model,
            AgentOptionKind::Mode => &options.mode,
            AgentOptionKind::Effort => &options.effort,
        };
        if wanted.is_empty() {
            continue;
        }
        let shown = format!("the {} \u{201c}{}\u{201d}", kind.name(), one_line(wanted, 60));
        let request = selection_request(&begun.answer, kind, wanted)
            .or_else(|| mode_request_after_resume(begun, kind, wanted));
        let Some((method, mut params)) = request else {
            events.send_note(format!(
                "The agent doesn't offer {shown}. It goes on with what it takes by itself."
            ));
            continue;
        };
        params["sessionId"] = json!(begun.id);
        match send_request(connection, method, params).await {
            // One choice may change what else there is to choose.
            Ok(answer) if answer["configOptions"].is_array() => {
                begun.answer["configOptions"] = answer["configOptions"].clone();
            }
            Ok(_) => {}
            Err(RequestError::Agent(problem)) => events.send_note(format!(
                "The agent did not take {shown}: {}",
                one_line(&problem.message, 200)
            )),
            // The next request meets the same, and tells it.
            Err(RequestError::ConnectionLost(_) | RequestError::Timeout) => return,
        }
    }
}

/// A conversation that goes on may not tell its modes again, and may have lost the one that
/// it was in.
fn mode_request_after_resume(
    begun: &OpenSession,
    kind: AgentOptionKind,
    wanted: &str,
) -> Option<(&'static str, Value)> {
    let untold =
        begun.is_resumed && kind == AgentOptionKind::Mode && begun.answer["modes"].is_null();
    untold.then(|| set_mode_request(wanted))
}
