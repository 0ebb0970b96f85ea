//! Streams: each entry once, at the reader's own pace, and nobody else's.

use crate::caller::Sent;
use crate::dock::Dock;
use regatta_server::Limits;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_holds_up_nobody_and_loses_nothing() {
    let dock = Dock::new().await;
    let mut slow = dock.start(&["Loud"]).await;
    let run = slow.head.header("x-regatta-run").to_owned();
    // Everything else goes its way while the first reader has read nothing.
    dock.run(&["Finish"]).await;
    let mut quick = dock.events(&run, 0).await;
    quick.rest().await;
    assert!(quick.is_whole());
    let mut events = Vec::new();
    while let Some(event) = slow.event().await {
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
    dock.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_a_connection_cancels_nothing() {
    let dock = Dock::new().await;
    let mut pieces = dock.start(&["Wait", "Wait"]).await;
    let run = pieces.head.header("x-regatta-run").to_owned();
    until(&mut pieces, "working").await;
    drop(pieces);
    let task = dock.caller.ask("POST", &format!("/v1/runs/{run}/tasks/t0/cancel")).await;
    assert_eq!(task.status, 200, "{}", task.text());
    let mut pieces = dock.events(&run, 0).await;
    until(&mut pieces, "stopped").await;
    let detail = dock.caller.ask("GET", &format!("/v1/runs/{run}")).await.json();
    assert_eq!(detail["tasks"][0]["status"], json!("stopped"));
    assert_eq!(detail["tasks"][1]["status"], json!("working"), "it works on");
    assert_eq!(detail["status"], json!("working"));
    let cancelled = dock.caller.ask("POST", &format!("/v1/runs/{run}/cancel")).await;
    assert_eq!(cancelled.status, 200);
    pieces.rest().await;
    let detail = dock.caller.ask("GET", &format!("/v1/runs/{run}")).await.json();
    assert_eq!(detail["status"], json!("stopped"));
    let twice = dock.caller.ask("POST", &format!("/v1/runs/{run}/tasks/t1/cancel")).await;
    assert_eq!((twice.status, twice.code().as_str()), (409, "wrong_state"));
    dock.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_task_goes_on_in_the_same_log_and_both_ends_say_what_was_so() {
    let dock = Dock::new().await;
    let first = dock.run(&["Finish", "Finish"]).await;
    let run = first.header("x-regatta-run").to_owned();
    let retried = dock.caller.ask("POST", &format!("/v1/runs/{run}/tasks/t1/retry")).await;
    assert_eq!((retried.status, retried.json()["attempt"].clone()), (200, json!(2)));
    let mut whole = dock.events(&run, 0).await;
    let mut events = Vec::new();
    while let Some(event) = whole.event().await {
        events.push(event);
    }
    let before = first.events();
    assert_eq!(events[..before.len()], before[..], "what was sent once is sent the same again");
    let ends: Vec<&Sent> = events.iter().filter(|event| event.kind == "end").collect();
    assert_eq!(ends.len(), 2);
    assert_eq!(ends[1].id, events.len() as u64, "the last word");
    let mut rest = dock.events(&run, before.len() as u64).await;
    let update = rest.event().await.expect("the attempt");
    assert_eq!((update.kind.as_str(), &update.data["attempt"]), ("updates", &json!(2)));
    dock.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_header_wins_over_the_query_and_both_begin_after_a_number() {
    let dock = Dock::new().await;
    let all = dock.run(&["Finish"]).await;
    let run = all.header("x-regatta-run").to_owned();
    let all = all.events();
    let mut headers = dock.caller.headers();
    headers.push(("last-event-id", "3".into()));
    let path = format!("/v1/runs/{run}/events?after=1");
    let after_3 = dock.caller.send("GET", &path, &headers, b"").await;
    assert_eq!(after_3.events(), all[3..]);
    assert_eq!(dock.caller.ask("GET", &path).await.events(), all[1..]);
    let beyond = dock.caller.ask("GET", &format!("/v1/runs/{run}/events?after=100")).await;
    assert_eq!((beyond.status, beyond.text().as_str()), (200, ""));
    dock.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_broken_by_signs_of_life_and_the_end_of_the_server_ends_streams() {
    let heartbeat = Duration::from_millis(100);
    let dock = Dock::with(Limits { heartbeat, ..Limits::default() }).await;
    let mut pieces = dock.start(&["Wait"]).await;
    until(&mut pieces, "working").await;
    let mut signs = 0;
    while signs < 3 {
        let block = pieces.block().await.expect("a block");
        signs += usize::from(block == ": still here\n\n");
    }
    let reading = tokio::spawn(async move {
        until(&mut pieces, "stopped").await;
        let end = pieces.event().await.expect("an end");
        pieces.rest().await;
        (end.kind, pieces.is_whole())
    });
    dock.end().await;
    assert_eq!(reading.await.unwrap(), ("end".to_owned(), true));
}

/// Reads on until a task has this status.
async fn until(pieces: &mut crate::caller::Pieces, status: &str) {
    loop {
        let event = pieces.event().await.expect("the stream goes on");
        if event.status() == status {
            return;
        }
    }
}
