//! Any bytes in pieces of any size are read as the plain reader reads them.

#![no_main]

#[path = "../../tests/it/reference.rs"]
mod reference;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use reference::{read_reference, format_event};
use regatta_client::frame::{Frame, Framer};

fuzz_target!(|input: &[u8]| {
    let Some((size, stream)) = input.split_first() else { return };
    let mut framer = Framer::default();
    let mut seen = Vec::new();
    for piece in stream.chunks(usize::from(*size).max(1)) {
        framer.feed(Bytes::copy_from_slice(piece));
        while let Some(frame) = framer.next_frame().expect("small") {
            seen.push(match frame {
                Frame::Comment => ":".to_owned(),
                Frame::Event(event) => format_event(&event.event, &event.data, &event.id),
            });
        }
    }
    assert_eq!(seen, read_reference(stream));
});
