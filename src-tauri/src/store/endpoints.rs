//! The endpoints among the settings, and the address that repositories are listed from. Keys
//! are bound to these addresses, so each change says what it replaced.

use super::{SETTINGS, Store, json, now};
use regatta_client::Address;
use regatta_protocol::app::{GITHUB_API, Settings};
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::{EndpointId, ErrorCode, Notice};
use serde_json::{Map, Value};
use tauri::Runtime;

/// The fields of the settings that are changed here and nowhere else.
pub(super) const FIELDS: [&str; 2] = ["endpoints", "github_api"];
/// The id that the window gives to an endpoint that isn't saved yet.
const NEW: &str = "new";
const MAX_ENDPOINTS: usize = 50;
const MAX_NAME_CHARS: usize = 80;
/// As long as each key store takes the name of an entry.
const MAX_ADDRESS_BYTES: usize = 400;

impl<R: Runtime> Store<R> {
    /// The endpoint `id`.
    pub(crate) fn endpoint(&self, id: &EndpointId) -> Result<Endpoint, Notice> {
        self.settings().endpoints.into_iter().find(|e| e.id == *id).ok_or_else(no_endpoint)
    }

    /// Keeps `endpoint` in the place of the one with its id, or as a new one. Gives the one
    /// that was there before.
    pub(crate) fn save_endpoint(&self, endpoint: &Endpoint) -> Result<Option<Endpoint>, Notice> {
        let (name, address) = (name(&endpoint.name)?, address(&endpoint.address)?);
        self.change_endpoints(|all| {
            let same_name = |e: &&Endpoint| e.name.to_lowercase() == name.to_lowercase();
            if all.iter().find(same_name).is_some_and(|e| e.id != endpoint.id) {
                let what = format!("Another endpoint is called “{name}”.");
                return Err(bad(&what, "Give this one another name."));
            }
            if endpoint.id.as_str() == NEW {
                if all.len() >= MAX_ENDPOINTS {
                    let what = format!("There are {MAX_ENDPOINTS} endpoints, which is the most.");
                    return Err(bad(&what, "Remove one that isn't used."));
                }
                all.push(Endpoint { id: new_id(all), name, address });
                return Ok(None);
            }
            let old = all.iter_mut().find(|e| e.id == endpoint.id).ok_or_else(no_endpoint)?;
            let new = Endpoint { id: endpoint.id.clone(), name, address };
            Ok(Some(std::mem::replace(old, new)))
        })
    }

    /// Forgets the endpoint `id`, and gives it.
    pub(crate) fn remove_endpoint(&self, id: &EndpointId) -> Result<Endpoint, Notice> {
        self.change_endpoints(|all| {
            let place = all.iter().position(|e| e.id == *id).ok_or_else(no_endpoint)?;
            Ok(all.remove(place))
        })
    }

    /// Lists repositories from `api` from now on; an empty one means the usual one. Gives the
    /// address before.
    pub(crate) fn set_github_api(&self, api: &str) -> Result<String, Notice> {
        let api = if api.trim().is_empty() { GITHUB_API.to_owned() } else { address(api)? };
        self.try_change(SETTINGS, |kept: &mut Map<String, Value>| {
            let before = kept.insert("github_api".to_owned(), Value::String(api));
            let before = before.as_ref().and_then(Value::as_str);
            Ok(before.unwrap_or(GITHUB_API).to_owned())
        })
    }

    fn change_endpoints<A>(
        &self,
        change: impl FnOnce(&mut Vec<Endpoint>) -> Result<A, Notice>,
    ) -> Result<A, Notice> {
        self.try_change(SETTINGS, |kept: &mut Map<String, Value>| {
            let settings = serde_json::from_value(Value::Object(kept.clone()));
            let mut endpoints = settings.map(|s: Settings| s.endpoints).unwrap_or_default();
            let answer = change(&mut endpoints)?;
            kept.insert("endpoints".to_owned(), json(&endpoints));
            Ok(answer)
        })
    }
}

/// What is said of an endpoint that isn't among the settings.
pub(crate) fn no_endpoint() -> Notice {
    let what = "This endpoint isn't in the settings any more.";
    Notice::new(ErrorCode::EndpointMissing, what, "", "Choose another place, or add it again.")
}

fn name(text: &str) -> Result<String, Notice> {
    let name = text.trim();
    if name.is_empty() {
        return Err(bad("This endpoint has no name.", "Give it one."));
    }
    if name.chars().count() > MAX_NAME_CHARS || name.contains(char::is_control) {
        return Err(bad("This name is too long for one line.", "Give it a shorter one."));
    }
    Ok(name.to_owned())
}

fn address(text: &str) -> Result<String, Notice> {
    let address = Address::parse(text)?;
    if address.base().len() > MAX_ADDRESS_BYTES {
        return Err(bad("This address is too long.", "Check it."));
    }
    Ok(address.base().to_owned())
}

fn new_id(all: &[Endpoint]) -> EndpointId {
    let ids = (now()..).filter_map(|n| EndpointId::parse(&format!("endpoint-{n}")));
    let mut free = ids.filter(|id| all.iter().all(|e| e.id != *id));
    free.next().expect("BUG: there is always another number")
}

fn bad(what: &str, next: &str) -> Notice {
    Notice::new(ErrorCode::BadRequest, what, "", next)
}
