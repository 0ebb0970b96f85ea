//! A person's repositories, from GitHub's REST API or one that speaks like it. Source:
//! <https://docs.github.com/rest/repos/repos>.

use crate::response_error::{self, CallKind};
use crate::send::{CALL_TIMEOUT, mark_sensitive};
use crate::{Address, Client};
use regatta_protocol::endpoint::{ConnectionTest, Repository, RepositoryPage};
use regatta_protocol::{Cause, ErrorCode, RepositoryAddress, Secret, UserMessage};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, LINK};
use reqwest::{Response, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The most entries that a page holds.
const PER_PAGE: &str = "100";
/// The most pages of branches that are read.
const MAX_BRANCH_PAGES: u32 = 10;
/// The largest page that is read, in bytes.
const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;
/// Scopes of which a token has to have one, where it has scopes at all.
const WRITE_SCOPES: [&str; 2] = ["repo", "public_repo"];

/// The API of a host of repositories, with a person's token for it.
#[derive(Debug, Clone)]
pub struct GitHub {
    client: Client,
    api: Address,
}

/// A repository, as the API tells of it.
#[derive(Debug, Deserialize)]
struct RepositoryResponse {
    full_name: String,
    clone_url: String,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    default_branch: String,
    #[serde(default)]
    permissions: Permissions,
}

#[derive(Debug, Default, Deserialize)]
struct Permissions {
    #[serde(default)]
    push: bool,
}

#[derive(Debug, Deserialize)]
struct NameResponse {
    #[serde(alias = "login")]
    name: String,
}

impl GitHub {
    /// `api` is the API's own address, such as `https://api.github.com`.
    ///
    /// # Errors
    /// The address isn't one.
    pub fn new(client: &Client, api: &str, token: Secret) -> Result<Self, UserMessage> {
        Ok(Self { client: client.clone(), api: Address::parse(api)?.with_key(token) })
    }

    /// A page of the person's repositories, from 1, those changed last first.
    ///
    /// # Errors
    /// [`ErrorCode::TokenRefused`], and what keeps any call from being answered.
    pub async fn repositories(&self, page: u32) -> Result<RepositoryPage, UserMessage> {
        let mut url = self.api.url_for(&["user", "repos"]);
        url.query_pairs_mut().append_pair("sort", "pushed");
        let answer = self.get_page(url, page).await?;
        let notice = check_scopes(answer.headers());
        let next = has_next_page(answer.headers()).then(|| page + 1);
        let told: Vec<RepositoryResponse> = read_json(answer).await?;
        let repositories = told.into_iter().map(|told| Repository {
            full_name: told.full_name,
            address: told.clone_url,
            is_private: told.private,
            default_branch: told.default_branch,
            can_write: told.permissions.push,
        });
        Ok(RepositoryPage { repositories: repositories.collect(), next_page: next, notice })
    }

    /// The names of a repository's branches, by the repository's address; the first 1,000.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] for an address that names no owner and repository, otherwise
    /// as [`Self::repositories`].
    pub async fn branches(&self, address: &str) -> Result<Vec<String>, UserMessage> {
        let (owner, name) = parse_owner_and_name(address).ok_or_else(|| {
            let what = "This isn't the address of a repository.";
            let next = "Write it as https://github.com/owner/name.";
            UserMessage::new(ErrorCode::BadRequest, what, "", next)
        })?;
        let mut names = Vec::new();
        for page in 1..=MAX_BRANCH_PAGES {
            let url = self.api.url_for(&["repos", &owner, &name, "branches"]);
            let answer = self.get_page(url, page).await?;
            let has_next = has_next_page(answer.headers());
            let told: Vec<NameResponse> = read_json(answer).await?;
            names.extend(told.into_iter().map(|branch| branch.name));
            if !has_next {
                break;
            }
        }
        Ok(names)
    }

    /// Whether the token is taken, and may do enough.
    pub async fn test_token(&self) -> ConnectionTest {
        match self.fetch_user_name().await {
            Ok((name, None)) => ConnectionTest {
                passed: true,
                message: format!("The token works. It is {name}'s."),
                notice: None,
            },
            Ok((_, Some(notice))) | Err(notice) => ConnectionTest {
                passed: false,
                message: notice.message.clone(),
                notice: Some(notice),
            },
        }
    }

    async fn fetch_user_name(&self) -> Result<(String, Option<UserMessage>), UserMessage> {
        let answer = self.get_page(self.api.url_for(&["user"]), 1).await?;
        let notice = check_scopes(answer.headers());
        let person: NameResponse = read_json(answer).await?;
        Ok((person.name, notice))
    }

    async fn get_page(&self, mut url: Url, page: u32) -> Result<Response, UserMessage> {
        url.query_pairs_mut()
            .append_pair("per_page", PER_PAGE)
            .append_pair("page", &page.to_string());
        let token = format!("Bearer {}", self.api.key().expose());
        let token = HeaderValue::from_str(&token).map_err(|_| token_refused("It can't be one."))?;
        let request = self.client.http_client_for(&self.api).get(url).timeout(CALL_TIMEOUT);
        let request = request
            .header(ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28")
            .header(AUTHORIZATION, mark_sensitive(token));
        let answer = request.send().await;
        let answer = answer.map_err(|e| {
            response_error::from_send_error(&e, CallKind::Other).into_user_message()
        })?;
        match answer.status().as_u16() {
            200 => Ok(answer),
            401 => Err(token_refused(&response_error::read_body_prefix(answer).await)),
            403 if !is_rate_limited(answer.headers()) => {
                Err(token_refused(&response_error::read_body_prefix(answer).await))
            }
            403 | 429 => {
                let what = "The repositories' host asks for patience.";
                let notice =
                    UserMessage::new(ErrorCode::UsageLimit, what, "", "Try again in an hour.");
                Err(notice.with_details(response_error::read_body_prefix(answer).await))
            }
            404 => {
                let what = "There is no such repository, or the token may not see it.";
                let next = "Check the address, and what the token may see.";
                Err(UserMessage::new(ErrorCode::NotFound, what, "", next))
            }
            _ => Err(response_error::from_error_status(answer, CallKind::Other)
                .await
                .into_user_message()),
        }
    }
}

async fn read_json<T: DeserializeOwned>(mut answer: Response) -> Result<T, UserMessage> {
    let mut body = Vec::new();
    while let Some(piece) = answer
        .chunk()
        .await
        .map_err(|e| response_error::from_send_error(&e, CallKind::Other).into_user_message())?
    {
        body.extend_from_slice(&piece);
        if body.len() > MAX_PAGE_BYTES {
            return Err(not_a_repository_host("Its answer is too long."));
        }
    }
    serde_json::from_slice(&body).map_err(|problem| not_a_repository_host(&problem.to_string()))
}

fn token_refused(details: &str) -> UserMessage {
    let what = "The repositories' host refused the token.";
    let next = "Enter a token that is still valid and may see your repositories.";
    UserMessage::new(ErrorCode::TokenRefused, what, "", next).with_details(details)
}

fn not_a_repository_host(details: &str) -> UserMessage {
    UserMessage::from_cause(Cause::HostIsAnotherApi, "").with_details(details)
}

/// Whether no more calls are allowed for now.
fn is_rate_limited(headers: &HeaderMap) -> bool {
    headers.get("x-ratelimit-remaining").is_some_and(|left| left == "0")
        || headers.contains_key("retry-after")
}

fn has_next_page(headers: &HeaderMap) -> bool {
    let links = headers.get_all(LINK).iter().filter_map(|link| link.to_str().ok());
    links.flat_map(|links| links.split(',')).any(|link| link.contains("rel=\"next\""))
}

/// What to say of a token that tells its scopes and has none that is enough. Newer tokens
/// tell none.
fn check_scopes(headers: &HeaderMap) -> Option<UserMessage> {
    let scopes = headers.get("x-oauth-scopes")?.to_str().ok()?;
    if scopes.split(',').any(|scope| WRITE_SCOPES.contains(&scope.trim())) {
        return None;
    }
    let what = "The token may not write to repositories, so no result could be shared.";
    let next = "Make one with the scope “repo”, or “public_repo” for public ones, and enter it.";
    let notice = UserMessage::new(ErrorCode::TokenRefused, what, "", next);
    Some(notice.with_details(format!("Its scopes: {scopes}")))
}

/// The last two parts of a repository's address.
fn parse_owner_and_name(address: &str) -> Option<(String, String)> {
    let address = RepositoryAddress::parse(address).ok()?;
    let (owner, name) = address.web_path()?.split_once('/')?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    let fits = |part: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain)
    };
    (fits(owner) && fits(name)).then(|| (owner.to_owned(), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_owner_and_repository() {
        let both = Some(("o".to_owned(), "r.s".to_owned()));
        assert_eq!(parse_owner_and_name(" https://github.com/o/r.s.git "), both);
        assert_eq!(parse_owner_and_name("https://github.com/o/r.s/"), both);
        for other in
            ["https://github.com/o", "https://github.com/o/r/tree/x", "o/r", "", "https://h/o/.."]
        {
            assert_eq!(parse_owner_and_name(other), None, "{other}");
        }
    }
}
