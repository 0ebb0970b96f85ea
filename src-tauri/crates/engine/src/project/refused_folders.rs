//! Folders that never become a project as a whole: a first version of them would hold what
//! nobody meant, and keep it for ever.

use super::ignored::{is_plain_folder, names_in};
use regatta_protocol::{ErrorCode, UserMessage};
use regatta_trace::LogDropped;
use std::path::{Path, PathBuf};

/// Folders that hold other things than projects, each as a whole.
const SHARED: &[&str] = &[
    "/tmp",
    "/var",
    "/var/tmp",
    "/opt",
    "/srv",
    "/mnt",
    "/media",
    "/run",
    "/usr",
    "/usr/local",
    "/usr/src",
    "/Volumes",
    "/Users",
    "/home",
    "/private",
    "/private/tmp",
    "/private/var",
    "/Applications",
];
/// Folders of the system, with all that is in them.
const SYSTEM: &[&str] = &[
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/sbin",
    "/sys",
    "/usr/bin",
    "/usr/include",
    "/usr/lib",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/sbin",
    "/usr/share",
    "/System",
    "/Library",
    "/private/etc",
];
/// Variables that name such folders on Windows.
const SYSTEM_VARIABLES: &[&str] =
    &["SystemRoot", "ProgramFiles", "ProgramFiles(x86)", "ProgramData"];
/// Folders in the home folder that are for many things.
const MANY_THINGS: &[&str] = &[
    "Desktop",
    "Documents",
    "Downloads",
    "Movies",
    "Music",
    "Pictures",
    "Public",
    "Templates",
    "Videos",
    "OneDrive",
    "Dropbox",
    "Library",
    "AppData",
    ".config",
    ".local",
    ".cache",
];
/// Folders in the home folder that hold keys, with all that is in them.
const KEYS: &[&str] = &[".ssh", ".gnupg", ".aws", ".kube"];

/// Why `dir` can't be made a project as a whole; nothing when it can. `home`: the person's home
/// folder.
pub(super) fn refusal(dir: &Path, home: Option<&Path>) -> Option<UserMessage> {
    let dir = real_path(dir)?;
    let home = home.and_then(real_path);
    let name = dir.file_name().unwrap_or(dir.as_os_str()).to_string_lossy().into_owned();
    let refused = |what: String, next| {
        Some(UserMessage::new(ErrorCode::BadRequest, what, "Nothing was changed.", next))
    };
    if home.as_ref().is_some_and(|home| *home == dir) {
        return refused(
            "This is your home folder: it holds far more than one project.".into(),
            "Choose a folder inside it that holds one project, or make a new one.",
        );
    }
    if is_of_the_system(&dir) || home.as_ref().is_some_and(|home| home.starts_with(&dir)) {
        return refused(
            format!("{} is a whole drive, or a folder of the system.", dir.display()),
            "Choose a folder of your own that holds one project.",
        );
    }
    let inside = "Choose a folder inside it that holds one project, or make a new one there.";
    if let Some(home) = home {
        if KEYS.iter().any(|keys| dir.starts_with(home.join(keys))) {
            return refused(
                format!("“{name}” is where keys are kept."),
                "Choose a folder of your own that holds one project.",
            );
        }
        if shelves(&home).contains(&dir) {
            return refused(format!("“{name}” is a folder for many things."), inside);
        }
    }
    let other = first_repository_in(&dir)?;
    refused(format!("“{name}” holds other projects, such as “{other}”."), inside)
}

/// The path with every link resolved, if there is such a folder.
fn real_path(dir: impl AsRef<Path>) -> Option<PathBuf> {
    std::fs::canonicalize(dir).log_dropped("looking for a folder")
}

fn is_of_the_system(dir: &Path) -> bool {
    let variables = SYSTEM_VARIABLES.iter().filter_map(std::env::var_os).map(PathBuf::from);
    let mut system = SYSTEM.iter().map(PathBuf::from).chain(variables);
    dir.parent().is_none()
        || SHARED.iter().any(|shared| dir == Path::new(shared))
        || system.any(|top| {
            dir.starts_with(&top) || top.canonicalize().is_ok_and(|top| dir.starts_with(top))
        })
}

/// The folders in the home folder that are for many things, also under the names that they have in
/// the person's language. Source: <https://www.freedesktop.org/wiki/Software/xdg-user-dirs/>.
fn shelves(home: &Path) -> Vec<PathBuf> {
    let named = std::fs::read_to_string(home.join(".config/user-dirs.dirs"));
    let named = named.log_dropped("reading the names of the person's folders").unwrap_or_default();
    let named = named.lines().filter_map(|line| {
        let folder = line.trim().strip_prefix("XDG_")?.split_once("_DIR=\"$HOME/")?.1;
        Some(home.join(folder.strip_suffix('"')?))
    });
    let folders = MANY_THINGS.iter().map(|name| home.join(name)).chain(named);
    folders.filter_map(real_path).collect()
}

/// The first repository in the folder or in one of its folders.
fn first_repository_in(dir: &Path) -> Option<String> {
    let below = |above: String| {
        let names = names_in(&dir.join(&above)).into_iter();
        let inner: Vec<String> = names.map(|name| format!("{above}/{name}")).collect();
        std::iter::once(above).chain(inner)
    };
    let folders = names_in(dir).into_iter().filter(|name| {
        let is_made = matches!(name.as_str(), ".git" | "node_modules" | "vendor" | "target");
        !is_made && is_plain_folder(&dir.join(name))
    });
    folders
        .flat_map(below)
        .find(|path| is_plain_folder(&dir.join(path)) && dir.join(path).join(".git").exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(dir: &Path, home: &Path) -> Option<String> {
        let message = refusal(dir, Some(home))?;
        for sentence in [&message.message, &message.impact, &message.hint] {
            assert!(sentence.ends_with('.'), "{sentence}");
        }
        Some(message.message)
    }

    #[test]
    fn a_home_folder_a_root_and_what_is_for_many_things_are_refused() {
        let top = tempfile::tempdir().expect("a folder");
        let home = top.path().join("people/ada");
        for folder in ["Documents/shop", "Schreibtisch", "shop/src", ".ssh/old", ".config/nvim"] {
            std::fs::create_dir_all(home.join(folder)).expect("a folder");
        }
        let names = "# a note\nXDG_DESKTOP_DIR=\"$HOME/Schreibtisch\"\n";
        std::fs::write(home.join(".config/user-dirs.dirs"), names).expect("a file");
        let say = |folder: &Path, word: &str| {
            let said = refused(folder, &home).unwrap_or_default();
            assert!(said.contains(word), "{}: {said:?}", folder.display());
        };
        say(&home, "home folder");
        say(&home.join("shop/.."), "home folder");
        say(&top.path().join("people"), "whole drive");
        for folder in ["Documents", "Schreibtisch", ".config"] {
            say(&home.join(folder), "many things");
        }
        say(&home.join(".ssh/old"), "keys");
        for folder in ["Documents/shop", "shop", "shop/src", ".config/nvim"] {
            assert_eq!(refused(&home.join(folder), &home), None, "{folder}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn folders_of_the_system_are_refused() {
        let home = Path::new("/nowhere");
        for folder in ["/", "/etc", "/usr", "/usr/bin", "/tmp", "/dev"] {
            let said = refused(Path::new(folder), home).unwrap_or_default();
            assert!(said.contains("of the system"), "{folder}: {said:?}");
        }
        assert_eq!(refused(Path::new("/not/there"), home), None);
    }

    #[test]
    fn a_folder_that_holds_other_projects_is_refused() {
        let top = tempfile::tempdir().expect("a folder");
        for folder in ["code/ada/shop/.git", "app/node_modules/x/.git", "app/.git", "plain/src"] {
            std::fs::create_dir_all(top.path().join(folder)).expect("a folder");
        }
        let home = Path::new("/nowhere");
        let said = refused(&top.path().join("code"), home).expect("a reason");
        assert!(said.contains("“ada/shop”"), "{said}");
        assert!(refused(top.path(), home).is_some_and(|said| said.contains("“app”")));
        for folder in ["app", "plain", "code/ada/shop"] {
            assert_eq!(refused(&top.path().join(folder), home), None, "{folder}");
        }
    }
}
