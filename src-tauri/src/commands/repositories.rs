//! Repositories that a person can choose from, and the token for their host.

use super::Answer;
use super::endpoints::{changed, credentials, failed, typed};
use crate::secrets::Slot;
use crate::state;
use regatta_client::GitHub;
use regatta_engine::project;
use regatta_protocol::endpoint::{CredentialsView, RepositoryPage, Tested};
use regatta_protocol::{ErrorCode, Notice, Secret};
use tauri::{AppHandle, Runtime, Url, command};

#[command]
pub(crate) async fn set_github_api<R: Runtime>(
    app: AppHandle<R>,
    address: String,
) -> Answer<CredentialsView> {
    let store = state::store(&app)?;
    let before = host(&store.set_github_api(&address)?);
    // A token belongs to the host that it was entered for.
    let left = if before == host(&store.settings().github_api) {
        None
    } else {
        state::secrets(&app).forget(Slot::token(&before)).await.err()
    };
    changed(app, left).await
}

#[command]
pub(crate) async fn set_github_token<R: Runtime>(
    app: AppHandle<R>,
    token: Secret,
) -> Answer<CredentialsView> {
    let left = state::secrets(&app).keep(slot(&app)?, typed(&token)?).await;
    changed(app, left).await
}

#[command]
pub(crate) async fn remove_github_token<R: Runtime>(app: AppHandle<R>) -> Answer<CredentialsView> {
    state::secrets(&app).forget(slot(&app)?).await?;
    credentials(app).await
}

#[command]
pub(crate) async fn test_github_token<R: Runtime>(app: AppHandle<R>) -> Answer<Tested> {
    match github(&app).await {
        Ok(github) => Ok(github.test().await),
        Err(notice) => Ok(failed(notice)),
    }
}

#[command]
pub(crate) async fn repositories<R: Runtime>(
    app: AppHandle<R>,
    page: u32,
) -> Answer<RepositoryPage> {
    github(&app).await?.repositories(page).await
}

/// The branches of a repository: by the host's API, or as they are in its folder.
#[command]
pub(crate) async fn branches<R: Runtime>(
    app: AppHandle<R>,
    address: String,
) -> Answer<Vec<String>> {
    if is_folder(&address) {
        let project = project::inspect(address.trim()).await;
        return project.notice.map_or(Ok(project.branches), Err);
    }
    let known = host(&state::store(&app)?.settings().github_api);
    if host(&address) != known {
        let what = format!("Only branches of repositories at {known} can be listed.");
        return Err(Notice::new(ErrorCode::BadRequest, what, "", "Write the branch's name."));
    }
    github(&app).await?.branches(address.trim()).await
}

/// The host whose repositories an API lists, or that an address names: `github.com`, or
/// another with its port.
pub(super) fn host(address: &str) -> String {
    let Ok(url) = Url::parse(address.trim()) else { return String::new() };
    match (url.host_str().unwrap_or_default(), url.port()) {
        ("api.github.com", None) => "github.com".to_owned(),
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    }
}

fn is_folder(address: &str) -> bool {
    let address = address.trim();
    !address.contains("://") || address.starts_with("file://")
}

fn slot<R: Runtime>(app: &AppHandle<R>) -> Answer<Slot> {
    Ok(Slot::token(&host(&state::store(app)?.settings().github_api)))
}

async fn github<R: Runtime>(app: &AppHandle<R>) -> Answer<GitHub> {
    let api = state::store(app)?.settings().github_api;
    let host = host(&api);
    let token = state::secrets(app).read(Slot::token(&host)).await?;
    let token = token.ok_or_else(|| {
        let what = format!("There is no token for {host}.");
        Notice::new(ErrorCode::KeyMissing, what, "", "Enter one in the settings.")
    })?;
    GitHub::new(&state::client(app), &api, token)
}
