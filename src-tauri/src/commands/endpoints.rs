//! Endpoints and their keys. A key goes in and never comes out.

use super::{CommandResult, repositories};
use crate::secrets::{SecretId, SecretStates};
use crate::state;
use regatta_client::Address;
use regatta_engine::CredentialProvider;
use regatta_protocol::endpoint::{
    ConnectionTest, CredentialsView, Endpoint, EndpointView, SecretState, TokenView,
};
use regatta_protocol::{EndpointId, ErrorCode, Place, Secret, UserMessage};
use tauri::{AppHandle, Runtime, command};

const MAX_SECRET_BYTES: usize = 4_096;

/// Where a batch can run: this computer, then each endpoint, under its id.
#[command]
pub(crate) async fn places<R: Runtime>(app: AppHandle<R>) -> CommandResult<Vec<Place>> {
    let endpoints = state::store(&app)?.settings().endpoints;
    Ok(state::engine(&app)?.places(&endpoints))
}

#[command]
pub(crate) async fn credentials<R: Runtime>(app: AppHandle<R>) -> CommandResult<CredentialsView> {
    let settings = state::store(&app)?.settings();
    let host = repositories::host(&settings.github_api);
    let keys = settings.endpoints.iter().map(SecretId::for_endpoint);
    let secret_ids = keys.chain([SecretId::for_host(&host)]).collect();
    let SecretStates { mut states, notice } = state::secrets(&app).read_states(secret_ids).await;
    let token = states.pop().unwrap_or(SecretState::Missing);
    let endpoints = settings.endpoints.into_iter().zip(states);
    let endpoints = endpoints.map(|(endpoint, key)| EndpointView { endpoint, key }).collect();
    Ok(CredentialsView { endpoints, github: TokenView { host, token }, key_store_notice: notice })
}

#[command]
pub(crate) async fn save_endpoint<R: Runtime>(
    app: AppHandle<R>,
    endpoint: Endpoint,
) -> CommandResult<CredentialsView> {
    let store = state::store(&app)?;
    let before = store.save_endpoint(&endpoint)?;
    // A key belongs to the address that it was entered for.
    let moved =
        before.filter(|old| store.endpoint(&old.id).is_ok_and(|e| e.address != old.address));
    let left = match moved {
        Some(old) => state::secrets(&app).remove(SecretId::for_endpoint(&old)).await.err(),
        None => None,
    };
    credentials_after_change(app, left).await
}

#[command]
pub(crate) async fn remove_endpoint<R: Runtime>(
    app: AppHandle<R>,
    id: EndpointId,
) -> CommandResult<CredentialsView> {
    let removed = state::store(&app)?.remove_endpoint(&id)?;
    let left = state::secrets(&app).remove(SecretId::for_endpoint(&removed)).await.err();
    credentials_after_change(app, left).await
}

#[command]
pub(crate) async fn set_endpoint_key<R: Runtime>(
    app: AppHandle<R>,
    id: EndpointId,
    key: Secret,
) -> CommandResult<CredentialsView> {
    let secret_id = SecretId::for_endpoint(&state::store(&app)?.endpoint(&id)?);
    let left = state::secrets(&app).save(secret_id, validate_secret(&key)?).await;
    credentials_after_change(app, left).await
}

#[command]
pub(crate) async fn remove_endpoint_key<R: Runtime>(
    app: AppHandle<R>,
    id: EndpointId,
) -> CommandResult<CredentialsView> {
    let secret_id = SecretId::for_endpoint(&state::store(&app)?.endpoint(&id)?);
    state::secrets(&app).remove(secret_id).await?;
    credentials(app).await
}

#[command]
pub(crate) async fn test_endpoint<R: Runtime>(
    app: AppHandle<R>,
    id: EndpointId,
) -> CommandResult<ConnectionTest> {
    let endpoint = state::store(&app)?.endpoint(&id)?;
    let address = Address::parse(&endpoint.address)?;
    match state::secrets(&app).endpoint_key(&endpoint).await {
        Ok(key) => Ok(state::client(&app).test_connection(&address.with_key(key)).await),
        Err(notice) => Ok(failed_test(notice)),
    }
}

/// What there is after a change, and what is to be said of that.
pub(super) async fn credentials_after_change<R: Runtime>(
    app: AppHandle<R>,
    left: Option<UserMessage>,
) -> CommandResult<CredentialsView> {
    let view = credentials(app).await?;
    Ok(CredentialsView { key_store_notice: left.or(view.key_store_notice), ..view })
}

/// A key or token as it was typed or pasted.
pub(super) fn validate_secret(text: &Secret) -> CommandResult<Secret> {
    let secret = Secret::new(text.expose());
    let refuse =
        |what: &str| Err(UserMessage::new(ErrorCode::BadRequest, what, "", "Copy it again."));
    if secret.is_empty() {
        return refuse("Nothing was entered.");
    }
    let plain = secret.expose().bytes().all(|b| b.is_ascii_graphic());
    if !plain || secret.expose().len() > MAX_SECRET_BYTES {
        return refuse(
            "This can't be a key: it is too long, or holds more than letters and signs.",
        );
    }
    Ok(secret)
}

/// A test that could not be made.
pub(super) fn failed_test(notice: UserMessage) -> ConnectionTest {
    ConnectionTest { passed: false, message: notice.message.clone(), notice: Some(notice) }
}
