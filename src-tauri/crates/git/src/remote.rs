//! The address of a project on another computer, and who may be asked there.

use crate::error::GitError;
use regatta_protocol::Secret;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};

/// Where a project is that isn't one of the person's own folders to us, with the token for
/// its host. Only [`Remote::parse`] and [`Remote::parse_any`] make one, so that whatever
/// stands in an address, git is asked for nothing but https (or http on this machine), or
/// for a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    location: RemoteLocation,
    credential: Option<AskpassCredential>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum RemoteLocation {
    Web { scheme: &'static str, host: String, path: String },
    Folder(PathBuf),
}

/// A token, and the program that git asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AskpassCredential {
    pub(crate) token: Secret,
    pub(crate) askpass: PathBuf,
}

impl Remote {
    /// Takes an https address (or an http one of this machine).
    ///
    /// # Errors
    /// [`GitError::BadAddress`] for everything else. The address isn't repeated in it: there
    /// may be a secret in it.
    pub fn parse(address: &str) -> Result<Self, GitError> {
        let text = address.trim();
        let at = match text.split_once("://") {
            _ if text.is_empty() => Err(("There is no address.", ADDRESS_HINT)),
            _ if text.chars().any(char::is_control) => Err((INVISIBLE_CHARACTERS, ADDRESS_HINT)),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => {
                parse_web("https", rest)
            }
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => parse_web("http", rest),
            _ => Err(("The address doesn't begin with https://.", ADDRESS_HINT)),
        };
        let at = at.map_err(|(why, next)| GitError::BadAddress { why, hint: next })?;
        Ok(Self { location: at, credential: None })
    }

    /// Takes a whole path or a `file://` address, too. Who may use which folder is the
    /// caller's to say.
    ///
    /// # Errors
    /// As [`Remote::parse`].
    pub fn parse_any(address: &str) -> Result<Self, GitError> {
        let text = address.trim();
        let path = Path::new(text.strip_prefix("file://").unwrap_or(text));
        if path.is_absolute() && !text.chars().any(char::is_control) {
            return Ok(Self {
                location: RemoteLocation::Folder(path.to_owned()),
                credential: None,
            });
        }
        Self::parse(address)
    }

    /// The same with the token for its host. `askpass`: our own program, which git runs to
    /// ask for it. An empty token is none.
    #[must_use]
    pub fn with_token(mut self, token: &Secret, askpass: &Path) -> Self {
        let login = AskpassCredential { token: token.clone(), askpass: askpass.to_owned() };
        self.credential = Some(login).filter(|login| !login.token.is_empty());
        self
    }

    /// The host whose token it needs, with its port if that isn't the usual one; `None` if it is
    /// a folder.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match &self.location {
            RemoteLocation::Web { host, .. } => Some(host),
            RemoteLocation::Folder(_) => None,
        }
    }

    /// The folder, if it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.location {
            RemoteLocation::Web { .. } => None,
            RemoteLocation::Folder(path) => Some(path),
        }
    }

    /// The address as it is kept and shown: host in small letters, nothing at its end.
    #[must_use]
    pub fn address(&self) -> String {
        match &self.location {
            RemoteLocation::Web { scheme, host, path } => format!("{scheme}://{host}/{path}"),
            RemoteLocation::Folder(path) => path.display().to_string(),
        }
    }

    /// What git may speak there.
    pub(crate) const fn scheme(&self) -> &'static str {
        match &self.location {
            RemoteLocation::Web { scheme, .. } => scheme,
            RemoteLocation::Folder(_) => "file",
        }
    }

    /// The token, if there is one for there.
    pub(crate) fn credential(&self) -> Option<&AskpassCredential> {
        self.credential.as_ref().filter(|_| self.host().is_some())
    }
}

const ADDRESS_HINT: &str = "Write it like https://github.com/owner/name.";
const INVISIBLE_CHARACTERS: &str = "The address has characters in it that can't be seen.";

/// Takes what follows `https://`.
fn parse_web(
    scheme: &'static str,
    rest: &str,
) -> Result<RemoteLocation, (&'static str, &'static str)> {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err((
            "There is a name or a token in the address.",
            "Leave it out of the address; the token has a place of its own.",
        ));
    }
    let (name, port) =
        parse_host(authority).ok_or(("The host of the address isn't one.", ADDRESS_HINT))?;
    if scheme == "http" && !is_loopback(&name) {
        return Err(("The address isn't encrypted.", "Write it with https://."));
    }
    let path = path.trim_end_matches('/');
    if path.is_empty() {
        return Err(("The address names a host, but no project there.", ADDRESS_HINT));
    }
    if path.contains(|c: char| c.is_whitespace() || "?#\\".contains(c)) || has_encoded_control(path)
    {
        return Err(("The address has characters in it that no project's has.", ADDRESS_HINT));
    }
    let usual = if scheme == "https" { 443 } else { 80 };
    let host = match port.filter(|port| *port != usual) {
        Some(port) => format!("{name}:{port}"),
        None => name,
    };
    Ok(RemoteLocation::Web { scheme, host, path: path.to_owned() })
}

/// The host's name in small letters, and its port.
fn parse_host(authority: &str) -> Option<(String, Option<u16>)> {
    let authority = authority.to_ascii_lowercase();
    let split = authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
    let (name, port) = match split {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => {
            (name, Some(port.parse::<u16>().ok().filter(|port| *port > 0)?))
        }
        Some(_) => return None,
        None => (authority.as_str(), None),
    };
    let inner = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let fits = match inner {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
        None => {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
            name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.bytes().all(plain)
        }
    };
    fits.then(|| (name.to_owned(), port))
}

/// Whether the host can only be this machine.
fn is_loopback(name: &str) -> bool {
    let ip = name.trim_matches(['[', ']']).parse::<IpAddr>();
    name == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

/// Whether a control character is written as `%0a` or the like.
fn has_encoded_control(path: &str) -> bool {
    path.split('%').skip(1).any(|rest| {
        let code = rest.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        code.is_some_and(|code| code < 0x20 || code == 0x7f)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_kept_in_one_form() {
        for (text, address, host) in [
            ("https://github.com/o/r", "https://github.com/o/r", "github.com"),
            (" HTTPS://GitHub.com/O/R.git/ \n", "https://github.com/O/R.git", "github.com"),
            ("https://git.example:443/r", "https://git.example/r", "git.example"),
            (
                "https://git.example:8443/a/b/c",
                "https://git.example:8443/a/b/c",
                "git.example:8443",
            ),
            ("http://localhost:8080/r", "http://localhost:8080/r", "localhost:8080"),
            ("http://127.0.0.1/r", "http://127.0.0.1/r", "127.0.0.1"),
            ("http://[::1]:9/r", "http://[::1]:9/r", "[::1]:9"),
            ("https://host/gr%C3%B6%C3%9Fe", "https://host/gr%C3%B6%C3%9Fe", "host"),
        ] {
            for parsed in [Remote::parse(text), Remote::parse_any(text)] {
                let remote = parsed.unwrap_or_else(|error| panic!("{text:?}: {error}"));
                assert_eq!((remote.address().as_str(), remote.host()), (address, Some(host)));
                assert_eq!(remote.folder(), None);
            }
        }
    }

    #[test]
    fn hostile_and_foreign_addresses_are_refused() {
        for text in [
            "",
            " ",
            "-",
            "--upload-pack=touch x",
            "-oProxyCommand=x",
            "--upload-pack=x://host/r",
            "ext::sh -c touch% x",
            "ext::https://host/r",
            "fd::3",
            "transport::https://host/r",
            "ssh://host/r",
            "git@host:o/r",
            "git://host/r",
            "ftp://host/r",
            "ftps://host/r",
            "file:relative",
            "javascript://host/r",
            "github.com/o/r",
            "o/r",
            "../r",
            "https:/host/r",
            "https:host/r",
            "https://",
            "https:///r",
            "https://host",
            "https://host/",
            "https://host//",
            "https://user@host/r",
            "https://user:token@host/r",
            "https://github.com@evil.example/r",
            "https://:token@host/r",
            "https://@host/r",
            "https://-host/r",
            "https://-oX/r",
            "https://host:/r%0a",
            "https://host:0/r",
            "https://host:99999/r",
            "https://host:80a/r",
            "https://host:-1/r",
            "https://ho st/r",
            "https://h%6fst/r",
            "https://hö.example/r",
            "https://evil\\@github.com/r",
            "https://github.com\\.evil/r",
            "https://[::1/r",
            "https://[]/r",
            "https://[zz]/r",
            "https://host/r?x=1",
            "https://host/r#x",
            "https://host/a b",
            "https://host/a\nb",
            "https://host/a\0b",
            "https://host/a\u{7f}b",
            "https://host/a\u{85}b",
            "https://host/a%0Ab",
            "https://host/a%0db",
            "https://host/a%00b",
            "http://host/r",
            "http://localhost.evil.example/r",
            "http://127.0.0.1.evil.example/r",
            "http://128.0.0.1/r",
            "http://[::2]/r",
            "http://0.0.0.0/r",
        ] {
            for parsed in [Remote::parse(text), Remote::parse_any(text)] {
                let error = parsed.expect_err(text);
                assert!(matches!(error, GitError::BadAddress { .. }), "{text:?}: {error:?}");
                assert!(!error.to_string().contains("token@"), "{error}");
            }
        }
    }

    #[test]
    fn a_folder_is_one_only_where_that_is_allowed() {
        for (text, path) in [
            ("/srv/shop", "/srv/shop"),
            ("file:///srv/a b", "/srv/a b"),
            ("/srv/-x;$(y)", "/srv/-x;$(y)"),
        ] {
            assert!(Remote::parse(text).is_err(), "{text}");
            let remote = Remote::parse_any(text).expect(text);
            assert_eq!((remote.folder(), remote.host()), (Some(Path::new(path)), None));
        }
        for text in ["file://host/r", "file://", "./r", "/srv/a\nb", "file:///a\0b"] {
            assert!(Remote::parse_any(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_token_goes_to_a_host_only_and_is_never_shown() {
        let token = Secret::new("hush");
        let with = |address: &str, token: &Secret| {
            Remote::parse_any(address).expect(address).with_token(token, Path::new("/regatta"))
        };
        let web = with("https://host/r", &token);
        assert_eq!(web.credential().map(|login| login.token.expose()), Some("hush"));
        assert!(!format!("{web:?}{}", web.address()).contains("hush"));
        assert!(with("/srv/shop", &token).credential().is_none());
        assert!(with("https://host/r", &Secret::new(" ")).credential().is_none());
    }
}
