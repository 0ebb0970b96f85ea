//! The endpoints among the settings, and the address that repositories are listed from. Keys
//! are bound to these addresses, so each change says what it replaced.

use super::{SETTINGS, Store, now, to_json};
use regatta_client::Address;
use regatta_protocol::app::{GITHUB_API, Settings};
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::{Cause, EndpointId, ErrorCode, UserMessage};
use regatta_trace::LogDropped;
use serde_json::{Map, Value};
use tauri::Runtime;

/// The fields of the settings that are changed here and nowhere else.
pub(super) const ENDPOINT_FIELDS: [&str; 2] = ["endpoints", "github_api"];
/// The id that the window gives to an endpoint that isn't saved yet.
const UNSAVED_ID: &str = "new";
const MAX_ENDPOINTS: usize = 50;
const MAX_NAME_CHARS: usize = 80;
/// As long as each key store takes the name of an entry.
const MAX_ADDRESS_BYTES: usize = 400;

impl<R: Runtime> Store<R> {
    /// The endpoint `id`.
    pub(crate) fn endpoint(&self, id: &EndpointId) -> Result<Endpoint, UserMessage> {
        self.settings().endpoints.into_iter().find(|e| e.id == *id).ok_or_else(endpoint_missing)
    }

    /// Keeps `endpoint` in the place of the one with its id, or as a new one. Gives the one
    /// that was there before.
    pub(crate) fn save_endpoint(
        &self,
        endpoint: &Endpoint,
    ) -> Result<Option<Endpoint>, UserMessage> {
        let (name, address) =
            (validate_name(&endpoint.name)?, validate_address(&endpoint.address)?);
        self.update_endpoints(|all| {
            let same_name = |e: &&Endpoint| e.name.to_lowercase() == name.to_lowercase();
            if all.iter().find(same_name).is_some_and(|e| e.id != endpoint.id) {
                let what = format!("Another endpoint is called “{name}”.");
                return Err(bad_request(&what, "Give this one another name."));
            }
            if endpoint.id.as_str() == UNSAVED_ID {
                if all.len() >= MAX_ENDPOINTS {
                    let what = format!("There are {MAX_ENDPOINTS} endpoints, which is the most.");
                    return Err(bad_request(&what, "Remove one that isn't used."));
                }
                all.push(Endpoint { id: new_id(all), name, address });
                return Ok(None);
            }
            let old = all.iter_mut().find(|e| e.id == endpoint.id).ok_or_else(endpoint_missing)?;
            let new = Endpoint { id: endpoint.id.clone(), name, address };
            Ok(Some(std::mem::replace(old, new)))
        })
    }

    /// Forgets the endpoint `id`, and gives it.
    pub(crate) fn remove_endpoint(&self, id: &EndpointId) -> Result<Endpoint, UserMessage> {
        self.update_endpoints(|all| {
            let place = all.iter().position(|e| e.id == *id).ok_or_else(endpoint_missing)?;
            Ok(all.remove(place))
        })
    }

    /// Lists repositories from `api` from now on; an empty one means the usual one. Gives the
    /// address before.
    pub(crate) fn set_github_api(&self, api: &str) -> Result<String, UserMessage> {
        let api =
            if api.trim().is_empty() { GITHUB_API.to_owned() } else { validate_address(api)? };
        self.try_update(SETTINGS, |kept: &mut Map<String, Value>| {
            let before = kept.insert("github_api".to_owned(), Value::String(api));
            let before = before.as_ref().and_then(Value::as_str);
            Ok(before.unwrap_or(GITHUB_API).to_owned())
        })
    }

    fn update_endpoints<A>(
        &self,
        change: impl FnOnce(&mut Vec<Endpoint>) -> Result<A, UserMessage>,
    ) -> Result<A, UserMessage> {
        self.try_update(SETTINGS, |kept: &mut Map<String, Value>| {
            let settings = serde_json::from_value(Value::Object(kept.clone()));
            let settings: Option<Settings> = settings.log_failed("reading the settings");
            let mut endpoints = settings.map(|s| s.endpoints).unwrap_or_default();
            let answer = change(&mut endpoints)?;
            kept.insert("endpoints".to_owned(), to_json(&endpoints));
            Ok(answer)
        })
    }
}

/// What is said of an endpoint that isn't among the settings.
pub(crate) fn endpoint_missing() -> UserMessage {
    UserMessage::from_cause(Cause::EndpointUnknown, "")
}

fn validate_name(text: &str) -> Result<String, UserMessage> {
    let name = text.trim();
    if name.is_empty() {
        return Err(bad_request("This endpoint has no name.", "Give it one."));
    }
    if name.chars().count() > MAX_NAME_CHARS || name.contains(char::is_control) {
        return Err(bad_request("This name is too long for one line.", "Give it a shorter one."));
    }
    Ok(name.to_owned())
}

fn validate_address(text: &str) -> Result<String, UserMessage> {
    let address = Address::parse(text)?;
    if address.base().len() > MAX_ADDRESS_BYTES {
        return Err(bad_request("This address is too long.", "Check it."));
    }
    Ok(address.base().to_owned())
}

fn new_id(all: &[Endpoint]) -> EndpointId {
    let ids = (now()..).filter_map(|n| EndpointId::parse(&format!("endpoint-{n}")));
    let mut free = ids.filter(|id| all.iter().all(|e| e.id != *id));
    free.next().expect("BUG: there is always another number")
}

fn bad_request(what: &str, next: &str) -> UserMessage {
    UserMessage::new(ErrorCode::BadRequest, what, "", next)
}
