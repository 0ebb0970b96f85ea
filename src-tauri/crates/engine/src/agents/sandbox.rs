//! What an agent may reach on Linux, with bubblewrap.

use super::environment::{Env, Environment};
use super::find;
use super::table::Row;
use regatta_protocol::worker::Sandbox;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;
use tokio::sync::OnceCell;

/// Where people keep what no agent needs, below the home folder.
const SECRETS: [&str; 14] = [
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

/// Folders below the home folder that a variable moves elsewhere.
const XDG: [(&str, &str); 4] = [
    (".cache/", "XDG_CACHE_HOME"),
    (".config/", "XDG_CONFIG_HOME"),
    (".local/share/", "XDG_DATA_HOME"),
    (".local/state/", "XDG_STATE_HOME"),
];

/// Finds out once whether bubblewrap is there and may do its work; where it is.
pub(super) async fn program(known: &OnceCell<Option<PathBuf>>) -> Option<PathBuf> {
    known.get_or_init(look).await.clone()
}

/// Some systems have it and forbid what it does: it is tried.
async fn look() -> Option<PathBuf> {
    let program = find::program("bwrap", &find::folders(&Environment::default(), ""))?;
    let mut tried = Command::new(&program);
    tried.args([
        "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        "--unshare-pid",
        "true",
    ]);
    tried.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    tried.status().await.is_ok_and(|status| status.success()).then_some(program)
}

/// Where an agent keeps its own state: as its variables say, or below the home folder. Folders
/// that aren't there yet are made: inside the sandbox it couldn't.
pub(super) fn state(row: Option<&Row>, env: &Env) -> Vec<PathBuf> {
    let Some(row) = row else { return Vec::new() };
    let path = |name: &str| env.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let named =
        row.variables.iter().filter(|name| name.ends_with("_HOME") || name.ends_with("_DIR"));
    let mut state: Vec<PathBuf> = named.filter_map(|name| path(name)).collect();
    let home = path("HOME");
    for name in row.state {
        let moved = XDG
            .iter()
            .find_map(|(below, variable)| Some(path(variable)?.join(name.strip_prefix(below)?)));
        state.extend(moved.or_else(|| Some(home.as_ref()?.join(name))));
    }
    for folder in state.iter().filter(|path| path.extension().is_none()) {
        // One that can't be made is left out of the sandbox, and the agent says what it lacks.
        std::fs::create_dir_all(folder).ok();
    }
    state
}

/// What an agent that writes to `writable` may reach.
pub(super) fn around(
    program: PathBuf,
    env: &Environment,
    writable: Vec<PathBuf>,
    (data, cache): (&Path, &Path),
) -> Sandbox {
    let secrets = env.home().into_iter().flat_map(|home| SECRETS.map(|name| home.join(name)));
    let hidden = secrets.chain([data.to_owned()]).collect();
    let ours = data.join("agents");
    Sandbox { program, writable, hidden, readable: vec![cache.to_owned(), ours] }
}
