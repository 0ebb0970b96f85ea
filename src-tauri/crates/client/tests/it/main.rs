//! The client from outside: bytes, shapes of events, answers, lists of repositories.

mod framing;
mod github;
mod loopback;
mod reference;
mod shapes;
mod statuses;
