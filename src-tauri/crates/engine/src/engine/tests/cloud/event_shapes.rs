//! However a service says it, it comes out as the same thing.

use super::*;
use regatta_protocol::event::LineKind;

/// Each shape of the documentation, saying that the task printed "hello".
const PRINTED_SHAPES: [(&str, &str); 6] = [
    (
        "1: type and payload",
        "event: custom\ndata: {\"task_name\":\"one\",\"stdout\":\"hello\\n\"}\n\n",
    ),
    (
        "2: the envelope as it is printed",
        "data: {\"event\":\"custom\",\"data\":{\"task_name\":\"one\",\"stdout\":\"hello\\n\"}}\n\n",
    ),
    (
        "3: both",
        "event: custom\ndata: {\"event\":\"custom\",\"data\":{\"task_name\":\"one\",\"stdout\":\"hello\\n\"}}\n\n",
    ),
    (
        "6: fields that nobody knows",
        "event: custom|a:1\ndata: {\"task_name\":\"one\",\"stdout\":\"hello\\n\"}\n\n",
    ),
    ("7: no name", "event: custom\ndata: {\"stdout\":\"hello\\n\"}\n\n"),
    (
        "ours",
        "id: 1\nevent: custom\ndata: {\"task_name\":\"one\",\"stdout\":\"hello\\n\",\"at\":5}\n\n",
    ),
];

/// What is kept and shown although it is none of these.
const OTHER_SHAPES: [(&str, &str, &str); 4] = [
    ("4: the older stream", "data: {\"setup\":{\"step\":\"cloned it\"}}\n\n", "cloned it"),
    ("5: no JSON", "data: [DONE]\n\n", "[DONE]"),
    ("6: a type that nobody knows", "event: later\ndata: {\"x\":\"novel\"}\n\n", "novel"),
    (
        "8: a step that says something",
        "event: updates\ndata: {\"run_id\":\"r\",\"messages\":[{\"type\":\"ai\",\"content\":\"I look\"}],\"stream_events\":[]}\n\n",
        "I look",
    ),
];

/// Starts one task, has the endpoint say this and end, and gives the task's lines.
async fn lines_of_stream(text: &str) -> Vec<(LineKind, String)> {
    let mut fixture = EndpointFixture::new().await;
    let engine = fixture.engine.open().await;
    let detail = fixture.start(&engine, &["one"]).await;
    let task = detail.tasks[0].id.clone();
    let mut call = fixture.endpoint.next_call().await;
    call.start_stream(false).await;
    call.send_raw(text).await;
    send_foreign_event(&mut call, "end", json!({})).await;
    drop(call);
    wait_for_status(&engine, &task, Status::Finished).await;
    let page = engine.read_lines(&task, 0, 99).await.unwrap();
    engine.close().await;
    let lines = page.lines.into_iter().filter(|line| line.kind != LineKind::Note);
    lines.map(|line| (line.kind, line.text)).collect()
}

#[tokio::test]
async fn every_shape_of_printed_text_is_the_same_line() {
    for (shape, text) in PRINTED_SHAPES {
        assert_eq!(
            lines_of_stream(text).await,
            [(LineKind::Stdout, "hello".to_owned())],
            "{shape}"
        );
    }
}

#[tokio::test]
async fn what_is_not_printed_text_is_kept_all_the_same() {
    for (shape, text, wanted) in OTHER_SHAPES {
        let lines = lines_of_stream(text).await;
        assert!(lines.iter().any(|(_, line)| line.contains(wanted)), "{shape}: {lines:?}");
    }
}
