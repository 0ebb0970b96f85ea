//! Agents that try to get out of their sandbox, and what they find of ours.

use crate::test_env::{LONG, TestEnv, Worker};
use regatta_protocol::agent::EnvVar;
use regatta_protocol::event::LineKind;
use regatta_protocol::worker::{ProbeTask, Sandbox, WorkerControl, WorkerTask};
use regatta_protocol::{ErrorCode, Status};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The program of the sandbox, where it can be used; a test without it says so and passes.
fn find_bwrap() -> Option<PathBuf> {
    let program = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"].map(PathBuf::from);
    let program = program.into_iter().find(|program| program.exists());
    let works = |program: &PathBuf| {
        let tried = Command::new(program).args(["--ro-bind", "/", "/", "true"]).status();
        tried.is_ok_and(|status| status.success())
    };
    let program = program.filter(works);
    if program.is_none() {
        eprintln!("not here: bubblewrap");
    }
    program
}

/// A command task in a sandbox.
pub(crate) fn sandboxed_command(test_env: &TestEnv, script: &str) -> Option<WorkerTask> {
    sandboxed(test_env, test_env.command_task(script))
}

/// A task in a sandbox, in a yard with a home of its own: `home/.ssh/key`, hidden, and
/// `home/state`, which the agent may write to.
fn sandboxed(test_env: &TestEnv, task: WorkerTask) -> Option<WorkerTask> {
    let program = find_bwrap()?;
    let home = test_env.root().join("home");
    fs::create_dir_all(home.join(".ssh")).expect("a folder");
    fs::create_dir_all(home.join("state")).expect("a folder");
    fs::write(home.join(".ssh/key"), "the private key").expect("a file");
    fs::write(home.join(".netrc"), "the password").expect("a file");
    let sandbox = Sandbox {
        program,
        writable: vec![home.join("state"), home.join("not-there")],
        hidden: vec![home.join(".ssh"), home.join(".netrc")],
        // The whole yard lies below the system's folder for temporary files.
        readable: vec![test_env.root().to_owned()],
    };
    let env = |name: &str, value: &str| EnvVar { name: name.into(), value: value.into() };
    let path = std::env::var("PATH").expect("a path");
    let env =
        vec![env("PATH", &path), env("HOME", &home.to_string_lossy()), env("AGENT_KEY", "its key")];
    Some(WorkerTask { sandbox: Some(sandbox), env, ..task })
}

pub(crate) fn note_text(worker: &Worker) -> String {
    worker.lines(LineKind::Note).join("\n")
}

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

#[test]
fn what_is_hidden_and_what_is_outside_stays_as_it_is() {
    let test_env = TestEnv::new();
    let script = r#"cat "$HOME/.ssh/key"; cat "$HOME/.netrc"; echo x > "$HOME/.bashrc"
echo x > ../escaped; echo x > "$HOME/state/kept"; echo x > "$TMPDIR/made" && cat "$TMPDIR/made"
ln -s "$HOME" way; echo x > way/.profile; rm -rf ../project ../cache.git
mount -o remount,rw / ; umount "$HOME/.ssh"; cat "$HOME/.ssh/key"
git log --format=%s -1; echo made > made.txt"#;
    let Some(task) = sandboxed_command(&test_env, script) else { return };
    let worker = test_env.run_task(&task);
    assert_eq!(worker.outcome().status, Status::Finished, "{:#?}", worker.outcome());
    let home = test_env.root().join("home");
    let told = format!("{:?}", worker.received);
    assert!(!told.contains("the private key") && !told.contains("the password"), "{told}");
    for path in ["escaped", "home/.bashrc", "home/.profile"] {
        assert!(!test_env.root().join(path).exists(), "{path}");
    }
    assert!(test_env.root().join("project/README.md").exists());
    assert_eq!(read(&home.join("state/kept")).as_deref(), Some("x\n"));
    assert_eq!(read(&home.join(".ssh/key")).as_deref(), Some("the private key"));
    assert_eq!(test_env.read_copy_file("made.txt").as_deref(), Some("made\n"));
    assert_eq!(worker.lines(LineKind::Stdout), ["x", "Begin"], "its copy has its history");
    let notes = note_text(&worker);
    for part in [
        "works in a sandbox",
        "The sandbox hides this: cat: ",
        "The sandbox refused a change outside the task's copy: ",
    ] {
        assert!(notes.contains(part), "{part} is in {notes}");
    }
}

#[test]
fn neither_our_environment_nor_another_program_is_seen() {
    let test_env = TestEnv::new();
    let script = r#"env | sort; cat /proc/*/environ | tr '\0' '\n' | grep -c REGATTA
ls -d /proc/[0-9]* | wc -l"#;
    let Some(task) = sandboxed_command(&test_env, script) else { return };
    let worker = test_env.run_task(&task);
    let out = worker.lines(LineKind::Stdout);
    let names: Vec<_> = out.iter().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    // The shell itself sets the last ones.
    let theirs = ["OLDPWD", "PWD", "SHLVL", "_"];
    let names: Vec<_> = names.into_iter().filter(|name| !theirs.contains(name)).collect();
    assert_eq!(names, ["AGENT_KEY", "HOME", "PATH", "TMPDIR"]);
    assert_eq!(out[out.len() - 2], "0", "{out:?}");
    let seen: u32 = out[out.len() - 1].trim().parse().expect("a number");
    assert!(seen < 10, "it sees its own programs only: {seen}");
}

#[test]
fn without_a_sandbox_too_the_environment_is_the_tasks() {
    let test_env = TestEnv::new();
    let mut task = test_env.command_task("/usr/bin/env | /usr/bin/sort");
    task.env = vec![EnvVar { name: "AGENT_KEY".into(), value: "its key".into() }];
    let worker = test_env.run_task(&task);
    let out = worker.lines(LineKind::Stdout).join("\n");
    let temp = format!("TMPDIR={}", test_env.scratch().join("tmp").display());
    assert!(out.contains("AGENT_KEY=its key") && out.contains(&temp), "{out}");
    assert!(!out.contains("HOME=") && !out.contains("REGATTA"), "{out}");
    assert!(note_text(&worker).contains("without a sandbox"));
}

#[test]
fn the_sessions_sockets_are_out_of_reach() {
    let test_env = TestEnv::new();
    // Where a bus or a keyring listens: below /run for real ones, which a test can't make.
    let bus = tempfile::Builder::new().prefix("bus-").tempdir().expect("a folder");
    let socket = bus.path().join("bus");
    let listening = UnixListener::bind(&socket).expect("a socket");
    listening.set_nonblocking(true).expect("it can be asked");
    let reach = "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])";
    let script = format!(
        "python3 -c '{reach}' {} && echo reached; ls /run/user /run/dbus && echo there; \
         ls -A /tmp",
        socket.display()
    );
    let Some(task) = sandboxed_command(&test_env, &script) else { return };
    let worker = test_env.run_task(&task);
    let out = worker.lines(LineKind::Stdout);
    assert!(!out.contains(&"reached") && !out.contains(&"there"), "{out:?}");
    let heard = listening.accept().expect_err("nobody came");
    assert_eq!(heard.kind(), ErrorKind::WouldBlock);
}

#[test]
fn what_it_plants_in_its_copy_never_runs() {
    let test_env = TestEnv::new();
    let ran = test_env.root().join("ran");
    let script = format!(
        r#"mkdir -p .git/hooks; for hook in pre-commit post-commit post-checkout reference-transaction; do
printf '#!/bin/sh\ntouch {ran}\n' > .git/hooks/$hook; chmod +x .git/hooks/$hook; done
git config core.fsmonitor "touch {ran}"; git config url."/nowhere/".insteadOf /
git config filter.x.clean "touch {ran}; cat"; echo '* filter=x' > .gitattributes
git config core.pager "touch {ran}"; echo made > made.txt"#,
        ran = ran.display()
    );
    let Some(task) = sandboxed_command(&test_env, &script) else { return };
    let worker = test_env.run_task(&task);
    let outcome = worker.outcome();
    assert_eq!(outcome.status, Status::Finished, "{outcome:#?}");
    let commit = outcome.commit.as_deref().expect("a result");
    assert_eq!(test_env.git_in_cache(&["show", &format!("{commit}:made.txt")]), "made");
    assert!(!ran.exists(), "nothing of it ran outside");
}

#[test]
fn nothing_outlives_its_task() {
    let test_env = TestEnv::new();
    let script = r"(trap '' TERM INT HUP; setsid sh -c 'sleep 600' &) ; setsid sleep 600 &
nohup sleep 600 > /dev/null 2>&1 &
echo done";
    let Some(task) = sandboxed_command(&test_env, script) else { return };
    let begun = Instant::now();
    let worker = test_env.run_task(&task);
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(test_env.processes(), [""; 0]);
    assert!(begun.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_stop_reaches_it_inside_and_quickly() {
    let test_env = TestEnv::new();
    let script = r"trap 'echo saving; echo x > saved.txt; exit 3' INT; echo ready
while :; do sleep 0.05; done";
    let Some(task) = sandboxed_command(&test_env, script) else { return };
    let mut worker = test_env.start_task(&task);
    worker.read_until_line("ready");
    let begun = Instant::now();
    worker.send(&WorkerControl::Stop);
    worker.finish();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(worker.outcome().status, Status::Stopped);
    assert_eq!(worker.outcome().exit_status, "exit code 3");
    assert_eq!(test_env.read_copy_file("saved.txt").as_deref(), Some("x\n"));
}

#[test]
fn one_that_does_not_mind_is_ended_all_the_same() {
    let test_env = TestEnv::new();
    let script = "trap '' INT TERM HUP; echo ready; while :; do sleep 0.05; done";
    let Some(task) = sandboxed_command(&test_env, script) else { return };
    let mut worker = test_env.start_task(&task);
    worker.read_until_line("ready");
    worker.send(&WorkerControl::Pause);
    worker.read_until_status(Status::Paused);
    worker.end_input();
    assert!(worker.wait_for_exit(LONG).is_some(), "whoever started it is gone, and so is it");
    assert_eq!(test_env.processes(), [""; 0]);
}

#[test]
fn a_signal_inside_is_told_and_a_missing_program_too() {
    let test_env = TestEnv::new();
    let Some(task) = sandboxed_command(&test_env, "kill -9 $$") else { return };
    let worker = test_env.run_task(&task);
    assert_eq!(worker.outcome().exit_status, "signal 9");

    let test_env = TestEnv::new();
    let Some(task) = sandboxed_command(&test_env, "") else { return };
    fs::remove_file(test_env.root().join("agent.sh")).expect("it was there");
    test_env.run_task(&task).assert_failed(ErrorCode::AgentMissing);
}

#[test]
fn an_agent_that_speaks_acp_works_inside() {
    let test_env = TestEnv::new();
    let prompt = "run cat ../home/.ssh/key\nrun touch ../escaped\nwrite a.txt: a\nsay Done.";
    let Some(task) = sandboxed(&test_env, test_env.practice_task(prompt)) else { return };
    let worker = test_env.run_task(&task);
    assert_eq!(worker.outcome().status, Status::Finished, "{:#?}", worker.outcome());
    assert_eq!(worker.outcome().last_message, "Done.");
    assert_eq!(test_env.read_copy_file("a.txt").as_deref(), Some("a\n"));
    assert!(!test_env.root().join("escaped").exists());
    assert!(note_text(&worker).contains("The sandbox refused a change"), "{}", note_text(&worker));
}

#[test]
fn one_that_is_only_asked_is_asked_inside() {
    let test_env = TestEnv::new();
    let script = r#"key=$(cat "$HOME/.ssh/key"); echo x > "$HOME/escaped"; echo x > "$TMPDIR/made"
ask; answer '{"protocolVersion":1,"agentInfo":{"name":"x","version":"'"$TMPDIR$key$AGENT_KEY"'"}}'
ask; answer '{"sessionId":"s"}'; ask"#;
    let task =
        sandboxed(&test_env, test_env.acp_task(&format!("{}\n{script}", crate::acp::ACP_SHELL)));
    let Some(WorkerTask { agent, env, sandbox, .. }) = task else { return };
    let folder = test_env.root().join("asked/empty");
    fs::create_dir_all(&folder).expect("a folder");
    let report = crate::probe::run_probe(&test_env, &ProbeTask { agent, env, folder, sandbox });
    assert_eq!((report.version.as_str(), report.problem), ("/tmpits key", None));
    assert!(!test_env.root().join("home/escaped").exists());
}

/// Its sandbox has the output open as long as it lives.
#[test]
fn one_that_closes_its_output_and_lives_on_is_ended() {
    for script in ["exec >&- 2>&-\nexec sleep 600", "exec >/dev/null\nsleep 600 & sleep 600"] {
        let test_env = TestEnv::new();
        let Some(task) = sandboxed(&test_env, test_env.acp_task(script)) else { return };
        let begun = Instant::now();
        let worker = test_env.run_task(&task);
        worker.assert_failed(ErrorCode::AgentProtocol);
        let what = &worker.outcome().notice.as_ref().expect("why").message;
        assert!(what.contains("closed its connection"), "{what}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        assert_eq!(test_env.processes(), [""; 0]);
    }
}
