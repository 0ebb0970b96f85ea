//! An agent that tries to get out of its sandbox, through the whole program. The same attempts
//! succeed where there is no sandbox, so they are real.

use regatta_tests::{TestEnv, wait_until};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Says a word for each attempt that succeeded.
const ESCAPE_SCRIPT: &str = r#"#!/bin/sh
grep -q 'private key' "$HOME/.ssh/id" && echo 'read the key'
echo x > "$HOME/.bashrc" && echo 'wrote outside'
echo x > @PROJECT@/escaped && echo 'wrote to the project'
cat /proc/[0-9]*/environ | tr '\0' '\n' | grep -q ^TEST_WORD= && echo 'read an environment'
for bus in unix:path=@HOME@/bus unix:abstract=@BUS@; do
dbus-send --bus=$bus --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListNames \
> reply && echo "reached the bus"; done
rm reply
SSH_AUTH_SOCK=@HOME@/agent ssh-add -l; [ $? -ne 2 ] && echo 'reached the SSH agent'
[ -e "$HOME/.Xauthority" ] && grep -q cookie "$HOME/.Xauthority" && echo 'read the key of the display'
[ -n "$DBUS_SESSION_BUS_ADDRESS$SSH_AUTH_SOCK$XAUTHORITY" ] && echo 'was told'
mkdir -p .git/hooks
for hook in pre-commit post-commit pre-push post-checkout post-merge reference-transaction; do
printf '#!/bin/sh\ntouch @RAN@\n' > .git/hooks/$hook; chmod +x .git/hooks/$hook; done
git config core.fsmonitor 'touch @RAN@'; git config core.sshCommand 'touch @RAN@'
git config url./nowhere/.insteadOf /; git config credential.helper '!touch @RAN@'
git config remote.origin.uploadpack 'touch @RAN@; git-upload-pack'
git config filter.x.clean 'touch @RAN@; cat'; echo '* filter=x' > .gitattributes
echo made > made.txt
[ "$1" = outside ] && exit
(trap '' TERM INT HUP; setsid sh -c 'sleep 600 & sleep 600' < /dev/null > /dev/null 2>&1 &)
"#;

/// A home folder with a bus and an SSH agent that listen in it. It isn't below the folder for
/// temporary files, where nothing would be seen anyway, nor where the clone lies: a bus takes no
/// address with a space in it, and a socket none of more than a hundred bytes.
struct SandboxHome {
    dir: TempDir,
    bus: String,
    listening: Vec<Child>,
}

impl SandboxHome {
    fn new() -> Self {
        let dir = TempDir::new_in("/var/tmp").unwrap();
        fs::create_dir(dir.path().join(".ssh")).unwrap();
        fs::write(dir.path().join(".ssh/id"), "the private key").unwrap();
        fs::write(dir.path().join(".Xauthority"), "the cookie").unwrap();
        let bus = format!("regatta-test-walls-{}", std::process::id());
        let mut home = Self { dir, bus, listening: Vec::new() };
        for address in [home.bus_address(), format!("unix:abstract={}", home.bus)] {
            let address = format!("--address={address}");
            home.start_listener("dbus-daemon", &["--session", "--nofork", &address]);
        }
        home.start_listener("ssh-agent", &["-D", "-a", home.path("agent").to_str().unwrap()]);
        let there = || {
            let names = fs::read_to_string("/proc/net/unix").unwrap();
            names.contains(&home.bus) && home.path("bus").exists() && home.path("agent").exists()
        };
        assert!(wait_until(Duration::from_secs(20), there), "they listen");
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn bus_address(&self) -> String {
        format!("unix:path={}", self.path("bus").display())
    }

    fn start_listener(&mut self, program: &str, args: &[&str]) {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.listening.push(command.spawn().unwrap());
    }

    /// What the person's session says to every program.
    fn set_session_env(&self, command: &mut Command) {
        let session = [
            ("DBUS_SESSION_BUS_ADDRESS", self.bus_address()),
            ("SSH_AUTH_SOCK", self.path("agent").display().to_string()),
            ("XAUTHORITY", self.path(".Xauthority").display().to_string()),
            ("TEST_WORD", "ours".to_owned()),
        ];
        command.env("HOME", self.dir.path()).envs(session);
    }
}

impl Drop for SandboxHome {
    fn drop(&mut self) {
        for child in &mut self.listening {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

const ESCAPES: [&str; 9] = [
    "read the key",
    "wrote outside",
    "wrote to the project",
    "read an environment",
    "reached the bus",
    "reached the bus",
    "reached the SSH agent",
    "read the key of the display",
    "was told",
];

#[test]
fn an_agent_gets_out_of_its_sandbox_by_no_way() {
    let tried = Command::new("bwrap").args(["--ro-bind", "/", "/", "true"]).status();
    if !tried.is_ok_and(|status| status.success()) {
        eprintln!("not here: bubblewrap");
        return;
    }
    let (env, home) = (TestEnv::new(), SandboxHome::new());
    let ran = env.root().join("ran");
    let script = ESCAPE_SCRIPT
        .replace("@PROJECT@", env.project().to_str().unwrap())
        .replace("@HOME@", home.dir.path().to_str().unwrap())
        .replace("@BUS@", &home.bus)
        .replace("@RAN@", ran.to_str().unwrap());
    let program = env.script("agent.sh", &script);
    let known = |lines: &mut Vec<String>| lines.retain(|line| ESCAPES.contains(&line.as_str()));

    // Outside, where each attempt succeeds.
    let elsewhere = env.root().join("elsewhere");
    env.git(&["clone", "--quiet", ".", elsewhere.to_str().unwrap()]);
    let mut outside = Command::new(&program);
    home.set_session_env(outside.arg("outside").current_dir(&elsewhere).stdin(Stdio::null()));
    let mut said: Vec<String> = String::from_utf8_lossy(&outside.output().unwrap().stdout)
        .lines()
        .map(str::to_owned)
        .collect();
    known(&mut said);
    assert_eq!(said, ESCAPES);
    fs::remove_file(home.path(".bashrc")).unwrap();
    fs::remove_file(env.project().join("escaped")).unwrap();
    let status = Command::new("git").arg("status").current_dir(&elsewhere).output().unwrap();
    assert!(ran.exists(), "what is planted runs where git believes it: {status:?}");
    fs::remove_file(&ran).unwrap();

    let command = format!("{} {{prompt}}", program.display());
    let mut command = env
        .run_batch_command(&[("Walls", "please")], &["--agent", "command", "--command", &command]);
    home.set_session_env(&mut command);
    let batch = regatta_tests::RunOutput::from_output(command.output().unwrap());
    assert_eq!(batch.status("Walls"), "finished", "{}{}", batch.stdout, batch.stderr);
    env.assert_nothing_runs(Duration::from_secs(12));
    let mut said = batch.transcript_lines("Walls", "out");
    known(&mut said);
    let notes = batch.transcript_lines("Walls", "note").join("\n");
    // Before 6.12, Linux can't shut off sockets without a file, which has to be said.
    let open = notes.contains("can't shut off sockets");
    let left: &[&str] = if open { &["reached the bus"] } else { &[] };
    assert_eq!(said, left, "{}", batch.stdout);
    assert!(!home.path(".bashrc").exists() && !env.project().join("escaped").exists());
    for refused in [
        "The agent works in a sandbox",
        "The sandbox hides this",
        "The sandbox refused a change outside the task's copy",
        "The sandbox, or the system, refused what isn't permitted",
    ] {
        assert!(notes.contains(refused), "{refused}: {notes}");
    }

    // Nothing planted runs when the result is brought home either.
    let mut add = env.regatta(&["add", "journey", "--data-dir"]);
    home.set_session_env(add.arg(env.data_dir()));
    let added = regatta_tests::RunOutput::from_output(add.output().unwrap());
    assert_eq!(added.exit_code, Some(0), "{}{}", added.stdout, added.stderr);
    let branches = env.git(&["branch", "--list", "regatta/*", "--format=%(refname:short)"]);
    assert_eq!(env.git(&["show", &format!("{branches}:made.txt")]), "made");
    assert!(!ran.exists(), "something planted was run");
}
