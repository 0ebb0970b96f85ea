//! What a person is told of tasks elsewhere.

use regatta_protocol::{ErrorCode, Event, UserMessage};

const KEPT_IMPACT: &str = "Everything that was received is kept.";
const CHECK_BRANCH_HINT: &str = "Look up its branch; or try again, which starts new work.";

/// Nobody here knows how the task ended; `why` says what happened to the connection.
pub(super) fn connection_lost(why: &UserMessage) -> UserMessage {
    if why.code == ErrorCode::PayloadTooLarge {
        // The connection was fine: it is we who can't read on.
        let why = why.clone().with_hint(CHECK_BRANCH_HINT);
        return UserMessage { impact: KEPT_IMPACT.to_owned(), ..why };
    }
    let details = why.details.as_ref().map(|more| format!("{}\n{more}", why.message));
    UserMessage::new(
        ErrorCode::ConnectionLost,
        "Connection lost, outcome unknown.",
        KEPT_IMPACT,
        CHECK_BRANCH_HINT,
    )
    .with_details(details.unwrap_or_else(|| why.message.clone()))
}

/// Why it is lost when nothing else says so.
pub(super) fn ended_without_outcome() -> UserMessage {
    let what = "The service ended the connection before it said how the tasks ended.";
    UserMessage::new(ErrorCode::ConnectionLost, what, "", "")
}

/// It can't be stopped there.
pub(super) fn stop_unsupported() -> UserMessage {
    UserMessage::new(
        ErrorCode::ConnectionLost,
        "The service has no way to stop a task; we stopped listening.",
        "Everything received until then is kept; the task may still go on there.",
        CHECK_BRANCH_HINT,
    )
}

/// It was sent, and then we ended before its place could be asked to go on.
pub(crate) fn ended_after_sending() -> UserMessage {
    UserMessage::new(
        ErrorCode::ConnectionLost,
        "Regatta ended while this task worked elsewhere, and the service can't be asked how it \
         went on.",
        KEPT_IMPACT,
        CHECK_BRANCH_HINT,
    )
}

/// We ended before it was sent.
pub(crate) fn ended_before_sending() -> UserMessage {
    UserMessage::new(
        ErrorCode::Interrupted,
        "Regatta ended before this task was sent.",
        "Nothing was started.",
        "Try again.",
    )
}

/// The place says that it failed.
pub(super) fn endpoint_failed(message: &str) -> UserMessage {
    let said: String = message.trim().chars().take(500).collect();
    let what = match said.is_empty() {
        true => "The service says that this failed.".to_owned(),
        false => format!("The service says: {said}"),
    };
    UserMessage::new(ErrorCode::EndpointFailed, what, KEPT_IMPACT, CHECK_BRANCH_HINT)
        .with_details(message)
}

/// What the place says of an end of its own, as it is true on this computer: we didn't end.
pub(super) fn localise_interruption(mut event: Event) -> Event {
    let notice = match &mut event {
        Event::Status { notice, .. } => notice.as_mut(),
        Event::Outcome(outcome) => outcome.notice.as_mut(),
        _ => None,
    };
    if let Some(notice) = notice.filter(|notice| notice.code == ErrorCode::Interrupted) {
        "The server ended while this task worked.".clone_into(&mut notice.message);
    }
    event
}

/// The place said that the batch is over and nothing of each task.
pub(super) const ENDED_NOTE: &str =
    "The service said that the batch ended. It doesn't say how each task went.";

/// The first word of a break.
pub(super) fn reconnecting_note(why: &UserMessage) -> String {
    format!("{} Trying to connect again.", why.message)
}

/// The last word of a break.
pub(super) const RECONNECTED_NOTE: &str = "The connection is there again; nothing was missed.";

/// What a person wanted could not be handed over.
pub(super) fn delivery_failed_note(what: &str, why: &UserMessage) -> String {
    format!("{what} could not be handed to the service. {why}")
}

/// A bug of ours: the attempt has no place in any call.
pub(super) fn not_planned() -> UserMessage {
    UserMessage::new(
        ErrorCode::Internal,
        "This task was never made ready to be sent.",
        "",
        "Try again.",
    )
}
