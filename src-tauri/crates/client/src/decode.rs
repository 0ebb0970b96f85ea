//! What an event says.
use crate::RunId;
use crate::frame::Event;
use crate::received::{Item, Received};

/// What an event says.
#[must_use]
pub fn decode(event: Event) -> Item {
    let id = event.id.parse().ok();
    Item { id, received: vec![Received::Raw { task: None, text: event.data }] }
}

/// The run's name, if the item says it.
pub(crate) fn run_of(item: &Item) -> Option<RunId> {
    item.received.iter().find_map(|received| match received {
        Received::Run { run_id: Some(run), .. } => RunId::parse(run),
        _ => None,
    })
}
