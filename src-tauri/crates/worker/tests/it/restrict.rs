//! What a sandbox shuts off that isn't a file, or that is a socket. Each attempt is made without
//! a sandbox first, where it must succeed.

use crate::sandbox::{note_text, sandboxed_command};
use crate::test_env::{TestEnv, Worker, wait_until};
use regatta_protocol::agent::EnvVar;
use regatta_protocol::event::LineKind;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// How an agent with these variables and this script fares without a sandbox, and in one that
/// hides `hidden`; `None` if there is no bubblewrap here.
fn run_outside_and_inside(
    script: &str,
    env: &[(&str, &str)],
    hidden: &[&Path],
) -> Option<[Worker; 2]> {
    let attempt = |sandboxed: bool| {
        let test_env = TestEnv::new();
        let mut task = sandboxed_command(&test_env, script)?;
        let sandbox = task.sandbox.as_mut().expect("it has one");
        sandbox.hidden.extend(hidden.iter().map(|path| (*path).to_owned()));
        sandbox.readable.extend(hidden.iter().filter_map(|path| Some(path.parent()?.to_owned())));
        let var =
            |(name, value): &(&str, &str)| EnvVar { name: (*name).into(), value: (*value).into() };
        task.env.extend(env.iter().map(var));
        if !sandboxed {
            task.sandbox = None;
        }
        Some(test_env.run_task(&task))
    };
    Some([attempt(false)?, attempt(true)?])
}

fn printed_lines(worker: &Worker) -> Vec<&str> {
    worker.lines(LineKind::Stdout)
}

/// A program that listens until the test ends.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts `program`; `None` if it isn't here, and that is said.
fn start_daemon(program: &str, args: &[&str]) -> Option<Daemon> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.spawn() {
        Ok(child) => Some(Daemon(child)),
        Err(problem) => {
            eprintln!("not here: {program}: {problem}");
            None
        }
    }
}

/// Where a socket may listen.
fn socket_path() -> (TempDir, PathBuf) {
    let folder = tempfile::Builder::new().prefix("session-").tempdir().expect("a folder");
    let socket = folder.path().canonicalize().expect("it is there").join("socket");
    (folder, socket)
}

/// One bus listens on a file below the folder for temporary ones and one on a name without a
/// file, as buses of desktops do and did. The agent is told the first and finds the second.
#[test]
fn a_session_bus_is_reached_neither_by_its_file_nor_by_its_name() {
    let (_folder, file) = socket_path();
    let name = format!("regatta-test-bus-{}", std::process::id());
    let file_address = format!("unix:path={}", file.display());
    let listen_at = |address: &str| {
        start_daemon("dbus-daemon", &["--session", "--nofork", &format!("--address={address}")])
    };
    let Some(_bus) = listen_at(&file_address) else { return };
    let _other = listen_at(&format!("unix:abstract={name}"));
    let names = || std::fs::read_to_string("/proc/net/unix").expect("the sockets");
    wait_until("both listen", || file.exists() && names().contains(&name));
    let script = format!(
        r#"try() {{ dbus-send --bus="$1" --print-reply --dest=org.freedesktop.DBus / \
org.freedesktop.DBus.ListNames > reply && grep -q org.freedesktop.DBus reply && echo "reached $1"; }}
try "$DBUS_SESSION_BUS_ADDRESS"
grep -o '@{name}.*' /proc/net/unix | sort -u | while IFS=@ read -r _ name; do
echo found; try "unix:abstract=$name"; done; true"#
    );
    let env = [("DBUS_SESSION_BUS_ADDRESS", file_address.as_str())];
    let Some([outside, inside]) = run_outside_and_inside(&script, &env, &[]) else { return };
    let reached = [format!("reached {file_address}"), format!("reached unix:abstract={name}")];
    assert_eq!(printed_lines(&outside), [&reached[0], "found", &reached[1]]);
    let notes = note_text(&inside);
    if notes.contains("can't shut off sockets") {
        eprintln!("not here: a Linux that shuts off sockets without a file");
        return;
    }
    assert_eq!(printed_lines(&inside), ["found"]);
    assert!(notes.contains("refused what isn't permitted"), "{notes}");
}

/// Sockets of an agent's own still work: those that it makes inside.
#[test]
fn a_socket_without_a_file_that_is_made_inside_is_reached_inside() {
    let script = r#"exec python3 -c '
import socket
made, way = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
made.bind(b"\0regatta-test-own"); made.listen(); way.connect(b"\0regatta-test-own"); print("reached")'"#;
    let test_env = TestEnv::new();
    let Some(task) = sandboxed_command(&test_env, script) else { return };
    assert_eq!(printed_lines(&test_env.run_task(&task)), ["reached"]);
}

#[test]
fn an_ssh_agent_is_not_reached_wherever_it_listens() {
    const SCRIPT: &str = r#"ssh-add -l; [ $? -ne 2 ] && echo reached; true"#;
    for hidden in [false, true] {
        let (_folder, socket) = socket_path();
        let path = socket.to_str().expect("a plain path");
        let Some(_agent) = start_daemon("ssh-agent", &["-D", "-a", path]) else { return };
        wait_until("the agent listens", || socket.exists());
        let hide = [socket.as_path()];
        let hide: &[&Path] = if hidden { &hide } else { &[] };
        let Some([outside, inside]) =
            run_outside_and_inside(SCRIPT, &[("SSH_AUTH_SOCK", path)], hide)
        else {
            return;
        };
        assert!(printed_lines(&outside).contains(&"reached"), "{:?}", printed_lines(&outside));
        assert!(!printed_lines(&inside).contains(&"reached"), "{:?}", printed_lines(&inside));
    }
}

/// Calls of the kernel's keyring, which no program of every system makes.
const KEYRING_SCRIPT: &str = r#"
import ctypes, platform, sys
system = ctypes.CDLL(None, use_errno=True)
add, request, control = {"x86_64": (248, 249, 250)}.get(platform.machine(), (217, 218, 219))
USER, SEARCH, READ, REVOKE, PERMISSIONS = -4, 10, 11, 3, 5
name = sys.argv[2].encode()

def call(number, *args):
    done = system.syscall(number, *args)
    if done < 0:
        print("refused", ctypes.get_errno())
    return done

if sys.argv[1] == "keep":
    key = call(add, b"user", name, b"the secret", 10, USER)
    call(control, PERMISSIONS, key, 0x3f3f0000)
elif sys.argv[1] == "revoke":
    call(control, REVOKE, call(control, SEARCH, USER, b"user", name, 0))
else:
    found = call(control, SEARCH, USER, b"user", name, 0)
    call(request, b"user", name, None, 0)
    call(add, b"user", name + b"-more", b"more", 4, USER)
    room = ctypes.create_string_buffer(100)
    if found > 0 and call(control, READ, found, room, 100) > 0:
        print("read", room.value.decode())
"#;

/// A key of the person's in the kernel's keyring.
struct KeyringKey(String);

impl KeyringKey {
    fn run_script(&self, verb: &str) -> String {
        let mut python = Command::new("python3");
        let mut python = python
            .args(["-c", KEYRING_SCRIPT, verb, &self.0])
            .stdout(Stdio::piped())
            .spawn()
            .expect("python");
        let mut said = String::new();
        let output = python.stdout.as_mut().expect("piped");
        output.read_to_string(&mut said).expect("text");
        assert!(python.wait().expect("it ends").success());
        said
    }
}

impl Drop for KeyringKey {
    fn drop(&mut self) {
        self.run_script("revoke");
    }
}

#[test]
fn the_kernels_keyring_is_not_read_and_gets_nothing() {
    let kept = KeyringKey(format!("regatta-test-{}", std::process::id()));
    let problem = kept.run_script("keep");
    if !problem.is_empty() {
        eprintln!("not here: a keyring that may be used: {problem}");
        return;
    }
    let _made = KeyringKey(format!("{}-more", kept.0));
    let script =
        format!("exec python3 -c '{}' take {}", KEYRING_SCRIPT.replace('\'', "\""), kept.0);
    let Some([outside, inside]) = run_outside_and_inside(&script, &[], &[]) else { return };
    assert!(printed_lines(&outside).contains(&"read the secret"), "{:?}", printed_lines(&outside));
    assert_eq!(printed_lines(&inside), ["refused 1"; 3]);
    assert!(note_text(&inside).contains("works in a sandbox"), "{}", note_text(&inside));
}
