//! Repositories that a person can choose from, and the token for their host.

use super::CommandResult;
use super::endpoints::{credentials, credentials_after_change, failed_test, validate_secret};
use crate::secrets::SecretId;
use crate::state;
use regatta_client::GitHub;
use regatta_engine::project;
use regatta_protocol::endpoint::{ConnectionTest, CredentialsView, RepositoryPage};
use regatta_protocol::repository_address::parse_web_host;
use regatta_protocol::{Cause, ErrorCode, RepositoryAddress, Secret, UserMessage};
use tauri::{AppHandle, Runtime, command};

#[command]
pub(crate) async fn set_github_api<R: Runtime>(
    app: AppHandle<R>,
    address: String,
) -> CommandResult<CredentialsView> {
    let store = state::store(&app)?;
    let before = host(&store.set_github_api(&address)?);
    // A token belongs to the host that it was entered for.
    let left = if before == host(&store.settings().github_api) {
        None
    } else {
        state::secrets(&app).remove(SecretId::for_host(&before)).await.err()
    };
    credentials_after_change(app, left).await
}

#[command]
pub(crate) async fn set_github_token<R: Runtime>(
    app: AppHandle<R>,
    token: Secret,
) -> CommandResult<CredentialsView> {
    let left = state::secrets(&app).save(token_id(&app)?, validate_secret(&token)?).await;
    credentials_after_change(app, left).await
}

#[command]
pub(crate) async fn remove_github_token<R: Runtime>(
    app: AppHandle<R>,
) -> CommandResult<CredentialsView> {
    state::secrets(&app).remove(token_id(&app)?).await?;
    credentials(app).await
}

#[command]
pub(crate) async fn test_github_token<R: Runtime>(
    app: AppHandle<R>,
) -> CommandResult<ConnectionTest> {
    match github_client(&app).await {
        Ok(github) => Ok(github.test_token().await),
        Err(notice) => Ok(failed_test(notice)),
    }
}

#[command]
pub(crate) async fn repositories<R: Runtime>(
    app: AppHandle<R>,
    page: u32,
) -> CommandResult<RepositoryPage> {
    github_client(&app).await?.repositories(page).await
}

/// The branches of a repository: by the host's API, or as they are in its folder.
#[command]
pub(crate) async fn branches<R: Runtime>(
    app: AppHandle<R>,
    address: String,
) -> CommandResult<Vec<String>> {
    if RepositoryAddress::folder_in(&address).is_some() {
        let project = project::inspect(address.trim()).await;
        return project.notice.map_or(Ok(project.branches), Err);
    }
    let known = host(&state::store(&app)?.settings().github_api);
    if host(&address) != known {
        let what = format!("Only branches of repositories at {known} can be listed.");
        return Err(UserMessage::new(ErrorCode::BadRequest, what, "", "Write the branch's name."));
    }
    github_client(&app).await?.branches(address.trim()).await
}

/// The host whose repositories an API lists, or that an address names: `github.com`, or
/// another with its port.
pub(super) fn host(address: &str) -> String {
    match parse_web_host(address) {
        Ok(api) if api == "api.github.com" => "github.com".to_owned(),
        Ok(host) => host,
        // What isn't one has no token.
        Err(_) => String::new(),
    }
}

fn token_id<R: Runtime>(app: &AppHandle<R>) -> CommandResult<SecretId> {
    Ok(SecretId::for_host(&host(&state::store(app)?.settings().github_api)))
}

async fn github_client<R: Runtime>(app: &AppHandle<R>) -> CommandResult<GitHub> {
    let api = state::store(app)?.settings().github_api;
    let host = host(&api);
    let token = state::secrets(app).read(SecretId::for_host(&host)).await?;
    let token = token.ok_or_else(|| {
        UserMessage::from_cause(Cause::HostTokenMissing { host: host.clone() }, "")
    })?;
    GitHub::new(&state::client(app), &api, token)
}
