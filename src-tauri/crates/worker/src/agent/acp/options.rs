//! Sets in a conversation what a person chose of what the agent offers.

use super::begin::{Begun, Unanswered, call};
use super::offers::{Kind, choice, set_mode};
use crate::output::Events;
use crate::text::one_line;
use agent_client_protocol::Agent;
use agent_client_protocol::v1::ConnectionTo;
use regatta_protocol::agent::AgentOptions;
use serde_json::{Value, json};

/// Sets them all. What the agent doesn't offer or doesn't take is noted: it goes on as it
/// would by itself.
pub(super) async fn set(
    connection: &ConnectionTo<Agent>,
    begun: &mut Begun,
    options: &AgentOptions,
    events: &Events,
) {
    for kind in Kind::ALL {
        let wanted = match kind {
            Kind::Model => &options.model,
            Kind::Mode => &options.mode,
            Kind::Effort => &options.effort,
        };
        if wanted.is_empty() {
            continue;
        }
        let shown = format!("the {} \u{201c}{}\u{201d}", kind.word(), one_line(wanted, 60));
        let request = choice(&begun.answer, kind, wanted).or_else(|| untold(begun, kind, wanted));
        let Some((method, mut params)) = request else {
            events.note(format!(
                "The agent doesn't offer {shown}. It goes on with what it takes by itself."
            ));
            continue;
        };
        params["sessionId"] = json!(begun.id);
        match call(connection, method, params).await {
            // One choice may change what else there is to choose.
            Ok(answer) if answer["configOptions"].is_array() => {
                begun.answer["configOptions"] = answer["configOptions"].clone();
            }
            Ok(_) => {}
            Err(Unanswered::Error(problem)) => events.note(format!(
                "The agent did not take {shown}: {}",
                one_line(&problem.message, 200)
            )),
            // The next request meets the same, and tells it.
            Err(Unanswered::Lost(_) | Unanswered::Late) => return,
        }
    }
}

/// A conversation that goes on may not tell its modes again, and may have lost the one that
/// it was in.
fn untold(begun: &Begun, kind: Kind, wanted: &str) -> Option<(&'static str, Value)> {
    let untold = begun.went_on && kind == Kind::Mode && begun.answer["modes"].is_null();
    untold.then(|| set_mode(wanted))
}
