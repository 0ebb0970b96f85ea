//! Calls of git that talk to a remote: encrypted, only to the address that was given, with
//! nothing of the person's own settings or passwords, and with a token only by asking us.
//! Source: `GIT_ALLOW_PROTOCOL`, `GIT_ASKPASS` and `GIT_TERMINAL_PROMPT` of
//! <https://git-scm.com/docs/git>.

use crate::askpass::{ASKPASS_SOCKET, AskpassServer};
use crate::call::{Call, CallOutput, CallScope};
use crate::error::{GitError, RemoteErrorKind};
use crate::paths_and_ids::{absolute, to_lossy_string};
use crate::program::Git;
use crate::remote::Remote;
use std::ffi::OsString;

/// Said with every call to a remote, beside what is said with every call.
const REMOTE_SETTINGS: &[(&str, &str)] = &[
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
    /// [`Git::run_remote_call`] runs it.
    pub(crate) fn remote_call(&self, place: CallScope<'_>, remote: &Remote) -> Call {
        let mut call = self
            .call(place)
            .env("GIT_ALLOW_PROTOCOL", remote.address().scheme())
            // Without it, git would ask a program of the desktop's.
            .env("GIT_ASKPASS", "")
            // No `.netrc`: its passwords are the person's.
            .env("HOME", "/dev/null");
        if let Some(authorities) = std::env::var_os("GIT_SSL_CAINFO") {
            call = call.env("GIT_SSL_CAINFO", authorities);
        }
        for (name, value) in REMOTE_SETTINGS {
            call = call.setting(name, value);
        }
        call
    }

    /// Runs a call of [`Git::remote_call`] to its end, and answers what it asks.
    pub(crate) async fn run_remote_call(
        &self,
        call: Call,
        remote: &Remote,
    ) -> Result<CallOutput, GitError> {
        let ended = match remote.credential() {
            None => call.output().await,
            Some(login) => {
                let askpass = AskpassServer::bind()?;
                let call = call
                    .env("GIT_ASKPASS", absolute(&login.askpass))
                    .env(ASKPASS_SOCKET, askpass.socket_path());
                tokio::select! {
                    ended = call.output() => ended,
                    () = askpass.serve(remote, login) => unreachable!("BUG: it gives no end"),
                }
            }
        };
        match ended {
            Ok(ended) if ended.is_truncated => Err(ended.to_error()),
            Err(error @ GitError::TimedOut { .. }) => Err(GitError::Remote {
                address: remote.address().to_string(),
                kind: RemoteErrorKind::Unreachable,
                details: error.to_string(),
            }),
            other => other,
        }
    }
}

impl Remote {
    /// What git is given as the address.
    pub(crate) fn git_argument(&self) -> OsString {
        match self.address().folder() {
            Some(folder) => absolute(folder).into_os_string(),
            None => self.address().to_string().into(),
        }
    }

    /// What went wrong in a call that ended badly.
    pub(crate) fn call_error(&self, ended: &CallOutput) -> GitError {
        let said = format!("{}\n{}", ended.stderr.trim(), to_lossy_string(&ended.stdout).trim());
        let details = said.trim().to_owned();
        match (classify_error(&said), self.address().host()) {
            _ if said.contains("No space left on device") => ended.to_error(),
            (None, Some(host)) => GitError::TokenRefused {
                host: host.to_owned(),
                had_token: self.credential().is_some(),
                details,
            },
            (trouble, _) => GitError::Remote {
                address: self.address().to_string(),
                kind: trouble.unwrap_or(RemoteErrorKind::Other),
                details,
            },
        }
    }
}

/// What git's complaint means; `None` if the token was refused, or one is needed.
fn classify_error(said: &str) -> Option<RemoteErrorKind> {
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
        Some(RemoteErrorKind::Redirected)
    } else if has(&["returned error: 404", "' not found", "does not appear to be a git repo"]) {
        Some(RemoteErrorKind::NotFound)
    } else if has(&["SSL", "certificate"]) {
        Some(RemoteErrorKind::CertificateUntrusted)
    } else if has(&["[remote rejected]", "[rejected]"]) {
        Some(RemoteErrorKind::Rejected)
    } else if has(&[
        "Could not resolve",
        "Failed to connect",
        "Couldn't connect",
        "Connection",
        "timed out",
        "Operation too slow",
    ]) {
        Some(RemoteErrorKind::Unreachable)
    } else {
        Some(RemoteErrorKind::Other)
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
            (
                &format!("{at}The requested URL returned error: 302"),
                Some(RemoteErrorKind::Redirected),
            ),
            ("fatal: repository 'https://h/r/' not found", Some(RemoteErrorKind::NotFound)),
            ("fatal: '/x' does not appear to be a git repository", Some(RemoteErrorKind::NotFound)),
            (
                &format!("{at}SSL certificate problem: self-signed"),
                Some(RemoteErrorKind::CertificateUntrusted),
            ),
            (
                &format!("{at}server certificate verification failed. CAfile: none"),
                Some(RemoteErrorKind::CertificateUntrusted),
            ),
            (&format!("{at}Could not resolve host: h"), Some(RemoteErrorKind::Unreachable)),
            (&format!("{at}Failed to connect to h port 443"), Some(RemoteErrorKind::Unreachable)),
            (&format!("{at}Connection timed out after 3 ms"), Some(RemoteErrorKind::Unreachable)),
            ("! refs/heads/x [remote rejected] (hook declined)", Some(RemoteErrorKind::Rejected)),
            (&format!("{at}The requested URL returned error: 500"), Some(RemoteErrorKind::Other)),
        ] {
            assert_eq!(classify_error(said), expected, "{said}");
        }
    }
}
