//! The engine over HTTP: the Cloud Coding API from the other side, and what we add to it.
//!
//! [`Server`] is bound with [`Options`] and run on an engine. Each request passes the gate
//! (`gate.rs`: host, origin, key) before anything else looks at it. A stream (`stream.rs`)
//! is a follower of the log whose entries become server-sent events (`frame.rs`), so a slow
//! reader holds up nobody and a broken connection is resumed by number. The table of routes
//! (`routes.rs`) makes the router and the OpenAPI document alike.

mod agents;
mod body;
mod diff;
mod frame;
mod gate;
mod health;
mod invoke;
mod key;
mod names;
mod options;
mod refusal;
mod repository;
mod routes;
mod run;
mod runs;
mod serve;
mod standing;
mod state;
mod stream;
mod tasks;

pub use agents::{Agents, NamedAgent};
pub use key::Key;
pub use options::{Limits, Options, Tls};
pub use serve::Server;
