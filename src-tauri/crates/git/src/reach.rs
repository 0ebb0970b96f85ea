//! Calls of git that talk to a remote: encrypted, only to the address that was given, with
//! nothing of the person's own settings or passwords, and with a token only by asking us.

use crate::askpass::{ASKPASS_SOCKET, Answers};
use crate::call::{Call, Ended, Place};
use crate::error::{GitError, Trouble};
use crate::program::Git;
use crate::remote::Remote;
use crate::words::{absolute, shown};
use std::ffi::OsString;

/// Said with every call to a remote, beside what is said with every call.
const SETTINGS: &[(&str, &str)] = &[
    // A redirect would carry the token to where it doesn't belong.
    ("http.followRedirects", "false"),
    ("http.sslVerify", "true"),
    ("credential.helper", ""),
    // A server that says nothing for so many seconds is given up.
    ("http.lowSpeedLimit", "1"),
    ("http.lowSpeedTime", "60"),
];

impl Git {
    /// A call that may talk to `remote` and to nobody else; the command is added to it, and
    /// [`Git::reach`] runs it.
    pub(crate) fn remote_call(&self, place: Place<'_>, remote: &Remote) -> Call {
        let mut call = self
            .call(place)
            .env("GIT_ALLOW_PROTOCOL", remote.scheme())
            // Without it, git would ask a program of the desktop's.
            .env("GIT_ASKPASS", "")
            // No `.netrc`: its passwords are the person's.
            .env("HOME", "/dev/null");
        if let Some(authorities) = std::env::var_os("GIT_SSL_CAINFO") {
            call = call.env("GIT_SSL_CAINFO", authorities);
        }
        for (name, value) in SETTINGS {
            call = call.setting(name, value);
        }
        call
    }

    /// Runs a call of [`Git::remote_call`] to its end, and answers what it asks.
    pub(crate) async fn reach(&self, call: Call, remote: &Remote) -> Result<Ended, GitError> {
        let ended = match remote.login() {
            None => call.end().await,
            Some(login) => {
                let answers = Answers::open()?;
                let call = call
                    .env("GIT_ASKPASS", absolute(&login.askpass))
                    .env(ASKPASS_SOCKET, answers.path());
                tokio::select! {
                    ended = call.end() => ended,
                    () = answers.give(remote, login) => unreachable!("BUG: it gives no end"),
                }
            }
        };
        match ended {
            Ok(ended) if ended.cut => Err(ended.error()),
            Err(error @ GitError::TooSlow { .. }) => Err(GitError::Remote {
                address: remote.address(),
                trouble: Trouble::Unreachable,
                details: error.to_string(),
            }),
            other => other,
        }
    }
}

impl Remote {
    /// What git is given as the address.
    pub(crate) fn argument(&self) -> OsString {
        match self.folder() {
            Some(folder) => absolute(folder).into_os_string(),
            None => self.address().into(),
        }
    }

    /// What went wrong in a call that ended badly.
    pub(crate) fn error(&self, ended: &Ended) -> GitError {
        let said = format!("{}\n{}", ended.stderr.trim(), shown(&ended.stdout).trim());
        let details = said.trim().to_owned();
        match (trouble(&said), self.host()) {
            _ if said.contains("No space left on device") => ended.error(),
            (None, Some(host)) => GitError::TokenRefused {
                host: host.to_owned(),
                given: self.login().is_some(),
                details,
            },
            (trouble, _) => GitError::Remote {
                address: self.address(),
                trouble: trouble.unwrap_or(Trouble::Failed),
                details,
            },
        }
    }
}

/// What git's complaint means; none: the token was refused, or one is needed.
fn trouble(said: &str) -> Option<Trouble> {
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if has(&[
        "Authentication failed",
        "could not read Username",
        "could not read Password",
        "returned error: 401",
        "returned error: 403",
    ]) {
        None
    } else if has(&["returned error: 30"]) {
        Some(Trouble::Moved)
    } else if has(&["returned error: 404", "' not found", "does not appear to be a git repo"]) {
        Some(Trouble::Missing)
    } else if has(&["SSL", "certificate"]) {
        Some(Trouble::Untrusted)
    } else if has(&["[remote rejected]", "[rejected]"]) {
        Some(Trouble::Refused)
    } else if has(&[
        "Could not resolve",
        "Failed to connect",
        "Couldn't connect",
        "Connection",
        "timed out",
        "Operation too slow",
    ]) {
        Some(Trouble::Unreachable)
    } else {
        Some(Trouble::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_of_a_remote_is_told_apart() {
        let at = "fatal: unable to access 'https://h/r/': ";
        for (said, expected) in [
            ("fatal: Authentication failed for 'https://h/r/'", None),
            ("fatal: could not read Username for 'https://h': terminal prompts disabled", None),
            (&format!("{at}The requested URL returned error: 403"), None),
            (&format!("{at}The requested URL returned error: 302"), Some(Trouble::Moved)),
            ("fatal: repository 'https://h/r/' not found", Some(Trouble::Missing)),
            ("fatal: '/x' does not appear to be a git repository", Some(Trouble::Missing)),
            (&format!("{at}SSL certificate problem: self-signed"), Some(Trouble::Untrusted)),
            (
                &format!("{at}server certificate verification failed. CAfile: none"),
                Some(Trouble::Untrusted),
            ),
            (&format!("{at}Could not resolve host: h"), Some(Trouble::Unreachable)),
            (&format!("{at}Failed to connect to h port 443"), Some(Trouble::Unreachable)),
            (&format!("{at}Connection timed out after 3 ms"), Some(Trouble::Unreachable)),
            ("! refs/heads/x [remote rejected] (hook declined)", Some(Trouble::Refused)),
            (&format!("{at}The requested URL returned error: 500"), Some(Trouble::Failed)),
        ] {
            assert_eq!(trouble(said), expected, "{said}");
        }
    }
}
