//! The eight shapes of the stream, and that nothing of any of them is left out.

use regatta_client::frame::Event;
use regatta_client::{DecodedEvent, EventPart, decode};
use regatta_protocol::event::{Event as Fact, LineKind, StepKind, StepState};
use regatta_protocol::wire::{self, FactEvent, StatusFact};
use regatta_protocol::{BatchId, Status};

fn decoded(kind: &str, data: &str) -> Vec<EventPart> {
    decoded_event(kind, data, "").parts
}

fn decoded_event(kind: &str, data: &str, id: &str) -> DecodedEvent {
    let kind = if kind.is_empty() { "message" } else { kind };
    decode::decode(Event { event: kind.into(), data: data.into(), id: id.into(), retry: None })
}

fn output(task: Option<&str>, text: &str) -> EventPart {
    let task = task.map(str::to_owned);
    EventPart::Output { task, text: text.into(), kind: LineKind::Stdout, at: None }
}

fn raw(task: Option<&str>, text: &str) -> EventPart {
    EventPart::Raw { task: task.map(str::to_owned), text: text.into() }
}

/// Task, kind, title, detail, text of each step.
fn steps(received: &[EventPart]) -> Vec<(Option<&str>, StepKind, &str, &str, &str)> {
    let steps = received.iter().filter_map(|one| match one {
        EventPart::Step { task, step, text } => {
            Some((task.as_deref(), step.kind, &*step.title, &*step.detail, &**text))
        }
        _ => None,
    });
    steps.collect()
}

#[test]
fn text_comes_in_three_shapes_and_is_the_same() {
    let payload = r#"{"task_name":"testing","stdout":"Running tests for component A...\n"}"#;
    let envelope = format!(r#"{{"event":"custom","data":{payload}}}"#);
    let turned = format!(r#"{{"data":{payload},"event":"custom"}}"#);
    let expected = [output(Some("testing"), "Running tests for component A...\n")];
    assert_eq!(decoded("custom", payload), expected);
    assert_eq!(decoded("", &envelope), expected);
    assert_eq!(decoded("", &turned), expected);
    assert_eq!(decoded("custom", &envelope), expected);
    assert_eq!(decoded("custom|agent:7", payload), expected);
    assert_eq!(decoded("", payload), expected);
    assert_eq!(decoded_event("custom", payload, "12").id, Some(12));
    assert_eq!(decoded_event("custom", payload, "12-0").id, None);
    assert_eq!(decoded_event("custom", payload, "+12").id, None);
    assert_eq!(decoded_event("custom", payload, "").id, None);
}

#[test]
fn escapes_and_every_character_come_through() {
    let text = "\u{0}\u{1f}\"\\/\u{2028}é€😀\r\n\t";
    let payload = serde_json::json!({ "task_name": "a\"b", "stdout": text }).to_string();
    assert_eq!(decoded("custom", &payload), [output(Some("a\"b"), text)]);
    let surrogates = r#"{"stdout":"\ud83d\ude00 \ud83d"}"#;
    assert_eq!(decoded("custom", surrogates), [output(None, "😀 \u{fffd}")]);
}

#[test]
fn the_older_stream_is_shown() {
    let auth = decoded("", r#"{"auth":{"user":"o"}}"#);
    let expected = (None, StepKind::Start, "Checked the access", "", r#"{"user":"o"}"#);
    assert_eq!(steps(&auth), [expected]);
    let setup = decoded("", r#"{"setup":"cloned"}"#);
    assert_eq!(steps(&setup), [(None, StepKind::Copy, "Set up", "", "cloned")]);
    let push = decoded("", r#"{"push":{"branch":"b"},"later":1}"#);
    assert_eq!(steps(&push), [(None, StepKind::Save, "Pushed", "", r#"{"branch":"b"}"#)]);
    assert_eq!(push[1], raw(None, r#"{"later":1}"#));
    let executor = decoded("", r#"{"executor":[{"type":"ai","content":"Hi."},"done"]}"#);
    assert_eq!(steps(&executor), [(None, StepKind::AgentMessage, "Hi.", "", "Hi.")]);
    assert_eq!(executor[1], raw(None, "done"));
}

#[test]
fn what_is_no_json_is_raw() {
    for text in
        ["[DONE]", "plain words", "{\"task_name\":", "{\"stdout\":\"a\",\"stdout\":\"b\"}", "1e999"]
    {
        assert_eq!(decoded("", text), [raw(None, text)], "{text}");
        assert_eq!(decoded("custom", text), [raw(None, &format!("custom: {text}"))], "{text}");
    }
    for text in ["7", "null", "true", "[1,2]", "\"text\""] {
        assert_eq!(decoded("", text), [raw(None, text)], "{text}");
    }
    let deep = "{\"data\":".repeat(100_000);
    assert_eq!(decoded("", &deep), [raw(None, &deep)], "no end of the stack");
}

#[test]
fn unknown_types_and_fields_are_kept() {
    let told = r#"{"task_name":"a","n":1}"#;
    assert_eq!(decoded("values", told), [raw(Some("a"), &format!("values: {told}"))]);
    assert_eq!(decoded("", told), [raw(Some("a"), told)]);
    assert_eq!(decoded("custom", told), [raw(Some("a"), told)]);
    let both = r#"{"task_name":"a","stdout":"x","colour":"red","at":"noon"}"#;
    let found = decoded("custom", both);
    let [text, EventPart::Raw { task, text: rest }] = &found[..] else { panic!("{found:?}") };
    assert_eq!((text, task.as_deref()), (&output(Some("a"), "x"), Some("a")));
    // In which order the fields come isn't promised: it depends on a feature of serde_json.
    let rest: serde_json::Value = serde_json::from_str(rest).expect("JSON");
    assert_eq!(rest, serde_json::json!({ "at": "noon", "colour": "red" }));
    let outside = r#"{"event":"custom","data":{"stdout":"x"},"task_name":"a","v":2}"#;
    let expected = [output(Some("a"), "x"), raw(None, r#"{"v":2}"#)];
    assert_eq!(decoded("", outside), expected);
    let number = r#"{"task_name":7,"stdout":"x"}"#;
    assert_eq!(decoded("custom", number), [output(None, "x"), raw(None, r#"{"task_name":7}"#)]);
    let newer = r#"{"task_name":"a","at":5,"weather":"fine"}"#;
    assert_eq!(decoded("custom", newer), [raw(Some("a"), newer)], "whole, with its time");
}

#[test]
fn a_payload_without_a_task_belongs_to_none() {
    assert_eq!(decoded("custom", r#"{"stdout":"x\n"}"#), [output(None, "x\n")]);
    assert_eq!(decoded("custom", r#"{"task_name":null,"stdout":"x"}"#)[0], output(None, "x"));
}

#[test]
fn updates_are_steps_of_their_task_or_of_the_run() {
    let data = r#"{"run_id":"r1","messages":[
        {"type":"ai","id":"m1","content":"I look.\nThen I write.","task_name":"a"},
        {"type":"ai","content":[{"type":"text","text":"Now."},{"type":"tool_use","id":"c1","name":"bash","input":{"cmd":"ls"}}]},
        {"type":"ai","content":"","tool_calls":[{"name":"write_file","args":{"path":"x"},"id":"c2"}]},
        {"type":"tool","name":"write_file","tool_call_id":"c2","content":"ok","status":"error"},
        {"type":"human","content":"go on","mood":"good"},
        "bare"],"stream_events":[]}"#;
    let received = decoded("updates", data);
    let run = EventPart::Run { run_id: Some("r1".into()), thread_id: None, task: None };
    assert_eq!(received[0], run);
    let expected = [
        (Some("a"), StepKind::AgentMessage, "I look.", "", "I look.\nThen I write."),
        (None, StepKind::AgentMessage, "Now.", "", "Now."),
        (None, StepKind::Run, "bash", r#"{"cmd":"ls"}"#, ""),
        (None, StepKind::Edit, "write_file", r#"{"path":"x"}"#, ""),
        (None, StepKind::Edit, "write_file", "", "ok"),
        (None, StepKind::Other, "go on", "", "go on"),
    ];
    assert_eq!(steps(&received), expected);
    let states: Vec<StepState> = received.iter().filter_map(state).collect();
    let (working, failed) = (StepState::Working, StepState::Failed);
    assert_eq!(states[2..5], [working, working, failed]);
    assert_eq!(received[7..], [raw(None, r#"{"mood":"good"}"#), raw(None, "bare")]);
    let envelope = format!(r#"{{"event":"updates","data":{data}}}"#);
    assert_eq!(decoded("", &envelope), received);
}

fn state(received: &EventPart) -> Option<StepState> {
    match received {
        EventPart::Step { step, .. } => Some(step.state),
        _ => None,
    }
}

#[test]
fn a_graphs_own_updates_are_read_too() {
    let data = r#"{"agent":{"messages":[{"type":"ai","content":"Hi."}],"left":3}}"#;
    let received = decoded("updates", data);
    assert_eq!(steps(&received), [(None, StepKind::AgentMessage, "Hi.", "", "Hi.")]);
    assert_eq!(received[1], raw(None, r#"{"agent":{"left":3}}"#));
    let run = EventPart::Run { run_id: Some("r".into()), thread_id: None, task: None };
    assert_eq!(decoded("metadata", r#"{"run_id":"r"}"#), [run]);
}

#[test]
fn the_last_words_are_known() {
    assert_eq!(decoded("end", "null"), [EventPart::Ended { end: None }]);
    assert_eq!(decoded("end", ""), [EventPart::Ended { end: None }]);
    assert_eq!(decoded("end", "{}"), [EventPart::Ended { end: None }]);
    let other = decoded("end", r#"{"why":"done"}"#);
    assert_eq!(other, [raw(None, r#"{"why":"done"}"#), EventPart::Ended { end: None }]);
    let failed = |message: &str| EventPart::Failed { task: None, message: message.into() };
    let both = r#"{"error":"ValueError","message":"no such branch"}"#;
    assert_eq!(decoded("error", both), [failed("ValueError: no such branch")]);
    assert_eq!(decoded("error", "boom"), [failed("boom")]);
    assert!(decoded("error", "boom").iter().all(EventPart::is_terminal));
    assert!(!decoded("", "[DONE]").iter().any(EventPart::is_terminal), "nobody said what it means");
}

#[test]
fn what_our_server_says_comes_back_as_it_was() {
    let status = StatusFact { status: Status::Working, notice: None };
    let told = FactEvent { task_name: "a".into(), at: 7, fact: wire::Fact::Status(status) };
    let data = serde_json::to_string(&told).expect("JSON");
    let event = Fact::Status { status: Status::Working, notice: None };
    assert_eq!(decoded("custom", &data), [EventPart::Fact { task: "a".into(), at: 7, event }]);

    let printed = wire::OutputEvent {
        task_name: "a".into(),
        stdout: "x\n".into(),
        kind: Some(LineKind::Stderr),
        at: Some(8),
    };
    let data = serde_json::to_string(&printed).expect("JSON");
    let expected = EventPart::Output {
        task: Some("a".into()),
        text: "x\n".into(),
        kind: LineKind::Stderr,
        at: Some(8),
    };
    assert_eq!(decoded("custom", &data), [expected]);

    let run_id = BatchId::parse("b1").expect("an id");
    let update = wire::Update {
        run_id,
        task_name: "a".into(),
        thread_id: "t1".into(),
        attempt: 2,
        continues: true,
        messages: vec![],
        stream_events: vec![],
    };
    let data = serde_json::to_string(&update).expect("JSON");
    let task = || "a".to_owned();
    let run = EventPart::Run {
        run_id: Some("b1".into()),
        thread_id: Some("t1".into()),
        task: Some(task()),
    };
    let attempt = EventPart::Attempt { task: task(), number: 2, continues: true };
    assert_eq!(decoded("updates", &data), [run, attempt]);

    let end = wire::End { status: Status::Finished, last_seq: 9, tasks: vec![] };
    let data = serde_json::to_string(&end).expect("JSON");
    assert_eq!(decoded("end", &data), [EventPart::Ended { end: Some(end) }]);
    assert_eq!(decoded("custom", r#"{"task_name":"a"}"#), [], "an entry that nobody understands");
}

#[test]
fn every_fact_of_a_worker_is_taken_apart_and_put_together() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../protocol/fixtures");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("fixtures") {
        let path = entry.expect("an entry").path();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let Ok(told) = serde_json::from_str::<FactEvent>(&text) else { continue };
        let event = told.fact.into_event();
        let expected = EventPart::Fact { task: told.task_name, at: told.at, event };
        assert_eq!(decoded("custom", &text), [expected], "{}", path.display());
        seen += 1;
    }
    assert!(seen > 0, "fixtures of facts");
}

#[test]
fn an_end_may_come_without_a_word_about_it() {
    let ended = [EventPart::Ended { end: None }];
    for (kind, data) in [
        ("", r#"{"event":"end","data":null}"#),
        ("end", r#"{"event":"end","data":null}"#),
        ("", r#"{"event":"end","data":{}}"#),
        ("", r#"{"event":"end","data":""}"#),
        ("end", "null"),
        ("end", "{}"),
    ] {
        assert_eq!(decoded(kind, data), ended, "{kind} {data}");
    }
    for data in [r#"{"event":"custom","data":null}"#, r#"{"event":"ending","data":null}"#] {
        assert_eq!(decoded("", data), [raw(None, data)]);
    }
}

#[test]
fn half_a_surrogate_pair_is_replaced_in_the_text_of_its_task() {
    let payload = r#"{"task_name":"a","stdout":"x\ud83d y\n"}"#;
    let expected = [output(Some("a"), "x\u{fffd} y\n")];
    assert_eq!(decoded("custom", payload), expected);
    assert_eq!(decoded("", &format!(r#"{{"event":"custom","data":{payload}}}"#)), expected);
    let escaped = r#"{"task_name":"a","stdout":"x\\ud83d\n"}"#;
    assert_eq!(decoded("custom", escaped), [output(Some("a"), "x\\ud83d\n")]);
}
