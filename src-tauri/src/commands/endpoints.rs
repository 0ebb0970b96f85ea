//! Endpoints and their keys. A key goes in and never comes out.

use super::{Answer, repositories};
use crate::secrets::{Look, Slot};
use crate::state;
use regatta_client::Address;
use regatta_engine::Keys;
use regatta_protocol::endpoint::{
    CredentialsView, Endpoint, EndpointView, SecretState, Tested, TokenView,
};
use regatta_protocol::{EndpointId, ErrorCode, Notice, Secret};
use tauri::{AppHandle, Runtime, command};

const MAX_SECRET_BYTES: usize = 4_096;

#[command]
pub(crate) async fn credentials<R: Runtime>(app: AppHandle<R>) -> Answer<CredentialsView> {
    let settings = state::store(&app)?.settings();
    let host = repositories::host(&settings.github_api);
    let keys = settings.endpoints.iter().map(Slot::key);
    let slots = keys.chain([Slot::token(&host)]).collect();
    let Look { mut states, notice } = state::secrets(&app).look(slots).await;
    let token = states.pop().unwrap_or(SecretState::Missing);
    let endpoints = settings.endpoints.into_iter().zip(states);
    let endpoints = endpoints.map(|(endpoint, key)| EndpointView { endpoint, key }).collect();
    Ok(CredentialsView { endpoints, github: TokenView { host, token }, store: notice })
}

#[command]
pub(crate) async fn save_endpoint<R: Runtime>(
    app: AppHandle<R>,
    endpoint: Endpoint,
) -> Answer<CredentialsView> {
    let store = state::store(&app)?;
    let before = store.save_endpoint(&endpoint)?;
    // A key belongs to the address that it was entered for.
    let moved =
        before.filter(|old| store.endpoint(&old.id).is_ok_and(|e| e.address != old.address));
    let left = match moved {
        Some(old) => state::secrets(&app).forget(Slot::key(&old)).await.err(),
        None => None,
    };
    changed(app, left).await
}

#[command]
pub(crate) async fn remove_endpoint<R: Runtime>(
    app: AppHandle<R>,
    id: EndpointId,
) -> Answer<CredentialsView> {
    let removed = state::store(&app)?.remove_endpoint(&id)?;
    let left = state::secrets(&app).forget(Slot::key(&removed)).await.err();
    changed(app, left).await
}

#[command]
pub(crate) async fn set_endpoint_key<R: Runtime>(
    app: AppHandle<R>,
    id: EndpointId,
    key: Secret,
) -> Answer<CredentialsView> {
    let slot = Slot::key(&state::store(&app)?.endpoint(&id)?);
    let left = state::secrets(&app).keep(slot, typed(&key)?).await;
    changed(app, left).await
}

#[command]
pub(crate) async fn remove_endpoint_key<R: Runtime>(
    app: AppHandle<R>,
    id: EndpointId,
) -> Answer<CredentialsView> {
    let slot = Slot::key(&state::store(&app)?.endpoint(&id)?);
    state::secrets(&app).forget(slot).await?;
    credentials(app).await
}

#[command]
pub(crate) async fn test_endpoint<R: Runtime>(app: AppHandle<R>, id: EndpointId) -> Answer<Tested> {
    let endpoint = state::store(&app)?.endpoint(&id)?;
    let address = Address::parse(&endpoint.address)?;
    match state::secrets(&app).endpoint_key(&endpoint).await {
        Ok(key) => Ok(state::client(&app).test(&address.with_key(key)).await),
        Err(notice) => Ok(failed(notice)),
    }
}

/// What there is after a change, and what is to be said of that.
pub(super) async fn changed<R: Runtime>(
    app: AppHandle<R>,
    left: Option<Notice>,
) -> Answer<CredentialsView> {
    let view = credentials(app).await?;
    Ok(CredentialsView { store: left.or(view.store), ..view })
}

/// A key or token as it was typed or pasted.
pub(super) fn typed(text: &Secret) -> Answer<Secret> {
    let secret = Secret::new(text.expose());
    let refuse = |what: &str| Err(Notice::new(ErrorCode::BadRequest, what, "", "Copy it again."));
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
pub(super) fn failed(notice: Notice) -> Tested {
    Tested { ok: false, said: notice.what.clone(), notice: Some(notice) }
}
