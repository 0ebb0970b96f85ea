//! What an agent may reach on Linux, with bubblewrap.

#![expect(clippy::disallowed_methods, reason = "asks agents and the login shell")]

use super::environment::{EnvMap, Environment};
use super::find;
use super::specs::AgentSpec;
use regatta_protocol::agent::EnvVar;
use regatta_protocol::worker::Sandbox;
use regatta_trace::LogDropped;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// Where people keep what no agent needs, below the home folder.
const SECRET_PATHS: [&str; 16] = [
    ".ICEauthority",
    ".Xauthority",
    ".aws",
    ".azure",
    ".config/gcloud",
    ".config/gh",
    ".docker",
    ".git-credentials",
    ".gnupg",
    ".kube",
    ".local/share/keyrings",
    ".mozilla",
    ".netrc",
    ".password-store",
    ".pki",
    ".ssh",
];

/// Variables that name what opens the person's session, wherever that lies: sockets of bus, SSH
/// agent and containers, and the key of the display.
const SESSION_VARIABLES: [&str; 5] =
    ["CONTAINER_HOST", "DBUS_SESSION_BUS_ADDRESS", "DOCKER_HOST", "SSH_AUTH_SOCK", "XAUTHORITY"];

/// Folders below the home folder that a variable moves elsewhere.
const XDG_VARIABLES: [(&str, &str); 4] = [
    (".cache/", "XDG_CACHE_HOME"),
    (".config/", "XDG_CONFIG_HOME"),
    (".local/share/", "XDG_DATA_HOME"),
    (".local/state/", "XDG_STATE_HOME"),
];

/// The files of a sandbox, as workers give them to it.
const FILESYSTEM_ARGS: [&str; 9] =
    ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"];
/// How long that may take.
const TRY_TIMEOUT: Duration = Duration::from_secs(5);

/// Finds out once whether bubblewrap is there and may do its work; where it is. `folders` are
/// looked for only then.
pub(super) async fn find_bwrap(
    known: &OnceCell<Option<PathBuf>>,
    folders: impl FnOnce() -> Vec<PathBuf>,
) -> Option<PathBuf> {
    let look = async || {
        // The system's own first: an agent can't have put that there.
        let found = find::find_system_program("bwrap")
            .or_else(|| find::find_program("bwrap", &folders()))?;
        is_usable(&found).await.then_some(found)
    };
    known.get_or_init(look).await.clone()
}

/// Some systems have it and forbid what it does: it is tried.
async fn is_usable(program: &Path) -> bool {
    let mut tried = Command::new(program);
    tried
        .args(FILESYSTEM_ARGS)
        .args(Sandbox::NAMESPACE_ARGS)
        .args(["--chdir", "/", "true"])
        .kill_on_drop(true);
    tried.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    matches!(timeout(TRY_TIMEOUT, tried.status()).await, Ok(Ok(status)) if status.success())
}

/// Where an agent keeps its own state: as its variables say, or below the home folder. Folders
/// that aren't there yet are made: inside the sandbox it couldn't.
pub(super) fn state_paths(spec: &AgentSpec, env: &EnvMap) -> Vec<PathBuf> {
    let path = |name: &str| env.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let named =
        spec.inherited_env.iter().filter(|name| name.ends_with("_HOME") || name.ends_with("_DIR"));
    let mut state: Vec<PathBuf> = named.filter_map(|name| path(name)).collect();
    let home = path("HOME");
    for name in spec.state_paths {
        let moved = XDG_VARIABLES
            .iter()
            .find_map(|(below, variable)| Some(path(variable)?.join(name.strip_prefix(below)?)));
        state.extend(moved.or_else(|| Some(home.as_ref()?.join(name))));
    }
    for folder in state.iter().filter(|path| path.extension().is_none()) {
        // One that can't be made is left out of the sandbox, and the agent says what it lacks.
        std::fs::create_dir_all(folder).log_dropped("making an agent's folder");
    }
    state
}

/// An agent that Regatta doesn't know.
#[derive(Debug)]
pub(super) struct UnknownAgent<'a> {
    pub(super) program: &'a Path,
    pub(super) env: &'a EnvMap,
    /// What the person added to its environment.
    pub(super) added: &'a [EnvVar],
    /// Where programs are looked for.
    pub(super) folders: &'a [PathBuf],
    /// Our own data.
    pub(super) data_dir: &'a Path,
}

impl UnknownAgent<'_> {
    /// What it may write besides its copy: folders of settings and data that carry its name,
    /// and those that the person names in its variables. Never one through which it would get
    /// at more than its own.
    pub(super) fn writable_paths(&self) -> Vec<PathBuf> {
        let path = |name: &str| self.env.get(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let Some(home) = path("HOME") else { return Vec::new() };
        let below = |variable: &str, usual: &str| path(variable).unwrap_or(home.join(usual));
        let name = self.folder_name();
        let by_name = [
            below("XDG_CONFIG_HOME", ".config").join(&name),
            below("XDG_DATA_HOME", ".local/share").join(&name),
            home.join(format!(".{name}")),
        ];
        // A program of the system isn't an agent's own: its settings are everybody's.
        let of_system = find::SYSTEM_FOLDERS.iter().any(|folder| self.program.starts_with(folder));
        let by_name = by_name.into_iter().filter(|_| !of_system && !name.is_empty());
        let named = self.added.iter().filter(|added| {
            (added.name.ends_with("_HOME") || added.name.ends_with("_DIR"))
                && !PRIVATE_FOLDERS.iter().any(|(variable, _)| added.name == *variable)
        });
        let named = named.map(|added| PathBuf::from(&added.value));
        let real =
            |folder| std::fs::canonicalize(folder).log_dropped("looking for an agent's folder");
        let folders = by_name.chain(named).filter_map(real);
        folders.filter(|folder| folder.is_dir() && self.is_its_own(folder, &home)).collect()
    }

    fn is_its_own(&self, folder: &Path, home: &Path) -> bool {
        let secret = |name: &str| {
            let secret = home.join(name);
            secret.starts_with(folder) || folder.starts_with(secret)
        };
        let ours = self.data_dir.starts_with(folder) || folder.starts_with(self.data_dir);
        let holds_programs = self.folders.iter().any(|programs| programs.starts_with(folder));
        !home.starts_with(folder)
            && !ours
            && !holds_programs
            && !SECRET_PATHS.into_iter().any(secret)
    }

    /// Folders of its own in our data, for what it needs besides: the variables that say so.
    pub(super) fn make_private_folders(&self) -> Vec<(String, PathBuf)> {
        let place = self.data_dir.join("agents/others").join(self.folder_name());
        let made = |(variable, folder): (&str, &str)| {
            let folder = place.join(folder);
            // As with the state of a known agent.
            std::fs::create_dir_all(&folder).log_dropped("making a folder of a trial");
            (variable.to_owned(), folder)
        };
        PRIVATE_FOLDERS.map(made).into()
    }

    /// Its program's name as the name of a folder.
    fn folder_name(&self) -> String {
        let name = self.program.file_name().unwrap_or_default().to_string_lossy();
        let plain = |c: &char| c.is_ascii_alphanumeric() || "._-".contains(*c);
        name.trim_start_matches('.').chars().filter(plain).take(60).collect()
    }
}

/// What an agent that Regatta doesn't know gets for itself.
const PRIVATE_FOLDERS: [(&str, &str); 2] =
    [("XDG_CACHE_HOME", "cache"), ("XDG_STATE_HOME", "state")];

/// What an agent may write besides its copy, and what of ours it may not or has to see.
pub(super) struct SandboxPaths<'a> {
    pub(super) writable: Vec<PathBuf>,
    /// Hidden, apart from the agents in it.
    pub(super) data_dir: &'a Path,
    /// Readable: the copy's objects are there.
    pub(super) cache: &'a Path,
}

/// What an agent may reach in a sandbox of `program`.
pub(super) fn build_sandbox(
    program: PathBuf,
    env: &Environment,
    SandboxPaths { writable, data_dir, cache }: SandboxPaths<'_>,
) -> Sandbox {
    let secrets = env.home().into_iter().flat_map(|home| SECRET_PATHS.map(|name| home.join(name)));
    let session = SESSION_VARIABLES.iter().filter_map(|name| env.get(name)).flat_map(parse_paths);
    let hidden = secrets.chain(session).chain([data_dir.to_owned()]).collect();
    let ours = data_dir.join("agents");
    Sandbox { program, writable, hidden, readable: vec![cache.to_owned(), ours] }
}

/// The files that a variable names: as a path, as `unix://PATH`, or as the addresses of a bus.
fn parse_paths(value: &str) -> impl Iterator<Item = PathBuf> {
    let named = value.split([';', ',']).map(|part| {
        let part = part.strip_prefix("unix:").unwrap_or(part);
        PathBuf::from(part.strip_prefix("path=").unwrap_or(part))
    });
    named.filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::find::tests::write_program as script;

    #[tokio::test]
    async fn a_bubblewrap_that_cannot_work_is_as_none() {
        let dir = tempfile::tempdir().expect("a folder");
        let bad = script(dir.path(), "bwrap", 0o755);
        std::fs::write(&bad, "#!/bin/sh\nexit 1\n").expect("a file");
        assert!(!is_usable(&bad).await);
        assert!(!is_usable(Path::new("/nowhere/bwrap")).await);
    }

    #[test]
    fn what_opens_the_session_is_hidden_wherever_it_lies() {
        let env = [
            ("HOME", "/h"),
            ("DBUS_SESSION_BUS_ADDRESS", "unix:abstract=/x;unix:path=/h/bus,guid=1"),
            ("DOCKER_HOST", "unix:///h/docker.sock"),
            ("CONTAINER_HOST", "tcp://localhost:1"),
            ("SSH_AUTH_SOCK", "/h/agent.sock"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter();
        let paths = SandboxPaths {
            writable: Vec::new(),
            data_dir: Path::new("/h/data"),
            cache: Path::new("/h/data/cache"),
        };
        let hidden = build_sandbox("/usr/bin/bwrap".into(), &env.collect(), paths).hidden;
        let rest: Vec<_> = hidden.into_iter().skip(SECRET_PATHS.len()).collect();
        let expected = ["/h/bus", "/h/docker.sock", "/h/agent.sock", "/h/data"];
        assert_eq!(rest, expected.map(PathBuf::from));
    }

    #[test]
    fn an_unknown_agent_writes_to_what_carries_its_name_and_to_nothing_else() {
        let dir = tempfile::tempdir().expect("a folder");
        let home = dir.path().canonicalize().expect("a folder");
        let data = home.join("data");
        for folder in [".config/goose", ".goose", ".ssh", ".bun/bin", ".config/git", "named"] {
            std::fs::create_dir_all(home.join(folder)).expect("a folder");
        }
        let env: EnvMap = [("HOME".to_owned(), home.display().to_string())].into();
        let added = |value: &Path| {
            [EnvVar { name: "GOOSE_HOME".into(), value: value.display().to_string() }]
        };
        let folders = [home.join(".bun/bin")];
        let state = |program: &str, named: &Path| {
            let (program, added) = (home.join(program), added(named));
            UnknownAgent {
                program: &program,
                env: &env,
                added: &added,
                folders: &folders,
                data_dir: &data,
            }
            .writable_paths()
        };
        let own = [home.join(".config/goose"), home.join(".goose")];
        assert_eq!(state("bin/goose", Path::new("/nowhere/at/all")), own);
        let named = [own.as_slice(), &[home.join("named")]].concat();
        assert_eq!(state("bin/goose", &home.join("named")), named);
        for more in [Path::new("/"), &home, &home.join(".ssh"), &home.join(".bun"), &data] {
            assert_eq!(state("bin/goose", more), own, "{}", more.display());
        }
        assert!(state(".bun/bin/bun", Path::new("")).is_empty());
        assert!(state("bin/ssh", Path::new("")).is_empty());
        assert!(state("/usr/bin/git", Path::new("")).is_empty());
    }
}
