//! Input that can't be run: said before anything starts, exit code 2, nothing made.

use regatta_tests::{RunOutput, TestEnv};

fn assert_refused(ran: &RunOutput, words: &[&str]) {
    assert_eq!(ran.exit_code, Some(2), "{}{}", ran.stdout, ran.stderr);
    for word in words {
        assert!(ran.stderr.contains(word), "{word:?} is said: {}", ran.stderr);
    }
    assert!(!ran.stdout.contains("\"event\""), "nothing was started: {}", ran.stdout);
}

#[test]
fn a_folder_that_is_no_repository() {
    let env = TestEnv::without_history();
    assert_refused(&env.run_batch(&[("A", "say hi")], &[]), &["history"]);
}

#[test]
fn a_repository_without_a_commit() {
    let env = TestEnv::without_history();
    env.git(&["init", "--quiet"]);
    assert_refused(&env.run_batch(&[("A", "say hi")], &[]), &["first version"]);
}

#[test]
fn a_folder_that_is_not_there() {
    let env = TestEnv::without_history();
    std::fs::remove_dir(env.project()).unwrap();
    assert_refused(&env.run_batch(&[("A", "say hi")], &[]), &["project"]);
}

#[test]
fn a_branch_that_is_not_there() {
    let env = TestEnv::new();
    assert_refused(&env.run_batch(&[("A", "say hi")], &["--start-from", "nowhere"]), &["nowhere"]);
    assert_refused(
        &env.run_batch(&[("A", "say hi")], &["--start-from=--upload-pack=x"]),
        &["--upload-pack=x"],
    );
}

#[test]
fn rows_that_can_not_be_run() {
    let env = TestEnv::new();
    assert_refused(&env.run_batch(&[], &[]), &["no tasks"]);
    assert_refused(&env.run_batch(&[("", "say hi")], &[]), &["name"]);
    assert_refused(&env.run_batch(&[("A", " ")], &[]), &["what to do"]);
    assert_refused(
        &env.run_batch(&[("A", "say hi"), ("A", "say ho")], &[]),
        &["already has this name"],
    );
    assert_refused(&env.run_batch(&[("A", &"x".repeat(100_001))], &[]), &["100001"]);
    let names: Vec<String> = (0..201).map(|n| n.to_string()).collect();
    let tasks: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), "say hi")).collect();
    assert_refused(&env.run_batch(&tasks, &[]), &["201", "200"]);
}

#[test]
fn a_file_that_is_no_batch() {
    let env = TestEnv::new();
    let file = env.root().join("broken.json");
    std::fs::write(&file, "{\"parallel_tasks\": [\n  {\"task_name\": 7}]}").unwrap();
    let mut command = env.regatta(&["run", "--repo"]);
    command.arg(env.project()).arg("--data-dir").arg(env.data_dir()).arg("--file").arg(file);
    assert_refused(&RunOutput::from_output(command.output().unwrap()), &["line 2"]);
}

#[test]
fn an_agent_that_is_not_on_this_computer_names_the_places_looked_in() {
    let env = TestEnv::new();
    let more = ["--agent", "acp", "--command", "no-such-agent-here --acp"];
    assert_refused(&env.run_batch(&[("A", "say hi")], &more), &["no-such-agent-here", "/usr/bin"]);
}

#[test]
fn a_data_folder_in_use_by_another() {
    let env = TestEnv::new();
    let mut first = env
        .run_batch_command(&[("Slow", "wait 30")], &[])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let busy = regatta_tests::wait_until(std::time::Duration::from_secs(20), || {
        env.processes().iter().any(|(_, arguments)| arguments.contains("worker"))
            || env.data_dir().join("regatta.db").exists()
    });
    assert!(busy);
    assert_refused(&env.run_batch(&[("A", "say hi")], &[]), &["Another Regatta"]);
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(first.id().cast_signed()),
        nix::sys::signal::Signal::SIGINT,
    )
    .unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(1), "Ctrl-C stops the batch");
    env.assert_nothing_runs(std::time::Duration::from_secs(2));
}

#[test]
fn a_store_that_is_newer_is_left_as_it_is() {
    let env = TestEnv::new();
    let _ran = env.run_batch(&[("A", "say hi")], &[]);
    let file = env.data_dir().join("regatta.db");
    let store = rusqlite::Connection::open(&file).unwrap();
    store.pragma_update(None, "user_version", 9999).unwrap();
    store.close().unwrap();
    let before = std::fs::read(&file).unwrap();
    assert_refused(&env.run_batch(&[("A", "say hi")], &[]), &["newer"]);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_store_that_is_damaged_is_set_aside_and_a_new_one_begun() {
    let env = TestEnv::new();
    std::fs::create_dir_all(env.data_dir()).unwrap();
    std::fs::write(env.data_dir().join("regatta.db"), vec![7u8; 20_000]).unwrap();
    let ran = env.run_batch(&[("A", "say hi")], &[]);
    assert_eq!(ran.exit_code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("damaged"), "it is said: {}", ran.stderr);
    let kept = std::fs::read_dir(env.data_dir())
        .unwrap()
        .map(|e| e.unwrap())
        .find(|e| e.file_name().to_string_lossy().contains("damaged"))
        .expect("the damaged file is kept");
    assert_eq!(std::fs::read(kept.path()).unwrap(), vec![7u8; 20_000]);
}
