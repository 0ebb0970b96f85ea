//! The server over real sockets.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod caller;
mod described;
mod dock;
mod gate;
mod limits;
mod same;
mod schema;
mod streams;
mod who;
