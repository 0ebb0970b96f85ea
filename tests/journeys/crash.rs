//! The engine is killed at random moments: what was shown is kept, and nothing runs on.

use regatta_tests::TestEnv;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Moments, spread without a random generator so that each run tries the same ones.
const KILLS: u64 = 50;

#[test]
fn whatever_was_shown_is_in_the_store_after_a_kill_at_any_moment() {
    for kill in 0..KILLS {
        // A fixed, uneven spread from the first instant to well into the work.
        let after = Duration::from_millis((kill * 7919) % 1_700);
        let env = TestEnv::new();
        let shown = run_and_kill(&env, after);
        env.assert_nothing_runs(Duration::from_secs(10));
        check_store(&env, &shown, kill);
    }
}

/// Starts a loud batch, kills the engine `after` that long, and returns what it had shown.
fn run_and_kill(env: &TestEnv, after: Duration) -> Vec<Value> {
    let loud = "print 20000 lines\nwrite a.txt: a\nprint 20000 lines\nwait 60";
    let mut engine = env
        .run_batch_command(&[("A", loud), ("B", loud), ("C", loud)], &[])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = engine.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let lines = BufReader::new(out).lines().map_while(Result::ok);
        // A last line that was cut off by the kill was not shown.
        lines.filter_map(|line| serde_json::from_str(&line).ok()).collect::<Vec<Value>>()
    });
    let end = Instant::now() + after;
    std::thread::sleep(end.saturating_duration_since(Instant::now()));
    engine.kill().unwrap();
    engine.wait().unwrap();
    reader.join().unwrap()
}

fn check_store(env: &TestEnv, shown: &[Value], kill: u64) {
    let file = env.data_dir().join("regatta.db");
    if shown.is_empty() && !file.exists() {
        return;
    }
    let kept = env.run_on_batch("show", "journey", &["--json"]);
    if shown.is_empty() && kept.exit_code == Some(2) {
        return; // killed before the batch was there
    }
    assert_eq!(kept.exit_code, Some(0), "kill {kill}: {}", kept.stderr);
    let kept = kept.events();
    assert_eq!(&kept[..shown.len()], shown, "kill {kill}: what was shown is kept");
    let store = rusqlite::Connection::open(&file).unwrap();
    let check: String = store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok", "kill {kill}");
}
