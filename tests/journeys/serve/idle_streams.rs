//! A thousand readers of a batch that says nothing.

use super::{TestServer, read_until, request_body};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use regatta_tests::TestEnv;

const STREAMS: usize = 1_000;
/// Under 100 MB for all of them, and far fewer threads than streams.
const MAX_KB: u64 = 100_000;
const MAX_THREADS: u64 = 64;

/// A number out of what the system says of a process.
fn process_figure(id: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_idle_streams_cost_little_and_no_thread_each() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    let env = TestEnv::new();
    let mut served = TestServer::start(&env, &[]);
    let mut first = served.invoke(&request_body(&env, &[("Quiet", "wait 600")])).await;
    let run = first.head.header("x-regatta-run").to_owned();
    read_until(&mut first, |event| {
        event.data["activity"]["title"].as_str() == Some("Wait 600 seconds")
    })
    .await;
    let id = served.child.id();
    let before = process_figure(id, "VmRSS");
    let mut open = Vec::new();
    for _ in 0..STREAMS {
        let mut pieces = served.events(&run, 0).await;
        assert_eq!(pieces.head.status, 200);
        pieces.next_event().await.expect("the first event");
        open.push(pieces);
    }
    let (after, threads) = (process_figure(id, "VmRSS"), process_figure(id, "Threads"));
    println!("{STREAMS} idle streams: {} KB more, {threads} threads", after.saturating_sub(before));
    assert!(after.saturating_sub(before) < MAX_KB, "{before} KB, then {after} KB");
    assert!(threads < MAX_THREADS, "{threads} threads");
    // They are all still being told what happens.
    let stopped = served.client.request("POST", &format!("/v1/runs/{run}/cancel")).await;
    assert_eq!(stopped.status, 200);
    for pieces in &mut open {
        let events = super::read_rest(pieces).await;
        assert_eq!(events.last().unwrap().kind, "end");
    }
    assert_eq!(served.terminate(), Some(0));
}
