//! The environment of an agent: what is on a list, and nothing else. No token of ours and no
//! way to the key store, to the SSH agent or to the session bus is ever on it.

use super::specs::AgentSpec;
use regatta_protocol::agent::EnvVar;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An agent's variables, by their names.
pub(super) type EnvMap = BTreeMap<String, String>;

/// Variables that programs need to work at all, and those that say how the network is reached.
const COMMON_VARIABLES: [&str; 28] = [
    "ALL_PROXY",
    "CURL_CA_BUNDLE",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "LC_MESSAGES",
    "LOGNAME",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// The variables that agents may inherit from, of the program or of whoever opened the engine.
#[derive(Clone, Default)]
pub struct Environment {
    variables: EnvMap,
    /// Who knows where a person's programs are; `None` if the
    /// search path of the program is enough.
    login_shell: Option<PathBuf>,
}

impl std::fmt::Debug for Environment {
    /// Names only: a value may be a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self { variables: variables.into_iter().collect(), login_shell: None }
    }
}

impl Environment {
    /// The environment of this program. Values that aren't text are left out.
    #[must_use]
    pub fn from_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        std::env::vars_os().filter_map(text).collect()
    }

    /// The environment of this program, which wasn't started by a shell: the login shell is
    /// asked for its search path when that is needed.
    #[must_use]
    pub fn from_process_with_login_shell() -> Self {
        let here = Self::from_process();
        let shell = here.get("SHELL").unwrap_or("/bin/sh").into();
        here.with_login_shell(Some(shell))
    }

    /// The same, with another login shell.
    #[must_use]
    pub(super) fn with_login_shell(self, login_shell: Option<PathBuf>) -> Self {
        Self { login_shell, ..self }
    }

    pub(super) fn login_shell(&self) -> Option<&Path> {
        self.login_shell.as_deref()
    }

    pub(super) fn variables(&self) -> &EnvMap {
        &self.variables
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The home folder, if it is a path.
    pub(super) fn home(&self) -> Option<PathBuf> {
        let named = self.get("HOME").map(PathBuf::from);
        named.or_else(std::env::home_dir).filter(|home| home.is_absolute())
    }

    /// What a known agent finds, or another program.
    pub(super) fn for_agent(&self, spec: Option<&AgentSpec>, path: &str) -> EnvMap {
        let own = spec.map_or(&[][..], |row| row.inherited_env);
        let allowed = COMMON_VARIABLES.iter().chain(own);
        let inherited = allowed
            .filter_map(|name| Some(((*name).to_owned(), self.variables.get(*name)?.clone())));
        let mut env: EnvMap = inherited.collect();
        let fixed = spec
            .map(|row| row.telemetry_off_env.iter().chain(row.asking_env))
            .into_iter()
            .flatten();
        env.extend(fixed.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        env.insert("PATH".to_owned(), path.to_owned());
        env
    }
}

/// As a worker takes it.
pub(super) fn to_env_vars(env: EnvMap) -> Vec<EnvVar> {
    env.into_iter().map(|(name, value)| EnvVar { name, value }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::specs::spec;
    use regatta_protocol::KnownAgent;

    #[test]
    fn only_what_is_on_the_list_is_handed_on() {
        let given = [
            ("HOME", "/h"),
            ("GITHUB_TOKEN", "t"),
            ("SSH_AUTH_SOCK", "/s"),
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/b"),
            ("REGATTA_KEY", "k"),
            ("ANTHROPIC_API_KEY", "a"),
            ("OPENAI_API_KEY", "o"),
            ("OPENCODE_PERMISSION", "{}"),
        ];
        let given: Environment =
            given.map(|(n, v)| (n.to_owned(), v.to_owned())).into_iter().collect();
        let names = |row: Option<&AgentSpec>| -> Vec<String> {
            given.for_agent(row, "/p").into_keys().collect()
        };
        assert_eq!(names(None), ["HOME", "PATH"]);
        let claude = given.for_agent(Some(spec(KnownAgent::ClaudeCode)), "/p");
        assert_eq!(claude.get("ANTHROPIC_API_KEY").map(String::as_str), Some("a"));
        assert!(!claude.contains_key("OPENAI_API_KEY") && !claude.contains_key("GITHUB_TOKEN"));
        let opencode = given.for_agent(Some(spec(KnownAgent::Opencode)), "/p");
        assert!(
            opencode["OPENCODE_PERMISSION"].contains("ask"),
            "the level isn't the person's to lower"
        );
        assert!(!format!("{given:?}").contains("\"a\""), "values aren't shown");
    }
}
