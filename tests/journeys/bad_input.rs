//! Input that can't be run: said before anything starts, exit code 2, nothing made.

use regatta_tests::{Ran, Yard};

fn refused(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    for word in words {
        assert!(ran.err.contains(word), "{word:?} is said: {}", ran.err);
    }
    assert!(!ran.out.contains("\"event\""), "nothing was started: {}", ran.out);
}

#[test]
fn a_folder_that_is_no_repository() {
    let yard = Yard::empty();
    refused(&yard.run(&[("A", "say hi")], &[]), &["history"]);
}

#[test]
fn a_repository_without_a_commit() {
    let yard = Yard::empty();
    yard.git(&["init", "--quiet"]);
    refused(&yard.run(&[("A", "say hi")], &[]), &["first version"]);
}

#[test]
fn a_folder_that_is_not_there() {
    let yard = Yard::empty();
    std::fs::remove_dir(yard.project()).unwrap();
    refused(&yard.run(&[("A", "say hi")], &[]), &["project"]);
}

#[test]
fn a_branch_that_is_not_there() {
    let yard = Yard::new();
    refused(&yard.run(&[("A", "say hi")], &["--start-from", "nowhere"]), &["nowhere"]);
    refused(&yard.run(&[("A", "say hi")], &["--start-from=--upload-pack=x"]), &["--upload-pack=x"]);
}

#[test]
fn rows_that_can_not_be_run() {
    let yard = Yard::new();
    refused(&yard.run(&[], &[]), &["no tasks"]);
    refused(&yard.run(&[("", "say hi")], &[]), &["name"]);
    refused(&yard.run(&[("A", " ")], &[]), &["what to do"]);
    refused(&yard.run(&[("A", "say hi"), ("A", "say ho")], &[]), &["already has this name"]);
    refused(&yard.run(&[("A", &"x".repeat(100_001))], &[]), &["100001"]);
    let names: Vec<String> = (0..201).map(|n| n.to_string()).collect();
    let tasks: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), "say hi")).collect();
    refused(&yard.run(&tasks, &[]), &["201", "200"]);
}

#[test]
fn a_file_that_is_no_batch() {
    let yard = Yard::new();
    let file = yard.root().join("broken.json");
    std::fs::write(&file, "{\"parallel_tasks\": [\n  {\"task_name\": 7}]}").unwrap();
    let mut command = yard.regatta(&["run", "--repo"]);
    command.arg(yard.project()).arg("--data-dir").arg(yard.data()).arg("--file").arg(file);
    refused(&Ran::of(command.output().unwrap()), &["line 2"]);
}

#[test]
fn an_agent_that_is_not_on_this_computer_names_the_places_looked_in() {
    let yard = Yard::new();
    let more = ["--agent", "acp", "--command", "no-such-agent-here --acp"];
    refused(&yard.run(&[("A", "say hi")], &more), &["no-such-agent-here", "/usr/bin"]);
}

#[test]
fn a_data_folder_in_use_by_another() {
    let yard = Yard::new();
    let mut first = yard
        .run_command(&[("Slow", "wait 30")], &[])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let busy = regatta_tests::wait_until(std::time::Duration::from_secs(20), || {
        yard.processes().iter().any(|(_, arguments)| arguments.contains("worker"))
            || yard.data().join("regatta.db").exists()
    });
    assert!(busy);
    refused(&yard.run(&[("A", "say hi")], &[]), &["Another Regatta"]);
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(first.id().cast_signed()),
        nix::sys::signal::Signal::SIGINT,
    )
    .unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(1), "Ctrl-C stops the batch");
    yard.assert_nothing_runs(std::time::Duration::from_secs(2));
}

#[test]
fn a_store_that_is_newer_is_left_as_it_is() {
    let yard = Yard::new();
    let _ran = yard.run(&[("A", "say hi")], &[]);
    let file = yard.data().join("regatta.db");
    let store = rusqlite::Connection::open(&file).unwrap();
    store.pragma_update(None, "user_version", 9999).unwrap();
    store.close().unwrap();
    let before = std::fs::read(&file).unwrap();
    refused(&yard.run(&[("A", "say hi")], &[]), &["newer"]);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_store_that_is_damaged_is_set_aside_and_a_new_one_begun() {
    let yard = Yard::new();
    std::fs::create_dir_all(yard.data()).unwrap();
    std::fs::write(yard.data().join("regatta.db"), vec![7u8; 20_000]).unwrap();
    let ran = yard.run(&[("A", "say hi")], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("damaged"), "it is said: {}", ran.err);
    let kept = std::fs::read_dir(yard.data())
        .unwrap()
        .map(|e| e.unwrap())
        .find(|e| e.file_name().to_string_lossy().contains("damaged"))
        .expect("the damaged file is kept");
    assert_eq!(std::fs::read(kept.path()).unwrap(), vec![7u8; 20_000]);
}
