//! What Regatta writes about itself while it works: enough to follow a task by its ids, and
//! nothing of what a person or an agent said.

use regatta_tests::TestEnv;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// All that the log in a data folder holds.
pub(crate) fn read_log(data_dir: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(data_dir.join("logs")).unwrap() {
        text += &fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    text
}

/// Said in the prompt, printed, written, allowed and committed; never to be in the log.
const PLANTED: &str = "planted-81d3a6c0f2";

#[test]
fn the_log_follows_each_attempt_by_its_ids_and_holds_no_word_of_it() {
    let env = TestEnv::new();
    let prompt = format!("say {PLANTED}\nrun echo {PLANTED}\nwrite {PLANTED}.txt: {PLANTED}");
    let tasks = [("Good", prompt.as_str()), ("Bad", &format!("fail {PLANTED}"))];
    let ran = env.run_batch(&tasks, &["--log", "trace"]);
    assert!(ran.stdout.contains(PLANTED), "{}{}", ran.stdout, ran.stderr);
    let log = read_log(&env.data_dir());
    assert!(!log.contains(PLANTED), "{log}");

    let of_attempts: Vec<&str> = log.lines().filter(|line| line.contains("attempt{")).collect();
    let of_workers = of_attempts.iter().filter(|line| line.contains("regatta_worker"));
    assert!(of_workers.count() > 4, "workers write, too: {log}");
    for line in &of_attempts {
        let ids = ["batch=", "task=", "attempt=1"];
        assert!(ids.iter().all(|id| line.contains(id)), "{line}");
    }
    let ends = of_attempts.iter().filter(|line| line.contains("the attempt ended"));
    assert_eq!(ends.count(), 2, "{log}");
    assert!(log.lines().all(|line| line.starts_with("20") && !line.contains('\u{1b}')), "{log}");

    let file = env.data_dir().join("logs/regatta.log");
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(env.git(&["status", "--porcelain", "--ignored"]), "", "nothing is in the project");
}

#[test]
fn the_level_is_chosen_by_the_argument_else_by_the_variable() {
    let env = TestEnv::new();
    let levels = |arguments: &[&str], variable: &str| {
        fs::remove_dir_all(env.data_dir().join("logs")).ok();
        let mut command = env.run_batch_command(&[("Idle", "say Nothing.")], arguments);
        let output = command.env("RUST_LOG", variable).output().unwrap();
        let log = read_log(&env.data_dir());
        let has = |level: &str| log.lines().any(|line| line.split(' ').any(|word| word == level));
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), has("INFO"), has("DEBUG"), said.contains("RUST_LOG"))
    };
    assert_eq!(levels(&[], ""), (Some(0), true, false, false));
    assert_eq!(levels(&[], "debug"), (Some(0), true, true, false));
    assert_eq!(levels(&["--log", "error"], "debug"), (Some(0), false, false, false));
    assert_eq!(levels(&[], "regatta=loud"), (Some(0), true, false, true), "it is said");
    let refused = env.run_batch(&[("Idle", "say Nothing.")], &["--log", "regatta=loud"]);
    assert_eq!(refused.exit_code, Some(2));
    assert!(refused.stderr.contains("error, warn, info, debug, trace"), "{}", refused.stderr);
}
