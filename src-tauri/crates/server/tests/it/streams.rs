//! Streams: each entry once, at the reader's own pace, and nobody else's.

use crate::http_client::SseEvent;
use crate::server_env::ServerEnv;
use regatta_server::Limits;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_holds_up_nobody_and_loses_nothing() {
    let env = ServerEnv::new().await;
    let mut slow = env.start_batch(&["Loud"]).await;
    let run = slow.head.header("x-regatta-run").to_owned();
    // Everything else goes its way while the first reader has read nothing.
    env.run_batch(&["Finish"]).await;
    let mut quick = env.open_events(&run, 0).await;
    quick.read_to_end().await;
    assert!(quick.is_complete());
    let mut events = Vec::new();
    while let Some(event) = slow.next_event().await {
        events.push(event);
    }
    let ids: Vec<u64> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids, (1..=events.len() as u64).collect::<Vec<_>>());
    let printed: String = events.iter().filter_map(|event| event.data["stdout"].as_str()).collect();
    let lines: Vec<&str> = printed.lines().filter(|line| line.ends_with('7')).collect();
    assert_eq!(lines.len(), 20_000);
    for (number, line) in lines.iter().enumerate() {
        assert!(line.starts_with(&format!("{number} ")), "{number}");
    }
    assert_eq!(events.last().map(|event| event.kind.as_str()), Some("end"));
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_a_connection_cancels_nothing() {
    let env = ServerEnv::new().await;
    let mut pieces = env.start_batch(&["Wait", "Wait"]).await;
    let run = pieces.head.header("x-regatta-run").to_owned();
    read_until_status(&mut pieces, "working").await;
    drop(pieces);
    let task = env.client.request("POST", &format!("/v1/runs/{run}/tasks/t0/cancel")).await;
    assert_eq!(task.status, 200, "{}", task.text());
    let mut pieces = env.open_events(&run, 0).await;
    read_until_status(&mut pieces, "stopped").await;
    let detail = env.client.request("GET", &format!("/v1/runs/{run}")).await.json();
    assert_eq!(detail["tasks"][0]["status"], json!("stopped"));
    assert_eq!(detail["tasks"][1]["status"], json!("working"), "it works on");
    assert_eq!(detail["status"], json!("working"));
    let cancelled = env.client.request("POST", &format!("/v1/runs/{run}/cancel")).await;
    assert_eq!(cancelled.status, 200);
    pieces.read_to_end().await;
    let detail = env.client.request("GET", &format!("/v1/runs/{run}")).await.json();
    assert_eq!(detail["status"], json!("stopped"));
    let twice = env.client.request("POST", &format!("/v1/runs/{run}/tasks/t1/cancel")).await;
    assert_eq!((twice.status, twice.error_code().as_str()), (409, "wrong_state"));
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_task_goes_on_in_the_same_log_and_both_ends_say_what_was_so() {
    let env = ServerEnv::new().await;
    let first = env.run_batch(&["Finish", "Finish"]).await;
    let run = first.header("x-regatta-run").to_owned();
    let retried = env.client.request("POST", &format!("/v1/runs/{run}/tasks/t1/retry")).await;
    assert_eq!((retried.status, retried.json()["attempt"].clone()), (200, json!(2)));
    let mut whole = env.open_events(&run, 0).await;
    let mut events = Vec::new();
    while let Some(event) = whole.next_event().await {
        events.push(event);
    }
    let before = first.events();
    assert_eq!(events[..before.len()], before[..], "what was sent once is sent the same again");
    let ends: Vec<&SseEvent> = events.iter().filter(|event| event.kind == "end").collect();
    assert_eq!(ends.len(), 2);
    assert_eq!(ends[1].id, events.len() as u64, "the last word");
    let mut rest = env.open_events(&run, before.len() as u64).await;
    let update = rest.next_event().await.expect("the attempt");
    assert_eq!((update.kind.as_str(), &update.data["attempt"]), ("updates", &json!(2)));
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_header_wins_over_the_query_and_both_begin_after_a_number() {
    let env = ServerEnv::new().await;
    let all = env.run_batch(&["Finish"]).await;
    let run = all.header("x-regatta-run").to_owned();
    let all = all.events();
    let mut headers = env.client.headers();
    headers.push(("last-event-id", "3".into()));
    let path = format!("/v1/runs/{run}/events?after=1");
    let after_3 = env.client.send("GET", &path, &headers, b"").await;
    assert_eq!(after_3.events(), all[3..]);
    assert_eq!(env.client.request("GET", &path).await.events(), all[1..]);
    // All of it was read: a client that keeps to the standard asks no more.
    for after in [all.len(), 100] {
        let path = format!("/v1/runs/{run}/events?after={after}");
        let beyond = env.client.request("GET", &path).await;
        assert_eq!((beyond.status, beyond.text().as_str()), (204, ""), "{after}");
    }
    let last = format!("/v1/runs/{run}/events?after={}", all.len() - 1);
    assert_eq!(env.client.request("GET", &last).await.events(), all[all.len() - 1..]);
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_broken_by_signs_of_life_and_the_end_of_the_server_ends_streams() {
    let heartbeat = Duration::from_millis(100);
    let env =
        ServerEnv::with_limits(Limits { heartbeat_interval: heartbeat, ..Limits::default() }).await;
    let mut pieces = env.start_batch(&["Wait"]).await;
    read_until_status(&mut pieces, "working").await;
    let mut signs = 0;
    while signs < 3 {
        let block = pieces.next_block().await.expect("a block");
        signs += usize::from(block == ": still here\n\n");
    }
    let reading = tokio::spawn(async move {
        read_until_status(&mut pieces, "stopped").await;
        let end = pieces.next_event().await.expect("an end");
        pieces.read_to_end().await;
        (end.kind, pieces.is_complete())
    });
    env.shut_down().await;
    assert_eq!(reading.await.unwrap(), ("end".to_owned(), true));
}

/// Reads on until a task has this status.
async fn read_until_status(pieces: &mut crate::http_client::StreamingResponse, status: &str) {
    loop {
        let event = pieces.next_event().await.expect("the stream goes on");
        if event.status() == status {
            return;
        }
    }
}
