//! What is answered instead of what was asked for. Every error has the same body.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use regatta_engine::EngineError;
use regatta_protocol::wire::ErrorBody;
use regatta_protocol::{Edge, ErrorCode, UserMessage};

/// After how many seconds it is worth asking again, when too much was asked for at once.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// An answer that is an error.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    user_message: UserMessage,
}

impl ApiError {
    /// An error with a status of its own.
    pub(crate) fn new(status: StatusCode, user_message: UserMessage) -> Self {
        Self { status, user_message }
    }

    /// The request can't be understood.
    pub(crate) fn bad_request(what: impl Into<String>, next: &str) -> Self {
        UserMessage::new(ErrorCode::BadRequest, what, "Nothing was started.", next).into()
    }

    /// There is no such thing.
    pub(crate) fn not_found(what: &str, next: &str) -> Self {
        let what = format!("There is no such {what}.");
        UserMessage::new(ErrorCode::NotFound, what, "Nothing was changed.", next).into()
    }

    /// Its status.
    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<UserMessage> for ApiError {
    fn from(notice: UserMessage) -> Self {
        Self { status: status_for(notice.code), user_message: notice }
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        let notice = error.message(Edge::Api);
        match error {
            EngineError::Closed => Self::new(StatusCode::SERVICE_UNAVAILABLE, notice),
            _ => notice.into(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(ErrorBody::from(&self.user_message))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        // For the log.
        response.extensions_mut().insert(self.user_message);
        response
    }
}

/// Answers what no route is for.
pub(crate) async fn route_not_found() -> ApiError {
    ApiError::not_found("path", "GET /openapi.json lists what there is.")
}

/// Answers a method that a route isn't for.
pub(crate) async fn method_not_allowed(request: Request) -> ApiError {
    let what = format!("This path doesn't take the method {}.", request.method());
    let next = "GET /openapi.json lists what there is.";
    let notice = UserMessage::new(ErrorCode::BadRequest, what, "Nothing was changed.", next);
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, notice)
}

/// The status of each code: the one table.
const fn status_for(code: ErrorCode) -> StatusCode {
    use ErrorCode as E;
    match code {
        E::BadRequest => StatusCode::BAD_REQUEST,
        E::Unauthorized => StatusCode::UNAUTHORIZED,
        E::Forbidden => StatusCode::FORBIDDEN,
        E::NotFound => StatusCode::NOT_FOUND,
        E::WrongState | E::IdempotencyKeyReused => StatusCode::CONFLICT,
        E::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        // The repository that the request names can't be used.
        E::ProjectMissing
        | E::NotARepository
        | E::NoCommit
        | E::BranchMissing
        | E::TokenRefused
        | E::RemoteFailed => StatusCode::UNPROCESSABLE_ENTITY,
        E::TooManyRequests | E::UsageLimit => StatusCode::TOO_MANY_REQUESTS,
        E::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
        // What the rest says is about this computer, not about the request.
        E::GitMissing
        | E::GitFailed
        | E::AgentMissing
        | E::AgentDied
        | E::AgentFailed
        | E::AgentProtocol
        | E::TimeLimit
        | E::TurnLimit
        | E::CostLimit
        | E::SignInNeeded
        | E::InstallFailed
        | E::WorkerDied
        | E::DataReadOnly
        | E::DataInUse
        | E::StoreCorrupt
        | E::StoreTooNew
        | E::SettingsCorrupt
        | E::Interrupted
        | E::EndpointMissing
        | E::KeyMissing
        | E::KeyRefused
        | E::KeyStoreMissing
        | E::EndpointUnreachable
        | E::EndpointFailed
        | E::EndpointRefused
        | E::EndpointProtocol
        | E::ConnectionLost
        | E::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
