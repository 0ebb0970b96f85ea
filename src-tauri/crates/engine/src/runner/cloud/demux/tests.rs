#![expect(clippy::unwrap_used, reason = "a test may fail anywhere")]

use super::*;
use proptest::prelude::*;
use regatta_protocol::{ErrorCode, Status, UserMessage};

fn demux(names: &[&str]) -> Demux {
    Demux::new(names.iter().map(|name| ((*name).to_owned(), 0)).collect(), 0)
}

fn printed(task: &str, text: &str, id: Option<u64>) -> DecodedEvent {
    let task = Some(task.to_owned()).filter(|task| !task.is_empty());
    let received = EventPart::Output { task, text: text.into(), kind: LineKind::Stdout, at: None };
    DecodedEvent { id, parts: vec![received] }
}

fn fact(task: &str, id: Option<u64>) -> DecodedEvent {
    let event = Event::Status { status: Status::Working, notice: None };
    DecodedEvent { id, parts: vec![EventPart::Fact { task: task.into(), at: 1, event }] }
}

/// Whose text it is, the text and its number.
fn demuxed(split: &mut Demux, items: Vec<DecodedEvent>) -> Vec<(Target, String, Option<u64>)> {
    items.into_iter().flat_map(|item| split.push(item, 1)).map(text_of).collect()
}

fn text_of(said: DemuxEvent) -> (Target, String, Option<u64>) {
    match said {
        DemuxEvent::Event(TargetedEvent { target, event, remote_seq, .. }) => match event {
            Event::Output { text, .. } => (target, text, remote_seq),
            _ => (target, "fact".into(), remote_seq),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn pieces_become_whole_lines_of_their_task() {
    let mut split = demux(&["a", "b"]);
    let items = vec![
        printed("a", "on", None),
        printed("b", "x\n", None),
        printed("a", "e\ntwo\nthr", None),
        fact("a", None),
        printed("a", "ee\n", None),
        printed("c", "who\n", None),
        printed("", "all\n", None),
        printed("a", "\n", None),
        printed("b", "left", None),
    ];
    let (a, b) = (Target::Task(0), Target::Task(1));
    let expected = [
        (b, "x"),
        (a, "one\ntwo"),
        (a, "fact"),
        (a, "three"),
        (Target::Batch, "who"),
        (Target::Batch, "all"),
        (a, ""),
    ];
    let expected: Vec<_> = expected.map(|(to, text)| (to, text.to_owned(), None)).into();
    assert_eq!(demuxed(&mut split, items), expected);
    assert_eq!(split.flush(a), None);
    let left = split.flush(b).map(|event| text_of(DemuxEvent::Event(event)));
    assert_eq!(left, Some((b, "left".into(), None)));
    assert_eq!(split.flush(b), None);
}

#[test]
fn what_names_nobody_belongs_to_the_only_task() {
    let mut split = demux(&["a"]);
    let items = vec![printed("", "x\n", None), printed("unknown", "y\n", None)];
    let lines = demuxed(&mut split, items);
    assert!(lines.iter().all(|(to, ..)| *to == Target::Task(0)), "{lines:?}");
}

#[test]
fn a_number_never_passes_text_that_is_not_told() {
    let mut split = demux(&["a"]);
    let items = vec![
        printed("a", "one\ntw", Some(1)),
        printed("a", "o\n", Some(2)),
        printed("a", "thr", Some(3)),
        fact("a", Some(4)),
        printed("a", "ee\n", Some(5)),
    ];
    let expected = [("one\ntwo", Some(2)), ("thr", None), ("fact", Some(4)), ("ee", Some(5))];
    let got = demuxed(&mut split, items);
    let got: Vec<_> = got.iter().map(|(_, text, wire)| (text.as_str(), *wire)).collect();
    assert_eq!(got, expected);
}

#[test]
fn what_was_taken_before_is_left_out_for_each_task_by_itself() {
    let mut split = Demux::new(vec![("a".into(), 2), ("b".into(), 0)], 0);
    let items = (1..=4).map(|n| printed(if n % 2 == 0 { "a" } else { "b" }, "x\n", Some(n)));
    let numbers: Vec<_> =
        demuxed(&mut split, items.collect()).into_iter().map(|(_, _, wire)| wire).collect();
    assert_eq!(numbers, [Some(1), Some(3), Some(4)]);
}

proptest! {
    #[test]
    fn however_text_is_cut_the_lines_are_the_same(
        lines in prop::collection::vec((0usize..3, "[a-zé ]{0,6}"), 0..40),
        cuts in prop::collection::vec(1usize..9, 1..20),
        numbered in any::<bool>(),
    ) {
        let names = ["a", "b", "c"];
        let mut split = demux(&names);
        let mut pieces: Vec<(usize, String)> = Vec::new();
        let mut cut = cuts.iter().cycle();
        for (task, line) in &lines {
            let mut rest: Vec<char> = format!("{line}\n").chars().collect();
            while !rest.is_empty() {
                let piece = rest.drain(..rest.len().min(*cut.next().unwrap())).collect();
                pieces.push((*task, piece));
            }
        }
        let mut said = Vec::new();
        for (n, (task, piece)) in pieces.iter().enumerate() {
            let id = numbered.then_some(n as u64 + 1);
            said.extend(split.push(printed(names[*task], piece, id), 1));
        }
        let got: Vec<(Target, String)> = said
            .into_iter()
            .map(text_of)
            .flat_map(|(to, text, _)| {
                text.split('\n').map(|line| (to, line.to_owned())).collect::<Vec<_>>()
            })
            .collect();
        for task in 0..3 {
            let of = |n: usize| lines.iter().filter(move |(t, _)| *t == n).map(|(_, l)| l.clone());
            let told = got.iter().filter(|(to, _)| *to == Target::Task(task)).map(|(_, l)| l.clone());
            prop_assert_eq!(told.collect::<Vec<_>>(), of(task).collect::<Vec<_>>());
        }
    }
}

#[test]
fn an_end_of_the_servers_own_is_not_told_as_one_of_ours() {
    let mut split = demux(&["a"]);
    let notice =
        UserMessage::new(ErrorCode::Interrupted, "Regatta ended while this worked.", "", "");
    let event = Event::Status { status: Status::Interrupted, notice: Some(notice) };
    let received = vec![EventPart::Fact { task: "a".into(), at: 1, event }];
    let said = split.push(DecodedEvent { id: Some(1), parts: received }, 1);
    let [
        DemuxEvent::Event(TargetedEvent {
            event: Event::Status { notice: Some(notice), .. }, ..
        }),
    ] = &said[..]
    else {
        panic!("{said:?}");
    };
    assert_eq!(notice.message, "The server ended while this task worked.");
}
