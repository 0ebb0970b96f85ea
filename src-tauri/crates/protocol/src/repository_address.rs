//! Where a repository is. One parser for every room: a token that is chosen by one reading of
//! an address and sent by another goes to the wrong host.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};

/// The address of a repository: https, http on this computer, or a folder. Only
/// [`RepositoryAddress::parse`] makes one, so that nothing else ever reaches git: no option, no
/// `ext::`, no user and no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryAddress(Location);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Location {
    Web { scheme: Scheme, host: String, path: String },
    Folder(PathBuf),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Https,
    Http,
}

/// What is wrong with an address. It isn't repeated: a token may stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressProblem {
    /// There is none.
    Empty,
    /// There are control characters in it.
    Invisible,
    /// It is neither a web address nor a whole path.
    NotWeb,
    /// There is a name or a token in it.
    HasUser,
    /// Its host or port isn't one.
    BadHost,
    /// It is http and leads to another computer.
    NotEncrypted,
    /// It has a host and no more.
    NoPath,
    /// Its path has characters or parts that no repository's has.
    BadPath,
}

impl RepositoryAddress {
    /// Takes an https address, an http one of this computer, a whole path, or `file://` with
    /// one. Who may use which folder is the caller's to say.
    ///
    /// # Errors
    /// What is wrong with it, if it is none of these.
    pub fn parse(text: &str) -> Result<Self, AddressProblem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressProblem::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(AddressProblem::Invisible);
        }
        let folder = Self::folder_in(text).map(|path| PathBuf::from(&*path));
        if let Some(path) = folder.filter(|path| path.is_absolute()) {
            if path.to_string_lossy().chars().any(char::is_control) {
                return Err(AddressProblem::Invisible);
            }
            return Ok(Self(Location::Folder(path)));
        }
        let (scheme, host, path) = parse_web(text)?;
        let path = path.trim_end_matches('/');
        if path.is_empty() {
            return Err(AddressProblem::NoPath);
        }
        if path.contains(|c: char| c.is_whitespace() || "?#\\".contains(c))
            || has_encoded_control(path)
        {
            return Err(AddressProblem::BadPath);
        }
        Ok(Self(Location::Web { scheme, host, path: path.to_owned() }))
    }

    /// The folder that `text` means, whole or relative: a path as it stands there, or a `file://`
    /// address with its `%20` and the like read as git reads them; `None` if it is an address of
    /// another kind.
    #[must_use]
    pub fn folder_in(text: &str) -> Option<Cow<'_, str>> {
        let text = text.trim();
        match strip_scheme(text, "file://") {
            Some(path) => Some(decode_percent(
                strip_scheme(path, "localhost")
                    .filter(|path| path.starts_with('/'))
                    .unwrap_or(path),
            )),
            None => (text.starts_with('/') || !text.contains("://")).then_some(text.into()),
        }
    }

    /// The host whose token it needs, in small letters and with its port unless that is the
    /// scheme's own; `None` if it is a folder.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match &self.0 {
            Location::Web { host, .. } => Some(host),
            Location::Folder(_) => None,
        }
    }

    /// What follows the host's slash; `None` if it is a folder.
    #[must_use]
    pub fn web_path(&self) -> Option<&str> {
        match &self.0 {
            Location::Web { path, .. } => Some(path),
            Location::Folder(_) => None,
        }
    }

    /// The folder, if it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.0 {
            Location::Web { .. } => None,
            Location::Folder(path) => Some(path),
        }
    }

    /// What is spoken there: `https`, `http` or `file`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        match &self.0 {
            Location::Web { scheme: Scheme::Https, .. } => "https",
            Location::Web { scheme: Scheme::Http, .. } => "http",
            Location::Folder(_) => "file",
        }
    }
}

impl fmt::Display for RepositoryAddress {
    /// The address as it is kept and shown: host in small letters, no port that goes without
    /// saying, nothing at its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Location::Web { host, path, .. } => write!(f, "{}://{host}/{path}", self.scheme()),
            Location::Folder(path) => path.display().fmt(f),
        }
    }
}

impl fmt::Display for AddressProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::Invisible => "it has control characters",
            Self::NotWeb => "it is neither https nor a whole path",
            Self::HasUser => "it has a user or a token",
            Self::BadHost => "its host isn't one",
            Self::NotEncrypted => "it isn't encrypted",
            Self::NoPath => "it has no path",
            Self::BadPath => "its path has characters that aren't allowed",
        })
    }
}

impl std::error::Error for AddressProblem {}

/// The host of a web address as [`RepositoryAddress::host`] writes it, whatever follows it:
/// that of an API, too.
///
/// # Errors
/// What is wrong with the address up to there.
pub fn parse_web_host(address: &str) -> Result<String, AddressProblem> {
    let (_, host, _) = parse_web(address.trim())?;
    Ok(host)
}

/// Whether a host (a name, or an IP address, an IPv6 one with or without brackets) can only be
/// this computer. RFC 6761 keeps `localhost` for it.
#[must_use]
pub fn is_loopback_host(name: &str) -> bool {
    let ip = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

/// The scheme, the host with its port, and what follows the slash.
fn parse_web(text: &str) -> Result<(Scheme, String, &str), AddressProblem> {
    let https = strip_scheme(text, "https://").map(|rest| (Scheme::Https, rest));
    let http = || strip_scheme(text, "http://").map(|rest| (Scheme::Http, rest));
    let (scheme, rest) = https.or_else(http).ok_or(AddressProblem::NotWeb)?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err(AddressProblem::HasUser);
    }
    let (name, port) = parse_authority(authority).ok_or(AddressProblem::BadHost)?;
    if scheme == Scheme::Http && !is_loopback_host(&name) {
        return Err(AddressProblem::NotEncrypted);
    }
    let default_port = if scheme == Scheme::Https { 443 } else { 80 };
    let host = match port.filter(|port| *port != default_port) {
        Some(port) => format!("{name}:{port}"),
        None => name,
    };
    Ok((scheme, host, path))
}

/// The host's name in small letters, and its port.
fn parse_authority(authority: &str) -> Option<(String, Option<u16>)> {
    let authority = authority.to_ascii_lowercase();
    let split = authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
    let (name, port) = match split {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => {
            (name, Some(port.parse::<u16>().ok().filter(|port| *port > 0)?))
        }
        Some(_) => return None,
        None => (authority.as_str(), None),
    };
    if let Some(inner) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        // One host, however its zeros are written.
        return inner.parse::<Ipv6Addr>().ok().map(|ip| (format!("[{ip}]"), port));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let fits = name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.bytes().all(plain);
    fits.then(|| (name.to_owned(), port))
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// Whether a control character is written as `%0a` or the like.
fn has_encoded_control(path: &str) -> bool {
    path.split('%')
        .skip(1)
        .any(|rest| encoded_byte(rest.as_bytes()).is_some_and(|code| code < 0x20 || code == 0x7f))
}

/// The byte that two hexadecimal digits at the beginning name.
fn encoded_byte(digits: &[u8]) -> Option<u8> {
    let digits = digits.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The text with `%` and two digits read as the byte that they name. What isn't written like that,
/// a zero byte, and a text that would no longer be one stay as they are.
/// Source: <https://www.rfc-editor.org/rfc/rfc3986#section-2.1>.
fn decode_percent(text: &str) -> Cow<'_, str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        match encoded_byte(after).filter(|byte| *first == b'%' && *byte != 0) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    /// A row of the table that the UI's parser runs through, too.
    #[derive(Deserialize)]
    struct Row {
        text: String,
        /// As it is kept; nothing where it is refused.
        address: Option<String>,
        host: Option<String>,
    }

    fn rows() -> Vec<Row> {
        serde_json::from_str(include_str!("../tables/repository_addresses.json")).expect("a table")
    }

    #[test]
    fn each_address_is_read_as_the_table_says() {
        assert!(rows().len() > 90);
        for Row { text, address, host } in rows() {
            let parsed = RepositoryAddress::parse(&text).ok();
            assert_eq!(parsed.as_ref().map(ToString::to_string), address, "{text:?}");
            let found = parsed.as_ref().and_then(RepositoryAddress::host);
            assert_eq!(found, host.as_deref(), "{text:?}");
            if let Some(parsed) = parsed {
                assert_ne!(parsed.folder().is_some(), parsed.web_path().is_some(), "{text:?}");
                // What is kept is read again as the same.
                assert_eq!(RepositoryAddress::parse(&parsed.to_string()), Ok(parsed), "{text:?}");
            }
            if host.is_some() {
                assert_eq!(parse_web_host(&text).ok(), host, "{text:?}");
            }
        }
    }

    #[test]
    fn a_problem_says_what_is_wrong_and_repeats_nothing() {
        for (text, problem) in [
            ("", AddressProblem::Empty),
            ("https://host/a\nb", AddressProblem::Invisible),
            ("file:///srv/a%0Ab", AddressProblem::Invisible),
            ("ssh://token@host/r", AddressProblem::NotWeb),
            ("https://token@host/r", AddressProblem::HasUser),
            ("https://token:x/r", AddressProblem::BadHost),
            ("http://host/r", AddressProblem::NotEncrypted),
            ("https://host", AddressProblem::NoPath),
            ("https://host/r?token", AddressProblem::BadPath),
        ] {
            assert_eq!(RepositoryAddress::parse(text), Err(problem), "{text:?}");
            assert!(!problem.to_string().contains("token@"), "{problem}");
        }
    }

    #[test]
    fn the_host_of_an_api_needs_no_path() {
        assert_eq!(parse_web_host("https://API.github.com:443").as_deref(), Ok("api.github.com"));
        assert_eq!(
            parse_web_host("https://git.example:8443/api/v3").as_deref(),
            Ok("git.example:8443")
        );
        assert!(parse_web_host("https://u@git.example").is_err());
        assert!(parse_web_host("/srv/shop").is_err());
    }

    #[test]
    fn a_folder_is_told_from_an_address() {
        for (text, folder) in [
            ("/srv/shop", Some("/srv/shop")),
            ("/srv/a://b", Some("/srv/a://b")),
            ("shop", Some("shop")),
            ("FILE:///srv/shop", Some("/srv/shop")),
            ("file://localhost/srv/shop", Some("/srv/shop")),
            ("file://localhostile/r", Some("localhostile/r")),
            ("file:///srv/my%20project/%C3%A4%2f", Some("/srv/my project/ä/")),
            ("file:///srv/100%/%zz/%2/%00/%ff", Some("/srv/100%/%zz/%2/%00/%ff")),
            ("/srv/my%20project", Some("/srv/my%20project")),
            ("https://host/r", None),
            ("ssh://host/r", None),
        ] {
            assert_eq!(RepositoryAddress::folder_in(text).as_deref(), folder, "{text}");
        }
    }

    #[test]
    fn only_this_computer_is_this_computer() {
        for host in ["localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]"] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in ["localhost.evil.example", "127.0.0.1.evil.example", "128.0.0.1", "0.0.0.0"] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}
