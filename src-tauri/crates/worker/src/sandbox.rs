//! The sandbox round an agent: bubblewrap's arguments, and what it was seen to refuse. Source:
//! bwrap(1).
//!
//! The agent finds the computer as it is, to be read only. It may write to its copy, to its own
//! state and to a folder for temporary files. Sockets of the session (keyring, SSH agent, bus,
//! containers) lie below `/run` and `/tmp`, which are its own, or are hidden; other processes it
//! doesn't see. What isn't a file is shut off by [`restrict`].

mod restrict;

use crate::output::EventSender;
use crate::text::one_line;
use regatta_protocol::event::LineKind;
use regatta_protocol::worker::Sandbox;
use regatta_trace::LogDropped;
pub(crate) use restrict::{Unrestricted, probe_unrestricted, restrict_self};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where an agent in a sandbox puts temporary files.
pub(crate) const TEMP_DIR: &str = "/tmp";

/// What is read below `/run` for names of computers, and by whole systems that live there.
const RUN_PATHS: [&str; 5] = [
    "/run/systemd/resolve",
    "/run/NetworkManager/resolv.conf",
    "/run/resolvconf",
    "/run/current-system",
    "/run/opengl-driver",
];

/// What a task needs of the computer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequiredPaths<'a> {
    /// Where it works.
    pub(crate) copy: &'a Path,
    /// The folder that it finds as [`TEMP_DIR`].
    pub(crate) temp: &'a Path,
    /// What it must find wherever it lies: its program, the objects of its copy.
    pub(crate) readable: &'a [&'a Path],
}

/// How a path is found inside. The later counts where the same path is named twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum PathAccess {
    Hidden,
    Readable,
    Writable,
}

/// The arguments up to the program. An empty file is made beside the folder for temporary ones.
pub(crate) fn bwrap_args(
    sandbox: &Sandbox,
    needs: &RequiredPaths<'_>,
) -> io::Result<Vec<OsString>> {
    let nothing = needs.temp.with_file_name("nothing");
    fs::write(&nothing, "")?;
    let mut args: Vec<OsString> =
        ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--bind"]
            .map(Into::into)
            .into();
    args.extend([needs.temp.into(), TEMP_DIR.into(), "--tmpfs".into(), "/run".into()]);
    let resolver = real_path(Path::new("/etc/resolv.conf"));
    let resolver = resolver.filter(|path| path.starts_with("/run"));
    for path in RUN_PATHS.iter().map(PathBuf::from).chain(resolver) {
        args.extend(["--ro-bind-try".into(), path.clone().into(), path.into()]);
    }
    for (path, how) in list_mounts(sandbox, needs) {
        match how {
            PathAccess::Hidden if path.is_dir() => args.extend(["--tmpfs".into(), path.into()]),
            PathAccess::Hidden => {
                args.extend(["--ro-bind".into(), nothing.clone().into(), path.into()])
            }
            PathAccess::Readable => {
                args.extend(["--ro-bind".into(), path.clone().into(), path.into()])
            }
            PathAccess::Writable => {
                args.extend(["--bind".into(), path.clone().into(), path.into()])
            }
        }
    }
    args.extend(Sandbox::NAMESPACE_ARGS.map(Into::into));
    args.extend(["--chdir".into(), needs.copy.into(), "--".into()]);
    Ok(args)
}

/// The path with every link resolved, if there is such a thing.
fn real_path(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).log_dropped("looking for what a sandbox shows or hides")
}

/// All places that aren't as they are, the outer before the inner. What isn't there is left
/// out; links are followed, as they are inside.
fn list_mounts(sandbox: &Sandbox, needs: &RequiredPaths<'_>) -> Vec<(PathBuf, PathAccess)> {
    let of = |paths: &[PathBuf], how| {
        let real = paths.iter().filter_map(|path| real_path(path));
        real.map(|path| (path, how)).collect::<Vec<_>>()
    };
    let mut places = of(&sandbox.hidden, PathAccess::Hidden);
    places.extend(of(&sandbox.readable, PathAccess::Readable));
    places.extend(of(&sandbox.writable, PathAccess::Writable));
    let covered = |path: &&Path| {
        let by =
            places.iter().filter(|(_, how)| *how == PathAccess::Hidden).map(|(place, _)| &**place);
        by.chain([Path::new("/run"), Path::new(TEMP_DIR)]).any(|place| path.starts_with(place))
    };
    let found = needs.readable.iter().copied().filter(covered);
    // By the name that it is started with, too.
    let found = found.flat_map(|path| [Some(path.to_owned()), real_path(path)]);
    let mut found: Vec<_> = found.flatten().map(|path| (path, PathAccess::Readable)).collect();
    found.push((needs.copy.to_owned(), PathAccess::Writable));
    places.extend(found);
    places.sort_by_key(|(path, how)| (path.components().count(), *how));
    places
}

/// What is said at the beginning. `open`: what a sandbox leaves open on this system; `None` if
/// there is no sandbox.
pub(crate) fn describe_sandbox(open: Option<&[Unrestricted]>) -> String {
    let Some(open) = open else {
        return "The agent works without a sandbox: it can read and change whatever you can."
            .into();
    };
    let words = "The agent works in a sandbox: it can change only its copy, its own settings and \
                 temporary files, and sees no other program.";
    let open = open.iter().map(|open| open.description());
    std::iter::once(words).chain(open).collect::<Vec<_>>().join(" ")
}

/// What the sandbox was seen to refuse; each kind is told once.
#[derive(Debug, Clone)]
pub(crate) struct DenialReporter(Option<Arc<DenialState>>);

#[derive(Debug)]
struct DenialState {
    hidden_paths: Vec<String>,
    reported: [AtomicBool; 3],
}

/// How a system says no: where it says it, and in which words of ours that is told.
const DENIAL_PATTERNS: [(&str, &str); 2] = [
    ("ead-only file system", "The sandbox refused a change outside the task's copy"),
    ("peration not permitted", "The sandbox, or the system, refused what isn't permitted"),
];

impl DenialReporter {
    /// None of them: there is no sandbox.
    pub(crate) const fn disabled() -> Self {
        Self(None)
    }

    /// Those of `sandbox`.
    pub(crate) fn for_sandbox(sandbox: &Sandbox) -> Self {
        let hidden = sandbox.hidden.iter().map(|path| path.to_string_lossy().into_owned());
        let hidden = hidden.chain(["/run/user/".to_owned()]).collect();
        Self(Some(Arc::new(DenialState { hidden_paths: hidden, reported: Default::default() })))
    }

    /// Sends lines of an agent's output, and then what is to be said about them.
    pub(crate) async fn forward_lines(&self, events: &EventSender, kind: LineKind, text: String) {
        let notes = self.find_denials(&text);
        events.send_lines(kind, text).await;
        for note in notes {
            events.send_note(note);
        }
    }

    /// What is to be said about lines of an agent's output.
    fn find_denials(&self, text: &str) -> Vec<String> {
        let Some(seen) = &self.0 else { return Vec::new() };
        let mut notes = Vec::new();
        for ((sign, words), told) in DENIAL_PATTERNS.iter().zip(&seen.reported) {
            if !told.load(Ordering::Relaxed)
                && let Some(line) = text.lines().find(|line| line.contains(sign))
            {
                told.store(true, Ordering::Relaxed);
                notes.push(format!("{words}: {}", one_line(line, 300)));
            }
        }
        let [.., told] = &seen.reported;
        if !told.load(Ordering::Relaxed)
            && let Some(line) = text.lines().find(|line| {
                line.contains("o such file")
                    && seen.hidden_paths.iter().any(|path| line.contains(path))
            })
        {
            told.store(true, Ordering::Relaxed);
            notes.push(format!("The sandbox hides this: {}", one_line(line, 300)));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inner_place_counts_whatever_the_outer_is() {
        let dir = tempfile::tempdir().expect("a folder");
        let at = |path: &str| dir.path().canonicalize().expect("it is there").join(path);
        for path in ["data/copy", "data/cache", "home/.config/gh", "home/.ssh"] {
            fs::create_dir_all(at(path)).expect("a folder");
        }
        fs::write(at("home/.netrc"), "x").expect("a file");
        let sandbox = Sandbox {
            program: "bwrap".into(),
            writable: vec![at("home/.config"), at("not/there")],
            hidden: vec![at("data"), at("home/.config/gh"), at("home/.netrc")],
            readable: vec![at("data/cache")],
        };
        let (copy, cache) = (at("data/copy"), at("data/cache"));
        let needs = RequiredPaths { copy: &copy, temp: &at("data/copy"), readable: &[&cache] };
        let places = list_mounts(&sandbox, &needs);
        let how = |path: &str| places.iter().rfind(|(place, _)| *place == at(path)).map(|p| p.1);
        let place = |path: &str| places.iter().rposition(|(place, _)| *place == at(path));
        assert_eq!(how("data"), Some(PathAccess::Hidden));
        assert_eq!(how("data/copy"), Some(PathAccess::Writable));
        assert_eq!(how("data/cache"), Some(PathAccess::Readable));
        assert_eq!(how("not/there"), None);
        assert!(place("data") < place("data/copy") && place("data") < place("data/cache"));
        assert!(place("home/.config") < place("home/.config/gh"), "it stays hidden");
    }

    #[test]
    fn what_is_left_open_is_said() {
        let whole = describe_sandbox(Some(&[]));
        assert!(whole.contains("in a sandbox") && !whole.contains("can't"), "{whole}");
        let open = describe_sandbox(Some(&[Unrestricted::Sockets, Unrestricted::Keyring]));
        assert!(open.contains("session bus") && open.contains("keyring"), "{open}");
        assert!(describe_sandbox(None).contains("without a sandbox"));
    }

    #[test]
    fn each_kind_of_refusal_is_told_once() {
        let sandbox = Sandbox { hidden: vec!["/home/ada/.ssh".into()], ..Sandbox::default() };
        let refusals = DenialReporter::for_sandbox(&sandbox);
        let lines = "ok\ntouch: /etc/x: Read-only file system\nkill: Operation not permitted";
        assert_eq!(
            refusals.find_denials(lines),
            [
                "The sandbox refused a change outside the task's copy: touch: /etc/x: Read-only \
                 file system",
                "The sandbox, or the system, refused what isn't permitted: kill: Operation not \
                 permitted",
            ]
        );
        assert_eq!(refusals.find_denials("EROFS: read-only file system"), [""; 0]);
        let key = "cat: /home/ada/.ssh/id: No such file or directory";
        assert_eq!(refusals.find_denials("cat: /home/bob: No such file or directory"), [""; 0]);
        assert_eq!(refusals.find_denials(key), [format!("The sandbox hides this: {key}")]);
        assert_eq!(DenialReporter::disabled().find_denials(lines), [""; 0]);
    }
}
