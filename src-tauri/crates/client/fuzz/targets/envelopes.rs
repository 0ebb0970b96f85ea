//! Any data under any type is taken apart without a panic, and never vanishes: what isn't
//! understood is there as it came.

#![no_main]

use libfuzzer_sys::fuzz_target;
use regatta_client::frame::Event;
use regatta_client::{EventPart, decode};

const KINDS: [&str; 8] =
    ["message", "custom", "updates", "metadata", "error", "end", "values", "custom|a:1"];

fuzz_target!(|input: (u8, &str)| {
    let (kind, data) = input;
    let event = KINDS[usize::from(kind) % KINDS.len()].to_owned();
    let is_object = data.trim_start().starts_with('{');
    let item = decode::decode(Event { event, data: data.to_owned(), ..Event::default() });
    assert!(is_object || !item.parts.is_empty(), "{data} is gone");
    for part in &item.parts {
        if let EventPart::Raw { text, .. } = part {
            assert!(is_object || text.ends_with(data), "{text} isn't {data}");
        }
    }
});
