//! Bytes to events: the cases of the WHATWG's event streams, whole and in pieces, and random
//! bytes beside a plain reader that knows nothing of pieces.

use crate::reference::{format_event, read_reference};
use bytes::Bytes;
use proptest::prelude::*;
use regatta_client::frame::{EventTooLarge, Frame, Framer};

/// What a stream says: type, data and id of each event; `:` for a comment.
fn read_frames(bytes: &[u8], piece: usize) -> Result<Vec<String>, EventTooLarge> {
    let mut framer = Framer::with_limit(10_000);
    let mut seen = Vec::new();
    for piece in bytes.chunks(piece) {
        framer.feed(Bytes::copy_from_slice(piece));
        while let Some(frame) = framer.next_frame()? {
            seen.push(match frame {
                Frame::Comment => ":".to_owned(),
                Frame::Event(event) => format_event(&event.event, &event.data, &event.id),
            });
        }
    }
    Ok(seen)
}

const PIECES: [usize; 6] = [usize::MAX, 1, 2, 3, 7, 1024];

#[test]
fn the_table_of_event_streams() {
    let cases: [(&str, &[u8], &[&str]); 32] = [
        ("one line", b"data: a\n\n", &["message|a|"]),
        ("no space", b"data:a\n\n", &["message|a|"]),
        ("two spaces", b"data:  a\n\n", &["message| a|"]),
        ("type and id", b"event: custom\nid: 7\ndata: a\n\n", &["custom|a|7"]),
        ("two lines", b"data: a\ndata: b\n\n", &["message|a\nb|"]),
        ("CR", b"data: a\rdata: b\r\r", &["message|a\nb|"]),
        ("CRLF", b"data: a\r\ndata: b\r\n\r\n", &["message|a\nb|"]),
        (
            "mixed ends",
            b"data: a\rdata: b\ndata: c\r\n\ndata: d\n\r",
            &["message|a\nb\nc|", "message|d|"],
        ),
        (
            "CR then LF of another line",
            b"data: a\r\n\ndata: b\r\r\n",
            &["message|a|", "message|b|"],
        ),
        ("mark", b"\xef\xbb\xbfdata: a\n\n", &["message|a|"]),
        ("mark before a comment", b"\xef\xbb\xbf: x\ndata: a\n\n", &[":", "message|a|"]),
        ("mark before CR", b"\xef\xbb\xbf\r\rdata: a\n\n", &["message|a|"]),
        ("two marks", b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", &[]),
        (
            "mark later",
            b"data: a\n\n\xef\xbb\xbfdata: b\n\ndata: c\n\n",
            &["message|a|", "message|c|"],
        ),
        ("half a mark", b"\xef\xbbdata: a\n\ndata: b\n\n", &["message|b|"]),
        ("empty data", b"data:\n\n", &["message||"]),
        ("data without colon", b"data\n\n", &["message||"]),
        ("two empty lines of data", b"data\ndata\n\n", &["message|\n|"]),
        ("no data", b"event: x\nid: 1\n\n", &[]),
        ("comments", b": still here\n\n:\n:a:b\n\n", &[":", ":", ":"]),
        ("comment inside", b"data: a\n: x\ndata: b\n\n", &[":", "message|a\nb|"]),
        ("unknown field", b"datum: a\nDATA: b\ndata: c\n data: d\n\n", &["message|c|"]),
        ("id with NUL", b"id: 1\x002\ndata: a\n\n", &["message|a|"]),
        ("NUL in data", b"data: a\x00b\n\n", &["message|a\0b|"]),
        ("id of one event only", b"id: 1\ndata: a\n\ndata: b\n\n", &["message|a|1", "message|b|"]),
        ("id emptied", b"id: 1\nid\ndata: a\n\n", &["message|a|"]),
        ("retry", b"retry: 10\nretry: x\ndata: a\n\n", &["message|a|"]),
        ("no final blank line", b"data: a\n\ndata: b\n", &["message|a|"]),
        ("no final line end", b"data: a\n\ndata: b", &["message|a|"]),
        (
            "invalid UTF-8",
            b"data: a\xff\xe2\x82\n\ndata: \xe2\x82\xac\n\n",
            &["message|a\u{fffd}\u{fffd}|", "message|€|"],
        ),
        ("blank lines", b"\n\r\n\r\rdata: a\n\n\n\n", &["message|a|"]),
        ("nothing", b"", &[]),
    ];
    for (name, bytes, expected) in cases {
        for piece in PIECES {
            assert_eq!(
                read_frames(bytes, piece).as_deref(),
                Ok(expected.to_owned_strings().as_slice()),
                "{name} by {piece}"
            );
        }
    }
}

trait ToOwnedStrings {
    fn to_owned_strings(&self) -> Vec<String>;
}

impl ToOwnedStrings for &[&str] {
    fn to_owned_strings(&self) -> Vec<String> {
        self.iter().map(|text| (*text).to_owned()).collect()
    }
}

#[test]
fn an_event_over_the_limit_is_an_error_and_what_came_before_it_is_there() {
    let mut bytes = b"data: a\n\ndata: ".to_vec();
    bytes.extend([b'x'; 10_000]);
    bytes.extend(b"\n\ndata: b\n\n");
    for piece in PIECES {
        let mut framer = Framer::with_limit(10_000);
        let mut seen = Vec::new();
        let mut ended = None;
        'all: for piece in bytes.chunks(piece) {
            framer.feed(Bytes::copy_from_slice(piece));
            loop {
                match framer.next_frame() {
                    Ok(Some(frame)) => seen.push(frame),
                    Ok(None) => break,
                    Err(error) => {
                        assert_eq!(framer.next_frame(), Err(EventTooLarge), "again the same");
                        ended = Some(error);
                        break 'all;
                    }
                }
            }
        }
        assert_eq!((seen.len(), ended), (1, Some(EventTooLarge)), "by {piece}");
    }
    let many = b"data: x\n".repeat(1_251);
    assert_eq!(read_frames(&many, 7), Err(EventTooLarge), "many lines");
}

#[test]
fn many_lines_of_one_event_do_not_take_their_square() {
    // With the square, this took minutes.
    let mut bytes = b"data:\n".repeat(1_000_000);
    bytes.push(b'\n');
    let mut framer = Framer::default();
    framer.feed(bytes.into());
    let Ok(Some(Frame::Event(event))) = framer.next_frame() else { panic!("no event") };
    assert_eq!(event.data.len(), 999_999);
}

/// `eventsource-stream`, given the whole stream at once, which it reads well when it is text
/// without a mark.
fn read_with_eventsource_stream(text: &str) -> Vec<String> {
    use eventsource_stream::Eventsource;
    use futures::{StreamExt, executor, stream};
    let whole = stream::iter([Ok::<_, std::convert::Infallible>(text.to_owned())]);
    executor::block_on(whole.eventsource().collect::<Vec<_>>())
        .into_iter()
        .map(|event| event.expect("text"))
        .map(|event| format!("{}|{}", event.event, event.data))
        .collect()
}

fn stream_bytes() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"data".to_vec()),
        Just(b"data: ".to_vec()),
        Just(b"event:".to_vec()),
        Just(b"id: ".to_vec()),
        Just(b":".to_vec()),
        Just(b" ".to_vec()),
        Just(b"\xef\xbb\xbf".to_vec()),
        Just("€".as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..9),
    ];
    proptest::collection::vec(part, 0..60).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_in_any_pieces_are_read_as_the_plain_reader_reads_them(
        bytes in stream_bytes(),
        cuts in proptest::collection::vec(1_usize..20, 1..9),
    ) {
        let expected = read_reference(&bytes);
        for piece in PIECES {
            prop_assert_eq!(read_frames(&bytes, piece).expect("small"), expected.clone());
        }
        if let Ok(text) = std::str::from_utf8(&bytes)
            && !text.contains(['\u{feff}', '|'])
            // It waits for what may follow a last CR.
            && !text.ends_with('\r')
        {
            let events = expected.iter().filter(|event| *event != ":");
            let events: Vec<&str> =
                events.map(|event| event.rsplit_once('|').expect("an id").0).collect();
            prop_assert_eq!(read_with_eventsource_stream(text), events);
        }
        let mut framer = Framer::default();
        let mut seen = 0;
        let mut rest = bytes.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at(rest.len().min(*cut));
            rest = after;
            framer.feed(Bytes::copy_from_slice(piece));
            while framer.next_frame().expect("small").is_some() {
                seen += 1;
            }
        }
        prop_assert_eq!(seen, expected.len());
    }
}

#[test]
fn what_the_end_of_a_stream_cuts_off_is_kept_line_by_line() {
    let cases: [(&str, &[u8], Option<&str>); 8] = [
        ("no empty line", b"event: custom\ndata: a\n", Some("custom|a|")),
        ("CRLF", b"data: a\r\ndata: b\r\n", Some("message|a\nb|")),
        ("half a line more", b"data: a\ndata: b", Some("message|a|")),
        ("half a line", b"data: a", None),
        ("no data", b"event: custom\nid: 7\n", None),
        ("a comment", b": beat\n", None),
        ("a whole event", b"data: a\n\n", None),
        ("nothing", b"", None),
    ];
    for (name, bytes, expected) in cases {
        for piece in PIECES {
            let mut framer = Framer::default();
            for piece in bytes.chunks(piece) {
                framer.feed(Bytes::copy_from_slice(piece));
                while framer.next_frame().expect("it is small").is_some() {}
            }
            let last = framer.finish().map(|e| format_event(&e.event, &e.data, &e.id));
            assert_eq!(last.as_deref(), expected, "{name}");
            assert_eq!(framer.finish(), None, "{name}: once");
        }
    }
}
