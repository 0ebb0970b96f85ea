//! The engine over HTTP: the Cloud Coding API from the other side, and what we add to it.
//!
//! [`Server`] is bound with [`ServerOptions`] and run on an engine. Each request passes the gate
//! (`gate.rs`: host, origin, key) before anything else looks at it. A stream (`stream.rs`)
//! is a follower of the log whose entries become server-sent events (`frame.rs`), so a slow
//! reader holds up nobody and a broken connection is resumed by number. The table of routes
//! (`routes.rs`) makes the router and the OpenAPI document alike. Each request has an id in
//! the log (`request_log.rs`).

mod agents;
mod api_key;
mod auth;
mod diff;
mod end_summary;
mod error;
mod health;
mod invoke;
mod json_body;
mod options;
mod query;
mod repository;
mod request_log;
mod routes;
mod runs;
mod serve;
mod sse;
mod state;
mod stream;
mod task_names;
mod tasks;
mod views;

pub use agents::{AgentRegistry, NamedAgent};
pub use api_key::ApiKey;
pub use options::{Limits, ServerOptions, Tls};
pub use serve::Server;
