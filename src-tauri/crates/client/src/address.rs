//! Where calls go: the base of an endpoint with its key, and the name of a run there.

use regatta_protocol::repository_address::is_loopback_host;
use regatta_protocol::{ErrorCode, Secret, UserMessage};
use reqwest::Url;
use std::fmt;

/// The base of an endpoint's address, and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    base: String,
    key: Secret,
    is_loopback: bool,
}

impl Address {
    /// Takes what a person typed as an address: https, or http to this machine; no user, no
    /// query, no fragment. Slashes at its end are left out. It has no key yet.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] with what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UserMessage> {
        let text = text.trim();
        let url = Url::parse(text).map_err(|problem| {
            let next = "Write it as https://api.example.com.";
            bad_request("This isn't the address of an endpoint.", next)
                .with_details(problem.to_string())
        })?;
        let is_loopback = url.host_str().is_some_and(is_loopback_host);
        match url.scheme() {
            "https" => {}
            "http" if is_loopback => {}
            "http" => {
                let next = "Begin the address with https://.";
                return Err(bad_request(
                    "Without https, anybody on the way could read the key.",
                    next,
                ));
            }
            _ => return Err(bad_request("This isn't a web address.", "Begin it with https://.")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad_request("The address holds a user or password.", "Leave it out."));
        }
        if text.contains(['?', '#']) {
            return Err(bad_request(
                "The address holds a “?” or “#”.",
                "Leave out all from there on.",
            ));
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { base, key: Secret::default(), is_loopback })
    }

    /// The same address with its key.
    #[must_use]
    pub fn with_key(mut self, key: Secret) -> Self {
        self.key = key;
        self
    }

    /// Such as `https://api.cloudcoding.ai`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    pub(crate) fn key(&self) -> &Secret {
        &self.key
    }

    /// The address of a call: `parts` are names, and become parts of its path whatever is in
    /// them.
    pub(crate) fn url_for(&self, parts: &[&str]) -> Url {
        let mut url = Url::parse(&self.base).expect("BUG: it was parsed before");
        url.path_segments_mut()
            .expect("BUG: a web address has a path")
            .pop_if_empty()
            .extend(parts);
        url
    }
}

/// The name of a run at an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunId(String);

impl RunId {
    /// Takes `text` as the name of a run when it can be one: 1 to 200 letters, digits and
    /// marks of ASCII, and neither `.` nor `..`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=200).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        (fits && text != "." && text != "..").then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn bad_request(what: &str, next: &str) -> UserMessage {
    UserMessage::new(ErrorCode::BadRequest, what, "", next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_types_becomes_a_base() {
        let cases = [
            (" https://api.cloudcoding.ai/ ", Some("https://api.cloudcoding.ai")),
            ("https://Example.com:8443/a/b//", Some("https://example.com:8443/a/b")),
            ("http://127.0.0.1:8787", Some("http://127.0.0.1:8787")),
            ("http://localhost:1/", Some("http://localhost:1")),
            ("http://[::1]:1", Some("http://[::1]:1")),
            ("http://example.com", None),
            ("http://127.0.0.1.example.com", None),
            ("http://localhost.example.com", None),
            ("https://user@example.com", None),
            ("https://u:p@example.com", None),
            ("https://example.com/?a=1", None),
            ("https://example.com/#a", None),
            ("ftp://example.com", None),
            ("example.com", None),
            ("file:///etc", None),
            ("", None),
        ];
        for (text, base) in cases {
            let read = Address::parse(text).ok();
            assert_eq!(read.as_ref().map(Address::base), base, "{text}");
        }
    }

    #[test]
    fn a_name_never_leaves_its_part_of_a_path() {
        let address = Address::parse("https://example.com/deep/").expect("an address");
        let url = address.url_for(&["v1", "runs", "a/b?c#d", "tasks", "../x y"]);
        let expected = "https://example.com/deep/v1/runs/a%2Fb%3Fc%23d/tasks/..%2Fx%20y";
        assert_eq!(url.as_str(), expected);
    }

    #[test]
    fn names_of_runs_are_plain() {
        for name in ["", ".", "..", "a b", "a\n", "é"] {
            assert_eq!(RunId::parse(name), None, "{name}");
        }
        assert_eq!(RunId::parse("01-ab").expect("a name").as_str(), "01-ab");
    }
}
