//! Finding the program of an agent. An app that was started from a desktop doesn't see the
//! shell's search path: the login shell's is looked in, too, and the folders where such programs
//! usually are. Source of `~/.local/bin`: the XDG Base Directory Specification,
//! <https://specifications.freedesktop.org/basedir-spec/latest/>.

use super::environment::Environment;
use regatta_process::is_program;
use regatta_protocol::{Cause, UserMessage};
use regatta_trace::LogDropped;
use std::path::{Path, PathBuf};

/// Folders in the home folder where agents and what they need are usually installed.
const HOME_FOLDERS: &[&str] = &[
    ".local/bin",
    "bin",
    ".npm-global/bin",
    ".npm-packages/bin",
    ".cargo/bin",
    ".bun/bin",
    ".deno/bin",
    ".volta/bin",
    ".opencode/bin",
    ".claude/local",
    ".local/share/pnpm",
    ".local/share/mise/shims",
    ".asdf/shims",
    "go/bin",
];
/// Folders outside it.
const FOLDERS: &[&str] = &[
    "/usr/local/bin",
    "/opt/homebrew/bin",
    "/home/linuxbrew/.linuxbrew/bin",
    "/usr/bin",
    "/bin",
    "/snap/bin",
];
/// Those of the system itself.
pub(super) const SYSTEM_FOLDERS: [&str; 2] = ["/usr/bin", "/bin"];
/// Variables that name a folder in which programs are installed, and where they are in it.
const VARIABLE_FOLDERS: &[(&str, &str)] = &[
    ("NPM_CONFIG_PREFIX", "bin"),
    ("npm_config_prefix", "bin"),
    // On Windows.
    ("APPDATA", "npm"),
    ("PNPM_HOME", ""),
    ("PIPX_BIN_DIR", ""),
    ("HOMEBREW_PREFIX", "bin"),
];

/// The program that a command names, and its arguments. Says where it looked when the program
/// isn't there.
pub(super) fn find_command(
    command: &[String],
    folders: &[PathBuf],
) -> Result<(PathBuf, Vec<String>), UserMessage> {
    let Some((name, args)) = command.split_first() else {
        return Err(program_missing("", &[]));
    };
    let places: Vec<PathBuf> = match name.strip_prefix("~/") {
        Some(rest) => home_dir().into_iter().map(|home| home.join(rest)).collect(),
        // A name with a folder in it stands for itself.
        None if name.contains('/') => std::path::absolute(name).into_iter().collect(),
        None => folders.iter().map(|folder| folder.join(name)).collect(),
    };
    match places.iter().find(|place| is_program(place)) {
        Some(program) => Ok((program.clone(), args.to_vec())),
        None => Err(program_missing(name, &places)),
    }
}

/// The first program of that name in `folders`.
pub(super) fn find_program(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    folders.iter().map(|folder| folder.join(name)).find(|place| is_program(place))
}

fn program_missing(name: &str, places: &[PathBuf]) -> UserMessage {
    let looked: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
    let cause = Cause::AgentProgramMissing { program: name.to_owned() };
    UserMessage::from_cause(cause, "Nothing was changed.")
        .with_details(format!("Looked for:\n{}", looked.join("\n")))
}

/// A program of the system itself, wherever else there may be one of that name.
pub(super) fn find_system_program(name: &str) -> Option<PathBuf> {
    find_program(name, &SYSTEM_FOLDERS.map(PathBuf::from))
}

/// Where programs are looked for: the folders of the search path, then those of the login
/// shell's, then the usual ones; each once.
pub(super) fn search_folders(env: &Environment, login_path: &str) -> Vec<PathBuf> {
    let path = env.get("PATH").unwrap_or_default();
    let mut found: Vec<PathBuf> = Vec::new();
    let named = VARIABLE_FOLDERS
        .iter()
        .filter_map(|(name, below)| Some(PathBuf::from(env.get(name)?).join(below)));
    let usual = env.home().into_iter().flat_map(|home| home_folders(&home, env));
    let all = std::env::split_paths(path).chain(std::env::split_paths(login_path));
    let all = all.chain(named).chain(usual).chain(FOLDERS.iter().map(PathBuf::from));
    for folder in all.filter(|folder| folder.is_absolute()) {
        if !found.contains(&folder) {
            found.push(folder);
        }
    }
    found
}

/// The search path that workers and their agents get: those of `folders` that there are.
pub(super) fn join_search_path(folders: &[PathBuf]) -> String {
    let there = folders.iter().filter(|folder| folder.is_dir());
    // A folder whose name can't stand in a search path can't have come from one.
    let joined =
        std::env::join_paths(there).log_dropped("joining the search path").unwrap_or_default();
    joined.to_string_lossy().into_owned()
}

fn home_folders(home: &Path, env: &Environment) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = HOME_FOLDERS.iter().map(|folder| home.join(folder)).collect();
    let nvm = env.get("NVM_DIR").map_or_else(|| home.join(".nvm"), PathBuf::from);
    found.extend(node_versions(&nvm.join("versions/node")));
    found
}

/// The program folders of nvm's versions of Node, the newest first.
fn node_versions(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut versions: Vec<(Vec<u32>, PathBuf)> = entries
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().trim_start_matches('v').to_owned();
            (name.split('.').map(|n| n.parse().unwrap_or(0)).collect(), entry.path().join("bin"))
        })
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

fn home_dir() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use regatta_protocol::ErrorCode;
    use std::os::unix::fs::PermissionsExt;

    pub(crate) fn write_program(folder: &Path, name: &str, mode: u32) -> PathBuf {
        std::fs::create_dir_all(folder).expect("a folder");
        let path = folder.join(name);
        std::fs::write(&path, "#!/bin/sh\n").expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
        path
    }

    #[test]
    fn a_name_is_found_in_the_first_folder_that_has_it_as_a_program() {
        let dir = tempfile::tempdir().expect("a folder");
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        write_program(&one, "agent", 0o644);
        let there = write_program(&two, "agent", 0o755);
        std::fs::create_dir_all(one.join("folder")).expect("a folder");
        let command = ["agent".to_owned(), "--acp".to_owned()];
        let found = find_command(&command, &[one.clone(), two.clone()]);
        assert_eq!(found, Ok((there.clone(), vec!["--acp".to_owned()])));
        let whole = [there.display().to_string()];
        assert_eq!(find_command(&whole, &[]), Ok((there, vec![])));
        assert!(find_command(&["folder".to_owned()], &[one]).is_err());
    }

    #[test]
    fn the_places_looked_in_are_told() {
        let folders = [PathBuf::from("/nowhere/a"), PathBuf::from("/nowhere/b")];
        let notice = find_command(&["gone".to_owned()], &folders).expect_err("it isn't there");
        assert_eq!(notice.code, ErrorCode::AgentMissing);
        let details = notice.details.expect("details");
        assert!(details.contains("/nowhere/a/gone") && details.contains("/nowhere/b/gone"));
    }

    #[test]
    fn the_shells_own_folders_come_before_the_usual_ones() {
        let env = [
            ("PATH", "/one:/two"),
            ("HOME", "/h"),
            ("NPM_CONFIG_PREFIX", "/npm"),
            ("npm_config_prefix", "/npm2"),
            ("APPDATA", "/h/AppData/Roaming"),
        ];
        let env: Environment = env.map(|(n, v)| (n.to_owned(), v.to_owned())).into_iter().collect();
        let found = search_folders(&env, "/two:/three:relative");
        let at = |folder: &str| found.iter().position(|there| there == Path::new(folder));
        assert_eq!([at("/one"), at("/two"), at("/three")], [Some(0), Some(1), Some(2)]);
        let npm = ["/npm/bin", "/npm2/bin", "/h/AppData/Roaming/npm", "/h/.npm-global/bin"];
        let rest = ["/h/.local/bin", "/home/linuxbrew/.linuxbrew/bin", "/opt/homebrew/bin"];
        for folder in npm.iter().chain(&rest) {
            assert!(at(folder).is_some_and(|at| at > 2), "{folder}: {found:?}");
        }
        assert!(!found.iter().any(|folder| folder.ends_with("relative")));
    }

    #[test]
    fn the_newest_node_comes_first() {
        let dir = tempfile::tempdir().expect("a folder");
        for version in ["v9.1.0", "v20.2.0", "v20.10.1"] {
            std::fs::create_dir_all(dir.path().join(version).join("bin")).expect("a folder");
        }
        let found: Vec<String> = node_versions(dir.path())
            .iter()
            .map(|p| p.strip_prefix(dir.path()).expect("inside").display().to_string())
            .collect();
        assert_eq!(found, ["v20.10.1/bin", "v20.2.0/bin", "v9.1.0/bin"]);
    }
}
