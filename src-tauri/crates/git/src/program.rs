//! The git program of this computer, and what is said to it with every call: no shell, no
//! prompt, no hook, no foreign setting, no network, nothing inherited.

use crate::call::{Call, CallScope};
use crate::error::GitError;
use crate::trusted_folders::TrustedFolders;
use regatta_process::is_program;
use regatta_trace::LogDropped;
use std::path::PathBuf;
use std::sync::Arc;

/// The oldest git that has all that is used here.
const MIN_VERSION: (u32, u32) = (2, 39);

/// How much of the person's list of trusted folders is read, in bytes.
const MAX_TRUSTED_BYTES: usize = 64 * 1024;

/// Said with every call. Command-line settings win over every file.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.pager=cat",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "fetch.fsckObjects=true",
    // Whoever else writes is quick, but the disk may be slow.
    "core.filesRefLockTimeout=30000",
    "core.packedRefsTimeout=30000",
    "init.defaultRefFormat=files",
    "protocol.version=2",
    "protocol.ext.allow=never",
    "advice.detachedHead=false",
];

/// The git program of this computer.
#[derive(Debug, Clone)]
pub struct Git {
    program: PathBuf,
    /// The folders of others that the person trusts, if there are any.
    trusted_folders: Option<Arc<TrustedFolders>>,
}

impl Git {
    /// Finds the git program on the search path and checks that it is 2.39 or newer.
    ///
    /// # Errors
    /// [`GitError::NotInstalled`], [`GitError::TooOld`].
    pub async fn find() -> Result<Self, GitError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let name = if cfg!(windows) { "git.exe" } else { "git" };
        let program = std::env::split_paths(&path)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(name))
            .find(|file| is_program(file))
            .ok_or(GitError::NotInstalled)?;
        let mut git = Self { program, trusted_folders: None };
        let said = git.call(CallScope::NoRepository).args(["version"]).run_text().await?;
        match parse_version(&said) {
            Some(found) if found >= MIN_VERSION => {
                git.trusted_folders = git.read_trusted_folders().await?.map(Arc::new);
                Ok(git)
            }
            _ => Err(GitError::TooOld { found: said }),
        }
    }

    /// Which folders of other users the person told git to trust: their `safe.directory`.
    /// Source: <https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory>.
    async fn read_trusted_folders(&self) -> Result<Option<TrustedFolders>, GitError> {
        let args = ["config", "-z", "--get-all", "safe.directory"];
        let call = self.call_with_personal_settings(CallScope::NoRepository).args(args);
        match call.output_limit(MAX_TRUSTED_BYTES).run_optional().await {
            Ok(Some(values)) => TrustedFolders::new(&values).map(Some),
            Ok(None) => Ok(None),
            Err(error) => Ok(Err::<(), _>(error).log_dropped("reading safe.directory").and(None)),
        }
    }

    /// A call on `place`, safe from the start; arguments are added to it.
    pub(crate) fn call(&self, scope: CallScope<'_>) -> Call {
        let mut call = self.bare_call(scope);
        let trusted = self.trusted_folders.as_ref().map(|folders| folders.file());
        let settings = trusted.unwrap_or_else(|| PathBuf::from("/dev/null"));
        call.command.env("GIT_CONFIG_GLOBAL", settings).env("GIT_CONFIG_NOSYSTEM", "1");
        for setting in SETTINGS {
            call.command.args(["-c", setting]);
        }
        call
    }

    /// A call that reads the settings of the person, as their own calls would: only to ask
    /// for one.
    pub(crate) fn call_with_personal_settings(&self, scope: CallScope<'_>) -> Call {
        let mut call = self.bare_call(scope);
        for name in ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"] {
            if let Some(value) = std::env::var_os(name) {
                call.command.env(name, value);
            }
        }
        call
    }

    fn bare_call(&self, scope: CallScope<'_>) -> Call {
        let mut call = Call::new(&self.program, scope);
        for (name, _) in std::env::vars_os() {
            let ours = call.command.as_std().get_envs().any(|(set, _)| set == name);
            if name.as_encoded_bytes().starts_with(b"GIT_") && !ours {
                call.command.env_remove(name);
            }
        }
        call.command
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_ALLOW_PROTOCOL", "none");
        regatta_process::set_own_group(&mut call.command);
        call
    }
}

/// The first two numbers of "git version 2.39.5 (Apple Git-154)".
fn parse_version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.strip_prefix("git version ")?.split(['.', ' ']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_git_writes_them() {
        assert_eq!(parse_version("git version 2.39.5"), Some((2, 39)));
        assert_eq!(parse_version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(parse_version("git version 2.47.0.windows.1"), Some((2, 47)));
        assert_eq!(parse_version("hub version 2"), None);
        assert_eq!(parse_version(""), None);
    }
}
