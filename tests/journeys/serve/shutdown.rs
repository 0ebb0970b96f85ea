//! However the server ends, a reader gets everything, once.

use super::{TestServer, read_rest, read_until, request_body};
use nix::sys::signal::Signal;
use regatta_tests::TestEnv;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn each_signal_to_end_stops_tasks_and_ends_streams_with_their_last_word() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        check_end_by(signal).await;
    }
}

async fn check_end_by(signal: Signal) {
    let env = TestEnv::new();
    let mut served = TestServer::start(&env, &[]);
    let body = request_body(&env, &[("A", "write a.txt: a\nwait 600"), ("B", "wait 600")]);
    let mut pieces = served.invoke(&body).await;
    read_until(&mut pieces, |event| event.status() == "working").await;
    let reading = tokio::spawn(async move { (read_rest(&mut pieces).await, pieces.is_complete()) });
    let code = tokio::task::spawn_blocking(move || served.end_with_signal(signal)).await.unwrap();
    let (events, is_whole) = reading.await.unwrap();
    assert_eq!((code, is_whole), (Some(0), true));
    let end = events.last().unwrap();
    assert_eq!((end.kind.as_str(), &end.data["status"]), ("end", &json!("stopped")));
    env.assert_nothing_runs(Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_to_outlive_its_terminal_does() {
    let env = TestEnv::new();
    let command = super::serve_command(&env, &[]);
    // As `nohup` starts it: what it inherits is that the signal is ignored.
    let mut nohup = std::process::Command::new("env");
    nohup.arg("--ignore-signal=HUP").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            nohup.env(name, value);
        }
    }
    let mut served = TestServer::spawn(&env, nohup);
    served.signal(Signal::SIGHUP);
    assert_eq!(served.client.request("GET", "/healthz").await.status, 200);
    let code = tokio::task::spawn_blocking(move || served.terminate()).await.unwrap();
    assert_eq!(code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_in_mid_work_a_reader_goes_on_without_a_gap() {
    let env = TestEnv::new();
    let loud = "print 300 lines\nwrite a.txt: a\nprint 300 lines\nwait 600";
    let tasks = request_body(&env, &[("A", loud), ("B", loud), ("Later", "wait 1")]);
    let mut served = TestServer::start(&env, &["--max-parallel", "2"]);
    let mut pieces = served.invoke(&tasks).await;
    let run = pieces.head.header("x-regatta-run").to_owned();
    let is_far = |event: &super::SseEvent| {
        let title = event.data["activity"]["title"].as_str();
        event.data["task_name"] == "A" && title == Some("Wait 600 seconds")
    };
    let mut seen = read_until(&mut pieces, is_far).await;
    served.kill();
    // What was on its way still comes; then the connection is gone without a last chunk.
    seen.extend(read_rest(&mut pieces).await);
    assert!(!pieces.is_complete());
    env.assert_nothing_runs(Duration::from_secs(10));

    let mut again = TestServer::start(&env, &[]);
    let last = seen.last().unwrap().id;
    let mut pieces = again.events(&run, last).await;
    let more = read_rest(&mut pieces).await;
    assert!(pieces.is_complete());
    let ids: Vec<u64> = seen.iter().chain(&more).map(|event| event.id).collect();
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>(), "dense, without a gap");
    let whole = again.client.request("GET", &format!("/v1/runs/{run}/events")).await.events();
    let joined: Vec<_> = seen.into_iter().chain(more).collect();
    assert_eq!(whole, joined, "the whole log is what came in two parts");

    let end = whole.last().unwrap();
    assert_eq!((end.kind.as_str(), &end.data["status"]), ("end", &json!("interrupted")));
    for task in ["A", "B", "Later"] {
        let told = whole.iter().rev().find(|e| e.data["task_name"] == task && e.status() != "");
        let status = &told.unwrap().data["status"];
        assert_eq!(status["status"], json!("interrupted"), "{task}");
        let outcome = whole
            .iter()
            .rev()
            .find(|e| e.data["task_name"] == task && !e.data["outcome"].is_null());
        let notice = &outcome.unwrap().data["outcome"]["notice"];
        assert_eq!(notice["code"], json!("interrupted"), "{task} says why");
    }
    let a = end.data["tasks"].as_array().unwrap().iter().find(|task| task["task_name"] == "A");
    assert!(a.unwrap()["commit"].is_string(), "what A did is kept: {a:?}");
    assert_eq!(again.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_reads_nothing_or_goes_away_holds_up_neither_work_nor_the_end() {
    let env = TestEnv::new();
    let mut served = TestServer::start(&env, &[]);
    let loud = request_body(&env, &[("Loud", "print 100000 lines\nwrite a.txt: a")]);
    let stuck = served.invoke(&loud).await;
    let gone = served.invoke(&loud).await;
    let runs = [&stuck, &gone].map(|pieces| pieces.head.header("x-regatta-run").to_owned());
    drop(gone);
    for run in &runs {
        let events = read_rest(&mut served.events(run, 0).await).await;
        assert_eq!(
            super::printed_text(&events, "Loud").lines().count(),
            100_001,
            "and one of changes"
        );
        assert_eq!(events.last().unwrap().data["status"], json!("finished"));
    }
    let begun = std::time::Instant::now();
    let code = tokio::task::spawn_blocking(move || served.terminate()).await.unwrap();
    assert_eq!(code, Some(0));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    drop(stuck);
}
